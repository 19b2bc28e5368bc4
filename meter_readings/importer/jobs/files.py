"""Deletion of the files of jobs, which can contain what is erased."""

from __future__ import annotations

from datetime import datetime

from meter_readings.importer.files.export_files import delete_unreferenced_exports
from meter_readings.importer.files.uploads import delete_upload, old_uploads
from meter_readings.models import ImportJob, ImportJobQuerySet

# Uploads that have no row for this long belong to processes that ended.
_ABANDONED_SECONDS = 60.0

_CANCELLED = "Cancelled, because an MPAN was erased. Make the export again."


def delete_files_of_jobs(*, now: datetime) -> None:
    """Delete all exports, and the uploads of jobs that are over.

    Exports that wait are cancelled; those that are being written, when their worker
    notices.
    """
    over = ImportJob.objects.exclude(state__in=ImportJob.ACTIVE_STATES)
    _delete_exports(over.filter(kind=ImportJob.Kind.EXPORT), now)
    _delete_uploads(over.exclude(upload=""))


def _delete_exports(over: ImportJobQuerySet, now: datetime) -> None:
    exports = ImportJob.objects.filter(kind=ImportJob.Kind.EXPORT)
    # The filters of an export can name the MPAN.
    exports.waiting().update(
        state=ImportJob.State.CANCELLED,
        finished_at=now,
        message=_CANCELLED,
        parameters={},
    )
    exports.running().update(is_cancel_requested=True, parameters={})
    over.update(export_file="", parameters={})
    delete_unreferenced_exports()


def _delete_uploads(over: ImportJobQuerySet) -> None:
    names = set(over.values_list("upload", flat=True))
    over.update(upload="")
    active = ImportJob.objects.active().exclude(upload="")
    abandoned = set(old_uploads(seconds=_ABANDONED_SECONDS))
    abandoned -= set(active.values_list("upload", flat=True))
    for name in names | abandoned:
        delete_upload(name=name)
