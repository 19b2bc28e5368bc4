"""The validation report of a file: every finding as a row of CSV or JSON.

Rows are formatted one at a time, so a report of any length needs little memory.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator, Mapping
from typing import NamedTuple

from meter_readings.d0010 import Issue
from meter_readings.importer import RULES, severity_of
from meter_readings.models import Finding, Policy, Severity

from .csv import csv_line

_RULE_TEXTS = {str(code): (code.message, rule.remedy) for code, rule in RULES.items()}


class FindingRow(NamedTuple):
    """One finding with the file it is in and the text of its rule."""

    file: str
    line_number: int | None
    group: str
    field: str
    severity: str
    rule: str
    message: str
    found: str
    expected: str
    remedy: str


class CsvReportFormat:
    """CSV with a line of column names, safe to open in a spreadsheet."""

    content_type = "text/csv; charset=utf-8"
    header = csv_line(FindingRow._fields)
    footer = ""

    def line(self, row: FindingRow) -> str:
        return csv_line(row)


class JsonReportFormat:
    """A JSON list with one row per line. Each report needs an instance of its own."""

    content_type = "application/json"
    header = "["
    footer = "\n]\n"

    def __init__(self) -> None:
        self._is_empty = True

    def line(self, row: FindingRow) -> str:
        """Return a row with the separator before it."""
        separator = "\n" if self._is_empty else ",\n"
        self._is_empty = False
        return separator + json.dumps(row._asdict())


type ReportFormat = CsvReportFormat | JsonReportFormat


def report_lines(
    report_format: ReportFormat, rows: Iterable[FindingRow]
) -> Generator[str]:
    """Yield the text of a whole report."""
    yield report_format.header
    yield from map(report_format.line, rows)
    yield report_format.footer


def finding_row(*, file: str, finding: Issue | Finding, severity: str) -> FindingRow:
    """Return the row of an issue of the parser or of a stored finding."""
    message, remedy = rule_text(finding.code)
    return FindingRow(
        file=file,
        line_number=finding.line_number,
        group=finding.group,
        field=finding.field,
        severity=Severity(severity).value,
        rule=str(finding.code),
        message=message,
        found=finding.found,
        expected=finding.expected,
        remedy=remedy,
    )


def truncated_rows(
    *, file: str, counts: Mapping[str, int], listed: Mapping[str, int], policy: Policy
) -> Iterator[FindingRow]:
    """Yield a row per rule with the number of its findings that were not listed."""
    for code in RULES:
        more = counts.get(code, 0) - listed.get(code, 0)
        if more > 0:
            issue = Issue(code, found=f"{more:,} more of these")
            yield finding_row(
                file=file, finding=issue, severity=severity_of(code, policy)
            )


def rule_text(code: str) -> tuple[str, str]:
    """Return the message and the remedy of a rule; a former rule has only its code."""
    return _RULE_TEXTS.get(code, (code, ""))
