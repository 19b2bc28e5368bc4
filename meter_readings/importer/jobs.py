"""Import job tracking: the ImportJob row of an attempt, its log and its progress."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Any, Self

from django.contrib.auth.models import User
from django.db import Error, OperationalError, connection, transaction
from django.db.models import Q
from django.utils import timezone

from meter_readings.d0010.mpan import mask_mpans
from meter_readings.models import FlowFile, ImportJob, Policy, stalled_q

from .job_locks import JobLock, delete_files_of_jobs, find_locked_jobs

logger = logging.getLogger(__name__)

_HEARTBEAT_SECONDS = 2.0

# Arguments: the phase, the bytes processed, the bytes in all.
type OnProgress = Callable[[ImportJob.Phase, int, int], None]


def close_lost_jobs(*, now: datetime) -> None:
    """Mark the jobs as failed whose process was killed; the caller has the import lock.

    A job is lost if its process has ended. If its lock does not say, it is lost when it
    is stalled; if the process runs nevertheless, it finishes the job all the same.
    """
    jobs = find_locked_jobs()
    is_lost = Q(pk__in=jobs.ended) | (stalled_q(now) & ~Q(pk__in=jobs.living))
    ImportJob.objects.running().filter(is_lost).update(
        state=ImportJob.State.FAILED,
        finished_at=now,
        message="Its process ended during the import.",
    )
    transaction.on_commit(partial(delete_files_of_jobs, jobs.ended))


class JobTracker:
    """Saves the state of an attempt in its ImportJob row, unless `is_saved` is false.

    A context manager: an exception that leaves it marks the attempt as failed.
    """

    def __init__(
        self,
        *,
        filename: str,
        policy: Policy,
        channel: ImportJob.Channel,
        requested_by: User | None,
        now: datetime,
        is_saved: bool,
        on_progress: OnProgress | None = None,
    ) -> None:
        self._job = ImportJob(
            filename=filename,
            policy=policy,
            channel=channel,
            requested_by=requested_by,
            started_at=now,
            heartbeat_at=now,
        )
        self._is_saved = is_saved
        self._on_progress = on_progress
        self._size = 0
        self._next_heartbeat = 0.0
        self._start = time.monotonic()
        self._lock = JobLock()
        self._is_over = False

    def __enter__(self) -> Self:
        if self._is_saved:
            # Other processes see the row only when it has its lock.
            with transaction.atomic():
                self._save()
                self._lock.acquire(self._job.pk)
        self._log("Import job started.")
        return self

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
        if self._is_finished():
            self._is_over = True
            self._log_end()  # The error came after the commit.
            return
        self._job.state = ImportJob.State.FAILED
        self._job.outcome, self._job.flow_file, self._job.counts = "", None, {}
        # Only the type: the message of an exception may quote the file.
        self._job.message = f"Interrupted by {type(error).__name__}."
        self._job.finished_at = timezone.now()
        # The first error is raised; the next import closes a job that was not saved.
        with suppress(Error):
            self._save()
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
        self._job.sha256, self._size = sha256, size
        self.set_phase(ImportJob.Phase.VALIDATING)

    def set_phase(self, phase: ImportJob.Phase) -> None:
        self._job.phase = phase
        self._save()
        self._notify()

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
        self._job.flow_file = flow_file
        self._job.counts = dict(counts)
        self._job.finished_at = timezone.now()
        self._save()

    def _notify(self) -> None:
        if self._on_progress is not None:
            phase = ImportJob.Phase(self._job.phase)
            self._on_progress(phase, self._job.bytes_processed, self._size)

    def _save(self) -> None:
        self._next_heartbeat = time.monotonic() + _HEARTBEAT_SECONDS
        self._job.heartbeat_at = timezone.now()
        if self._is_saved:
            self._job.save()
