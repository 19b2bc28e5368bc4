"""Retention: deletes data older than the retention periods.

All versions of a reading have the same time and are deleted together, so the version
status of other readings does not change.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Self

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Exists, OuterRef, Q, QuerySet

from meter_readings import audit, importer, notifications
from meter_readings.models import (
    AuditEvent,
    Correction,
    Finding,
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    MeterPointNote,
    Reading,
    SiteVisit,
)

_READING, _VISIT = Reading._meta.db_table, SiteVisit._meta.db_table
_METER, _METER_POINT = Meter._meta.db_table, MeterPoint._meta.db_table
_CORRECTION = Correction._meta.db_table
_FLOW_FILE = FlowFile._meta.db_table

# Each file counts how many of its readings were deleted.
_UPDATE_DELETED_COUNTS = f"""
UPDATE {_FLOW_FILE}
SET readings_deleted = readings_deleted + deleted.number, changed_at = %s
FROM (
    SELECT flow_file_id, COUNT(*) AS number FROM {_READING}
    WHERE {{condition}} GROUP BY flow_file_id
) AS deleted
WHERE deleted.flow_file_id = {_FLOW_FILE}.id
"""

# A correction has readings until these are deleted.
_DELETE_UNUSED_CORRECTIONS = f"""
DELETE FROM {_CORRECTION}
WHERE NOT EXISTS (SELECT 1 FROM {_READING} WHERE correction_id = {_CORRECTION}.id)
"""

_DELETE_UNUSED_METERS = f"""
DELETE FROM {_METER}
WHERE NOT EXISTS (SELECT 1 FROM {_READING} WHERE meter_id = {_METER}.id)
    AND NOT EXISTS (SELECT 1 FROM {_VISIT} WHERE meter_id = {_METER}.id)
"""

_DELETE_UNUSED_METER_POINTS = f"""
DELETE FROM {_METER_POINT}
WHERE NOT EXISTS (SELECT 1 FROM {_METER} WHERE meter_point_id = {_METER_POINT}.id)
    AND NOT EXISTS (SELECT 1 FROM {_VISIT} WHERE meter_point_id = {_METER_POINT}.id)
"""


@dataclass(frozen=True)
class Schedule:
    """Retention periods in days; 0 means without limit."""

    originals: int
    rejected: int
    import_jobs: int
    readings: int
    audit_events: int
    notifications: int = 0

    @classmethod
    def from_settings(cls) -> Self:
        return cls(
            originals=settings.RETENTION_ORIGINALS_DAYS,
            rejected=settings.RETENTION_REJECTED_DAYS,
            import_jobs=settings.RETENTION_IMPORT_JOBS_DAYS,
            readings=settings.RETENTION_READINGS_DAYS,
            audit_events=settings.RETENTION_AUDIT_EVENTS_DAYS,
            notifications=settings.RETENTION_NOTIFICATIONS_DAYS,
        )


class RetentionResult(NamedTuple):
    """Numbers of deleted rows and original files."""

    readings: int = 0
    site_visits: int = 0
    meters: int = 0
    meter_points: int = 0
    originals: int = 0
    findings: int = 0
    rejected_files: int = 0
    import_jobs: int = 0
    meter_point_notes: int = 0
    audit_events: int = 0
    notifications: int = 0
    corrections: int = 0


def apply_retention(
    *, schedule: Schedule, now: datetime, dry_run: bool = False
) -> RetentionResult:
    """Delete data older than the retention periods, in one transaction.

    `dry_run` rolls the transaction back and returns the same counts. Raises
    ImportRunning while a file is imported or undone.
    """
    with importer.exclusive_import_lock(now=now):
        readings, visits, meters, points = _delete_readings(schedule, now)
        with connection.cursor() as cursor:
            corrections = delete_unused_corrections(cursor)
        originals, findings = _delete_originals(schedule, now)
        files, findings_of_files = _delete_rejected(schedule, now)
        result = RetentionResult(
            readings=readings,
            site_visits=visits,
            meters=meters,
            meter_points=points,
            originals=originals,
            findings=findings + findings_of_files,
            rejected_files=files,
            import_jobs=_delete_import_jobs(schedule, now),
            meter_point_notes=_delete_notes(schedule, now),
            audit_events=_delete_audit_events(schedule, now),
            notifications=_delete_notifications(schedule, now),
            corrections=corrections,
        )
        if any(result):
            audit.record(AuditEvent.Action.RETENTION, details=result._asdict())
        if dry_run:
            transaction.set_rollback(True)
    if not dry_run:
        call_command("clearsessions")
        importer.delete_unreferenced_files()
    return result


def _cutoff(days: int, now: datetime) -> datetime | None:
    return now - timedelta(days=days) if days else None


def _delete_readings(schedule: Schedule, now: datetime) -> tuple[int, int, int, int]:
    """Delete old readings, site visits of old files, and unused meters and points."""
    cutoff = _cutoff(schedule.readings, now)
    if cutoff is None:
        return 0, 0, 0, 0
    old_readings = Reading.objects.filter(read_at__lt=cutoff)
    old_visits = SiteVisit.objects.filter(flow_file__file_created_at__lt=cutoff)
    with connection.cursor() as cursor:
        count_deleted(
            cursor, "read_at < %s", connection.ops.adapt_datetimefield_value(cutoff)
        )
        readings, _ = old_readings.delete()
        visits, _ = old_visits.delete()
        if not readings + visits:
            return 0, 0, 0, 0
        cursor.execute(_DELETE_UNUSED_METERS)
        meters = cursor.rowcount
        cursor.execute(_DELETE_UNUSED_METER_POINTS)
        return readings, visits, meters, cursor.rowcount


def count_deleted(cursor: CursorWrapper, condition: str, parameter: str | None) -> None:
    """Count, in their files, the readings that are about to be deleted."""
    now = FlowFile.objects.next_change_time()
    cursor.execute(
        _UPDATE_DELETED_COUNTS.format(condition=condition),
        [connection.ops.adapt_datetimefield_value(now), parameter],
    )
    FlowFile.objects.filter(changed_at=now).mark_changed()


def delete_unused_corrections(cursor: CursorWrapper) -> int:
    """Delete the corrections whose readings are all deleted; return their number."""
    cursor.execute(_DELETE_UNUSED_CORRECTIONS)
    return int(cursor.rowcount)


def _delete_originals(schedule: Schedule, now: datetime) -> tuple[int, int]:
    """Delete originals and findings of imported files; their readings stay.

    The retention period of readings applies to originals too.
    """
    is_old = Q()
    if received := _cutoff(schedule.originals, now):
        is_old |= Q(received_at__lt=received)
    if created := _cutoff(schedule.readings, now):
        is_old |= Q(file_created_at__lt=created)
    if not is_old:
        return 0, 0
    imported = FlowFile.objects.filter(is_old, status=FlowFile.Status.IMPORTED)
    findings, _ = Finding.objects.filter(flow_file__in=imported).delete()
    return imported.exclude(content="").update(content=""), findings


def _delete_notes(schedule: Schedule, now: datetime) -> int:
    """Delete notes about meter points, to which the period of readings applies."""
    cutoff = _cutoff(schedule.readings, now)
    if cutoff is None:
        return 0
    deleted, _ = MeterPointNote.objects.filter(written_at__lt=cutoff).delete()
    return deleted


def _delete_audit_events(schedule: Schedule, now: datetime) -> int:
    cutoff = _cutoff(schedule.audit_events, now)
    return audit.delete_events(before=cutoff) if cutoff else 0


def _delete_rejected(schedule: Schedule, now: datetime) -> tuple[int, int]:
    """Delete rejected and undone files without recent import jobs."""
    cutoff = _cutoff(schedule.rejected, now)
    if cutoff is None:
        return 0, 0
    statuses = FlowFile.Status.REJECTED, FlowFile.Status.UNDONE
    recent = ImportJob.objects.filter(flow_file=OuterRef("pk"), started_at__gte=cutoff)
    old = FlowFile.objects.filter(
        ~Exists(recent), status__in=statuses, received_at__lt=cutoff
    )
    findings, _ = Finding.objects.filter(flow_file__in=old).delete()
    ImportJob.objects.filter(flow_file__in=old).update(flow_file=None)
    return _delete_files(old), findings


def _delete_files(rows: QuerySet[FlowFile]) -> int:
    """Delete files that nothing refers to, by one statement."""
    statement, parameters = rows.values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {_FLOW_FILE} WHERE id IN ({statement})", parameters
        )
        return int(cursor.rowcount)


def _delete_import_jobs(schedule: Schedule, now: datetime) -> int:
    cutoff = _cutoff(schedule.import_jobs, now)
    if cutoff is None:
        return 0
    jobs, _ = ImportJob.objects.filter(started_at__lt=cutoff).delete()
    return jobs


def _delete_notifications(schedule: Schedule, now: datetime) -> int:
    cutoff = _cutoff(schedule.notifications, now)
    return notifications.delete_old(before=cutoff) if cutoff else 0
