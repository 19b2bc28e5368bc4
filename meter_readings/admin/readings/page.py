"""What the page of a reading shows beside its own columns."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from meter_readings import exports
from meter_readings.models import Finding, Reading, VersionStatus
from meter_readings.queries import history
from meter_readings.queries.advances import advances_between, exclusion_reason
from meter_readings.queries.history import RegisterKey

_VERSIONS_SHOWN = 50
_FINDINGS_SHOWN = 10
# Readings before it: one that counts, and more for the usual daily rate.
_LOOKED_BACK = 14


def reading_context(request: HttpRequest, reading: Reading) -> dict[str, Any]:
    """Return its lines, its advance, and all that files say of the same event."""
    lines = exports.reading_lines(reading=reading)
    versions = list(_versions(reading))
    context: dict[str, Any] = {
        "title": f"Register {reading.register_id} of meter {reading.meter}",
        "lines": lines,
        "versions": versions,
        "current": next(
            (one for one in versions if one.version_status == VersionStatus.CURRENT),
            None,
        ),
    }
    if request.user.has_perm("meter_readings.view_finding"):
        numbers = [number for number, _ in lines]
        found = Finding.objects.filter(
            flow_file=reading.flow_file_id, line_number__in=numbers
        )
        context["findings"] = found.order_by("line_number", "pk")[:_FINDINGS_SHOWN]
    return context | _advance(reading)


def _versions(reading: Reading) -> QuerySet[Reading]:
    """Return the versions of the event, in the order of saying."""
    versions = Reading.objects.filter(
        meter=reading.meter_id, register_id=reading.register_id, read_at=reading.read_at
    )
    in_order = versions.order_by(
        "flow_file__file_created_at",
        "flow_file__file_identifier",
        "flow_file__sha256",
        "line_number",
    )
    return in_order.select_related("flow_file")[:_VERSIONS_SHOWN]


def _advance(reading: Reading) -> dict[str, Any]:
    """Return how far the register had gone on since the reading before."""
    event = history.reading_key(reading)
    is_demand = history.is_demand_register(key=RegisterKey(*event[:2]))
    before = history.previous_current_readings(reading_keys=[event], limit=_LOOKED_BACK)
    advances = {
        advance.later.pk: advance
        for advance in advances_between(
            readings=[*before, reading],
            demand_registers={event[:2]} if is_demand else (),
        )
    }
    return {
        "advance": advances.get(reading.pk),
        "exclusion": exclusion_reason(reading, is_demand=is_demand),
        "is_demand": is_demand,
    }
