"""Command backup."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from meter_readings.management.cli import base_command
from meter_readings.ops.backup import InvalidBackup, create_backup, list_backups
from meter_readings.ops.database_dump import ToolFailed


class Command(base_command.BaseCommand):
    """Writes a backup, and deletes old ones after it has been verified."""

    help = (
        "Write the database and all original files to a new .tar.gz file, and verify "
        "it. The site can stay in use meanwhile."
    )
    # A backup must be possible even if a system check fails.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--output", type=Path, required=True, metavar="DIR", help="its directory"
        )
        parser.add_argument(
            "--keep", type=int, metavar="N", help="delete all but the latest N backups"
        )

    def handle(
        self, *args: Any, output: Path, keep: int | None, **options: Any
    ) -> None:
        if keep is not None and keep < 1:
            raise base_command.UsageError("--keep must be at least 1.")
        try:
            backup = create_backup(folder=output, now=timezone.now())
        except (InvalidBackup, ToolFailed) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(str(backup.path))
        size = backup.path.stat().st_size / (1 << 20)
        self.log(f"Original files: {backup.file_count:,}. Size: {size:,.1f} MB.")
        if backup.missing:
            raise CommandError(
                f"The backup is not complete: {backup.missing_text} Import those files "
                "again, or take them from an older backup. If they were erased or "
                "cleared meanwhile, back up again. No backup was deleted."
            )
        if keep is not None:
            for path in list_backups(folder=output)[:-keep]:
                path.unlink()
                self.log(f"Deleted {path}.")
