"""Every finding of an import, written to a file as it is found: CSV or JSON."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import NamedTuple, Self, TextIO

from meter_readings.d0010 import Fault
from meter_readings.exports import csv_line
from meter_readings.importer import RULES, ImportResult, severity_of
from meter_readings.models import Severity


class Row(NamedTuple):
    """One finding, with all that can be said of it."""

    file: str
    line_number: int | None
    group: str
    field: str
    severity: str
    rule: str
    sentence: str
    found: str
    expected: str
    remedy: str


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
        self._is_json = path.suffix.lower() == ".json"
        self._is_empty = True
        self._file = _opened(path)
        self._file.write("[" if self._is_json else csv_line(Row._fields))

    def __exit__(self, *error: object) -> None:
        """Close the file, whole even where the import was broken off."""
        with self._file:
            if self._is_json:
                self._file.write("\n]\n")

    def begin(self, label: str) -> None:
        self._label = label
        self._written.clear()

    def add(self, fault: Fault, severity: Severity) -> None:
        self._written[fault.code] += 1
        self._write(
            Row(
                file=self._label,
                line_number=fault.line_number,
                group=fault.group,
                field=fault.field,
                severity=severity,
                rule=fault.code,
                sentence=fault.code.sentence,
                found=fault.found,
                expected=fault.expected,
                remedy=RULES[fault.code].remedy,
            )
        )

    def end(self, result: ImportResult) -> None:
        for code in RULES:
            more = result.finding_counts.get(code, 0) - self._written[code]
            if more > 0:
                fault = Fault(code, found=f"{more:,} more of these")
                self.add(fault, severity_of(code, result.policy))

    def _write(self, row: Row) -> None:
        if self._is_json:
            self._file.write("\n" if self._is_empty else ",\n")
            self._file.write(json.dumps(row._asdict()))
            self._is_empty = False
        else:
            self._file.write(csv_line(row))


def _opened(path: Path) -> TextIO:
    """Open a report to write; nobody else may read what may name people's homes."""

    def open_private(name: str, flags: int) -> int:
        return os.open(name, flags, 0o600)

    return open(path, "w", encoding="utf-8", newline="", opener=open_private)
