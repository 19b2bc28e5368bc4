"""Recipes of sample files that show one thing each: registers, times, every group."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

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
from .times import at
from .visits import meters, readings, visit

# Register ids as they are seen on meters, with the readings, in tenths, that try out
# the format: nothing, the smallest, the usual, the largest that NUM(9,1) can hold.
_SHOWN = (
    {"S": 563_110},
    {"TO": 816_410},
    {"01": 202_310, "02": 644_720},
    {"DY": 805_980, "NT": 155_490},
    {"L": 99, "N": 100},
    {"E1": 4_021, "E2": 98_765, "E3": 1},
    {"DY": 34_567, "NT": 12_345, "EW": 23_456},
    {"01": 1, "02": 12, "03": 123, "04": 1_234, "05": 12_345, "06": 123_456},
    {"A1": 0, "A2": 999_999_999},
    {"R1": 41_200, "R2": 37_800},
    {"EX": 88_123, "IM": 190_456},
    {"1": 777, "9Z": 123_456_789},
)


def register_showcase() -> Iterator[Part]:
    """Yield meters of many makes: any two characters can name a register."""
    read_at = at(2026, 1, 15)
    for index, registers in enumerate(_SHOWN):
        shown = meter(seed=120, index=index, kind=Kind(tuple(registers)))
        yield from visit(shown)
        for register_id, tenths in registers.items():
            yield parts.reading(register_id, read_at, tenths)
    demanding = meter(seed=120, index=len(_SHOWN), kind=Kind(("01",), ("MD", "KW")))
    yield from visit(demanding, read_at.date())


def several_readings_a_day() -> Iterator[Part]:
    """Yield special readings, which bear their true time: every half hour of a day."""
    kinds = (Kind(("01",), daily_usage=300), Kind(("DY", "NT"), daily_usage=200))
    for metered in meters(seed=121, count=3, kinds=kinds):
        yield from visit(metered, reading_type=ReadingType.SPECIAL)
        for half_hour in range(49):
            read_at = at(2026, 5, 5) + timedelta(minutes=30 * half_hour)
            yield from readings(metered, read_at, method=ReadingMethod.NOT_VIEWED)


def clock_change() -> Iterator[Part]:
    """Yield special readings in the nights when the clocks go back and forward.

    One stands in the hour that came twice, one in the hour that never was.
    """
    nights = {
        at(2025, 10, 26): (0, 30, 90, 120, 180),
        # 01:30 is taken for 02:30, so nothing is read between.
        at(2026, 3, 29): (0, 30, 90, 180),
    }
    for metered in meters(seed=122, count=2, kinds=[Kind(("01",), daily_usage=300)]):
        yield from visit(metered, reading_type=ReadingType.SPECIAL)
        for start, minutes in nights.items():
            for minute in minutes:
                yield from readings(metered, start + timedelta(minutes=minute))


def every_group() -> Iterator[Part]:
    """Yield every group of the catalogue, and the ways in which they nest."""
    kinds = [Kind(("01", "02"), ("MD",), daily_usage=600)]
    doubted, refused, locked, unread, told = meters(seed=123, count=5, kinds=kinds)
    yield from _accepted_after_all(doubted)
    yield from _refused(refused)
    yield parts.meter_point(locked)
    yield parts.visit_to_premises(SiteVisitCheckCode.NOT_OCCUPIED, "Windows boarded up")
    yield parts.visit_to_premises(SiteVisitCheckCode.CUSTOMER_CANNOT_GIVE_ACCESS)
    yield parts.read(locked)
    yield parts.visit_to_meter(SiteVisitCheckCode.NO_ACCESS, "Card left; call again")
    # A meter with nothing beneath it is legal.
    yield from visit(unread)
    yield from visit(
        told,
        at(2026, 4, 2),
        reading_type=ReadingType.CUSTOMER,
        status=BscValidationStatus.UNVALIDATED,
    )
    yield parts.read(told)
    for group, record in readings(told, at(2026, 4, 9)):
        yield group, record._replace(meter_reading_flag=None)


def _accepted_after_all(doubted: Meter) -> Iterator[Part]:
    """Yield a demand that looked too high, with all that was found on site."""
    *cumulative, (group, demand) = readings(doubted, at(2026, 4, 1))
    yield parts.meter_point(doubted)
    yield parts.visit_to_premises(SiteVisitCheckCode.OCCUPIED, "Ring at the side door")
    yield parts.read(doubted)
    yield parts.visit_to_meter(SiteVisitCheckCode.SEALS_DAMAGED, "Reported by phone")
    yield from cumulative
    yield group, demand._replace(meter_reading_flag=False)
    yield parts.verdict(ReasonCode.OVER_TWICE_EXPECTED, True)
    yield parts.visit_to_register(
        SiteVisitCheckCode.ENERGISED, "New oven, so it is true"
    )


def _refused(refused: Meter) -> Iterator[Part]:
    """Yield readings that failed their check and still do."""
    yield from visit(refused, status=BscValidationStatus.FAILED)
    for part in readings(refused, at(2026, 4, 1), flag=False):
        yield part
        yield parts.verdict(ReasonCode.FAULTY_METER, False)
        yield parts.visit_to_register(SiteVisitCheckCode.METER_STOPPED)
