"""Shared questions about what is stored, each named by what it returns.

Doors and exports ask here, so that the same words find the same rows everywhere. No
question counts a large table row by row.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import Case, Count, F, Model, QuerySet, Subquery, Sum, When

from meter_readings import d0010
from meter_readings.d0010 import codes
from meter_readings.models import (
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    Reading,
    ReadingQuerySet,
    Severity,
)

# Up to here counting is quick enough for a page.
_QUICKLY_COUNTED = 100_000

# How far back attempts are counted, and how many of the latest readings are.
RECENT = timedelta(days=30)
LATEST_READINGS = 10_000

_NUMBER = re.compile(r"#?([0-9]{1,18})")
# Fewer digits of a hash could be a word.
_START_OF_HASH = re.compile(r"[0-9a-f]{8,64}")


class RowCount(NamedTuple):
    """How many rows a table has, or, where counting would take long, about how many."""

    number: int
    is_exact: bool

    def __str__(self) -> str:
        return f"{'' if self.is_exact else 'about '}{self.number:,}"


class RowTotals(NamedTuple):
    """What the system holds: files as imported, and what is in them."""

    flow_files: int
    meter_points: RowCount
    meters: RowCount
    readings: int


class FlowFileTotals(NamedTuple):
    """How many files have which status, and how many findings which severity."""

    files: dict[FlowFile.Status, int]
    findings: dict[Severity, int]


def filter_readings(
    *,
    mpan: str | None = None,
    serial_number: str | None = None,
    flow_file: FlowFile | None = None,
    date_from: date | None = None,
    date_to: date | None = None,
    current_only: bool = True,
) -> ReadingQuerySet:
    """Return the readings that match all that is given; the dates are local, inclusive.

    An MPAN may be spaced as people write it.
    """
    readings = Reading.objects.all()
    if mpan is not None:
        readings = readings.filter(meter__meter_point__mpan=d0010.mpan.typed(mpan))
    if serial_number is not None:
        readings = readings.filter(meter__serial_number=serial_number)
    if flow_file is not None:
        readings = readings.filter(flow_file=flow_file)
    if date_from is not None:
        readings = readings.filter(read_at__gte=d0010.midnight(date_from))
    if date_to is not None:
        day_after = date_to + timedelta(days=1)
        readings = readings.filter(read_at__lt=d0010.midnight(day_after))
    return readings.current() if current_only else readings


def find_flow_files(*, reference: str) -> list[FlowFile]:
    """Return the files that a person can mean, latest first: several where unclear.

    A reference is a file's number (`12` or `#12`), or else its name, or else the
    beginning of its SHA-256. Files held as imported go before those that are not.
    """
    files = FlowFile.objects.order_by("-received_at", "-pk")
    if number := _NUMBER.fullmatch(reference):
        if held := files.filter(pk=int(number[1])).first():
            return [held]
    if named := _preferably_imported(files.filter(filename=reference)):
        return named
    beginning = reference.lower()
    if _START_OF_HASH.fullmatch(beginning):
        return _preferably_imported(files.filter(sha256__startswith=beginning))
    return []


def _preferably_imported(files: QuerySet[FlowFile]) -> list[FlowFile]:
    imported = files.filter(status=FlowFile.Status.IMPORTED)
    return list(imported) or list(files)


def latest_flow_files(*, limit: int) -> QuerySet[FlowFile]:
    """Return the files received latest, whatever became of them."""
    return FlowFile.objects.order_by("-received_at", "-pk")[:limit]


def row_totals() -> RowTotals:
    """Return how much the system holds; the readings are counted by their files."""
    imported = FlowFile.objects.filter(status=FlowFile.Status.IMPORTED).aggregate(
        files=Count("pk"),
        readings=Sum(F("readings_loaded") - F("readings_deleted"), default=0),
    )
    return RowTotals(
        flow_files=imported["files"],
        meter_points=row_count(model=MeterPoint),
        meters=row_count(model=Meter),
        readings=imported["readings"],
    )


def flow_file_totals() -> FlowFileTotals:
    """Return how many files there are by status, and what was found in all of them."""
    rows = FlowFile.objects.order_by("status").values("status")
    rows = rows.annotate(
        files=Count("pk"),
        errors=Sum("error_count"),
        warnings=Sum("warning_count"),
        notes=Sum("note_count"),
    )
    files = {row["status"]: row["files"] for row in rows}
    return FlowFileTotals(
        files={status: files.get(status, 0) for status in FlowFile.Status},
        findings={
            Severity.ERROR: sum(row["errors"] for row in rows),
            Severity.WARNING: sum(row["warnings"] for row in rows),
            Severity.NOTE: sum(row["notes"] for row in rows),
        },
    )


def attempts_by_outcome(*, now: datetime) -> dict[str, int]:
    """Return how many attempts of the last 30 days came to what, most of all first.

    One without an outcome counts by its state: running, or broken off.
    """
    recent = ImportJob.objects.filter(started_at__gte=now - RECENT)
    result = Case(When(outcome="", then="state"), default="outcome")
    rows = recent.order_by().values_list(result).annotate(attempts=Count("pk"))
    return dict(rows.order_by("-attempts"))


def latest_readings_by_basis() -> dict[codes.Basis, int]:
    """Return on what the readings taken latest rest, most of all first.

    They are a limited number, found by an index: counting all would take long.
    """
    latest = Reading.objects.order_by("-read_at", "-pk")[:LATEST_READINGS]
    types = Reading.objects.filter(pk__in=latest.values("pk")).order_by()
    rows = types.values_list("reading_type").annotate(readings=Count("pk"))
    bases: Counter[codes.Basis] = Counter()
    for reading_type, count in rows:
        bases[codes.basis_of(reading_type)] += count
    return dict(bases.most_common())


def row_count(*, model: type[Model]) -> RowCount:
    """Return the number of rows of a table, estimated where there are many."""
    estimate = _estimated_row_count(model)
    if estimate <= _QUICKLY_COUNTED:
        return RowCount(model._default_manager.count(), True)
    return RowCount(estimate, False)


def _estimated_row_count(model: type[Model]) -> int:
    """Return how many numbers lie between the first and the last, both counted.

    Those of what was cleared lie before; a database's own idea of the number of rows
    would be of some time ago. Each end is found by the index; asked for together as a
    minimum and a maximum, they would be looked for in all rows.
    """
    rows = model._default_manager.all()
    numbers = rows.values("pk")
    span = Subquery(numbers.order_by("-pk")[:1]) - Subquery(numbers.order_by("pk")[:1])
    return sum(rows.order_by("pk").values_list(span + 1, flat=True)[:1])
