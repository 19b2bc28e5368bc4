"""Look at this installation, and say of each thing whether it is good."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections import Counter
from itertools import chain
from typing import Any

from django.core.management.base import CommandError

from meter_readings import installation
from meter_readings.management import console


class Command(console.ConsoleCommand):
    """Translate the command line into two calls, and what they find into a table."""

    help = (
        "Look at the settings, the database, the static files, the disk, who can read "
        "what, and whether a flow file would be taken; with --url, at the running "
        "site. Every fault comes with what to do."
    )
    # It asks them itself, and goes on.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add where the site is."""
        parser.add_argument("--url", help="where the site answers")
        parser.add_argument("--host", default="", help="the name it is asked for")

    def handle(self, *, url: str | None, host: str, **options: Any) -> None:
        """Print one line for each thing, and their sum."""
        if host and not url:
            raise CommandError("--host needs --url.", returncode=console.USAGE)
        seen = chain(
            installation.examine(),
            installation.reach(url=url, host=host) if url else (),
        )
        outcomes = Counter(map(self._tell, seen))
        bad = outcomes[True]
        style = self.style_on(self.stdout)
        paint = style.ERROR if bad else style.SUCCESS
        self.stdout.write(paint(f"{outcomes[False]} good, {bad} bad."))
        if bad:
            sys.exit(console.FAILED)

    def _tell(self, finding: installation.Finding) -> bool:
        """Print what was found; return whether it is bad."""
        style = self.style_on(self.stdout)
        mark = style.ERROR("✕ BAD ") if finding.is_failure else style.SUCCESS("✓ good")
        self.stdout.write(f"    {mark}  {finding.name:<14}  {finding.found}")
        if finding.remedy:
            self.stdout.write(f"{'':<28}What to do: {finding.remedy}")
        self.stdout.flush()
        return finding.is_failure
