"""Subject access (UK GDPR, article 15): everything stored about an MPAN, as an archive.

The archive has tables as CSV and `about.json`, which describes them.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, BinaryIO, NamedTuple

from django.db.models import QuerySet

from meter_readings import exports
from meter_readings.d0010 import LONDON
from meter_readings.d0010.redaction import Identifiers
from meter_readings.models import (
    ENTERED_Q,
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    MeterPointNote,
    QualityItem,
    Reading,
    SiteVisit,
    SubjectRequest,
)

from . import findings, originals, subject_requests
from .originals import FileMention

_ROWS_PER_FETCH = 2000


class NotImported(Exception):
    """Nothing is stored about the MPAN, and no original file contains it."""


class _Table(NamedTuple):
    """One CSV file of the archive."""

    name: str
    description: str
    lines: Iterator[str]


def export_personal_data(
    *,
    mpan: str,
    stream: BinaryIO,
    answered_by: str,
    now: datetime,
    channel: ImportJob.Channel = ImportJob.Channel.COMMAND,
    reason: str = "",
) -> dict[str, int]:
    """Write everything stored about an MPAN core to an archive; return row counts.

    The request is recorded under a pseudonym of the MPAN. If this raises, no request is
    recorded and the caller must delete what was written. Raises NotImported.
    """
    identifiers = Identifiers(mpan)
    with exports.consistent_snapshot():
        names, _ = originals.find_files_mentioning(identifiers)
        mentions = list(originals.scan_files(names, identifiers))
        point = MeterPoint.objects.filter(mpan=mpan).first()
        notes = MeterPointNote.objects.filter(mpan=mpan).order_by("written_at", "pk")
        if point is None and not mentions and not notes.exists():
            raise NotImported("Nothing is stored about this MPAN.")
        counts = _write(mpan, point, notes, mentions, stream, now)
    subject_requests.record_request(
        kind=SubjectRequest.Kind.ACCESS,
        mpan=mpan,
        answered_by=answered_by,
        now=now,
        channel=channel,
        reason=identifiers.mask(reason),
        counts=counts,
    )
    return counts


def _write(
    mpan: str,
    point: MeterPoint | None,
    notes: QuerySet[MeterPointNote],
    mentions: list[FileMention],
    stream: BinaryIO,
    now: datetime,
) -> dict[str, int]:
    counts, descriptions = {}, {}
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for table in _tables(point, notes, mentions):
            with archive.open(f"{table.name}.csv", "w") as member:
                counts[table.name] = _write_lines(table.lines, member) - 1
            descriptions[f"{table.name}.csv"] = table.description
        about = {
            "mpan": mpan,
            "made_at": now.astimezone(LONDON).isoformat(),
            "files": descriptions,
            "rows": counts,
            "previous_requests": [
                {
                    "kind": request.kind,
                    "answered_at": request.answered_at.astimezone(LONDON).isoformat(),
                }
                for request in subject_requests.previous_requests(mpan=mpan)
            ],
        }
        archive.writestr("about.json", json.dumps(about, indent=2) + "\n")
    return counts


def _write_lines(lines: Iterable[str], member: Any) -> int:
    count = 0
    with io.TextIOWrapper(member, exports.CSV_ENCODING, newline="") as text:
        for line in lines:
            text.write(line)
            count += 1
    return count


def _tables(
    point: MeterPoint | None,
    notes: QuerySet[MeterPointNote],
    mentions: list[FileMention],
) -> Iterator[_Table]:
    """Yield every table; tables of rows are empty if no meter point is stored."""
    readings = Reading.objects.filter(meter__meter_point=point)
    visits = SiteVisit.objects.filter(meter_point=point).order_by("pk")
    files = _files(readings, visits, mentions)
    yield _Table(
        "readings",
        "The readings of each register with their file and line, in all versions "
        "(version_status).",
        exports.csv_lines(readings=readings),
    )
    yield _Table(
        "meters",
        "The meters at the meter point.",
        _rows([Meter.objects.filter(meter_point=point)], ["serial_number"]),
    )
    yield _Table(
        "site_visits",
        "Site visits and their check codes.",
        _rows([visits], ["flow_file__filename", *_VISIT_COLUMNS]),
    )
    yield _Table(
        "meter_point_notes",
        "What users wrote about the meter point.",
        _rows([notes], ["written_at", "written_by__username", "text"]),
    )
    yield _Table(
        "corrections",
        "Readings that users added, corrected or withdrew, and why.",
        _rows(
            [readings.filter(ENTERED_Q).order_by("correction", "line_number")],
            _CORRECTION_COLUMNS,
        ),
    )
    items = QualityItem.objects.filter(meter__meter_point=point)
    yield _Table(
        "quality_items",
        "What quality rules say about the readings.",
        _rows([items.order_by("pk")], _QUALITY_COLUMNS),
    )
    yield _Table(
        "findings",
        "Validation issues.",
        _rows(
            findings.findings_in_blocks(mentions),
            ["flow_file__filename", *_FINDING_COLUMNS],
        ),
    )
    yield _Table(
        "flow_files",
        "The files with data about the MPAN: sender, recipient and times.",
        _rows([files], _FILE_COLUMNS),
    )
    yield _Table(
        "original_lines",
        "The lines of these files about the MPAN, including rejected files. Free text "
        "can be about other people.",
        _original_lines(mentions),
    )


_VISIT_COLUMNS = [
    "line_number",
    "group",
    "meter__serial_number",
    "check_code",
    "additional_information",
    "bsc_validation_status",
    "reading_type",
]
_CORRECTION_COLUMNS = [
    "correction__kind",
    "register_id",
    "read_at",
    "value",
    "correction__corrected_value",
    "correction__reason",
    "correction__created_at",
    "correction__created_by__username",
    "correction__undone_at",
]
_QUALITY_COLUMNS = [
    "rule",
    "severity",
    "meter__serial_number",
    "register_id",
    "read_at",
    "explanation",
    "state",
    "opened_at",
    "gone_at",
]
_FINDING_COLUMNS = ["line_number", "code", "severity", "field", "found", "expected"]
_FILE_COLUMNS = [
    "filename",
    "status",
    "file_identifier",
    "from_participant",
    "to_participant",
    "file_created_at",
    "received_at",
    "redacted_at",
]


def _files(
    readings: QuerySet[Reading],
    visits: QuerySet[SiteVisit],
    mentions: list[FileMention],
) -> QuerySet[FlowFile]:
    """Return the files with data about the MPAN, with or without originals."""
    mentioned = [mention.flow_file.pk for mention in mentions]
    all_files = FlowFile.objects.order_by("pk")
    return (
        all_files.filter(pk__in=mentioned)
        | all_files.filter(pk__in=readings.order_by().values("flow_file"))
        | all_files.filter(pk__in=visits.order_by().values("flow_file"))
    )


def _rows(querysets: Iterable[QuerySet[Any]], columns: list[str]) -> Iterator[str]:
    """Yield a line of column names, then a line for each row."""
    yield exports.csv_line(name.rpartition("__")[2] for name in columns)
    for rows in querysets:
        for row in rows.values_list(*columns).iterator(chunk_size=_ROWS_PER_FETCH):
            yield exports.csv_line(map(_cell, row))


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(LONDON).isoformat()
    return "" if value is None else value


def _original_lines(mentions: list[FileMention]) -> Iterator[str]:
    yield exports.csv_line(["filename", "line_number", "line"])
    for mention in mentions:
        for number, line in mention.redaction.removed_lines:
            yield exports.csv_line([mention.flow_file.filename, number, line])
