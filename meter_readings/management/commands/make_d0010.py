"""Make synthetic D0010 flow files: of any size, valid or faulty, or the samples."""

import os
from argparse import ArgumentParser
from collections.abc import Iterable
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.core.management.base import BaseCommand, CommandError

from meter_readings import d0010, synthetic
from meter_readings.management import picks

STDOUT = "-"

# What is handed over as it was asked for; the names are those of the function.
_ASKED = (
    "meter_points",
    "readings",
    "seed",
    "month",
    "months",
    "from_date",
    "file_identifier",
    "created_at",
)


class Command(BaseCommand):
    """Translate the command line into one call, and write what comes back."""

    help = (
        "Write a synthetic D0010 flow file: the same options give the same bytes, "
        "its MPANs belong to nobody, and it can be as large as you like."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add what a file can be asked to be."""
        add = parser.add_argument
        add("--meter-points", type=int, default=100, metavar="N", help="default: 100")
        add("--readings", type=int, metavar="M", help="in all; default: two for each")
        add("--seed", type=int, default=1, metavar="S", help="default: 1")
        add(
            "--month",
            type=int,
            default=0,
            metavar="K",
            help="the same meters, read so many months later",
        )
        add("--months", type=int, default=1, help="how many months to read; default: 1")
        add(
            "--from",
            dest="from_date",
            type=picks.day,
            default=synthetic.FROM_DATE,
            metavar="YYYY-MM-DD",
            help=f"a day of the first month; default: {synthetic.FROM_DATE}",
        )
        add(
            "--faults",
            default="",
            metavar="A,B,...",
            help='faults to put in; "list" shows them all',
        )
        add("--file-identifier", metavar="TEXT", help="up to ten characters")
        add(
            "--created",
            dest="created_at",
            type=picks.local_time,
            metavar="YYYY-MM-DDTHH:MM",
            help="when the header says the file was made; default: after the readings",
        )
        add(
            "--recipe",
            choices=["all", "list", *synthetic.RECIPES],
            metavar="NAME",
            help='a sample file instead; "list" shows them, "all" writes them',
        )
        add(
            "--output",
            default=STDOUT,
            metavar="FILE",
            help='default: "-", standard output; a folder with --recipe',
        )

    def handle(
        self, *, recipe: str | None, faults: str, output: str, **options: Any
    ) -> None:
        """Write what was asked for to standard output or to files."""
        if faults == "list":
            self._list((code, code.sentence) for code in synthetic.FAULTS)
        elif recipe == "list":
            self._list((one.name, one.about) for one in synthetic.RECIPES.values())
        elif recipe is not None:
            self._write_recipes(recipe, output)
        else:
            asked = {name: options[name] for name in _ASKED}
            try:
                lines = synthetic.flow_file_lines(**asked, faults=_codes(faults))
            except synthetic.ImpossibleFlowFile as reason:
                raise CommandError(str(reason)) from reason
            self._write(lines, output)

    def _list(self, names: Iterable[tuple[str, str]]) -> None:
        for name, sentence in names:
            self.stdout.write(f"{name:<28}{sentence}")

    def _write_recipes(self, name: str, output: str) -> None:
        """Write one sample file, or all of them, into a folder or where it is said."""
        is_folder = Path(output).is_dir()
        if name == "all" and not is_folder:
            raise CommandError("All the sample files need a folder: --output FOLDER.")
        for recipe in synthetic.RECIPES.values():
            if name in ("all", recipe.name):
                path = str(Path(output, recipe.filename)) if is_folder else output
                self._write(recipe.lines(), path)

    def _write(self, lines: Iterable[str], output: str) -> None:
        """Write lines to standard output, or to a file and say so."""
        if output == STDOUT:
            self._write_to_stdout(lines)
            return
        try:
            with open(output, "wb") as stream:
                synthetic.write_lines(stream, lines)
        except OSError as reason:
            raise CommandError(str(reason)) from reason
        self.stderr.write(f"Written: {output}", self.style.SUCCESS)

    def _write_to_stdout(self, lines: Iterable[str]) -> None:
        stdout = cast(BinaryIO, cast(TextIOWrapper, self.stdout).buffer)
        try:
            synthetic.write_lines(stdout, lines)
            stdout.flush()
        except BrokenPipeError:
            # Whoever reads has seen enough, as "head" has; nothing is left to say.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.stdout.fileno())


def _codes(names: str) -> list[d0010.FaultCode]:
    """Return the faults of a list with commas; refuse the names of none."""
    codes = {code.value: code for code in synthetic.FAULTS}
    asked = [name.strip() for name in names.split(",")] if names else []
    if unknown := [name for name in asked if name not in codes]:
        raise CommandError(
            f'Not a fault: {", ".join(unknown)}. "--faults list" shows them all.'
        )
    return [codes[name] for name in asked]
