"""Meters with the same serial number."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import prefetch_related_objects

from meter_readings.models import Meter

from .history.top_n import top_n_per_key


def meters_elsewhere(*, meters: Sequence[Meter], limit: int) -> list[Meter]:
    """Return meters at other meter points with the serial numbers of these meters.

    At most `limit` for each serial number, and in all; two queries.
    """
    found = top_n_per_key(
        Meter,
        keys=[(meter.serial_number, meter.meter_point_id) for meter in meters],
        names=("serial_number", "meter_point_id"),
        where="r.serial_number = key.serial_number"
        " AND r.meter_point_id <> key.meter_point_id",
        order="r.serial_number",
        limit=limit,
    )[:limit]
    prefetch_related_objects(found, "meter_point")
    return found
