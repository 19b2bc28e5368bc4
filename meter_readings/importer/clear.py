"""Clearing the database: everything is as if no file had ever come."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection
from django.db.models import Model

from meter_readings.models import (
    Finding,
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    Reading,
    SiteVisit,
)

from . import files
from .staging import ImportLockTimeout, open_staging

# A running attempt says so every other second; one silent for so long has ended.
_SILENT = timedelta(seconds=60)

# How many seconds to wait for the lock: what is no load holds it for a moment only.
_PATIENCE = 2.0


class ImportRunning(Exception):
    """An import or an undoing is going on: it must end first."""


class ClearResult(NamedTuple):
    """How many rows were removed."""

    readings: int
    site_visits: int
    findings: int
    import_jobs: int
    meters: int
    meter_points: int
    flow_files: int


# What refers to others goes before them.
_MODELS: tuple[type[Model], ...] = (
    Reading,
    SiteVisit,
    Finding,
    ImportJob,
    Meter,
    MeterPoint,
    FlowFile,
)


def clear_database(*, now: datetime) -> ClearResult:
    """Remove all that imports brought, their jobs and the original bytes; no user.

    All of it or, where it breaks off, nothing; bytes that a broken clearing left are
    removed by the next. Raises ImportRunning where an import or undoing goes on.
    """
    with alone(now=now):
        result = ClearResult(*map(_delete_all, _MODELS))
    # Not before it is certain that no row names them.
    delete_unreferenced_files()
    return result


@contextmanager
def alone(*, now: datetime) -> Iterator[None]:
    """Hold the lock of all loads, in one transaction that ends with it.

    Raises ImportRunning where an import or undoing goes on.
    """
    try:
        with open_staging(_PATIENCE) as staging, staging.transaction():
            _refuse_while_running(now)
            yield
    except ImportLockTimeout as error:
        raise ImportRunning("Something is being loaded or undone.") from error


def delete_unreferenced_files() -> None:
    """Remove the kept bytes that no flow file names, not while an import keeps some."""
    with open_staging() as staging, staging.transaction():
        files.delete_unreferenced()


def _refuse_while_running(now: datetime) -> None:
    """Raise ImportRunning where an attempt has given a sign of life lately."""
    running = ImportJob.objects.filter(
        state=ImportJob.State.RUNNING, heartbeat_at__gt=now - _SILENT
    )
    if running.exists():
        raise ImportRunning("A file is being imported.")


def _delete_all(model: type[Model]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {model._meta.db_table}")
        return int(cursor.rowcount)
