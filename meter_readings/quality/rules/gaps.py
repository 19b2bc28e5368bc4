"""Rules about time: what was not read, not measured, or not read any more."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from statistics import median

from meter_readings.models import Severity
from meter_readings.quality.calendar import SECONDS_PER_DAY, is_longer_than_months
from meter_readings.quality.history import Register, gaps
from meter_readings.quality.rows import Row

from .base import Raised, register_rule

_MIN_GAPS = 2

# What was not read for longer is not supplied any more.
_MAX_SILENT_DAYS = 730


@register_rule(
    "Long period",
    Severity.WARNING,
    None,
    condition="more than 14 months between valid readings (deemed at RF)",
)
def long_period(register: Register) -> Raised:
    """More than 14 months lie between this valid reading and the one before.

    Settlement's final run, RF, has used a deemed reading meanwhile.
    """
    thresholds = register.thresholds
    limits = thresholds.long_period_months, thresholds.max_period_months
    for earlier, row in _longer_than(register, limits[0]):
        if not is_longer_than_months(earlier.at, row.at, limits[1]):
            yield row, _period_text(earlier, row)


@register_rule(
    "Period too long for Settlement",
    Severity.ERROR,
    None,
    condition="more than 15 months between valid readings",
)
def max_period(register: Register) -> Raised:
    """More than 15 months lie between this valid reading and the one before.

    Settlement's EAC/AA system does not take such an advance.
    """
    limit = register.thresholds.max_period_months
    for earlier, row in _longer_than(register, limit):
        yield row, _period_text(earlier, row)


def _longer_than(register: Register, months: int) -> Iterator[tuple[Row, Row]]:
    for earlier, row in pairwise(register.valid):
        days = (row.at - earlier.at) // SECONDS_PER_DAY
        if days >= months * 28 and is_longer_than_months(earlier.at, row.at, months):
            yield earlier, row


def _period_text(earlier: Row, row: Row) -> str:
    days = round((row.at - earlier.at) / SECONDS_PER_DAY)
    return f"The valid reading before it was {days} days earlier."


@register_rule(
    "Only estimates",
    Severity.WARNING,
    None,
    condition="only deemed readings for a year",
)
def only_estimates(register: Register) -> Raised:
    """For a year there were only estimates, and no actual reading."""
    limit = register.thresholds.estimates_days
    since: Row | None = None
    is_raised = False
    for row in register.valid:
        if not row.is_estimated or since is None:
            since, is_raised = row, False
            continue
        days = round((row.at - since.at) / SECONDS_PER_DAY)
        if days >= limit and not is_raised:
            is_raised = True
            yield row, f"Only estimates for {days} days."


@register_rule(
    "Silent register",
    Severity.WARNING,
    None,
    condition="no reading for longer than the register's cycle; our limit",
)
def silent(register: Register) -> Raised:
    """The register has no reading for longer than two of its usual intervals.

    It is not raised for a removed meter, nor for what was not read for two years.
    """
    meter = register.meter
    if not register.accepted:
        return
    last = register.accepted[-1]
    days = (meter.point.now - last.at) / SECONDS_PER_DAY
    thresholds = register.thresholds
    if not thresholds.silent_days < days <= _MAX_SILENT_DAYS or meter.is_removed:
        return
    between = [gap for gap in gaps(register.accepted) if gap > SECONDS_PER_DAY]
    if len(between) >= _MIN_GAPS:
        cycle = median(between) / SECONDS_PER_DAY
        if days > thresholds.silent_cycles * cycle:
            yield last, f"The latest reading; the usual interval is {cycle:.0f} days."
