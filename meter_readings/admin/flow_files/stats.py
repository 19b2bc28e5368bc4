"""How a file adds up: its lines, groups and readings, and what became of those.

A page must be quick for a file of any size. The standings of few readings are counted
when they are asked for; of many, what was counted as they were loaded is told, with
its time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Count, Exists, OuterRef, Q
from django.urls import reverse

from meter_readings.models import FlowFile, ImportJob, Reading, VersionStatus

# Readings of one file that are counted for a page: 20,000 take some 30 ms.
MAX_EXACT_COUNT = 20_000


class Term(NamedTuple):
    """A number in a sum, what it counts, and where these can be seen."""

    number: int
    name: str
    address: str = ""


class Sum(NamedTuple):
    """A number and what it is made of."""

    name: str
    whole: Term
    parts: Sequence[Term]


class VersionCounts(NamedTuple):
    """What became of the readings of a file; `counted_at` is None where it is now."""

    duplicate: int
    superseded: int
    withdrawn: int
    superseding: int
    counted_at: datetime | None = None


class Total(NamedTuple):
    """What the trailer says against what was counted."""

    name: str
    said: int | None
    counted: int

    @property
    def agrees(self) -> bool:
        """Return whether the trailer is right."""
        return self.said == self.counted


def totals_of(file: FlowFile) -> list[Total]:
    """Return the trailer's totals beside those that were counted."""
    return [
        Total("Groups", file.trailer_group_count, file.group_count),
        Total("026 groups", file.trailer_flow_count, file.mpan_group_count),
    ]


def standings_of(file: FlowFile, imported_by: ImportJob | None) -> VersionCounts | None:
    """Return what became of the readings that are held, if any are.

    `imported_by` is the attempt that loaded them, None where it is not known any more:
    then those of a large file are not told.
    """
    if file.status != FlowFile.Status.IMPORTED or not file.readings_loaded:
        return None
    if file.readings_loaded <= MAX_EXACT_COUNT:
        return _counted(file)
    if imported_by is None:
        return None
    counts: Mapping[str, int] = imported_by.counts
    names = [name for name in VersionCounts._fields if name != "counted_at"]
    known: dict[str, Any] = {name: counts.get(name, 0) for name in names}
    return VersionCounts(**known, counted_at=imported_by.finished_at)


def _counted(file: FlowFile) -> VersionCounts:
    """Return how many readings have a standing, by one question to the index."""
    replaced = Reading.objects.filter(
        meter=OuterRef("meter"),
        register_id=OuterRef("register_id"),
        read_at=OuterRef("read_at"),
        version_status=VersionStatus.SUPERSEDED,
    )
    counts: dict[str, Any] = file.readings.aggregate(
        duplicate=_number_of(Q(version_status=VersionStatus.DUPLICATE)),
        superseded=_number_of(Q(version_status=VersionStatus.SUPERSEDED)),
        withdrawn=_number_of(Q(version_status=VersionStatus.WITHDRAWN)),
        superseding=_number_of(
            Q(Exists(replaced), version_status=VersionStatus.CURRENT)
        ),
    )
    return VersionCounts(**counts)


def _number_of(condition: Q) -> Count:
    return Count("pk", filter=condition)


def breakdowns(file: FlowFile, standings: VersionCounts | None) -> list[Sum]:
    """Return the sums of a file, from its lines to what became of its readings."""
    envelope = [Term(1, "header")] if file.header_text else []
    envelope += [Term(1, "trailer")] if file.trailer_text else []
    others = file.line_count - file.group_count - len(envelope)
    groups = _counting(file.group_count, "group")
    lines = [*envelope, groups]
    lines += [Term(others, "empty or out of place")] if others > 0 else []
    is_undone = file.status == FlowFile.Status.UNDONE
    loaded = "loaded until the import was undone" if is_undone else "loaded"
    other_groups = max(0, file.group_count - file.readings_read)
    sums = [
        Sum("Lines", _counting(file.line_count, "line"), lines),
        Sum(
            "Groups",
            groups,
            [
                _counting(file.readings_read, "reading"),
                _counting(other_groups, "other"),
            ],
        ),
        Sum(
            "Readings",
            Term(file.readings_read, "read"),
            [
                Term(file.readings_loaded, loaded, _list_of(file)),
                Term(file.readings_rejected, "rejected"),
            ],
        ),
    ]
    if file.readings_deleted:
        sums.append(_left_of(file))
    return sums + ([_by_standing(file, standings)] if standings else [])


def _counting(number: int, noun: str) -> Term:
    return Term(number, noun if number == 1 else f"{noun}s")


def _left_of(file: FlowFile) -> Sum:
    """Return how many of the readings are kept, and how many are not any more."""
    kept = file.readings_loaded - file.readings_deleted
    parts = [
        Term(kept, "kept", _list_of(file)),
        Term(file.readings_deleted, "removed since, by age or on request"),
    ]
    return Sum("Kept", Term(file.readings_loaded, "loaded"), parts)


def _by_standing(file: FlowFile, standings: VersionCounts) -> Sum:
    numbers = standings._asdict()
    parts = [
        Term(
            numbers[version_status],
            version_status.label.lower(),
            _list_of(file, version_status),
        )
        for version_status in (
            VersionStatus.DUPLICATE,
            VersionStatus.SUPERSEDED,
            VersionStatus.WITHDRAWN,
        )
    ]
    # What was counted at the load had everything; what is counted now has what is left.
    removed = 0 if standings.counted_at else file.readings_deleted
    number = file.readings_loaded - removed
    current = number - sum(part.number for part in parts)
    own = Term(current, "current", _list_of(file, VersionStatus.CURRENT))
    whole = Term(number, "kept" if removed else "loaded", _list_of(file))
    return Sum("VersionStatus", whole, [own, *parts])


def _list_of(file: FlowFile, version_status: VersionStatus | None = None) -> str:
    """Return where the readings of a file are listed, while any are held."""
    if file.status != FlowFile.Status.IMPORTED:
        return ""
    address = reverse("admin:meter_readings_reading_changelist")
    chosen = f"&version_status__exact={version_status}" if version_status else ""
    return f"{address}?flow_file={file.pk}{chosen}"
