"""Metrics of import jobs: counters and a histogram of a day, gauges of those now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, DurationField, ExpressionWrapper, F, Q, Sum
from prometheus_client import Metric
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)

from meter_readings.models import STALLED_AFTER, ImportJob, stalled_q

from . import worker_heartbeat

_DAY = timedelta(days=1)
_SECONDS = (1, 5, 15, 60, 300, 900, 3600)
_OUTCOMES = ImportJob.Outcome
# A validation without an import has no job.
_RESULTS = [
    *(outcome for outcome in _OUTCOMES.values if outcome != _OUTCOMES.CHECKED),
    ImportJob.State.FAILED.value,
]
# The results of imports that read the whole file
_TIMED_RESULTS = (_OUTCOMES.IMPORTED.value, _OUTCOMES.REJECTED.value)


def gauge(name: str, help_text: str, samples: dict[str, float], label: str) -> Metric:
    """Return a gauge with its samples by the value of its label."""
    metric = GaugeMetricFamily(f"d0010_{name}", help_text, labels=[label])
    for value, sample in samples.items():
        metric.add_metric([value], sample)
    return metric


def import_metrics(now: datetime) -> Iterator[Metric]:
    """Yield a counter and a histogram of the imports since midnight UTC."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    duration = ExpressionWrapper(
        F("finished_at") - F("started_at"), output_field=DurationField()
    )
    rows = (
        # The first condition has an index; an import does not take a day.
        ImportJob.objects.filter(
            started_at__gte=midnight - _DAY, finished_at__gte=midnight
        )
        .alias(duration=duration)
        .values("state", "outcome")
        .annotate(
            count=Count("pk"),
            duration_sum=Sum("duration"),
            **{
                f"up_to_{seconds}": Count(
                    "pk", filter=Q(duration__lte=timedelta(seconds=seconds))
                )
                for seconds in _SECONDS
            },
        )
    )
    by_result: dict[str, dict[str, Any]] = {
        row["outcome"] or row["state"]: dict(row) for row in rows
    }
    counter = CounterMetricFamily(
        "d0010_imports",
        "Imports and undos that ended since midnight UTC, by result.",
        labels=["result"],
    )
    for result in _RESULTS:
        row = by_result.get(result)
        counter.add_metric([result], row["count"] if row else 0)
    yield counter
    histogram = HistogramMetricFamily(
        "d0010_import_duration_seconds",
        "Duration of the imports since midnight UTC, by result.",
        labels=["result"],
    )
    for result in _TIMED_RESULTS:
        row = by_result.get(result)
        buckets = [
            (str(float(each)), row[f"up_to_{each}"] if row else 0) for each in _SECONDS
        ]
        histogram.add_metric(
            [result],
            [*buckets, ("+Inf", row["count"] if row else 0)],
            sum_value=row["duration_sum"].total_seconds() if row else 0,
        )
    yield histogram


def import_job_metrics(now: datetime) -> Iterator[Metric]:
    """Yield counts of running jobs; a stalled job is counted as running too."""
    rows = (
        ImportJob.objects.active()
        .values("state", "phase")
        .annotate(count=Count("pk"), stalled=Count("pk", filter=stalled_q(now)))
    )
    counts = dict.fromkeys(ImportJob.Phase.values, 0.0)
    stalled = waiting = 0
    for row in rows:
        if row["state"] == ImportJob.State.QUEUED:
            waiting += row["count"]
        else:
            counts[row["phase"]] = row["count"]
            stalled += row["stalled"]
    yield GaugeMetricFamily(
        "d0010_jobs_waiting", "Import jobs that wait for a worker.", value=waiting
    )
    latest = worker_heartbeat.latest_heartbeat()
    if latest is not None:
        yield GaugeMetricFamily(
            "d0010_worker_heartbeat_age_seconds",
            "Time since the latest heartbeat of a worker; one that lives beats every 5 "
            "seconds.",
            value=now.timestamp() - latest,
        )
    yield gauge(
        "running_import_jobs",
        "Running import jobs, by phase. Of those that load, all but one wait.",
        counts,
        "phase",
    )
    yield GaugeMetricFamily(
        "d0010_stalled_import_jobs",
        f"Running import jobs that have saved no progress for {STALLED_AFTER}.",
        value=stalled,
    )
