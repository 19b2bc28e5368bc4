"""Command restore."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from meter_readings.management.cli import base_command
from meter_readings.ops.backup import InvalidBackup, TargetNotEmpty, restore_backup
from meter_readings.ops.database_dump import ToolFailed


class Command(base_command.BaseCommand):
    """Restores a backup."""

    help = (
        "Verify a backup, and restore its database and original files. Existing data "
        "is overwritten with --force only."
    )
    # A restore must be possible even if a system check fails.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("backup", type=Path, help="the .tar.gz file of a backup")
        parser.add_argument(
            "--force", action="store_true", help="overwrite existing data"
        )

    def handle(self, *args: Any, backup: Path, force: bool, **options: Any) -> None:
        try:
            restored = restore_backup(path=backup, force=force)
        except TargetNotEmpty as error:
            raise CommandError(
                f"{error} Nothing was changed. Back it up first; --force then "
                "overwrites it."
            ) from error
        except (InvalidBackup, ToolFailed) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Restored the backup of {restored.created_at:%Y-%m-%d %H:%M} UTC. "
            f"Original files: {restored.file_count:,}."
        )
        if restored.missing:
            raise CommandError(
                f"The backup was not complete: {restored.missing_text} Import those "
                "files again, or take them from an older backup."
            )
