"""Viewset of readings: lists, exports, latest readings and the summary."""

from __future__ import annotations

from typing import Any, cast

from django.http import HttpResponse
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
)
from rest_framework.decorators import action
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from meter_readings.api.cached_answers import caches_answers
from meter_readings.api.filtersets import (
    LatestReadingsFilterSet,
    ReadingExportFilterSet,
    ReadingFilterSet,
    ReadingSummaryFilterSet,
)
from meter_readings.api.openapi.examples import example
from meter_readings.api.openapi.operations import export_schema
from meter_readings.api.pagination import KeysetPagination
from meter_readings.api.permissions import EXPORT_READING, Requirement
from meter_readings.api.renderers import EXPORT_RENDERERS, is_export
from meter_readings.api.serializers.flow_files import ImportJobSerializer
from meter_readings.api.serializers.history import LatestReadingsSerializer
from meter_readings.api.serializers.reading_rows import reading_rows
from meter_readings.api.serializers.readings import ReadingSerializer, SummarySerializer
from meter_readings.api.summaries import summary_of
from meter_readings.models import ApiToken, Reading, ReadingQuerySet

from . import history
from .base import ResourceViewSet
from .exports import enqueue_export, export_readings
from .flow_file_actions import reject_body
from .uploads import queued_response

_READINGS = Reading.objects.select_related("meter__meter_point")

# What @action and @extend_schema need for the readings below another row.
NESTED_READINGS: dict[str, Any] = {
    "queryset": _READINGS,
    "serializer_class": ReadingSerializer,
    "filterset_class": ReadingFilterSet,
    "pagination_class": KeysetPagination,
    "renderer_classes": EXPORT_RENDERERS,
    "extra_permissions": ("view_reading",),
}
NESTED_READINGS_SCHEMA: dict[str, Any] = {
    "responses": {
        (200, "application/json"): ReadingSerializer(many=True),
        (200, "text/csv"): OpenApiResponse(str, examples=[example("csv")]),
        (200, "text/vnd.d0010"): OpenApiResponse(str, examples=[example("d0010")]),
    },
    "parameters": [
        OpenApiParameter(
            "format",
            enum=[renderer.format for renderer in EXPORT_RENDERERS],
            description="Format of the response; by default the header Accept's.",
        )
    ],
}


class ReadingListMixin(ResourceViewSet):
    """Lists readings: a page as JSON, or all of them as CSV or D0010."""

    def list_readings(self, request: Request) -> Any:
        readings = self.filter_queryset(self.get_queryset())
        if is_export(request):
            return export_readings(
                request,
                cast(ReadingFilterSet, self.filterset),
                cast(ReadingQuerySet, readings.select_related(None)),
            )
        page = self.paginate_queryset(reading_rows(readings))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def get_serializer_context(self) -> dict[str, Any]:
        context = {**super().get_serializer_context()}
        if hasattr(self, "filterset"):
            context["fields"] = self.filterset.cleaned.get("fields")
        return context


@extend_schema_view(
    list=extend_schema(summary="List readings", **NESTED_READINGS_SCHEMA),
    retrieve=extend_schema(summary="Get a reading"),
)
class ReadingViewSet(ReadingListMixin):
    """Readings, newest first; by default those of current versions."""

    queryset = _READINGS
    serializer_class = ReadingSerializer
    filterset_class = ReadingFilterSet
    required_permissions = ("view_reading",)
    allow_stale = True
    http_method_names = ["get", "head", "post", "options"]

    def get_requirement(self) -> Requirement:
        """Return the requirement; an export changes nothing, though it is a POST."""
        return super().get_requirement()._replace(scope=ApiToken.Scope.READ)

    def get_renderers(self) -> list[BaseRenderer]:
        if self.action == "list":
            return [renderer() for renderer in EXPORT_RENDERERS]
        return super().get_renderers()

    @caches_answers
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        return self.list_readings(request)

    @extend_schema(
        summary="List the latest readings",
        responses=LatestReadingsSerializer,
        filters=True,
    )
    @action(
        detail=False,
        serializer_class=LatestReadingsSerializer,
        filterset_class=LatestReadingsFilterSet,
        pagination_class=None,
    )
    @caches_answers
    def latest(self, request: Request) -> Response:
        """The latest current reading of each register of up to 200 meter points.

        Removed meters, whose latest reading is a final one, are left out unless
        `include_removed` is true.
        Ordered by MPAN, serial number and register.
        """
        self.filter_queryset(self.get_queryset())
        mpans = self.filterset.cleaned["mpan"]
        results = history.latest_readings(
            mpans,
            request.user,
            include_removed=self.filterset.cleaned.get("include_removed", False),
        )
        return Response(self.get_serializer({"results": results}).data)

    @export_schema
    @action(
        detail=False,
        methods=["post"],
        queryset=Reading.objects.all(),
        serializer_class=ImportJobSerializer,
        filterset_class=ReadingExportFilterSet,
        pagination_class=None,
        extra_permissions=(EXPORT_READING,),
    )
    def export(self, request: Request) -> HttpResponse:
        """Export the readings to a file in the background, by a job.

        The job has the link `download` when it is finished, for some days. Only the
        user who asked may download the file.
        """
        reject_body(request)
        self.filter_queryset(self.get_queryset())
        job = enqueue_export(request, cast(ReadingFilterSet, self.filterset))
        return queued_response(self, request, job)

    @extend_schema(summary="Count readings", responses=SummarySerializer, filters=True)
    @action(
        detail=False,
        queryset=Reading.objects.all(),
        serializer_class=SummarySerializer,
        filterset_class=ReadingSummaryFilterSet,
        pagination_class=None,
    )
    def summary(self, request: Request) -> Response:
        """The number of readings by reading type and version status.

        Without filters, up to two million readings are counted at once. Otherwise they
        are examined in the order of the list, for a second or so. If that is not enough
        for all, `count` is null, unless the number is stored, as it is for all versions
        of a file and of all files; `at_least` is the number found, and `rows_examined`
        that of the readings examined.
        """
        readings = self.filter_queryset(self.get_queryset())
        filterset = cast(ReadingFilterSet, self.filterset)
        return Response(self.get_serializer(summary_of(readings, filterset)).data)
