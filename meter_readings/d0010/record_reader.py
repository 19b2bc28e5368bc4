"""Record reader: parses one line into its record, field by field, by the grammar."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from .grammar import Field, Group
from .issues import InvalidValue, Issue, IssueCode
from .records import make_record

type Report = Callable[[Issue], None]

_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")
_MAX_DISPLAYED = 80

# Line suffixes of a group that are kept before the cache is emptied
_CACHE_SIZE = 10_000


class RecordReader:
    """Parses lines into records and reports their issues."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._line_number = 0
        self._group_code = ""
        self._field: Field | None = None
        self._text = ""
        self._issue_count = 0
        # In 026, 027, 028, 029, 032 and 033 the text after the first field recurs.
        # Values of the second field by this text, for each group
        self._suffix_cache: defaultdict[str, dict[str, tuple[object, ...]]]
        self._suffix_cache = defaultdict(dict)

    def read(self, group: Group, line: str, line_number: int) -> tuple[Any, ...] | None:
        """Return the record of a line, or None if the line or a field is invalid."""
        self._line_number, self._group_code = line_number, group.code
        parts = line.split("|", 2)
        other_values = self._suffix_cache[group.code].get(parts[-1])
        text = parts[1] if len(parts) == 3 else ""
        if other_values is None or not text.isprintable():
            return self._read_all_fields(group, line)
        field = group.fields[0]
        self._field, self._text = field, text
        try:
            value = field.read(text, self._report_issue)
        except InvalidValue as error:
            self._report_issue(error.code, error.expected)
            return None
        return make_record(group.record, (value, *other_values))

    def _read_all_fields(self, group: Group, line: str) -> tuple[Any, ...] | None:
        issues_before = self._issue_count
        self._field, self._text = None, line
        if control := _CONTROL_CHARACTER.search(line):
            position = control.start() + 1
            expected = f"printable characters (character {position} is not)"
            self._report_issue(IssueCode.CONTROL_CHARACTER, expected)
            return None
        _, *texts = line.split("|")
        is_valid = True
        if len(texts) == len(group.fields) + 1 and not texts[-1]:
            texts.pop()
        else:
            texts, is_valid = self._normalise_length(texts, len(group.fields))
        values = []
        for field, text in zip(group.fields, texts, strict=True):
            self._field, self._text = field, text
            try:
                values.append(field.read(text, self._report_issue))
            except InvalidValue as error:
                self._report_issue(error.code, error.expected)
                is_valid = False
        has_issue = not is_valid or self._issue_count > issues_before
        if len(group.fields) == 2 and not has_issue:
            suffixes = self._suffix_cache[group.code]
            if len(suffixes) >= _CACHE_SIZE:
                suffixes.clear()
            suffixes[line.split("|", 2)[2]] = tuple(values[1:])
        return make_record(group.record, values) if is_valid else None

    def _normalise_length(self, texts: list[str], count: int) -> tuple[list[str], bool]:
        """Report a wrong number of fields; return `count` texts, and if they are valid.

        They are not if a further field is filled.
        """
        if not texts or texts[-1]:
            self._report_issue(IssueCode.NO_PIPE_AT_END, "a pipe after the last field")
        else:
            texts = texts[:-1]
        expected = f"{count} fields after the group"
        filled = [text for text in texts[count:] if text.strip(" ")]
        if len(texts) != count:
            self._text = "|".join(filled) or f"{len(texts)} fields"
        if filled:
            self._report_issue(IssueCode.EXTRA_FIELDS, expected)
        elif len(texts) > count:
            self._report_issue(IssueCode.EXTRA_EMPTY_FIELDS, expected)
        elif len(texts) < count:
            self._report_issue(IssueCode.TOO_FEW_FIELDS, expected)
        return (texts + [""] * count)[:count], not filled

    def _report_issue(self, code: IssueCode, expected: str) -> None:
        self._issue_count += 1
        field = str(self._field) if self._field else ""
        found = truncate_for_display(self._text)
        self._report(
            Issue(code, self._line_number, self._group_code, field, found, expected)
        )


def truncate_for_display(text: str) -> str:
    r"""Return a text with control characters as `\x00` and at most 80 characters."""
    shown = _CONTROL_CHARACTER.sub(
        lambda match: f"\\x{ord(match[0]):02x}", text[:_MAX_DISPLAYED]
    )
    return shown if len(text) <= _MAX_DISPLAYED else shown + "…"
