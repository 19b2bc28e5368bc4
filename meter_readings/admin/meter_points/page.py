"""What the pages of meter points and meters show beside their own columns.

Each asks a fixed number of questions, and for a limited number of rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.db.models import prefetch_related_objects
from django.http import HttpRequest

from meter_readings.d0010.codes import ReadingType
from meter_readings.models import Finding, Meter, MeterPoint, Reading, SiteVisit
from meter_readings.queries import history
from meter_readings.queries.advances import (
    Advance,
    ExclusionReason,
    advances_between,
    exclusion_reason,
)
from meter_readings.queries.history import ReadingKey, Register, RegisterKey

from .charts import build_charts, meter_changes
from .history_form import HistoryForm

_METERS_SHOWN = 100
_REGISTERS_SHOWN = 400
_LATEST_SHOWN = 6
_EVENTS_SHOWN = 25
_VERSIONS_SHOWN = 5
_VISITS_SHOWN = 10
_FINDINGS_SHOWN, _FINDINGS_OF_PASSAGE, _PASSAGES = 20, 10, 100

# How many readings before each are looked at: for one that counts, and for the usual
# daily rate.
_LOOKED_BACK = 14


class HistoryRow(NamedTuple):
    """An event with the version that stands for it, and what came of it.

    `others` are versions that do not count; there may be more of them than are shown.
    """

    reading: Reading
    others: list[Reading]
    has_more: bool
    advance: Advance | None
    exclusion: ExclusionReason | None


def meter_point_context(request: HttpRequest, point: MeterPoint) -> dict[str, Any]:
    """Return the point's meters, and what was read and found there."""
    meters = list(point.meters.order_by("-pk")[:_METERS_SHOWN])
    for meter in meters:
        meter.meter_point = point
    return _page(request, meters, meter_point=point)


def meter_context(request: HttpRequest, meter: Meter) -> dict[str, Any]:
    """Return what was read and found on the meter."""
    return _page(request, [meter], meter=meter)


def _page(
    request: HttpRequest, meters: Sequence[Meter], **whose_visits: Any
) -> dict[str, Any]:
    """Return what the user may see of what was read on these meters."""
    may_view = request.user.has_perms
    context: dict[str, Any] = {"meters": meters}
    visits: list[SiteVisit] = []
    readings: list[Reading] = []
    if may_view(["meter_readings.view_reading"]):
        registers = _in_order(
            history.registers_of(meters=meters, limit=_REGISTERS_SHOWN)
        )
        form = HistoryForm(request.GET, registers)
        context |= _latest(registers) | _history(registers, form)
        context["charts"] = build_charts(
            registers=form.selected_registers,
            meter_changes=meter_changes(registers),
            months=form.months,
            of_advances=form.shows_advances,
        )
        readings = context["seen"]
    if may_view(["meter_readings.view_sitevisit"]):
        visits = list(history.site_visits_of(limit=_VISITS_SHOWN, **whose_visits))
        context["visits"] = visits
    if may_view(["meter_readings.view_finding"]):
        context["findings"] = _findings([*readings, *visits])
    return context


# Registers


def _in_order(registers: Sequence[Register]) -> list[Register]:
    """Return those in use first, by name, then those of meters that were removed."""
    by_name = sorted(registers, key=lambda one: one.register_id)
    by_time = sorted(
        by_name,
        key=lambda one: one.latest.read_at.timestamp() if one.latest else 0,
        reverse=True,
    )
    return sorted(by_time, key=_is_closed)


def _is_closed(register: Register) -> bool:
    """Return whether nothing counts there, or the last to do so is a final reading."""
    latest = register.latest
    return latest is None or latest.reading_type == ReadingType.FINAL


def _latest(registers: Sequence[Register]) -> dict[str, Any]:
    """Return whose latest readings stand out, and the table of all registers."""
    read = [one for one in registers if one.latest]
    in_use = [one for one in read if not _is_closed(one)] or read
    return {"latest": in_use[:_LATEST_SHOWN], "registers": registers}


# History


def _history(registers: Sequence[Register], form: HistoryForm) -> dict[str, Any]:
    """Return a page of the history of the registers chosen."""
    keys = sorted(one.key for one in form.selected_registers)
    found = history.latest_reading_keys(
        registers=keys,
        basis=form.selected_basis,
        before=form.position,
        limit=_EVENTS_SHOWN + 1,
    )
    events, has_older = found[:_EVENTS_SHOWN], len(found) > _EVENTS_SHOWN
    versions = history.versions_per_key(
        reading_keys=[history.reading_key(reading) for reading in events],
        limit=_VERSIONS_SHOWN + 2,
    )
    prefetch_related_objects([*events, *versions], "flow_file")
    meters = {one.meter.pk: one.meter for one in registers}
    for reading in [*events, *versions]:
        reading.meter = meters[reading.meter_id]
    return {
        "history": _rows(events, versions, registers),
        "seen": [*events, *versions, *(one.latest for one in registers if one.latest)],
        "history_form": form,
        "newest": form.query_string() if form.position else "",
        "older": form.query_string(after=events[-1]) if has_older else "",
        "history_scan_limit": history.scan_limit(len(keys)),
    }


def _rows(
    events: Sequence[Reading],
    versions: Sequence[Reading],
    registers: Sequence[Register],
) -> list[HistoryRow]:
    before = history.previous_current_readings(
        reading_keys=[history.reading_key(reading) for reading in events],
        limit=_LOOKED_BACK,
    )
    demand = {one.key for one in registers if one.is_demand}
    advances = {
        advance.later.pk: advance
        for advance in advances_between(
            readings=[*before, *events], demand_registers=demand
        )
    }
    versions_of: dict[ReadingKey, list[Reading]] = {}
    for version in versions:
        versions_of.setdefault(history.reading_key(version), []).append(version)
    rows = []
    for reading in events:
        others = [
            version
            for version in versions_of[history.reading_key(reading)]
            if version.pk != reading.pk
        ]
        key = RegisterKey(reading.meter_id, reading.register_id)
        rows.append(
            HistoryRow(
                reading,
                others[:_VERSIONS_SHOWN],
                len(others) > _VERSIONS_SHOWN,
                advances.get(reading.pk),
                exclusion_reason(reading, is_demand=key in demand),
            )
        )
    return rows


# Findings


def _findings(rows: Iterable[Reading | SiteVisit]) -> list[Finding]:
    """Return findings that stand in a file where one of these rows does."""
    passages = list(dict.fromkeys(map(history.mpan_block, rows)))[:_PASSAGES]
    found = history.findings_in_blocks(blocks=passages, limit=_FINDINGS_OF_PASSAGE)
    return found[:_FINDINGS_SHOWN]
