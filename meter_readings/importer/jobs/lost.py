"""Jobs whose process has ended: they are marked as failed, or left to the sweep."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Q

from meter_readings import notifications
from meter_readings.models import ImportJob, ImportJobQuerySet, stalled_q

from .locks import LockedJobs, delete_files_of_jobs, find_locked_jobs


def close_lost_jobs(*, now: datetime) -> None:
    """Mark the jobs as failed whose process was killed; the caller has the import lock.

    A job is lost if its process has ended. If its lock does not say, it is lost when it
    is stalled; if the process runs nevertheless, it finishes the job all the same. A
    queued job is left to the sweep, which queues it again.
    """
    jobs = find_locked_jobs()
    _fail(
        list(_lost(jobs, now).filter(queued_at=None)),
        message="Its process ended during the job.",
        now=now,
    )
    if jobs.ended:
        queued = ImportJob.objects.filter(pk__in=jobs.ended).exclude(queued_at=None)
        kept = set(queued.values_list("pk", flat=True))
        transaction.on_commit(partial(delete_files_of_jobs, jobs.ended - kept))


def _fail(jobs: list[ImportJob], *, message: str, now: datetime) -> None:
    """Mark running jobs as failed and record that, in the open transaction."""
    if not jobs:
        return
    ImportJob.objects.running().filter(pk__in=[job.pk for job in jobs]).update(
        state=ImportJob.State.FAILED, finished_at=now, message=message
    )
    for job in jobs:
        job.finished_at, job.message = now, message
    notifications.record_failed_jobs(jobs)


def lost_queued_jobs(*, now: datetime) -> ImportJobQuerySet:
    """Return the running jobs of the queue whose worker was killed."""
    return _lost(find_locked_jobs(), now).exclude(queued_at=None)


def _lost(jobs: LockedJobs, now: datetime) -> ImportJobQuerySet:
    is_lost = Q(pk__in=jobs.ended) | (stalled_q(now) & ~Q(pk__in=jobs.living))
    return ImportJob.objects.running().filter(is_lost)
