"""Readings as CSV that a spreadsheet can open without running what is in it.

RFC 4180, in UTF-8. Text that a spreadsheet would take for a formula has an apostrophe
before it; numbers and times are as they are.
"""

from __future__ import annotations

import csv
from collections.abc import Generator, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, cast

from meter_readings.d0010 import D0010, LONDON, codes
from meter_readings.models import ReadingQuerySet

CSV_ENCODING = "utf-8"

# What a spreadsheet takes for the beginning of a formula, full width too. Tab and
# line ends are dropped by some before they look.
_STARTS_OF_FORMULAS = frozenset("=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20")

_CHUNK = 2000


class _Row(NamedTuple):
    """One reading as the database is asked for it."""

    mpan: str
    serial_number: str
    register_id: str
    read_at: datetime
    value: Decimal
    reading_type: str
    bsc_validation_status: str
    meter_reading_flag: bool | None
    reading_method: str
    reason_code: str
    meter_reading_status: bool | None
    md_reset_at: datetime | None
    md_reset_count: int | None
    version_status: str
    filename: str
    line_number: int


_LOOKUPS = {
    "mpan": "meter__meter_point__mpan",
    "serial_number": "meter__serial_number",
    "filename": "flow_file__filename",
}
_FORMATS = {field.name: field.format for field in D0010.reading.fields}

COLUMNS = (
    "mpan",
    "serial_number",
    "register_id",
    "read_at",
    "value",
    "reading_type",
    "reading_type_label",
    "basis",
    "bsc_validation_status",
    "meter_reading_flag",
    "reading_method",
    "reason_code",
    "meter_reading_status",
    "md_reset_at",
    "md_reset_count",
    "version_status",
    "flow_file",
    "line_number",
)


def csv_lines(*, readings: ReadingQuerySet) -> Generator[str]:
    """Yield a line of column names, then one for each reading.

    Readings in no order of their own come by meter, register and time.
    """
    yield csv_line(COLUMNS)
    if not readings.ordered:
        readings = readings.order_by("meter_id", "register_id", "read_at", "pk")
    rows = readings.values_list(*[_LOOKUPS.get(name, name) for name in _Row._fields])
    line_of = csv.writer(_Echo()).writerow
    for row in rows.iterator(chunk_size=_CHUNK):
        yield cast(str, line_of(_cells(_Row._make(row))))


def csv_line(cells: Iterable[Any]) -> str:
    """Return one line of CSV with its line end, safe to be opened in a spreadsheet."""
    safe = [_safe(cell) if isinstance(cell, str) else cell for cell in cells]
    return cast(str, csv.writer(_Echo()).writerow(safe))


class _Echo:
    """Gives a line back instead of writing it."""

    def write(self, line: str) -> str:
        return line


def _safe(text: str) -> str:
    return f"'{text}" if text and text[0] in _STARTS_OF_FORMULAS else text


def _cells(row: _Row) -> tuple[object, ...]:
    """Return the cells of a row; only what came as text can look like a formula."""
    return (
        row.mpan,
        _safe(row.serial_number),
        _safe(row.register_id),
        _local(row.read_at),
        _FORMATS["value"].write(row.value),
        _safe(row.reading_type),
        _safe(codes.ReadingType.label_of(row.reading_type)),
        codes.basis_of(row.reading_type),
        _safe(row.bsc_validation_status),
        _truth(row.meter_reading_flag),
        _safe(row.reading_method),
        _safe(row.reason_code),
        _truth(row.meter_reading_status),
        _local(row.md_reset_at),
        row.md_reset_count,
        row.version_status,
        _safe(row.filename),
        row.line_number,
    )


def _local(moment: datetime | None) -> str:
    return moment.astimezone(LONDON).isoformat() if moment else ""


def _truth(truth: bool | None) -> str:
    return "" if truth is None else _FORMATS["meter_reading_flag"].write(truth)
