"""Template context of the page of a reading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import F, QuerySet
from django.http import HttpRequest

from meter_readings import exports
from meter_readings.models import Finding, Reading, VersionStatus
from meter_readings.queries import history
from meter_readings.queries.advances import advances_between, exclusion_reason
from meter_readings.queries.history import RegisterKey

from .version_reasons import version_reason

_MAX_VERSIONS = 50
_MAX_FINDINGS = 10
# The advance needs one current reading before this one; a likely rollover is
# recognised by the median rate of more.
_PREVIOUS_READINGS = 14


def reading_context(request: HttpRequest, reading: Reading) -> dict[str, Any]:
    """Return the reading's lines, its findings, its advance and all its versions."""
    is_received = reading.flow_file_id is not None
    lines = exports.reading_lines(reading=reading)
    versions = list(_versions(reading))
    context: dict[str, Any] = {
        "title": f"Register {reading.register_id} of meter {reading.meter}",
        "lines": lines,
        "versions": versions,
        "version_reason": version_reason(reading, versions),
        "to_undo": _to_undo(versions),
        "current": next(
            (
                version
                for version in versions
                if version.version_status == VersionStatus.CURRENT
            ),
            None,
        ),
    }
    if is_received and request.user.has_perm("meter_readings.view_finding"):
        findings = Finding.objects.filter(
            flow_file=reading.flow_file_id,
            line_number__in=[number for number, _ in lines],
        )
        context["findings"] = findings.order_by("line_number", "pk")[:_MAX_FINDINGS]
    return context | _advance_context(reading)


def _versions(reading: Reading) -> QuerySet[Reading]:
    """Return the versions of a reading, oldest first, then what users entered."""
    versions = Reading.objects.filter(
        meter=reading.meter_id, register_id=reading.register_id, read_at=reading.read_at
    )
    ordered = versions.order_by(
        F("correction").asc(nulls_first=True),
        "flow_file__file_created_at",
        "flow_file__file_identifier",
        "flow_file__sha256",
        "line_number",
    )
    related = "flow_file", "correction__created_by", "correction__undone_by"
    return ordered.select_related(*related)[:_MAX_VERSIONS]


def _to_undo(versions: Sequence[Reading]) -> Reading | None:
    """Return the version of the latest correction that is not undone, if any."""
    entered = [
        version
        for version in versions
        if version.correction is not None and not version.correction.is_undone
    ]
    return entered[-1] if entered else None


def _advance_context(reading: Reading) -> dict[str, Any]:
    """Return the advance since the previous reading, or why there is none."""
    key = history.reading_key(reading)
    register_key = RegisterKey(key.meter_id, key.register_id)
    is_demand = history.is_demand_register(key=register_key)
    previous = history.previous_current_readings(
        reading_keys=[key], limit=_PREVIOUS_READINGS
    )
    advances = {
        advance.later.pk: advance
        for advance in advances_between(
            readings=[*previous, reading],
            demand_registers={register_key} if is_demand else (),
        )
    }
    return {
        "advance": advances.get(reading.pk),
        "exclusion": exclusion_reason(reading, is_demand=is_demand),
    }
