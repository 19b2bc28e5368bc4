"""Admin of meter points and meters."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.urls import URLPattern

from meter_readings import audit
from meter_readings.admin.base import display
from meter_readings.admin.base.filters import Choices, QFilter
from meter_readings.admin.base.read_only import ReadOnlyAdmin
from meter_readings.d0010.mpan import DISTRIBUTORS, Distributor
from meter_readings.models import AuditEvent, Meter, MeterPoint
from meter_readings.queries import search

from . import notes, page

_MPAN_LENGTH = 13


class DistributorFilter(QFilter):
    """Filter by the first two digits of the MPAN, which select one range of it."""

    title = "distribution area"
    parameter_name = "distributor"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        return [(each.distributor_id, _label(each)) for each in DISTRIBUTORS.values()]

    def get_q(self) -> Q:
        digits = self.value()
        if not digits:
            return Q()
        lowest, highest = (digits.ljust(_MPAN_LENGTH, filler) for filler in "09")
        return Q(mpan__range=(lowest, highest))


def _label(distributor: Distributor) -> str:
    id_and_group = distributor.distributor_id
    if distributor.gsp_group:
        id_and_group += f", GSP group {distributor.gsp_group}"
    return f"{distributor.area} ({id_and_group})"


def _record_look_up(request: HttpRequest, point: MeterPoint, **details: str) -> None:
    """Record that somebody opened a meter point, or one of its meters."""
    if request.method == "GET":
        audit.record_access(AuditEvent.Action.LOOK_UP, point, details=details)


@admin.register(MeterPoint)
class MeterPointAdmin(ReadOnlyAdmin):
    allow_stale = True
    list_display = (display.mpan, display.distributor)
    list_filter = (DistributorFilter,)
    search_fields = ("mpan", "meters__serial_number")
    search_help_text = (
        "An MPAN or its first digits, a list of MPANs, or a full serial number."
    )
    ordering = ("mpan",)

    def get_urls(self) -> list[URLPattern]:
        return notes.notes_urls(self) + super().get_urls()

    def get_search_q(self, text: str) -> Q:
        return search.meter_points_search_q(text)

    def get_page_context(self, request: HttpRequest, obj: MeterPoint) -> dict[str, Any]:
        _record_look_up(request, obj)
        return page.meter_point_context(request, obj)


@admin.register(Meter)
class MeterAdmin(ReadOnlyAdmin):
    allow_stale = True
    list_display = (display.serial_number, display.meter_mpan)
    list_select_related = ("meter_point",)
    sortable_by = (display.serial_number,)  # type: ignore[assignment]
    search_fields = ("serial_number", "meter_point__mpan")
    search_help_text = (
        "A serial number, its beginning or four characters of it, a full MPAN or a list"
        " of MPANs."
    )
    finds_parts = True
    ordering = ("serial_number_search", "pk")

    def get_search_q(self, text: str) -> Q:
        return search.meters_search_q(text)

    def get_page_context(self, request: HttpRequest, obj: Meter) -> dict[str, Any]:
        _record_look_up(request, obj.meter_point, page="meter")
        return page.meter_context(request, obj)
