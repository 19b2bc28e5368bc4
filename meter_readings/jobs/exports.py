"""Exports that a worker writes to a file, which is kept for some days."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, BinaryIO

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import Error, connections, transaction
from django.utils.module_loading import import_string

from meter_readings import audit, exports, importer
from meter_readings.models import AuditEvent, ImportJob, Reading
from meter_readings.write_lock import write_unless_locked

_DOWNLOAD_ANY = "meter_readings.download_any_export"
_EXPORT = "meter_readings.export_reading"

# The function of each channel that reads its own query. It is imported when it is
# needed, because the channels are layers above this one.
_READERS = {
    ImportJob.Channel.ADMIN: "meter_readings.admin.readings.export.lines_of_query",
    ImportJob.Channel.API: "meter_readings.api.views.exports.lines_of_query",
}

type Write = Callable[[], None]


class NothingToExport(Exception):
    """No readings match, and a flow file cannot be empty."""


class InvalidExport(Exception):
    """The query or a setting that the export needs is not valid any more."""


def may_download(*, job: ImportJob, user: User | AnonymousUser) -> bool:
    """Return whether a user may download the export of a job, if it is stored."""
    is_own = user.pk is not None and user.pk == job.requested_by_id
    return user.has_perm(_EXPORT) and (is_own or user.has_perm(_DOWNLOAD_ANY))


def open_download(*, job: ImportJob) -> BinaryIO:
    """Open the file of an export. Raises ExportMissing."""
    if job.downloadable_id is None:
        raise importer.ExportMissing("The export is no longer stored.")
    return importer.open_export(name=job.export_file)


def record_download(*, job: ImportJob) -> None:
    """Record in the audit trail that an export is downloaded."""
    details = {
        "job": job.pk,
        "format": job.parameters["format"],
        "filter": job.parameters["filter"],
        "rows": job.counts["readings"],
    }
    audit.record_access(AuditEvent.Action.EXPORT, Reading, details=details)


def write_export(*, job: ImportJob, on_progress: Any) -> None:
    """Write the export of a job from one snapshot, and finish the job.

    It is read from the primary: a replica may be behind an erasure.
    """
    tracker = importer.JobTracker(job, on_progress=on_progress)
    try:
        with tracker:
            _write(job, tracker)
    except BaseException:
        # The next sweep of a worker deletes what this cannot.
        with suppress(Error):
            importer.delete_unreferenced_exports()
        raise


def _write(job: ImportJob, tracker: importer.JobTracker) -> None:
    name = job.parameters["format"]
    export_format = exports.FORMATS[name]
    counter = _RowCounter(-export_format.header_lines)
    lines = counter.counted(_lines(job), export_format.row_prefix)
    file_name = importer.new_export_name()
    tracker.set_export_file(file_name)
    with (
        importer.create_export(name=file_name) as write,
        _own_connection() as save,
        closing(exports.encode_stream(lines, export_format.encoding)) as chunks,
    ):
        for chunk in chunks:
            write(chunk)
            tracker.set_rows(max(counter.rows, 0), save)
    if name == "d0010" and not counter.rows:
        raise NothingToExport
    with transaction.atomic():
        tracker.finish(
            ImportJob.Outcome.EXPORTED, None, {"readings": max(counter.rows, 0)}
        )


def _lines(job: ImportJob) -> Generator[str]:
    read = import_string(_READERS[ImportJob.Channel(job.channel)])
    try:
        lines: Generator[str] = read(
            query=job.parameters["query"],
            file_format=job.parameters["format"],
            user=job.requested_by or AnonymousUser(),
        )
    except ValueError as error:
        raise InvalidExport(str(error)) from error
    return lines


class _RowCounter:
    def __init__(self, rows: int) -> None:
        self.rows = rows

    def counted(self, lines: Generator[str], prefix: str) -> Generator[str]:
        """Yield the lines, and count those with a prefix."""
        with closing(lines):
            for line in lines:
                self.rows += line.startswith(prefix)
                yield line


@contextmanager
def _own_connection() -> Iterator[Callable[[Write], None]]:
    """Yield a function that calls another, which writes, in a connection of its own.

    Nothing can be written in the snapshot of an export. While SQLite is locked, nothing
    is written.
    """
    with ThreadPoolExecutor(max_workers=1) as executor:
        try:
            yield lambda write: executor.submit(_write_if_possible, write).result()
        finally:
            executor.submit(connections.close_all).result()


def _write_if_possible(write: Write) -> None:
    write_unless_locked(write)


def delete_old_exports(*, now: datetime) -> None:
    """Delete exports that are older than RETENTION_EXPORTS_DAYS, with their filters."""
    if days := settings.RETENTION_EXPORTS_DAYS:
        jobs = ImportJob.objects.filter(kind=ImportJob.Kind.EXPORT)
        old = jobs.filter(finished_at__lt=now - timedelta(days=days))
        old.exclude(parameters={}).update(export_file="", parameters={})
    importer.delete_unreferenced_exports()
