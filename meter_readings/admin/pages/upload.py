"""The upload page: one file or many, checked only or imported, each told in words."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import TooManyFilesSent
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.template.defaultfilters import filesizeformat
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from meter_readings import importer
from meter_readings.forms import UploadForm
from meter_readings.importer import ImportOptions, InputFile
from meter_readings.models import ImportJob

from .base import handles_large_bodies, render_admin, staff_permission_required
from .import_results import LOCK_TIMEOUT, import_files

_SAMPLE_FILENAME = "economy_7.uff"

_PIECE = 1 << 20

_FULL = (
    "The storage is full. Tell whoever runs the server, and send it again when there "
    "is room."
)


# Exempt from the checks of the middleware and the admin, which would read the whole
# body; `_receive` checks, after the size was looked at.
@staff_permission_required("import_flowfile")
@handles_large_bodies
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Show the form; import, or only check, what is sent by it."""
    if request.method != "POST":
        return _page(request, UploadForm())
    try:
        refusal = _refusal(request)
    except UnreadablePostError:
        broken = "It broke off on its way here. Send it again."
        return _page(request, UploadForm(), refusal=broken, status=400)
    except importer.StorageFull:
        _read_to_end(request)
        return _page(request, UploadForm(), refusal=_FULL, status=507)
    if refusal:
        _read_to_end(request)
        return _page(request, UploadForm(), refusal=refusal, status=413)
    return _receive(request)


@staff_permission_required("import_flowfile")
@require_safe
def upload_sample(request: HttpRequest) -> HttpResponse:
    """Download a synthetic flow file to try the upload with."""
    return HttpResponse(
        (settings.SAMPLE_DATA_DIR / _SAMPLE_FILENAME).read_bytes(),
        content_type="text/plain",
        headers={"Content-Disposition": f'attachment; filename="{_SAMPLE_FILENAME}"'},
    )


@csrf_protect
def _receive(request: HttpRequest) -> HttpResponse:
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
        **context,
    )


def _max_bytes() -> int:
    return settings.UPLOAD_MAX_MEGABYTES << 20


def _refusal(request: HttpRequest) -> str:
    """Return why an upload is too much to be taken, or nothing."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > _max_bytes():
        return (
            f"That is more than {filesizeformat(_max_bytes())}, the most that one "
            "upload may bring. Pack the files, or send fewer at a time."
        )
    try:
        with importer.disk_full_as("what is uploaded"):
            request.POST
    except TooManyFilesSent:
        return (
            f"Those are more than {settings.DATA_UPLOAD_MAX_NUMBER_FILES} files, the "
            "most that one upload may bring. Send fewer, or pack them into one .zip."
        )
    return ""


def _read_to_end(request: HttpRequest) -> None:
    """Let the browser finish: one that is cut off while it sends hears no answer."""
    while request.read(_PIECE):
        pass
