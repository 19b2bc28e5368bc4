"""Admin of the audit trail: list, filters, search, and export as CSV."""

from __future__ import annotations

import json
import uuid
from collections.abc import Generator, Sequence
from contextlib import suppress
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG, PAGE_VAR, SEARCH_VAR
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.views.decorators.http import require_safe

from meter_readings import audit, exports
from meter_readings.models import (
    AUDIT_EVENT_ORDER,
    ApiToken,
    AuditEvent,
    FlowFile,
    MeterPoint,
    Reading,
    SubjectRequest,
    pseudonymise_mpan,
)
from meter_readings.queries import mpan_text
from meter_readings.templatetags import formatting

from .base import display, filters
from .base.changelist import AccessPath, BoundedChangeList
from .base.date_filter import DateColumn, DateFilter
from .base.read_only import ObjectTool, ReadOnlyAdmin

_LIST = "admin:meter_readings_auditevent_changelist"
_EXPORT = "admin:meter_readings_auditevent_export_csv"

_ACTION_PARAM = "action__exact"
_MPAN_LENGTH = 13
_ROWS_PER_FETCH = 2_000

_OBJECT_TYPES = (FlowFile, MeterPoint, Reading, ApiToken, SubjectRequest, AuditEvent)

_CSV_COLUMNS = (
    "at",
    "action",
    "channel",
    "username",
    "user_id",
    "token",
    "request_id",
    "object_type",
    "object_id",
    "object_label",
    "details",
)


class TimeFilter(DateFilter):
    title = "date"
    parameter_name = "at_in"
    column = DateColumn(AuditEvent, "at")
    range_ordering = AUDIT_EVENT_ORDER


class UserFilter(filters.FormFilter):
    """Filter by a whole user name, which is typed."""

    title = "user"
    parameter_name = "user"
    column = "username"
    template = "admin/meter_readings/auditevent/user_filter.html"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin
    ) -> filters.Choices:
        value = self.value()
        return [(value, value)] if value else []

    def has_output(self) -> bool:
        return True


class ObjectTypeFilter(filters.FieldFilter):
    title = "type of object"
    parameter_name = "object_type"
    column = "object_type"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin
    ) -> filters.Choices:
        return [
            *(
                (str(m._meta.model_name), str(m._meta.verbose_name))
                for m in _OBJECT_TYPES
            ),
            ("user", "user"),
        ]


@admin.display(description="action")
def action(event: AuditEvent) -> SafeString:
    return formatting.badge(event.action, event.get_action_display())


@admin.display(description="user, channel")
def user_and_channel(event: AuditEvent) -> SafeString:
    channel = event.get_channel_display()
    if event.token:
        channel = f"{channel}, {event.token}"
    return display.two_lines(event.username or formatting.EMPTY_VALUE, channel)


@admin.display(description="object")
def object_and_type(event: AuditEvent) -> SafeString:
    return display.two_lines(
        formatting.breakable(event.object_label or formatting.EMPTY_VALUE),
        event.object_type_label,
    )


@admin.display(description="details")
def details(event: AuditEvent) -> str:
    return audit.details_text(event.details) or formatting.EMPTY_VALUE


@admin.display(description="details")
def summary(event: AuditEvent) -> str:
    """Return the details that fit into a list: the page of the event has all."""
    shown = {name: event.details[name] for name in event.details if name != "sha256"}
    return audit.details_text(shown) or formatting.EMPTY_VALUE


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """Audit events, latest first; they cannot be changed or deleted."""

    list_display = (
        display.time_column("at", label="time"),
        action,
        user_and_channel,
        object_and_type,
        summary,
    )
    list_filter = (
        TimeFilter,
        "action",
        UserFilter,
        ObjectTypeFilter,
        "channel",
        filters.ContinueFilter,
    )
    ordering = AUDIT_EVENT_ORDER
    # Any other order would sort the whole table.
    sortable_by = ()
    search_fields = ("object_label", "request_id")
    search_help_text = (
        "A full MPAN, file name, token name or other name of an object, or a request id"
    )
    fields = (  # type: ignore[assignment]
        "at",
        action,
        "channel",
        "username",
        "user_id",
        "token",
        "object_label",
        "object_type",
        "object_id",
        details,
        "request_id",
    )
    readonly_fields = (action, details)  # type: ignore[assignment]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_safe(self.export_view))
        name = _EXPORT.removeprefix("admin:")
        return [path("export/", view, name=name), *super().get_urls()]

    def get_object_tools(self, request: HttpRequest) -> list[ObjectTool]:
        return [ObjectTool("Export as CSV", reverse(_EXPORT) + _query_string(request))]

    def get_search_q(self, text: str) -> Q:
        """Match a whole name or request id; an MPAN also by its pseudonym."""
        with suppress(ValueError):
            return Q(request_id=uuid.UUID(text))
        labels = {text}
        digits = mpan_text.mpan_digits(text)
        if len(digits) == _MPAN_LENGTH:
            labels |= {digits, pseudonymise_mpan(digits)}
        return Q(object_label__in=labels)

    def access_paths(
        self, request: HttpRequest, changelist: BoundedChangeList
    ) -> Sequence[AccessPath]:
        """Return the path by time, then those of the indexed filters in use."""
        paths = [AccessPath(Q(), AUDIT_EVENT_ORDER, frozenset())]
        active = filters.active_filters(changelist)
        if user_filter := active.get(UserFilter.parameter_name):
            params = {UserFilter.parameter_name}
            paths.append(AccessPath(user_filter.get_q(), AUDIT_EVENT_ORDER, params))
        if value := request.GET.get(_ACTION_PARAM):
            condition = Q(action=value)
            paths.append(AccessPath(condition, AUDIT_EVENT_ORDER, {_ACTION_PARAM}))
        if text := changelist.query.strip():
            condition = self.get_search_q(text)
            paths.append(AccessPath(condition, AUDIT_EVENT_ORDER, {SEARCH_VAR}))
        return paths

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Stream the events of the list, without its scan limit, as CSV."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            changelist = cast(BoundedChangeList, self.get_changelist_instance(request))
        except IncorrectLookupParameters:
            return redirect(_LIST)
        export = audit.RecordedExport(
            AuditEvent,
            details={"format": "csv", "filter": changelist.get_filters_params()},
        )
        lines = export.counted(
            _csv_lines(changelist.unbounded_queryset), header_lines=1
        )
        return StreamingHttpResponse(
            export.recorded(exports.encode_stream(lines, exports.CSV_ENCODING)),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="audit-trail.csv"'},
        )


def _query_string(request: HttpRequest) -> str:
    """Return the query string of a change list without its page number."""
    params = request.GET.copy()
    for name in (PAGE_VAR, ERROR_FLAG):
        params.pop(name, None)
    return f"?{params.urlencode()}" if params else ""


def _csv_lines(events: QuerySet[AuditEvent]) -> Generator[str]:
    yield exports.csv_line(_CSV_COLUMNS)
    for event in events.iterator(chunk_size=_ROWS_PER_FETCH):
        cells: dict[str, Any] = {name: getattr(event, name) for name in _CSV_COLUMNS}
        cells["at"] = localtime(event.at).isoformat()
        cells["details"] = json.dumps(event.details)
        yield exports.csv_line(cells.values())
