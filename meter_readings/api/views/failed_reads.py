"""Viewset of failed reads and their counts."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from meter_readings.api.filtersets import FailedReadFilterSet
from meter_readings.api.pagination import FailedReadPagination
from meter_readings.api.serializers.failed_reads import (
    FailedReadSerializer,
    FailedReadSummarySerializer,
)
from meter_readings.models import Reading
from meter_readings.queries.failed_reads import counts_of, failed_reads

from .base import ListViewSet


@extend_schema_view(list=extend_schema(summary="List failed reads"))
class FailedReadViewSet(ListViewSet):
    """Visits with a failed reading that no valid reading has followed, latest first.

    A failed reading has the BSC validation F (J0022), a valid one V. A register is
    listed if the latest of its current readings with F or V has F. Meters are left out
    whose meter point has another meter that was read on a later day. All registers of a
    meter point that failed on one UK local date are one row.
    """

    queryset = Reading.objects.all()
    serializer_class = FailedReadSerializer
    filterset_class = FailedReadFilterSet
    pagination_class = FailedReadPagination
    required_permissions = ("view_reading",)
    allow_stale = True

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        filterset = self._validated()
        reads = partial(
            failed_reads, as_of=filterset.as_of_date, filters=filterset.read_filters
        )
        page = self.paginate_queryset(cast(Any, lambda after: reads(after=after)))
        context = {
            **self.get_serializer_context(),
            "as_of": filterset.as_of_date,
            "bands": filterset.bands,
        }
        rows = FailedReadSerializer(cast(Any, page), many=True, context=context)
        return self.get_paginated_response(rows.data)

    @extend_schema(
        summary="Count failed reads",
        responses=FailedReadSummarySerializer,
        filters=True,
    )
    @action(
        detail=False,
        serializer_class=FailedReadSummarySerializer,
        pagination_class=None,
    )
    def summary(self, request: Request) -> Response:
        """The number of failed reads by age, sender, reason and distributor.

        One that has several senders or reasons is counted with each of them, one that
        has none with the empty text.
        """
        filterset = self._validated()
        as_of = filterset.as_of_date
        reads = failed_reads(as_of=as_of, filters=filterset.read_filters)
        counts = counts_of(reads, as_of=as_of, bands=filterset.bands)
        serializer = self.get_serializer(counts, context={"as_of": as_of})
        return Response(serializer.data)

    def _validated(self) -> FailedReadFilterSet:
        """Return the request's filter set; raises ValidationError."""
        self.filter_queryset(self.get_queryset())
        return cast(FailedReadFilterSet, self.filterset)
