"""Recipes of sample files that tell two years of six meter points, file after file.

A home whose day and night meter is exchanged, the light of a staircase that passes
99999.9, a flat, a cottage, a house that falls empty, and a bakery with maximum demand.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from itertools import groupby

from meter_readings.d0010.codes import (
    BscValidationStatus,
    ReadingType,
    ReasonCode,
    SiteVisitCheckCode,
)

from . import parts
from .households import (
    BAKERY,
    COTTAGE,
    EMPTY,
    EVERY,
    FLAT,
    STAIRS,
    TWO_RATE,
    day_of,
    meter_of,
    new_meter,
    readings_on,
)
from .meters import Meter
from .parts import Part
from .times import at, midnight, month_after

_FIRST_YEAR = [month_after(date(2024, 11, 1), number) for number in range(12)]
_SECOND_YEAR = [month_after(date(2025, 11, 1), number) for number in range(10)]
_SEPTEMBER, _OCTOBER = date(2026, 9, 1), date(2026, 10, 1)
_EXCHANGED = date(2026, 3, 24)

# How an old meter was read otherwise than on the round.
_TYPES = {
    (TWO_RATE, date(2024, 12, 1)): ReadingType.CUSTOMER,
    (TWO_RATE, date(2025, 2, 1)): ReadingType.DEEMED_OR_ESTIMATED,
    (TWO_RATE, date(2025, 7, 1)): ReadingType.DEEMED_OR_ESTIMATED,
    (TWO_RATE, date(2025, 12, 1)): ReadingType.CUSTOMER,
    (TWO_RATE, date(2026, 1, 1)): ReadingType.DEEMED_OR_ESTIMATED,
    (TWO_RATE, date(2026, 6, 1)): ReadingType.CUSTOMER,
    (FLAT, date(2025, 3, 1)): ReadingType.CUSTOMER,
    (FLAT, date(2025, 4, 1)): ReadingType.CUSTOMER,
    (FLAT, date(2025, 9, 1)): ReadingType.DEEMED_OR_ESTIMATED,
    (FLAT, date(2026, 5, 1)): ReadingType.CUSTOMER,
    (COTTAGE, date(2025, 8, 1)): ReadingType.DEEMED_OR_ESTIMATED,
    (COTTAGE, date(2026, 2, 1)): ReadingType.CUSTOMER,
}
# An estimate so much too high, in average days, that the next reading is lower.
_OVERESTIMATED = {(TWO_RATE, date(2025, 7, 1)): 45}
# Nobody could get into the house before it was empty.
_UNREAD = [(EMPTY, date(2025, month, 1)) for month in range(5, 10)]

_FAILED = BscValidationStatus.FAILED


def _months(index: int, meter: Meter, months: list[date]) -> Iterator[Part]:
    """Yield the readings of some months, a 028 for each run of one reading type."""
    read = [month for month in months if (index, month) not in _UNREAD]
    by_type = groupby(read, key=lambda month: _type_in(index, month))
    for reading_type, some_months in by_type:
        yield parts.read(meter, reading_type)
        for month in some_months:
            too_much = _OVERESTIMATED.get((index, month), 0)
            yield from _reading(index, meter, month, days_more=too_much)


def _type_in(index: int, month: date) -> ReadingType:
    return _TYPES.get((index, month), ReadingType.ROUTINE)


def _reading(
    index: int, meter: Meter, month: date, *, flag: bool = True, days_more: int = 0
) -> Iterator[Part]:
    yield from readings_on(
        index,
        meter,
        midnight(day_of(index, month)),
        reading_type=_type_in(index, month),
        flag=flag,
        days_more=days_more,
    )


def history_2025_10_first_year() -> Iterator[Part]:
    """Yield twelve months: customers' readings, estimates, and a door that is shut."""
    for index in EVERY:
        yield parts.meter_point(meter_of(index))
        if index == EMPTY:
            code = SiteVisitCheckCode.NO_ACCESS
            yield parts.visit_to_premises(code, "Five calls, May to September")
        yield from _months(index, meter_of(index), _FIRST_YEAR)


def history_2026_08_second_year() -> Iterator[Part]:
    """Yield ten months: a meter is exchanged, another passes 99999.9, one stands still.

    In the month of its largest order the bakery's demand was reset twice.
    """
    for index in EVERY:
        yield parts.meter_point(meter_of(index))
        if index == TWO_RATE:
            yield from _exchanged()
        elif index == BAKERY:
            yield from _reset_twice()
        else:
            if index == EMPTY:
                code = SiteVisitCheckCode.NOT_OCCUPIED
                yield parts.visit_to_premises(code, "Empty since February")
            yield from _months(index, meter_of(index), _SECOND_YEAR)


def _exchanged() -> Iterator[Part]:
    """Yield the old meter to its last reading, and the new one from its first."""
    old_meter, fitted = meter_of(TWO_RATE), new_meter(TWO_RATE, _EXCHANGED)
    yield from _months(TWO_RATE, old_meter, _SECOND_YEAR[:5])
    yield parts.read(old_meter, ReadingType.FINAL)
    note = f"Removed, {fitted.meter_id} fitted"
    yield parts.visit_to_meter(SiteVisitCheckCode.CHANGE_OF_METER, note)
    yield from readings_on(TWO_RATE, old_meter, midnight(_EXCHANGED))
    yield parts.read(fitted, ReadingType.INITIAL)
    yield from readings_on(TWO_RATE, fitted, midnight(_EXCHANGED))
    yield from _months(TWO_RATE, fitted, _SECOND_YEAR[5:])


def _reset_twice() -> Iterator[Part]:
    """Yield the bakery's months; in the last but one its demand is doubted."""
    bakery = meter_of(BAKERY)
    *months, doubted, latest = _SECOND_YEAR
    yield from _months(BAKERY, bakery, months)
    *energy, (group, demand) = _reading(BAKERY, bakery, doubted)
    yield from energy
    yield group, demand._replace(md_reset_count=2, meter_reading_flag=False)
    yield parts.verdict(ReasonCode.SEVERAL_DEMAND_RESETS, True)
    yield parts.visit_to_register(SiteVisitCheckCode.SEVERAL_DEMAND_RESETS)
    yield from _reading(BAKERY, bakery, latest)


def history_2026_09_round() -> Iterator[Part]:
    """Yield a month's round in which three readings are wrong, as it turns out."""
    for index in EVERY:
        yield from _visit(index)
        if index == EMPTY:
            yield from _unused()
        elif index in (FLAT, COTTAGE):
            # Another flat's meter; a digit misread.
            yield from _reading(index, meter_of(index), _SEPTEMBER, days_more=95)
        elif index == TWO_RATE:
            day, night = _reading(index, _newest(index), _SEPTEMBER)
            yield day
            group, record = night
            yield group, record._replace(value=record.value + 900)
        else:
            yield from _reading(index, meter_of(index), _SEPTEMBER)


def _newest(index: int) -> Meter:
    return new_meter(index, _EXCHANGED) if index == TWO_RATE else meter_of(index)


def _visit(
    index: int,
    reading_type: ReadingType = ReadingType.ROUTINE,
    status: BscValidationStatus = BscValidationStatus.VALIDATED,
) -> Iterator[Part]:
    yield parts.meter_point(_newest(index), status)
    yield parts.read(_newest(index), reading_type)


def _unused() -> Iterator[Part]:
    """Yield the empty house's reading: doubted since it stands still, and accepted."""
    yield parts.visit_to_meter(SiteVisitCheckCode.ENERGISED, "Nothing switched on")
    for part in _reading(EMPTY, meter_of(EMPTY), _SEPTEMBER, flag=False):
        yield part
        yield parts.verdict(ReasonCode.ZERO_CONSUMPTION, True)


def history_2026_10_corrections() -> Iterator[Part]:
    """Yield what became of the three: one modified, one withdrawn, one failed.

    The withdrawn one gets another in its place.
    """
    group, night = list(_reading(TWO_RATE, _newest(TWO_RATE), _SEPTEMBER))[1]
    yield from _visit(TWO_RATE, ReadingType.MODIFIED)
    yield group, night
    yield parts.visit_to_register(SiteVisitCheckCode.MODIFIED_MANUALLY)
    yield from _visit(FLAT, ReadingType.WITHDRAWN)
    yield from _reading(FLAT, meter_of(FLAT), _SEPTEMBER, days_more=95)
    yield parts.read(meter_of(FLAT))
    yield from _reading(FLAT, meter_of(FLAT), _SEPTEMBER)
    yield from _visit(COTTAGE, status=_FAILED)
    high = _reading(COTTAGE, meter_of(COTTAGE), _SEPTEMBER, flag=False, days_more=95)
    for part in high:
        yield part
        yield parts.verdict(ReasonCode.OVER_TWICE_EXPECTED, False)


def history_2026_10_round() -> Iterator[Part]:
    """Yield the latest round, in which two meters' readings of September come again."""
    for index in EVERY:
        yield from _visit(index)
        if index in (STAIRS, BAKERY):
            yield from _reading(index, meter_of(index), _SEPTEMBER)
        yield from _reading(index, _newest(index), _OCTOBER)


def history_2026_10_warnings() -> Iterator[Part]:
    """Yield readings that load although something is odd about each of them."""
    flat, cottage, bakery = map(meter_of, (FLAT, COTTAGE, BAKERY))
    # One digit wrong: the meter seems to stand at another meter point.
    mistyped = cottage.mpan_core[:-1] + str((int(cottage.mpan_core[-1]) + 1) % 10)
    yield parts.meter_point(cottage._replace(mpan_core=mistyped))
    yield parts.read(cottage)
    yield from readings_on(COTTAGE, cottage, at(2026, 10, 21))
    yield from _visit(FLAT, ReadingType.CUSTOMER)
    yield from _called_twice(flat, at(2026, 10, 19, 18, 40))
    yield from _visit(EMPTY, status=_FAILED)
    yield from readings_on(EMPTY, meter_of(EMPTY), at(2026, 10, 20), flag=False)
    # Nobody ever sent the reading that is taken back here.
    yield from _visit(STAIRS, ReadingType.WITHDRAWN)
    yield from readings_on(STAIRS, meter_of(STAIRS), at(2026, 10, 18))
    yield from _visit(BAKERY)
    *energy, (group, demand) = readings_on(BAKERY, bakery, at(2026, 10, 22))
    yield from energy
    yield group, demand._replace(md_reset_count=None)


def _called_twice(flat: Meter, read_at: datetime) -> Iterator[Part]:
    """Yield two readings of one time, the time of a telephone call."""
    customer = ReadingType.CUSTOMER
    yield from readings_on(FLAT, flat, read_at, reading_type=customer)
    yield from readings_on(FLAT, flat, read_at, reading_type=customer, days_more=1)
