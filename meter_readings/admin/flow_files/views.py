"""Extra pages of a flow file: URLs, permissions, methods and rendering."""

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

READ_METHODS = ("GET", "HEAD")
WRITE_METHODS = (*READ_METHODS, "POST")

# Seconds that a page waits for another import to finish
LOCK_TIMEOUT = 5.0

STORAGE_FULL_MESSAGE = (
    "The storage is full. Nothing was changed. Ask your administrator to free disk "
    "space, then try again."
)


class FlowFileView(NamedTuple):
    """A page at `<id>/<route>` of the flow file admin.

    `permissions` are required in addition to `view_flowfile`.
    """

    route: str
    name: str
    permissions: tuple[str, ...]
    view: Callable[[HttpRequest, FlowFile], HttpResponseBase]
    methods: tuple[str, ...] = READ_METHODS


def flow_file_urls(
    model_admin: admin.ModelAdmin, views: list[FlowFileView]
) -> list[URLPattern]:
    """Return the URL patterns, named `meter_readings_flowfile_<name>`."""
    return [
        path(
            f"<int:object_id>/{view.route}",
            model_admin.admin_site.admin_view(_protected(view)),
            name=f"meter_readings_flowfile_{view.name}",
        )
        for view in views
    ]


def _protected(view: FlowFileView) -> Callable[[HttpRequest, int], HttpResponseBase]:
    """Check method and permissions, and answer 404 if the original is missing."""
    required = [
        f"meter_readings.{name}" for name in ("view_flowfile", *view.permissions)
    ]

    @require_http_methods(view.methods)
    def protected(request: HttpRequest, object_id: int) -> HttpResponseBase:
        if not request.user.has_perms(required):
            raise PermissionDenied
        file = get_object_or_404(FlowFile, pk=object_id)
        try:
            return view.view(request, file)
        except importer.OriginalMissing as error:
            return render_flow_file_page(
                request,
                file,
                "original_missing",
                title=f"Original file of {file.filename} missing",
                status=HTTPStatus.NOT_FOUND,
                error=str(error),
            )

    return protected


def render_flow_file_page(
    request: HttpRequest,
    file: FlowFile | None,
    template: str,
    *,
    title: str,
    status: int = HTTPStatus.OK,
    **context: Any,
) -> HttpResponse:
    """Render a page of one file, or of several if `file` is None."""
    base_context = admin.site.each_context(request) | {
        "opts": FlowFile._meta,
        "flow_file": file,
        "title": title,
    }
    return TemplateResponse(
        request,
        f"admin/meter_readings/flowfile/{template}.html",
        base_context | context,
        status=status,
    )
