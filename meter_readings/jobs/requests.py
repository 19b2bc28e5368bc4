"""Requests for jobs: each stores a row and sends its task.

A row and its task are stored in one transaction if the tasks are in the database. On
another backend the task is sent after the commit; if it is lost, the sweep sends it
again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any, BinaryIO

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from meter_readings import audit, importer
from meter_readings.d0010.mpan import mask_mpans
from meter_readings.models import FlowFile, ImportJob, Policy, pseudonymise_mpan

_Kind = ImportJob.Kind


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
                job = create(
                    filename=importer.sanitise_filename(filename),
                    sha256=upload.sha256,
                    size=upload.size,
                    upload=upload.name,
                    channel=channel,
                    requested_by=requested_by,
                    policy=policy,
                    allow_same_name=allow_same_name,
                    now=now,
                )
                if is_sent:
                    send(job)
    except BaseException:
        importer.delete_upload(name=upload.name)
        raise
    if job.upload != upload.name:
        importer.delete_upload(name=upload.name)
    return job


def enqueue_reprocess(
    *,
    flow_file: FlowFile,
    policy: Policy,
    allow_same_name: bool,
    channel: ImportJob.Channel,
    requested_by: User | None,
) -> ImportJob:
    """Queue that a rejected or undone file is imported again; return the job."""
    return _enqueue_once(
        kind=_Kind.REPROCESS,
        flow_file=flow_file,
        filename=flow_file.filename,
        policy=policy,
        allow_same_name=allow_same_name,
        channel=channel,
        requested_by=requested_by,
    )


def enqueue_undo(
    *, flow_file: FlowFile, channel: ImportJob.Channel, requested_by: User | None
) -> ImportJob:
    """Queue the undo of an import; return the job."""
    return _enqueue_once(
        kind=_Kind.UNDO,
        flow_file=flow_file,
        filename=flow_file.filename,
        channel=channel,
        requested_by=requested_by,
    )


def enqueue_clear(*, channel: ImportJob.Channel, requested_by: User) -> ImportJob:
    """Queue that the database is cleared; return the job."""
    return _enqueue_once(kind=_Kind.CLEAR, channel=channel, requested_by=requested_by)


def enqueue_export(
    *,
    file_format: str,
    query: str,
    filters: Mapping[str, str],
    channel: ImportJob.Channel,
    requested_by: User,
) -> ImportJob:
    """Queue an export of readings to a file; return the job.

    `query` is the query string of the channel, and `filters` are for the audit trail.
    """
    parameters = {"format": file_format, "query": query, "filter": dict(filters)}
    return _enqueue_once(
        kind=_Kind.EXPORT,
        parameters=parameters,
        channel=channel,
        requested_by=requested_by,
    )


def enqueue_erasure(
    *, mpan: str, reason: str, channel: ImportJob.Channel, requested_by: User
) -> ImportJob:
    """Queue the erasure of an MPAN; return the job.

    Its row has the MPAN until it is over, and its task has not.
    """
    return _enqueue_once(
        {
            "pseudonym": pseudonymise_mpan(mpan),
            "parameters": {"reason": mask_mpans(reason)},
        },
        kind=_Kind.ERASE,
        mpan=mpan,
        channel=channel,
        requested_by=requested_by,
    )


def _enqueue_once(
    others: Mapping[str, Any] | None = None,
    /,
    *,
    channel: ImportJob.Channel,
    **fields: Any,
) -> ImportJob:
    """Queue a job, or return the one that does the same and is not over.

    Of two requests at the same moment, each may have a job: the second finds nothing to
    do.
    """
    new = {"channel": channel, "now": timezone.now(), **fields, **(others or {})}
    if fields["kind"] != _Kind.EXPORT:
        # Whoever asks for it; an export is downloaded by who asked.
        del fields["requested_by"]
    with transaction.atomic():
        same = ImportJob.objects.active().exclude(queued_at=None).filter(**fields)
        job = same.first()
        if job is None:
            job = create(**new)
            send(job)
    return job


def create(*, now: datetime, **fields: Any) -> ImportJob:
    """Insert a row that waits, with the request and the API token that asked for it."""
    actor = audit.current_actor()
    return ImportJob.objects.create(
        token=actor.token,
        request_id=actor.request_id or None,
        state=ImportJob.State.QUEUED,
        phase="",
        queued_at=now,
        started_at=now,
        heartbeat_at=timezone.now(),
        **fields,
    )


def send(job: ImportJob) -> None:
    """Enqueue the task of the job's present attempt."""
    # The task imports the runner, which imports this module.
    from .tasks import run_job

    enqueue = partial(run_job.enqueue, job.pk, job.attempt)
    if settings.TASKS_BACKEND == "database":
        enqueue()
    else:
        # Without its broker, the site keeps the job, and the sweep sends it later.
        transaction.on_commit(enqueue, robust=True)
