"""The admin: what was received, to look through and not to change."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from meter_readings.models import (
    Finding,
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    Reading,
    SiteVisit,
)

from . import columns, filters, pages, search
from .read_only import ReadOnlyAdmin

admin.site.site_header = admin.site.site_title = "Kraken D0010"
admin.site.index_title = "Administration"

_SEARCH_BY_METER_OR_FILE = (
    "A whole MPAN (spaces allowed), serial number, filename or file identifier."
)


@admin.register(FlowFile)
class FlowFileAdmin(ReadOnlyAdmin):
    """Files as they came, and what became of them."""

    list_display = (
        "filename",
        columns.status,
        columns.readings_loaded,
        columns.findings,
        columns.sender,
        columns.received_at,
        "file_identifier",
        columns.recipient,
        columns.file_created_at,
    )
    list_filter = ("status", filters.SenderFilter, "policy", "received_at")
    search_fields = ("filename", "file_identifier", "sha256")
    search_help_text = "A filename, file identifier or SHA-256, or how it begins."
    ordering = ("-received_at", "-pk")

    def found_by(self, text: str) -> Q:
        """Return the files that a person means."""
        return search.flow_files_found_by(text)

    def page_context(self, obj: FlowFile) -> dict[str, Any]:
        """Return the totals, the findings and the attempts."""
        return pages.of_flow_file(obj)


@admin.register(MeterPoint)
class MeterPointAdmin(ReadOnlyAdmin):
    """Meter points, by MPAN."""

    list_display = (columns.mpan, columns.distributor)
    search_fields = ("mpan", "meters__serial_number")
    search_help_text = "An MPAN or how it begins (spaces allowed), or a serial number."
    ordering = ("mpan",)

    def found_by(self, text: str) -> Q:
        """Return the meter points that a person means."""
        return search.meter_points_found_by(text)

    def page_context(self, obj: MeterPoint) -> dict[str, Any]:
        """Return the meters, and what was read on them."""
        return pages.of_meter_point(obj)


@admin.register(Meter)
class MeterAdmin(ReadOnlyAdmin):
    """Meters, by serial number."""

    list_display = ("serial_number", columns.mpan_of_meter)
    list_select_related = ("meter_point",)
    sortable_by = ("serial_number",)
    search_fields = ("serial_number", "meter_point__mpan")
    search_help_text = "A serial number or how it begins, or a whole MPAN."
    ordering = ("serial_number", "pk")

    def found_by(self, text: str) -> Q:
        """Return the meters that a person means."""
        return search.meters_found_by(text)

    def page_context(self, obj: Meter) -> dict[str, Any]:
        """Return what was read on the meter."""
        return pages.of_meter(obj)


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

    def page_context(self, obj: Reading) -> dict[str, Any]:
        """Return the versions of the same event."""
        return pages.of_reading(obj)


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


@admin.register(Finding)
class FindingAdmin(ReadOnlyAdmin):
    """What there is to say about files and their lines."""

    list_display = (
        columns.rule,
        columns.severity,
        columns.flow_file,
        columns.line,
        "group",
        "field",
        "found",
        "expected",
    )
    list_display_links = None
    list_select_related = ("flow_file",)
    list_filter = (filters.OneFlowFileFilter, "severity", filters.RuleFilter)
    sortable_by = ()
    search_fields = ("flow_file__filename", "flow_file__file_identifier")
    search_help_text = "A whole filename or file identifier."
    ordering = ("pk",)

    def found_by(self, text: str) -> Q:
        """Return the findings in the files that a person means."""
        return search.from_flow_files_found_by(text)


@admin.register(ImportJob)
class ImportJobAdmin(ReadOnlyAdmin):
    """Attempts to import a file, or to undo an import."""

    list_display = (
        "filename",
        columns.outcome,
        "door",
        "requested_by",
        "policy",
        columns.started_at,
        columns.finished_at,
        columns.file_of_job,
    )
    list_select_related = ("flow_file", "requested_by")
    list_filter = ("state", "door", "policy", "started_at")
    ordering = ("-started_at", "-pk")
