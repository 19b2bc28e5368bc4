"""The queue of jobs: enqueues, cancels and retries them, recovers those of the dead.

A row and its task are stored in one transaction if the tasks are in the database. On
another backend the task is sent after the commit; if it is lost, the sweep sends it
again.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import BinaryIO

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from meter_readings import importer, notifications
from meter_readings.models import ImportJob, ImportJobQuerySet, Policy

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 3

# A task that no worker has run for so long, while no job runs, may be lost.
_SEND_AGAIN_AFTER = timedelta(minutes=1)
_MAX_SENT_AGAIN = 20

_State = ImportJob.State


class CannotCancel(Exception):
    """The job is over."""


class CannotRetry(Exception):
    """The job did not fail, or its file is no longer stored."""


def is_immediate() -> bool:
    """Return whether jobs run in the process that enqueues them, without a worker."""
    return str(settings.TASKS_BACKEND) == "immediate"


def enqueue_import(
    *,
    stream: BinaryIO,
    filename: str,
    channel: ImportJob.Channel,
    now: datetime,
    policy: Policy = Policy.STANDARD,
    requested_by: User | None = None,
    allow_same_name: bool = False,
) -> ImportJob:
    """Store the bytes of one flow file and queue their import; return the job.

    `importer.iter_flow_files` yields the files of an archive. If the same bytes wait or
    are being imported already, the job that does so is returned. Raises UnreadableFile,
    StorageFull and OSError if the bytes cannot be read or stored.
    """
    return enqueue_upload(
        upload=importer.store_upload(stream=stream),
        filename=filename,
        channel=channel,
        now=now,
        policy=policy,
        requested_by=requested_by,
        allow_same_name=allow_same_name,
    )


def enqueue_upload(
    *,
    upload: importer.Upload,
    filename: str,
    channel: ImportJob.Channel,
    now: datetime,
    policy: Policy,
    requested_by: User | None,
    allow_same_name: bool,
    is_sent: bool = True,
) -> ImportJob:
    """Queue the import of a stored upload, or delete it if its bytes wait already.

    Unless `is_sent`, the caller runs the job itself, and may release it.
    """
    try:
        with transaction.atomic():
            same = ImportJob.objects.active().filter(sha256=upload.sha256)
            job = same.exclude(upload="").first()
            if job is None:
                job = ImportJob.objects.create(
                    filename=importer.sanitise_filename(filename),
                    sha256=upload.sha256,
                    size=upload.size,
                    upload=upload.name,
                    channel=channel,
                    requested_by=requested_by,
                    policy=policy,
                    allow_same_name=allow_same_name,
                    state=_State.QUEUED,
                    queued_at=now,
                    started_at=now,
                    heartbeat_at=timezone.now(),
                )
                if is_sent:
                    _send(job)
    except BaseException:
        importer.delete_upload(name=upload.name)
        raise
    if job.upload != upload.name:
        importer.delete_upload(name=upload.name)
    return job


def cancel(*, job: ImportJob) -> None:
    """Cancel a job: at once if it waits, else when its worker notices.

    Raises CannotCancel if it is over.
    """
    row = ImportJob.objects.filter(pk=job.pk)
    # Between the first two updates its worker may give it back.
    if not (
        _cancel(row.waiting())
        or row.running().update(is_cancel_requested=True)
        or _cancel(row.waiting())
    ):
        raise CannotCancel


def retry(*, job: ImportJob, requested_by: User | None) -> ImportJob:
    """Queue a failed or cancelled import again, as a new job, which is returned.

    Raises CannotRetry.
    """
    now = timezone.now()
    over = ImportJob.objects.filter(state__in=(_State.FAILED, _State.CANCELLED))
    with transaction.atomic():
        # The update locks the row: of two requests, one finds an upload.
        upload = job.upload
        if not upload or not over.filter(pk=job.pk, upload=upload).update(upload=""):
            raise CannotRetry
        new = ImportJob.objects.create(
            filename=job.filename,
            sha256=job.sha256,
            size=job.size,
            upload=upload,
            channel=job.channel,
            requested_by=requested_by,
            policy=job.policy,
            allow_same_name=job.allow_same_name,
            state=_State.QUEUED,
            queued_at=now,
            started_at=now,
            heartbeat_at=now,
        )
        _send(new)
    return new


def release(*, job: ImportJob) -> None:
    """Queue a job again that this process gives back; its attempt does not count."""
    own = _own(job) | ImportJob.objects.waiting().filter(pk=job.pk, attempt=job.attempt)
    with transaction.atomic():
        if not _cancel(own.filter(is_cancel_requested=True)):
            if own.update(
                state=_State.QUEUED,
                heartbeat_at=timezone.now(),
                finished_at=None,
                message="",
            ):
                _send(job)


def attempt_again(*, job: ImportJob, reason: str) -> None:
    """Queue the next attempt of a job that broke off, or fail it after the third."""
    now = timezone.now()
    with transaction.atomic():
        if _cancel(_own(job).filter(is_cancel_requested=True)):
            return
        if job.attempt >= MAX_ATTEMPTS:
            message = f"{reason} It was attempted {MAX_ATTEMPTS} times."
            fail(_own(job), job=job, message=message)
        elif _own(job).update(
            state=_State.QUEUED,
            attempt=job.attempt + 1,
            heartbeat_at=now,
            finished_at=None,
            message=reason,
        ):
            job.attempt += 1
            _send(job)
            logger.warning("Import job %s is attempted again: %s", job.pk, reason)


def fail(rows: ImportJobQuerySet, *, job: ImportJob, message: str) -> None:
    """Mark a job as failed for good and record that, in one transaction."""
    now = timezone.now()
    with transaction.atomic():
        if rows.update(state=_State.FAILED, finished_at=now, message=message):
            job.finished_at, job.message = now, message
            notifications.record_failed_jobs([job])


def sweep(*, now: datetime) -> None:
    """Queue the jobs of dead workers again, and send tasks again that were lost."""
    for job in importer.lost_queued_jobs(now=now):
        attempt_again(job=job, reason="Its worker ended during the import.")
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
    return ended.filter(pk=job.pk, attempt=job.attempt).exclude(upload="")


def _cancel(rows: ImportJobQuerySet) -> int:
    return rows.update(
        state=_State.CANCELLED,
        finished_at=timezone.now(),
        message="Cancelled. Nothing of it was imported.",
    )


def _send(job: ImportJob) -> None:
    """Enqueue the task of the job's present attempt."""
    # The task imports the runner, which imports this module.
    from .tasks import run_job

    enqueue = partial(run_job.enqueue, job.pk, job.attempt)
    if settings.TASKS_BACKEND == "database":
        enqueue()
    else:
        # Without its broker, the site keeps the job, and the sweep sends it later.
        transaction.on_commit(enqueue, robust=True)
