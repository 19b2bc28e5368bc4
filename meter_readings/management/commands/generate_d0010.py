"""The generate_d0010 command: write a synthetic D0010 flow file."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from meter_readings import d0010, synthetic
from meter_readings.management.cli import arguments, base_command, output_files

# Options passed on under the same names to `flow_file_lines`.
_GENERATOR_OPTIONS = (
    "meter_points",
    "readings",
    "seed",
    "month",
    "months",
    "from_date",
    "file_identifier",
    "created_at",
)


class Command(base_command.BaseCommand):
    help = (
        "Write a synthetic D0010 flow file of any size, valid or with chosen issues. "
        "The same options give the same bytes. The MPANs belong to nobody."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("--meter-points", type=int, default=100, metavar="N", help="default: 100")
        add(
            "--readings",
            type=int,
            metavar="M",
            help="total; default: two per meter point",
        )
        add("--seed", type=int, default=1, metavar="S", help="default: 1")
        add(
            "--month",
            type=int,
            default=0,
            metavar="K",
            help="read the same meters K months later",
        )
        add("--months", type=int, default=1, help="number of months; default: 1")
        add(
            "--from",
            dest="from_date",
            type=arguments.date_argument,
            default=synthetic.FROM_DATE,
            metavar="YYYY-MM-DD",
            help=f"a day of the first month; default: {synthetic.FROM_DATE}",
        )
        add(
            "--issues",
            default="",
            metavar="A,B,...",
            help='issue codes to put into the file; "list" prints all of them',
        )
        add(
            "--shape",
            choices=[*map(str, synthetic.Shape)],
            default="plain",
            help="what the readings look like; default: plain",
        )
        add("--file-identifier", metavar="TEXT", help="up to ten characters")
        add(
            "--created",
            dest="created_at",
            type=arguments.local_time,
            metavar="YYYY-MM-DDTHH:MM",
            help="file creation time in the header; default: after the readings",
        )
        arguments.add_output(parser)

    def handle(self, *, issues: str, shape: str, output: str, **options: Any) -> None:
        if issues == "list":
            for code in synthetic.ISSUE_CODES:
                self.stdout.write(f"{code:<28}{code.message}")
            return
        generator_options = {name: options[name] for name in _GENERATOR_OPTIONS}
        try:
            lines = synthetic.flow_file_lines(
                **generator_options,
                issues=_parse_issues(issues),
                shape=synthetic.Shape(shape),
            )
        except synthetic.InvalidOptions as error:
            raise CommandError(str(error)) from error
        output_files.write_lines(
            lines,
            encoding=synthetic.ENCODING,
            output=output,
            stdout=self.stdout,
            min_lines=0,
        )
        if output != output_files.STDOUT:
            self.stderr.write(f"Written: {output}", self.style.SUCCESS)


def _parse_issues(names: str) -> list[d0010.IssueCode]:
    """Return the issue codes of a comma-separated list.

    Raise CommandError if the list contains an unknown code.
    """
    codes = {code.value: code for code in synthetic.ISSUE_CODES}
    chosen = [name.strip() for name in names.split(",")] if names else []
    if unknown := [name for name in chosen if name not in codes]:
        raise CommandError(
            f'Unknown issue code: {", ".join(unknown)}. '
            'List the codes with "--issues list".'
        )
    return [codes[name] for name in chosen]
