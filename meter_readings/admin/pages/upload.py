"""The upload page: validate or import one file or many."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import TooManyFilesSent
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from meter_readings import importer, jobs
from meter_readings.forms import UploadForm
from meter_readings.importer import ImportOptions, InputFile
from meter_readings.models import ImportJob
from meter_readings.ops.worker_heartbeat import has_living_worker

from .base import (
    handles_large_bodies,
    render_admin,
    staff_permission_required,
)
from .import_results import LOCK_TIMEOUT, import_files

_SAMPLE_FILENAME = "economy7_meters.uff"

_CHUNK_BYTES = 1 << 20

_STORAGE_FULL = (
    "The storage is full. Ask your administrator to free disk space, then send it "
    "again."
)


# Exempt from the CSRF check of the middleware and the admin, which would read the whole
# body. `_handle_post` makes that check once the size is known.
@staff_permission_required("import_flowfile")
@handles_large_bodies
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Show the form; import or validate uploaded files."""
    if request.method != "POST":
        return _page(request, UploadForm())
    try:
        size_error = _size_error(request)
    except UnreadablePostError:
        interrupted = "The upload was interrupted. Send it again."
        return _page(request, UploadForm(), error=interrupted, status=400)
    except importer.StorageFull:
        _drain_request(request)
        return _page(request, UploadForm(), error=_STORAGE_FULL, status=507)
    if size_error:
        _drain_request(request)
        return _page(request, UploadForm(), error=size_error, status=413)
    return _handle_post(request)


@staff_permission_required("import_flowfile")
@require_safe
def upload_sample(request: HttpRequest) -> HttpResponse:
    """Download a synthetic flow file."""
    return HttpResponse(
        (settings.SAMPLE_DATA_DIR / _SAMPLE_FILENAME).read_bytes(),
        content_type="text/plain",
        headers={"Content-Disposition": f'attachment; filename="{_SAMPLE_FILENAME}"'},
    )


@csrf_protect
def _handle_post(request: HttpRequest) -> HttpResponse:
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form)
    options = ImportOptions(
        policy=form.cleaned_data["policy"],
        channel=ImportJob.Channel.UPLOAD,
        requested_by=cast(User, request.user),
        dry_run="check" in request.POST,
        allow_same_name=form.cleaned_data["allow_same_name"],
        lock_timeout=LOCK_TIMEOUT,
    )
    files = form.cleaned_data["flow_files"]
    results = import_files(
        (InputFile(file.name, file.name, file) for file in files), options
    )
    if len(results.files) == 1 and (job := results.files[0].job):
        if request.user.has_perm("meter_readings.view_importjob"):
            return redirect("admin:meter_readings_importjob_change", job.pk)
    # The form keeps its values, except the files: browsers do not accept them back.
    return _page(
        request,
        UploadForm(initial=form.cleaned_data),
        status=results.status,
        results=results,
    )


def _page(
    request: HttpRequest, form: UploadForm, *, status: int = 200, **context: Any
) -> HttpResponse:
    results = context.get("results")
    return render_admin(
        request,
        "upload.html",
        status=status,
        title="Upload files",
        head_title=results.summary if results else "Upload files",
        form=form,
        max_bytes=_max_bytes(),
        max_files=settings.DATA_UPLOAD_MAX_NUMBER_FILES,
        lacks_worker=not jobs.is_immediate() and not has_living_worker(),
        **context,
    )


def _max_bytes() -> int:
    return settings.UPLOAD_MAX_MEGABYTES << 20


def _size_error(request: HttpRequest) -> str:
    """Return a message if an upload has too many bytes or files, else ""."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > _max_bytes():
        return (
            f"The upload is larger than {filesizeformat(_max_bytes())}, the limit. "
            "Compress the files, or send fewer at a time."
        )
    try:
        with importer.disk_full_as("the upload"):
            request.POST
    except TooManyFilesSent:
        return (
            f"The upload has more than {settings.DATA_UPLOAD_MAX_NUMBER_FILES} files, "
            "the limit. Send fewer, or put them into one .zip."
        )
    return ""


def _drain_request(request: HttpRequest) -> None:
    """Read the rest of the body: a browser shows no answer before it has sent all."""
    while request.read(_CHUNK_BYTES):
        pass
