"""How things stand: what came lately, what is being imported, what needs attention.

Each question is one query over the indexed time of what came; none looks at readings.
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

DAYS_SHOWN = 14
# What is older has been seen, or will be by who goes through the list.
ATTENTION_DAYS = 30

_RECENT_DAYS = 7
# No import takes longer, and what says it still runs after that does not.
_LONGEST_IMPORT = timedelta(days=2)
_RUNNING_SHOWN = 10
# An import tells every other second that it is alive.
_SILENCE = timedelta(minutes=2)


class Day(NamedTuple):
    """What came on a local day: files whatever became of them, readings as loaded."""

    local_date: date
    flow_files: int = 0
    readings: int = 0
    rejected: int = 0


class AttentionItem(NamedTuple):
    """How many files somebody should look at for one reason, by when they came.

    `days` counts today's, those of the six days before, and those up to 30 days ago;
    `query` is the question that the list of files answers with them.
    """

    name: str
    severity: Severity
    days: tuple[int, int, int]
    query: str


class RunningImport(NamedTuple):
    """An attempt that is not over, and whether it has fallen silent."""

    job: ImportJob
    is_stalled: bool

    @property
    def step(self) -> int:
        """Return which step of the import it is at, from 1."""
        return ImportJob.Phase.values.index(self.job.phase) + 1

    @property
    def step_count(self) -> int:
        """Return how many steps there are."""
        return len(ImportJob.Phase)


def daily_totals(*, now: datetime) -> list[Day]:
    """Return what came on each of the last 14 days, today's last."""
    first = _midnight(now, days_before=DAYS_SHOWN - 1)
    imported = Q(status=FlowFile.Status.IMPORTED)
    rows = (
        FlowFile.objects.filter(received_at__gte=first)
        .values(day=TruncDate("received_at", tzinfo=LONDON))
        .annotate(
            files=Count("pk"),
            loaded=Sum("readings_loaded", filter=imported, default=0),
            refused=Count("pk", filter=Q(status=FlowFile.Status.REJECTED)),
        )
        .values_list("day", "files", "loaded", "refused")
    )
    days = {row[0]: Day(*row) for row in rows}
    dates = [first.date() + timedelta(days=number) for number in range(DAYS_SHOWN)]
    return [days.get(day, Day(day)) for day in dates]


def attempts_by_outcome(*, now: datetime) -> dict[str, int]:
    """Return how many of today's attempts came to what."""
    jobs = ImportJob.objects.filter(started_at__gte=_midnight(now))
    return dict(jobs.values_list("outcome").annotate(attempts=Count("pk")))


def running_imports(*, now: datetime) -> list[RunningImport]:
    """Return the latest attempts that are not over."""
    jobs = ImportJob.objects.filter(
        state=ImportJob.State.RUNNING, started_at__gte=now - _LONGEST_IMPORT
    )
    return [
        RunningImport(job, now - job.heartbeat_at > _SILENCE)
        for job in jobs.order_by("-started_at", "-pk")[:_RUNNING_SHOWN]
    ]


def attention_items(*, now: datetime) -> list[AttentionItem]:
    """Return the reasons to look at files, the gravest first; only those there are."""
    midnights = [
        _midnight(now, days_before=days - 1)
        for days in (1, _RECENT_DAYS, ATTENTION_DAYS)
    ]
    reasons = _reasons()
    counts = FlowFile.objects.filter(received_at__gte=midnights[-1]).aggregate(
        **{
            f"{index}_{age}": Count(
                "pk", filter=Q(**query) & Q(received_at__gte=earliest)
            )
            for index, (_, _, query) in enumerate(reasons)
            for age, earliest in enumerate(midnights)
        }
    )
    found = []
    for index, (name, severity, query) in enumerate(reasons):
        today, week, month = (counts[f"{index}_{age}"] for age in range(3))
        if month:
            days = (today, week - today, month - week)
            since = {"received_at__gte": midnights[-1].isoformat()}
            found.append(AttentionItem(name, severity, days, urlencode(query | since)))
    return found


def _reasons() -> list[tuple[str, Severity, dict[str, Any]]]:
    """Return why somebody should look at a file, each file for one reason at most."""
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
    """Return the local midnight before a moment, or that of an earlier day."""
    today = timezone.localtime(now, LONDON).date()
    day = today - timedelta(days=days_before)
    return midnight(day)
