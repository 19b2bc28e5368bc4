"""Import D0010 flow files: files, folders, archives, or standard input."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from meter_readings.management import console
from meter_readings.management.accounts import Account, JsonAccount, WordsAccount
from meter_readings.management.batches import Batch
from meter_readings.management.progress import Progress
from meter_readings.management.report_files import NoReport, ReportFile
from meter_readings.management.sources import STDIN, Source, find_sources
from meter_readings.models import Policy

_EXIT_CODES = """\
Exit codes: 0 all loaded or already loaded, 1 a file was rejected, refused or
unreadable, 2 wrong usage, 3 no file found, 130 interrupted.
"""


class Command(console.ConsoleCommand):
    """Translate the command line into imports, and what came of them into words."""

    help = (
        "Import D0010 flow files: each whole or not at all, and none twice. One line "
        "for each file goes to standard output, everything else to standard error."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add what to import, and how to judge and report it."""
        parser.epilog = _EXIT_CODES
        add = parser.add_argument
        add(
            "paths",
            nargs="+",
            metavar="PATH",
            help='a flow file, .gz, .zip, folder or pattern; "-" is standard input',
        )
        add("-r", "--recursive", action="store_true", help="folders inside folders too")
        add("--name", metavar="NAME", help="what standard input is called")
        add("--dry-run", action="store_true", help="check and report, save nothing")
        add(
            "--policy",
            choices=Policy.values,
            default=Policy.STANDARD.value,
            help="strict: as the catalogue says; salvage: leave out what is bad "
            "and import the rest; default: standard",
        )
        add(
            "--allow-same-name",
            action="store_true",
            help="import other content under a name that has been imported",
        )
        add(
            "--format",
            dest="output_format",
            choices=["text", "json"],
            default="text",
            help="what goes to standard output; default: text",
        )
        add(
            "--report",
            type=Path,
            metavar="FILE",
            help="write every finding there: CSV, or JSON where it ends in .json",
        )

    def handle(
        self, *, paths: list[str], name: str | None, report: Path | None, **options: Any
    ) -> None:
        """Import what the paths stand for, one file after another."""
        if name is not None and STDIN not in paths:
            raise CommandError("--name goes with -.", returncode=console.USAGE)
        found = find_sources(
            paths=paths,
            is_recursive=options["recursive"],
            stdin_name=name,
            now=timezone.now(),
        )
        _spare_what_is_imported(report, found.sources)
        with _opened(report) as findings, self._account(report, **options) as account:
            Batch(
                account=account,
                progress=Progress(self.stderr, is_shown=options["verbosity"] > 0),
                report=findings,
                policy=Policy(options["policy"]),
                is_dry_run=options["dry_run"],
                allows_same_name=options["allow_same_name"],
            ).import_all(found)
        if account.exit_code:
            sys.exit(account.exit_code)

    def _account(
        self,
        report: Path | None,
        *,
        output_format: str,
        dry_run: bool,
        verbosity: int,
        **options: Any,
    ) -> Account:
        if output_format == "json":
            return JsonAccount(stream=self.stdout, is_dry_run=dry_run)
        return WordsAccount(
            command=self, is_dry_run=dry_run, is_brief=verbosity == 0, report=report
        )


def _spare_what_is_imported(report: Path | None, sources: list[Source]) -> None:
    """Refuse a report that would be written over a file to import."""
    if report is None or not report.exists():
        return
    for source in sources:
        if source.path and source.path.exists() and source.path.samefile(report):
            raise CommandError(
                f"The report would overwrite {source.label}, which is to be imported: "
                "name another file after --report.",
                returncode=console.USAGE,
            )


def _opened(report: Path | None) -> NoReport:
    """Return the report to write to; refuse one that cannot be written."""
    try:
        return NoReport() if report is None else ReportFile(report)
    except OSError as error:
        raise CommandError(
            f"The report cannot be written: {error.strerror} ({report}).",
            returncode=console.USAGE,
        ) from error
