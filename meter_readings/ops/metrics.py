"""Metrics in Prometheus's text format, from four queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from django.db import connection
from django.db.models import Count, F, Max, Q, Sum

from meter_readings import importer
from meter_readings.models import ApiToken, FlowFile, ImportJob
from meter_readings.queries import attention

# A running import updates its heartbeat every two seconds.
STALLED_AFTER = timedelta(minutes=10)


class Metric(NamedTuple):
    """A gauge, with its samples by the value of its label."""

    name: str
    help: str
    samples: Mapping[str, float]
    label: str = ""


def render_prometheus(*, now: datetime) -> str:
    lines = []
    for metric in _metrics(now):
        name = f"d0010_{metric.name}"
        lines.append(f"# HELP {name} {metric.help}")
        lines.append(f"# TYPE {name} gauge")
        for value, sample in metric.samples.items():
            label = f'{{{metric.label}="{value}"}}' if metric.label else ""
            lines.append(f"{name}{label} {sample:.15g}")
    return "\n".join(lines) + "\n"


def _metrics(now: datetime) -> Iterator[Metric]:
    yield from _flow_file_metrics(now)
    yield _attention_metric(now)
    yield from _import_job_metrics(now)
    yield from _api_token_metrics(now)
    yield from _disk_metrics()


def _flow_file_metrics(now: datetime) -> Iterator[Metric]:
    """Yield counts of files, and of readings, which each file has the number of."""
    rows = FlowFile.objects.values("status").annotate(
        count=Count("pk"),
        stored=Sum(F("readings_loaded") - F("readings_deleted")),
        latest=Max("received_at"),
    )
    by_status = {row["status"]: row for row in rows}
    yield Metric(
        "flow_files",
        "Stored flow files, by status.",
        {
            status: by_status[status]["count"] if status in by_status else 0
            for status in FlowFile.Status.values
        },
        "status",
    )
    imported = by_status.get(FlowFile.Status.IMPORTED)
    readings = imported["stored"] if imported else 0
    yield Metric("readings", "Stored readings.", {"": readings})
    if imported:
        age = (now - imported["latest"]).total_seconds()
        yield Metric(
            "last_import_age_seconds",
            "Time since the latest import of a flow file.",
            {"": age},
        )


def _attention_metric(now: datetime) -> Metric:
    counts = {
        item.reason: sum(item.days) for item in attention.attention_items(now=now)
    }
    return Metric(
        "flow_files_needing_attention",
        f"Flow files of the last {attention.ATTENTION_DAYS} days that need attention,"
        " by reason.",
        {reason.value: counts.get(reason, 0) for reason in attention.Reason},
        "reason",
    )


def _import_job_metrics(now: datetime) -> Iterator[Metric]:
    """Yield counts of import jobs; a stalled job is counted as running too."""
    states = ImportJob.State
    is_stalled = Q(state=states.RUNNING, heartbeat_at__lt=now - STALLED_AFTER)
    rows = ImportJob.objects.values("state").annotate(
        count=Count("pk"), stalled=Count("pk", filter=is_stalled)
    )
    counts = dict.fromkeys(states.values, 0)
    stalled = 0
    for row in rows:
        counts[row["state"]] = row["count"]
        stalled += row["stalled"]
    yield Metric("import_jobs", "Import jobs, by state.", counts, "state")
    yield Metric(
        "stalled_import_jobs",
        f"Running import jobs without a heartbeat for {STALLED_AFTER}.",
        {"": stalled},
    )


def _api_token_metrics(now: datetime) -> Iterator[Metric]:
    """Yield counts of API tokens; each client has one or two."""
    tokens = ApiToken.objects.select_related("user")
    counts = Counter(str(token.state_at(now)) for token in tokens)
    states = {state: counts[state] for state in ApiToken.State.values}
    yield Metric("api_tokens", "API tokens, by state.", states, "state")


def _disk_metrics() -> Iterator[Metric]:
    free = {
        name: importer.free_bytes(path)
        for name, path in importer.data_directories().items()
    }
    yield Metric("free_disk_bytes", "Free disk space, by content.", free, "disk")
    if connection.vendor == "postgresql":  # postgresql only
        return
    wal = Path(f"{connection.settings_dict['NAME']}-wal")  # sqlite only
    size = wal.stat().st_size if wal.exists() else 0  # sqlite only
    yield Metric(  # sqlite only
        "sqlite_wal_bytes", "Size of SQLite's write-ahead log.", {"": size}
    )
