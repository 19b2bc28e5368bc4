"""The comparison of the readings of one register: what each advanced by, and from what.

Only measured readings are compared: one after an estimate is compared with the last
actual one, so an estimate that was too high or too low needs no exception.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from .calendar import SECONDS_PER_DAY, day_number, use_until_day
from .rows import Row
from .thresholds import Thresholds

# How long before, and for a spike after, a reading its register's use is looked at
_HISTORY = 400 * SECONDS_PER_DAY
_MIN_HISTORY = 3

# A register that rolled over had reached this share of its full scale.
_ROLLOVER_SHARE = 0.9
_MIN_ROLLOVER_DIGITS = 4

# Fewer digits than a meter has are no sign of a wrong value.
_MIN_DIGITS = 5


class Advance(NamedTuple):
    """What a register advanced by; `rate` is per average day, in thousandths."""

    earlier: Row
    later: Row
    units: int
    rate: float


class Comparison(NamedTuple):
    """The readings of a register that are not what those around them let expect."""

    advances: list[Advance]
    too_wide: list[tuple[Row, Row]]
    spikes: list[tuple[Row, Row, float]]
    backwards: list[tuple[Row, Row]]
    rollovers: list[tuple[Row, Row, int]]
    high: list[tuple[Advance, float]]


def compare(
    valid: Sequence[Row], thresholds: Thresholds, *, is_export: bool
) -> Comparison:
    """Compare the valid readings of a register in time order.

    A register of export has neither jumps nor high advances.
    """
    measured = [row for row in valid if not row.is_estimated]
    jumps = [] if is_export else list(_jumps(valid, measured, thresholds))
    too_wide = [(earlier, row) for earlier, row, _ in jumps if _is_wider(earlier, row)]
    spikes = [jump for jump in jumps if not _is_wider(*jump[:2])]
    wrong = {row.at for _, row in too_wide}
    wrong |= {row.at for _, row, _ in spikes if _is_taken_back(row, measured)}
    rows = [row for row in valid if row.at not in wrong]
    usual = _usual_rate([row for row in measured if row.at not in wrong])
    walk = _Walk(rows, thresholds.high_factor * usual if usual else 0.0)
    jumped = {row.at for _, row, _ in spikes}
    high = [
        each
        for each in ([] if is_export else _high(walk.advances, thresholds))
        if each[0].later.at not in jumped
    ]
    return Comparison(
        walk.advances, too_wide, spikes, walk.backwards, walk.rollovers, high
    )


def advance(earlier: Row, later: Row, units: int | None = None) -> Advance:
    if units is None:
        units = later.value - earlier.value
    use = use_until_day()
    days = use[day_number(later.at)] - use[day_number(earlier.at)]
    return Advance(earlier, later, units, units / days if days else 0.0)


def days_of(each: Advance) -> float:
    return (each.later.at - each.earlier.at) / SECONDS_PER_DAY


def is_long(each: Advance, thresholds: Thresholds) -> bool:
    """Return whether an advance took the days that a comparison needs."""
    return days_of(each) >= thresholds.min_days - 0.5


def _is_sizable(each: Advance, thresholds: Thresholds) -> bool:
    return each.units >= thresholds.min_units * 1000 and is_long(each, thresholds)


def digits(value: int) -> int:
    """Return the number of digits before the decimal point."""
    return len(str(value // 1000))


def _is_wider(earlier: Row, later: Row) -> bool:
    return digits(later.value) > max(_MIN_DIGITS, digits(earlier.value))


def _jumps(
    valid: Sequence[Row], measured: Sequence[Row], thresholds: Thresholds
) -> Iterator[tuple[Row, Row, float]]:
    """Yield the readings that advanced many times as fast as those around them.

    Each with the reading before it and the usual rate.
    """
    pairs = [advance(earlier, later) for earlier, later in pairwise(measured)]
    for number, each in enumerate(pairs):
        # After a fall, the reading before it may be the wrong one.
        is_after_fall = number > 0 and pairs[number - 1].units < 0
        if is_after_fall or not _is_sizable(each, thresholds):
            continue
        # The advance after a wrong reading is as wrong as that before it.
        others = [
            other.rate
            for index, other in enumerate(pairs)
            if index not in (number, number + 1)
            and other.units > 0
            and abs(other.later.at - each.later.at) <= _HISTORY
        ]
        if len(others) >= _MIN_HISTORY and not _is_mostly_estimated(valid, each):
            usual = median(others)
            if each.rate > thresholds.spike_factor * usual:
                yield each.earlier, each.later, usual


def _is_mostly_estimated(valid: Sequence[Row], each: Advance) -> bool:
    near = [row for row in valid if abs(row.at - each.later.at) <= _HISTORY]
    return 2 * sum(row.is_estimated for row in near) > len(near)


def _is_taken_back(row: Row, measured: Sequence[Row]) -> bool:
    """Return whether the next reading is below this one."""
    later = [other for other in measured if other.at > row.at]
    return bool(later) and later[0].value < row.value


def _usual_rate(measured: Sequence[Row]) -> float | None:
    rates = [
        each.rate
        for each in (advance(earlier, later) for earlier, later in pairwise(measured))
        if each.units > 0
    ]
    return median(rates) if rates else None


class _Walk:
    """Compares each reading with the measured one before it that was not wrong.

    An advance over zero is usual if its rate is below `max_rate`.
    """

    def __init__(self, rows: Sequence[Row], max_rate: float) -> None:
        self.advances: list[Advance] = []
        self.backwards: list[tuple[Row, Row]] = []
        self.rollovers: list[tuple[Row, Row, int]] = []
        self._max_rate = max_rate
        previous: Row | None = None
        for number, row in enumerate(rows):
            if previous is None:
                previous = None if row.is_estimated else row
            elif row.value >= previous.value:
                if not row.is_estimated:
                    self.advances.append(advance(previous, row))
                    previous = row
            else:
                following = (r for r in rows[number + 1 :] if not r.is_estimated)
                has_fallen = self._compare_fall(previous, row, next(following, None))
                if has_fallen and not row.is_estimated:
                    previous = row

    def _compare_fall(self, previous: Row, row: Row, following: Row | None) -> bool:
        """Find why a reading is lower; return whether the register stays that low."""
        came_back = following is not None and following.value >= previous.value
        units = None if came_back else self._units_over_zero(previous, row)
        if units is None:
            self.backwards.append((previous, row))
        elif not row.is_estimated:
            self.rollovers.append((previous, row, units))
            self.advances.append(advance(previous, row, units))
        return not came_back

    def _units_over_zero(self, earlier: Row, later: Row) -> int | None:
        """Return the advance over full scale, if the register may have rolled over."""
        count = digits(earlier.value)
        full_scale = 10**count * 1000
        if count < _MIN_ROLLOVER_DIGITS or earlier.value < _ROLLOVER_SHARE * full_scale:
            return None
        rolled = advance(earlier, later, later.value - earlier.value + full_scale)
        return rolled.units if 0 < rolled.rate < self._max_rate else None


def _high(
    advances: list[Advance], thresholds: Thresholds
) -> Iterator[tuple[Advance, float]]:
    """Yield the advances over twice the expected one, with the expected rate.

    It is the median of the year before. A register that was not used for some of that
    time is compared with its highest rate: its use is seasonal, or it was vacant.
    """
    for number, each in enumerate(advances):
        if not _is_sizable(each, thresholds):
            continue
        before = [
            other.rate
            for other in advances[:number]
            if each.later.at - other.later.at <= _HISTORY and is_long(other, thresholds)
        ]
        if len(before) < _MIN_HISTORY:
            continue
        expected = max(before) if 0 in before else median(before)
        if each.rate > thresholds.high_factor * expected > 0:
            yield each, expected
