"""Every finding of an import, written to a file as it is found: CSV or JSON."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Self, TextIO

from meter_readings import reports
from meter_readings.d0010 import Fault
from meter_readings.importer import ImportResult
from meter_readings.models import Severity


class NoReport:
    """Stands in where nobody asked for a report."""

    path: Path | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Close what was never opened."""

    def begin(self, label: str) -> None:
        """Take up the next file."""

    def add(self, fault: Fault, severity: Severity) -> None:
        """Take a finding in."""

    def end(self, result: ImportResult) -> None:
        """Close the account of a file."""


class ReportFile(NoReport):
    """A file that holds every finding of every file; JSON where its name says so.

    Rules that ask the database tell only the first of many findings: a last row says
    how many more there are.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._label = ""
        self._written: Counter[str] = Counter()
        is_json = path.suffix.lower() == ".json"
        self._form = reports.JsonForm() if is_json else reports.CsvForm()
        self._file = _opened(path)
        self._file.write(self._form.beginning)

    def __exit__(self, *error: object) -> None:
        """Close the file, whole even where the import was broken off."""
        with self._file:
            self._file.write(self._form.end)

    def begin(self, label: str) -> None:
        self._label = label
        self._written.clear()

    def add(self, fault: Fault, severity: Severity) -> None:
        self._written[fault.code] += 1
        self._write(reports.row(file=self._label, said=fault, severity=severity))

    def end(self, result: ImportResult) -> None:
        for row in reports.rows_untold(
            file=self._label,
            counts=result.finding_counts,
            told=self._written,
            policy=result.policy,
        ):
            self._write(row)

    def _write(self, row: reports.Row) -> None:
        self._file.write(self._form.line(row))


def _opened(path: Path) -> TextIO:
    """Open a report to write; nobody else may read what may name people's homes."""

    def open_private(name: str, flags: int) -> int:
        return os.open(name, flags, 0o600)

    return open(path, "w", encoding="utf-8", newline="", opener=open_private)
