"""Readings that are late or missing: of a meter point, or of one of its registers.

A meter point is read on the UK local dates of the current readings of its meters, and a
register on those of its own. The next reading is due an interval after the latest date;
whether it is late or missing is decided as for files (`expected_files`). The interval
is the one that somebody set for the sender, or it is learned from the earlier dates. A
register with too few dates has the interval of its meter point.

A register whose latest reading is a final one is removed. The meter in use is the one
with the latest reading of a register that is not removed; others were exchanged. A
meter point without a meter in use is not expected to be read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby, product
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from django.db.models import Count, Q, prefetch_related_objects
from django.utils import timezone

from meter_readings.d0010 import LONDON, codes, midnight
from meter_readings.models import OverdueReading, Reading, SenderSchedule

from . import history
from .expected_files import State, learned_interval, state_of
from .history import RegisterKey

# How many of the latest readings of each register give its dates
READINGS_LOOKED_AT = 30

_ROWS_PER_FETCH = 10_000
_EARLIEST = midnight(date(1950, 1, 1))

_OVERDUE = (State.LATE, State.MISSING)


class ReadRegister(NamedTuple):
    """A register with the times of its latest readings, ascending."""

    meter_id: int
    register_id: str
    times: Sequence[datetime]
    is_removed: bool
    from_participant: str

    @property
    def latest(self) -> tuple[datetime, int]:
        """The time of the latest reading; of two meters, the one stored later."""
        return self.times[-1], self.meter_id


class ExpectedReading(NamedTuple):
    """When the next reading of a meter point or register is due.

    `register_id` is empty for a meter point, and `meter_id` is its meter in use.
    `interval` is in days; it and `due_date` are None if there are too few readings.
    """

    meter_id: int
    register_id: str
    from_participant: str
    latest_date: date
    interval: int | None
    due_date: date | None
    state: State

    @property
    def is_overdue(self) -> bool:
        return self.state in _OVERDUE


def overdue_readings(*, now: datetime) -> Iterator[OverdueReading]:
    """Yield what is late or missing of all meter points; the rows are not stored.

    One query reads all current readings once, in the order of their registers.
    """
    today = timezone.localdate(now, LONDON)
    intervals = intervals_by_hand()
    for registers in _registers_of_all_meter_points():
        for each in expected_readings(registers, intervals, today):
            if each.interval and each.due_date and each.is_overdue:
                yield OverdueReading(
                    meter_id=each.meter_id,
                    register_id=each.register_id,
                    state=each.state.value,
                    from_participant=each.from_participant,
                    latest_date=each.latest_date,
                    interval_days=each.interval,
                    due_date=each.due_date,
                    as_of_date=today,
                )


def expected_readings_of(
    *,
    registers: Sequence[RegisterKey],
    intervals: Mapping[str, int | None],
    today: date,
) -> list[ExpectedReading]:
    """Return `expected_readings` of the registers of one meter point, by two queries.

    They read the latest readings only.
    """
    readings = history.current_readings(
        registers=registers, since=_EARLIEST, limit=READINGS_LOOKED_AT
    )
    readings.sort(key=attrgetter("meter_id", "register_id", "read_at"))
    prefetch_related_objects(readings, "flow_file")
    rows = (
        (
            *(reading.meter_id, reading.register_id, reading.read_at),
            *(reading.reading_type, _sender(reading)),
        )
        for reading in readings
    )
    return expected_readings(list(_registers(rows)), intervals, today)


def intervals_by_hand() -> dict[str, int | None]:
    """Return the intervals in days that somebody set, by sender."""
    schedules = SenderSchedule.objects.exclude(reading_interval_days=None)
    return dict(schedules.values_list("participant", "reading_interval_days"))


def overdue_counts() -> dict[tuple[str, str], int]:
    """Return the number of stored rows by level and state, with one query."""
    levels, states = OverdueReading.Level, OverdueReading.State
    counts = dict.fromkeys(product(levels.values, states.values), 0)
    rows = OverdueReading.objects.annotate(is_register=~Q(register_id=""))
    found = rows.values_list("is_register", "state").annotate(Count("pk"))
    for is_register, state, count in found:
        level = levels.REGISTER if is_register else levels.METER_POINT
        counts[level.value, state] = count
    return counts


def expected_readings(
    registers: Sequence[ReadRegister], intervals: Mapping[str, int | None], today: date
) -> list[ExpectedReading]:
    """Return the meter point of these registers, and its silent registers after it.

    A register is silent if it is late or missing, and its meter has been read since.
    It is empty if no meter is in use.
    """
    active = [register for register in registers if not register.is_removed]
    if not active:
        return []
    latest = max(active, key=attrgetter("latest"))
    of_point = _expected(
        latest._replace(register_id="", times=sorted(_times(registers))),
        intervals,
        today,
    )
    of_registers = [
        _expected(register, intervals, today, default=of_point.interval)
        for register in active
        if register.meter_id == latest.meter_id
    ]
    silent = [
        each
        for each in of_registers
        if each.is_overdue and each.latest_date < of_point.latest_date
    ]
    return [of_point, *silent]


def _expected(
    register: ReadRegister,
    intervals: Mapping[str, int | None],
    today: date,
    default: int | None = None,
) -> ExpectedReading:
    sender = register.from_participant
    days = sorted({timezone.localdate(each, LONDON) for each in register.times})
    interval = intervals.get(sender) or learned_interval(days) or default
    due, state = None, State.UNKNOWN
    if interval:
        due = days[-1] + timedelta(days=interval)
        state = state_of((today - due).days, interval)
    return ExpectedReading(
        register.meter_id, register.register_id, sender, days[-1], interval, due, state
    )


def _registers_of_all_meter_points() -> Iterator[list[ReadRegister]]:
    rows = (
        Reading.objects.current()
        .order_by("meter__meter_point_id", "meter_id", "register_id", "read_at")
        .values_list(
            *("meter__meter_point_id", "meter_id", "register_id", "read_at"),
            *("reading_type", "flow_file__from_participant"),
        )
        .iterator(chunk_size=_ROWS_PER_FETCH)
    )
    for _, of_point in groupby(rows, key=itemgetter(0)):
        yield list(_registers(row[1:] for row in of_point))


def _registers(rows: Iterable[tuple[Any, ...]]) -> Iterator[ReadRegister]:
    """Group readings by register: meter, register, time, reading type and sender."""
    for (meter_id, register_id), group in groupby(rows, key=itemgetter(0, 1)):
        readings = deque(group, maxlen=READINGS_LOOKED_AT)
        *_, reading_type, sender = readings[-1]
        yield ReadRegister(
            meter_id,
            register_id,
            [read_at for _, _, read_at, *_ in readings],
            reading_type == codes.ReadingType.FINAL,
            sender or "",
        )


def _sender(reading: Reading) -> str:
    return reading.flow_file.from_participant if reading.flow_file else ""


def _times(registers: Iterable[ReadRegister]) -> Iterator[datetime]:
    for register in registers:
        yield from register.times
