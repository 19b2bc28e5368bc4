"""Export readings as CSV or as a D0010 file."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone

from meter_readings import d0010, exports
from meter_readings.importer.formatting import pluralise
from meter_readings.management.cli import (
    arguments,
    base_command,
    export_log,
    output_files,
)
from meter_readings.queries.readings import filter_readings

_EPILOG = """\
With --file and --all and no other filter, --format d0010 writes the whole file as
received: with its own header and trailer, and with site visits. Any other selection
gets a new header and trailer. Exit codes: 0 written, 1 not written, 2 wrong usage,
3 nothing matched, 130 interrupted.
"""

# Options that filter readings, and options for the header of a new D0010 file
_FILTERS = "mpan", "serial_number", "date_from", "date_to"
_HEADER_OPTIONS = "sender", "recipient", "file_identifier", "created"


class Command(base_command.BaseCommand):
    help = "Export readings as CSV or as D0010, streamed, to a file or standard output."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.epilog = _EPILOG
        add = parser.add_argument
        add(
            "--format",
            dest="output_format",
            choices=["csv", "d0010"],
            default="csv",
            help="default: csv",
        )
        arguments.add_output(parser)
        add("--mpan", type=arguments.mpan, help="one meter point; spaces are allowed")
        add("--serial-number", metavar="SERIAL", help="meters with this serial number")
        add("--file", metavar="FILE", help="one flow file, by id or name")
        day: dict[str, Any] = {"type": arguments.date_argument, "metavar": "YYYY-MM-DD"}
        add("--date-from", help="read on this day or later (Europe/London)", **day)
        add("--date-to", help="read on this day or earlier", **day)
        either = parser.add_mutually_exclusive_group()
        either.add_argument(
            "--current",
            dest="current_only",
            action="store_true",
            default=True,
            help="current versions; this is the default",
        )
        either.add_argument(
            "--all",
            dest="current_only",
            action="store_false",
            help="all versions: superseded, withdrawn and duplicate too",
        )
        _add_header_options(parser)

    def handle(
        self, *, output_format: str, output: str, verbosity: int, **options: Any
    ) -> None:
        """Write the readings from one snapshot of the database."""
        is_csv = output_format == "csv"
        _reject_conflicting_options(is_csv, options)
        filters = {name: options[name] for name in (*_FILTERS, "file", "current_only")}
        with (
            export_log.logged_export(
                output_format=output_format, filters=filters
            ) as export,
            exports.consistent_snapshot(),
            # A closed pipe raises here, inside the snapshot.
            closing(_lines(is_csv, **options)) as lines,
        ):
            try:
                output_files.write_lines(
                    _counted(lines, is_csv, export),
                    encoding=(
                        exports.CSV_ENCODING if is_csv else exports.FLOW_FILE_ENCODING
                    ),
                    output=output,
                    stdout=self.stdout,
                    min_lines=2 if is_csv else 1,
                )
            except output_files.EmptyOutput as error:
                raise base_command.NothingMatched("No readings match.") from error
        if verbosity > 0:
            where = "" if output == output_files.STDOUT else f" written to {output}"
            self.log(f"{pluralise(export.readings, 'reading')}{where}.")


def _add_header_options(parser: ArgumentParser) -> None:
    add = parser.add_argument_group("header of a new D0010 file").add_argument
    role: dict[str, Any] = {"type": arguments.participant, "metavar": "ROLE:ID"}
    own = settings.MARKET_PARTICIPANT
    add("--sender", help=f"default: MARKET_PARTICIPANT ({own})", **role)
    add("--recipient", help="same default", **role)
    add(
        "--file-identifier",
        type=arguments.file_identifier,
        metavar="TEXT",
        help="default: the creation time, as ten digits",
    )
    add(
        "--created",
        type=arguments.local_time,
        metavar="YYYY-MM-DDTHH:MM",
        help="creation time (Europe/London); default: now",
    )


def _reject_conflicting_options(is_csv: bool, options: dict[str, Any]) -> None:
    """Raise UsageError for options that exclude each other."""
    given = [name for name in _HEADER_OPTIONS if options[name] is not None]
    if is_csv and given:
        name = "--" + given[0].replace("_", "-")
        raise base_command.UsageError(f"{name} requires --format d0010.")
    date_from, date_to = options["date_from"], options["date_to"]
    if date_from and date_to and date_from > date_to:
        raise base_command.UsageError("--date-from is later than --date-to.")


def _counted(
    lines: Iterator[str], is_csv: bool, export: export_log.Export
) -> Iterator[str]:
    """Yield the lines of an export, and count its readings."""
    if is_csv:
        yield next(lines)  # The first line of a CSV is no reading.
    reading_prefix = "" if is_csv else exports.READING_PREFIX
    for line in lines:
        export.readings += line.startswith(reading_prefix)
        yield line


def _lines(is_csv: bool, *, file: str | None, **options: Any) -> Generator[str]:
    """Return the lines of the export."""
    flow_file = None if file is None else arguments.get_flow_file(file)
    filters = {name: options[name] for name in (*_FILTERS, "current_only")}
    readings = filter_readings(flow_file=flow_file, **filters)
    if is_csv:
        return exports.csv_lines(readings=readings)
    if flow_file is not None and _is_whole(options):
        return exports.flow_file_lines(flow_file=flow_file)
    return exports.selection_lines(readings=readings, header=_header(options))


def _is_whole(options: dict[str, Any]) -> bool:
    """Return whether the options select a whole file and nothing else."""
    others = (*_FILTERS, *_HEADER_OPTIONS)
    return not options["current_only"] and all(options[name] is None for name in others)


def _header(options: dict[str, Any]) -> d0010.Header:
    try:
        own_participant = arguments.participant(settings.MARKET_PARTICIPANT)
    except ArgumentTypeError as error:
        raise CommandError(f"MARKET_PARTICIPANT: {error}.") from error
    return exports.new_header(
        created_at=options["created"] or timezone.now(),
        sender=options["sender"] or own_participant,
        recipient=options["recipient"] or own_participant,
        file_identifier=options["file_identifier"] or "",
    )
