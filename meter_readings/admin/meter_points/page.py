"""Template context of the pages of meter points and meters.

Each page needs a fixed number of queries, and each query returns a limited number of
rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth.context_processors import auth
from django.db.models import prefetch_related_objects
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import mark_safe

from meter_readings.d0010 import LONDON
from meter_readings.forms import MeterPointNoteForm
from meter_readings.models import Finding, Meter, MeterPoint, Reading, SiteVisit
from meter_readings.ops.answer_cache import cached_text
from meter_readings.queries import history
from meter_readings.queries.advances import (
    Advance,
    ExclusionReason,
    advances_between,
    exclusion_reason,
)
from meter_readings.queries.history import ReadingKey, Register, RegisterKey
from meter_readings.queries.overdue_readings import (
    expected_readings_of,
    intervals_by_hand,
)
from meter_readings.queries.serial_numbers import meters_elsewhere

from .charts import build_charts, meter_changes
from .history_form import HistoryForm
from .notes import NOTES_SHOWN, latest_notes

# What the page of a meter point shows before and after the notes
_CACHED_TEMPLATES = (
    "admin/meter_readings/meterpoint/readings.html",
    "meter_readings/includes/site_visits_and_findings.html",
)
_MAX_METERS = 100
_MAX_REGISTERS = 400
_MAX_LATEST_READINGS = 6
_MAX_HISTORY_ROWS = 25
_MAX_OTHER_VERSIONS = 5
_MAX_SITE_VISITS = 10
_MAX_METERS_ELSEWHERE = 10
_MAX_FINDINGS, _MAX_FINDINGS_PER_MPAN_BLOCK, _MAX_MPAN_BLOCKS = 20, 10, 100

# The advance of a reading needs one current reading before it; a likely rollover is
# recognised by the median rate of more.
_PREVIOUS_READINGS = 14


class HistoryRow(NamedTuple):
    """The version of a reading that counts, or the latest withdrawn one, with others.

    `has_more` if there are more other versions than `others`.
    """

    reading: Reading
    others: list[Reading]
    has_more: bool
    advance: Advance | None
    exclusion: ExclusionReason | None


class History(NamedTuple):
    """One page of the history, newest first; `readings` are all versions on it."""

    rows: list[HistoryRow]
    readings: list[Reading]
    has_older: bool


def meter_point_context(request: HttpRequest, point: MeterPoint) -> dict[str, Any]:
    """Return what the page shows; what imports and undos change of it is cached.

    Notes are not: users write them at any time. When the next reading is due depends on
    the day and the schedules, too.
    """
    intervals, today = intervals_by_hand(), timezone.localdate(timezone=LONDON)
    text = cached_text(
        partial(_render_meter_point, request, point, intervals, today),
        request.user,
        "meter point page",
        point.pk,
        sorted(request.GET.lists()),
        settings.PARTICIPANT_TELEPHONES,
        intervals,
        today.isoformat(),
    )
    before_notes, after_notes = map(mark_safe, json.loads(text))
    context: dict[str, Any] = {"before_notes": before_notes, "after_notes": after_notes}
    if request.user.has_perm("meter_readings.view_meterpointnote"):
        context["notes"] = latest_notes(mpan=point.mpan)
    return context | {"note_form": MeterPointNoteForm(), "notes_shown": NOTES_SHOWN}


def _render_meter_point(
    request: HttpRequest,
    point: MeterPoint,
    intervals: Mapping[str, int | None],
    today: date,
) -> str:
    """Return the HTML before and after the notes as JSON.

    Templates get no request: nothing of one user or one session can be in them.
    """
    meters = list(point.meters.order_by("-pk")[:_MAX_METERS])
    for meter in meters:
        meter.meter_point = point
    context = _page_context(request, meters, meter_point=point)
    context |= {"original": point, "perms": auth(request)["perms"]}
    if "registers" in context:
        context["expected_readings"] = expected_readings_of(
            registers=[register.key for register in context["registers"]],
            intervals=intervals,
            today=today,
        )
    return json.dumps([render_to_string(name, context) for name in _CACHED_TEMPLATES])


def meter_context(request: HttpRequest, meter: Meter) -> dict[str, Any]:
    return _page_context(request, [meter], meter=meter)


def _page_context(
    request: HttpRequest, meters: Sequence[Meter], **visited: Any
) -> dict[str, Any]:
    """Return the parts of the page that the user has permission to view.

    `visited` is the meter point or the meter of the site visits.
    """
    has_perm = request.user.has_perm
    context: dict[str, Any] = {"meters": meters}
    if has_perm("meter_readings.view_meter"):
        found = meters_elsewhere(meters=meters, limit=_MAX_METERS_ELSEWHERE + 1)
        context["meters_elsewhere"] = found[:_MAX_METERS_ELSEWHERE]
        context["has_more_elsewhere"] = len(found) > _MAX_METERS_ELSEWHERE
    readings: list[Reading] = []
    visits: list[SiteVisit] = []
    if has_perm("meter_readings.view_reading"):
        registers = _sorted(history.registers_of(meters=meters, limit=_MAX_REGISTERS))
        form = HistoryForm(request.GET, registers)
        page = _history(registers, form)
        readings = [
            *page.readings,
            *(register.best for register in registers if register.best),
            *(register.latest for register in registers if register.latest),
        ]
        context |= {
            "registers": registers,
            "latest_reading": _latest_reading(registers),
            "latest": _with_latest_readings(registers),
            "charts": build_charts(
                registers=form.selected_registers,
                meter_changes=meter_changes(registers),
                months=form.months,
                of_advances=form.shows_advances,
            ),
            "history": page.rows,
            "history_form": form,
            "history_scan_limit": history.scan_limit(len(form.selected_registers)),
            "newest": form.query_string() if form.position else "",
            "older": (
                form.query_string(after=page.rows[-1].reading) if page.has_older else ""
            ),
        }
    if has_perm("meter_readings.view_sitevisit"):
        visits = list(history.site_visits_of(limit=_MAX_SITE_VISITS, **visited))
        context["visits"] = visits
    if has_perm("meter_readings.view_finding"):
        context["findings"] = _findings([*readings, *visits])
    return context


# Registers


def _sorted(registers: Sequence[Register]) -> list[Register]:
    """Return the registers in use first, the latest read first, then by id."""
    by_id = sorted(registers, key=lambda register: register.register_id)
    by_time = sorted(
        by_id,
        key=lambda register: (
            register.latest.read_at.timestamp() if register.latest else 0
        ),
        reverse=True,
    )
    return sorted(by_time, key=lambda register: register.is_removed)


def _latest_reading(registers: Iterable[Register]) -> Reading | None:
    """Return the latest reading of all registers; its file names the data collector."""
    readings = (register.latest for register in registers)
    return max(
        filter(None, readings), key=lambda reading: reading.read_at, default=None
    )


def _with_latest_readings(registers: Sequence[Register]) -> list[Register]:
    """Return the registers whose latest readings the page shows in large type."""
    read = [register for register in registers if register.latest]
    in_use = [register for register in read if not register.is_removed]
    return (in_use or read)[:_MAX_LATEST_READINGS]


# History


def _history(registers: Sequence[Register], form: HistoryForm) -> History:
    """Return the page of the history that the form selects."""
    found = history.latest_reading_keys(
        registers=sorted(register.key for register in form.selected_registers),
        basis=form.selected_basis,
        before=form.position,
        limit=_MAX_HISTORY_ROWS + 1,
    )
    readings = found[:_MAX_HISTORY_ROWS]
    versions = history.versions_per_key(
        reading_keys=[history.reading_key(reading) for reading in readings],
        limit=_MAX_OTHER_VERSIONS + 2,
    )
    related = "flow_file", "correction__created_by", "correction__undone_by"
    prefetch_related_objects([*readings, *versions], *related)
    meters = {register.meter.pk: register.meter for register in registers}
    for reading in [*readings, *versions]:
        reading.meter = meters[reading.meter_id]
    return History(
        rows=_rows(readings, versions, registers),
        readings=[*readings, *versions],
        has_older=len(found) > _MAX_HISTORY_ROWS,
    )


def _rows(
    readings: Sequence[Reading],
    versions: Sequence[Reading],
    registers: Sequence[Register],
) -> list[HistoryRow]:
    previous = history.previous_current_readings(
        reading_keys=[history.reading_key(reading) for reading in readings],
        limit=_PREVIOUS_READINGS,
    )
    demand_registers = {register.key for register in registers if register.is_demand}
    advances = {
        advance.later.pk: advance
        for advance in advances_between(
            readings=[*previous, *readings], demand_registers=demand_registers
        )
    }
    versions_by_key: dict[ReadingKey, list[Reading]] = {}
    for version in versions:
        versions_by_key.setdefault(history.reading_key(version), []).append(version)
    rows = []
    for reading in readings:
        others = [
            version
            for version in versions_by_key[history.reading_key(reading)]
            if version.pk != reading.pk
        ]
        register_key = RegisterKey(reading.meter_id, reading.register_id)
        rows.append(
            HistoryRow(
                reading,
                others[:_MAX_OTHER_VERSIONS],
                len(others) > _MAX_OTHER_VERSIONS,
                advances.get(reading.pk),
                exclusion_reason(reading, is_demand=register_key in demand_registers),
            )
        )
    return rows


# Findings


def _findings(rows: Iterable[Reading | SiteVisit]) -> list[Finding]:
    """Return findings in the MPAN blocks of these rows."""
    blocks = history.mpan_blocks(rows)[:_MAX_MPAN_BLOCKS]
    findings = history.findings_in_blocks(
        blocks=blocks, limit=_MAX_FINDINGS_PER_MPAN_BLOCK
    )
    return findings[:_MAX_FINDINGS]
