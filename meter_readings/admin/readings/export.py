"""The door by which the readings of a list leave, as CSV or as D0010.

It asks for exactly what the list's own address asks for.
"""

from __future__ import annotations

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

from meter_readings import exports
from meter_readings.admin.base import filters
from meter_readings.admin.base.changelist import BoundedChangeList
from meter_readings.admin.base.read_only import ReadOnlyAdmin, Tool
from meter_readings.models import Reading, ReadingQuerySet

_PERMISSION = "meter_readings.export_reading"
_LIST = "admin:meter_readings_reading_changelist"
_PAGE = "admin:meter_readings_reading_export"


class _Format(NamedTuple):
    words: str
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
    """Adds the way out to the list of readings, for those who may take it."""

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Return whether who asks may take readings away."""
        return request.user.has_perm(_PERMISSION)

    def tools(self, request: HttpRequest) -> list[Tool]:
        """Return the tool that leads to the page that asks how to export."""
        if not self.has_export_permission(request):
            return []
        return [Tool("Export", reverse(_PAGE) + _question(request))]

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses of the page and of what can be downloaded."""

        def guarded(view: Any) -> Any:
            return self.admin_site.admin_view(require_safe(view))

        name = "meter_readings_reading"
        return [
            path("export/", guarded(self.export_view), name=f"{name}_export"),
            *(
                path(
                    f"export/{form}/",
                    guarded(self.download_view),
                    {"name": form},
                    name=f"{name}_export_{form}",
                )
                for form in _FORMATS
            ),
            *super().get_urls(),
        ]

    def export_view(self, request: HttpRequest) -> HttpResponse:
        """Say what would be exported, and ask as what."""
        changes = self._changes(request)
        if changes is None:
            return redirect(_PAGE)
        question = _question(request)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Export readings",
            "cl": changes,
            "chosen": _in_words(changes),
            "downloads": [
                (form.words, reverse(f"{_PAGE}_{name}") + question)
                for name, form in _FORMATS.items()
            ],
            "back": reverse(_LIST) + question,
        }
        template = "admin/meter_readings/reading/export.html"
        return TemplateResponse(request, template, context)

    def download_view(self, request: HttpRequest, name: str) -> HttpResponseBase:
        """Send the readings as one stream, as the database is at one moment."""
        changes = self._changes(request)
        if changes is None:
            return redirect(_PAGE)
        readings = cast(ReadingQuerySet, changes.everything)
        sent = _sent(request, name, readings)
        return sent or redirect(reverse(_PAGE) + _question(request))

    def _changes(self, request: HttpRequest) -> BoundedChangeList | None:
        """Return the list that the address asks for, or None where it makes no sense.

        Raises PermissionDenied for those who may not see it, or not take it away.
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
    """Return the action that exports what is chosen in the list, in a format."""

    def export_selected(
        model_admin: ReadOnlyAdmin, request: HttpRequest, listed: QuerySet
    ) -> HttpResponseBase | None:
        if request.POST.get("select_across") == "1":
            # Who exports all that match is told first how many they are.
            return redirect(reverse(_PAGE) + _question(request))
        keys = request.POST.getlist(ACTION_CHECKBOX_NAME)
        # By their numbers alone: what else the list asks for could mislead a planner.
        readings = Reading.objects.filter(pk__in=keys)
        if not readings.exists():
            messages.warning(request, "None of these readings is held any more.")
            return None
        in_order = readings.order_by(*model_admin.get_ordering(request))
        return _sent(request, name, in_order)

    export_selected.__name__ = f"export_selected_{name}"
    words = f"Export selected readings as {_FORMATS[name].words}"
    return admin.action(description=words, permissions=["export"])(export_selected)


def _sent(
    request: HttpRequest, name: str, readings: ReadingQuerySet
) -> StreamingHttpResponse | None:
    """Return an export as one stream, or say why there can be none."""
    now = timezone.now()
    try:
        lines = _lines(name, readings, now)
    except ValueError as error:
        messages.error(request, f"MARKET_PARTICIPANT is not set right: {error}.")
        return None
    form = _FORMATS[name]
    filename = f"readings-{timezone.localtime(now):%Y%m%d-%H%M%S}.{form.suffix}"
    return StreamingHttpResponse(
        exports.encoded(lines, form.encoding),
        content_type=form.content_type,
        headers={"Content-Disposition": f'attachment; filename="{filename}"'},
    )


def _question(request: HttpRequest) -> str:
    """Return what a list's address asks for, without the page that is turned to."""
    asked = request.GET.copy()
    for name in (PAGE_VAR, ERROR_FLAG):
        asked.pop(name, None)
    return f"?{asked.urlencode()}" if asked else ""


def _in_words(changes: BoundedChangeList) -> list[tuple[str, str]]:
    """Return each thing that is asked for, by its name and in words."""
    asked = changes.get_filters_params()
    words = [("Found by", changes.query)] if changes.query.strip() else []
    for name, spec in filters.chosen(changes).items():
        words.append((capfirst(spec.title), spec.words()))
        asked.pop(name, None)
    return words + [(name, ", ".join(values)) for name, values in asked.items()]


def _lines(name: str, readings: ReadingQuerySet, now: datetime) -> Generator[str]:
    """Return the lines of an export."""
    if name == "csv":
        return exports.csv_lines(readings=readings)
    ourselves = exports.participant(settings.MARKET_PARTICIPANT)
    header = exports.new_header(created_at=now, sender=ourselves, recipient=ourselves)
    return exports.selection_lines(readings=readings, header=header)
