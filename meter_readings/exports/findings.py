"""The report on a file: every finding as a row of CSV or JSON, the same by every door.

Nothing is held: a row is made into text as it is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator, Mapping
from typing import NamedTuple

from meter_readings.d0010 import Issue
from meter_readings.exports import csv_line
from meter_readings.importer import RULES, severity_of
from meter_readings.models import Finding, Policy, Severity

_RULES = {str(code): (code.message, rule.remedy) for code, rule in RULES.items()}


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


class CsvForm:
    """Rows as CSV under a line of names, safe to be opened in a spreadsheet."""

    content_type = "text/csv; charset=utf-8"
    beginning = csv_line(Row._fields)
    end = ""

    def line(self, row: Row) -> str:
        """Return a row with its line end."""
        return csv_line(row)


class JsonForm:
    """Rows as one JSON list, an item a line; one object for one list."""

    content_type = "application/json"
    beginning = "["
    end = "\n]\n"

    def __init__(self) -> None:
        self._is_empty = True

    def line(self, row: Row) -> str:
        """Return a row, parted from the one before."""
        separator = "\n" if self._is_empty else ",\n"
        self._is_empty = False
        return separator + json.dumps(row._asdict())


type Form = CsvForm | JsonForm


def lines(form: Form, rows: Iterable[Row]) -> Generator[str]:
    """Yield a whole report in a form, piece by piece."""
    yield form.beginning
    yield from map(form.line, rows)
    yield form.end


def row(*, file: str, said: Issue | Finding, severity: str) -> Row:
    """Return a finding of a file, as it was made or as it was stored."""
    sentence, remedy = rule_text(said.code)
    return Row(
        file=file,
        line_number=said.line_number,
        group=said.group,
        field=said.field,
        severity=Severity(severity).value,
        rule=str(said.code),
        sentence=sentence,
        found=said.found,
        expected=said.expected,
        remedy=remedy,
    )


def truncated_rows(
    *, file: str, counts: Mapping[str, int], told: Mapping[str, int], policy: Policy
) -> Iterator[Row]:
    """Yield for each rule how many more of its findings were counted than told."""
    for code in RULES:
        more = counts.get(code, 0) - told.get(code, 0)
        if more > 0:
            issue = Issue(code, found=f"{more:,} more of these")
            yield row(file=file, said=issue, severity=severity_of(code, policy))


def rule_text(code: str) -> tuple[str, str]:
    """Return what a rule says and what to do; a rule of old has only its name."""
    return _RULES.get(code, (code, ""))
