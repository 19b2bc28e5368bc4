"""Site visits to meter points, and findings on the lines around their readings."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from django.db.models import F, OuterRef, QuerySet, Subquery, Window
from django.db.models.functions import RowNumber

from meter_readings.d0010 import D0010
from meter_readings.models import Finding, Reading, SiteVisit

from .top_n import top_n_per_key


class MpanBlock(NamedTuple):
    """A 026 group of a file with its children, identified by the line of the 026."""

    flow_file_id: int
    mpan_line_number: int


def mpan_blocks(rows: Iterable[Reading | SiteVisit]) -> list[MpanBlock]:
    """Return the blocks of rows, each once; a reading that a user entered has none."""
    blocks = (
        MpanBlock(row.flow_file_id, row.mpan_line_number)
        for row in rows
        if row.flow_file_id is not None
    )
    return list(dict.fromkeys(blocks))


def site_visits_of(*, limit: int, **owner: Any) -> QuerySet[SiteVisit]:
    """Return site visits of a `meter_point` or a `meter`, those stored last first.

    A row number limits them. With LIMIT, a planner might scan the visits to all meter
    points from the latest.
    """
    row_number = Window(RowNumber(), order_by=F("pk").desc())
    visits = SiteVisit.objects.filter(**owner).annotate(row_number=row_number)
    latest = visits.filter(row_number__lte=limit).order_by("row_number")
    return latest.select_related("flow_file", "meter")


def findings_in_blocks(*, blocks: Collection[MpanBlock], limit: int) -> list[Finding]:
    """Return the findings on the lines of these blocks, up to `limit` per block.

    A finding belongs to the last 026 at or before its line. Rows of a rejected 026 are
    not stored, but it has a finding of its own.
    """
    candidates = top_n_per_key(
        Finding,
        keys=list(blocks),
        names=MpanBlock._fields,
        where="r.flow_file_id = key.flow_file_id"
        " AND r.line_number >= key.mpan_line_number",
        order="r.line_number",
        limit=limit,
    )
    findings = (
        Finding.objects.filter(pk__in={finding.pk for finding in candidates})
        .annotate(
            next_reading=_neighbour(Reading, "gte", "line_number"),
            next_visit=_neighbour(SiteVisit, "gte", "line_number"),
            previous_reading=_neighbour(Reading, "lte", "-line_number"),
            previous_visit=_neighbour(SiteVisit, "lte", "-line_number"),
        )
        .select_related("flow_file")
        .order_by("-flow_file__file_created_at", "-flow_file_id", "line_number", "pk")
    )
    rejected = {
        MpanBlock(finding.flow_file_id, finding.line_number)
        for finding in candidates
        if finding.group == D0010.mpan.code and finding.line_number is not None
    }
    return [finding for finding in findings if _block_of(finding, rejected) in blocks]


def _block_of(finding: Any, rejected: Collection[MpanBlock]) -> MpanBlock:
    """Return the last block that begins at or before the line of a finding."""
    starts = [line for file, line in rejected if file == finding.flow_file_id] + [
        finding.next_reading or 0,
        finding.next_visit or 0,
        finding.previous_reading or 0,
        finding.previous_visit or 0,
    ]
    start = max(line for line in starts if line <= finding.line_number)
    return MpanBlock(finding.flow_file_id, start)


def _neighbour(
    model: type[Reading | SiteVisit], lookup: str, ordering: str
) -> Subquery:
    """Return the 026's line number of the nearest stored row of the same file."""
    rows = model._default_manager.filter(
        flow_file=OuterRef("flow_file"),
        **{f"line_number__{lookup}": OuterRef("line_number")},
    )
    return Subquery(rows.order_by(ordering).values("mpan_line_number")[:1])
