"""Command apply_retention."""

from __future__ import annotations

import logging
from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from meter_readings import privacy
from meter_readings.importer.formatting import join_counts
from meter_readings.management.cli import base_command

NOTHING = join_counts({})

logger = logging.getLogger(__name__)

_EXIT_CODES = """\
Exit codes: 0 done, or nothing is that old; 1 not done: an import is running, or the
answer was not yes; 2 wrong usage.
"""


class Command(base_command.BaseCommand):
    help = (
        "Delete data older than the retention periods: readings, original files, "
        "rejected files, import jobs. The settings RETENTION_…_DAYS are the periods."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.epilog = _EXIT_CODES
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="show what would be deleted, delete nothing",
        )

    def handle(self, *args: Any, yes: bool, dry_run: bool, **options: Any) -> None:
        if dry_run:
            self.stdout.write(f"Would be deleted: {_apply(dry_run=True)}.")
            return
        if not yes:
            self.require_tty()
            self.log(f"Would be deleted: {_apply(dry_run=True)}.")
            self.confirm("Delete it?")
        deleted = _apply(dry_run=False)
        if deleted != NOTHING:
            logger.info("Deleted by retention: %s.", deleted)
        self.stdout.write(f"Deleted: {deleted}.")


def _apply(*, dry_run: bool) -> str:
    """Apply the retention periods, or preview that; return the counts as text."""
    result = privacy.apply_retention(
        schedule=privacy.Schedule.from_settings(), now=timezone.now(), dry_run=dry_run
    )
    return join_counts(result._asdict())
