"""Export of readings from the admin, as CSV or as a D0010 file.

The export pages take the query parameters of the change list and export the same
readings, without the scan limit: at once, or in the background where workers run.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from datetime import datetime
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG, PAGE_VAR
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import (
    HttpRequest,
    HttpResponse,
    QueryDict,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.views.decorators.http import require_POST, require_safe

from meter_readings import audit, exports, jobs
from meter_readings.admin.base import filters
from meter_readings.admin.base.changelist import BoundedChangeList
from meter_readings.admin.base.queued_jobs import redirect_to_jobs
from meter_readings.admin.base.read_only import ObjectTool, ReadOnlyAdmin
from meter_readings.models import ImportJob, Reading, ReadingQuerySet
from meter_readings.queries import mpan_text

_MPAN = re.compile("[0-9]{13}")

_PERMISSION = "meter_readings.export_reading"
_LIST = "admin:meter_readings_reading_changelist"
_PAGE = "admin:meter_readings_reading_export"


class ExportMixin(ReadOnlyAdmin):
    """Adds export pages, an object tool and permission checks to the admin."""

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(_PERMISSION)

    def get_object_tools(self, request: HttpRequest) -> list[ObjectTool]:
        if not self.has_export_permission(request):
            return []
        return [ObjectTool("Export", reverse(_PAGE) + _query_string(request))]

    def get_urls(self) -> list[URLPattern]:
        def protected(view: Any) -> Any:
            return self.admin_site.admin_view(require_safe(view))

        name = "meter_readings_reading"
        return [
            path("export/", protected(self.export_view), name=f"{name}_export"),
            *(
                path(
                    f"export/{export_format}/",
                    protected(self.download_view),
                    {"name": export_format},
                    name=f"{name}_export_{export_format}",
                )
                for export_format in exports.FORMATS
            ),
            path(
                "export/background/",
                self.admin_site.admin_view(require_POST(self.background_view)),
                name=f"{name}_export_background",
            ),
            *super().get_urls(),
        ]

    def export_view(self, request: HttpRequest) -> HttpResponse:
        """Show how many readings the export has, and links to the downloads."""
        changelist = self._changelist(request)
        if changelist is None:
            return redirect(_PAGE)
        query_string = _query_string(request)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Export readings",
            "cl": changelist,
            "filters": _filter_summary(changelist),
            "downloads": [
                (each.label, reverse(f"{_PAGE}_{name}") + query_string)
                for name, each in exports.FORMATS.items()
            ],
            "background_url": (
                None
                if jobs.is_immediate()
                else reverse(f"{_PAGE}_background") + query_string
            ),
            "formats": exports.FORMATS.items(),
            "list_url": reverse(_LIST) + query_string,
        }
        template = "admin/meter_readings/reading/export.html"
        return TemplateResponse(request, template, context)

    def download_view(self, request: HttpRequest, name: str) -> HttpResponseBase:
        """Stream the readings from one snapshot of the database."""
        changelist = self._changelist(request)
        if changelist is None:
            return redirect(_PAGE)
        readings = cast(ReadingQuerySet, changelist.unbounded_queryset)
        export = _recorded_export(name, filter=_audited_filter(changelist))
        response = _stream(request, name, readings, export)
        return response or redirect(reverse(_PAGE) + _query_string(request))

    def background_view(self, request: HttpRequest) -> HttpResponse:
        """Queue the export as a job, and lead to its page."""
        changelist = self._changelist(request)
        name = request.POST.get("format", "")
        if changelist is None or jobs.is_immediate() or name not in exports.FORMATS:
            return redirect(_PAGE)
        job = jobs.enqueue_export(
            file_format=name,
            query=_query_string(request).removeprefix("?"),
            filters=_audited_filter(changelist),
            channel=ImportJob.Channel.ADMIN,
            requested_by=cast(User, request.user),
        )
        return redirect_to_jobs(request, [job], _LIST)

    def _changelist(self, request: HttpRequest) -> BoundedChangeList | None:
        """Return the change list of the query parameters; None if they are invalid.

        Raises PermissionDenied without permission to view and to export readings.
        """
        if not (
            self.has_view_permission(request) and self.has_export_permission(request)
        ):
            raise PermissionDenied
        try:
            return cast(BoundedChangeList, self.get_changelist_instance(request))
        except IncorrectLookupParameters:
            return None


def lines_of_query(
    *, query: str, file_format: str, user: User | AnonymousUser
) -> Generator[str]:
    """Return the lines of an export that was queued with a query string.

    Raises ValueError if it is no longer valid.
    """
    request = HttpRequest()
    request.method, request.user = "GET", user
    request.GET = QueryDict(query)
    model_admin = admin.site.get_model_admin(Reading)
    try:
        changelist = cast(
            BoundedChangeList, model_admin.get_changelist_instance(request)
        )
    except IncorrectLookupParameters as error:
        raise ValueError("The readings cannot be selected any more.") from error
    return exports.format_lines(
        name=file_format,
        readings=cast(ReadingQuerySet, changelist.unbounded_queryset),
        now=timezone.now(),
    )


def make_export_action(name: str) -> Any:
    """Return the admin action that exports the selected readings in a format."""

    def export_selected(
        model_admin: ReadOnlyAdmin, request: HttpRequest, queryset: QuerySet
    ) -> HttpResponseBase | None:
        if request.POST.get("select_across") == "1":
            # The export page shows first how many readings match.
            return redirect(reverse(_PAGE) + _query_string(request))
        keys = request.POST.getlist(ACTION_CHECKBOX_NAME)
        # By primary key alone: the filters of the list could mislead the planner.
        readings = Reading.objects.filter(pk__in=keys)
        if not readings.exists():
            messages.warning(request, "The selected readings are no longer stored.")
            return None
        ordered = readings.order_by(*model_admin.get_ordering(request))
        export = _recorded_export(name, selected=len(keys))
        return _stream(request, name, ordered, export)

    export_selected.__name__ = f"export_selected_{name}"
    label = f"Export selected readings as {exports.FORMATS[name].label}"
    return admin.action(description=label, permissions=["export"])(export_selected)


def _stream(
    request: HttpRequest,
    name: str,
    readings: ReadingQuerySet,
    export: audit.RecordedExport,
) -> StreamingHttpResponse | None:
    """Return a streaming response; None, with an error message, if that fails."""
    now = timezone.now()
    try:
        lines = _counted_lines(export, name, readings, now)
    except ValueError as error:
        messages.error(request, f"The setting MARKET_PARTICIPANT is invalid: {error}.")
        return None
    export_format = exports.FORMATS[name]
    filename = exports.download_name(name=name, now=now)
    return StreamingHttpResponse(
        export.recorded(exports.encode_stream(lines, export_format.encoding)),
        content_type=export_format.content_type,
        headers={"Content-Disposition": f'attachment; filename="{filename}"'},
    )


def _query_string(request: HttpRequest) -> str:
    """Return the query string of a change list without its page number."""
    params = request.GET.copy()
    for name in (PAGE_VAR, ERROR_FLAG):
        params.pop(name, None)
    return f"?{params.urlencode()}" if params else ""


def _filter_summary(changelist: BoundedChangeList) -> list[tuple[str, str]]:
    """Return the title and the selected label of each filter, the search first."""
    params = changelist.get_filters_params()
    query = changelist.query
    summary = [("Search", query)] if query.strip() else []
    for name, spec in filters.active_filters(changelist).items():
        summary.append((capfirst(spec.title), spec.selected_label()))
        params.pop(name, None)
    return summary + [(name, ", ".join(values)) for name, values in params.items()]


def _recorded_export(name: str, **details: Any) -> audit.RecordedExport:
    return audit.RecordedExport(Reading, details={"format": name, **details})


def _audited_filter(changelist: BoundedChangeList) -> dict[str, str]:
    """Return the filters for the audit trail, MPANs of a search as 13 digits.

    So an erasure finds them.
    """
    summary = dict(_filter_summary(changelist))
    if query := changelist.query.strip():
        mpans = mpan_text.mpans_in(query) or [mpan_text.mpan_digits(query)]
        if all(map(_MPAN.fullmatch, mpans)):
            summary["Search"] = ", ".join(mpans)
    return summary


def _counted_lines(
    export: audit.RecordedExport, name: str, readings: ReadingQuerySet, now: datetime
) -> Generator[str]:
    export_format = exports.FORMATS[name]
    return export.counted(
        exports.format_lines(name=name, readings=readings, now=now),
        header_lines=export_format.header_lines,
        row_prefix=export_format.row_prefix,
    )
