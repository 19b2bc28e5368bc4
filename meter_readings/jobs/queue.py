"""The queue of jobs: cancels and retries them, and recovers those of dead workers."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from meter_readings import audit, importer, notifications
from meter_readings.models import AuditEvent, ImportJob, ImportJobQuerySet

from .requests import create, send

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 3

# Added to the reason why an erasure failed
ERASE_AGAIN = "Erase the MPAN again: that completes what has begun."

# A task that no worker has run for so long, while no job runs, may be lost.
_SEND_AGAIN_AFTER = timedelta(minutes=1)
_MAX_SENT_AGAIN = 20

_Kind, _State = ImportJob.Kind, ImportJob.State

# What a user needs to cancel a job of a kind, or to try it again
_PERMISSIONS = {
    _Kind.IMPORT: "import_flowfile",
    _Kind.REPROCESS: "import_flowfile",
    _Kind.UNDO: "undo_flowfile",
    _Kind.CLEAR: "clear_database",
    _Kind.EXPORT: "export_reading",
    _Kind.ERASE: "erase_mpan",
}

# What they have deleted cannot be restored.
_BEGUN_ERASURES = Q(kind=_Kind.ERASE) & (Q(state=_State.RUNNING) | Q(attempt__gt=1))

# What a new job has from the one that it repeats
_REPEATED_FIELDS = (
    "kind",
    "flow_file",
    "filename",
    "sha256",
    "size",
    "upload",
    "channel",
    "policy",
    "allow_same_name",
    "parameters",
)


class CannotCancel(Exception):
    """The job is over, or an erasure that has begun."""


class CannotRetry(Exception):
    """The job did not fail, was retried, or its file is no longer stored."""


def required_permission(job: ImportJob) -> str:
    """Return the permission to cancel a job or to try it again."""
    return f"meter_readings.{_PERMISSIONS[_Kind(job.kind)]}"


def cancel(*, job: ImportJob) -> None:
    """Cancel a job: at once if it waits, else when its worker notices.

    Raises CannotCancel if it is over, or an erasure that has begun.
    """
    row = ImportJob.objects.filter(pk=job.pk).exclude(_BEGUN_ERASURES)
    with transaction.atomic():
        # Between the first two updates its worker may give it back.
        if not (
            _cancel(row.waiting())
            or row.running().update(is_cancel_requested=True)
            or _cancel(row.waiting())
        ):
            raise CannotCancel
        _record(AuditEvent.Action.CANCEL_JOB, job)


def can_cancel(job: ImportJob) -> bool:
    """Return whether a job is not over, and no erasure that has begun."""
    is_begun = job.state == _State.RUNNING or job.attempt > 1
    is_begun_erasure = job.kind == _Kind.ERASE and is_begun
    return job.state in ImportJob.ACTIVE_STATES and not is_begun_erasure


def can_retry(job: ImportJob) -> bool:
    """Return whether a job of the queue failed, and all that it needs is stored."""
    return (
        job.state in (_State.FAILED, _State.CANCELLED)
        and job.queued_at is not None
        and not job.is_retried
        and _is_repeatable(job)
    )


def _is_repeatable(job: ImportJob) -> bool:
    """Return whether all that a job needs is still stored."""
    match job.kind:
        case _Kind.CLEAR:
            return True
        case _Kind.EXPORT:
            return bool(job.parameters)
        case _Kind.ERASE:
            return False  # The MPAN is not stored any more.
        case _:
            return bool(job.upload or job.flow_file_id)


def retry(*, job: ImportJob, requested_by: User | None) -> ImportJob:
    """Queue a failed or cancelled job again, as a new job, which is returned.

    Raises CannotRetry.
    """
    rows = ImportJob.objects.select_related("flow_file").filter(pk=job.pk)
    job = rows.first() or job
    if not can_retry(job):
        raise CannotRetry
    fields = {name: getattr(job, name) for name in _REPEATED_FIELDS}
    over = ImportJob.objects.filter(state__in=(_State.FAILED, _State.CANCELLED))
    row = over.filter(pk=job.pk, upload=job.upload, is_retried=False)
    with transaction.atomic():
        # The update locks the row: one of two requests finds it.
        if not row.update(upload="", is_retried=True):
            raise CannotRetry
        new = create(requested_by=requested_by, now=timezone.now(), **fields)
        _record(AuditEvent.Action.RETRY_JOB, new, retried_job=job.pk)
        send(new)
    return new


def release(*, job: ImportJob) -> None:
    """Queue a job again that this process gives back; its attempt does not count."""
    own = _own(job) | ImportJob.objects.waiting().filter(pk=job.pk, attempt=job.attempt)
    with transaction.atomic():
        if not _cancel(own.filter(is_cancel_requested=True)):
            if own.update(**_waiting()):
                send(job)


def attempt_again(*, job: ImportJob, reason: str) -> None:
    """Queue the next attempt of a job that broke off, or fail it after the third."""
    with transaction.atomic():
        if _cancel(_own(job).filter(is_cancel_requested=True)):
            return
        if job.attempt >= MAX_ATTEMPTS:
            message = f"{reason} It was attempted {MAX_ATTEMPTS} times."
            if job.kind == _Kind.ERASE:
                message = f"{message} {ERASE_AGAIN}"
            fail(_own(job), job=job, message=message)
        elif _own(job).update(
            **_waiting(message=reason, attempt=job.attempt + 1, mpan=job.mpan)
        ):
            job.attempt += 1
            send(job)
            logger.warning("Import job %s is attempted again: %s", job.pk, reason)


def fail(rows: ImportJobQuerySet, *, job: ImportJob, message: str) -> None:
    """Mark a job as failed for good and record that, in one transaction."""
    now = timezone.now()
    with transaction.atomic():
        if rows.update(
            state=_State.FAILED,
            finished_at=now,
            message=message,
            export_file="",
            mpan="",
        ):
            job.finished_at, job.message = now, message
            notifications.record_failed_jobs([job])


def sweep(*, now: datetime) -> None:
    """Queue the jobs of dead workers again, and send tasks again that were lost."""
    lost = list(importer.lost_queued_jobs(now=now))
    for job in lost:
        attempt_again(job=job, reason="Its worker ended during the job.")
    if any(job.kind == _Kind.EXPORT for job in lost):
        importer.delete_unreferenced_exports()
    if not ImportJob.objects.running().exists():
        late = ImportJob.objects.waiting().filter(
            heartbeat_at__lt=now - _SEND_AGAIN_AFTER
        )
        for job in late.order_by("pk")[:_MAX_SENT_AGAIN]:
            release(job=job)


def delete_old_uploads() -> None:
    """Delete uploads of more than a day ago, except those of jobs that are not over."""
    old = set(importer.old_uploads())
    if old:
        active = ImportJob.objects.active().filter(upload__in=old)
        old -= set(active.values_list("upload", flat=True))
        ImportJob.objects.filter(upload__in=old).update(upload="")
        for name in old:
            importer.delete_upload(name=name)


def _own(job: ImportJob) -> ImportJobQuerySet:
    """Return the row of a running or failed attempt, unless another has begun."""
    ended = ImportJob.objects.filter(state__in=(_State.RUNNING, _State.FAILED))
    return ended.filter(pk=job.pk, attempt=job.attempt, is_retried=False)


def _waiting(**fields: Any) -> dict[str, Any]:
    """Return the columns of a job that waits again, besides those given."""
    return {
        "state": _State.QUEUED,
        "phase": "",
        "heartbeat_at": timezone.now(),
        "finished_at": None,
        "message": "",
        "counts": {},
        "export_file": "",
    } | fields


def _cancel(rows: ImportJobQuerySet) -> int:
    return rows.update(
        state=_State.CANCELLED,
        finished_at=timezone.now(),
        message=importer.CANCELLED_MESSAGE,
        counts={},
        export_file="",
        mpan="",
    )


def _record(action: AuditEvent.Action, job: ImportJob, **details: int) -> None:
    audit.record(action, job, label=job.subject, details={"kind": job.kind, **details})
