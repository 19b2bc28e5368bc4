"""CSV export of readings, safe to open in a spreadsheet.

RFC 4180, in UTF-8. Text that a spreadsheet would read as a formula gets an apostrophe
before it; numbers and times are unchanged.
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

# First characters of a formula, also full width. Some spreadsheets skip tabs and line
# ends before they look for one.
_FORMULA_PREFIXES = frozenset("=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20")

_CHUNK_SIZE = 2000


class _Row(NamedTuple):
    """The columns read from the database for one reading."""

    mpan: str
    meter_serial: str
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
    "meter_serial": "meter__serial_number",
    "filename": "flow_file__filename",
}
_FORMATS = {field.name: field.format for field in D0010.reading.fields}

COLUMNS = (
    "mpan",
    "meter_serial",
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
    "filename",
    "line_number",
)


def csv_lines(*, readings: ReadingQuerySet) -> Generator[str]:
    """Yield a line of column names, then one line per reading.

    An unordered queryset is ordered by meter, register and time.
    """
    yield csv_line(COLUMNS)
    if not readings.ordered:
        readings = readings.order_by("meter_id", "register_id", "read_at", "pk")
    rows = readings.values_list(*[_LOOKUPS.get(name, name) for name in _Row._fields])
    write_row = csv.writer(_EchoWriter()).writerow
    for row in rows.iterator(chunk_size=_CHUNK_SIZE):
        yield cast(str, write_row(_cells(_Row._make(row))))


def csv_line(cells: Iterable[Any]) -> str:
    """Return one line of CSV with its line end; text cells are escaped."""
    escaped = [
        escape_formula(cell) if isinstance(cell, str) else cell for cell in cells
    ]
    return cast(str, csv.writer(_EchoWriter()).writerow(escaped))


class _EchoWriter:
    """A file object whose `write` returns the line, and so does `writerow`."""

    def write(self, line: str) -> str:
        return line


def escape_formula(text: str) -> str:
    return f"'{text}" if text and text[0] in _FORMULA_PREFIXES else text


def _cells(row: _Row) -> tuple[object, ...]:
    """Return the cells of a row; only free text from files needs to be escaped."""
    return (
        row.mpan,
        escape_formula(row.meter_serial),
        escape_formula(row.register_id),
        _format_local_time(row.read_at),
        _FORMATS["value"].write(row.value),
        escape_formula(row.reading_type),
        escape_formula(codes.ReadingType.label_of(row.reading_type)),
        codes.basis_of(row.reading_type),
        escape_formula(row.bsc_validation_status),
        _format_boolean(row.meter_reading_flag),
        escape_formula(row.reading_method),
        escape_formula(row.reason_code),
        _format_boolean(row.meter_reading_status),
        _format_local_time(row.md_reset_at),
        row.md_reset_count,
        row.version_status,
        escape_formula(row.filename),
        row.line_number,
    )


def _format_local_time(instant: datetime | None) -> str:
    return instant.astimezone(LONDON).isoformat() if instant else ""


def _format_boolean(value: bool | None) -> str:
    return "" if value is None else _FORMATS["meter_reading_flag"].write(value)
