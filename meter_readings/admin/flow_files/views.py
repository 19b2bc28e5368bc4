"""What the extra pages of a flow file have in common: who may, by which method, how."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, NamedTuple

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_http_methods

from meter_readings import importer
from meter_readings.models import FlowFile

LOOK = ("GET", "HEAD")
CHANGE = (*LOOK, "POST")

# How long a page waits for another load to end, in seconds: nobody looks at a blank
# page for longer.
LOCK_TIMEOUT = 5.0
BUSY = (
    "Another file is being loaded, and only one load or undoing happens at a time. "
    "Nothing was changed: try again in a minute."
)
FULL = (
    "The storage is full. Nothing was changed: tell whoever runs the server, and try "
    "again when there is room."
)


class FlowFileView(NamedTuple):
    """A page of a file beside its own: where it is, who may see it, what it shows.

    `needs` are permissions beside the one to view flow files.
    """

    route: str
    name: str
    needs: tuple[str, ...]
    show: Callable[[HttpRequest, FlowFile], HttpResponseBase]
    methods: tuple[str, ...] = LOOK


def urls_of(
    model_admin: admin.ModelAdmin, views: list[FlowFileView]
) -> list[URLPattern]:
    """Return the addresses of these pages, beneath the page of the file."""
    return [
        path(
            f"<int:object_id>/{view.route}",
            model_admin.admin_site.admin_view(_guarded(view)),
            name=f"meter_readings_flowfile_{view.name}",
        )
        for view in views
    ]


def _guarded(view: FlowFileView) -> Callable[[HttpRequest, int], HttpResponseBase]:
    """Return the page, refused to those who may not; one without its bytes says so."""
    needed = [f"meter_readings.{name}" for name in ("view_flowfile", *view.needs)]

    @require_http_methods(view.methods)
    def guarded(request: HttpRequest, object_id: int) -> HttpResponseBase:
        if not request.user.has_perms(needed):
            raise PermissionDenied
        file = get_object_or_404(FlowFile, pk=object_id)
        try:
            return view.show(request, file)
        except importer.OriginalMissing as loss:
            return page(
                request,
                file,
                "original_missing",
                title=f"The original of {file.filename} cannot be had",
                status=HTTPStatus.NOT_FOUND,
                loss=str(loss),
            )

    return guarded


def page(
    request: HttpRequest,
    file: FlowFile | None,
    template: str,
    *,
    title: str,
    status: int = HTTPStatus.OK,
    **context: Any,
) -> HttpResponse:
    """Return a page of a file, or of several, in the frame of the admin."""
    shown = admin.site.each_context(request) | {
        "opts": FlowFile._meta,
        "original": file,
        "title": title,
    }
    return TemplateResponse(
        request,
        f"admin/meter_readings/flowfile/{template}.html",
        shown | context,
        status=status,
    )
