"""Erase all that is held of an MPAN."""

from __future__ import annotations

import getpass
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from meter_readings import importer, privacy
from meter_readings.importer.formatting import join_counts
from meter_readings.management.cli import arguments, base_command, prompts

_EXIT_CODES = """\
Exit codes: 0 erased; 1 not erased, or the final VACUUM failed; 2 wrong usage; 3 nothing
is held of it.
"""


class Command(base_command.BaseCommand):
    """Translate the command line into one erasure, asked for and told in words."""

    help = (
        "Erase all that is held of an MPAN: readings, site visits, meters, findings, "
        "texts, and what the original files say. It cannot be undone. That it was "
        "erased is remembered without the MPAN."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add what to erase, and why."""
        parser.epilog = _EXIT_CODES
        parser.add_argument(
            "mpan", metavar="MPAN", help='13 digits; "-" reads them from standard input'
        )
        parser.add_argument(
            "--reason",
            required=True,
            help="why, as the number of the request; it is kept, so no names",
        )
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(
        self, *args: Any, mpan: str, reason: str, yes: bool, **options: Any
    ) -> None:
        """Ask, erase, and say what was erased."""
        mpan = arguments.mpan_from_arg_or_stdin(mpan)
        if not yes:
            prompts.require_tty()
            prompts.confirm(
                self, "All that is held of it goes, and cannot come back. Erase it?"
            )
        erased = _erase(mpan, reason)
        if any(erased):
            self.stdout.write(f"Erased: {join_counts(erased._asdict())}.")
        else:
            raise CommandError(
                "Nothing is stored about this MPAN.",
                returncode=base_command.NOTHING_MATCHED,
            )


def _erase(mpan: str, reason: str) -> privacy.ErasedCounts:
    try:
        return privacy.erase_mpan(
            mpan=mpan,
            reason=reason,
            answered_by=getpass.getuser(),
            now=timezone.now(),
        )
    except importer.ImportRunning as refusal:
        said = f"{refusal} Run the command again when it has ended."
        raise CommandError(said, returncode=base_command.FAILED) from refusal
