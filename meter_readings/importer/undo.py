"""Undoing an import: everything is as if the file had never come."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db import connection, transaction

from meter_readings.models import (
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    Policy,
    Reading,
    SiteVisit,
)

from .jobs import Job
from .pipeline import Outcome
from .staging import open_staging
from .version_resolution import resolve_versions

_READING, _METER = Reading._meta.db_table, Meter._meta.db_table
_METER_POINT, _VISIT = MeterPoint._meta.db_table, SiteVisit._meta.db_table


class NotImported(Exception):
    """The file is not held as imported: there is nothing to undo."""


class UndoResult(NamedTuple):
    """What an undoing took away, and how many other readings stand otherwise now."""

    readings: int
    site_visits: int
    meters: int
    meter_points: int
    restored: int


# The events that other files speak of too
_SHARED_EVENTS = f"""
INSERT INTO reading_key_to_resolve
SELECT DISTINCT gone.meter_id, gone.register_id, gone.read_at
FROM {_READING} AS gone
WHERE gone.flow_file_id = %s AND EXISTS (
    SELECT 1 FROM {_READING} AS other
    WHERE other.meter_id = gone.meter_id
        AND other.register_id = gone.register_id
        AND other.read_at = gone.read_at
        AND other.flow_file_id <> gone.flow_file_id
)
"""

_TOUCHED_METERS = f"""
INSERT INTO affected_meter
SELECT meter.id, meter.meter_point_id FROM {_METER} AS meter WHERE meter.id IN (
    SELECT meter_id FROM {_READING} WHERE flow_file_id = %s
    UNION SELECT meter_id FROM {_VISIT} WHERE flow_file_id = %s
)
UNION ALL
SELECT NULL, meter_point_id FROM {_VISIT} WHERE flow_file_id = %s AND meter_id IS NULL
"""

_METERS_LEFT_ALONE = f"""
DELETE FROM {_METER} WHERE id IN (SELECT meter_id FROM affected_meter)
    AND NOT EXISTS (SELECT 1 FROM {_READING} WHERE meter_id = {_METER}.id)
    AND NOT EXISTS (SELECT 1 FROM {_VISIT} WHERE meter_id = {_METER}.id)
"""

_POINTS_LEFT_ALONE = f"""
DELETE FROM {_METER_POINT} WHERE id IN (SELECT meter_point_id FROM affected_meter)
    AND NOT EXISTS (SELECT 1 FROM {_METER} WHERE meter_point_id = {_METER_POINT}.id)
    AND NOT EXISTS (SELECT 1 FROM {_VISIT} WHERE meter_point_id = {_METER_POINT}.id)
"""


def undo_import(
    *,
    flow_file: FlowFile,
    now: datetime,
    channel: ImportJob.Channel = ImportJob.Channel.COMMAND,
    requested_by: User | None = None,
    dry_run: bool = False,
    lock_timeout: float | None = None,
) -> UndoResult:
    """Take away all that one import added, and settle what it had competed with.

    The file's row, bytes and report stay, marked as undone; the same bytes may be
    imported again. `dry_run` does all that and keeps nothing of it, to tell what it
    would be. Raises NotImported where the file is not held as imported, Busy where
    another load lasts longer than `patience`, in seconds, and StorageFull.
    """
    job = Job(
        filename=flow_file.filename,
        policy=Policy(flow_file.policy),
        channel=channel,
        requested_by=requested_by,
        now=now,
        is_kept=not dry_run,
    )
    with open_staging(lock_timeout) as staging, job:
        staging.begin()
        with staging.transaction():
            held = FlowFile.objects.filter(
                pk=flow_file.pk, status=FlowFile.Status.IMPORTED
            ).first()
            if held is None:
                raise NotImported(f"{flow_file.filename} is not imported.")
            result = _take_away(held.pk)
            held.status = FlowFile.Status.UNDONE
            held.save(update_fields=["status"])
            job.finish(Outcome.UNDONE, held, result._asdict())
            if dry_run:
                transaction.set_rollback(True)
    flow_file.refresh_from_db()
    return result


def _take_away(flow_file_id: int) -> UndoResult:
    with connection.cursor() as cursor:

        def changed(statement: str, *parameters: int) -> int:
            cursor.execute(statement, parameters)
            return int(cursor.rowcount)

        changed(_SHARED_EVENTS, flow_file_id)
        changed(_TOUCHED_METERS, *[flow_file_id] * 3)
        readings = changed(
            f"DELETE FROM {_READING} WHERE flow_file_id = %s", flow_file_id
        )
        visits = changed(f"DELETE FROM {_VISIT} WHERE flow_file_id = %s", flow_file_id)
        meters = changed(_METERS_LEFT_ALONE)
        points = changed(_POINTS_LEFT_ALONE)
        return UndoResult(readings, visits, meters, points, resolve_versions(cursor))
