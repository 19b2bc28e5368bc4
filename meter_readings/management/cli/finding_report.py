"""The findings of an import, written to a CSV or JSON file as they are found."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Self

from django.core.management.base import CommandError

from meter_readings import exports
from meter_readings.d0010 import Issue
from meter_readings.importer import FileResult, ImportListener
from meter_readings.models import Severity

from . import base_command


class FindingReportFile(ImportListener):
    """A file with every finding of every file; JSON if its name ends in .json.

    Rules that query the database report only the first of many findings. A last row
    has the number of the others. Raises CommandError if the file cannot be written,
    which ends the import; `log` receives its name when it is complete.
    """

    def __init__(self, path: Path, log: Callable[[str], None] | None = None) -> None:
        self._path, self._log = path, log
        self._label = ""
        self._written: Counter[str] = Counter()
        is_json = path.suffix.lower() == ".json"
        self._format = (
            exports.JsonReportFormat() if is_json else exports.CsvReportFormat()
        )
        with self._write_errors(base_command.USAGE):
            # Findings may contain MPANs: only the owner can read them.
            private = partial(os.open, mode=0o600)
            self._file = open(path, "w", encoding="utf-8", newline="", opener=private)
            self._file.write(self._format.header)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *error: object) -> None:
        """Close the file, complete even if an error ended the import."""
        with self._write_errors(), self._file:
            self._file.write(self._format.footer)
        if self._log and kind is None:
            self._log(f"All findings are in {self._path}.")

    def file_started(self, label: str) -> None:
        self._label = label
        self._written.clear()

    def finding(self, issue: Issue, severity: Severity) -> None:
        self._written[issue.code] += 1
        self._write(
            exports.finding_row(file=self._label, finding=issue, severity=severity)
        )

    def file_finished(self, result: FileResult) -> None:
        if result.result is None:
            return
        for row in exports.truncated_rows(
            file=self._label,
            counts=result.result.finding_counts,
            listed=self._written,
            policy=result.result.policy,
        ):
            self._write(row)

    def _write(self, row: exports.FindingRow) -> None:
        with self._write_errors():
            self._file.write(self._format.line(row))

    @contextmanager
    def _write_errors(self, returncode: int = base_command.FAILED) -> Iterator[None]:
        """Raise CommandError, which names the file, instead of OSError."""
        try:
            yield
        except OSError as error:
            raise CommandError(
                f"The report cannot be written: {error.strerror} ({self._path}).",
                returncode=returncode,
            ) from error
