"""Import job tracking: the ImportJob row of an attempt, its log and its progress.

An attempt changes its row by one conditional UPDATE, which finds nothing if the job is
cancelled, or if the sweep has given it to another worker.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from types import TracebackType
from typing import Any, Self

from django.db import Error, OperationalError, connection, transaction
from django.utils import timezone

from meter_readings import notifications
from meter_readings.d0010.mpan import mask_mpans
from meter_readings.models import FlowFile, ImportJob, ImportJobQuerySet

from .exceptions import JobCancelled, JobNotClaimed, JobReleased, JobTakenOver
from .locks import JobLock
from .recording import record_act

logger = logging.getLogger(__name__)

_HEARTBEAT_SECONDS = 2.0

CANCELLED_MESSAGE = "Cancelled. Nothing was changed."

_Kind, _Phase = ImportJob.Kind, ImportJob.Phase
_FIRST_PHASES = {
    _Kind.IMPORT: _Phase.RECEIVING,
    _Kind.REPROCESS: _Phase.RECEIVING,
    _Kind.UNDO: _Phase.DELETING,
    _Kind.CLEAR: _Phase.DELETING,
    _Kind.EXPORT: _Phase.WRITING,
    _Kind.ERASE: _Phase.DELETING,
}

_SAVED_FIELDS = (
    "flow_file",
    "sha256",
    "state",
    "phase",
    "outcome",
    "upload",
    "export_file",
    "mpan",
    "size",
    "bytes_processed",
    "started_at",
    "heartbeat_at",
    "finished_at",
    "counts",
    "message",
)

# Arguments: the phase, the bytes processed, the bytes in all.
type OnProgress = Callable[[ImportJob.Phase, int, int], None]


class JobTracker:
    """Saves the state of an attempt in its ImportJob row, unless `is_saved` is false.

    A context manager: an exception that leaves it marks the attempt as failed. A new
    job is inserted; one that waits in the queue is claimed, or JobNotClaimed is raised.
    """

    def __init__(
        self,
        job: ImportJob,
        *,
        is_saved: bool = True,
        on_progress: OnProgress | None = None,
    ) -> None:
        self._job = job
        self._is_queued = job.pk is not None
        self._is_saved = is_saved
        # The file that the job is about from its beginning
        self._flow_file = job.flow_file
        self._on_progress = on_progress
        self._next_heartbeat = 0.0
        self._start = time.monotonic()
        self._lock = JobLock()
        self._is_over = False

    def __enter__(self) -> Self:
        if self._is_saved:
            # Other processes see the row only when it has its lock.
            with transaction.atomic():
                self._insert_or_claim()
                self._lock.acquire(self._job.pk)
        self._log("Import job started.")
        return self

    def _insert_or_claim(self) -> None:
        job = self._job
        job.phase = _FIRST_PHASES[ImportJob.Kind(job.kind)]
        if not self._is_queued:
            job.save()
            return
        job.started_at = job.heartbeat_at = timezone.now()
        job.bytes_processed, job.message = 0, ""
        job.state = ImportJob.State.RUNNING
        is_claimed = (
            ImportJob.objects.waiting()
            .filter(pk=job.pk, attempt=job.attempt, is_cancel_requested=False)
            .update(**_values(job))
        )
        if not is_claimed:
            raise JobNotClaimed

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._end(error)
        finally:
            self._lock.release(is_over=self._is_over)

    def _end(self, error: BaseException | None) -> None:
        """Save how the attempt ended, unless that is saved already."""
        if error is None:
            self._is_over = True
            self._log_end()
            return
        if not connection.in_atomic_block:
            # An interrupt may have left the transaction open: this rolls it back.
            connection.close()
        if isinstance(error, JobTakenOver):
            return  # Row and lock are those of another attempt.
        if self._is_finished() or isinstance(error, JobReleased):
            self._is_over = True
            self._log_end()  # The error came after the commit, or is none.
            return
        is_cancelled = isinstance(error, JobCancelled)
        states = ImportJob.State
        self._job.state = states.CANCELLED if is_cancelled else states.FAILED
        self._job.outcome, self._job.counts = "", {}
        self._job.export_file = ""
        self._job.flow_file = self._flow_file
        # Only the type: the message of an exception may quote the file.
        self._job.message = (
            CANCELLED_MESSAGE
            if is_cancelled
            else f"Interrupted by {type(error).__name__}."
        )
        self._job.finished_at = timezone.now()
        # The first error is raised; the next import closes a job that was not saved.
        with suppress(Error):
            with transaction.atomic():
                is_final = self._job.state == states.FAILED and not self._is_queued
                # The next attempt of an erasure, if there is one, has the MPAN again.
                if self._update(self._own_row(), mpan="") and is_final:
                    notifications.record_failed_jobs([self._job])
            self._is_over = True
        self._log_end()

    def _log_end(self) -> None:
        job = self._job
        self._log(
            "Import job ended.",
            result=job.outcome or job.state,
            readings=job.counts.get("readings", 0),
            seconds=round(time.monotonic() - self._start, 3),
            reason=job.message,
        )

    def _log(self, message: str, **fields: Any) -> None:
        job = self._job
        if not self._is_saved:
            return
        user = job.requested_by.get_username() if job.requested_by else ""
        common = {
            "job": job.pk,
            "kind": str(job.kind),
            "filename": mask_mpans(job.filename),
            "channel": str(job.channel),
            "user": user,
        }
        logger.info(message, extra={"fields": common | fields})

    def _is_finished(self) -> bool:
        is_finished = False
        with suppress(Error):
            finished = ImportJob.objects.filter(state=ImportJob.State.FINISHED)
            is_finished = finished.filter(pk=self._job.pk).exists()
        return is_finished

    def set_file(self, sha256: str, size: int) -> None:
        """Save the hash of the file and begin to validate it; `size` is in bytes."""
        self._job.sha256, self._job.size = sha256, size
        self.set_phase(ImportJob.Phase.VALIDATING)

    def set_phase(self, phase: ImportJob.Phase) -> None:
        self._job.phase = phase
        self._save()
        self._notify()

    def notify_progress(self) -> None:
        """Tell that the attempt has come further, where the row cannot be saved."""
        self._notify()

    def set_export_file(self, name: str) -> None:
        """Save the name of the file that the attempt is about to write."""
        self._job.export_file = name
        self._save()

    def set_erased(self, counts: Mapping[str, int]) -> None:
        """Save what an erasure has deleted, in its transaction.

        It cannot be cancelled after that.
        """
        self._job.parameters = {"erased": dict(counts)}
        self._save()
        self._own_row().update(parameters=self._job.parameters)

    def forget_mpan(self) -> None:
        self._job.mpan = ""
        self._save()

    def set_rows(self, count: int, save: Callable[[Callable[[], None]], None]) -> None:
        """Set the number of rows written; every other second, `save` saves it.

        `save` gets a function to call where the database can be written.
        """
        self._job.counts = {"readings": count}
        self._notify()
        if time.monotonic() >= self._next_heartbeat:
            save(self._save)

    def set_progress(
        self,
        byte_count: int,
        connection_free: Callable[[], AbstractContextManager[None]],
    ) -> None:
        """Set the bytes processed; save them every other second.

        Within `connection_free` the database connection can be used.
        """
        self._job.bytes_processed = byte_count
        self._notify()
        if time.monotonic() >= self._next_heartbeat:
            # A heartbeat may be missed while the database is locked.
            with connection_free(), suppress(OperationalError):
                self._save()

    def finish(
        self,
        outcome: ImportJob.Outcome,
        flow_file: FlowFile | None,
        counts: Mapping[str, int],
    ) -> None:
        self._job.state = ImportJob.State.FINISHED
        self._job.outcome = outcome
        self._job.flow_file = flow_file or self._flow_file
        self._job.counts = dict(counts)
        self._job.finished_at = timezone.now()
        self._job.upload = self._job.mpan = ""
        self._save()
        # An export is recorded when it is downloaded, an erasure when it is committed.
        if self._is_saved and self._job.kind not in (_Kind.EXPORT, _Kind.ERASE):
            record_act(self._job)

    def _notify(self) -> None:
        if self._on_progress is not None:
            phase = ImportJob.Phase(self._job.phase)
            self._on_progress(phase, self._job.bytes_processed, self._job.size)

    def _save(self) -> None:
        """Save the row; raise JobCancelled, or JobTakenOver if the row is not ours."""
        if not self._is_saved:
            return
        if self._update(self._own_row().filter(is_cancel_requested=False)):
            return
        if self._own_row().exists():
            raise JobCancelled
        if self._is_queued:
            raise JobTakenOver
        # The database was cleared while the file was validated.
        self._job.save(force_insert=True)

    def _update(self, rows: ImportJobQuerySet, **values: str) -> int:
        self._next_heartbeat = time.monotonic() + _HEARTBEAT_SECONDS
        self._job.heartbeat_at = timezone.now()
        return rows.update(**_values(self._job) | values)

    def _own_row(self) -> ImportJobQuerySet:
        return ImportJob.objects.filter(pk=self._job.pk, attempt=self._job.attempt)


def _values(job: ImportJob) -> dict[str, Any]:
    """Return the columns that an attempt changes."""
    return {name: getattr(job, name) for name in _SAVED_FIELDS}
