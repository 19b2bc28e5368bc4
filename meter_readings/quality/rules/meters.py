"""Rules about the meters of one meter point: their visits, exchanges and numbers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise

from meter_readings.d0010.codes import ReadingType, ReasonCode
from meter_readings.models import Severity
from meter_readings.quality.calendar import SECONDS_PER_DAY, local_day
from meter_readings.quality.history import Meter, MeterPoint, Span
from meter_readings.quality.rows import Row

from .base import Raised, meter_point_rule

# A first reading of one of these types says why a meter point is new.
_FIRST_TYPES = {
    ReadingType.INITIAL.value,
    ReadingType.ACTUAL_CHANGE_OF_SUPPLIER.value,
    ReadingType.SUPPLIER_AGREED.value,
    ReadingType.FORWARD_CHANGE_OF_AGENT.value,
    ReadingType.FORWARD_CHANGE_OF_SUPPLIER.value,
    ReadingType.REVERSE_CHANGE_OF_SUPPLIER.value,
}


@meter_point_rule(
    "Register dates differ",
    Severity.WARNING,
    ReasonCode.INCONSISTENT_READ_DATE,
    condition="registers of one meter and visit with different dates",
)
def visit_dates(point: MeterPoint) -> Raised:
    """Registers of one meter were read on different days at one visit."""
    for meter in point.meters:
        if len(meter.registers) > 1 and not _is_read_together(meter):
            yield from _different_dates(meter)


def _is_read_together(meter: Meter) -> bool:
    times = [[row.at for row in register.rows] for register in meter.registers]
    return all(each == times[0] for each in times)


def _different_dates(meter: Meter) -> Raised:
    visits: dict[tuple[int | None, int], list[list[Row]]] = defaultdict(list)
    for register in meter.registers:
        by_visit: dict[tuple[int | None, int], list[Row]] = defaultdict(list)
        for row in register.rows:
            by_visit[row.flow_file_id, row.visit_line].append(row)
        for key, rows in by_visit.items():
            visits[key].append(rows)
    for registers in visits.values():
        # A visit at which registers were left out has no pairs to compare.
        if len({len(rows) for rows in registers}) == 1:
            for together in zip(*registers, strict=True):
                days = [local_day(row.at) for row in together]
                usual = Counter(days).most_common(1)[0][0]
                for row, day in zip(together, days, strict=True):
                    if day != usual:
                        yield row, f"Another register was read on {usual:%d %B %Y}."


@meter_point_rule(
    "Reading after the final one",
    Severity.ERROR,
    ReasonCode.METER_NOT_ON_SITE,
    condition="reading for a meter removed",
)
def after_final(point: MeterPoint) -> Raised:
    """The meter was read after its final reading, without an initial one since.

    Readings on the day of an exchange are not raised.
    """
    for meter in point.meters:
        if meter.finals:
            for row in meter.rows:
                final = _latest(meter.finals, row)
                if final and not _is_between(meter.initials, final, row):
                    day = local_day(final.at)
                    yield row, f"The final reading was on {day:%d %B %Y}."


@meter_point_rule(
    "Reading before the initial one",
    Severity.ERROR,
    ReasonCode.METER_NOT_ON_SITE,
    condition="reading before the meter's installation date",
)
def before_initial(point: MeterPoint) -> Raised:
    """The meter was read before its initial reading, without a final one between.

    Readings on the day of an exchange are not raised.
    """
    for meter in point.meters:
        if meter.initials:
            for row in meter.rows:
                later = [
                    i for i in meter.initials if local_day(i.at) > local_day(row.at)
                ]
                if later and not _is_between(meter.finals, row, later[0]):
                    day = local_day(later[0].at)
                    yield row, f"The initial reading was on {day:%d %B %Y}."


def _latest(finals: list[Row], row: Row) -> Row | None:
    """Return the latest final reading of an earlier day."""
    earlier = [final for final in finals if local_day(final.at) < local_day(row.at)]
    return earlier[-1] if earlier else None


def _is_between(rows: list[Row], earlier: Row, later: Row) -> bool:
    first, last = local_day(earlier.at), local_day(later.at)
    return any(first <= local_day(row.at) <= last for row in rows)


@meter_point_rule(
    "Exchange without a final reading",
    Severity.WARNING,
    ReasonCode.METER_CHANGE,
    condition="an initial reading of a new serial number, no F of the old one",
)
def exchange_without_final(point: MeterPoint) -> Raised:
    """A new meter has an initial reading, and the one before it no final reading."""
    for old, new in _exchanges(point):
        if new.initials and not _has_near(old.finals, new.rows[0]):
            yield old.rows[
                -1
            ], "The latest reading before the exchange is no final one."


@meter_point_rule(
    "Exchange without an initial reading",
    Severity.WARNING,
    ReasonCode.METER_CHANGE,
    condition="a final reading of the old serial number, no I of the new one",
)
def exchange_without_initial(point: MeterPoint) -> Raised:
    """A meter has a final reading, and the one after it no initial reading."""
    for old, new in _exchanges(point):
        if old.finals and not _is_near_first(new):
            yield new.rows[0], "The first reading after the exchange is no initial one."


@meter_point_rule(
    "New serial number",
    Severity.WARNING,
    ReasonCode.STANDING_DATA_INCORRECT,
    condition="a serial number not known at the meter point",
)
def new_serial(point: MeterPoint) -> Raised:
    """Another serial number was read from now on, with neither a final nor an initial
    reading. Two meters that are both still read are not raised.
    """
    for old, new in _exchanges(point):
        if not old.finals and not new.initials:
            yield new.rows[0], "The first reading of this serial number."


def _exchanges(point: MeterPoint) -> Iterator[tuple[Meter, Meter]]:
    """Yield pairs of meters: the first was not read any more once the second was."""
    if len(point.meters) == 1:
        return
    meters = [meter for meter in point.meters if meter.rows]
    meters.sort(key=lambda meter: meter.rows[0].at)
    for old, new in pairwise(meters):
        if local_day(old.rows[-1].at) <= local_day(new.rows[0].at):
            if old.rows[0].at < new.rows[0].at:
                yield old, new


def _has_near(rows: list[Row], first: Row) -> bool:
    return any(row.at <= first.at + SECONDS_PER_DAY for row in rows)


def _is_near_first(meter: Meter) -> bool:
    limit = meter.rows[0].at + SECONDS_PER_DAY
    return any(row.at <= limit for row in meter.initials)


@meter_point_rule(
    "Same serial number at several points",
    Severity.WARNING,
    ReasonCode.STANDING_DATA_INCORRECT,
    condition="a serial number at more than one meter point at a time",
)
def same_serial(point: MeterPoint) -> Raised:
    """Another meter point has a meter of this serial number at the same time.

    A meter that had its final reading at one place before the other is not raised.
    """
    for meter in point.meters:
        if meter.rows and (spans := point.same_serials.get(meter.meter_id)):
            final = meter.finals[-1].at if meter.finals else None
            own = Span(meter.rows[0].at, meter.rows[-1].at, final)
            if not all(_has_moved(own, other) for other in spans):
                yield meter.rows[0], "Another meter point has this serial number too."


def _has_moved(one: Span, other: Span) -> bool:
    first, second = sorted((one, other))
    return (
        first.last_at <= second.first_at + SECONDS_PER_DAY
        and first.final_at is not None
    )


@meter_point_rule(
    "New meter point",
    Severity.NOTE,
    ReasonCode.MSID_INCORRECT,
    condition="MSID incorrect: here, one that was never read before",
)
def new_point(point: MeterPoint) -> Raised:
    """The MPAN was never read before, and its first reading does not say why.

    It is raised if readings have been stored for some time before.
    """
    rows = [meter.rows[0] for meter in point.meters if meter.rows]
    if point.data_start is None or not rows:
        return
    first = min(rows, key=lambda row: row.at)
    wait = point.thresholds.new_point_days * SECONDS_PER_DAY
    is_new = first.at >= max(point.data_start, point.now - 2 * wait) + wait
    if is_new and first.reading_type not in _FIRST_TYPES:
        yield first, "The first reading of this meter point."
