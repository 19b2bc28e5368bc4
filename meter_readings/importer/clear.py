"""Clearing the database: deletes everything that imports stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import Model

from meter_readings import audit
from meter_readings.models import (
    AuditEvent,
    Correction,
    Finding,
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    MeterPointNote,
    Notification,
    NotificationDelivery,
    OverdueReading,
    QualityItem,
    QualityRun,
    Reading,
    SiteVisit,
    stalled_q,
)

from .files.export_files import delete_unreferenced_exports
from .files.original_files import delete_unreferenced
from .jobs import JobTracker, close_lost_jobs
from .staging import ImportLockTimeout, open_staging

# Seconds. Whatever holds the lock for longer is an import or an undo.
_LOCK_TIMEOUT = 2.0


class ImportRunning(Exception):
    """An import or undo is running and must end first."""


class ClearResult(NamedTuple):
    """How many rows were deleted."""

    readings: int
    site_visits: int
    findings: int
    import_jobs: int
    meters: int
    meter_points: int
    flow_files: int
    meter_point_notes: int = 0
    delivery_attempts: int = 0
    notifications: int = 0
    corrections: int = 0
    quality_items: int = 0
    quality_runs: int = 0


# A model comes before the models that it refers to.
_MODELS: tuple[type[Model], ...] = (
    Reading,
    SiteVisit,
    Finding,
    ImportJob,
    Meter,
    MeterPoint,
    FlowFile,
    MeterPointNote,
    NotificationDelivery,
    Notification,
    Correction,
    QualityItem,
    QualityRun,
)


def clear_database(
    *, now: datetime, queued_job: ImportJob | None = None
) -> ClearResult:
    """Delete all imported data, import jobs, original files and exports, but no users.

    The audit trail stays, with one more event. `queued_job` is the row that waits for
    this clearing; it stays too.

    All of it or, after an error, nothing; if the original files cannot be deleted, the
    next clearing deletes them. Raises ImportRunning while an import or undo is running.
    """
    own_id = queued_job.pk if queued_job else 0
    job = JobTracker(queued_job) if queued_job else None
    with job or nullcontext(), exclusive_import_lock(now=now, own_job_id=own_id):
        OverdueReading.objects.all().delete()
        result = ClearResult(*(_delete_all(model, own_id) for model in _MODELS))
        if job:
            job.finish(ImportJob.Outcome.CLEARED, None, result._asdict())
        else:
            audit.record(
                AuditEvent.Action.CLEAR, label="Database", details=result._asdict()
            )
    # After the commit: a rollback would restore the rows that refer to the files.
    delete_unreferenced_files()
    delete_unreferenced_exports()
    return result


@contextmanager
def exclusive_import_lock(*, now: datetime, own_job_id: int = 0) -> Iterator[None]:
    """Open a transaction that holds the import lock.

    Raises ImportRunning while an import or undo is running, other than the own job.
    """
    try:
        with open_staging(_LOCK_TIMEOUT) as staging, staging.transaction():
            _require_no_running_import(now, own_job_id)
            yield
    except ImportLockTimeout as error:
        raise ImportRunning("An import or undo is running.") from error


def delete_unreferenced_files() -> None:
    """Delete the original files that no flow file refers to, under the import lock."""
    with open_staging() as staging, staging.transaction():
        delete_unreferenced()


def _require_no_running_import(now: datetime, own_job_id: int) -> None:
    close_lost_jobs(now=now)
    # An export only reads.
    exports = ImportJob.Kind.EXPORT
    others = ImportJob.objects.running().exclude(kind=exports).exclude(pk=own_job_id)
    if others.exclude(stalled_q(now)).exists():
        raise ImportRunning("A file is being imported.")


def _delete_all(model: type[Model], own_job_id: int) -> int:
    """Delete all rows by one statement, but not the own job."""
    statement, parameters = f"DELETE FROM {model._meta.db_table}", []
    if model is ImportJob:
        statement, parameters = f"{statement} WHERE id <> %s", [own_job_id]
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)
