"""Columns of register readings (030): the texts of one field in many lines.

A column finds those of its texts that have an issue or are not canonical. Each distinct
text is read by the grammar once. Numbers and times, of which nearly every line has
another one, are recognised by their form; the issues of a form are those of one text
that has it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from datetime import time, timedelta
from decimal import Decimal
from itertools import compress
from typing import Any

from meter_readings.d0010.field_types import DecimalType
from meter_readings.d0010.grammar import Field, Group
from meter_readings.d0010.issues import InvalidValue, IssueCode
from meter_readings.d0010.record_reader import truncate_for_display

from .rules import FieldIssue, ReadingRules

type RowsByIssues = defaultdict[TextIssues, list[int]]

# Distinct texts of a field that are kept before they are forgotten
_CACHE_SIZE = 20_000

# A number with more of them is no form of its own.
_MAX_LEADING_ZEROS = 20

# A shape is a number with 9 for each digit but 0: it has the form of the number.
_TO_SHAPE = str.maketrans("12345678", "99999999")

_NOON = time(12)
_TIME_OF_DAY = re.compile(r"(?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]")


class TextIssues:
    """The issues of a text, or of all texts of a form.

    `issues` are those of the grammar, `rule_issues` those of the rules, which only a
    valid reading has. A text is replaced by `canonical`. It is None for a form: a text
    of a form is what was found, and stays as it is.
    """

    __slots__ = "issues", "rule_issues", "canonical", "is_valid"

    def __init__(
        self,
        issues: tuple[FieldIssue, ...] = (),
        rule_issues: tuple[FieldIssue, ...] = (),
        canonical: str | None = None,
        *,
        is_valid: bool = True,
    ) -> None:
        self.issues = issues
        self.rule_issues = rule_issues
        self.canonical = canonical
        self.is_valid = is_valid

    def has(self, code: IssueCode) -> bool:
        """Return whether one of the issues has this code."""
        return any(issue.code is code for issue in (*self.issues, *self.rule_issues))


_NO_ISSUES = TextIssues()

# The text has no form, and is read by itself.
_NO_FORM = TextIssues()


class Column:
    """The texts of one field, read by the grammar."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self.forget()

    def forget(self) -> None:
        """Forget the texts: the rules have changed, or there are too many."""
        self._known: set[str] = set()
        self._issues: dict[str, TextIssues] = {}
        self._values: dict[str, object] = {}

    def rows_by_issues(self, texts: Sequence[str]) -> RowsByIssues:
        """Return the indexes of the texts that have an issue or are not canonical."""
        distinct = set(texts)
        new = distinct.difference(self._known)
        if new:
            if len(self._known) > _CACHE_SIZE:
                self.forget()
                new = distinct
            self._issues.update(self._find_issues(new))
            self._known |= new
        return _rows_by_issues(texts, distinct, self._issues)

    def read_value(self, text: str) -> Any:
        """Return the value of a canonical text."""
        if text not in self._values:
            self._values[text] = self.field.read(text, _ignore)
        return self._values[text]

    def _find_issues(self, texts: Iterable[str]) -> Iterator[tuple[str, TextIssues]]:
        for text in texts:
            issues = self._read(text)
            if issues is not _NO_ISSUES:
                yield text, issues

    def _read(self, text: str) -> TextIssues:
        """Read a text by the grammar."""
        issues: list[FieldIssue] = []
        shown = truncate_for_display(text)

        def report(code: IssueCode, expected: str) -> None:
            issues.append(FieldIssue(code, shown, expected))

        try:
            value = self.field.read(text, report)
        except InvalidValue as error:
            report(error.code, error.expected)
            return TextIssues(tuple(issues), canonical=text, is_valid=False)
        rule_issues = tuple(self._rule_issues(value))
        canonical = self.field.write(value)
        if canonical == text and not issues and not rule_issues:
            return _NO_ISSUES
        return TextIssues(tuple(issues), rule_issues, canonical)

    def _rule_issues(self, value: Any) -> Iterable[FieldIssue]:
        return ()


class NumberColumn(Column):
    """The texts of a decimal number."""

    def __init__(self, field: Field, number: DecimalType) -> None:
        super().__init__(field)
        digits = rf"(?:0|[1-9][0-9]{{0,{number.digits - 1}}})"
        canonical = rf"{digits}\.[0-9]{{{number.decimals}}}\|"
        self._all_canonical = re.compile(rf"(?:{canonical})*+")
        # Sign, leading zeros and decimals are what makes a form.
        decimals = rf"(\.[0-9]{{1,{number.max_stored_decimals}}})?"
        self._form = re.compile(rf"(-?)(0{{0,{_MAX_LEADING_ZEROS}}}){digits}{decimals}")
        self._issues_by_form: dict[tuple[str, str, int], TextIssues] = {}

    def rows_by_issues(self, texts: Sequence[str]) -> RowsByIssues:
        joined = "|".join(texts)
        if self._all_canonical.fullmatch(joined + "|"):
            return defaultdict(list)
        shapes = joined.translate(_TO_SHAPE).split("|")
        found = super().rows_by_issues(shapes)
        rows = found.pop(_NO_FORM, [])
        read = {text: self._read(text) for text in {texts[row] for row in rows}}
        for row in rows:
            found[read[texts[row]]].append(row)
        return found

    def _find_issues(self, texts: Iterable[str]) -> Iterator[tuple[str, TextIssues]]:
        # A shape is a number of its form itself.
        for shape in texts:
            issues = self._issues_of_form(shape)
            if issues is _NO_FORM or issues.issues:
                yield shape, issues

    def read_value(self, text: str) -> Decimal:
        return Decimal(text)

    def _issues_of_form(self, text: str) -> TextIssues:
        """Return the issues of all texts of the form of a text."""
        match = self._form.fullmatch(text)
        if match is None:
            return _NO_FORM
        sign, zeros, decimals = match.groups("")
        form = sign, zeros, len(decimals)
        if form not in self._issues_by_form:
            read = self._read(text)
            self._issues_by_form[form] = TextIssues(read.issues, is_valid=read.is_valid)
        return self._issues_by_form[form]


class TimeColumn(Column):
    """The texts of a date and time.

    On most days all times are in the past and occur once: there midnight is one form,
    and every other time of day another.
    """

    def __init__(self, field: Field, rules: ReadingRules) -> None:
        self._rules = rules
        super().__init__(field)

    def forget(self) -> None:
        super().forget()
        self._days: dict[str, bool] = {}
        issues = self._rules.time_of_day_issues
        self._midnight = _form_of_rule(issues(time(0, 0)))
        self._other_time = _form_of_rule(issues(_NOON))

    def _find_issues(self, texts: Iterable[str]) -> Iterator[tuple[str, TextIssues]]:
        is_time_of_day = _TIME_OF_DAY.fullmatch
        for text in texts:
            if is_time_of_day(text, 8) and self._is_plain_day(text[:8]):
                is_midnight = text.endswith("000000")
                issues = self._midnight if is_midnight else self._other_time
            else:
                issues = self._read(text)
            if issues is not _NO_ISSUES:
                yield text, issues

    def _rule_issues(self, value: Any) -> Iterable[FieldIssue]:
        found = self.field.write(value)
        for code, expected in self._rules.time_issues(value):
            yield FieldIssue(code, found, expected)

    def _is_plain_day(self, day: str) -> bool:
        """Return whether all times of a day are in the past and occur once."""
        if day not in self._days:
            self._days[day] = self._read_day(day)
        return self._days[day]

    def _read_day(self, day: str) -> bool:
        try:
            midnight: Any = self.field.read(day + "000000", _ignore)
        except InvalidValue:
            return False
        next_midnight = midnight + timedelta(days=1)
        return (
            midnight.utcoffset() == next_midnight.utcoffset()
            and self._rules.is_past(next_midnight)
        )


def columns_of(group: Group, rules: ReadingRules) -> tuple[Column, ...]:
    """Return a column for each field of a register reading."""
    return tuple(_column(field, rules) for field in group.fields)


def _column(field: Field, rules: ReadingRules) -> Column:
    if isinstance(field.format, DecimalType):
        return NumberColumn(field, field.format)
    return TimeColumn(field, rules) if field.name == "read_at" else Column(field)


def _rows_by_issues(
    texts: Sequence[str], distinct: Set[str], issues: Mapping[str, TextIssues]
) -> RowsByIssues:
    """Return the indexes of the texts that have issues, by their issues."""
    found = defaultdict[TextIssues, list[int]](list)
    others = issues.keys() & distinct
    if others:
        for row in compress(range(len(texts)), map(others.__contains__, texts)):
            found[issues[texts[row]]].append(row)
    return found


def _form_of_rule(issues: Iterable[tuple[IssueCode, str]]) -> TextIssues:
    """Return the issues of a form by the rules."""
    found = tuple(FieldIssue(code, "", expected) for code, expected in issues)
    return TextIssues(rule_issues=found) if found else _NO_ISSUES


def _ignore(code: IssueCode, expected: str) -> None:
    """Report nothing: the issues of the text have been reported."""
