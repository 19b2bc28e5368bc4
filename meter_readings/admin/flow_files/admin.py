"""Admin classes of flow files and findings."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.urls import URLPattern, reverse

from meter_readings.admin.base import display, filters
from meter_readings.admin.base.date_filter import DateColumn, DateFilter
from meter_readings.admin.base.file_rows import FileRowAdmin
from meter_readings.admin.base.read_only import ObjectTool, ReadOnlyAdmin
from meter_readings.models import Finding, FlowFile
from meter_readings.queries import search

from . import (
    acknowledgements,
    actions,
    bulk_actions,
    downloads,
    page,
    source_lines,
    views,
)

VIEWS = [
    *downloads.VIEWS,
    *source_lines.VIEWS,
    *actions.VIEWS,
    *acknowledgements.VIEWS,
]


class ReceivedDateFilter(DateFilter):
    title = "date received"
    parameter_name = "received_in"
    column = DateColumn(FlowFile, "received_at")


@admin.register(FlowFile)
class FlowFileAdmin(ReadOnlyAdmin):
    list_display = (
        display.filename,
        display.status,
        display.readings_loaded,
        display.findings,
        display.participants,
        display.received_at,
        display.file_created_at,
    )
    list_filter = (
        ReceivedDateFilter,
        filters.AttentionFilter,
        "status",
        filters.SenderFilter,
        "policy",
        "received_at",
    )
    search_fields = ("filename", "file_identifier", "sha256")
    search_help_text = (
        "File name, file identifier or SHA-256, its beginning, or four characters of a"
        " file name"
    )
    finds_parts = True
    ordering = ("-received_at", "-pk")
    actions = (
        acknowledgements.acknowledge_selected,
        bulk_actions.undo_selected,
        bulk_actions.reprocess_selected,
    )

    def get_urls(self) -> list[URLPattern]:
        """Put our URLs first: Django's has a catch-all below each object."""
        return views.flow_file_urls(self, VIEWS) + super().get_urls()

    def get_object_tools(self, request: HttpRequest) -> list[ObjectTool]:
        if not self.has_import_permission(request):
            return []
        return [ObjectTool("Upload files", reverse("upload"))]

    def has_undo_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("meter_readings.undo_flowfile")

    def has_acknowledge_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("meter_readings.acknowledge_flowfile")

    def has_import_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("meter_readings.import_flowfile")

    def get_search_q(self, text: str) -> Q:
        return search.flow_files_search_q(text)

    def get_page_context(self, request: HttpRequest, obj: FlowFile) -> dict[str, Any]:
        return page.flow_file_context(obj)


@admin.register(Finding)
class FindingAdmin(FileRowAdmin):
    list_display = (
        display.rule,
        display.severity,
        display.finding_line,
        display.field,
        "found",
        "expected",
    )
    list_display_links = None
    list_select_related = ("flow_file",)
    list_filter = (
        filters.FlowFileFilter,
        filters.ContinueFilter,
        "severity",
        filters.RuleFilter,
        filters.SenderOfFileFilter,
    )
    ordering_within_file = ("pk",)
    is_small_per_file = True
    search_fields = ("flow_file__filename", "flow_file__file_identifier")
    search_help_text = "Full file name or file identifier"

    def get_search_q(self, text: str) -> Q:
        return search.flow_file_rows_search_q(text)
