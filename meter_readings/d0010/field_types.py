"""Field types: the formats of the catalogue, each with its parser and writer.

`read` returns a value or raises InvalidValue. If the value is valid but unusual, it
calls `report(code, expected)` and still returns the value.
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

# J0016, J0044 and the timestamps of ZHV and ZPT are local times (DateTime domain).
LONDON = ZoneInfo("Europe/London")

# Years of a date and time that the catalogue allows
YEARS = range(1950, 2200)

type FieldReport = Callable[[IssueCode, str], None]


class FieldType(Protocol):
    """The format of a field."""

    @property
    def notation(self) -> str:
        """The format as the catalogue writes it, such as `NUM(9,1)`."""

    def read(self, text: str, report: FieldReport) -> object:
        """Return the value of a text that is not blank."""

    def write(self, value: object) -> str:
        """Return the text of a value that is neither None nor ""."""


@dataclass(frozen=True)
class TextType:
    """CHAR(n): up to `length` characters; up to `max_stored` can be stored."""

    length: int
    max_stored: int

    @property
    def notation(self) -> str:
        return f"CHAR({self.length})"

    def read(self, text: str, report: FieldReport) -> str:
        if len(text) > self.max_stored:
            expected = f"at most {self.max_stored} characters"
            raise InvalidValue(IssueCode.TOO_LONG_TO_STORE, expected)
        if len(text) > self.length:
            report(IssueCode.TOO_LONG, f"at most {self.length} characters")
        return text

    def write(self, value: object) -> str:
        return str(value)


@dataclass(frozen=True)
class CodeType:
    """CHAR(n) with a code list. A code that is not in the list is reported."""

    length: int
    codes: type[CodeList]

    @property
    def notation(self) -> str:
        return f"CHAR({self.length})"

    def read(self, text: str, report: FieldReport) -> str:
        if text not in self.codes:
            if len(text) > self.length:
                expected = f"at most {self.length} characters"
                raise InvalidValue(IssueCode.TOO_LONG_TO_STORE, expected)
            report(IssueCode.UNKNOWN_CODE, "one of " + " ".join(self.codes))
        return text

    def write(self, value: object) -> str:
        return str(value)


@dataclass(frozen=True)
class MpanType:
    """NUM(13): the MPAN core (J0003), whose last digit is a check digit."""

    notation: str = "NUM(13)"

    def read(self, text: str, report: FieldReport) -> str:
        if not (len(text) == 13 and text.isascii() and text.isdecimal()):
            raise InvalidValue(IssueCode.MPAN_NOT_13_DIGITS, "13 digits")
        if not mpan.has_valid_check_digit(text):
            digit = mpan.check_digit(text[:12])
            report(IssueCode.MPAN_CHECK_DIGIT, f"{digit} as the last digit")
        if text[:2] not in mpan.DISTRIBUTORS and not mpan.is_asset_metering_id(text):
            report(IssueCode.UNKNOWN_DISTRIBUTOR, "a distributor id from 10 to 38")
        return text

    def write(self, value: object) -> str:
        return str(value)


_DIGITS = re.compile(r"[0-9]+")
_PLAIN_NUMBER = re.compile(r"([0-9]+)(?:\.([0-9]+))?")


@dataclass(frozen=True)
class IntegerType:
    """NUM(n): a whole number of at most `digits` digits."""

    digits: int

    @property
    def notation(self) -> str:
        return f"NUM({self.digits})"

    def read(self, text: str, report: FieldReport) -> int:
        if not _DIGITS.fullmatch(text):
            raise _invalid_number(text, f"up to {self.digits} digits")
        if len(text.lstrip("0")) > self.digits:
            expected = f"at most {self.digits} digits"
            raise InvalidValue(IssueCode.TOO_LARGE_TO_STORE, expected)
        return int(text)

    def write(self, value: object) -> str:
        return str(value)


@dataclass(frozen=True)
class DecimalType:
    """NUM(p,s): `digits` before the point and `decimals` after it.

    Up to `max_stored_digits` and `max_stored_decimals` can be stored.
    """

    digits: int
    decimals: int
    max_stored_digits: int = 9
    max_stored_decimals: int = 3

    @property
    def notation(self) -> str:
        return f"NUM({self.digits + self.decimals},{self.decimals})"

    def read(self, text: str, report: FieldReport) -> Decimal:
        match = _PLAIN_NUMBER.fullmatch(text)
        if match is None:
            raise _invalid_number(text, "digits, a point and one decimal")
        digits, decimals = match[1].lstrip("0"), (match[2] or "").rstrip("0")
        if len(digits) > self.max_stored_digits:
            expected = f"at most {self.max_stored_digits} digits before the point"
            raise InvalidValue(IssueCode.TOO_LARGE_TO_STORE, expected)
        if len(decimals) > self.max_stored_decimals:
            expected = f"at most {self.max_stored_decimals} decimals"
            raise InvalidValue(IssueCode.TOO_LARGE_TO_STORE, expected)
        if len(digits) > self.digits:
            expected = f"at most {self.digits} digits before the point"
            report(IssueCode.TOO_LARGE, expected)
        if match[2] is None:
            report(IssueCode.NO_DECIMAL, "one decimal")
        elif len(match[2]) > self.decimals:
            report(IssueCode.EXTRA_DECIMALS, "one decimal")
        if match[1] != (digits or "0"):
            report(IssueCode.LEADING_ZEROS, "no leading zeros")
        return Decimal(f"{digits or '0'}.{decimals or '0'}")

    def write(self, value: object) -> str:
        digits, _, decimals = format(value, "f").partition(".")
        return f"{digits}.{decimals.rstrip('0') or '0'}"


def _invalid_number(text: str, expected: str) -> InvalidValue:
    """Return the issue of a text that is not a number; a negative one has its own."""
    if text.startswith("-") and _PLAIN_NUMBER.fullmatch(text[1:]):
        return InvalidValue(IssueCode.NEGATIVE, "zero or more")
    return InvalidValue(IssueCode.INVALID_NUMBER, expected)


@dataclass(frozen=True)
class DateTimeType:
    """DATETIME: ccyymmddhhmmss, UK local time.

    The value keeps the clock time of the file. A time that occurs twice (clocks go
    back) is the first of the two; a time that does not exist (clocks go forward) is the
    instant an hour later.
    """

    notation: str = "DATETIME"

    def read(self, text: str, report: FieldReport) -> datetime:
        moment, issue = _parse_local_time(text)
        if issue is not None:
            report(*issue)
        return moment

    def write(self, value: object) -> str:
        return f"{value:%Y%m%d%H%M%S}"


_FOURTEEN_DIGITS = re.compile(
    r"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})"
)


# Cached, because most times of a file occur many times.
@lru_cache(maxsize=4096)
def _parse_local_time(text: str) -> tuple[datetime, tuple[IssueCode, str] | None]:
    """Return the local time of fourteen digits, and its issue, if it has one.

    Raises InvalidValue if the text is not a date and time.
    """
    expected = "ccyymmddhhmmss, a real date and time"
    match = _FOURTEEN_DIGITS.fullmatch(text)
    if match is None:
        if len(text) == 8 and _DIGITS.fullmatch(text):
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
    if is_nonexistent_local_time(moment):
        return moment, (IssueCode.NONEXISTENT_TIME, "a time that exists in the UK")
    expected = f"a time that occurs once in the UK (used: {moment:%H:%M %Z})"
    return moment, (IssueCode.AMBIGUOUS_TIME, expected)


def midnight(day: date) -> datetime:
    """Return the beginning of a day in UK local time."""
    return datetime.combine(day, time.min, tzinfo=LONDON)


def is_nonexistent_local_time(moment: datetime) -> bool:
    """Return whether UK clocks skip this time when they go forward."""
    there_and_back = moment.astimezone(UTC).astimezone(LONDON)
    return there_and_back.replace(tzinfo=None) != moment.replace(tzinfo=None)


@dataclass(frozen=True)
class BooleanType:
    """BOOLEAN: T or F."""

    notation: str = "BOOLEAN"

    def read(self, text: str, report: FieldReport) -> bool:
        if text not in ("T", "F"):
            raise InvalidValue(IssueCode.INVALID_BOOLEAN, "T or F")
        return text == "T"

    def write(self, value: object) -> str:
        return "T" if value else "F"
