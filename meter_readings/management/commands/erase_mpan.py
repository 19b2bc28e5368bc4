"""Command erase_mpan."""

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
is stored about it.
"""


class Command(base_command.BaseCommand):
    help = (
        "Erase everything stored about an MPAN: readings, site visits, meters, "
        "findings, texts, and lines of original files. It cannot be undone. The "
        "erasure is recorded under a pseudonym of the MPAN."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.epilog = _EXIT_CODES
        parser.add_argument(
            "mpan", metavar="MPAN", help='13 digits; "-" reads them from standard input'
        )
        parser.add_argument(
            "--reason",
            required=True,
            help="reason, such as the number of the request; it is stored, so no names",
        )
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(
        self, *args: Any, mpan: str, reason: str, yes: bool, **options: Any
    ) -> None:
        mpan = arguments.mpan_from_arg_or_stdin(mpan)
        if not yes:
            prompts.require_tty()
            prompts.confirm(
                self,
                "Everything stored about the MPAN will be erased for good. Erase it?",
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
    except importer.ImportRunning as error:
        message = f"{error} Run the command again when it has ended."
        raise CommandError(message, returncode=base_command.FAILED) from error
