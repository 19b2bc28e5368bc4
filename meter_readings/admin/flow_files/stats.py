"""Statistics of a flow file: its lines, groups and readings, and their versions.

The page must be fast for a file of any size. The version statuses of up to
`MAX_EXACT_COUNT` readings are counted now. For more readings the page shows the counts
that were stored by the import, with their time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Count, Exists, OuterRef, Q
from django.urls import reverse

from meter_readings.models import FlowFile, ImportJob, Reading, VersionStatus

# Counting 20,000 readings takes about 30 ms.
MAX_EXACT_COUNT = 20_000


class Part(NamedTuple):
    """A number, what it counts, and the URL of a list of that, if there is one."""

    number: int
    name: str
    url: str = ""


class Breakdown(NamedTuple):
    """A total and its parts."""

    name: str
    total: Part
    parts: Sequence[Part]


class VersionCounts(NamedTuple):
    """Readings by version status; `counted_at` is None if they were counted now.

    `superseding` readings are current and have a superseded version in any file.
    """

    duplicate: int
    superseded: int
    withdrawn: int
    superseding: int
    counted_at: datetime | None = None


class Total(NamedTuple):
    """A count that the trailer declares, and the actual count."""

    name: str
    declared: int | None
    counted: int

    @property
    def agrees(self) -> bool:
        return self.declared == self.counted


def trailer_totals(file: FlowFile) -> list[Total]:
    return [
        Total("Groups", file.trailer_group_count, file.group_count),
        Total("026 groups", file.trailer_flow_count, file.mpan_group_count),
    ]


def version_counts(
    file: FlowFile, imported_by: ImportJob | None
) -> VersionCounts | None:
    """Return the version statuses of the readings, or None if they are unknown.

    `imported_by` is the job that loaded the file, which stored the counts.
    """
    if file.status != FlowFile.Status.IMPORTED or not file.readings_loaded:
        return None
    if file.readings_loaded <= MAX_EXACT_COUNT:
        return _counted_now(file)
    if imported_by is None:
        return None
    stored: Mapping[str, int] = imported_by.counts
    names = [name for name in VersionCounts._fields if name != "counted_at"]
    counts: dict[str, Any] = {name: stored.get(name, 0) for name in names}
    return VersionCounts(**counts, counted_at=imported_by.finished_at)


def _counted_now(file: FlowFile) -> VersionCounts:
    superseded = Reading.objects.filter(
        meter=OuterRef("meter"),
        register_id=OuterRef("register_id"),
        read_at=OuterRef("read_at"),
        version_status=VersionStatus.SUPERSEDED,
    )
    counts: dict[str, Any] = file.readings.aggregate(
        duplicate=_count(Q(version_status=VersionStatus.DUPLICATE)),
        superseded=_count(Q(version_status=VersionStatus.SUPERSEDED)),
        withdrawn=_count(Q(version_status=VersionStatus.WITHDRAWN)),
        superseding=_count(Q(Exists(superseded), version_status=VersionStatus.CURRENT)),
    )
    return VersionCounts(**counts)


def _count(condition: Q) -> Count:
    return Count("pk", filter=condition)


def breakdowns(file: FlowFile, versions: VersionCounts | None) -> list[Breakdown]:
    """Return the breakdowns of lines, groups, readings and version statuses."""
    envelope = [Part(1, "header")] if file.header_text else []
    envelope += [Part(1, "trailer")] if file.trailer_text else []
    other_lines = file.line_count - file.group_count - len(envelope)
    groups = _part(file.group_count, "group")
    lines = [*envelope, groups]
    lines += [Part(other_lines, "empty or out of place")] if other_lines > 0 else []
    is_undone = file.status == FlowFile.Status.UNDONE
    loaded = "loaded until the import was undone" if is_undone else "loaded"
    other_groups = max(0, file.group_count - file.readings_read)
    result = [
        Breakdown("Lines", _part(file.line_count, "line"), lines),
        Breakdown(
            "Groups",
            groups,
            [
                _part(file.readings_read, "reading"),
                _part(other_groups, "other group"),
            ],
        ),
        Breakdown(
            "Readings",
            Part(file.readings_read, _noun(file.readings_read, "reading") + " in file"),
            [
                Part(file.readings_loaded, loaded, _readings_url(file)),
                Part(file.readings_rejected, "not loaded"),
            ],
        ),
    ]
    if file.readings_deleted:
        result.append(_retained(file))
    return result + ([_by_version_status(file, versions)] if versions else [])


def _part(number: int, noun: str) -> Part:
    return Part(number, _noun(number, noun))


def _noun(number: int, noun: str) -> str:
    return noun if number == 1 else f"{noun}s"


def _retained(file: FlowFile) -> Breakdown:
    """Return the loaded readings by whether they are still stored."""
    stored = file.readings_loaded - file.readings_deleted
    parts = [
        Part(stored, "stored", _readings_url(file)),
        Part(file.readings_deleted, "deleted since, by age or on request"),
    ]
    return Breakdown("Stored", Part(file.readings_loaded, "loaded"), parts)


def _by_version_status(file: FlowFile, versions: VersionCounts) -> Breakdown:
    numbers = versions._asdict()
    parts = [
        Part(
            numbers[version_status],
            version_status.label.lower(),
            _readings_url(file, version_status),
        )
        for version_status in (
            VersionStatus.DUPLICATE,
            VersionStatus.SUPERSEDED,
            VersionStatus.WITHDRAWN,
        )
    ]
    # The counts stored by the import include readings deleted since.
    deleted = 0 if versions.counted_at else file.readings_deleted
    number = file.readings_loaded - deleted
    current_number = number - sum(part.number for part in parts)
    current = Part(
        current_number, "current", _readings_url(file, VersionStatus.CURRENT)
    )
    total = Part(number, "stored" if deleted else "loaded", _readings_url(file))
    return Breakdown("Version status", total, [current, *parts])


def _readings_url(file: FlowFile, version_status: VersionStatus | None = None) -> str:
    """Return the URL of the file's readings in the admin, or "" if it has none.

    Without a version status those of all versions.
    """
    if file.status != FlowFile.Status.IMPORTED:
        return ""
    url = reverse("admin:meter_readings_reading_changelist")
    status = version_status or "all"
    return f"{url}?flow_file={file.pk}&version_status__exact={status}"
