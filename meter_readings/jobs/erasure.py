"""The erasure of an MPAN by a worker.

The row of the job has the MPAN until everything is deleted. What happens after the
transaction is repeated by the next attempt: each step can be done twice.
"""

from __future__ import annotations

import time

from django.db import transaction
from django.utils import timezone

from meter_readings import importer, privacy
from meter_readings.models import ImportJob

from .queue import ERASE_AGAIN
from .stopping import stop_requested

# Seconds to wait for imports to end, and between two looks
_MAX_WAIT = 600.0
_WAIT = 5.0


def erase(*, job: ImportJob) -> None:
    """Erase the MPAN of a job, and finish the job without it."""
    tracker = importer.JobTracker(job)
    with tracker:
        if job.mpan:
            _erase_rows(job, tracker)
            tracker.forget_mpan()
        privacy.vacuum_database()
        with transaction.atomic():
            erased = job.parameters.get("erased", {})
            tracker.finish(ImportJob.Outcome.ERASED, None, erased)


def _erase_rows(job: ImportJob, tracker: importer.JobTracker) -> None:
    """Erase all but the free space; wait while a file is imported."""
    user = job.requested_by
    deadline = time.monotonic() + _MAX_WAIT
    while True:
        try:
            privacy.erase_rows(
                mpan=job.mpan,
                reason=job.parameters.get("reason", ""),
                answered_by=user.get_username() if user else "",
                now=timezone.now(),
                channel=ImportJob.Channel(job.channel),
                own_job_id=job.pk,
                on_erased=lambda erased: tracker.set_erased(erased._asdict()),
            )
        except importer.ImportRunning:
            if time.monotonic() >= deadline:
                raise
            if stop_requested.wait(_WAIT):
                raise importer.JobReleased from None
        else:
            return


def reason_of_failure(error: Exception) -> str:
    match error:
        case importer.ImportRunning():
            return f"Nothing was erased. {error} Erase the MPAN when it has finished."
        case _:
            return f"Interrupted by {type(error).__name__}. {ERASE_AGAIN}"
