"""Expected files: which senders' files are late or missing.

A file is due an interval after the sender's latest file. It is late from the next day
on, and missing when the interval has passed again. Days are UK local dates. A rejected
file has come, too.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import TextChoices
from django.db.models.functions import TruncDate
from django.utils import timezone

from meter_readings.d0010 import LONDON, midnight
from meter_readings.models import FlowFile, SenderSchedule

# Senders whose latest file is older are listed only if they have a schedule.
DAYS_LOOKED_AT = 400

# The interval of a sender is learned from its latest intervals, if there are enough.
INTERVALS_LEARNED_FROM = 20
FEWEST_INTERVALS = 3


class State(TextChoices):
    """Whether the files of a sender have come in time, the worst first."""

    MISSING = "missing", "Missing"
    LATE = "late", "Late"
    FINE = "fine", "Fine"
    UNKNOWN = "unknown", "Too few files to tell"
    NOT_EXPECTED = "not-expected", "Not expected"


_ORDER = list(State)


class ExpectedSender(NamedTuple):
    """A sender, the local date of its latest file, and when the next one is due.

    `interval` is in days; it is learned unless it is set by hand. It is None, as
    `due_date`, if it is unknown.
    """

    participant: str
    latest_date: date | None
    interval: int | None
    is_learned: bool
    due_date: date | None
    state: State


def expected_senders(*, now: datetime) -> list[ExpectedSender]:
    """Return all senders, those whose files are missing or late first.

    Two queries: the schedules, and the days with files of the last 400 days.
    """
    today = timezone.localtime(now, LONDON).date()
    schedules = {row.participant: row for row in SenderSchedule.objects.all()}
    days = _days_with_files(midnight(today - timedelta(days=DAYS_LOOKED_AT)))
    senders = [
        _expected(participant, days.get(participant, []), schedule, today)
        for participant in schedules.keys() | days.keys()
        for schedule in [schedules.get(participant)]
    ]
    return sorted(senders, key=lambda each: (_ORDER.index(each.state), each[:1]))


def overdue_senders(*, now: datetime) -> list[ExpectedSender]:
    """Return the senders whose files are missing or late, with two queries."""
    return [
        sender
        for sender in expected_senders(now=now)
        if sender.state in (State.MISSING, State.LATE)
    ]


def overdue_counts(*, now: datetime) -> list[tuple[State, int]]:
    """Return the number of senders whose files are missing, and late, if any are."""
    counts = Counter(sender.state for sender in overdue_senders(now=now))
    return sorted(counts.items(), key=lambda each: _ORDER.index(each[0]))


def learned_interval(days: Sequence[date]) -> int | None:
    """Return the interval in days that nine of ten of the latest did not exceed.

    So files of working days only are due on Monday, and one holiday changes nothing.
    None if there are fewer than three intervals. `days` are ascending.
    """
    latest = days[-INTERVALS_LEARNED_FROM - 1 :]
    intervals = sorted((later - day).days for day, later in zip(latest, latest[1:]))
    if len(intervals) < FEWEST_INTERVALS:
        return None
    return intervals[-1 - len(intervals) // 10]


def _days_with_files(since: datetime) -> dict[str, list[date]]:
    rows = (
        FlowFile.objects.filter(received_at__gte=since)
        .exclude(from_participant="")
        .annotate(day=TruncDate("received_at", tzinfo=LONDON))
        .values_list("from_participant", "day")
        .distinct()
        .order_by("from_participant", "day")
    )
    days = defaultdict(list)
    for participant, day in rows:
        days[participant].append(day)
    return days


def _expected(
    participant: str,
    days: Sequence[date],
    schedule: SenderSchedule | None,
    today: date,
) -> ExpectedSender:
    by_hand = schedule.interval_days if schedule else None
    interval = by_hand or learned_interval(days)
    latest = days[-1] if days else None
    due = None
    if schedule and not schedule.is_expected:
        state = State.NOT_EXPECTED
    elif interval is None:
        state = State.UNKNOWN
    elif latest is None:
        state = State.MISSING
    else:
        due = latest + timedelta(days=interval)
        state = state_of((today - due).days, interval)
    return ExpectedSender(participant, latest, interval, not by_hand, due, state)


def state_of(days_overdue: int, interval: int) -> State:
    """Return the state by the days since the due date."""
    if days_overdue <= 0:
        return State.FINE
    return State.LATE if days_overdue <= interval else State.MISSING
