"""Filter sets of meter points, meters and site visits."""

from __future__ import annotations

from django.db.models import QuerySet

from meter_readings.api.query_parameters import parameter_error
from meter_readings.d0010 import codes
from meter_readings.models import OVERDUE_READING_ORDER, Meter, OverdueReading
from meter_readings.queries import search
from meter_readings.queries.keyset import Ordering

from .base import ListFilterSet
from .filters import (
    ChoiceFilter,
    CodeFilter,
    IdFilter,
    MpanFilter,
    SearchFilter,
    TextFilter,
    ordering_filter,
)

# More meters have the same serial number only if it is a placeholder, such as
# "UNKNOWN".
MAX_METERS = 1000


def check_meter_limit(meter_ids: list[int], parameter: str) -> list[int]:
    """Return the ids; raises ValidationError for more than MAX_METERS."""
    if len(meter_ids) > MAX_METERS:
        message = f"More than {MAX_METERS} meters have this serial number."
        raise parameter_error(parameter, message)
    return meter_ids


class MeterPointFilterSet(ListFilterSet):
    """Filters of meter points."""

    orderings = {"mpan": ("mpan",), "-mpan": ("-mpan",)}
    indexed_filters = ("mpan", "search")

    mpan = MpanFilter(help_text="Whole MPAN, with or without spaces.")
    search = SearchFilter(
        method="filter_search", help_text="Start of an MPAN, or a whole serial number."
    )
    ordering = ordering_filter(orderings)

    def filter_search(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(search.meter_points_search_q(value))


class MeterFilterSet(ListFilterSet):
    """Filters of meters."""

    orderings = {
        "id": ("id",),
        "-id": ("-id",),
        "meter_serial": ("serial_number", "id"),
        "-meter_serial": ("-serial_number", "-id"),
    }
    indexed_filters = ("mpan", "meter_serial", "meter_point", "search")

    mpan = MpanFilter("meter_point__mpan", help_text="MPAN of the meter point.")
    meter_serial = TextFilter(
        "serial_number", max_length=20, help_text="Whole serial number."
    )
    meter_point = IdFilter("meter_point_id", help_text="Id of the meter point.")
    search = SearchFilter(
        method="filter_search", help_text="Start of a serial number, or a whole MPAN."
    )
    ordering = ordering_filter(orderings)

    def filter_search(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(search.meters_search_q(value))


class SiteVisitFilterSet(ListFilterSet):
    """Filters of site visits; those of one flow file are ordered by line."""

    orderings = {
        "-id": ("-id",),
        "id": ("id",),
        "line_number": ("flow_file_id", "line_number"),
    }
    indexed_filters = (
        "mpan",
        "meter_serial",
        "meter_point",
        "meter",
        "flow_file",
        "search",
    )

    mpan = MpanFilter("meter_point__mpan", help_text="MPAN of the meter point.")
    meter_serial = TextFilter(
        max_length=20,
        method="filter_meter_serial",
        help_text="Whole serial number of the meter.",
    )
    meter_point = IdFilter("meter_point_id", help_text="Id of the meter point.")
    meter = IdFilter("meter_id", help_text="Id of the meter.")
    flow_file = IdFilter("flow_file_id", help_text="Id of the flow file.")
    check_code = CodeFilter(
        codes=codes.SiteVisitCheckCode,
        max_length=2,
        help_text="Site visit check code (J0024).",
    )
    search = SearchFilter(
        method="filter_search",
        help_text="Whole MPAN, serial number, filename or file identifier.",
    )
    ordering = ordering_filter(orderings)

    @property
    def _is_of_one_file(self) -> bool:
        return "flow_file" in self.cleaned or "flow_file" in self.parent_filters

    @property
    def ordering_name(self) -> str:
        default = "line_number" if self._is_of_one_file else "-id"
        name: str = self.cleaned.get("ordering", default)
        return name

    @property
    def ordering_columns(self) -> Ordering:
        # Within one file, flow_file_id is the same for all rows.
        columns = super().ordering_columns
        return columns[-1:] if self._is_of_one_file else columns

    def filter_meter_serial(
        self, queryset: QuerySet, name: str, value: str
    ) -> QuerySet:
        meters = Meter.objects.filter(serial_number=value)
        ids = list(meters.values_list("pk", flat=True)[: MAX_METERS + 1])
        return queryset.filter(meter__in=check_meter_limit(ids, "meter_serial"))

    def filter_search(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(search.site_visits_search_q(value))


class OverdueReadingFilterSet(ListFilterSet):
    """Filters of late and missing readings, which are in the order of the meters."""

    orderings = {
        "meter_id": OVERDUE_READING_ORDER,
        "-meter_id": ("-meter_id", "-register_id"),
    }
    indexed_filters = ("mpan", "from_participant")

    mpan = MpanFilter("meter__meter_point__mpan", help_text="MPAN of the meter point.")
    from_participant = TextFilter(
        max_length=4,
        help_text="Market participant id of the sender of the latest reading.",
    )
    state = ChoiceFilter(
        choices=OverdueReading.State.choices, help_text="Late, or missing."
    )
    level = ChoiceFilter(
        choices=OverdueReading.Level.choices,
        method="filter_level",
        help_text="A meter point, or a register of a meter that is read otherwise.",
    )
    ordering = ordering_filter(orderings)

    def filter_level(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        if value == OverdueReading.Level.METER_POINT:
            return queryset.filter(register_id="")
        return queryset.exclude(register_id="")
