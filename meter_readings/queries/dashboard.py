"""Queries of the dashboard: daily totals and running imports.

Each is one query by an index; none reads the table of readings.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from meter_readings.d0010 import LONDON, midnight
from meter_readings.models import STALLED_AFTER, FlowFile, ImportJob

from .totals import import_outcome_counts

DAYS_SHOWN = 14
_RUNNING_SHOWN = 10
# Other jobs have one phase.
_IMPORT_PHASES = (
    ImportJob.Phase.RECEIVING,
    ImportJob.Phase.VALIDATING,
    ImportJob.Phase.LOADING,
)


class DailyTotals(NamedTuple):
    """Files received on a UK local date, of any status, and readings loaded."""

    local_date: date
    flow_files: int = 0
    readings: int = 0
    rejected: int = 0


class RunningImport(NamedTuple):
    """A running import job, and whether its heartbeat is older than STALLED_AFTER."""

    job: ImportJob
    is_stalled: bool

    @property
    def step(self) -> int:
        """The number of the job's phase, from 1."""
        return self._phases.index(self.job.phase) + 1

    @property
    def step_count(self) -> int:
        return len(self._phases)

    @property
    def _phases(self) -> tuple[str, ...]:
        phase = self.job.phase
        return _IMPORT_PHASES if phase in _IMPORT_PHASES else (phase,)


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
    jobs = ImportJob.objects.running().order_by("-started_at", "-pk")
    return [
        RunningImport(job, now - job.heartbeat_at > STALLED_AFTER)
        for job in jobs[:_RUNNING_SHOWN]
    ]


def waiting_job_count() -> int:
    """Return the number of jobs that wait for a worker; an index has their state."""
    return ImportJob.objects.waiting().count()


def _midnight(now: datetime, *, days_before: int = 0) -> datetime:
    """Return the UK local midnight of today, or of an earlier day."""
    today = timezone.localtime(now, LONDON).date()
    return midnight(today - timedelta(days=days_before))
