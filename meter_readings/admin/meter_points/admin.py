"""The admin of meter points and their meters."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest

from meter_readings.admin.base import display
from meter_readings.admin.base.filters import Choices, QFilter
from meter_readings.admin.base.read_only import ReadOnlyAdmin
from meter_readings.d0010.mpan import DISTRIBUTORS, Distributor
from meter_readings.models import Meter, MeterPoint
from meter_readings.queries import search

from . import page

_MPAN_LENGTH = 13


class DistributorFilter(QFilter):
    """Whose MPANs they are, by the first two digits: a stretch of the list."""

    title = "distributor"
    parameter_name = "distributor"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        """Return all there are, those of a region with its GSP group."""
        return [(one.distributor_id, _words(one)) for one in DISTRIBUTORS.values()]

    def condition(self) -> Q:
        """Return that an MPAN begins so."""
        digits = self.value()
        if not digits:
            return Q()
        first, last = (digits.ljust(_MPAN_LENGTH, digit) for digit in "09")
        return Q(mpan__range=(first, last))


def _words(distributor: Distributor) -> str:
    number, group = distributor.distributor_id, distributor.gsp_group
    return f"{distributor.area} ({number}{f', {group}' if group else ''})"


@admin.register(MeterPoint)
class MeterPointAdmin(ReadOnlyAdmin):
    """Meter points, by MPAN."""

    list_display = (display.mpan, display.distributor)
    list_filter = (DistributorFilter,)
    search_fields = ("mpan", "meters__serial_number")
    search_help_text = "An MPAN or how it begins (spaces allowed), or a serial number."
    ordering = ("mpan",)

    def found_by(self, text: str) -> Q:
        """Return the meter points that a person means."""
        return search.meter_points_search_q(text)

    def page_context(self, request: HttpRequest, obj: MeterPoint) -> dict[str, Any]:
        """Return the meters, and what was read on them."""
        return page.meter_point_context(request, obj)


@admin.register(Meter)
class MeterAdmin(ReadOnlyAdmin):
    """Meters, by serial number."""

    list_display = ("serial_number", display.mpan_of_meter)
    list_select_related = ("meter_point",)
    sortable_by = ("serial_number",)
    search_fields = ("serial_number", "meter_point__mpan")
    search_help_text = "A serial number or how it begins, or a whole MPAN."
    ordering = ("serial_number", "pk")

    def found_by(self, text: str) -> Q:
        """Return the meters that a person means."""
        return search.meters_search_q(text)

    def page_context(self, request: HttpRequest, obj: Meter) -> dict[str, Any]:
        """Return what was read on the meter."""
        return page.meter_context(request, obj)
