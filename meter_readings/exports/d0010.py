"""D0010 export: a whole file as received, or a selection of readings as a new file.

Rows become the parser's entries again, and `d0010.writer` writes them. A canonical file
is exported byte for byte as it was received.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Generator, Iterable, Iterator
from datetime import datetime
from itertools import chain
from operator import attrgetter
from typing import cast

from meter_readings.d0010 import (
    D0010,
    HEADER,
    LONDON,
    TRAILER,
    Entry,
    Header,
    Trailer,
    write_entries,
    write_group,
)
from meter_readings.d0010.codes import TestDataFlag
from meter_readings.d0010.record_reader import RecordReader
from django.db.models import F

from meter_readings.models import FlowFile, Reading, ReadingQuerySet, SiteVisit

from .entries import ReadingRow, SiteVisitRow, reading_entry, visit_entry

# The encoding of characters outside ASCII, as for reading. Five bytes are undefined in
# it; they were read as U+FFFD, which cannot be encoded.
FLOW_FILE_ENCODING = "cp1252"
# A line with a reading begins so.
READING_PREFIX = f"{D0010.reading.code}|"
_UNENCODABLE, _REPLACEMENT = "\ufffd", "?"

_PARTICIPANT = re.compile(r"([A-Z0-9]):([A-Z0-9]{1,4})")

_CHUNK_SIZE = 2000


class NotImported(Exception):
    """The file was rejected or undone, so it has no rows to export."""


def flow_file_lines(*, flow_file: FlowFile) -> Generator[str]:
    """Return the lines of a whole file, with header and trailer.

    The trailer is the sender's. If the import left groups out, its counts are of the
    groups that are stored. Raises NotImported if the file is not imported; the first
    line raises it if the import has been undone since.
    """
    _require_imported(flow_file)
    return _with_line_endings(_whole_file(flow_file), flow_file)


def _require_imported(flow_file: FlowFile) -> None:
    if flow_file.status != FlowFile.Status.IMPORTED:
        status = FlowFile.Status(flow_file.status).label.lower()
        raise NotImported(
            f"{flow_file.filename} is {status}: none of its readings are stored."
        )


def selection_lines(*, readings: ReadingQuerySet, header: Header) -> Generator[str]:
    """Yield a new file of these readings; yield no line if there are none.

    The readings are in the order by which versions are resolved, so importing the new
    file gives the same current versions, unless a user entered a version with a worse
    BSC validation than one of a file. Site visits are not included.
    """
    rows = readings.order_by(
        F("correction").asc(nulls_first=True),
        "flow_file__file_created_at",
        "flow_file__file_identifier",
        "flow_file__sha256",
        "line_number",
    ).values_list(*ReadingRow._fields)
    entries = _renumber(map(ReadingRow._make, rows.iterator(chunk_size=_CHUNK_SIZE)))
    first = next(entries, None)
    if first is None:
        return
    lines = _CountedLines(write_entries(chain([first], entries)))
    yield write_group(HEADER, header) + "\n"
    for line in lines:
        yield line.replace(_UNENCODABLE, _REPLACEMENT) + "\n"
    trailer = Trailer(
        header.file_identifier,
        lines.group_count,
        None,
        lines.mpan_group_count,
        header.file_created_at,
    )
    yield write_group(TRAILER, trailer) + "\n"


def new_header(
    *,
    created_at: datetime,
    sender: tuple[str, str],
    recipient: tuple[str, str],
    file_identifier: str = "",
    test_data_flag: str = TestDataFlag.OPERATIONAL,
) -> Header:
    """Return a header for a selection; `sender` and `recipient` are role and id.

    The default file identifier is the creation time, as ten digits.
    """
    return Header(
        file_identifier=file_identifier or _default_file_identifier(created_at),
        flow_and_version=D0010.flow_and_version,
        from_role=sender[0],
        from_participant=sender[1],
        to_role=recipient[0],
        to_participant=recipient[1],
        file_created_at=created_at.astimezone(LONDON),
        sending_application="",
        receiving_application="",
        broadcast="",
        test_data_flag=test_data_flag,
    )


def _default_file_identifier(created_at: datetime) -> str:
    """Return the seconds since 1970, modulo 10**10, as ten digits."""
    return f"{int(created_at.timestamp()) % 10**10:010d}"


def reading_lines(*, reading: Reading) -> list[tuple[int, str]]:
    """Return the 026, 028, 030 and 032 lines of a reading with their line numbers.

    The lines are as written by `d0010.writer`, as received if the file is canonical.
    A reading that a user entered has none of its own.
    """
    if reading.flow_file_id is None:
        return []
    rows = Reading.objects.filter(pk=reading.pk).values_list(*ReadingRow._fields)
    entry = reading_entry(ReadingRow._make(rows.get()))
    parents = [reading.mpan_line_number, reading.meter_line_number]
    own = [reading.line_number + offset for offset in range(1 + len(entry.results))]
    return list(zip([*parents, *own], write_entries([entry]), strict=True))


def parse_participant(text: str) -> tuple[str, str]:
    """Return the role and the id of a market participant written as X:MRCY.

    Raises ValueError with a message for users if the text has another format.
    """
    match = _PARTICIPANT.fullmatch(text)
    if match is None:
        raise ValueError("write a role and an id of up to four, as X:MRCY")
    return match[1], match[2]


class _CountedLines:
    """Lines of groups, counted as they are read."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.group_count = self.mpan_group_count = 0
        self._lines = lines

    def __iter__(self) -> Iterator[str]:
        mpan_prefix = D0010.mpan.code + "|"
        for line in self._lines:
            self.group_count += 1
            self.mpan_group_count += line.startswith(mpan_prefix)
            yield line


# A whole file


def _whole_file(flow_file: FlowFile) -> Iterator[str]:
    # The snapshot of the export begins here: check that the file is still imported.
    flow_file.refresh_from_db()
    _require_imported(flow_file)
    yield flow_file.header_text
    readings = Reading.objects.filter(flow_file=flow_file).order_by("line_number")
    visits = SiteVisit.objects.filter(flow_file=flow_file).order_by("line_number")
    rows = readings.values_list(*ReadingRow._fields).iterator(chunk_size=_CHUNK_SIZE)
    visit_rows = visits.values_list(*SiteVisitRow._fields).iterator(
        chunk_size=_CHUNK_SIZE
    )
    entries = heapq.merge(
        (reading_entry(row) for row in map(ReadingRow._make, rows)),
        (visit_entry(row) for row in map(SiteVisitRow._make, visit_rows)),
        key=attrgetter("line_number"),
    )
    lines = _CountedLines(write_entries(_emit_meter_groups_in_order(entries)))
    yield from lines
    if flow_file.trailer_text:
        yield _trailer(flow_file, lines.group_count, lines.mpan_group_count)


def _emit_meter_groups_in_order(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Yield entries so that a 027 after a 028 is not written before it.

    The writer writes a 028 with the first entry under it. If 027s come between the two,
    the 028 is yielded as an entry of its own, at its own line.
    """
    waiting: list[Entry] = []
    mpan_line = meter_line = 0
    for entry in entries:
        if entry.mpan.line_number != mpan_line:
            yield from waiting
            waiting, mpan_line = [], entry.mpan.line_number
        meter = entry.meter
        if meter is None:
            waiting.append(entry)
            continue
        if waiting and meter.line_number != meter_line:
            code, number = D0010.meter.code, meter.line_number
            waiting.append(Entry(number, code, meter.record, entry.mpan, meter))
            waiting.sort(key=attrgetter("line_number"))
        meter_line = meter.line_number
        yield from waiting
        waiting = []
        yield entry
    yield from waiting


def _trailer(flow_file: FlowFile, group_count: int, mpan_group_count: int) -> str:
    """Return the sender's trailer, with other counts if groups were left out."""
    if group_count == flow_file.group_count:
        return flow_file.trailer_text
    reader = RecordReader(report=lambda _: None)
    trailer = cast(Trailer, reader.read(TRAILER, flow_file.trailer_text, 1))
    counted = trailer._replace(group_count=group_count, flow_count=mpan_group_count)
    return write_group(TRAILER, counted)


def _with_line_endings(lines: Iterator[str], flow_file: FlowFile) -> Generator[str]:
    """Yield lines with the file's line endings, the last one as received."""
    encodable = (line.replace(_UNENCODABLE, _REPLACEMENT) for line in lines)
    latest = next(encodable)
    for line in encodable:
        yield latest + flow_file.line_ending
        latest = line
    yield latest + (flow_file.line_ending if flow_file.ends_with_newline else "")


def _renumber(rows: Iterable[ReadingRow]) -> Iterator[Entry]:
    """Yield entries with the line numbers that they have in a new file."""
    line_number = 1
    mpan_key = meter_key = None
    mpan_line = meter_line = 0
    for row in rows:
        source = row.flow_file_id, row.correction_id
        if mpan_key != (mpan_key := (*source, row.mpan_line_number)):
            line_number += 1
            mpan_line = line_number
        if meter_key != (meter_key := (*source, row.meter_line_number)):
            line_number += 1
            meter_line = line_number
        line_number += 1
        entry = reading_entry(
            row._replace(
                line_number=line_number,
                mpan_line_number=mpan_line,
                meter_line_number=meter_line,
            )
        )
        line_number += len(entry.results)
        yield entry
