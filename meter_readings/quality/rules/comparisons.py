"""Rules that compare the readings of one register."""

from __future__ import annotations

from collections.abc import Iterator

from meter_readings.d0010.codes import ReasonCode
from meter_readings.models import Severity
from meter_readings.quality.advances import Advance, days_of, is_long
from meter_readings.quality.calendar import SECONDS_PER_DAY
from meter_readings.quality.history import Register

from .base import Raised, register_rule, units

_YEAR = 365 * SECONDS_PER_DAY
_SEASON_SHIFT = 31 * SECONDS_PER_DAY


@register_rule(
    "Backwards",
    Severity.ERROR,
    ReasonCode.NEGATIVE_CONSUMPTION,
    condition="reading below the previous valid one",
)
def backwards(register: Register) -> Raised:
    """The reading is below the previous actual reading.

    A reading below an estimate, but not below the actual reading before that, corrects
    the estimate and is not raised. Nor is a likely roll-over.
    """
    if register.is_export:
        return
    for earlier, row in register.compared.backwards:
        yield row, f"{units(row.value)} is below {units(earlier.value)} before it."


@register_rule(
    "Roll-over",
    Severity.NOTE,
    ReasonCode.NEGATIVE_CONSUMPTION,
    condition="later - earlier + 10^digits is below 2 x expected",
)
def rollover(register: Register) -> Raised:
    """The register probably passed its full scale and started from zero again.

    It was near full scale, the advance over zero is usual, and it did not come back.
    """
    if register.is_export:
        return
    for earlier, row, advanced in register.compared.rollovers:
        yield row, (
            f"{units(earlier.value)} to {units(row.value)} is an advance of"
            f" {units(advanced)} over zero."
        )


@register_rule(
    "High",
    Severity.WARNING,
    ReasonCode.OVER_TWICE_EXPECTED,
    condition="advance > 2 x expected",
)
def high(register: Register) -> Raised:
    """The advance is over twice that expected from the register's year before.

    It is not raised for seasonal registers, short periods and small advances.
    """
    for each, rate in register.compared.high:
        expected = rate * each.units / each.rate
        yield each.later, (
            f"Advance of {units(each.units)} in {days_of(each):.0f} days;"
            f" {units(expected)} expected."
        )


@register_rule(
    "Spike",
    Severity.ERROR,
    ReasonCode.OVER_TWICE_EXPECTED,
    condition="average daily use against own history, before and after; our limit",
)
def spike(register: Register) -> Raised:
    """The use per day is many times that of the register before and after.

    It is not raised where most readings of the time are estimates.
    """
    for earlier, row, usual in register.compared.spikes:
        yield row, (
            f"{units(earlier.value)} to {units(row.value)};"
            f" usual use is {units(usual)} a day."
        )


@register_rule(
    "Zero advance",
    Severity.NOTE,
    ReasonCode.ZERO_CONSUMPTION,
    condition="advance = 0",
)
def zero(register: Register) -> Raised:
    """The register did not advance.

    It is not raised for a register of a seasonal tariff, whose meter was used otherwise
    or which did not advance at this time of the year before; nor where the latest
    visit found the place vacant or without supply. Only the first of several is raised.
    """
    for run in _zero_runs(register):
        yield run[0].later, _zero_text(run[:1])


@register_rule(
    "Repeated zero advance",
    Severity.WARNING,
    ReasonCode.INVALID_ZERO_ADVANCES,
    condition="advance = 0 again",
)
def repeated_zero(register: Register) -> Raised:
    """The register did not advance several times in succession: it may have stopped."""
    count = register.thresholds.repeated_zeros
    for run in _zero_runs(register):
        if len(run) >= count:
            yield run[count - 1].later, _zero_text(run[:count])


def _zero_text(run: list[Advance]) -> str:
    days = sum(map(days_of, run))
    return f"No advance from {units(run[0].later.value)} in {days:.0f} days."


def _zero_runs(register: Register) -> Iterator[list[Advance]]:
    """Yield the successive advances of zero that nothing explains."""
    if register.is_export:
        return
    run: list[Advance] = []
    for each in register.compared.advances:
        if not is_long(each, register.thresholds):
            continue
        if each.units == 0 and not _is_explained(register, each):
            run.append(each)
            continue
        if run:
            yield run
        run = []
    if run:
        yield run


def _is_explained(register: Register, each: Advance) -> bool:
    meter = register.meter
    return (
        meter.point.is_vacant(each.later.at)
        or any(
            _is_used(other, each) for other in meter.registers if other is not register
        )
        or any(
            other.units == 0
            and abs(each.later.at - other.later.at - _YEAR) <= _SEASON_SHIFT
            for other in register.compared.advances
        )
    )


def _is_used(other: Register, each: Advance) -> bool:
    """Return whether another register of the meter advanced in the same time."""
    if other.is_demand or other.is_export:
        return False
    values = [
        row.value
        for row in other.accepted
        if each.earlier.at - SECONDS_PER_DAY
        <= row.at
        <= each.later.at + SECONDS_PER_DAY
    ]
    return bool(values) and max(values) > min(values)
