"""The formats of an export of readings."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.utils import timezone

from meter_readings.models import ReadingQuerySet

from .csv import CSV_ENCODING, csv_lines
from .d0010 import (
    FLOW_FILE_ENCODING,
    READING_PREFIX,
    new_header,
    parse_participant,
    selection_lines,
)


class ExportFormat(NamedTuple):
    """A format; its rows are the lines with `row_prefix`, less `header_lines`."""

    label: str
    suffix: str
    content_type: str
    encoding: str
    header_lines: int
    row_prefix: str


FORMATS = {
    "csv": ExportFormat("CSV", "csv", "text/csv; charset=utf-8", CSV_ENCODING, 1, ""),
    "d0010": ExportFormat(
        "D0010",
        "uff",
        "text/plain; charset=windows-1252",
        FLOW_FILE_ENCODING,
        0,
        READING_PREFIX,
    ),
}


def format_lines(
    *, name: str, readings: ReadingQuerySet, now: datetime
) -> Generator[str]:
    """Return the lines of an export in the format of a name.

    A D0010 is a new file from and to MARKET_PARTICIPANT: raises ValueError if that is
    invalid.
    """
    if name == "csv":
        return csv_lines(readings=readings)
    participant = parse_participant(settings.MARKET_PARTICIPANT)
    header = new_header(created_at=now, sender=participant, recipient=participant)
    return selection_lines(readings=readings, header=header)


def download_name(*, name: str, now: datetime) -> str:
    """Return the filename of an export in the format of a name."""
    return f"readings-{timezone.localtime(now):%Y%m%d-%H%M%S}.{FORMATS[name].suffix}"
