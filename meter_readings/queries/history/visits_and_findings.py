"""What is said about a meter point beside its readings: site visits and findings."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from django.db.models import F, OuterRef, QuerySet, Subquery, Window
from django.db.models.functions import RowNumber

from meter_readings.d0010 import D0010
from meter_readings.models import Finding, Reading, SiteVisit

from .top_n import top_n_per_key


class MpanBlock(NamedTuple):
    """A 026 of a file with all that stands under it, known by the 026's line."""

    flow_file_id: int
    mpan_line_number: int


def mpan_block(row: Reading | SiteVisit) -> MpanBlock:
    """Return where in its file a reading or a site visit stands."""
    return MpanBlock(row.flow_file_id, row.mpan_line_number)


def site_visits_of(*, limit: int, **of: Any) -> QuerySet[SiteVisit]:
    """Return the site visits of a `meter_point` or a `meter`, those stored last first.

    They are numbered and not cut off by a limit, for which a planner might go through
    the visits to all meter points from the latest on.
    """
    place = Window(RowNumber(), order_by=F("pk").desc())
    visits = SiteVisit.objects.filter(**of).annotate(place=place)
    latest = visits.filter(place__lte=limit).order_by("place")
    return latest.select_related("flow_file", "meter")


def findings_in_blocks(*, passages: Collection[MpanBlock], limit: int) -> list[Finding]:
    """Return findings that stand in these passages, up to `limit` of each passage.

    A finding is of the last 026 before it. Where that one was rejected nothing of it
    is held, but there is a finding on it.
    """
    following = top_n_per_key(
        Finding,
        keys=list(passages),
        names=MpanBlock._fields,
        where="r.flow_file_id = key.flow_file_id"
        " AND r.line_number >= key.mpan_line_number",
        order="r.line_number",
        limit=limit,
    )
    wanted = {finding.pk for finding in following}
    found = (
        Finding.objects.filter(pk__in=wanted)
        .annotate(
            next_reading=_beside(Reading, "gte", "line_number"),
            next_visit=_beside(SiteVisit, "gte", "line_number"),
            reading_before=_beside(Reading, "lte", "-line_number"),
            visit_before=_beside(SiteVisit, "lte", "-line_number"),
        )
        .select_related("flow_file")
        .order_by("-flow_file__file_created_at", "-flow_file_id", "line_number", "pk")
    )
    starts = {
        MpanBlock(finding.flow_file_id, finding.line_number)
        for finding in following
        if finding.group == D0010.mpan.code and finding.line_number is not None
    }
    return [finding for finding in found if _passage(finding, starts) in passages]


def _passage(finding: Any, starts: Collection[MpanBlock]) -> MpanBlock:
    """Return the passage that begins last before a finding, or on its line."""
    numbers = [line for file, line in starts if file == finding.flow_file_id] + [
        finding.next_reading or 0,
        finding.next_visit or 0,
        finding.reading_before or 0,
        finding.visit_before or 0,
    ]
    begins = max(line for line in numbers if line <= finding.line_number)
    return MpanBlock(finding.flow_file_id, begins)


def _beside(model: type[Reading | SiteVisit], way: str, order: str) -> Subquery:
    """Return the line of the 026 of the nearest row that is held."""
    rows = model._default_manager.filter(
        flow_file=OuterRef("flow_file"),
        **{f"line_number__{way}": OuterRef("line_number")},
    )
    return Subquery(rows.order_by(order).values("mpan_line_number")[:1])
