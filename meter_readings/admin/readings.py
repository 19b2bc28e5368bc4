"""The admin of readings and of what was found on site."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from meter_readings import search
from meter_readings.models import Reading, SiteVisit

from . import columns, filters, reading_page
from .read_only import ReadOnlyAdmin

_SEARCH_BY_METER_OR_FILE = (
    "A whole MPAN (spaces allowed), serial number, filename or file identifier."
)


@admin.register(Reading)
class ReadingAdmin(ReadOnlyAdmin):
    """Readings, latest first; those of one file in its own order."""

    list_display = (
        columns.read_at,
        columns.mpan_of_reading,
        columns.serial_number_of_reading,
        columns.register,
        columns.value,
        columns.standing,
        columns.basis,
        columns.reading_type,
        columns.bsc_validation,
        columns.flow_file,
    )
    list_select_related = ("meter__meter_point", "flow_file")
    list_filter = (
        filters.OneFlowFileFilter,
        filters.OneMeterFilter,
        filters.ReadInFilter,
        filters.BasisFilter,
        "standing",
        "bsc_validation_status",
        "reading_type",
    )
    # Any other order would sort the whole table.
    sortable_by = ()
    order_of_files = ("flow_file_id", "line_number")
    search_fields = ("meter__meter_point__mpan", "meter__serial_number")
    search_help_text = _SEARCH_BY_METER_OR_FILE

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Return an order that an index has: by time, or a file's own."""
        if filters.OneFlowFileFilter.parameter_name in request.GET:
            return self.order_of_files
        return ("-read_at", "-id")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        """Return what a person means, which may be a file with all its readings."""
        found, has_twice = super().get_search_results(request, queryset, search_term)
        text = search_term.strip()
        if text and search.is_flow_file(text):
            found = found.order_by(*self.order_of_files)
        return found, has_twice

    def found_by(self, text: str) -> Q:
        """Return the readings that a person means."""
        return search.readings_found_by(text)

    def page_context(self, request: HttpRequest, obj: Reading) -> dict[str, Any]:
        """Return the versions of the same event."""
        return reading_page.of_reading(request, obj)


@admin.register(SiteVisit)
class SiteVisitAdmin(ReadOnlyAdmin):
    """What was found on site."""

    list_display = (
        "__str__",
        columns.visited_meter_point,
        columns.visited_meter,
        "additional_information",
        columns.flow_file,
        columns.line,
    )
    list_select_related = ("meter_point", "meter", "flow_file")
    list_filter = (filters.OneFlowFileFilter, "check_code")
    sortable_by = ()
    search_fields = ("meter_point__mpan", "meter__serial_number")
    search_help_text = _SEARCH_BY_METER_OR_FILE
    ordering = ("-pk",)

    def found_by(self, text: str) -> Q:
        """Return the visits that a person means."""
        return search.site_visits_found_by(text)
