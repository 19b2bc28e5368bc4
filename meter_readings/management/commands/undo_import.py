"""Command undo_import."""

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from meter_readings import importer
from meter_readings.importer import result_messages
from meter_readings.importer.formatting import format_date
from meter_readings.management.cli import arguments, base_command
from meter_readings.models import FlowFile

_EXIT_CODES = """\
Exit codes: 0 undone, 1 not undone, 2 wrong usage, or the name means several files,
3 no such import, 130 interrupted.
"""


class Command(base_command.BaseCommand):
    help = (
        "Undo an import: delete its readings and site visits and resolve the affected "
        "versions again. The original file and its report stay; it can be imported "
        "again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.epilog = _EXIT_CODES
        parser.add_argument(
            "file",
            metavar="FILE",
            help="its id, its name, or the first eight digits of its SHA-256",
        )
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="show what would change, change nothing",
        )

    def handle(self, *, file: str, yes: bool, dry_run: bool, **options: Any) -> None:
        flow_file = _imported(file)
        title = f"#{flow_file.pk} {flow_file.filename}"
        if dry_run:
            self.stdout.write(f"{title}: would be undone: {_undo(flow_file, True)}")
            return
        if not yes:
            self.require_tty()
            received = format_date(flow_file.received_at)
            effect = _undo(flow_file, True)
            self.log(f"{title}, imported on {received}, would be undone: {effect}.")
            self.confirm("Undo it?")
        self.stdout.write(f"{title}: undone: {_undo(flow_file, False)}")


def _imported(reference: str) -> FlowFile:
    """Return the file; raises CommandError unless it is imported."""
    flow_file = arguments.get_flow_file(reference)
    if flow_file.status != FlowFile.Status.IMPORTED:
        status = FlowFile.Status(flow_file.status).label.lower()
        raise base_command.NothingMatched(
            f"#{flow_file.pk} {flow_file.filename} is {status}: nothing to undo."
        )
    return flow_file


def _undo(flow_file: FlowFile, dry_run: bool) -> str:
    """Undo an import, or preview it; return the message."""
    result = importer.undo_import(
        flow_file=flow_file, now=timezone.now(), dry_run=dry_run
    )
    return result_messages.undo_message(result)
