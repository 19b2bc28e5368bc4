"""Remove what is older than the retention schedule keeps it."""

from __future__ import annotations

import logging
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from meter_readings import importer, privacy
from meter_readings.importer.formatting import join_counts
from meter_readings.management.cli import base_command, prompts

NOTHING = join_counts({})

logger = logging.getLogger(__name__)

_EXIT_CODES = """\
Exit codes: 0 done, or nothing is that old; 1 not done: an import is going on, or the
answer was not yes; 2 wrong usage.
"""


class Command(base_command.BaseCommand):
    """Translate the command line into one removal, asked for and told in words."""

    help = (
        "Remove what is older than it is kept: readings, original bytes, rejected "
        "files, import jobs. RETENTION_…_DAYS in the settings say how long that is."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add whether to ask."""
        parser.epilog = _EXIT_CODES
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would go, remove nothing"
        )

    def handle(self, *args: Any, yes: bool, dry_run: bool, **options: Any) -> None:
        """Say what would go, ask, remove it, and say what has gone."""
        if dry_run:
            self.stdout.write(f"Would be removed: {_apply(dry_run=True)}.")
            return
        if not yes:
            prompts.require_tty()
            self.log(f"Would be removed: {_apply(dry_run=True)}.")
            prompts.confirm(self, "Remove it?")
        said = _apply(dry_run=False)
        if said != NOTHING:
            logger.info("By age were removed: %s.", said)
        self.stdout.write(f"Removed: {said}.")


def _apply(*, dry_run: bool) -> str:
    """Apply the schedule, or find out what that would do; return it in words."""
    try:
        result = privacy.apply_retention(
            schedule=privacy.Schedule.from_settings(),
            now=timezone.now(),
            dry_run=dry_run,
        )
    except importer.ImportRunning as reason:
        said = f"{reason} Run the command again when it has ended."
        raise CommandError(said, returncode=base_command.FAILED) from reason
    return join_counts(result._asdict())
