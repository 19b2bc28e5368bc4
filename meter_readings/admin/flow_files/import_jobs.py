"""Admin of import jobs: what waits, runs and is over; cancel, and try again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from meter_readings import jobs
from meter_readings.admin.base import display
from meter_readings.admin.base.read_only import ReadOnlyAdmin
from meter_readings.models import ImportJob
from meter_readings.ops.worker_heartbeat import has_living_worker

from . import history

_PERMISSION = "meter_readings.import_flowfile"


@admin.register(ImportJob)
class ImportJobAdmin(ReadOnlyAdmin):
    """An import job is one request to import a file or to undo an import."""

    list_display = (
        "filename",
        display.outcome,
        display.channel,
        "policy",
        display.started_at,
        display.finished_at,
        display.job_flow_file,
    )
    list_select_related = ("flow_file", "requested_by")
    list_filter = ("state", "channel", "policy", "started_at")
    ordering = ("-started_at", "-pk")

    def get_urls(self) -> list[URLPattern]:
        return [
            path(
                f"<int:object_id>/{name}/",
                self.admin_site.admin_view(require_POST(_permitted(view))),
                name=f"meter_readings_importjob_{name}",
            )
            for name, view in (("cancel", _cancel), ("retry", _retry))
        ] + super().get_urls()

    def get_page_context(self, request: HttpRequest, obj: ImportJob) -> dict[str, Any]:
        states = ImportJob.State
        may_import = request.user.has_perm(_PERMISSION)
        is_over = obj.state in (states.FAILED, states.CANCELLED)
        return {
            "message": history.job_message(obj, is_repeated=history.is_repeated(obj)),
            "counts": list(history.job_counts(obj)),
            "is_active": obj.state in ImportJob.ACTIVE_STATES,
            "may_cancel": may_import
            and obj.state in ImportJob.ACTIVE_STATES
            and not obj.is_cancel_requested,
            "may_retry": may_import and is_over and bool(obj.upload),
            "lacks_worker": obj.state == states.QUEUED and not has_living_worker(),
        }


def _permitted(
    view: Callable[[HttpRequest, ImportJob], HttpResponse],
) -> Callable[[HttpRequest, int], HttpResponse]:
    def permitted(request: HttpRequest, object_id: int) -> HttpResponse:
        if not request.user.has_perms(["meter_readings.view_importjob", _PERMISSION]):
            raise PermissionDenied
        return view(request, get_object_or_404(ImportJob, pk=object_id))

    return permitted


def _cancel(request: HttpRequest, job: ImportJob) -> HttpResponse:
    try:
        jobs.cancel(job=job)
    except jobs.CannotCancel:
        messages.warning(request, "The job is over: there is nothing to cancel.")
    else:
        messages.success(request, f"Import of {job.filename} cancelled.")
    return _show(job)


def _retry(request: HttpRequest, job: ImportJob) -> HttpResponse:
    try:
        job = jobs.retry(job=job, requested_by=cast(User, request.user))
    except jobs.CannotRetry:
        message = "The received file is no longer stored. Upload it again."
        messages.warning(request, message)
    else:
        messages.success(request, f"{job.filename} is imported again.")
    return _show(job)


def _show(job: ImportJob) -> HttpResponse:
    return redirect("admin:meter_readings_importjob_change", job.pk)
