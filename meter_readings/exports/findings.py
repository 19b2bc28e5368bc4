"""The validation report of a file: every finding as a row of CSV or JSON.

Rows are formatted one at a time, so a report of any length needs little memory.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping
from typing import NamedTuple, TextIO

from meter_readings.d0010 import Issue
from meter_readings.importer import RULES, FileResult, ImportListener, severity_of
from meter_readings.models import Finding, FlowFile, Policy, Severity

from .csv import csv_line

_FINDINGS_PER_FETCH = 500

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


def stored_finding_rows(file: FlowFile) -> Iterator[FindingRow]:
    """Yield the stored findings, then a row per rule that has more than are stored."""
    stored: Counter[str] = Counter()
    findings = file.findings.order_by("line_number", "pk")
    for finding in findings.iterator(chunk_size=_FINDINGS_PER_FETCH):
        stored[finding.code] += 1
        yield finding_row(
            file=file.filename, finding=finding, severity=finding.severity
        )
    yield from truncated_rows(
        file=file.filename,
        counts=file.finding_counts,
        listed=stored,
        policy=Policy(file.policy),
    )


class FindingReport(ImportListener):
    """Writes every finding of every file to a stream as it is found.

    Rules that query the database report only the first of many findings. A last row
    has the number of the others.
    """

    def __init__(self, stream: TextIO, report_format: ReportFormat) -> None:
        self._stream, self._format = stream, report_format
        self._label = ""
        self._written: Counter[str] = Counter()

    def begin(self) -> None:
        self._stream.write(self._format.header)

    def end(self) -> None:
        self._stream.write(self._format.footer)

    def file_started(self, label: str) -> None:
        self._label = label
        self._written.clear()

    def finding(self, issue: Issue, severity: Severity) -> None:
        self._written[issue.code] += 1
        self.write(finding_row(file=self._label, finding=issue, severity=severity))

    def file_finished(self, result: FileResult) -> None:
        if result.result is None:
            return
        for row in truncated_rows(
            file=self._label,
            counts=result.result.finding_counts,
            listed=self._written,
            policy=result.result.policy,
        ):
            self.write(row)

    def write(self, row: FindingRow) -> None:
        self._stream.write(self._format.line(row))


def rule_text(code: str) -> tuple[str, str]:
    """Return the message and the remedy of a rule; a former rule has only its code."""
    return _RULE_TEXTS.get(code, (code, ""))
