"""When synthetic meters are read, and how much has been used by then."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache
from itertools import product
from typing import NamedTuple

from meter_readings.d0010 import LONDON
from meter_readings.d0010.fields import Moment

# Every month has so many days. Meters are not read on the others.
DAYS_A_MONTH = 28

# What a month's days use, in hundredths of an average day: winters use more.
_SEASON = (135, 130, 115, 100, 85, 75, 70, 70, 80, 100, 115, 125)

_MINUTES_A_DAY = 24 * 60

# The unit of `usage_until`: a hundredth of an average day, times its minutes.
AVERAGE_DAY = 100 * _MINUTES_A_DAY

# A D0010 can name 1950 to 2199 (DateTime domain); a demand is reset a month before.
EARLIEST_MONTH, LATEST_MONTH = date(1950, 2, 1), date(2199, 12, 1)

# Clocks go forward and back between one and two: readings keep away from that hour.
_FIRST_MINUTE = 2 * 60
MOST_TIMES_A_DAY = _MINUTES_A_DAY - _FIRST_MINUTE


class Slot(NamedTuple):
    """A time at which a meter can be read.

    `read_at` (J0016) and `reset_at` (J0044, the same day a month before) as the file
    writes them; `usage` is what `usage_until` says.
    """

    read_at: str
    reset_at: str
    usage: int


def at(
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0
) -> datetime:
    """Return a time as the local clock shows it."""
    return datetime(year, month, day, hour, minute, second, tzinfo=LONDON)


def midnight(day: date) -> datetime:
    """Return the beginning of a day on the local clock: when J0016 has it read."""
    return at(day.year, day.month, day.day)


def month_number(day: date) -> int:
    """Return how many months there were before the month of a day."""
    return day.year * 12 + day.month - 1


def month_after(day: date, count: int) -> date:
    """Return the first day of the month that comes `count` months after a day's."""
    year, month = divmod(month_number(day) + count, 12)
    return date(year, month + 1, 1)


def usage_until(moment: datetime) -> int:
    """Return the usage of an average meter from 2024 on, by the seasons.

    The unit is AVERAGE_DAY; before 2024 it is negative.
    """
    minutes = (moment.day - 1) * _MINUTES_A_DAY + moment.hour * 60 + moment.minute
    usage = _usage_until_month(date(moment.year, moment.month, 1))
    return usage + minutes * _SEASON[moment.month - 1]


@cache
def _usage_until_month(month: date) -> int:
    return _usage_since_earliest(month) - _usage_since_earliest(date(2024, 1, 1))


def _usage_since_earliest(month: date) -> int:
    usage, earlier = 0, EARLIEST_MONTH
    while earlier < month:
        days = monthrange(earlier.year, earlier.month)[1]
        usage += days * _MINUTES_A_DAY * _SEASON[earlier.month - 1]
        earlier = month_after(earlier, 1)
    return usage


def slots(*, first_month: date, months: int, count: int) -> list[Slot]:
    """Return at least `count` times in so many months, earliest first.

    They are the midnights; where those are too few, several times a day.
    """
    times_a_day = -(-count // (DAYS_A_MONTH * months))
    starts = [month_after(first_month, number) for number in range(months)]
    days = product(starts, range(DAYS_A_MONTH))
    return [
        slot
        for start, number in days
        for slot in _slots_of_day(start + timedelta(days=number), times_a_day)
    ]


def _slots_of_day(day: date, times_a_day: int) -> Iterator[Slot]:
    write = Moment().write
    reset_day = month_after(day, -1).replace(day=day.day)
    reset_at = write(midnight(reset_day))
    if times_a_day == 1:
        minutes = [0]
    else:
        step = MOST_TIMES_A_DAY // times_a_day
        minutes = [_FIRST_MINUTE + number * step for number in range(times_a_day)]
    for minute in minutes:
        read_at = midnight(day).replace(hour=minute // 60, minute=minute % 60)
        yield Slot(write(read_at), reset_at, usage_until(read_at))
