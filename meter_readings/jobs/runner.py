"""Runs one attempt of a job in this process."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from functools import partial
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.utils import timezone

from meter_readings import audit, importer
from meter_readings.models import FlowFile, ImportJob, Policy

from . import erasure, exports, queue, requests
from .stopping import stop_if_requested, stopping_by_signal

logger = logging.getLogger(__name__)

# Errors that may not happen at the next attempt
_TEMPORARY = OperationalError, InterfaceError, importer.ImportLockTimeout

_TRY_AGAIN = "Nothing was changed. Try again."

_Kind = ImportJob.Kind


class FlowFileMissing(Exception):
    """Retention or a clearing has deleted the flow file."""


def run(*, job_id: int, attempt: int) -> None:
    """Run an attempt if it waits; how it ends is saved with the job."""
    queue.sweep(now=timezone.now())
    waiting = ImportJob.objects.waiting().filter(pk=job_id, attempt=attempt)
    job = waiting.select_related("requested_by", "flow_file").first()
    if job is None:
        return
    try:
        with nullcontext() if requests.is_immediate() else stopping_by_signal():
            _perform(job)
    except (importer.JobNotClaimed, importer.JobTakenOver, importer.JobCancelled):
        return
    except importer.JobReleased:
        queue.release(job=job)
    except _TEMPORARY as error:
        queue.attempt_again(job=job, reason=_temporary_reason(error))
    except Exception as error:
        # Only the type is logged: the message may contain data of the file.
        logger.error("Import job %s failed: %s.", job_id, type(error).__name__)
        # It still waits if its file could not be opened.
        states = ImportJob.State
        rows = ImportJob.objects.filter(
            pk=job_id, attempt=attempt, state__in=(states.FAILED, states.QUEUED)
        )
        queue.fail(rows, job=job, message=_reason(job, error))


def _perform(job: ImportJob) -> None:
    """Do what the job is for; what is audited has the user who asked for it."""
    options: dict[str, Any] = {"now": job.queued_at, "queued_job": job}
    # A clearing is one statement for each table, and is not interrupted.
    stoppable = options | {"on_progress": stop_if_requested}
    with (
        audit.acting_as(partial(_asker, job)),
        # Loading uses the drivers themselves, whose errors Django does not wrap.
        connection.wrap_database_errors,
    ):
        match job.kind:
            case _Kind.IMPORT:
                _import(job, stoppable)
            case _Kind.REPROCESS:
                importer.import_original(
                    flow_file=_flow_file(job),
                    policy=Policy(job.policy),
                    channel=ImportJob.Channel(job.channel),
                    requested_by=job.requested_by,
                    allow_same_name=job.allow_same_name,
                    **stoppable,
                )
            case _Kind.UNDO:
                importer.undo_import(flow_file=_flow_file(job), **stoppable)
            case _Kind.EXPORT:
                exports.write_export(job=job, on_progress=stop_if_requested)
            case _Kind.ERASE:
                erasure.erase(job=job)
            case _:
                importer.clear_database(**options)


def _import(job: ImportJob, options: dict[str, Any]) -> None:
    upload = job.upload
    with importer.open_upload(name=upload) as stream:
        importer.import_flow_file(
            stream=stream,
            filename=job.filename,
            policy=Policy(job.policy),
            channel=ImportJob.Channel(job.channel),
            requested_by=job.requested_by,
            allow_same_name=job.allow_same_name,
            **options,
        )
    importer.delete_upload(name=upload)


def _flow_file(job: ImportJob) -> FlowFile:
    if job.flow_file is None:
        raise FlowFileMissing
    return job.flow_file


def _asker(job: ImportJob) -> audit.Actor:
    """Return the actor of the request that queued the job."""
    user = job.requested_by
    return audit.Actor(
        ImportJob.Channel(job.channel),
        user.get_username() if user else "",
        user.pk if user else None,
        job.token,
        str(job.request_id or ""),
    )


def _temporary_reason(error: Exception) -> str:
    if isinstance(error, importer.ImportLockTimeout):
        return f"It waited too long: {error.reason}."
    return "The database was unavailable during the job."


def _reason(job: ImportJob, error: Exception) -> str:
    if job.kind == _Kind.ERASE:
        return erasure.reason_of_failure(error)
    match error:
        case FlowFileMissing():
            return "The flow file is no longer stored."
        case exports.NothingToExport():
            return "No readings match, and a flow file cannot be empty."
        case exports.InvalidExport():
            return f"{error} Make the export again."
        case importer.NotImported():
            return f"{error} There is nothing to undo."
        case importer.OriginalMissing():
            return f"{error} Upload the file again."
        case importer.ImportRunning():
            return f"Nothing was deleted. {error} Try again when it has finished."
        case importer.UploadMissing():
            return "The received file is no longer stored. Upload it again."
        case importer.StorageFull():
            return f"The storage is full. {_TRY_AGAIN[:-1]} when there is free space."
        case importer.StorageNotWritable():
            return f"The storage cannot be written. {_TRY_AGAIN}"
        case DatabaseError():
            return f"The database could not store it. {_TRY_AGAIN}"
        case _:
            return f"Interrupted by {type(error).__name__}. {_TRY_AGAIN}"
