"""Filter sets of meter points, meters and site visits."""

from __future__ import annotations

from django.db.models import QuerySet

from meter_readings.api.query_parameters import parameter_error
from meter_readings.d0010 import codes
from meter_readings.models import Meter
from meter_readings.queries import search
from meter_readings.queries.keyset import Ordering

from .base import ListFilterSet
from .filters import (
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

    mpan = MpanFilter("Whole MPAN, with or without spaces.")
    search = SearchFilter("Start of an MPAN, or a whole serial number.")
    ordering = ordering_filter(orderings)

    def filter_search(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(search.meter_points_search_q(value))


class MeterFilterSet(ListFilterSet):
    """Filters of meters."""

    orderings = {
        "id": ("id",),
        "-id": ("-id",),
        "serial_number": ("serial_number", "id"),
        "-serial_number": ("-serial_number", "-id"),
    }
    indexed_filters = ("mpan", "meter_serial", "meter_point", "search")

    mpan = MpanFilter("MPAN of the meter point.", "meter_point__mpan")
    meter_serial = TextFilter(20, "Whole serial number.", "serial_number")
    meter_point = IdFilter("Id of the meter point.", "meter_point_id")
    search = SearchFilter("Start of a serial number, or a whole MPAN.")
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

    mpan = MpanFilter("MPAN of the meter point.", "meter_point__mpan")
    meter_serial = TextFilter(
        20, "Whole serial number of the meter.", method="filter_meter_serial"
    )
    meter_point = IdFilter("Id of the meter point.", "meter_point_id")
    meter = IdFilter("Id of the meter.", "meter_id")
    flow_file = IdFilter("Id of the flow file.", "flow_file_id")
    check_code = CodeFilter(
        codes.SiteVisitCheckCode, 2, "Site visit check code (J0024)."
    )
    search = SearchFilter("Whole MPAN, serial number, filename or file identifier.")
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
