"""The tasks that workers run."""

from __future__ import annotations

from django.tasks import task

from .runner import run


@task
def run_job(job_id: int, attempt: int) -> None:
    """Run one attempt of a queued job, unless it is claimed or over."""
    run(job_id=job_id, attempt=attempt)
