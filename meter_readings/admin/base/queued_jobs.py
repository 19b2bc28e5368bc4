"""Where a user is sent after queueing jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from meter_readings.models import ImportJob


def redirect_to_jobs(
    request: HttpRequest, jobs: Sequence[ImportJob], otherwise: Any
) -> HttpResponse:
    """Redirect to the page of a job, or the list of several.

    A user who may not view jobs is told that they wait, and redirected to `otherwise`.
    """
    if not request.user.has_perm("meter_readings.view_importjob"):
        waiting = "It is" if len(jobs) == 1 else f"{len(jobs)} jobs are"
        messages.info(request, f"{waiting} done in the background.")
        return redirect(otherwise)
    if len(jobs) == 1:
        return redirect("admin:meter_readings_importjob_change", jobs[0].pk)
    messages.info(request, f"{len(jobs)} jobs are done in the background.")
    return redirect("admin:meter_readings_importjob_changelist")
