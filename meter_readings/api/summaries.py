"""Summaries of readings: their number by reading type and version status, and times."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min, QuerySet

from meter_readings.models import READING_ORDER, READING_ORDER_REVERSED
from meter_readings.ops.answer_cache import cached_numbers
from meter_readings.queries import totals

from .filtersets import ReadingFilterSet
from .scans import scans

# A larger table is examined in parts, for a limited time.
MAX_COUNTED = 2_000_000

SCAN_SECONDS = 1.0


def summary_of(readings: QuerySet, filterset: ReadingFilterSet) -> dict[str, Any]:
    """Return what the serializer of summaries needs."""
    if filterset.is_whole_table and filterset.stored_readings() <= MAX_COUNTED:
        return _whole_table(readings, filterset)
    return _examined(readings.order_by(), filterset)


def _whole_table(readings: QuerySet, filterset: ReadingFilterSet) -> dict[str, Any]:
    statuses = filterset.conditions.get("version_status")
    groups = [
        {"reading_type": reading_type, "version_status": status, "count": count}
        for reading_type, status, count in cached_numbers(_counts, "reading counts")
        if statuses in (None, status)
    ]
    return {
        "groups": groups,
        "count": sum(group["count"] for group in groups),
        "rows_examined": None,
        "earliest": _first_time(readings.order_by(*READING_ORDER)),
        "latest": _first_time(readings.order_by(*READING_ORDER_REVERSED)),
    }


def _counts() -> list[tuple[str, str, int]]:
    """Return the counts by reading type and version status.

    They are counted once after each import: that takes longer, the more readings are
    not routine or not current.
    """
    return [(*key, count) for key, count in totals.reading_counts().items()]


def _first_time(readings: QuerySet) -> datetime | None:
    time: datetime | None = readings.values_list("read_at", flat=True).first()
    return time


def _examined(readings: QuerySet, filterset: ReadingFilterSet) -> dict[str, Any]:
    groups: list[dict[str, Any]] = []
    for scan in scans(filterset, seconds=SCAN_SECONDS):
        groups += (
            readings.filter(scan.condition)
            .values("reading_type", "version_status")
            .annotate(count=Count("pk"), earliest=Min("read_at"), latest=Max("read_at"))
        )
    summary = {
        "groups": groups,
        "count": filterset.stored_count,
        "rows_examined": scan.row_count,
        "earliest": None,
        "latest": None,
    }
    if scan.end is None:
        summary |= {
            "count": sum(group["count"] for group in groups),
            "rows_examined": None,
            "earliest": min((group["earliest"] for group in groups), default=None),
            "latest": max((group["latest"] for group in groups), default=None),
        }
    return summary
