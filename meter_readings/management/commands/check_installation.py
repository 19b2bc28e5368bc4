"""Command check_installation."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections import Counter
from itertools import chain
from typing import Any

from meter_readings.management.cli import base_command
from meter_readings.ops.checks.results import CheckResult
from meter_readings.ops.diagnostics import run_all_checks
from meter_readings.ops.running_site import check_running_site


class Command(base_command.BaseCommand):
    """Prints one line for each check, with a remedy where it failed."""

    help = (
        "Check the settings, the database, the clock, the static files, the disks and "
        "files, the services, and whether a flow file would be accepted; with --url, "
        "also the running site. Every failure comes with a remedy."
    )
    # Django's system checks are among the checks: the others run even if one fails.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", help="URL of the running site")
        parser.add_argument("--host", default="", help="Host header to send")

    def handle(self, *, url: str | None, host: str, **options: Any) -> None:
        """Print the results; exit with 1 if a check failed."""
        if host and not url:
            raise base_command.UsageError("--host needs --url.")
        results = chain(
            run_all_checks(), check_running_site(url=url, host=host) if url else ()
        )
        outcomes = Counter(map(self._print, results))
        failed = outcomes[True]
        style = self.style_for(self.stdout)
        paint = style.ERROR if failed else style.SUCCESS
        summary = f"{outcomes[False]} ok, {failed} failed."
        self.stdout.write(paint(summary if failed else f"All good: {summary}"))
        if failed:
            sys.exit(base_command.FAILED)

    def _print(self, result: CheckResult) -> bool:
        """Print a result; return whether the check failed."""
        style = self.style_for(self.stdout)
        mark = style.ERROR("✕ FAILED") if result.is_failure else style.SUCCESS("✓ ok")
        padding = "" if result.is_failure else "    "
        self.stdout.write(f"    {mark}{padding}  {result.name:<14}  {result.message}")
        if result.remedy:
            self.stdout.write(f"{'':<30}What to do: {result.remedy}")
        self.stdout.flush()
        return result.is_failure
