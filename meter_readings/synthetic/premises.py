"""Recipes of sample files by who is supplied: from a flat to a factory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from meter_readings.d0010.codes import (
    BscValidationStatus,
    ReadingMethod,
    ReadingType,
    ReasonCode,
    SiteVisitCheckCode,
)

from . import parts
from .meters import Kind, Meter, meter
from .parts import Part
from .times import at, midnight
from .visits import meters, readings, visit


def commercial() -> Iterator[Part]:
    """Yield shops and offices: day, night and weekend, demand, two meters on one."""
    kinds = (
        Kind(("TO",), daily_usage=300),
        Kind(("DY", "NT", "EW"), daily_usage=200),
        Kind(("01", "02"), ("MD",), daily_usage=350),
    )
    changes = {
        4: ReadingType.ACTUAL_CHANGE_OF_TENANCY,
        8: ReadingType.ACTUAL_CHANGE_OF_SUPPLIER,
    }
    for index, metered in enumerate(meters(seed=101, count=12, kinds=kinds)):
        day = date(2026, 3, 2 + index)
        reading_type = changes.get(index, ReadingType.ROUTINE)
        yield from visit(metered, day, reading_type=reading_type)
        if index % 5 == 0:
            # A second meter at the same meter point is nothing unusual.
            second = meter(seed=101, index=index, kind=kinds[0], is_new=True)
            yield parts.read(second, reading_type)
            yield from readings(second, midnight(day))


def economy_7() -> Iterator[Part]:
    """Yield homes with a cheaper night, whose registers bear various names."""
    kinds = (Kind(("DY", "NT")), Kind(("01", "02")), Kind(("L", "N")))
    types = (
        ReadingType.ROUTINE,
        ReadingType.ROUTINE,
        ReadingType.CUSTOMER,
        ReadingType.DEEMED_OR_ESTIMATED,
    )
    for index, home in enumerate(meters(seed=102, count=16, kinds=kinds)):
        day = date(2026, 2, 3 + index)
        yield from visit(home, day, reading_type=types[index % len(types)])


def industrial_maximum_demand() -> Iterator[Part]:
    """Yield factories over three months, whose highest demand is reset each time."""
    kinds = (
        Kind(("01", "02"), ("MD",), daily_usage=450),
        Kind(("01", "02", "R1"), ("M1", "M2"), daily_usage=800),
    )
    months = [date(2026, month, 1) for month in (2, 3, 4)]
    *factories, reset_twice, idle = meters(seed=103, count=8, kinds=kinds)
    for factory in factories:
        yield from visit(factory, *months)
    yield from _suspect_demand(
        reset_twice,
        ReasonCode.SEVERAL_DEMAND_RESETS,
        SiteVisitCheckCode.SEVERAL_DEMAND_RESETS,
        is_accepted=True,
        md_reset_count=2,
    )
    yield from _suspect_demand(
        idle,
        ReasonCode.ZERO_DEMAND,
        SiteVisitCheckCode.ZERO_DEMAND_REGISTER,
        is_accepted=False,
        value=Decimal("0.0"),
    )


def _suspect_demand(
    factory: Meter,
    reason: ReasonCode,
    found: SiteVisitCheckCode,
    *,
    is_accepted: bool,
    **suspect: Any,
) -> Iterator[Part]:
    """Yield the readings of a factory whose demand is suspect in one respect."""
    statuses = {True: BscValidationStatus.VALIDATED, False: BscValidationStatus.FAILED}
    yield from visit(factory, status=statuses[is_accepted])
    for group, record in readings(factory, midnight(date(2026, 4, 1))):
        if record.md_reset_at is None:
            yield group, record
        else:
            yield group, record._replace(meter_reading_flag=False, **suspect)
            yield parts.verdict(reason, is_accepted)
            yield parts.visit_to_register(found)


def half_hourly_reconciliation() -> Iterator[Part]:
    """Yield what a half-hourly collector reads: the last second of the day before."""
    kinds = (Kind(("01",), daily_usage=400), Kind(("01", "R1"), daily_usage=300))
    for factory in meters(seed=104, count=6, kinds=kinds):
        yield parts.meter_point(factory)
        yield parts.read(factory, ReadingType.METER_ADVANCE_RECONCILIATION)
        for month, day in (2, 28), (3, 31):
            read_at = at(2026, month, day, 23, 59, 59)
            yield from readings(factory, read_at, method=ReadingMethod.NOT_VIEWED)


def prepayment() -> Iterator[Part]:
    """Yield token meters, collected electronically, some of them reset on site."""
    kinds = (Kind(("01",), daily_usage=60), Kind(("01", "02"), daily_usage=45))
    visits = {
        3: (SiteVisitCheckCode.TOKEN_METER_RESET, "Meter set to the new tariff"),
        7: (SiteVisitCheckCode.TOKEN_METER_NOT_RESET, "Customer asked for another day"),
        11: (SiteVisitCheckCode.REMOTELY_RE_ARMED, ""),
    }
    for index, home in enumerate(meters(seed=105, count=14, kinds=kinds)):
        yield parts.meter_point(home)
        yield parts.read(home, ReadingType.PREPAYMENT)
        if index in visits:
            yield parts.visit_to_meter(*visits[index])
        read_at = at(2026, 4, 1 + index)
        yield from readings(home, read_at, method=ReadingMethod.NOT_VIEWED)


def residential_smart() -> Iterator[Part]:
    """Yield homes read from afar each week, some of which export too.

    Readings at a change of supplier are not validated yet.
    """
    kinds = (Kind(("01",)), Kind(("01", "02")), Kind(("01", "EX"), daily_usage=70))
    weeks = [date(2026, 4, 1 + 7 * week) for week in range(4)]
    remote = ReadingMethod.NOT_VIEWED
    *homes, moved_in, moved_out = meters(seed=106, count=24, kinds=kinds)
    for home in homes:
        yield from visit(home, *weeks, method=remote)
    for home in moved_in, moved_out:
        yield from visit(
            home,
            date(2026, 4, 9),
            reading_type=ReadingType.ACTUAL_CHANGE_OF_SUPPLIER,
            status=BscValidationStatus.UNVALIDATED,
            method=remote,
        )


def small_business() -> Iterator[Part]:
    """Yield cafés and workshops, with all that happens on a collector's round."""
    kinds = (
        Kind(("S",), daily_usage=250),
        Kind(("01", "02"), daily_usage=180),
        Kind(("DY", "NT", "EW"), daily_usage=120),
    )
    *shops, closed, doubted, workshop = meters(seed=107, count=15, kinds=kinds)
    for index, shop in enumerate(shops):
        yield from visit(shop, date(2026, 5, 4 + index))
    yield parts.meter_point(closed)
    yield parts.visit_to_premises(SiteVisitCheckCode.NOT_OCCUPIED, "Shutters down")
    yield parts.read(closed)
    yield parts.visit_to_meter(SiteVisitCheckCode.NO_ACCESS, "Card left")
    yield from visit(doubted, status=BscValidationStatus.FAILED)
    for part in readings(doubted, at(2026, 5, 18), flag=False):
        yield part
        yield parts.verdict(ReasonCode.OVER_TWICE_EXPECTED, False)
    yield from visit(workshop, date(2026, 5, 19), reading_type=ReadingType.CUSTOMER)
    yield parts.read(workshop, ReadingType.SPECIAL)
    yield from readings(workshop, at(2026, 5, 21, 14, 35))
