"""Subject access (UK GDPR, article 15): all that is held of an MPAN, in one archive.

Tables as CSV, which any spreadsheet opens, and `about.json`, which says what each is.
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
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    Reading,
    SiteVisit,
    SubjectRequest,
)

from . import audit, findings, originals
from .originals import Mention

_LINES_AT_ONCE = 2000


class NotImported(Exception):
    """Nothing is held of the MPAN, and no original mentions it."""


class _Table(NamedTuple):
    """One file of the archive: its name, what it holds, and its lines."""

    name: str
    meaning: str
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
    """Write an archive of all that is held of an MPAN core; return how much of each.

    That it was handed over is remembered by its pseudonym, or else nothing is: whoever
    writes to a file throws it away where this raises. Raises NotImported.
    """
    traces = Identifiers(mpan)
    with exports.consistent_snapshot():
        names, _ = originals.find_files_mentioning(traces)
        mentions = list(originals.mentions(names, traces))
        point = MeterPoint.objects.filter(mpan=mpan).first()
        if point is None and not mentions:
            raise NotImported("Nothing is held of it.")
        counts = _write(mpan, point, mentions, stream, now)
    audit.record_request(
        kind=SubjectRequest.Kind.ACCESS,
        mpan=mpan,
        answered_by=answered_by,
        now=now,
        channel=channel,
        reason=traces.masked(reason),
        counts=counts,
    )
    return counts


def _write(
    mpan: str,
    point: MeterPoint | None,
    mentions: list[Mention],
    stream: BinaryIO,
    now: datetime,
) -> dict[str, int]:
    """Write every table, then what the archive is about."""
    counts, meanings = {}, {}
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for table in _tables(point, mentions):
            with archive.open(f"{table.name}.csv", "w") as member:
                counts[table.name] = _write_lines(table.lines, member) - 1
            meanings[f"{table.name}.csv"] = table.meaning
        about = {
            "mpan": mpan,
            "made_at": now.astimezone(LONDON).isoformat(),
            "files": meanings,
            "rows": counts,
            "previous_requests": [
                {
                    "kind": request.kind,
                    "answered_at": request.answered_at.astimezone(LONDON).isoformat(),
                }
                for request in audit.previous_requests(mpan=mpan)
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


def _tables(point: MeterPoint | None, mentions: list[Mention]) -> Iterator[_Table]:
    """Yield every table; those of rows are empty where no meter point is held."""
    readings = Reading.objects.filter(meter__meter_point=point)
    visits = SiteVisit.objects.filter(meter_point=point).order_by("pk")
    files = _files(readings, visits, mentions)
    yield _Table(
        "readings",
        "What each register said at which time, by which file and line; those that do "
        "not count any more too (version_status).",
        exports.csv_lines(readings=readings),
    )
    yield _Table(
        "meters",
        "The meters at the meter point.",
        _rows([Meter.objects.filter(meter_point=point)], ["serial_number"]),
    )
    yield _Table(
        "site_visits",
        "What was found on site.",
        _rows([visits], ["flow_file__filename", *_VISIT_COLUMNS]),
    )
    yield _Table(
        "findings",
        "What the system found to be wrong or unusual.",
        _rows(
            findings.of_passages(mentions), ["flow_file__filename", *_FINDING_COLUMNS]
        ),
    )
    yield _Table(
        "flow_files",
        "The files that told of it: who sent them to whom, and when.",
        _rows([files], _FILE_COLUMNS),
    )
    yield _Table(
        "original_lines",
        "What these files said, line by line, rejected ones too. Free text in them can "
        "be about somebody else.",
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
    readings: QuerySet[Reading], visits: QuerySet[SiteVisit], mentions: list[Mention]
) -> QuerySet[FlowFile]:
    """Return the files in which it stands, whether their originals are kept or not."""
    mentioned = [mention.flow_file.pk for mention in mentions]
    all_files = FlowFile.objects.order_by("pk")
    return (
        all_files.filter(pk__in=mentioned)
        | all_files.filter(pk__in=readings.order_by().values("flow_file"))
        | all_files.filter(pk__in=visits.order_by().values("flow_file"))
    )


def _rows(found: Iterable[QuerySet[Any]], columns: list[str]) -> Iterator[str]:
    """Yield a line of column names, then one for each row of what was found."""
    yield exports.csv_line(name.rpartition("__")[2] for name in columns)
    for rows in found:
        for row in rows.values_list(*columns).iterator(chunk_size=_LINES_AT_ONCE):
            yield exports.csv_line(map(_cell, row))


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(LONDON).isoformat()
    return "" if value is None else value


def _original_lines(mentions: list[Mention]) -> Iterator[str]:
    yield exports.csv_line(["filename", "line_number", "line"])
    for mention in mentions:
        for number, line in mention.redaction.lines:
            yield exports.csv_line([mention.flow_file.filename, number, line])
