"""CSV export of readings, safe to open in a spreadsheet.

RFC 4180, in UTF-8. Text that a spreadsheet would read as a formula gets an apostrophe
before it; numbers and times are unchanged.

The database joins the columns that repeat from row to row into one text, and each
distinct text is formatted once.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Generator, Iterable
from datetime import UTC, datetime
from itertools import chain
from typing import Any, cast

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Case, Func, TextField, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce
from django.db.models.sql.compiler import SQLCompiler

from meter_readings.d0010 import LONDON, codes
from meter_readings.d0010.field_types import BooleanType
from meter_readings.models import ReadingQuerySet

CSV_ENCODING = "utf-8"

# First characters of a formula, also full width. Some spreadsheets skip tabs and line
# ends before they look for one.
_FORMULA_PREFIXES = frozenset("=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20")

_LINE_END = "\r\n"
_CHUNK_SIZE = 2000

# Formatted texts of one kind that are kept: about 10 MB
_MAX_FORMATTED = 50_000

# Between joined columns: the separator of a flow file, so its fields cannot contain it.
# A file name can, and is the last of its columns.
_SEPARATOR = "|"

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
    "source",
)


def csv_lines(*, readings: ReadingQuerySet) -> Generator[str]:
    """Yield a line of column names, then one line per reading.

    An unordered queryset is ordered by meter, register and time.
    """
    yield csv_line(COLUMNS)
    if not readings.ordered:
        readings = readings.order_by("meter_id", "register_id", "read_at", "pk")
    registers = _FormattedTexts(_format_register)
    times = _FormattedTexts(_format_time)
    details = _FormattedTexts(_format_details)
    rows = readings.values_list(*_ROW).iterator(chunk_size=_CHUNK_SIZE)
    for register, read_at, value, detail, line_number, correction in rows:
        # Three decimals; at least one is written.
        value = value[:-2] if value.endswith("00") else value.rstrip("0")
        line = f"{line_number},file" if correction is None else ",user"
        yield (
            f"{registers[register]},{times[read_at]},{value},{details[detail]},"
            f"{line}{_LINE_END}"
        )


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


# The columns of a row


def _joined(*columns: str | Combinable) -> Func:
    """Return texts as one text with separators; none of them may be NULL."""
    # Not Concat, whose nesting overflows SQLite's parser.
    separated = chain.from_iterable((Value(_SEPARATOR), column) for column in columns)
    return Func(
        *[*separated][1:],
        template="(%(expressions)s)",
        arg_joiner=" || ",
        output_field=TextField(),
    )


def _boolean(column: str) -> Case:
    write = BooleanType().write
    whens = (When(**{column: each}, then=Value(write(each))) for each in (True, False))
    return Case(*whens, default=Value(""))


def _text(column: str) -> Coalesce:
    return Coalesce(Cast(column, TextField()), Value(""))


class _ThreeDecimals(Cast):
    """The text of a Decimal with all three decimals that the column can have."""

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> Any:
        template = "PRINTF('%%%%.3f', %(expressions)s)"
        return self.as_sql(compiler, connection, template=template, **context)


_ROW = (
    _joined("meter__meter_point__mpan", "meter__serial_number", "register_id"),
    Cast("read_at", TextField()),
    _ThreeDecimals("value", TextField()),
    _joined(
        "reading_type",
        "bsc_validation_status",
        _boolean("meter_reading_flag"),
        "reading_method",
        "reason_code",
        _boolean("meter_reading_status"),
        _text("md_reset_at"),
        _text("md_reset_count"),
        "version_status",
        Coalesce("flow_file__filename", Value("")),
    ),
    "line_number",
    "correction_id",
)


# The text of joined columns as cells


class _FormattedTexts(dict[str, str]):
    """Formats a text when it is first asked for."""

    def __init__(self, format_text: Callable[[str], str]) -> None:
        self._format_text = format_text

    def __missing__(self, text: str) -> str:
        if len(self) == _MAX_FORMATTED:
            self.clear()
        self[text] = formatted = self._format_text(text)
        return formatted


_PLAIN_REGISTER = re.compile(r"[0-9]{13}\|[A-Za-z0-9 ]+\|[A-Za-z0-9]+")


def _format_register(text: str) -> str:
    if _PLAIN_REGISTER.fullmatch(text):
        # Nothing to quote or to escape; most are, and there are many.
        return text.replace(_SEPARATOR, ",")
    return _cells(*text.split(_SEPARATOR))


def _format_details(text: str) -> str:
    columns = text.split(_SEPARATOR, 9)
    reading_type, bsc_validation_status, flag, method, reason, status = columns[:6]
    md_reset_at, md_reset_count, version_status, filename = columns[6:]
    return _cells(
        reading_type,
        codes.ReadingType.label_of(reading_type),
        codes.basis_of(reading_type),
        bsc_validation_status,
        flag,
        method,
        reason,
        status,
        md_reset_at and _format_time(md_reset_at),
        md_reset_count,
        version_status,
        filename,
    )


def _format_time(text: str) -> str:
    """Return the local time of a database's text, which is UTC without an offset."""
    moment = datetime.fromisoformat(text)
    moment = moment.replace(tzinfo=moment.tzinfo or UTC)
    return moment.astimezone(LONDON).isoformat()


def _cells(*cells: str) -> str:
    return csv_line(cells).removesuffix(_LINE_END)
