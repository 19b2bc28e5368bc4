"""Export of readings from the admin, as CSV or as a D0010 file.

The export pages take the query parameters of the change list and export the same
readings, without the scan limit.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from datetime import datetime
from typing import Any, NamedTuple, cast

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG, PAGE_VAR
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import (
    HttpRequest,
    HttpResponse,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.views.decorators.http import require_safe

from meter_readings import audit, exports
from meter_readings.admin.base import filters
from meter_readings.admin.base.changelist import BoundedChangeList
from meter_readings.admin.base.read_only import ObjectTool, ReadOnlyAdmin
from meter_readings.models import Reading, ReadingQuerySet
from meter_readings.queries import mpan_text

_MPAN = re.compile("[0-9]{13}")

_PERMISSION = "meter_readings.export_reading"
_LIST = "admin:meter_readings_reading_changelist"
_PAGE = "admin:meter_readings_reading_export"


class _Format(NamedTuple):
    label: str
    suffix: str
    content_type: str
    encoding: str


_FORMATS = {
    "csv": _Format("CSV", "csv", "text/csv; charset=utf-8", exports.CSV_ENCODING),
    "d0010": _Format(
        "D0010",
        "uff",
        "text/plain; charset=windows-1252",
        exports.FLOW_FILE_ENCODING,
    ),
}


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
                for export_format in _FORMATS
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
                for name, each in _FORMATS.items()
            ],
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
    label = f"Export selected readings as {_FORMATS[name].label}"
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
    export_format = _FORMATS[name]
    created = f"{timezone.localtime(now):%Y%m%d-%H%M%S}"
    filename = f"readings-{created}.{export_format.suffix}"
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
    if name == "csv":
        return export.counted(exports.csv_lines(readings=readings), header_lines=1)
    participant = exports.parse_participant(settings.MARKET_PARTICIPANT)
    header = exports.new_header(
        created_at=now, sender=participant, recipient=participant
    )
    return export.counted(
        exports.selection_lines(readings=readings, header=header),
        row_prefix=exports.READING_PREFIX,
    )
