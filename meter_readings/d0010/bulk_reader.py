"""The common reading, read by columns: many lines at once, hardly anything per line.

Nearly every line of nearly every file is a 030 of the plainest shape, and most of its
cells recur: registers, times, flags, methods. Each distinct cell is read once, by the
grammar's table; only the values that never recur are matched against a pattern. Lines
of any other shape are left to the table, which says what is wrong with them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from .field_types import Amount
from .grammar import Field, Group
from .issues import InvalidValue, IssueCode
from .records import (
    Entry,
    MeterReadingType,
    MpanCore,
    ParentGroup,
    RegisterReading,
)

# A value in canonical form, each followed by a pipe (J0040).
_COMMON_VALUES = re.compile(r"(?:(?:0|[1-9][0-9]{0,7})\.[0-9]\|)+")

# J0045 of a reading that a 032 should follow.
_SUSPECT = "F"

_new = tuple.__new__  # what the class of a NamedTuple calls, without its wrapper

# How many distinct cells of a column are remembered before the memory is emptied.
_REMEMBERED = 50_000


class LineRun(NamedTuple):
    """Consecutive lines of one meter's readings: where they begin, how many."""

    mpan: ParentGroup[MpanCore]
    meter: ParentGroup[MeterReadingType]
    line_number: int
    line_count: int


def split_runs(runs: list[LineRun], count: int) -> tuple[list[LineRun], list[LineRun]]:
    """Return the runs of the first `count` lines and those of the rest."""
    former = []
    for index, run in enumerate(runs):
        if run.line_count > count:
            mpan, meter, first, whole = run
            if count:
                former.append(LineRun(mpan, meter, first, count))
            rest = LineRun(mpan, meter, first + count, whole - count)
            return former, [rest, *runs[index + 1 :]]
        former.append(run)
        count -= run.line_count
    return former, []


class ReadingBatch(NamedTuple):
    """Faultless readings in file order: `runs` say whose, `cells` what, by column.

    `cells` has a list for each field of the group, in the grammar's order, as text;
    `values` maps the text of a column to what it means. The register reading's own
    column has no map: its text is a plain decimal number.
    """

    group: str
    runs: list[LineRun]
    cells: list[list[str]]
    values: list[dict[str, object] | None]

    @property
    def line_count(self) -> int:
        """Return how many readings stand in the columns."""
        return len(self.cells[0])

    def entries(self) -> Iterator[Entry]:
        """Yield what the table would have yielded."""
        columns = [
            map(values.__getitem__ if values is not None else Decimal, cells)
            for values, cells in zip(self.values, self.cells, strict=True)
        ]
        records = map(RegisterReading._make, zip(*columns, strict=True))
        for run in self.runs:
            for number in range(run.line_number, run.line_number + run.line_count):
                yield Entry(number, self.group, next(records), run.mpan, run.meter)


class BulkReadingReader:
    """Reads lines of readings by columns, remembering the cells that recur.

    `is_common` says of a read value whether it is right in every reading: a time can be
    in the future. A suspect reading is common only by itself: it asks for a 032.
    """

    def __init__(
        self, group: Group, is_common: Callable[[Field, object], bool]
    ) -> None:
        self._group = group
        self._is_common = is_common
        self._width = len(group.fields) + 1
        self._values: list[dict[str, object] | None] = [
            None if isinstance(field.format, Amount) else {} for field in group.fields
        ]
        names = [field.name for field in group.fields]
        self._reset_columns = names.index("md_reset_at"), names.index("md_reset_count")
        self._flag_column = names.index("meter_reading_flag")

    def read(self, runs: list[LineRun], text: str) -> ReadingBatch | None:
        """Return the columns of these lines, or None where one is not common.

        Every line of `text` ends with a line feed.
        """
        width, line_count = self._width, text.count("\n")
        cells = text.split("|")
        columns = [cells[index::width] for index in range(1, width)]
        starts = {cells[0], *cells[width:-1:width]}
        # Only the beginning of a line has a line feed: every line is as long as this.
        is_even = len(cells) == line_count * width + 1 and cells[-1] == "\n"
        if not is_even or not starts <= {self._group.code, "\n" + self._group.code}:
            return None
        if not all(map(self._is_common_column, range(len(columns)), columns)):
            return None
        if not _are_paired(*(columns[index] for index in self._reset_columns)):
            return None
        if _SUSPECT in columns[self._flag_column]:
            return None
        return ReadingBatch(self._group.code, runs, columns, [*self._values])

    def read_line(self, line: str) -> tuple[Any, ...] | None:
        """Return the record of a line, suspect or not; None where it is not common."""
        code, *cells, end = line.split("|")
        if len(cells) != len(self._values) or end:
            return None
        record: list[object] = []
        for index, cell in enumerate(cells):
            values = self._values[index]
            if values is None and _COMMON_VALUES.fullmatch(cell + "|"):
                record.append(Decimal(cell))
            elif values is not None and (cell in values or self._learn(index, cell)):
                record.append(values[cell])
            else:
                return None
        reset_at, reset_count = self._reset_columns
        if bool(cells[reset_at]) is not bool(cells[reset_count]):
            return None
        return _new(self._group.record, record)

    def _is_common_column(self, index: int, column: list[str]) -> bool:
        values = self._values[index]
        if values is None:
            return _COMMON_VALUES.fullmatch("|".join(column) + "|") is not None
        if len(values) >= _REMEMBERED:
            # Not cleared: columns that were returned before still look things up in it.
            values = self._values[index] = {}
        unknown = set(column).difference(values)
        return not unknown or all(self._learn(index, cell) for cell in unknown)

    def _learn(self, index: int, cell: str) -> bool:
        """Read one cell by the table; return whether it is common and remembered."""
        field, values = self._group.fields[index], self._values[index]
        assert values is not None
        remarks: list[IssueCode] = []
        try:
            value = field.read(cell, lambda code, _: remarks.append(code))
        except InvalidValue:
            return False
        # Spaces alone mean an empty cell and do not look like one to `_are_paired`.
        if remarks or cell.isspace() or not self._is_common(field, value):
            return False
        values[cell] = value
        return True


def _are_paired(left: list[str], right: list[str]) -> bool:
    """Return whether two columns are filled in the same lines."""
    if not any(left) and not any(right):
        return True
    return list(map(bool, left)) == list(map(bool, right))
