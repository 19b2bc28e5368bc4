"""Admin of readings and site visits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.contrib import admin
from django.contrib.admin.views.main import SEARCH_VAR
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from meter_readings.admin.base import display, filters
from meter_readings.admin.base.changelist import AccessPath, BoundedChangeList
from meter_readings.admin.base.file_rows import FileRowAdmin
from meter_readings.models import READING_ORDER_REVERSED, Reading, SiteVisit
from meter_readings.queries import search
from meter_readings.queries.keyset import Ordering

from . import filters as reading_filters
from . import page
from .corrections import CorrectionMixin
from .export import ExportMixin, make_export_action

_SEARCH_HELP = (
    "A full MPAN or a list of them, a full serial number, file name or file identifier."
)
# All readings of so many meters may be read and sorted for one page.
_MAX_METERS = 200


class _Search(NamedTuple):
    """The condition of a search text, and whether it names a file or few meters."""

    condition: Q
    is_flow_file: bool
    is_small: bool


@admin.register(Reading)
class ReadingAdmin(CorrectionMixin, ExportMixin, FileRowAdmin):
    """Readings, latest first; those of one file in the order of its lines."""

    allow_stale = True
    list_display = (
        display.read_at,
        display.reading_meter,
        display.register,
        display.value,
        display.statuses,
        display.basis,
        display.source,
    )
    list_select_related = (
        "meter__meter_point",
        "flow_file",
        "correction__created_by",
    )
    list_filter = (
        reading_filters.VersionStatusFilter,
        reading_filters.ReadDateFilter,
        filters.FlowFileFilter,
        filters.MeterFilter,
        filters.ContinueFilter,
        reading_filters.BasisFilter,
        reading_filters.BscValidationFilter,
        reading_filters.RegisterFilter,
        filters.SenderOfFileFilter,
        reading_filters.ReadingTypeFilter,
    )
    actions = (make_export_action("csv"), make_export_action("d0010"))
    default_ordering = READING_ORDER_REVERSED
    search_fields = ("meter__meter_point__mpan", "meter__serial_number")
    search_help_text = _SEARCH_HELP

    def get_ordering(self, request: HttpRequest) -> Ordering:
        """Return the ordering of one file also where a search names the file."""
        found = self._search(request)
        if found and found.is_flow_file:
            return self.ordering_within_file
        return super().get_ordering(request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        found = self._search(request)
        return (queryset.filter(found.condition) if found else queryset), False

    def _search(self, request: HttpRequest) -> _Search | None:
        """Return the search of a request, which is looked up once for each request."""
        text = request.GET.get(SEARCH_VAR, "").strip()
        if not text:
            return None
        cache = vars(request)
        if "reading_search" not in cache:
            meters, files = search.meter_ids(text), search.flow_file_ids(text)
            cache["reading_search"] = _Search(
                Q(meter__in=meters) | Q(flow_file__in=files),
                is_flow_file=bool(files),
                is_small=not files and len(meters) <= _MAX_METERS,
            )
        found: _Search = cache["reading_search"]
        return found

    def access_paths(
        self, request: HttpRequest, changelist: BoundedChangeList
    ) -> Sequence[AccessPath]:
        """Return the path by time or by file, then those of partial indexes."""
        active = filters.active_filters(changelist)
        found = self._search(request)
        if small_path := self._small_path(active, found):
            return [small_path]
        main = AccessPath(Q(), READING_ORDER_REVERSED, frozenset())
        if file_filter := active.get(filters.FlowFileFilter.parameter_name):
            main = AccessPath(
                file_filter.get_q(),
                self.ordering_within_file,
                {file_filter.parameter_name},
            )
        elif found and found.is_flow_file:
            main = AccessPath(found.condition, self.ordering_within_file, {SEARCH_VAR})
        partial_indexes = [
            AccessPath(spec.get_q(), READING_ORDER_REVERSED, {name}, index_condition)
            for name, spec in active.items()
            if name in reading_filters.INDEXED_FILTERS
            and (index_condition := spec.partial_index_condition())
        ]
        return [main, *partial_indexes]

    def _small_path(
        self, active: dict[str, Any], found: _Search | None
    ) -> AccessPath | None:
        """Return the path to one meter, or to a sender with few readings."""
        if meter_filter := active.get(filters.MeterFilter.parameter_name):
            return AccessPath(meter_filter.get_q(), (), frozenset())
        if found and found.is_small:
            return AccessPath(found.condition, (), frozenset())
        sender_filter = active.get(filters.SenderOfFileFilter.parameter_name)
        if sender_filter and (small_q := sender_filter.small_q()):
            return AccessPath(small_q, (), frozenset())
        return None

    def get_page_context(self, request: HttpRequest, obj: Reading) -> dict[str, Any]:
        return page.reading_context(request, obj)


@admin.register(SiteVisit)
class SiteVisitAdmin(FileRowAdmin):
    allow_stale = True
    list_display = (
        "__str__",
        display.visit_meter,
        "additional_information",
        display.flow_file_and_line,
    )
    list_select_related = ("meter_point", "meter", "flow_file")
    list_filter = (
        filters.FlowFileFilter,
        filters.ContinueFilter,
        "check_code",
        filters.SenderOfFileFilter,
    )
    search_fields = ("meter_point__mpan", "meter__serial_number")
    search_help_text = _SEARCH_HELP

    def get_search_q(self, text: str) -> Q:
        return search.site_visits_search_q(text)
