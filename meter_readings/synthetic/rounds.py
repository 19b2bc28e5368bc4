"""Recipes of sample files that tell of the same meters, one month after another."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby

from meter_readings.d0010.codes import (
    BscValidationStatus,
    ReadingType,
    ReasonCode,
    SiteVisitCheckCode,
)

from . import parts
from .meters import Kind, Meter, meter, scattered
from .parts import Part
from .times import midnight, month_after
from .visits import at_zero, method_of, readings, visit

_SEED = 110
_KINDS = (
    Kind(("S",)),
    Kind(("01", "02")),
    Kind(("S",), daily_usage=110),
    Kind(("01",)),
    Kind(("TO",), daily_usage=200),
    Kind(("DY", "NT")),
    Kind(("01",), daily_usage=60),
    Kind(("01", "02"), ("MD",), daily_usage=250),
)

# The meter points whose past is known, and the months of it.
_KNOWN = 12
_FIRST_MONTH, _MONTHS = date(2025, 4, 1), 13
_ROUND_MONTH = month_after(_FIRST_MONTH, _MONTHS)
_ROUND = range(200)

# What is special about some meter points of the round, by their place in it.
_OVERESTIMATED = 3
_WITHDRAWN, _REPLACED, _MODIFIED, _VALIDATED, _DOUBTED, _FAILED = range(20, 26)
_EXCHANGED = (2, 5, 60, 61)
_OTHER_TYPES = {6: ReadingType.CUSTOMER, 7: ReadingType.DEEMED_OR_ESTIMATED}

_ACCEPTED, _REFUSED = BscValidationStatus.VALIDATED, BscValidationStatus.FAILED

# No two months are alike: up to so many days' average use come on top.
_DAYS_MORE = 9


def _meter(index: int) -> Meter:
    return meter(seed=_SEED, index=index, kind=_KINDS[index % len(_KINDS)])


def _day_of(index: int, month: date) -> date:
    """Return the day of the month on which the round comes to a meter point."""
    return month + timedelta(days=index * 5 % 28)


def _visit(
    index: int, reading_type: ReadingType, status: BscValidationStatus = _ACCEPTED
) -> Iterator[Part]:
    yield from visit(_meter(index), reading_type=reading_type, status=status)


def _readings(
    index: int,
    month: date,
    reading_type: ReadingType = ReadingType.ROUTINE,
    *,
    flag: bool = True,
) -> Iterator[Part]:
    """Yield the readings of a meter in one month, the same ones at every call."""
    metered = _meter(index)
    days_more = scattered(metered.chance, month.toordinal()) % _DAYS_MORE
    if (index, month) == (_OVERESTIMATED, date(2026, 1, 1)):
        # So much that the next month's reading is lower.
        days_more += 60
    yield from readings(
        metered,
        midnight(_day_of(index, month)),
        method=method_of(reading_type),
        flag=flag,
        days_more=days_more,
    )


def routine_history() -> Iterator[Part]:
    """Yield thirteen months of a few meter points: read, estimated, told by customers.

    One estimate is too high, so that a lower reading follows it.
    """
    months = [month_after(_FIRST_MONTH, number) for number in range(_MONTHS)]
    for index in range(_KNOWN):
        yield parts.meter_point(_meter(index))
        by_type = groupby(months, key=lambda month: _past_type(index, month))
        for reading_type, some_months in by_type:
            yield parts.read(_meter(index), reading_type)
            for month in some_months:
                yield from _readings(index, month, reading_type)


def _past_type(index: int, month: date) -> ReadingType:
    chance = scattered(_meter(index).chance, -month.toordinal()) % 8
    if chance == 0 or (index, month) == (_OVERESTIMATED, date(2026, 1, 1)):
        return ReadingType.DEEMED_OR_ESTIMATED
    return ReadingType.CUSTOMER if chance == 1 else ReadingType.ROUTINE


def routine_round() -> Iterator[Part]:
    """Yield a month's round: two hundred meter points, in the order of the days."""
    for index in sorted(_ROUND, key=lambda index: _day_of(index, _ROUND_MONTH)):
        if index == _DOUBTED:
            reason = ReasonCode.OVER_TWICE_EXPECTED
            yield from _suspect(index, reason, is_accepted=False)
            continue
        reading_type = _OTHER_TYPES.get(index % 10, ReadingType.ROUTINE)
        is_validated = index != _VALIDATED and index % 20 != 19
        status = _ACCEPTED if is_validated else BscValidationStatus.UNVALIDATED
        yield from _visit(index, reading_type, status)
        yield from _readings(index, _ROUND_MONTH, reading_type)


def routine_round_corrections() -> Iterator[Part]:
    """Yield what later became of some readings of the round.

    Two meter points have theirs withdrawn and the second of them gets another. One is
    modified, one validated, one fails after all, one that was suspect is accepted.
    """
    for index in _WITHDRAWN, _REPLACED:
        yield from _visit(index, ReadingType.WITHDRAWN)
        yield from _readings(index, _ROUND_MONTH)
    yield parts.read(_meter(_REPLACED))
    yield from _other_readings(_REPLACED, days_more=20)
    yield from _visit(_MODIFIED, ReadingType.MODIFIED)
    for part in _other_readings(_MODIFIED, days_more=10):
        yield part
        yield parts.visit_to_register(SiteVisitCheckCode.MODIFIED_MANUALLY)
    yield from _visit(_VALIDATED, ReadingType.ROUTINE)
    yield from _readings(_VALIDATED, _ROUND_MONTH)
    yield from _suspect(_FAILED, ReasonCode.DIGITS_INCORRECT, is_accepted=False)
    yield from _suspect(_DOUBTED, ReasonCode.OVER_TWICE_EXPECTED, is_accepted=True)


def _suspect(index: int, reason: ReasonCode, *, is_accepted: bool) -> Iterator[Part]:
    """Yield the round's readings of a meter point as suspect, and the verdict."""
    status = _ACCEPTED if is_accepted else _REFUSED
    yield from _visit(index, ReadingType.ROUTINE, status)
    for part in _readings(index, _ROUND_MONTH, flag=False):
        yield part
        yield parts.verdict(reason, is_accepted)


def _other_readings(index: int, *, days_more: int) -> Iterator[Part]:
    """Yield other values for the same registers and times as in the round."""
    read_at = midnight(_day_of(index, _ROUND_MONTH))
    yield from readings(_meter(index), read_at, days_more=days_more)


def meter_exchange() -> Iterator[Part]:
    """Yield the last readings of old meters and the first ones of the new.

    Two of the meter points have a history; one gets a meter of another kind.
    """
    for number, index in enumerate(_EXCHANGED):
        day = date(2026, 6, 8 + number)
        kind = _KINDS[5] if number == 2 else _KINDS[index % len(_KINDS)]
        new_meter = at_zero(meter(seed=_SEED, index=index, kind=kind, is_new=True), day)
        yield from _visit(index, ReadingType.FINAL)
        note = f"Removed, {new_meter.meter_id} fitted"
        yield parts.visit_to_meter(SiteVisitCheckCode.CHANGE_OF_METER, note)
        yield from readings(_meter(index), midnight(day), days_more=_DAYS_MORE)
        yield parts.read(new_meter, ReadingType.INITIAL)
        yield from readings(new_meter, midnight(day))
        yield parts.read(new_meter)
        yield from readings(new_meter, midnight(day + timedelta(days=14)))
