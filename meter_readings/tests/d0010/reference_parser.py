"""Reference parser: the valid groups of a flow file, found slowly and by other means.

It shares no code, table or pattern with the parser. It was written from the text of the
format reference, and it reports no issues.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple


class ValidGroup(NamedTuple):
    """A valid group; `parents` are the line numbers of its parent groups."""

    line_number: int
    group: str
    values: tuple[Any, ...]
    parents: tuple[int, ...]


class Invalid(Exception):
    """The text of a field is invalid, and so is its group."""


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


def valid_groups(data: bytes) -> list[ValidGroup]:
    """Return the valid groups of a file that begins with a valid header."""
    valid: list[ValidGroup] = []
    # The open groups by code: the line number, and whether the group is valid
    opened: dict[str, tuple[int, bool]] = {}
    for number, line in enumerate(lines_of(data), 1):
        group = line.split("|")[0]
        if group == "ZPT":
            break
        if group not in _PARENTS:
            continue
        for level in _CLOSES[group]:
            opened.pop(level, None)
        values = _values_of(group, line)
        parents = [opened.get(parent) for parent in _PARENTS[group]]
        is_good = values is not None and all(
            parent is not None and parent[1] for parent in parents
        )
        if group in ("026", "028", "030"):
            opened[group] = number, is_good
        if values is not None and is_good:
            numbers = tuple(parent[0] for parent in parents if parent is not None)
            valid.append(ValidGroup(number, group, values, numbers))
    return valid


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


def _values_of(group: str, line: str) -> tuple[Any, ...] | None:
    for character in line:
        if ord(character) < 32 or ord(character) == 127:
            return None
    readers = _READERS[group]
    values = [text.strip(" ") for text in line.split("|")[1:]]
    while len(values) < len(readers):
        values.append("")
    if any(values[len(readers) :]):
        return None
    try:
        return tuple(read(text) for read, text in zip(readers, values, strict=False))
    except Invalid:
        return None


def _is_digits(text: str) -> bool:
    return text != "" and all(character in "0123456789" for character in text)


def _mpan(text: str) -> str:
    if len(text) != 13 or not _is_digits(text):
        raise Invalid
    return text


def _code_of(codes: str) -> Any:
    """Return a reader of codes: those listed, and others of the same length."""
    longest = max(len(code) for code in codes.split())

    def read(text: str) -> str:
        if len(text) > longest:
            raise Invalid
        return text

    return read


def _key_of(longest: int) -> Any:
    def read(text: str) -> str:
        if not 1 <= len(text) <= longest:
            raise Invalid
        return text

    return read


def _note(text: str) -> str:
    if len(text) > 200:
        raise Invalid
    return text


def _time(text: str) -> datetime:
    """Return the clock time, without a zone."""
    if len(text) != 14 or not _is_digits(text):
        raise Invalid
    year, month, day = int(text[:4]), int(text[4:6]), int(text[6:8])
    hour, minute, second = int(text[8:10]), int(text[10:12]), int(text[12:])
    is_date = 1950 <= year < 2200 and 1 <= month <= 12
    if not is_date or not 1 <= day <= monthrange(year, month)[1]:
        raise Invalid
    if hour > 23 or minute > 59 or second > 59:
        raise Invalid
    return datetime(year, month, day, hour, minute, second)


def _optional_time(text: str) -> datetime | None:
    return _time(text) if text else None


def _value(text: str) -> Decimal:
    """Return thousandths made into a number: at most nine digits and three more."""
    whole, point, decimals = text.partition(".")
    if not _is_digits(whole) or (point and not _is_digits(decimals)):
        raise Invalid
    while decimals.endswith("0"):
        decimals = decimals[:-1]
    if int(whole) >= 10**9 or len(decimals) > 3:
        raise Invalid
    thousandths = int(whole) * 1000
    for place, digit in enumerate(decimals):
        thousandths += int(digit) * 10 ** (2 - place)
    return Decimal(thousandths) / 1000


def _optional_count(text: str) -> int | None:
    if not text:
        return None
    if not _is_digits(text) or int(text) > 999:
        raise Invalid
    return int(text)


def _optional_flag(text: str) -> bool | None:
    answers = {"T": True, "F": False, "": None}
    if text not in answers:
        raise Invalid
    return answers[text]


_VISIT = (_code_of("01 89"), _note)

_READERS: dict[str, tuple[Any, ...]] = {
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
        _optional_flag,
        _code_of("N P"),
    ),
    "032": (_code_of("01 27"), _optional_flag),
    "033": _VISIT,
}
