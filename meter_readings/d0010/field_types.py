"""The formats a cell can have, each with its reader and its writer.

A reader returns a value, or raises InvalidValue where none can be had. What is odd
but readable goes to `remark(code, expected)` and the value is returned all the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

from . import mpan
from .codes import CodeList
from .issues import InvalidValue, IssueCode

# J0016, J0044 and the envelope's stamps are local to the market area (DateTime domain).
LONDON = ZoneInfo("Europe/London")

type Remark = Callable[[IssueCode, str], None]


class FieldType(Protocol):
    """What a field's format can do. `picture` is the catalogue's way of saying it."""

    @property
    def picture(self) -> str:
        """Return the format as the catalogue writes it, such as `NUM(9,1)`."""

    def read(self, cell: str, remark: Remark) -> object:
        """Return the value of a filled cell; raise InvalidValue where it has none."""

    def write(self, value: object) -> str:
        """Return the cell for a value that is not None and not blank."""


@dataclass(frozen=True)
class Text:
    """CHAR(n): up to `length` characters; up to `kept` can be stored."""

    length: int
    kept: int

    @property
    def picture(self) -> str:
        return f"CHAR({self.length})"

    def read(self, cell: str, remark: Remark) -> str:
        if len(cell) > self.kept:
            raise InvalidValue(
                IssueCode.TOO_LONG_TO_STORE, f"at most {self.kept} characters"
            )
        if len(cell) > self.length:
            remark(IssueCode.TOO_LONG, f"at most {self.length} characters")
        return cell

    def write(self, value: object) -> str:
        return str(value)


@dataclass(frozen=True)
class Code:
    """CHAR(n) with a list: an unlisted code is kept and remarked upon."""

    length: int
    codes: type[CodeList]

    @property
    def picture(self) -> str:
        return f"CHAR({self.length})"

    def read(self, cell: str, remark: Remark) -> str:
        if cell not in self.codes:
            if len(cell) > self.length:
                raise InvalidValue(
                    IssueCode.TOO_LONG_TO_STORE, f"at most {self.length} characters"
                )
            remark(IssueCode.UNKNOWN_CODE, "one of " + " ".join(self.codes))
        return cell

    def write(self, value: object) -> str:
        return str(value)


@dataclass(frozen=True)
class Mpan:
    """J0003: 13 digits, the last of which checks the others."""

    picture: str = "NUM(13)"

    def read(self, cell: str, remark: Remark) -> str:
        if not (len(cell) == 13 and cell.isascii() and cell.isdecimal()):
            raise InvalidValue(IssueCode.MPAN_NOT_13_DIGITS, "13 digits")
        if not mpan.has_valid_check_digit(cell):
            digit = mpan.check_digit(cell[:12])
            remark(IssueCode.MPAN_CHECK_DIGIT, f"{digit} as the last digit")
        if cell[:2] not in mpan.DISTRIBUTORS and not mpan.is_asset_metering_id(cell):
            remark(IssueCode.UNKNOWN_DISTRIBUTOR, "a distributor id from 10 to 38")
        return cell

    def write(self, value: object) -> str:
        return str(value)


_DIGITS = re.compile(r"[0-9]+")
_PLAIN_NUMBER = re.compile(r"([0-9]+)(?:\.([0-9]+))?")


@dataclass(frozen=True)
class Integer:
    """NUM(n): a whole number of at most `digits` digits."""

    digits: int

    @property
    def picture(self) -> str:
        return f"NUM({self.digits})"

    def read(self, cell: str, remark: Remark) -> int:
        if not _DIGITS.fullmatch(cell):
            raise _not_a_number(cell, f"up to {self.digits} digits")
        if len(cell.lstrip("0")) > self.digits:
            raise InvalidValue(
                IssueCode.TOO_LARGE_TO_STORE, f"at most {self.digits} digits"
            )
        return int(cell)

    def write(self, value: object) -> str:
        return str(value)


@dataclass(frozen=True)
class Amount:
    """NUM(p,s): `whole` digits before the point and `decimals` after it.

    The shelf keeps one more digit before the point and three after it
    (12 digits with 3 places).
    """

    whole: int
    decimals: int
    kept_whole: int = 9
    kept_decimals: int = 3

    @property
    def picture(self) -> str:
        return f"NUM({self.whole + self.decimals},{self.decimals})"

    def read(self, cell: str, remark: Remark) -> Decimal:
        match = _PLAIN_NUMBER.fullmatch(cell)
        if match is None:
            raise _not_a_number(cell, "digits, a point and one decimal")
        whole, decimals = match[1].lstrip("0"), (match[2] or "").rstrip("0")
        if len(whole) > self.kept_whole:
            expected = f"at most {self.kept_whole} digits before the point"
            raise InvalidValue(IssueCode.TOO_LARGE_TO_STORE, expected)
        if len(decimals) > self.kept_decimals:
            expected = f"at most {self.kept_decimals} decimals"
            raise InvalidValue(IssueCode.TOO_LARGE_TO_STORE, expected)
        if len(whole) > self.whole:
            expected = f"at most {self.whole} digits before the point"
            remark(IssueCode.TOO_LARGE, expected)
        if match[2] is None:
            remark(IssueCode.NO_DECIMAL, "one decimal")
        elif len(match[2]) > self.decimals:
            remark(IssueCode.EXTRA_DECIMALS, "one decimal")
        if match[1] != (whole or "0"):
            remark(IssueCode.LEADING_ZEROS, whole or "0")
        return Decimal(f"{whole or '0'}.{decimals or '0'}")

    def write(self, value: object) -> str:
        whole, _, decimals = format(value, "f").partition(".")
        return f"{whole}.{decimals.rstrip('0') or '0'}"


def _not_a_number(cell: str, expected: str) -> InvalidValue:
    """Return the fault of a cell that is no plain number, naming a minus for itself."""
    if cell.startswith("-") and _PLAIN_NUMBER.fullmatch(cell[1:]):
        return InvalidValue(IssueCode.NEGATIVE, "zero or more")
    return InvalidValue(IssueCode.INVALID_NUMBER, expected)


_FOURTEEN_DIGITS = re.compile(
    r"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})"
)
# Those of the catalogue, for a date and time
YEARS = range(1950, 2200)


@dataclass(frozen=True)
class Moment:
    """DATETIME: ccyymmddhhmmss, UK local time, years 1950 to 2199.

    The clock time is kept as it was said. In the hour that occurs twice it means the
    first; a time in the hour that never was means the instant an hour later.
    """

    picture: str = "DATETIME"

    def read(self, cell: str, remark: Remark) -> datetime:
        moment, oddity = _clock_time(cell)
        if oddity is not None:
            remark(*oddity)
        return moment

    def write(self, value: object) -> str:
        assert isinstance(value, datetime)
        return f"{value:%Y%m%d%H%M%S}"


@lru_cache(maxsize=4096)
def _clock_time(cell: str) -> tuple[datetime, tuple[IssueCode, str] | None]:
    """Return the local time that fourteen digits say, and what is odd about it.

    Raises InvalidValue where they say none. Times recur, hence the memory.
    """
    expected = "ccyymmddhhmmss, a real date and time"
    match = _FOURTEEN_DIGITS.fullmatch(cell)
    if match is None:
        if len(cell) == 8 and _DIGITS.fullmatch(cell):
            expected += " (hours, minutes and seconds are missing)"
        raise InvalidValue(IssueCode.INVALID_DATETIME, expected)
    year, month, day, hour, minute, second = map(int, match.groups())
    if year not in YEARS:
        expected = f"a year from {YEARS[0]} to {YEARS[-1]}"
        raise InvalidValue(IssueCode.INVALID_DATETIME, expected)
    if hour == 24:
        expected = "an hour from 00 to 23 (midnight is 000000 of the next day)"
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=LONDON)
    except ValueError:
        raise InvalidValue(IssueCode.INVALID_DATETIME, expected) from None
    if moment.utcoffset() == moment.replace(fold=1).utcoffset():
        return moment, None
    if is_nonexistent(moment):
        return moment, (IssueCode.NONEXISTENT_TIME, "a time the local clock showed")
    expected = f"a time the local clock showed once (taken: {moment:%H:%M %Z})"
    return moment, (IssueCode.AMBIGUOUS_TIME, expected)


def midnight(day: date) -> datetime:
    """Return the moment at which a day begins by the local clock."""
    return datetime.combine(day, time.min, tzinfo=LONDON)


def is_nonexistent(moment: datetime) -> bool:
    """Return whether the local clock never showed this time (the spring hour)."""
    there_and_back = moment.astimezone(UTC).astimezone(LONDON)
    return there_and_back.replace(tzinfo=None) != moment.replace(tzinfo=None)


@dataclass(frozen=True)
class Truth:
    """BOOLEAN: exactly T or F."""

    picture: str = "BOOLEAN"

    def read(self, cell: str, remark: Remark) -> bool:
        if cell not in ("T", "F"):
            raise InvalidValue(IssueCode.INVALID_BOOLEAN, "T or F")
        return cell == "T"

    def write(self, value: object) -> str:
        return "T" if value else "F"
