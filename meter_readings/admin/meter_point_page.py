"""What the pages of meter points and meters show beside their own columns.

Each asks a fixed number of questions, and for a limited number of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from meter_readings.models import Meter, MeterPoint, Reading

_METERS_SHOWN = 100
_READINGS_SHOWN = 20


def of_meter_point(point: MeterPoint) -> dict[str, Any]:
    """Return the point's meters, and what was read on them."""
    meters = list(point.meters.order_by("-pk")[:_METERS_SHOWN])
    return {"meters": meters} | _read_on(meters)


def of_meter(meter: Meter) -> dict[str, Any]:
    """Return what was read on the meter."""
    return _read_on([meter])


def _read_on(meters: Sequence[Meter]) -> dict[str, Any]:
    """Return the latest current reading of each register, and the recent readings."""
    read_on_them = Reading.objects.filter(meter__in=[meter.pk for meter in meters])
    readings = read_on_them.select_related("meter", "flow_file")
    latest_first = [F("read_at").desc(), F("register_id").asc(), F("pk").desc()]
    # Numbered and not cut off by a limit, for which a planner might go through the
    # readings of all meters by time.
    place = Window(RowNumber(), order_by=latest_first)
    place_on_register = Window(
        RowNumber(),
        partition_by=[F("meter_id"), F("register_id")],
        order_by=latest_first,
    )
    latest = readings.current().annotate(place=place_on_register).filter(place=1)
    recent = readings.annotate(place=place).filter(place__lte=_READINGS_SHOWN)
    return {
        "latest": latest.order_by(*latest_first),
        "recent": recent.order_by("place"),
    }
