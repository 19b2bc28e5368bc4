"""Reads the whole database, to be compared with the reference model."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction

from meter_readings.importer import ImportResult
from meter_readings.models import (
    Correction,
    Finding,
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
)
from meter_readings.models import Reading as ReadingRow
from meter_readings.models import SiteVisit

from .reference_model import Contents, Load, Reading, Result, Visit, in_utc

# Tables that refer to others come first.
TABLES = [
    model._meta.db_table
    for model in (
        Finding,
        ImportJob,
        ReadingRow,
        Correction,
        SiteVisit,
        FlowFile,
        Meter,
        MeterPoint,
    )
]

# Outer joins also show a reading whose reference is missing.
_READINGS = """
SELECT CASE WHEN reading.correction_id IS NULL THEN file.sha256 ELSE '' END,
    reading.line_number, reading.mpan_line_number, reading.meter_line_number,
    point.mpan, meter.serial_number, reading.register_id,
    reading.read_at, reading.value, reading.reading_type,
    reading.bsc_validation_status, reading.md_reset_at, reading.md_reset_count,
    reading.meter_reading_flag, reading.reading_method, reading.reason_code,
    reading.meter_reading_status, reading.source_lines, reading.version_status,
    CASE WHEN reading.correction_id IS NULL THEN 0 ELSE (
        SELECT COUNT(*) FROM meter_readings_correction AS correction
        WHERE correction.id <= reading.correction_id
    ) END
FROM meter_readings_reading AS reading
LEFT JOIN meter_readings_flowfile AS file ON file.id = reading.flow_file_id
LEFT JOIN meter_readings_meter AS meter ON meter.id = reading.meter_id
LEFT JOIN meter_readings_meterpoint AS point ON point.id = meter.meter_point_id
"""

_FILE_FIELDS = (
    "sha256",
    "filename",
    "status",
    "policy",
    "line_count",
    "readings_read",
    "readings_loaded",
    "readings_rejected",
    "error_count",
    "warning_count",
    "note_count",
    "finding_counts",
    "file_identifier",
    "file_created_at",
    "header_text",
    "trailer_text",
    "line_ending",
    "ends_with_newline",
)


def contents() -> Contents:
    """Return the contents of every table."""
    points = MeterPoint.objects.values_list("mpan", flat=True)
    meters = Meter.objects.values_list("meter_point__mpan", "serial_number")
    return Contents(
        files=sorted(map(_file, FlowFile.objects.values_list(*_FILE_FIELDS))),
        findings=sorted(_findings(), key=repr),
        meter_points=sorted(points),
        meters=sorted(meters),
        visits=sorted(_visits()),
        readings=readings(),
    )


def readings() -> list[Reading]:
    """Return every stored reading."""
    with connection.cursor() as cursor:
        cursor.execute(_READINGS)
        return sorted(map(_reading, cursor.fetchall()))


def empty() -> None:
    """Delete every row."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"DELETE FROM {table}")


def _reading(row: tuple[Any, ...]) -> Reading:
    reading = Reading(*row)
    reset_at = reading.md_reset_at
    return reading._replace(
        read_at=str(reading.read_at)[:19],
        value=f"{reading.value:.3f}",
        md_reset_at=str(reset_at)[:19] if reset_at is not None else None,
    )


def _visits() -> list[Visit]:
    rows = SiteVisit.objects.values_list(
        "flow_file__sha256",
        "line_number",
        "group",
        "mpan_line_number",
        "meter_line_number",
        "reading_line_number",
        "meter_point__mpan",
        "meter__serial_number",
        "check_code",
        "additional_information",
        "bsc_validation_status",
        "reading_type",
    )
    return [Visit(*row) for row in rows]


def _findings() -> list[tuple[Any, ...]]:
    rows = Finding.objects.values_list(
        "flow_file__sha256", "code", "severity", "line_number", "group", "found"
    )
    # This finding names the primary key of another file.
    return [(*row[:-1], "") if row[1] == "duplicate-message" else row for row in rows]


def _file(row: tuple[Any, ...]) -> tuple[Any, ...]:
    values = dict(zip(_FILE_FIELDS, row, strict=True))
    created_at = values["file_created_at"]
    values["finding_counts"] = tuple(sorted(values["finding_counts"].items()))
    values["file_created_at"] = in_utc(created_at) if created_at else None
    return tuple(values.values())


def result_of(result: ImportResult) -> Result:
    """Return the result of an import in the form of the reference model."""
    loaded = result.loaded
    return Result(
        result.outcome.value,
        result.readings_read,
        result.readings_loaded,
        result.finding_counts,
        Load(**loaded._asdict()) if loaded else None,
    )
