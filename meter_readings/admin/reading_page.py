"""What the page of a reading shows beside its own columns."""

from __future__ import annotations

from typing import Any

from meter_readings.models import Reading

_VERSIONS_SHOWN = 50


def of_reading(reading: Reading) -> dict[str, Any]:
    """Return all versions of what happened there and then, in the order of saying."""
    versions = Reading.objects.filter(
        meter=reading.meter_id, register_id=reading.register_id, read_at=reading.read_at
    )
    in_order = versions.order_by(
        "flow_file__file_created_at",
        "flow_file__file_identifier",
        "flow_file__sha256",
        "line_number",
    )
    return {
        "title": f"Register {reading.register_id} of meter {reading.meter}",
        "versions": in_order.select_related("flow_file")[:_VERSIONS_SHOWN],
    }
