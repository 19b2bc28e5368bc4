"""Reading times of synthetic meters, and the usage up to each of them."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache
from itertools import product
from typing import NamedTuple

from meter_readings.d0010 import midnight

# Meters are read on the first 28 days of every month, so that all months are alike.
DAYS_PER_MONTH = 28

# Usage of a day in each month, in percent of an average day: winters use more.
_SEASON = (135, 130, 115, 100, 85, 75, 70, 70, 80, 100, 115, 125)

_MINUTES_PER_DAY = 24 * 60

# `cumulative_usage` counts percent of an average day times minutes.
USAGE_UNITS_PER_DAY = 100 * _MINUTES_PER_DAY

# A D0010 can write the years 1950 to 2199 (domain DateTime). The maximum demand reset
# is a month before the reading.
EARLIEST_MONTH, LATEST_MONTH = date(1950, 2, 1), date(2199, 12, 1)

# Clocks change between one and two o'clock: no reading is taken before two, except
# at midnight.
_FIRST_MINUTE = 2 * 60
MAX_TIMES_PER_DAY = _MINUTES_PER_DAY - _FIRST_MINUTE


class ReadingTime(NamedTuple):
    """A time at which a meter can be read.

    `read_at` (J0016) and `reset_at` (J0044, the same day a month before) are written
    as in a file; `usage` is the `cumulative_usage` at that time.
    """

    read_at: str
    reset_at: str
    usage: int


def format_time(moment: datetime) -> str:
    """Return a time in the format of a file (DATETIME)."""
    return f"{moment:%Y%m%d%H%M%S}"


def month_number(day: date) -> int:
    """Return the number of months before the month of a day."""
    return day.year * 12 + day.month - 1


def month_after(day: date, count: int) -> date:
    """Return the first day of the month that is `count` months after that of `day`."""
    year, month = divmod(month_number(day) + count, 12)
    return date(year, month + 1, 1)


def cumulative_usage(moment: datetime) -> int:
    """Return the usage of an average meter since 1 January 2024, by the seasons.

    The unit is 1/USAGE_UNITS_PER_DAY of an average day; it is negative before 2024.
    """
    minutes = (moment.day - 1) * _MINUTES_PER_DAY + moment.hour * 60 + moment.minute
    usage = _usage_until_month(date(moment.year, moment.month, 1))
    return usage + minutes * _SEASON[moment.month - 1]


@cache
def _usage_until_month(month: date) -> int:
    return _usage_since_earliest(month) - _usage_since_earliest(date(2024, 1, 1))


def _usage_since_earliest(month: date) -> int:
    usage, earlier = 0, EARLIEST_MONTH
    while earlier < month:
        days = monthrange(earlier.year, earlier.month)[1]
        usage += days * _MINUTES_PER_DAY * _SEASON[earlier.month - 1]
        earlier = month_after(earlier, 1)
    return usage


def reading_times(*, first_month: date, months: int, count: int) -> list[ReadingTime]:
    """Return at least `count` times within the months, earliest first.

    They are midnights. If there are fewer midnights than `count`, every day has
    several times instead.
    """
    times_per_day = -(-count // (DAYS_PER_MONTH * months))
    starts = [month_after(first_month, number) for number in range(months)]
    days = product(starts, range(DAYS_PER_MONTH))
    return [
        time
        for start, number in days
        for time in _times_of_day(start + timedelta(days=number), times_per_day)
    ]


def _times_of_day(day: date, times_per_day: int) -> Iterator[ReadingTime]:
    reset_day = month_after(day, -1).replace(day=day.day)
    reset_at = format_time(midnight(reset_day))
    if times_per_day == 1:
        minutes = [0]
    else:
        step = MAX_TIMES_PER_DAY // times_per_day
        minutes = [_FIRST_MINUTE + number * step for number in range(times_per_day)]
    for minute in minutes:
        read_at = midnight(day).replace(hour=minute // 60, minute=minute % 60)
        yield ReadingTime(format_time(read_at), reset_at, cumulative_usage(read_at))
