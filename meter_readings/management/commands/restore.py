"""Put a backup back, and prove that all of it is there."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from meter_readings import backups
from meter_readings.management.cli import base_command

_REFUSALS = (
    backups.BackupBroken,
    backups.RestoreIncomplete,
    backups.ToolFailed,
)


class Command(base_command.ConsoleCommand):
    """Translate the command line into one call."""

    help = (
        "Put a backup back into the database and MEDIA_ROOT, and prove that every "
        "table and file is as it was. What is there already is overwritten only by "
        "--force."
    )
    # The database may be as broken as can be.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add which backup."""
        parser.add_argument("backup", type=Path, help="the folder of one backup")
        parser.add_argument(
            "--force", action="store_true", help="overwrite what is there"
        )

    def handle(self, *args: Any, backup: Path, force: bool, **options: Any) -> None:
        """Put it back and say what is there now."""
        try:
            restored = backups.restore(path=backup, is_forced=force)
        except backups.NotEmpty as refusal:
            raise CommandError(
                f"{refusal} Nothing was changed. Back it up first; --force then "
                "overwrites it.",
                returncode=base_command.FAILED,
            ) from refusal
        except _REFUSALS as refusal:
            raise CommandError(
                str(refusal), returncode=base_command.FAILED
            ) from refusal
        self.stdout.write(
            f"Restored and compared: {restored.row_count:,} rows of "
            f"{len(restored.tables)} tables, {restored.files.number:,} files, as of "
            f"{restored.made_at:%Y-%m-%d %H:%M} UTC."
        )
