"""Queries of the dashboard: daily totals, running imports, files that need attention.

Each is one query by an indexed time; none reads the table of readings.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.http import urlencode

from meter_readings.d0010 import LONDON, midnight
from meter_readings.models import FlowFile, ImportJob, Severity

from .totals import import_outcome_counts

DAYS_SHOWN = 14
# Files that need attention are listed for this long after they were received.
ATTENTION_DAYS = 30

_RECENT_DAYS = 7
# A job that has been running for longer was interrupted.
_MAX_IMPORT_DURATION = timedelta(days=2)
_RUNNING_SHOWN = 10
# A running import updates its heartbeat every two seconds.
_STALLED_AFTER = timedelta(minutes=2)


class DailyTotals(NamedTuple):
    """Files received on a UK local date, of any status, and readings loaded."""

    local_date: date
    flow_files: int = 0
    readings: int = 0
    rejected: int = 0


class AttentionItem(NamedTuple):
    """How many files need attention for one reason, by the age of the file.

    `days` counts the files of today, of the six days before, and of the days before
    those, up to 30. `query_string` filters the admin list of files to them.
    """

    name: str
    severity: Severity
    days: tuple[int, int, int]
    query_string: str


class RunningImport(NamedTuple):
    """A running import job; it is stalled if its heartbeat is over two minutes old."""

    job: ImportJob
    is_stalled: bool

    @property
    def step(self) -> int:
        """The number of the job's phase, from 1."""
        return ImportJob.Phase.values.index(self.job.phase) + 1

    @property
    def step_count(self) -> int:
        return len(ImportJob.Phase)


def daily_totals(*, now: datetime) -> list[DailyTotals]:
    """Return the totals of the last 14 UK local dates, today's last."""
    start = _midnight(now, days_before=DAYS_SHOWN - 1)
    imported = Q(status=FlowFile.Status.IMPORTED)
    rows = (
        FlowFile.objects.filter(received_at__gte=start)
        .values(day=TruncDate("received_at", tzinfo=LONDON))
        .annotate(
            files=Count("pk"),
            loaded=Sum("readings_loaded", filter=imported, default=0),
            rejected=Count("pk", filter=Q(status=FlowFile.Status.REJECTED)),
        )
        .values_list("day", "files", "loaded", "rejected")
    )
    days = {row[0]: DailyTotals(*row) for row in rows}
    dates = [start.date() + timedelta(days=number) for number in range(DAYS_SHOWN)]
    return [days.get(day, DailyTotals(day)) for day in dates]


def import_outcomes_today(*, now: datetime) -> dict[str, int]:
    """Return the number of import jobs by outcome since the last UK local midnight."""
    return import_outcome_counts(since=_midnight(now))


def running_imports(*, now: datetime) -> list[RunningImport]:
    """Return the running import jobs, the latest first."""
    jobs = ImportJob.objects.filter(
        state=ImportJob.State.RUNNING, started_at__gte=now - _MAX_IMPORT_DURATION
    )
    return [
        RunningImport(job, now - job.heartbeat_at > _STALLED_AFTER)
        for job in jobs.order_by("-started_at", "-pk")[:_RUNNING_SHOWN]
    ]


def attention_items(*, now: datetime) -> list[AttentionItem]:
    """Return the reasons that have files, the most severe first."""
    midnights = [
        _midnight(now, days_before=days - 1)
        for days in (1, _RECENT_DAYS, ATTENTION_DAYS)
    ]
    reasons = _attention_reasons()
    counts = FlowFile.objects.filter(received_at__gte=midnights[-1]).aggregate(
        **{
            f"{index}_{age}": Count(
                "pk", filter=Q(**query) & Q(received_at__gte=earliest)
            )
            for index, (_, _, query) in enumerate(reasons)
            for age, earliest in enumerate(midnights)
        }
    )
    items = []
    for index, (name, severity, query) in enumerate(reasons):
        today, week, month = (counts[f"{index}_{age}"] for age in range(3))
        if month:
            days = (today, week - today, month - week)
            since = {"received_at__gte": midnights[-1].isoformat()}
            items.append(AttentionItem(name, severity, days, urlencode(query | since)))
    return items


def _attention_reasons() -> list[tuple[str, Severity, dict[str, Any]]]:
    """Return name, severity and filter of each reason; no file has two of them."""
    imported = {"status__exact": FlowFile.Status.IMPORTED.value}
    return [
        ("Rejected", Severity.ERROR, {"status__exact": FlowFile.Status.REJECTED.value}),
        ("Imported with errors", Severity.ERROR, imported | {"error_count__gte": "1"}),
        (
            "Imported with warnings",
            Severity.WARNING,
            imported | {"error_count__exact": "0", "warning_count__gte": "1"},
        ),
    ]


def _midnight(now: datetime, *, days_before: int = 0) -> datetime:
    """Return the UK local midnight of today, or of an earlier day."""
    today = timezone.localtime(now, LONDON).date()
    return midnight(today - timedelta(days=days_before))
