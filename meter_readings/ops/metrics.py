"""Metrics in Prometheus's text format.

Three kinds, so that every process of the site answers alike:

- Requests and sign-ins are counted by the web processes themselves (`http_metrics`,
  `accounts.sign_in_log`), from the start of the site on.
- Imports are counted from their jobs, because commands import too. These counters and
  this histogram start again at midnight UTC, as counters may: `increase()` sees a fall
  to zero. Retention deletes no job that is younger than a day, so they fall at no other
  time.
- All else is a gauge: it may fall, by retention, erasure or an undo, so `increase()`
  and `rate()` have no meaning for it.

A scrape needs eleven queries. They read the rows of flow files and tokens, of the jobs
and findings of a day, and of the notifications that are not sent.
"""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import django
from django.conf import settings
from django.db import connection
from django.db.models import Count, F, Max, Q, Sum
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector

import meter_readings
from meter_readings import importer
from meter_readings.models import ApiToken, FlowFile, Notification
from meter_readings.queries import (
    attention,
    expected_files,
    overdue_readings,
    watched_folders,
)

from . import job_metrics
from .backup import list_backups
from .http_metrics import process_registry
from .job_metrics import gauge

_DAY = timedelta(days=1)


def render_prometheus(*, now: datetime) -> str:
    site = CollectorRegistry()
    site.register(_SiteCollector(now))
    return (generate_latest(site) + generate_latest(process_registry())).decode()


class _SiteCollector(Collector):
    """Reads the database and the disks at the time of a scrape."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def describe(self) -> Iterable[Metric]:
        """Return nothing, so that registering it costs no query."""
        return ()

    def collect(self) -> Iterator[Metric]:
        now = self._now
        yield _build_metric()
        yield from _flow_file_metrics(now)
        yield _attention_metric(now)
        yield _sender_metric(now)
        yield _overdue_reading_metric()
        yield _watched_folder_metric(now)
        yield _finding_metric(now)
        yield from job_metrics.import_metrics(now)
        yield from job_metrics.import_job_metrics(now)
        yield _api_token_metric(now)
        yield _notification_metric(now)
        yield from _backup_metrics(now)
        yield from _disk_metrics()


def _build_metric() -> Metric:
    return InfoMetricFamily(
        "d0010_build",
        "The program and what it runs on.",
        value={
            "version": meter_readings.__version__,
            "python": platform.python_version(),
            "django": django.get_version(),
            "database": connection.vendor,
        },
    )


def _flow_file_metrics(now: datetime) -> Iterator[Metric]:
    """Yield counts of files, and of readings, which each file has the number of."""
    rows = FlowFile.objects.values("status").annotate(
        count=Count("pk"),
        stored=Sum(F("readings_loaded") - F("readings_deleted")),
        latest=Max("received_at"),
    )
    by_status = {row["status"]: row for row in rows}
    counts = dict.fromkeys(FlowFile.Status.values, 0.0)
    counts |= {status: row["count"] for status, row in by_status.items()}
    yield gauge("flow_files", "Stored flow files, by status.", counts, "status")
    imported = by_status.get(FlowFile.Status.IMPORTED)
    readings = imported["stored"] if imported else 0
    yield GaugeMetricFamily(
        "d0010_readings", "Stored readings of flow files.", value=readings
    )
    if imported:
        yield GaugeMetricFamily(
            "d0010_last_import_age_seconds",
            "Time since the latest import of a flow file.",
            value=(now - imported["latest"]).total_seconds(),
        )


def _attention_metric(now: datetime) -> Metric:
    counts = dict.fromkeys(attention.Reason.values, 0.0)
    for item in attention.attention_items(now=now):
        counts[item.reason.value] = sum(item.days)
    return gauge(
        "flow_files_needing_attention",
        f"Flow files of the last {attention.ATTENTION_DAYS} days that need attention,"
        " by reason.",
        counts,
        "reason",
    )


def _sender_metric(now: datetime) -> Metric:
    senders = expected_files.expected_senders(now=now)
    counts = Counter(dict.fromkeys(expected_files.State.values, 0))
    counts.update(sender.state.value for sender in senders)
    return gauge(
        "senders", "Senders of files, by whether a file is late.", {**counts}, "state"
    )


def _overdue_reading_metric() -> Metric:
    """Return what was counted in the latest night."""
    metric = GaugeMetricFamily(
        "d0010_overdue_readings",
        "Meter points and registers whose reading is late or missing.",
        labels=["level", "state"],
    )
    for labels, count in overdue_readings.overdue_counts().items():
        metric.add_metric(labels, count)
    return metric


def _watched_folder_metric(now: datetime) -> Metric:
    """Return counts; an error is counted after five minutes."""
    statuses = watched_folders.folder_statuses(now=now)
    counts = Counter(dict.fromkeys(watched_folders.FolderState.values, 0))
    counts.update(status.state.value for status in statuses)
    return gauge(
        "watched_folders",
        "Watched folders, by whether files are taken from them.",
        {**counts},
        "state",
    )


def _finding_metric(now: datetime) -> Metric:
    """Return a gauge: another import of a file replaces its findings."""
    counts = Counter({str(code): 0 for code in importer.RULES})
    files = FlowFile.objects.filter(received_at__gte=now - _DAY)
    for finding_counts in files.values_list("finding_counts", flat=True):
        counts.update(finding_counts)
    return gauge(
        "recent_findings",
        "Findings in flow files of the last 24 hours, by issue code.",
        {code: float(count) for code, count in counts.items()},
        "code",
    )


def _api_token_metric(now: datetime) -> Metric:
    """Return counts of API tokens; each client has one or two."""
    counts = dict.fromkeys(ApiToken.State.values, 0.0)
    for token in ApiToken.objects.select_related("user"):
        counts[token.state_at(now)] += 1
    return gauge("api_tokens", "API tokens, by state.", counts, "state")


def _notification_metric(now: datetime) -> Metric:
    """Return notifications that are not sent; an overdue one is counted as waiting too.

    A failed one is counted for a week.
    """
    rows = Notification.objects
    waiting = Q(status=Notification.Status.WAITING)
    overdue = Q(due_at__lt=now - Notification.OVERDUE_AFTER)
    failed = Q(status=Notification.Status.FAILED, created_at__gte=now - 7 * _DAY)
    counts = rows.filter(waiting | failed).aggregate(
        waiting=Count("pk", filter=waiting),
        overdue=Count("pk", filter=waiting & overdue),
        failed=Count("pk", filter=failed),
    )
    return gauge(
        "notifications", "Notifications that are not sent, by state.", counts, "state"
    )


def _backup_metrics(now: datetime) -> Iterator[Metric]:
    """Yield the age of the latest backup; a backup that fails leaves no file."""
    backups = list_backups(folder=Path(settings.BACKUP_ROOT))
    if backups:
        age = now.timestamp() - backups[-1].stat().st_mtime
        yield GaugeMetricFamily(
            "d0010_last_backup_age_seconds", "Time since the latest backup.", value=age
        )


def _disk_metrics() -> Iterator[Metric]:
    free = {
        name: float(importer.free_bytes(path))
        for name, path in importer.data_directories().items()
    }
    yield gauge("free_disk_bytes", "Free disk space, by content.", free, "disk")
    if connection.vendor == "postgresql":  # postgresql only
        return
    wal = Path(f"{connection.settings_dict['NAME']}-wal")  # sqlite only
    yield GaugeMetricFamily(  # sqlite only
        "d0010_sqlite_wal_bytes",
        "Size of SQLite's write-ahead log.",
        value=wal.stat().st_size if wal.exists() else 0,
    )
