"""Local days, months, and the share of a year's use that falls on some days."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache
from itertools import accumulate

from meter_readings.d0010 import LONDON

SECONDS_PER_DAY = 86_400

# Domestic electricity use by month, January first, in percent of a year (DESNZ, Energy
# Trends 5.5, 2023 to 2025). It stands in for profile coefficients.
_MONTH_SHARES = (
    *(10.81, 8.87, 9.12, 8.14, 7.25, 6.73),
    *(6.78, 6.96, 7.30, 8.18, 9.65, 10.22),
)

# The catalogue's years for a date and time
_EPOCH_DAY = date(1949, 12, 31)
_FIRST_DAY = (_EPOCH_DAY - date(1970, 1, 1)).days
_DAYS = (date(2200, 1, 3) - _EPOCH_DAY).days


@cache
def use_until_day() -> list[float]:
    """Return the cumulative use up to each day since 1949, in average days.

    The difference of two days is what an average household uses between them.
    """
    days = (_EPOCH_DAY + timedelta(days=number) for number in range(_DAYS))
    month_days = (31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    per_day = [
        share / 100 * 365.25 / count
        for share, count in zip(_MONTH_SHARES, month_days, strict=True)
    ]
    return list(accumulate((per_day[day.month - 1] for day in days), initial=0.0))


def day_number(at: int) -> int:
    """Return the index in `use_until_day` of a time in seconds since 1970."""
    return (at + SECONDS_PER_DAY // 2) // SECONDS_PER_DAY - _FIRST_DAY


def local_day(at: int) -> date:
    """Return the UK local date; 23:59:59 counts as the midnight after it."""
    return datetime.fromtimestamp(at + 1, LONDON).date()


def is_longer_than_months(earlier: int, later: int, months: int) -> bool:
    """Return whether more than so many calendar months lie between two times."""
    start, end = local_day(earlier), local_day(later)
    count = (end.year - start.year) * 12 + end.month - start.month
    return count > months or (count == months and end.day > start.day)
