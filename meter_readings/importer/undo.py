"""Undoing an import: the database is as if the file was never imported."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from meter_readings.models import FlowFile, ImportJob

from .jobs import JobTracker, OnProgress, close_lost_jobs
from .sql import undo as sql
from .staging import open_staging
from .version_resolution import resolve_versions


class NotImported(Exception):
    """The file has no import to undo: it is rejected or undone."""


class UndoResult(NamedTuple):
    """How many rows an undo deleted.

    `versions_changed` counts the readings of other files whose version status changed.
    """

    readings: int
    site_visits: int
    meters: int
    meter_points: int
    versions_changed: int


def undo_import(
    *,
    flow_file: FlowFile,
    now: datetime,
    channel: ImportJob.Channel = ImportJob.Channel.COMMAND,
    requested_by: User | None = None,
    dry_run: bool = False,
    lock_timeout: float | None = None,
    on_progress: OnProgress | None = None,
    queued_job: ImportJob | None = None,
) -> UndoResult:
    """Delete all rows that one import inserted, and resolve the versions of the rest.

    The row of the file, its original and its validation report stay, with the status
    undone; the same bytes can be imported again. `dry_run` rolls everything back and
    returns what would be deleted. `on_progress` is called after each statement.
    `queued_job` is the row that waits for this undo.

    Raises NotImported if the file is not imported, ImportLockTimeout if another import
    holds the lock for more than `lock_timeout` seconds (None: 600), and StorageFull if
    the database has no free space left; JobCancelled if a user cancels the job;
    JobNotClaimed and JobTakenOver if another worker has the queued job.
    """
    new_job = ImportJob(
        kind=ImportJob.Kind.UNDO,
        flow_file=flow_file,
        filename=flow_file.filename,
        channel=channel,
        requested_by=requested_by,
        started_at=now,
        heartbeat_at=now,
    )
    job = JobTracker(
        queued_job or new_job, is_saved=not dry_run, on_progress=on_progress
    )
    with open_staging(lock_timeout) as staging, job:
        staging.begin()
        with staging.transaction():
            close_lost_jobs(now=timezone.now())
            imported = FlowFile.objects.filter(
                pk=flow_file.pk, status=FlowFile.Status.IMPORTED
            ).first()
            if imported is None:
                raise NotImported(f"{flow_file.filename} is not imported.")
            imported.status = FlowFile.Status.UNDONE
            imported.changed_at = FlowFile.objects.next_change_time()
            imported.save(update_fields=["status", "changed_at"])
            result = _delete_rows(imported.pk, staging.reading_tables(), job)
            job.finish(ImportJob.Outcome.UNDONE, imported, result._asdict())
            if dry_run:
                transaction.set_rollback(True)
    flow_file.refresh_from_db()
    return result


def _delete_rows(
    flow_file_id: int, reading_tables: Iterable[str], job: JobTracker
) -> UndoResult:
    with connection.cursor() as cursor:

        def execute(statement: str, *parameters: int) -> int:
            cursor.execute(statement, parameters)
            job.notify_progress()
            return int(cursor.rowcount)

        execute(sql.FIND_KEYS_WITH_OTHER_VERSIONS, flow_file_id)
        execute(sql.FIND_AFFECTED_METERS, flow_file_id, flow_file_id, flow_file_id)
        readings = execute(sql.DELETE_READINGS, flow_file_id)
        site_visits = execute(sql.DELETE_SITE_VISITS, flow_file_id)
        execute(sql.KEEP_METERS_WITH_SITE_VISITS)
        for table in reading_tables:
            execute(sql.keep_meters_with_readings(table))
        return UndoResult(
            readings=readings,
            site_visits=site_visits,
            meters=execute(sql.DELETE_ORPHAN_METERS),
            meter_points=execute(sql.DELETE_ORPHAN_METER_POINTS),
            versions_changed=resolve_versions(cursor),
        )
