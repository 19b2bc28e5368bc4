"""The admin of readings and of what was found on site."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.contrib import admin
from django.contrib.admin.views.main import SEARCH_VAR
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from meter_readings.admin.base import display, filters
from meter_readings.admin.base.changelist import BoundedChangeList, Way
from meter_readings.admin.base.file_rows import FileRowAdmin
from meter_readings.models import Reading, SiteVisit
from meter_readings.queries import search
from meter_readings.queries.keyset import Ordering

from . import filters as reading_filters
from . import page
from .export import ExportMixin, make_export_action
from .filters import BY_TIME

_SEARCH_BY_METER_OR_FILE = (
    "A whole MPAN (spaces allowed), serial number, filename or file identifier."
)


class _Meant(NamedTuple):
    """What a person means by the text in the search box."""

    condition: Q
    is_flow_file: bool


@admin.register(Reading)
class ReadingAdmin(ExportMixin, FileRowAdmin):
    """Readings, latest first; those of one file in its own order."""

    list_display = (
        display.read_at,
        display.mpan_of_reading,
        display.serial_number_of_reading,
        display.register,
        display.value,
        display.version_status,
        display.basis,
        display.reading_type,
        display.bsc_validation,
        display.flow_file,
    )
    list_select_related = ("meter__meter_point", "flow_file")
    list_filter = (
        reading_filters.ReadDateFilter,
        filters.FlowFileFilter,
        filters.MeterFilter,
        filters.ContinueFilter,
        reading_filters.StandingFilter,
        reading_filters.BasisFilter,
        reading_filters.BscValidationFilter,
        reading_filters.RegisterFilter,
        filters.SenderOfFileFilter,
        reading_filters.ReadingTypeFilter,
    )
    actions = (make_export_action("csv"), make_export_action("d0010"))
    order = BY_TIME
    search_fields = ("meter__meter_point__mpan", "meter__serial_number")
    search_help_text = _SEARCH_BY_METER_OR_FILE

    def get_ordering(self, request: HttpRequest) -> Ordering:
        """Return the order of a file where a file is searched for."""
        meant = self._meant(request)
        if meant and meant.is_flow_file:
            return self.ordering_within_file
        return super().get_ordering(request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        """Return what a person means, which may be a file with all its readings."""
        meant = self._meant(request)
        return (queryset.filter(meant.condition) if meant else queryset), False

    def _meant(self, request: HttpRequest) -> _Meant | None:
        """Return what is searched for, looked up once."""
        text = request.GET.get(SEARCH_VAR, "").strip()
        if not text:
            return None
        known = vars(request)
        if "meant" not in known:
            found = search.readings_search_q(text)
            known["meant"] = _Meant(found, search.is_flow_file(text))
        meant: _Meant = known["meant"]
        return meant

    def ways(self, request: HttpRequest, changes: BoundedChangeList) -> Sequence[Way]:
        """Return the ways through the table by which the list can be found."""
        chosen = filters.chosen(changes)
        meant = self._meant(request)
        if few := self._few(chosen, meant):
            return [few]
        main = Way(Q(), BY_TIME, frozenset())
        if file := chosen.get(filters.FlowFileFilter.parameter_name):
            main = Way(
                file.condition(), self.ordering_within_file, {file.parameter_name}
            )
        elif meant:
            main = Way(meant.condition, self.ordering_within_file, {SEARCH_VAR})
        rare = [
            Way(spec.condition(), BY_TIME, {name}, of_index)
            for name, spec in chosen.items()
            if name in reading_filters.INDEXED and (of_index := spec.of_index())
        ]
        return [main, *rare]

    def _few(self, chosen: dict[str, Any], meant: _Meant | None) -> Way | None:
        """Return the way to the readings of a meter, or of a sender of few."""
        if meter := chosen.get(filters.MeterFilter.parameter_name):
            return Way(meter.condition(), (), frozenset())
        if meant and not meant.is_flow_file:
            return Way(meant.condition, (), frozenset())
        sender = chosen.get(filters.SenderOfFileFilter.parameter_name)
        if sender and (few := sender.few()):
            return Way(few, (), frozenset())
        return None

    def page_context(self, request: HttpRequest, obj: Reading) -> dict[str, Any]:
        """Return the versions of the same event."""
        return page.reading_context(request, obj)


@admin.register(SiteVisit)
class SiteVisitAdmin(FileRowAdmin):
    """What was found on site."""

    list_display = (
        "__str__",
        display.visited_meter_point,
        display.visited_meter,
        "additional_information",
        display.flow_file,
        display.line,
    )
    list_select_related = ("meter_point", "meter", "flow_file")
    list_filter = (
        filters.FlowFileFilter,
        filters.ContinueFilter,
        "check_code",
        filters.SenderOfFileFilter,
    )
    search_fields = ("meter_point__mpan", "meter__serial_number")
    search_help_text = _SEARCH_BY_METER_OR_FILE

    def found_by(self, text: str) -> Q:
        """Return the visits that a person means."""
        return search.site_visits_search_q(text)
