"""Figures for a monitoring system, as Prometheus reads them, by few questions."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.db import connection
from django.db.models import Count, F, Max, Q, Sum

from meter_readings import replicas
from meter_readings.models import ApiToken, FlowFile, ImportJob

# A running attempt writes down every other second that it is alive.
SILENT_AFTER = timedelta(minutes=10)


class Metric(NamedTuple):
    """One kind of figure: its name, what it says, and its samples by label."""

    name: str
    meaning: str
    samples: Mapping[str, float]
    label: str = ""


def text(*, now: datetime) -> str:
    """Return all figures in Prometheus's text format."""
    lines = []
    for metric in _metrics(now):
        name = f"d0010_{metric.name}"
        lines.append(f"# HELP {name} {metric.meaning}")
        lines.append(f"# TYPE {name} gauge")
        for value, figure in metric.samples.items():
            label = f'{{{metric.label}="{value}"}}' if metric.label else ""
            lines.append(f"{name}{label} {figure:.15g}")
    return "\n".join(lines) + "\n"


def _metrics(now: datetime) -> Iterator[Metric]:
    yield from _of_files(now)
    yield from _of_jobs(now)
    yield from _of_tokens(now)
    yield from _of_disks()
    if replicas.is_set_up():  # postgresql only
        yield from _of_replica()


def _of_files(now: datetime) -> Iterator[Metric]:
    """Yield what came of files; the readings are counted by their files."""
    rows = FlowFile.objects.values("status").annotate(
        count=Count("pk"),
        kept=Sum(F("readings_loaded") - F("readings_removed")),
        latest=Max("received_at"),
    )
    found = {row["status"]: row for row in rows}
    yield Metric(
        "flow_files",
        "Flow files held, by what came of them.",
        {
            status: found[status]["count"] if status in found else 0
            for status in FlowFile.Status.values
        },
        "status",
    )
    imported = found.get(FlowFile.Status.IMPORTED)
    kept = imported["kept"] if imported else 0
    yield Metric("readings", "Readings held.", {"": kept})
    if imported:
        age = (now - imported["latest"]).total_seconds()
        yield Metric(
            "last_import_age_seconds",
            "Time since a flow file was imported last.",
            {"": age},
        )


def _of_jobs(now: datetime) -> Iterator[Metric]:
    """Yield how attempts to import went; those that fell silent are running still."""
    states = ImportJob.State
    is_silent = Q(state=states.RUNNING, heartbeat_at__lt=now - SILENT_AFTER)
    rows = ImportJob.objects.values("state").annotate(
        count=Count("pk"), silent=Count("pk", filter=is_silent)
    )
    counts = dict.fromkeys(states.values, 0)
    silent = 0
    for row in rows:
        counts[row["state"]] = row["count"]
        silent += row["silent"]
    yield Metric("import_jobs", "Attempts to import, by state.", counts, "state")
    yield Metric(
        "silent_import_jobs",
        f"Running attempts that said nothing for {SILENT_AFTER}.",
        {"": silent},
    )


def _of_tokens(now: datetime) -> Iterator[Metric]:
    """Yield how tokens of the API stand: each program has one or two."""
    held = ApiToken.objects.select_related("user")
    counts = Counter(str(token.state_at(now)) for token in held)
    states = {state: counts[state] for state in ApiToken.State.values}
    yield Metric("api_tokens", "Tokens of the API, by state.", states, "state")


def _of_disks() -> Iterator[Metric]:
    """Yield how much room there is, and how much SQLite has not yet put in place."""
    free = {name: free_bytes(path) for name, path in disks().items()}
    yield Metric("free_disk_bytes", "Free disk, by what is kept on it.", free, "disk")
    if connection.vendor == "postgresql":  # postgresql only
        return
    log = Path(f"{connection.settings_dict['NAME']}-wal")  # sqlite only
    size = log.stat().st_size if log.exists() else 0  # sqlite only
    yield Metric(  # sqlite only
        "sqlite_log_bytes", "Size of SQLite's log (-wal).", {"": size}
    )


def _of_replica() -> Iterator[Metric]:  # postgresql only
    """Yield how far the replica is behind."""
    yield Metric(
        "replica_lag_seconds",
        "How far the replica is behind at most; inf where it cannot be used.",
        {"": replicas.seconds_behind()},
    )


def disks() -> dict[str, Path]:
    """Return the folders that fill up, by what is in them."""
    folders = {"files": Path(settings.MEDIA_ROOT)}
    if connection.vendor == "postgresql":  # postgresql only
        return folders
    database = Path(connection.settings_dict["NAME"])  # sqlite only
    return folders | {"database": database.parent}  # sqlite only


def free_bytes(path: Path) -> int:
    """Return the free disk where a folder is, or will be."""
    while not os.path.exists(path):
        path = path.parent
    return shutil.disk_usage(path).free
