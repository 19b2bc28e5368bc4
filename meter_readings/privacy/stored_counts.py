"""What is stored about an MPAN, to be shown before it is erased."""

from __future__ import annotations

from collections.abc import Mapping

from meter_readings.importer.formatting import join_counts
from meter_readings.models import (
    Meter,
    MeterPointNote,
    QualityItem,
    Reading,
    SiteVisit,
)

from .erasure import ErasedCounts


def stored_counts(*, mpan: str) -> dict[str, int]:
    """Return how many rows an erasure of an MPAN would delete, by plural names.

    Its lines in original files and its findings are found by the erasure only, which
    reads all files.
    """
    readings = Reading.objects.filter(meter__meter_point__mpan=mpan)
    visits = SiteVisit.objects.filter(meter_point__mpan=mpan)
    return {
        "readings": readings.count(),
        "site_visits": visits.count(),
        "meters": Meter.objects.filter(meter_point__mpan=mpan).count(),
        "meter_point_notes": MeterPointNote.objects.filter(mpan=mpan).count(),
        "quality_items": QualityItem.objects.filter(
            meter__meter_point__mpan=mpan
        ).count(),
    }


def erased_message(counts: Mapping[str, int]) -> str:
    """Return what an erasure has deleted, as a sentence."""
    # PostgreSQL does not keep the order of the names in the row of a job.
    names = [name for name in ErasedCounts._fields if counts.get(name)]
    if not names:
        return "Nothing was stored about the MPAN."
    return f"Erased: {join_counts({name: counts[name] for name in names})}."
