"""Readings as D0010: a file as it came, or a selection in a file of its own.

What the shelves hold is made into the parser's entries again and written by the one
writer. A canonical file comes out byte for byte as it went in.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Generator, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import chain
from operator import attrgetter
from typing import NamedTuple, cast

from meter_readings import models
from meter_readings.d0010 import (
    D0010,
    HEADER,
    LONDON,
    TRAILER,
    Entry,
    Header,
    MeterReadingType,
    MpanCore,
    ParentGroup,
    RegisterReading,
    SiteVisit,
    Trailer,
    ValidationResult,
    write_entries,
    write_group,
)
from meter_readings.d0010.codes import TestDataFlag
from meter_readings.d0010.record_reader import RecordReader
from meter_readings.models import FlowFile, Reading, ReadingQuerySet

# Characters outside ASCII were read by this, so they are written by it. It has five
# bytes that mean nothing: what they were read as cannot be written.
FLOW_FILE_ENCODING = "cp1252"
_MEANINGLESS, _IN_ITS_PLACE = "\ufffd", "?"

_PARTICIPANT = re.compile(r"([A-Z0-9]):([A-Z0-9]{1,4})")

_CHUNK = 2000


class NotImported(Exception):
    """The file was rejected or undone: there is nothing of it to export."""


class _Reading(NamedTuple):
    """One row of readings, with what stands above it in its file."""

    flow_file_id: int
    line_number: int
    mpan_line_number: int
    meter_line_number: int
    meter__meter_point__mpan: str
    bsc_validation_status: str
    meter__serial_number: str
    reading_type: str
    register_id: str
    read_at: datetime
    value: Decimal
    md_reset_at: datetime | None
    md_reset_count: int | None
    meter_reading_flag: bool | None
    reading_method: str
    reason_code: str
    meter_reading_status: bool | None
    source_lines: str


class _Visit(NamedTuple):
    """One row of site visits, with what stands above it in its file."""

    line_number: int
    group: str
    mpan_line_number: int
    meter_line_number: int | None
    reading_line_number: int | None
    meter_point__mpan: str
    bsc_validation_status: str
    meter__serial_number: str
    reading_type: str
    check_code: str
    additional_information: str


def flow_file_lines(*, flow_file: FlowFile) -> Generator[str]:
    """Return the lines of a whole file as it is held, header and trailer included.

    The trailer is the sender's, unless groups were left out of the import: then it
    counts those that are there. Raises NotImported where the file is not imported, and
    with the first line where it has been undone since it was asked for.
    """
    _refuse_what_is_not_held(flow_file)
    return _ended(_whole_file(flow_file), flow_file)


def _refuse_what_is_not_held(flow_file: FlowFile) -> None:
    if flow_file.status != FlowFile.Status.IMPORTED:
        status = FlowFile.Status(flow_file.status).label.lower()
        raise NotImported(f"{flow_file.filename} is {status}: nothing of it is held.")


def selection_lines(*, readings: ReadingQuerySet, header: Header) -> Generator[str]:
    """Yield a file of these readings under a header of its own; no line where none are.

    They come in the order in which they were said, so that who reads the file comes to
    the same current versions. Site visits are of whole files only.
    """
    rows = readings.order_by(
        "flow_file__file_created_at",
        "flow_file__file_identifier",
        "flow_file__sha256",
        "line_number",
    ).values_list(*_Reading._fields)
    entries = _renumbered(map(_Reading._make, rows.iterator(chunk_size=_CHUNK)))
    first = next(entries, None)
    if first is None:
        return
    lines = _Counted(write_entries(chain([first], entries)))
    yield write_group(HEADER, header) + "\n"
    for line in lines:
        yield line.replace(_MEANINGLESS, _IN_ITS_PLACE) + "\n"
    trailer = Trailer(
        header.file_identifier,
        lines.group_count,
        None,
        lines.flow_count,
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

    Without a file identifier it is the moment of creation, as ten digits.
    """
    return Header(
        file_identifier=file_identifier or _ten_digits(created_at),
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


def _ten_digits(moment: datetime) -> str:
    """Return the seconds since 1970; before, what the same ten digits would be."""
    return f"{int(moment.timestamp()) % 10**10:010d}"


def reading_lines(*, reading: Reading) -> list[tuple[int, str]]:
    """Return the lines of a reading, each with its number: its 026, 028, 030 and 032s.

    They are as the writer has them: as received where the file is canonical.
    """
    rows = Reading.objects.filter(pk=reading.pk).values_list(*_Reading._fields)
    entry = _reading_entry(_Reading._make(rows.get()))
    open_groups = [reading.mpan_line_number, reading.meter_line_number]
    own = [reading.line_number + place for place in range(1 + len(entry.results))]
    return list(zip([*open_groups, *own], write_entries([entry]), strict=True))


def participant(text: str) -> tuple[str, str]:
    """Return the role and the id of a market participant written as X:MRCY.

    Raises ValueError, saying how to write one, where it is written otherwise.
    """
    match = _PARTICIPANT.fullmatch(text)
    if match is None:
        raise ValueError("write a role and an id of up to four, as X:MRCY")
    return match[1], match[2]


class _Counted:
    """Lines of groups, counted as they pass."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.group_count = self.flow_count = 0
        self._lines = lines

    def __iter__(self) -> Iterator[str]:
        start_of_flow = D0010.mpan.code + "|"
        for line in self._lines:
            self.group_count += 1
            self.flow_count += line.startswith(start_of_flow)
            yield line


# A whole file


def _whole_file(flow_file: FlowFile) -> Iterator[str]:
    # Here begins the moment that all lines are of: is it still imported?
    flow_file.refresh_from_db()
    _refuse_what_is_not_held(flow_file)
    yield flow_file.header_text
    readings = Reading.objects.filter(flow_file=flow_file).order_by("line_number")
    visits = models.SiteVisit.objects.filter(flow_file=flow_file).order_by(
        "line_number"
    )
    rows = readings.values_list(*_Reading._fields).iterator(chunk_size=_CHUNK)
    visit_rows = visits.values_list(*_Visit._fields).iterator(chunk_size=_CHUNK)
    entries = heapq.merge(
        (_reading_entry(row) for row in map(_Reading._make, rows)),
        (_visit_entry(row) for row in map(_Visit._make, visit_rows)),
        key=attrgetter("line_number"),
    )
    lines = _Counted(write_entries(_with_meters_in_place(entries)))
    yield from lines
    if flow_file.trailer_text:
        yield _trailer(flow_file, lines.group_count, lines.flow_count)


def _with_meters_in_place(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Yield entries so that a late 027 does not come before the 028 it stood behind.

    A 028 is written with the first entry beneath it. Where 027s came between, it is an
    entry of its own, at its own line.
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


def _trailer(flow_file: FlowFile, group_count: int, flow_count: int) -> str:
    """Return the sender's trailer, or one that counts what is left of the file."""
    if group_count == flow_file.group_count:
        return flow_file.trailer_text
    reader = RecordReader(report=lambda _: None)
    trailer = cast(Trailer, reader.read(TRAILER, flow_file.trailer_text, 1))
    counted = trailer._replace(group_count=group_count, flow_count=flow_count)
    return write_group(TRAILER, counted)


def _ended(lines: Iterator[str], flow_file: FlowFile) -> Generator[str]:
    """Yield lines with the file's line ends, the last one as it was."""
    latest = next(lines)
    for line in lines:
        yield latest + flow_file.line_ending
        latest = line.replace(_MEANINGLESS, _IN_ITS_PLACE)
    yield latest + (flow_file.line_ending if flow_file.ends_with_newline else "")


# From rows to entries


def _renumbered(rows: Iterable[_Reading]) -> Iterator[Entry]:
    """Yield entries whose open groups bear the numbers of their lines in a new file."""
    line_number = 1
    mpan_key = meter_key = None
    mpan_line = meter_line = 0
    for row in rows:
        if mpan_key != (mpan_key := (row.flow_file_id, row.mpan_line_number)):
            line_number += 1
            mpan_line = line_number
        if meter_key != (meter_key := (row.flow_file_id, row.meter_line_number)):
            line_number += 1
            meter_line = line_number
        line_number += 1
        entry = _reading_entry(
            row._replace(
                line_number=line_number,
                mpan_line_number=mpan_line,
                meter_line_number=meter_line,
            )
        )
        line_number += len(entry.results)
        yield entry


def _reading_entry(row: _Reading) -> Entry:
    mpan = MpanCore(row.meter__meter_point__mpan, row.bsc_validation_status)
    meter = MeterReadingType(row.meter__serial_number, row.reading_type)
    record, results = _record_and_results(row)
    return Entry(
        row.line_number,
        D0010.reading.code,
        record,
        ParentGroup(row.mpan_line_number, mpan),
        ParentGroup(row.meter_line_number, meter),
        results,
    )


def _record_and_results(
    row: _Reading,
) -> tuple[RegisterReading, tuple[ValidationResult, ...]]:
    """Return what a 030 and its 032s said."""
    if row.source_lines:
        return _parsed(row.source_lines)
    record = RegisterReading(
        row.register_id,
        row.read_at.astimezone(LONDON),
        row.value,
        row.md_reset_at and row.md_reset_at.astimezone(LONDON),
        row.md_reset_count,
        row.meter_reading_flag,
        row.reading_method,
    )
    if row.reason_code or row.meter_reading_status is not None:
        return record, (ValidationResult(row.reason_code, row.meter_reading_status),)
    return record, ()


def _parsed(
    source_lines: str,
) -> tuple[RegisterReading, tuple[ValidationResult, ...]]:
    """Return what the lines say that were kept because their row does not say it."""
    reader = RecordReader(report=lambda _: None)
    reading_line, *result_lines = source_lines.split("\n")
    record = reader.read(D0010.reading, reading_line, 1)
    results = [reader.read(D0010.result, line, 1) for line in result_lines]
    return cast(RegisterReading, record), cast(
        tuple[ValidationResult, ...], tuple(results)
    )


def _visit_entry(row: _Visit) -> Entry:
    mpan = MpanCore(row.meter_point__mpan, row.bsc_validation_status)
    record: SiteVisit | MpanCore | MeterReadingType
    record = SiteVisit(row.check_code, row.additional_information)
    open_meter = None
    if row.meter_line_number is not None:
        meter = MeterReadingType(row.meter__serial_number, row.reading_type)
        open_meter = ParentGroup(row.meter_line_number, meter)
        if row.group == D0010.meter.code:
            record = meter
    if row.group == D0010.mpan.code:
        record = mpan
    return Entry(
        row.line_number,
        row.group,
        record,
        ParentGroup(row.mpan_line_number, mpan),
        open_meter,
        reading_line_number=row.reading_line_number,
    )
