"""A second opinion: what a flow file holds, worked out slowly and by other means.

It shares no code, no table and no pattern with the parser. It knows which groups can
be kept and what they say, from the words of the format reference; it reports nothing.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple


class Kept(NamedTuple):
    """A group that can be kept: its line, what it says, what it stands under."""

    line_number: int
    group: str
    cells: tuple[Any, ...]
    parents: tuple[int, ...]


class Refused(Exception):
    """The cell, and so its group, cannot be kept."""


def lines_of(data: bytes) -> list[str]:
    """Return the lines of a file, up to one that is too long; index 0 is line 1."""
    if data[:3] == b"\xef\xbb\xbf":
        data = data[3:]
    lines = []
    for line in data.split(b"\n"):
        if len(line) > 4096:
            break
        if line[-1:] == b"\r":
            line = line[:-1]
        try:
            lines.append(line.decode("ascii"))
        except UnicodeDecodeError:
            lines.append(line.decode("cp1252", "replace"))
    return lines


def is_of_the_flow(data: bytes) -> bool:
    """Return whether the first line is a header that names the flow."""
    first = (lines_of(data) + [""])[0].split("|")
    return first[0] == "ZHV" and len(first) > 2 and first[2].strip(" ") == "D0010002"


def kept_groups(data: bytes) -> list[Kept]:
    """Return what can be kept of a file that begins with a right header."""
    kept: list[Kept] = []
    # The groups that are open, by level: line number, and whether they can be kept.
    opened: dict[str, tuple[int, bool]] = {}
    for number, line in enumerate(lines_of(data), 1):
        group = line.split("|")[0]
        if group == "ZPT":
            break
        if group not in _PARENTS:
            continue
        for level in _CLOSES[group]:
            opened.pop(level, None)
        cells = _cells_of(group, line)
        parents = [opened.get(parent) for parent in _PARENTS[group]]
        is_good = cells is not None and all(
            parent is not None and parent[1] for parent in parents
        )
        if group in ("026", "028", "030"):
            opened[group] = number, is_good
        if cells is not None and is_good:
            numbers = tuple(parent[0] for parent in parents if parent is not None)
            kept.append(Kept(number, group, cells, numbers))
    return kept


_PARENTS = {
    "026": (),
    "027": ("026",),
    "028": ("026",),
    "029": ("026", "028"),
    "030": ("026", "028"),
    "032": ("026", "028", "030"),
    "033": ("026", "028", "030"),
}

_CLOSES = {
    "026": ("026", "028", "030"),
    "027": ("030",),
    "028": ("028", "030"),
    "029": ("030",),
    "030": ("030",),
    "032": (),
    "033": (),
}


def _cells_of(group: str, line: str) -> tuple[Any, ...] | None:
    for character in line:
        if ord(character) < 32 or ord(character) == 127:
            return None
    readers = _CELLS[group]
    cells = [cell.strip(" ") for cell in line.split("|")[1:]]
    while len(cells) < len(readers):
        cells.append("")
    if any(cells[len(readers) :]):
        return None
    try:
        return tuple(read(cell) for read, cell in zip(readers, cells, strict=False))
    except Refused:
        return None


def _is_digits(text: str) -> bool:
    return text != "" and all(character in "0123456789" for character in text)


def _mpan(cell: str) -> str:
    if len(cell) != 13 or not _is_digits(cell):
        raise Refused
    return cell


def _code_of(codes: str) -> Any:
    """Return a reader of codes: those listed, and others of the same length."""
    longest = max(len(code) for code in codes.split())

    def read(cell: str) -> str:
        if len(cell) > longest:
            raise Refused
        return cell

    return read


def _key_of(longest: int) -> Any:
    def read(cell: str) -> str:
        if not 1 <= len(cell) <= longest:
            raise Refused
        return cell

    return read


def _note(cell: str) -> str:
    if len(cell) > 200:
        raise Refused
    return cell


def _time(cell: str) -> datetime:
    """Return the clock time, without a zone."""
    if len(cell) != 14 or not _is_digits(cell):
        raise Refused
    year, month, day = int(cell[:4]), int(cell[4:6]), int(cell[6:8])
    hour, minute, second = int(cell[8:10]), int(cell[10:12]), int(cell[12:])
    is_date = 1950 <= year < 2200 and 1 <= month <= 12
    if not is_date or not 1 <= day <= monthrange(year, month)[1]:
        raise Refused
    if hour > 23 or minute > 59 or second > 59:
        raise Refused
    return datetime(year, month, day, hour, minute, second)


def _optional_time(cell: str) -> datetime | None:
    return _time(cell) if cell else None


def _value(cell: str) -> Decimal:
    """Return thousandths made into a number: at most nine digits and three more."""
    whole, point, decimals = cell.partition(".")
    if not _is_digits(whole) or (point and not _is_digits(decimals)):
        raise Refused
    while decimals.endswith("0"):
        decimals = decimals[:-1]
    if int(whole) >= 10**9 or len(decimals) > 3:
        raise Refused
    thousandths = int(whole) * 1000
    for place, digit in enumerate(decimals):
        thousandths += int(digit) * 10 ** (2 - place)
    return Decimal(thousandths) / 1000


def _optional_count(cell: str) -> int | None:
    if not cell:
        return None
    if not _is_digits(cell) or int(cell) > 999:
        raise Refused
    return int(cell)


def _optional_truth(cell: str) -> bool | None:
    answers = {"T": True, "F": False, "": None}
    if cell not in answers:
        raise Refused
    return answers[cell]


_VISIT = (_code_of("01 89"), _note)

_CELLS: dict[str, tuple[Any, ...]] = {
    "026": (_mpan, _code_of("V U F")),
    "027": _VISIT,
    "028": (_key_of(20), _code_of("A Z")),
    "029": _VISIT,
    "030": (
        _key_of(2),
        _time,
        _value,
        _optional_time,
        _optional_count,
        _optional_truth,
        _code_of("N P"),
    ),
    "032": (_code_of("01 27"), _optional_truth),
    "033": _VISIT,
}
