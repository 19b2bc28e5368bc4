"""Command import_d0010."""

import sys
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.utils import timezone

from meter_readings import importer
from meter_readings.importer import FileResult, InputFile, UnreadableFile
from meter_readings.management.cli import base_command
from meter_readings.management.cli.finding_report import FindingReportFile
from meter_readings.management.cli.input_files import (
    STDIN,
    InputFiles,
    find_input_files,
)
from meter_readings.management.cli.progress import Progress
from meter_readings.management.cli.reporters import ImportReporter, JsonReporter
from meter_readings.models import Policy

_EXIT_CODES = """\
Exit codes: 0 all loaded or already loaded, 1 a file was rejected, refused or
unreadable, 2 wrong usage, 3 no file found, 130 interrupted before the last file was
finished, 141 the reader of the output ended first.
"""


class Command(base_command.BaseCommand):
    """Imports the files that the paths match, and reports each."""

    help = (
        "Import D0010 flow files, each completely or not at all, never twice. One line "
        "for each file goes to standard output, everything else to standard error."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.epilog = _EXIT_CODES
        add = parser.add_argument
        add(
            "paths",
            nargs="+",
            metavar="PATH",
            help='a flow file, .gz, .zip, folder or pattern; "-" is standard input',
        )
        add("-r", "--recursive", action="store_true", help="include subfolders")
        add("--name", metavar="NAME", help="filename of standard input")
        add(
            "--dry-run",
            action="store_true",
            help="validate and report, save nothing; not "
            "compared with stored readings",
        )
        add(
            "--policy",
            choices=Policy.values,
            default=Policy.STANDARD.value,
            help="strict: all catalogue conditions; partial: leave invalid groups out "
            "and import the rest; default: standard",
        )
        add(
            "--allow-same-name",
            action="store_true",
            help="import a file although another with its name was imported",
        )
        add(
            "--format",
            dest="output_format",
            choices=["text", "json"],
            default="text",
            help="format of standard output; default: text",
        )
        add(
            "--report",
            type=Path,
            metavar="FILE",
            help="write every finding to this file: CSV, or JSON if it ends in .json",
        )

    def handle(
        self, *, paths: list[str], name: str | None, report: Path | None, **options: Any
    ) -> None:
        if name is not None and STDIN not in paths:
            raise base_command.UsageError('--name requires the path "-".')
        inputs = find_input_files(
            paths=paths,
            is_recursive=options["recursive"],
            stdin_name=name,
            now=timezone.now(),
        )
        if report and report.exists():
            _require_report_is_no_input(report, inputs.files)
        is_dry_run, is_brief = options["dry_run"], options["verbosity"] == 0
        is_json = options["output_format"] == "json"
        reporter = (JsonReporter if is_json else ImportReporter)(
            self,
            is_dry_run=is_dry_run,
            is_brief=is_brief,
            suggests_report=report is None,
        )
        progress = Progress(self.stderr, is_shown=not is_brief)
        runner = importer.ImportRunner(
            importer.ImportOptions(
                policy=Policy(options["policy"]),
                dry_run=is_dry_run,
                allow_same_name=options["allow_same_name"],
            ),
            tolerated=(UnreadableFile, OSError),
            listeners=[progress],
        )
        with ExitStack() as stack:
            if report:
                log = None if is_json or is_brief else self.log
                findings = stack.enter_context(FindingReportFile(report, log))
                runner.listeners = [progress, findings]
            stack.enter_context(reporter)
            _report_missing(inputs, reporter)
            latest = None
            try:
                for file in runner.run(inputs.files):
                    reporter.add(file)
                    latest = file
            except KeyboardInterrupt:
                progress.clear()
                stored = runner.stored_file()
                if stored is not None:
                    reporter.add(stored)
                    latest = stored
                if latest and latest.is_last and latest.file is inputs.files[-1]:
                    self.log("Interrupted after the last file was finished.")
                else:
                    reporter.interrupt("" if stored else runner.current_label)
        if reporter.exit_code:
            sys.exit(reporter.exit_code)


def _report_missing(inputs: InputFiles, reporter: ImportReporter) -> None:
    """Report paths without files; a missing file fails if there are other files."""
    for label, reason in inputs.empty:
        reporter.report_no_match(label, reason)
    for label, reason in inputs.missing:
        if inputs.files:
            file = InputFile(label, label, Path(label))
            error = UnreadableFile(reason)
            reporter.add(FileResult(file, label, error=error))
        else:
            reporter.report_no_match(label, reason)


def _require_report_is_no_input(report: Path, files: list[InputFile]) -> None:
    """Raise CommandError if the report would overwrite a file to import."""
    for file in files:
        path = file.source
        if isinstance(path, Path) and path.exists() and path.samefile(report):
            raise base_command.UsageError(
                f"The report would overwrite {file.label}, which is to be imported: "
                "name another file after --report."
            )
