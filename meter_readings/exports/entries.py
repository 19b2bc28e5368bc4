"""Rows of readings and site visits as the parser's entries."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, cast

from meter_readings.d0010 import (
    D0010,
    LONDON,
    Entry,
    MeterReadingType,
    MpanCore,
    ParentGroup,
    RegisterReading,
    SiteVisit,
    ValidationResult,
)
from meter_readings.d0010.record_reader import RecordReader


class ReadingRow(NamedTuple):
    """One reading with the fields of its 026 and 028."""

    flow_file_id: int | None
    correction_id: int | None
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


class SiteVisitRow(NamedTuple):
    """One site visit with the fields of its 026 and 028."""

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


def reading_entry(row: ReadingRow) -> Entry:
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
    row: ReadingRow,
) -> tuple[RegisterReading, tuple[ValidationResult, ...]]:
    if row.source_lines:
        return _parse_source_lines(row.source_lines)
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


def _parse_source_lines(
    source_lines: str,
) -> tuple[RegisterReading, tuple[ValidationResult, ...]]:
    """Return the records of lines that the columns alone could not reproduce."""
    reader = RecordReader(report=lambda _: None)
    reading_line, *result_lines = source_lines.split("\n")
    record = reader.read(D0010.reading, reading_line, 1)
    results = [reader.read(D0010.result, line, 1) for line in result_lines]
    return cast(RegisterReading, record), cast(
        tuple[ValidationResult, ...], tuple(results)
    )


def visit_entry(row: SiteVisitRow) -> Entry:
    mpan = MpanCore(row.meter_point__mpan, row.bsc_validation_status)
    record: SiteVisit | MpanCore | MeterReadingType
    record = SiteVisit(row.check_code, row.additional_information)
    parent_meter = None
    if row.meter_line_number is not None:
        meter = MeterReadingType(row.meter__serial_number, row.reading_type)
        parent_meter = ParentGroup(row.meter_line_number, meter)
        if row.group == D0010.meter.code:
            record = meter
    if row.group == D0010.mpan.code:
        record = mpan
    return Entry(
        row.line_number,
        row.group,
        record,
        ParentGroup(row.mpan_line_number, mpan),
        parent_meter,
        reading_line_number=row.reading_line_number,
    )
