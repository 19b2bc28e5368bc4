"""Viewsets of meter points, meters and site visits."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import (
    OpenApiParameter,
    extend_schema,
    extend_schema_view,
)
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from meter_readings.api.cached_answers import caches_answers
from meter_readings.api.filtersets import (
    AdvancesFilterSet,
    MeterFilterSet,
    MeterPointFilterSet,
    OverdueReadingFilterSet,
    SiteVisitFilterSet,
)
from meter_readings.api.serializers.history import AdvancesSerializer
from meter_readings.api.serializers.meter_points import (
    MeterPointSerializer,
    MeterSerializer,
    OverdueReadingSerializer,
    SiteVisitSerializer,
)
from meter_readings.models import (
    Meter,
    MeterPoint,
    OverdueReading,
    Reading,
    SiteVisit,
)

from . import history
from .base import ListViewSet, ResourceViewSet
from .readings import NESTED_READINGS, NESTED_READINGS_SCHEMA, ReadingListMixin

_MPAN_LENGTH = 13
_MPAN_OR_ID = OpenApiParameter(
    "mpan",
    str,
    OpenApiParameter.PATH,
    pattern="^[0-9]{1,19}$",
    description="MPAN, 13 digits; any other number is the id of the meter point.",
)


@extend_schema_view(
    list=extend_schema(summary="List meter points"),
    retrieve=extend_schema(summary="Get a meter point", parameters=[_MPAN_OR_ID]),
)
class MeterPointViewSet(ReadingListMixin, ResourceViewSet):
    """Meter points by MPAN."""

    lookup_url_kwarg = "mpan"
    lookup_value_converter = "mpan_or_id"
    queryset = MeterPoint.objects.all()
    serializer_class = MeterPointSerializer
    filterset_class = MeterPointFilterSet
    required_permissions = ("view_meterpoint",)
    allow_stale = True

    def get_lookup(self) -> dict[str, Any]:
        text = self.kwargs["mpan"]
        # There are never so many meter points that an id has 13 digits.
        return {"mpan" if len(text) == _MPAN_LENGTH else "pk": text}

    def get_look_up(self) -> dict[str, str]:
        text = self.kwargs.get("mpan")
        if text is None:
            return super().get_look_up()
        return {"mpan" if len(text) == _MPAN_LENGTH else "meter_point": text}

    @caches_answers
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().list(request, *args, **kwargs)

    @caches_answers
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().retrieve(request, *args, **kwargs)

    @extend_schema(parameters=[_MPAN_OR_ID])
    @extend_schema(
        summary="List the readings at a meter point", **NESTED_READINGS_SCHEMA
    )
    @action(detail=True, **NESTED_READINGS)
    @caches_answers
    def readings(self, request: Request, mpan: str) -> Any:
        """The readings of all meters at one meter point, newest first."""
        self.filter_by_parent("meter_point")
        return self.list_readings(request)

    @extend_schema(
        summary="List the advances at a meter point",
        responses=AdvancesSerializer,
        filters=True,
        parameters=[_MPAN_OR_ID],
    )
    @action(
        detail=True,
        queryset=Reading.objects.all(),
        serializer_class=AdvancesSerializer,
        filterset_class=AdvancesFilterSet,
        pagination_class=None,
        extra_permissions=("view_reading",),
    )
    @caches_answers
    def advances(self, request: Request, mpan: str) -> Response:
        """The advance of each register from reading to reading, by time.

        Advances are in units of the register; a D0010 does not say what a unit is
        worth. Suspect readings, proving tests, reconciliations and demand registers are
        left out. If there are too many readings, the latest are used and `is_complete`
        is false.
        """
        meter_point = self.get_parent()
        self.filter_queryset(self.get_queryset())
        advances = history.meter_point_advances(
            meter_point, self.filterset.cleaned, request.user
        )
        return Response(self.get_serializer(advances).data)


@extend_schema_view(
    list=extend_schema(summary="List meters"),
    retrieve=extend_schema(summary="Get a meter"),
)
class MeterViewSet(ReadingListMixin, ResourceViewSet):
    """Meters, in the order in which they were first seen."""

    queryset = Meter.objects.select_related("meter_point")
    serializer_class = MeterSerializer
    filterset_class = MeterFilterSet
    required_permissions = ("view_meter",)
    allow_stale = True

    def get_look_up(self) -> dict[str, str]:
        if "pk" in self.kwargs:
            return {"meter": str(self.kwargs["pk"])}
        return super().get_look_up()

    @extend_schema(summary="List the readings of a meter", **NESTED_READINGS_SCHEMA)
    @action(detail=True, **NESTED_READINGS)
    def readings(self, request: Request, pk: int) -> Any:
        """The readings of one meter, newest first."""
        self.filter_by_parent("meter")
        return self.list_readings(request)


@extend_schema_view(
    list=extend_schema(summary="List site visits"),
    retrieve=extend_schema(summary="Get a site visit"),
)
class SiteVisitViewSet(ResourceViewSet):
    """Site visits, latest import first."""

    queryset = SiteVisit.objects.select_related("meter_point", "meter")
    serializer_class = SiteVisitSerializer
    filterset_class = SiteVisitFilterSet
    required_permissions = ("view_sitevisit",)
    allow_stale = True


@extend_schema_view(list=extend_schema(summary="List late and missing readings"))
class OverdueReadingViewSet(ListViewSet):
    """Meter points and registers whose reading is late or missing, found each night.

    The rows are replaced every night, so they have no id.
    """

    queryset = OverdueReading.objects.select_related("meter__meter_point")
    serializer_class = OverdueReadingSerializer
    filterset_class = OverdueReadingFilterSet
    required_permissions = ("view_overduereading",)
    allow_stale = True
