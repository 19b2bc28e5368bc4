"""Meter points, meters, and what was found where they are."""

from __future__ import annotations

from meter_readings.models import FlowFile, Meter, MeterPoint, SiteVisit

from .filters import MeterPointQuery, MeterQuery, SiteVisitQuery
from .serializers import MeterPointSerializer, MeterSerializer, SiteVisitSerializer
from .views import Detail, LongList


class MeterPointList(LongList):
    """Meter points, by their MPANs."""

    model = MeterPoint
    allow_stale_reads = True
    permissions: tuple[str, ...] = ("view_meterpoint",)
    query_class = MeterPointQuery
    serializer_class = MeterPointSerializer


class MeterPointDetail(Detail):
    """One meter point."""

    model = MeterPoint
    allow_stale_reads = True
    permissions: tuple[str, ...] = ("view_meterpoint",)
    serializer_class = MeterPointSerializer


class MeterList(LongList):
    """Meters, in the order in which they were first heard of."""

    model = Meter
    allow_stale_reads = True
    related = ("meter_point",)
    permissions: tuple[str, ...] = ("view_meter",)
    query_class = MeterQuery
    serializer_class = MeterSerializer


class MeterDetail(Detail):
    """One meter."""

    model = Meter
    allow_stale_reads = True
    related = ("meter_point",)
    permissions: tuple[str, ...] = ("view_meter",)
    serializer_class = MeterSerializer


class SiteVisitList(LongList):
    """What was found on site, the latest to be heard of first."""

    model = SiteVisit
    allow_stale_reads = True
    related = ("meter_point", "meter")
    permissions: tuple[str, ...] = ("view_sitevisit",)
    query_class = SiteVisitQuery
    serializer_class = SiteVisitSerializer


class SiteVisitDetail(Detail):
    """One thing that was found on site."""

    model = SiteVisit
    allow_stale_reads = True
    related = ("meter_point", "meter")
    permissions: tuple[str, ...] = ("view_sitevisit",)
    serializer_class = SiteVisitSerializer


class SiteVisitsOfFlowFile(SiteVisitList):
    """What one file tells of site visits, line by line."""

    # Who has just sent the file wants to see it.
    allow_stale_reads = False
    permissions: tuple[str, ...] = ("view_sitevisit", "view_flowfile")
    parent = FlowFile
    parent_name = "flow_file"
