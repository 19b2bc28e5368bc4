"""The findings of an import, written to a CSV or JSON file as they are found."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Self, TextIO

from meter_readings import exports
from meter_readings.d0010 import Issue
from meter_readings.importer import FileResult, ImportListener
from meter_readings.models import Severity


class FindingReportFile(ImportListener):
    """A file with every finding of every file; JSON if its name ends in .json.

    Rules that query the database report only the first of many findings. A last row
    has the number of the others.
    """

    def __init__(self, path: Path) -> None:
        self._label = ""
        self._written: Counter[str] = Counter()
        is_json = path.suffix.lower() == ".json"
        self._format = (
            exports.JsonReportFormat() if is_json else exports.CsvReportFormat()
        )
        self._file = _open_private(path)
        self._file.write(self._format.header)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Close the file, complete even if an error ended the import."""
        with self._file:
            self._file.write(self._format.footer)

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
        self._file.write(self._format.line(row))


def _open_private(path: Path) -> TextIO:
    """Open a file that only its owner can read: findings may contain MPANs."""

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags, 0o600)

    return open(path, "w", encoding="utf-8", newline="", opener=opener)
