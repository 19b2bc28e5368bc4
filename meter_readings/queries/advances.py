"""Advances: by how much a register went on from one reading to the next.

Pure arithmetic over readings, in register units: what a unit is worth in kWh, and how
many digits a register has, a D0010 does not say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from meter_readings.d0010 import LONDON
from meter_readings.d0010.codes import Basis, ReadingType
from meter_readings.models import Reading, VersionStatus

# These say nothing about consumption (J0171).
_NOT_FOR_CONSUMPTION = {
    ReadingType.METER_ADVANCE_RECONCILIATION,
    ReadingType.PROVING_TEST,
    ReadingType.WITHDRAWN,
}

# Half-hourly collectors write the midnight that ends a day so.
_END_OF_DAY = time(23, 59, 59)

# A register this near to showing only noughts may have rolled over, if what that makes
# of the advance is nothing out of the ordinary.
_NEARLY_ROUND = Decimal("0.9")
_OUT_OF_THE_ORDINARY = 2

_HUNDREDTH = Decimal("0.01")


class Left(Enum):
    """Why a reading is left out of advances."""

    NOT_CURRENT_Q = "not current"
    DEMAND = "demand"
    NOT_FOR_CONSUMPTION = "not for consumption"
    SUSPECT = "suspect"


class Direction(Enum):
    """Which way a register went."""

    FORWARD = "forward"
    # An estimate was too high, and the next reading puts it right.
    CORRECTION = "correction"
    # A roll-over, another meter, or a reading or estimate that is wrong.
    BACKWARD = "backward"


class Advance(NamedTuple):
    """From one reading to the next of the same register.

    `units` are there unless the register went backwards, `units_if_rollover` only then,
    and only where a roll-over is likely.
    """

    earlier: Reading
    later: Reading
    course: Direction
    days: int
    units: Decimal | None
    units_if_rollover: Decimal | None = None

    @property
    def per_day(self) -> Decimal | None:
        """Return the daily rate to a hundredth, if days went by and units were used."""
        if self.course is not Direction.FORWARD or self.units is None:
            return None
        return _rate(self.units, self.days)

    @property
    def is_estimate(self) -> bool:
        """Return whether one of the two readings is an estimate."""
        return Basis.ESTIMATED in (self.earlier.basis, self.later.basis)


def left_out(reading: Reading, *, is_demand: bool) -> Left | None:
    """Return why a reading has no part in advances, or None where it has."""
    if reading.version_status != VersionStatus.CURRENT:
        return Left.NOT_CURRENT_Q
    if is_demand:
        return Left.DEMAND
    if reading.reading_type in _NOT_FOR_CONSUMPTION:
        return Left.NOT_FOR_CONSUMPTION
    return Left.SUSPECT if reading.is_suspect else None


def advances_between(
    *,
    readings: Iterable[Reading],
    demand_registers: Collection[tuple[int, str]] = (),
) -> list[Advance]:
    """Return the advances from reading to reading of each register, in time.

    The readings may be of several meters and in any order. A demand register is one of
    `demand_registers`, as (meter_id, register_id), or tells of a reset itself.
    """
    of_register: dict[tuple[int, str], dict[object, Reading]] = defaultdict(dict)
    for reading in readings:
        of_register[reading.meter_id, reading.register_id][_identity(reading)] = reading
    found: list[Advance] = []
    for key, chain in of_register.items():
        is_demand = key in demand_registers or any(map(_has_reset, chain.values()))
        found += _advances_of_register(
            sorted(
                (
                    reading
                    for reading in chain.values()
                    if left_out(reading, is_demand=is_demand) is None
                ),
                key=lambda reading: reading.read_at,
            )
        )
    return sorted(found, key=lambda advance: advance.later.read_at)


def _identity(reading: Reading) -> object:
    """Return what a reading is known by; one that is not stored is itself."""
    return reading.pk or id(reading)


def _has_reset(reading: Reading) -> bool:
    return reading.md_reset_at is not None or reading.md_reset_count is not None


def _advances_of_register(chain: list[Reading]) -> Iterator[Advance]:
    """Yield the advances along the readings of one register."""
    plain = [_advance(earlier, later) for earlier, later in pairwise(chain)]
    rates = [
        advance.units / advance.days
        for advance in plain
        if advance.course is Direction.FORWARD and advance.units is not None
        if advance.days
    ]
    usual_rate = median(rates) if rates else None
    for advance in plain:
        if advance.course is Direction.BACKWARD and usual_rate is not None:
            advance = advance._replace(
                units_if_rollover=_rolled_over(advance, usual_rate)
            )
        yield advance


def _advance(earlier: Reading, later: Reading) -> Advance:
    units = later.value - earlier.value
    days = (_local_day(later) - _local_day(earlier)).days
    if units >= 0:
        return Advance(earlier, later, Direction.FORWARD, days, units)
    if earlier.basis is Basis.ESTIMATED:
        return Advance(earlier, later, Direction.CORRECTION, days, units)
    return Advance(earlier, later, Direction.BACKWARD, days, None)


def _local_day(reading: Reading) -> date:
    """Return the day by the local clock; the last second of one begins the next."""
    local = reading.read_at.astimezone(LONDON)
    return local.date() + timedelta(days=local.time() == _END_OF_DAY)


def _rolled_over(advance: Advance, usual_rate: Decimal) -> Decimal | None:
    """Return the advance if the register rolled over, where that is likely."""
    reached = advance.earlier.value
    round_number = Decimal(10) ** len(str(int(reached)))
    if reached < _NEARLY_ROUND * round_number or not advance.days:
        return None
    units = advance.later.value - reached + round_number
    is_ordinary = units / advance.days < _OUT_OF_THE_ORDINARY * usual_rate
    return units if is_ordinary else None


def _rate(units: Decimal, days: int) -> Decimal | None:
    return (units / days).quantize(_HUNDREDTH) if days else None
