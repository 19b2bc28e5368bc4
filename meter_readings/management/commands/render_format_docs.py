"""The render_format_docs command: print documentation/D0010_FORMAT.md."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from meter_readings.format_docs.render import render_format_docs


class Command(BaseCommand):
    help = "Print documentation/D0010_FORMAT.md, rendered from the program's tables."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check",
            type=Path,
            metavar="FILE",
            help="print nothing; fail if the file is not equal to the document",
        )

    def handle(self, *, check: Path | None, **options: Any) -> None:
        document = render_format_docs()
        if check is None:
            self.stdout.write(document, ending="")
        elif not check.is_file() or check.read_text(encoding="utf-8") != document:
            raise CommandError(
                f"{check} is out of date. "
                f"Update it: python manage.py render_format_docs > {check}"
            )
