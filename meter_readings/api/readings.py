"""Readings: the versions that count, unless all are asked for."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import Count, Max, Min
from rest_framework.request import Request
from rest_framework.response import Response

from meter_readings.models import FlowFile, Meter, MeterPoint, Reading

from . import exporting
from .pagination import within_window
from .permissions import visible
from .reading_filters import ReadingQuery
from .reading_serializers import ReadingSerializer, SummarySerializer
from .renderers import EXPORTED, is_export
from .views import Asked, Detail, LongList

_RELATED = ("meter__meter_point",)

# How many readings a summary counts at most.
MOST_SUMMED = 50_000


class ReadingList(LongList):
    """Readings, the latest first; as JSON by the page, as CSV or D0010 whole."""

    model = Reading
    allow_stale_reads = True
    related = _RELATED
    permissions: tuple[str, ...] = ("view_reading",)
    query_class = ReadingQuery
    serializer_class = ReadingSerializer
    renderer_classes = EXPORTED

    def get(self, request: Request, pk: int | None = None) -> Any:
        """Return a page of readings, or all of them as a file."""
        query = cast(ReadingQuery, self.query(pk))
        if is_export(request):
            readings: Any = self.get_queryset().select_related(None)
            output_format = request.accepted_renderer.format
            files = visible(FlowFile, request.user)
            return exporting.streamed(
                query, output_format, readings=readings, files=files
            )
        return self.paged(query)


class ReadingDetail(Detail):
    """One reading, whether it counts or not."""

    model = Reading
    allow_stale_reads = True
    related = _RELATED
    permissions: tuple[str, ...] = ("view_reading",)
    serializer_class = ReadingSerializer


class ReadingsOfFlowFile(ReadingList):
    """The readings of one file, line by line."""

    # Who has just sent the file wants to see it.
    allow_stale_reads = False
    permissions: tuple[str, ...] = ("view_reading", "view_flowfile")
    parent = FlowFile
    parent_name = "flow_file"


class ReadingsOfMeterPoint(ReadingList):
    """The readings at one meter point, of all its meters, the latest first."""

    permissions: tuple[str, ...] = ("view_reading", "view_meterpoint")
    parent = MeterPoint
    parent_name = "meter_point"


class ReadingsOfMeter(ReadingList):
    """The readings of one meter, the latest first."""

    permissions: tuple[str, ...] = ("view_reading", "view_meter")
    parent = Meter
    parent_name = "meter"


class ReadingSummary(Asked):
    """How many readings match, of which types and standings, and from when to when.

    Where very many match, the first of them are counted, in the order in which lists
    have them, and `count_is_exact` is false.
    """

    model = Reading
    allow_stale_reads = True
    permissions: tuple[str, ...] = ("view_reading",)
    query_class = ReadingQuery
    without = ("ordering", "fields")
    pagination_class = None
    serializer_class = SummarySerializer

    def get(self, request: Request) -> Response:
        """Return the numbers."""
        query = self.query()
        rows, end = within_window(query, query.indexed(query.rows), MOST_SUMMED + 1)
        groups = query.narrowed(rows).order_by()
        counted = groups.values("reading_type", "version_status").annotate(
            count=Count("pk"), earliest=Min("read_at"), latest=Max("read_at")
        )
        summary = {"groups": list(counted), "count_is_exact": end is None}
        return Response(self.get_serializer(summary).data)
