"""From one line to its record, cell by cell, by the grammar's table."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from .grammar import Field, Group
from .issues import InvalidValue, Issue, IssueCode

type Report = Callable[[Issue], None]

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_FOUND_LENGTH = 80

# How many endings of lines are remembered before the memory is emptied.
_REMEMBERED = 10_000


_new = tuple.__new__  # what the class of a NamedTuple calls, without its wrapper


class RecordReader:
    """Reads lines into records and reports what is wrong with them."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._line_number = 0
        self._group_code = ""
        self._field: Field | None = None
        self._cell = ""
        self._fault_count = 0
        # What follows a line's first cell recurs: it is read by the table once.
        self._tails: defaultdict[str, dict[str, tuple[object, ...]]]
        self._tails = defaultdict(dict)

    def read(self, group: Group, line: str, line_number: int) -> tuple[Any, ...] | None:
        """Return the record of a line, or None where a cell spoils it."""
        self._line_number, self._group_code = line_number, group.code
        parts = line.split("|", 2)
        known = self._tails[group.code].get(parts[-1])
        start = parts[1] if len(parts) == 3 else ""
        if known is None or not start.isprintable():
            return self._read_by_table(group, line)
        field = group.fields[0]
        self._field, self._cell = field, start
        try:
            value = field.read(start, self._remark)
        except InvalidValue as error:
            self._remark(error.code, error.expected)
            return None
        return _new(group.record, (value, *known))

    def _read_by_table(self, group: Group, line: str) -> tuple[Any, ...] | None:
        faults_before = self._fault_count
        self._field, self._cell = None, line
        if not self._is_readable(line):
            return None
        _, *cells = line.split("|")
        is_whole = True
        if len(cells) == len(group.fields) + 1 and not cells[-1]:
            cells.pop()
        else:
            cells, is_whole = self._fitted(cells, len(group.fields))
        values = []
        for field, cell in zip(group.fields, cells, strict=True):
            self._field, self._cell = field, cell
            try:
                values.append(field.read(cell, self._remark))
            except InvalidValue as error:
                self._remark(error.code, error.expected)
                is_whole = False
        is_faultless = is_whole and self._fault_count == faults_before
        if is_faultless and len(group.fields) == 2:  # of longer lines little recurs
            tails = self._tails[group.code]
            if len(tails) >= _REMEMBERED:
                tails.clear()
            tails[line.split("|", 2)[2]] = tuple(values[1:])
        return _new(group.record, values) if is_whole else None

    def _is_readable(self, line: str) -> bool:
        """Return whether the characters of a line can be a group's at all."""
        if control := _CONTROL.search(line):
            place = f"at character {control.start() + 1}"
            self._remark(
                IssueCode.CONTROL_CHARACTER, f"printable characters ({place} is not)"
            )
            return False
        return True

    def _fitted(self, cells: list[str], wanted: int) -> tuple[list[str], bool]:
        """Report cells missing or left over; return as many as the group has.

        Also return whether the record can be made: not where a filled cell is over.
        """
        if not cells or cells[-1]:
            self._remark(IssueCode.NO_PIPE_AT_END, "a pipe after the last cell")
        else:
            cells = cells[:-1]
        expected = f"{wanted} cells after the group"
        filled = [cell for cell in cells[wanted:] if cell.strip(" ")]
        if len(cells) != wanted:
            self._cell = "|".join(filled) or f"{len(cells)} cells"
        if filled:
            self._remark(IssueCode.EXTRA_FIELDS, expected)
        elif len(cells) > wanted:
            self._remark(IssueCode.EXTRA_EMPTY_FIELDS, expected)
        elif len(cells) < wanted:
            self._remark(IssueCode.TOO_FEW_FIELDS, expected)
        return (cells + [""] * wanted)[:wanted], not filled

    def _remark(self, code: IssueCode, expected: str) -> None:
        self._fault_count += 1
        self._report(
            Issue(
                code,
                self._line_number,
                self._group_code,
                str(self._field) if self._field else "",
                shortened(self._cell),
                expected,
            )
        )


def shortened(text: str) -> str:
    """Return what a file said fit to be shown: control characters escaped, not long."""
    shown = _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text[:_FOUND_LENGTH])
    return shown if len(text) <= _FOUND_LENGTH else shown + "…"
