"""What the rules look at: the current readings of meter points, as plain numbers.

The order is fixed: invalid readings are removed, then gaps are found, then readings
are compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import groupby, pairwise
from operator import attrgetter
from typing import NamedTuple

from meter_readings.d0010.codes import ReadingType

from .advances import Comparison, compare
from .calendar import SECONDS_PER_DAY, day_number, use_until_day
from .rows import ESTIMATED, Row
from .thresholds import Thresholds

# Readings of these types measure no consumption, or were withdrawn.
_NOT_COMPARED = {
    ReadingType.METER_ADVANCE_RECONCILIATION.value,
    ReadingType.PROVING_TEST.value,
    ReadingType.WITHDRAWN.value,
}

# Registers of export by the trade's habit (`codes.REGISTER_MEANINGS`)
EXPORT_REGISTERS = {"EX"}

# 0xFFFFFFFF and 0x7FFFFFFF in Wh, which smart meters send instead of a value, as kWh
# with three decimals or rounded or cut to one, in thousandths.
ERROR_CODES = {
    *(4_294_967_295, 4_294_967_300, 4_294_967_200),
    *(2_147_483_647, 2_147_483_600),
}

# A register with no gap of so many days has none of 14 months.
_SHORT_GAP = 400 * SECONDS_PER_DAY


class Register:
    """The readings of one register in time order, and what follows from them."""

    meter: Meter  # Set by its constructor

    def __init__(self, rows: list[Row], thresholds: Thresholds) -> None:
        self.rows = rows
        self.thresholds = thresholds
        self.register_id = rows[0].register_id
        # More than any meter shows
        self.full_scale = int(10**thresholds.max_digits) * 1000
        self.is_export = self.register_id in EXPORT_REGISTERS
        self.is_demand = any([row.is_demand for row in rows])
        self.accepted = [
            row
            for row in rows
            if not row.is_suspect and row.reading_type not in _NOT_COMPARED
        ]

    @cached_property
    def is_plain(self) -> bool:
        """Whether no rule about values, estimates or gaps can raise anything.

        All readings are measured and short, and the use per day, by season, is never
        twice that of another time. It spares most registers the rules.
        """
        rows = self.accepted
        if self.is_demand or len(rows) != len(self.rows):
            return False
        use, factor = use_until_day(), self.thresholds.high_factor
        lowest = float("inf")
        highest = 0.0
        previous: Row | None = None
        for row in rows:
            if row.reading_type in ESTIMATED or row.value >= self.full_scale:
                return False
            if row.value in ERROR_CODES:
                return False
            if previous is not None:
                units = row.value - previous.value
                if units <= 0 or row.at - previous.at > _SHORT_GAP:
                    return False
                days = use[day_number(row.at)] - use[day_number(previous.at)]
                if not days:
                    return False
                rate = units / days
                lowest, highest = min(lowest, rate), max(highest, rate)
            previous = row
        return highest <= factor * lowest

    @cached_property
    def valid(self) -> list[Row]:
        """The readings without error codes and without impossibly many digits."""
        return [
            row
            for row in self.accepted
            if row.value not in ERROR_CODES and not self.has_too_many_digits(row)
        ]

    @cached_property
    def compared(self) -> Comparison:
        rows = [] if self.is_demand else self.valid
        return compare(rows, self.thresholds, is_export=self.is_export)

    def has_too_many_digits(self, row: Row) -> bool:
        return row.value >= self.full_scale


class Meter:
    """The registers of one meter at one meter point."""

    point: MeterPoint  # Set by its constructor

    def __init__(self, registers: list[Register]) -> None:
        self.registers = registers
        for register in registers:
            register.meter = self
        self.meter_id = registers[0].rows[0].meter_id

    @cached_property
    def rows(self) -> list[Row]:
        """The valid readings of all registers in time order."""
        rows = [row for register in self.registers for row in register.accepted]
        return sorted(rows, key=attrgetter("at"))

    @property
    def is_removed(self) -> bool:
        """Whether it had its final reading, or another meter is read since."""
        if self.finals and not self._is_back:
            return True
        latest, others = self.rows[-1].at, self.point.meters
        return any(bool(other.rows) and other.rows[0].at > latest for other in others)

    @property
    def _is_back(self) -> bool:
        return any(row.at >= self.finals[-1].at for row in self.initials)

    @cached_property
    def finals(self) -> list[Row]:
        return [row for row in self.rows if row.reading_type == ReadingType.FINAL]

    @cached_property
    def initials(self) -> list[Row]:
        return [row for row in self.rows if row.reading_type == ReadingType.INITIAL]


class Span(NamedTuple):
    """From when to when a meter was read, and the time of its final reading."""

    first_at: int
    last_at: int
    final_at: int | None


class MeterPoint:
    """The meters of one meter point, and what else is known about it."""

    def __init__(
        self,
        meters: list[Meter],
        *,
        now: int,
        thresholds: Thresholds,
        vacancies: Iterable[tuple[int, bool]] = (),
        same_serials: dict[int, list[Span]] | None = None,
        data_start: int | None = None,
    ) -> None:
        self.meters = meters
        self.now = now
        self.thresholds = thresholds
        self.data_start = data_start
        # By meter, where other meter points have a meter of the same serial number
        self.same_serials = same_serials or {}
        # When files reported that nothing can be used here, or that it can
        self._vacancies = sorted(vacancies)
        for meter in meters:
            meter.point = self

    def is_vacant(self, at: int) -> bool:
        """Return whether the latest visit until a time found nobody, or no supply."""
        reported = [
            vacant for reported_at, vacant in self._vacancies if reported_at <= at
        ]
        return any(reported[-1:])


def meters_of(rows: Iterable[Row], thresholds: Thresholds) -> list[Meter]:
    """Return the meters of ordered readings of one meter point."""
    return [
        Meter([Register(list(group), thresholds) for _, group in registers])
        for registers in _by_register(rows)
    ]


def _by_register(rows: Iterable[Row]) -> Iterator[Iterator[tuple[str, Iterator[Row]]]]:
    for _, meter_rows in groupby(rows, key=attrgetter("meter_id")):
        yield groupby(meter_rows, key=attrgetter("register_id"))


def gaps(rows: Iterable[Row]) -> list[int]:
    """Return the seconds between successive readings."""
    return [later.at - earlier.at for earlier, later in pairwise(rows)]
