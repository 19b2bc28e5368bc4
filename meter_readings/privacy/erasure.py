"""Erasure of an MPAN (UK GDPR, article 17).

Rows are deleted in one transaction, under the lock of all imports. Redacted copies of
the original files are written before it commits, and the originals are deleted after
it. An erasure that is interrupted is completed by erasing the same MPAN again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.db import connection
from django.db.models import Exists, OuterRef

from meter_readings import importer
from meter_readings.d0010.redaction import Identifiers
from meter_readings.models import (
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    MeterPointNote,
    OverdueReading,
    QualityItem,
    Reading,
    SiteVisit,
    SubjectRequest,
)

from . import findings, originals, subject_requests, text_masking
from .originals import FileMention
from .retention import count_deleted, delete_unused_corrections

# Spooled files that were not written to for this long belong to killed imports.
_ABANDONED_SECONDS = 60

_METER, _METER_POINT = Meter._meta.db_table, MeterPoint._meta.db_table
_READINGS_OF_MPAN = (
    f"meter_id IN (SELECT id FROM {_METER} WHERE meter_point_id IN"
    f" (SELECT id FROM {_METER_POINT} WHERE mpan = %s))"
)
# Django would look for each id in the partitions of all years.
_DELETE_READINGS = f"DELETE FROM {Reading._meta.db_table} WHERE {_READINGS_OF_MPAN}"
_DELETE_METERS = f"""
DELETE FROM {_METER}
WHERE meter_point_id IN (SELECT id FROM {_METER_POINT} WHERE mpan = %s)
"""
_DELETE_METER_POINT = f"DELETE FROM {_METER_POINT} WHERE mpan = %s"


class ErasedCounts(NamedTuple):
    """Numbers of deleted rows, redacted original files and rows with masked texts."""

    readings: int
    site_visits: int
    meters: int
    meter_points: int
    findings: int
    originals: int
    masked_texts: int
    meter_point_notes: int = 0
    corrections: int = 0
    quality_items: int = 0


def erase_mpan(
    *,
    mpan: str,
    reason: str,
    answered_by: str,
    now: datetime,
    channel: ImportJob.Channel = ImportJob.Channel.COMMAND,
) -> ErasedCounts:
    """Erase everything stored about an MPAN core, and free the space of its rows.

    Must not be called in a transaction: it ends with a VACUUM. Raises ImportRunning
    while a file is imported or undone, and OperationalError if the VACUUM fails after
    the erasure; erasing the same MPAN again then repeats the VACUUM.
    """
    erased = erase_rows(
        mpan=mpan, reason=reason, answered_by=answered_by, now=now, channel=channel
    )
    vacuum_database()
    return erased


def erase_rows(
    *,
    mpan: str,
    reason: str,
    answered_by: str,
    now: datetime,
    channel: ImportJob.Channel,
    own_job_id: int = 0,
    on_erased: Callable[[ErasedCounts], None] = lambda erased: None,
) -> ErasedCounts:
    """Erase everything stored about an MPAN core; record it under its pseudonym.

    If nothing is stored, nothing is recorded, but the remains of an interrupted erasure
    are deleted. `on_erased` is called in the transaction if something was stored.
    Raises ImportRunning while another job than the own one imports or undoes a file.
    """
    # Scanning all files can take long. Most of it is done before the lock is taken.
    first = _identifiers_for(mpan)
    _, clean = originals.find_files_mentioning(first)
    with importer.exclusive_import_lock(now=now, own_job_id=own_job_id):
        identifiers = _identifiers_for(mpan)
        is_same = identifiers.texts == first.texts
        names, _ = originals.find_files_mentioning(
            identifiers, clean=clean if is_same else ()
        )
        erased = _erase(mpan, names, identifiers, now)
        if any(erased):
            subject_requests.record_request(
                kind=SubjectRequest.Kind.ERASURE,
                mpan=mpan,
                answered_by=identifiers.mask(answered_by),
                now=now,
                channel=channel,
                reason=identifiers.mask(reason),
                counts=erased._asdict(),
            )
            on_erased(erased)
    importer.delete_unreferenced_files()
    # A snapshot of before the commit is that of an export which is active now.
    importer.delete_files_of_jobs(now=now)
    _delete_abandoned_files(identifiers)
    if settings.SESSION_ENGINE.endswith(".file"):
        # Session files cannot be searched by content, so all of them are deleted.
        folder = Path(settings.SESSION_FILE_PATH)
        for path in folder.glob(f"{settings.SESSION_COOKIE_NAME}*"):
            path.unlink(missing_ok=True)
    return erased


def vacuum_database() -> None:
    """Free the space of deleted rows for other rows.

    SQLite rewrites its file, which drops the deleted bytes. PostgreSQL does not: bytes
    of deleted rows stay in the files of tables and indexes until other rows overwrite
    them, and column statistics keep sampled values until the next ANALYZE.
    """
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")


def _identifiers_for(mpan: str) -> Identifiers:
    """Return the MPAN and the serial numbers that no other meter point has."""
    others = Meter.objects.filter(serial_number=OuterRef("serial_number"))
    elsewhere = Exists(others.exclude(meter_point__mpan=mpan))
    own = Meter.objects.filter(~elsewhere, meter_point__mpan=mpan)
    meters = own.order_by("serial_number")
    return Identifiers(mpan, tuple(meters.values_list("serial_number", flat=True)))


def _erase(
    mpan: str, names: set[str], identifiers: Identifiers, now: datetime
) -> ErasedCounts:
    """Delete rows and findings, redact original files and mask texts."""
    items, _ = QualityItem.objects.filter(meter__meter_point__mpan=mpan).delete()
    readings, visits, meters, points, corrections = _delete_rows(mpan)
    notes, _ = MeterPointNote.objects.filter(mpan=mpan).delete()
    mentions = list(originals.redact_files(names, identifiers))
    finding_count = _delete_findings(mentions)
    for mention in mentions:
        mention.flow_file.redacted_at = now
    files = [mention.flow_file for mention in mentions]
    FlowFile.objects.bulk_update(files, ["content", "redacted_at"], batch_size=500)
    masked = text_masking.mask_text_fields(identifiers) + text_masking.delete_sessions(
        identifiers
    )
    return ErasedCounts(
        readings,
        visits,
        meters,
        points,
        finding_count,
        len(files),
        masked,
        notes,
        corrections,
        items,
    )


def _delete_rows(mpan: str) -> tuple[int, int, int, int, int]:
    """Delete all rows; each file counts how many of its readings were deleted."""
    # They are derived from the readings, and not counted.
    OverdueReading.objects.filter(meter__meter_point__mpan=mpan).delete()
    with connection.cursor() as cursor:
        count_deleted(cursor, _READINGS_OF_MPAN, mpan)
        cursor.execute(_DELETE_READINGS, [mpan])
        readings = cursor.rowcount
        corrections = delete_unused_corrections(cursor)
        visits, _ = SiteVisit.objects.filter(meter_point__mpan=mpan).delete()
        cursor.execute(_DELETE_METERS, [mpan])
        meters = cursor.rowcount
        cursor.execute(_DELETE_METER_POINT, [mpan])
        return readings, visits, meters, cursor.rowcount, corrections


def _delete_findings(mentions: Iterable[FileMention]) -> int:
    """Delete the findings on the redacted lines."""
    return sum(rows.delete()[0] for rows in findings.findings_in_blocks(mentions))


def _delete_abandoned_files(identifiers: Identifiers) -> None:
    """Delete spooled files of killed imports that contain an identifier."""
    for path in importer.abandoned_spool_files(silent_seconds=_ABANDONED_SECONDS):
        with path.open("rb") as stream:
            is_found = originals.is_in_stream(stream, identifiers)
        if is_found:
            path.unlink()
