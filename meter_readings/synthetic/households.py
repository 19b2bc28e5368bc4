"""The six meter points of the histories: their meters, and what they show on a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from meter_readings.d0010.codes import ReadingType

from .meters import Kind, Meter, meter, scattered
from .parts import Part
from .times import AVERAGE_DAY, at, usage_until
from .visits import at_zero, method_of, readings

EVERY = TWO_RATE, STAIRS, FLAT, COTTAGE, EMPTY, BAKERY = range(6)

_SEED = 116
_KINDS = (
    Kind(("DY", "NT"), daily_usage=110),
    Kind(("S",), daily_usage=10),
    Kind(("01",), daily_usage=60),
    Kind(("S",), daily_usage=90),
    Kind(("S",), daily_usage=70),
    Kind(("01", "02"), ("MD",), daily_usage=500),
)

# The day of the month on which each is read. Where it is a Sunday, homes are read on
# the day before; the bakery is open.
_DAYS = (12, 7, 3, 16, 9, 2)
_SUNDAY = 6

# From here on to the next visit it shows 11.0, and has passed 99999.9 between.
_ROLLED_FROM, _ROLLED_VALUE = at(2026, 5, 7), 999_860

# Since then nothing is used in the empty house.
_LEFT_AT = at(2026, 2, 20)

# Up to so many days' average use come on top, less one, as no two months are alike.
_DAYS_MORE = 6
_STEADY = (STAIRS, EMPTY)


def day_of(index: int, month: date) -> date:
    """Return the day of the month on which a meter point is read."""
    day = month.replace(day=_DAYS[index])
    return day - timedelta(days=index != BAKERY and day.weekday() == _SUNDAY)


def meter_of(index: int) -> Meter:
    """Return the meter of a meter point, the older one where it has had two."""
    made = meter(seed=_SEED, index=index, kind=_KINDS[index])
    if index != STAIRS:
        return made
    daily_usage = _KINDS[STAIRS].daily_usage
    used = daily_usage * usage_until(_ROLLED_FROM) // AVERAGE_DAY
    (register,) = made.registers
    start = _ROLLED_VALUE - used
    return made._replace(
        registers=[register._replace(start=start, daily_usage=daily_usage)]
    )


def new_meter(index: int, day: date) -> Meter:
    """Return the meter that was fitted on a day, and began at nothing."""
    return at_zero(meter(seed=_SEED, index=index, kind=_KINDS[index], is_new=True), day)


def readings_on(
    index: int,
    meter: Meter,
    read_at: datetime,
    *,
    reading_type: ReadingType = ReadingType.ROUTINE,
    flag: bool = True,
    days_more: int = 0,
) -> Iterator[Part]:
    """Yield a 030 for each register of a meter, the same ones at every call."""
    if index not in _STEADY and read_at.day == day_of(index, read_at.date()).day:
        days_more += scattered(meter.chance, read_at.toordinal()) % _DAYS_MORE
    used_until = min(read_at, _LEFT_AT) if index == EMPTY else read_at
    yield from readings(
        meter,
        read_at,
        method=method_of(reading_type),
        flag=flag,
        days_more=days_more,
        used_until=used_until,
    )
