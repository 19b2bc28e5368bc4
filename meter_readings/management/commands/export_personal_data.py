"""Command export_personal_data."""

from __future__ import annotations

import getpass
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.utils import timezone

from meter_readings import privacy
from meter_readings.importer.formatting import join_counts
from meter_readings.management.cli import (
    arguments,
    base_command,
    export_log,
    output_files,
)

_EXIT_CODES = """\
Exit codes: 0 written, 1 not written, 2 wrong usage, 3 nothing is stored about the MPAN.
"""


class Command(base_command.BaseCommand):
    help = (
        "Write everything stored about an MPAN to a .zip: tables as CSV, and a JSON "
        "file that describes them. The request is recorded under a pseudonym of the "
        "MPAN."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.epilog = _EXIT_CODES
        arguments.add_mpan(parser)
        parser.add_argument("--output", type=Path, required=True, metavar="FILE")
        parser.add_argument(
            "--reason",
            default="",
            help="reason, such as the number of the request; it is stored, so no names",
        )

    def handle(
        self, *args: Any, mpan: str, output: Path, reason: str, **options: Any
    ) -> None:
        mpan = arguments.mpan_from_arg_or_stdin(mpan)
        with (
            export_log.logged_export(
                output_format="zip", filters={"mpan": mpan}, is_recorded=False
            ) as export,
            output_files.atomic_write(output.resolve()) as stream,
        ):
            counts = privacy.export_personal_data(
                mpan=mpan,
                stream=stream,
                answered_by=getpass.getuser(),
                now=timezone.now(),
                reason=reason,
            )
            export.readings = counts["readings"]
        self.log(f"{join_counts(counts)} written to {output}.")
