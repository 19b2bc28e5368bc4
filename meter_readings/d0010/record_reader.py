"""Record reader: parses one line into its record, field by field, by the grammar."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from .grammar import Field, Group
from .issues import InvalidValue, Issue, IssueCode
from .records import make_record

type Report = Callable[[Issue], None]

_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")
_MAX_DISPLAYED = 80

# Distinct lines, and distinct texts of a field, that are kept before they are forgotten
_CACHE_SIZE = 2000


class _Values(dict[str, object]):
    """The values of the texts of a field, read once each.

    Raises InvalidValue for a text that has no value or an issue.
    """

    def __init__(self, field: Field) -> None:
        super().__init__()
        self._field = field

    def __missing__(self, text: str) -> object:
        value = self._field.read(text, _raise)
        if len(self) >= _CACHE_SIZE:
            self.clear()
        self[text] = value
        return value


def _raise(code: IssueCode, expected: str) -> None:
    raise InvalidValue(code, expected)


class RecordReader:
    """Parses lines into records and reports their issues."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._line_number = 0
        self._group_code = ""
        # For each field of a group, by the code of the group
        self._values: dict[str, list[_Values]] = {}
        # The records of lines without an issue: most 032s, and many remarks, recur.
        self._records: dict[str, tuple[Any, ...]] = {}

    def read(self, group: Group, line: str, line_number: int) -> tuple[Any, ...] | None:
        """Return the record of a line, or None if the line or a field is invalid."""
        if line in self._records:
            return self._records[line]
        self._line_number, self._group_code = line_number, group.code
        is_valid, has_issue = True, False
        if not line.isprintable() and self._has_control_character(line):
            return None
        _, *texts = line.split("|")
        if len(texts) == len(group.fields) + 1 and not texts[-1]:
            texts.pop()
        else:
            texts, issues, is_valid = fit_fields(line, len(group.fields))
            has_issue = True
            for issue in issues:
                self._report_issue("", *issue)
        known = self._values.get(group.code)
        if known is None:
            known = self._values[group.code] = [*map(_Values, group.fields)]
        try:
            values = [of[text] for of, text in zip(known, texts, strict=True)]
        except InvalidValue:
            values, are_valid = self._read_fields(group, texts)
            is_valid, has_issue = is_valid and are_valid, True
        record = make_record(group.record, values) if is_valid else None
        if record is not None and not has_issue:
            if len(self._records) >= _CACHE_SIZE:
                self._records.clear()
            self._records[line] = record
        return record

    def _read_fields(self, group: Group, texts: list[str]) -> tuple[list[object], bool]:
        """Report the issues of fields; return the values, and if all are valid."""
        values, are_valid = [], True
        for field, text in zip(group.fields, texts, strict=True):

            def report(code: IssueCode, expected: str) -> None:
                self._report_issue(str(field), code, text, expected)

            try:
                values.append(field.read(text, report))
            except InvalidValue as error:
                report(error.code, error.expected)
                are_valid = False
        return values, are_valid

    def _has_control_character(self, line: str) -> bool:
        """Report a control character, if the line has one."""
        control = _CONTROL_CHARACTER.search(line)
        if control:
            position = control.start() + 1
            expected = f"printable characters (character {position} is not)"
            self._report_issue("", IssueCode.CONTROL_CHARACTER, line, expected)
        return control is not None

    def _report_issue(
        self, field: str, code: IssueCode, found: str, expected: str
    ) -> None:
        shown = truncate_for_display(found)
        number, group = self._line_number, self._group_code
        self._report(Issue(code, number, group, field, shown, expected))


class FittedLine(NamedTuple):
    """The texts of a line that had a wrong number of fields, and its issues.

    Each issue has its code, what was found and what is expected. The line is invalid if
    a further field is filled.
    """

    texts: list[str]
    issues: list[tuple[IssueCode, str, str]]
    is_valid: bool


def fit_fields(line: str, count: int) -> FittedLine:
    """Return the texts of `count` fields: further ones are left out, missing ones "".

    A line without a pipe at its end is reported too.
    """
    _, *texts = line.split("|")
    issues = []
    if not texts or texts[-1]:
        expected = "a pipe after the last field"
        issues.append((IssueCode.NO_PIPE_AT_END, line, expected))
    else:
        texts.pop()
    filled = [text for text in texts[count:] if text.strip(" ")]
    if len(texts) != count:
        found, code = f"{len(texts)} fields", IssueCode.EXTRA_EMPTY_FIELDS
        if filled:
            found, code = "|".join(filled), IssueCode.EXTRA_FIELDS
        elif len(texts) < count:
            code = IssueCode.TOO_FEW_FIELDS
        issues.append((code, found, f"{count} fields after the group"))
    return FittedLine((texts + [""] * count)[:count], issues, not filled)


def truncate_for_display(text: str) -> str:
    r"""Return a text with control characters as `\x00` and at most 80 characters."""
    if len(text) <= _MAX_DISPLAYED and text.isprintable():
        return text
    shown = _CONTROL_CHARACTER.sub(
        lambda match: f"\\x{ord(match[0]):02x}", text[:_MAX_DISPLAYED]
    )
    return shown if len(text) <= _MAX_DISPLAYED else shown + "…"
