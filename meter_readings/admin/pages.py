"""What the pages of single objects show beside their own columns.

Each asks a fixed number of questions, and for a limited number of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from meter_readings import importer
from meter_readings.models import (
    Finding,
    FlowFile,
    Meter,
    MeterPoint,
    Reading,
    Severity,
)

_METERS_SHOWN = 100
_READINGS_SHOWN = 20
_VERSIONS_SHOWN = 50
_FINDINGS_SHOWN_PER_RULE = 5
_ATTEMPTS_SHOWN = 10

_RULES = {
    str(code): (code.sentence, rule.remedy) for code, rule in importer.RULES.items()
}


class RuleReport(NamedTuple):
    """What a file has against one rule: how often, and the first times."""

    code: str
    sentence: str
    remedy: str
    times: int
    first: Sequence[Finding]

    @property
    def severity(self) -> Severity:
        """Return how much it matters, the same for all findings of a rule."""
        return Severity(self.first[0].severity)


class Total(NamedTuple):
    """What the trailer says against what was counted."""

    name: str
    said: int | None
    counted: int

    @property
    def agrees(self) -> bool:
        """Return whether the trailer is right."""
        return self.said == self.counted


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


def of_flow_file(file: FlowFile) -> dict[str, Any]:
    """Return how the file's totals compare, what was found, and who tried it when."""
    attempts = file.jobs.select_related("requested_by").order_by("-started_at", "-pk")
    return {
        "totals": [
            Total("Groups", file.trailer_group_count, file.group_count),
            Total("026 groups", file.trailer_flow_count, file.flow_count),
        ],
        "rules": _rules_of(file),
        "attempts": attempts[:_ATTEMPTS_SHOWN],
    }


def _rules_of(file: FlowFile) -> list[RuleReport]:
    """Return the findings by rule, errors first, then by how many there are."""
    place = Window(
        RowNumber(), partition_by=F("code"), order_by=[F("line_number"), F("pk")]
    )
    first = file.findings.annotate(place=place).filter(
        place__lte=_FINDINGS_SHOWN_PER_RULE
    )
    reports = []
    for code, rows in groupby(first.order_by("code", "place"), lambda row: row.code):
        findings = list(rows)
        sentence, remedy = _RULES.get(code, (code, ""))
        times = file.finding_counts.get(code, len(findings))
        reports.append(RuleReport(code, sentence, remedy, times, findings))
    in_order = list(Severity)
    return sorted(
        reports,
        key=lambda report: (in_order.index(report.severity), -report.times),
    )
