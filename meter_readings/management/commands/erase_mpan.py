"""Command erase_mpan."""

from __future__ import annotations

import getpass
from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from meter_readings import privacy
from meter_readings.management.cli import arguments, base_command

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
        arguments.add_mpan(parser)
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
            self.require_tty()
            self.confirm(
                "Everything stored about the MPAN will be erased for good. Erase it?"
            )
        erased = privacy.erase_mpan(
            mpan=mpan,
            reason=reason,
            answered_by=getpass.getuser(),
            now=timezone.now(),
        )
        if not any(erased):
            raise base_command.NothingMatched("Nothing is stored about this MPAN.")
        self.stdout.write(privacy.erased_message(erased._asdict()))
