"""Filter sets: the query parameters of each list, by django-filter."""

from .failed_reads import FailedReadFilterSet
from .flow_files import FindingFilterSet, FlowFileFilterSet, ImportJobFilterSet
from .history import AdvancesFilterSet, LatestReadingsFilterSet
from .meter_points import (
    MeterFilterSet,
    MeterPointFilterSet,
    OverdueReadingFilterSet,
    SiteVisitFilterSet,
)
from .readings import (
    ReadingExportFilterSet,
    ReadingFilterSet,
    ReadingSummaryFilterSet,
)

__all__ = [
    "AdvancesFilterSet",
    "FailedReadFilterSet",
    "FindingFilterSet",
    "FlowFileFilterSet",
    "ImportJobFilterSet",
    "LatestReadingsFilterSet",
    "MeterFilterSet",
    "MeterPointFilterSet",
    "OverdueReadingFilterSet",
    "ReadingExportFilterSet",
    "ReadingFilterSet",
    "ReadingSummaryFilterSet",
    "SiteVisitFilterSet",
]
