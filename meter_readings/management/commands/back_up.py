"""Make a backup of the database and all received files, and look at it."""

from __future__ import annotations

import shutil
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from meter_readings import backups
from meter_readings.management.cli import base_command


class Command(base_command.ConsoleCommand):
    """Translate the command line into one call."""

    help = (
        "Make a backup of the database and all received files in a folder of its own, "
        "and look at every byte of it. The site may go on meanwhile."
    )
    # What can be saved is saved, whatever else is wrong.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add where backups are, and how many are kept."""
        parser.add_argument(
            "--output", type=Path, required=True, metavar="DIR", help="where they are"
        )
        parser.add_argument(
            "--keep", type=int, metavar="N", help="remove all but the latest N"
        )

    def handle(
        self, *args: Any, output: Path, keep: int | None, **options: Any
    ) -> None:
        """Make it, say what is in it, and remove old ones after it is good."""
        if keep is not None and keep < 1:
            raise CommandError(
                "--keep needs one at least.", returncode=base_command.USAGE
            )
        try:
            backup = backups.back_up(folder=output, now=timezone.now())
        except backups.ToolFailed as failure:
            raise CommandError(
                str(failure), returncode=base_command.FAILED
            ) from failure
        self.stdout.write(str(backup.path))
        self.say(
            f"{backup.row_count:,} rows of {len(backup.tables)} tables and "
            f"{backup.files.number:,} files are in it."
        )
        if keep is not None:
            for path in backups.complete_backups(folder=output)[:-keep]:
                shutil.rmtree(path)
                self.say(f"Removed {path}.")
