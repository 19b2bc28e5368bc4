"""Admin of import jobs: what waits, runs and is over; cancel, and try again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST, require_safe

from meter_readings import exports, importer, jobs
from meter_readings.admin.base import display
from meter_readings.admin.base.read_only import ReadOnlyAdmin
from meter_readings.models import ImportJob
from meter_readings.ops.worker_heartbeat import has_living_worker
from meter_readings.templatetags import formatting

from . import history


@admin.display(description="result")
def result(job: ImportJob) -> SafeString:
    """Return the state or the outcome, and below it the progress or the reason."""
    if job.state == ImportJob.State.RUNNING:
        parts = job.get_phase_display(), formatting.job_progress(job)
        text = ", ".join(filter(None, parts))
    else:
        text = history.job_message(job, is_repeated=False)
    return display.two_lines(formatting.outcome(job), text)


@admin.register(ImportJob)
class ImportJobAdmin(ReadOnlyAdmin):
    """An import job is one request to import, delete or export data."""

    list_display = (
        display.job_subject,
        "kind",
        result,
        display.channel,
        display.started_at,
        display.finished_at,
        display.job_flow_file,
    )
    list_select_related = ("flow_file", "requested_by")
    list_filter = ("kind", "state", "channel", "policy", "started_at")
    ordering = ("-started_at", "-pk")

    def get_urls(self) -> list[URLPattern]:
        views = (
            ("cancel", require_POST(_permitted(_cancel))),
            ("retry", require_POST(_permitted(_retry))),
            ("download", require_safe(_download)),
        )
        return [
            path(
                f"<int:object_id>/{name}/",
                self.admin_site.admin_view(view),
                name=f"meter_readings_importjob_{name}",
            )
            for name, view in views
        ] + super().get_urls()

    def get_page_context(self, request: HttpRequest, obj: ImportJob) -> dict[str, Any]:
        may_change = request.user.has_perm(jobs.required_permission(obj))
        is_active = obj.state in ImportJob.ACTIVE_STATES
        is_waiting = obj.state == ImportJob.State.QUEUED
        return {
            "message": history.job_message(obj, is_repeated=history.is_repeated(obj)),
            "counts": list(history.job_counts(obj)),
            "is_active": is_active,
            "may_cancel": may_change
            and jobs.can_cancel(obj)
            and not obj.is_cancel_requested,
            "may_retry": may_change and jobs.can_retry(obj),
            "may_download": obj.downloadable_id is not None
            and jobs.may_download(job=obj, user=request.user),
            "is_import": obj.kind in ImportJob.IMPORT_KINDS,
            "filters": obj.parameters.get("filter", {}),
            "lacks_worker": is_waiting and not has_living_worker(),
        }


def _permitted(
    view: Callable[[HttpRequest, ImportJob], HttpResponse],
) -> Callable[[HttpRequest, int], HttpResponse]:
    def permitted(request: HttpRequest, object_id: int) -> HttpResponse:
        if not request.user.has_perm("meter_readings.view_importjob"):
            raise PermissionDenied
        job = get_object_or_404(ImportJob, pk=object_id)
        if not request.user.has_perm(jobs.required_permission(job)):
            raise PermissionDenied
        return view(request, job)

    return permitted


def _cancel(request: HttpRequest, job: ImportJob) -> HttpResponse:
    try:
        jobs.cancel(job=job)
    except jobs.CannotCancel:
        messages.warning(
            request,
            "The job is over, or an erasure that has begun: it cannot be cancelled.",
        )
    else:
        messages.success(
            request, f"{job.get_kind_display()} of {job.subject}: cancelled."
        )
    return _show(job)


def _retry(request: HttpRequest, job: ImportJob) -> HttpResponse:
    try:
        job = jobs.retry(job=job, requested_by=cast(User, request.user))
    except jobs.CannotRetry:
        messages.warning(
            request,
            "It was tried again already, or what it needs is no longer stored: ask for "
            "it again.",
        )
    else:
        messages.success(request, f"{job.subject}: it is tried again by this job.")
    return _show(job)


def _download(request: HttpRequest, object_id: int) -> HttpResponseBase:
    """Return the file of an export, to the user who asked for it."""
    if not request.user.has_perm("meter_readings.view_importjob"):
        raise PermissionDenied
    job = get_object_or_404(ImportJob, pk=object_id)
    if not jobs.may_download(job=job, user=request.user):
        raise PermissionDenied
    try:
        content = jobs.open_download(job=job)
    except importer.ExportMissing as error:
        raise Http404(str(error)) from error
    if request.method == "GET":
        jobs.record_download(job=job)
    name = job.parameters["format"]
    return FileResponse(
        content,
        as_attachment=True,
        filename=exports.download_name(name=name, now=cast(datetime, job.finished_at)),
        content_type=exports.FORMATS[name].content_type,
    )


def _show(job: ImportJob) -> HttpResponse:
    return redirect("admin:meter_readings_importjob_change", job.pk)
