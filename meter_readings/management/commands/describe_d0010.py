"""Describe the D0010 format as the program reads and writes it."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from meter_readings.format_guide import d0010_guide


class Command(BaseCommand):
    """Print the description, or compare it with a file."""

    help = "Print documentation/D0010_FORMAT.md as it should be."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the file to compare with."""
        parser.add_argument(
            "--check",
            type=Path,
            metavar="FILE",
            help="print nothing; fail if the file says something else",
        )

    def handle(self, *, check: Path | None, **options: Any) -> None:
        """Print, or fail where the file is not what would be printed."""
        guide = d0010_guide()
        if check is None:
            self.stdout.write(guide, ending="")
        elif not check.is_file() or check.read_text(encoding="utf-8") != guide:
            raise CommandError(
                f"{check} is out of date. "
                f"Renew it: python manage.py describe_d0010 > {check}"
            )
