"""Totals of the stored rows. No query reads a large table row by row."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import NamedTuple

from django.db.models import Case, Count, F, Model, Subquery, Sum, Value, When

from meter_readings.d0010 import codes
from meter_readings.models import (
    ENTERED_Q,
    NOT_CURRENT_Q,
    NOT_ROUTINE_Q,
    READING_ORDER_REVERSED,
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    Reading,
    Severity,
    VersionStatus,
)

# Tables that may have more rows than this are estimated.
_EXACT_COUNT_LIMIT = 100_000

_STORED = Sum(F("readings_loaded") - F("readings_deleted"), default=0)
_ROUTINE_CURRENT = codes.ReadingType.ROUTINE.value, VersionStatus.CURRENT.value

# The number of readings counted by `latest_readings_by_basis`.
LATEST_READINGS = 10_000


class RowCount(NamedTuple):
    """The number of rows of a table, exact or estimated."""

    number: int
    is_exact: bool

    def __str__(self) -> str:
        return f"{'' if self.is_exact else 'about '}{self.number:,}"


class RowTotals(NamedTuple):
    """The number of imported files and of the rows from them.

    `readings` counts current versions, as lists and exports do by default.
    """

    flow_files: int
    meter_points: RowCount
    meters: RowCount
    readings: int


class FlowFileTotals(NamedTuple):
    """The number of files by status, and of findings by severity."""

    files: dict[FlowFile.Status, int]
    findings: dict[Severity, int]


def row_totals() -> RowTotals:
    """Return the totals.

    Stored readings are added up from the counts of their files. Partial indexes count
    the versions that users entered, and those that are not current.
    """
    imported = FlowFile.objects.filter(status=FlowFile.Status.IMPORTED).aggregate(
        files=Count("pk"),
        readings=_STORED,
    )
    return RowTotals(
        flow_files=imported["files"],
        meter_points=row_count(model=MeterPoint),
        meters=row_count(model=Meter),
        readings=imported["readings"]
        + entered_readings()
        - Reading.objects.filter(NOT_CURRENT_Q).count(),
    )


def entered_readings() -> int:
    """Return the number of readings that users entered, in all versions."""
    return Reading.objects.filter(ENTERED_Q).count()


def flow_file_totals() -> FlowFileTotals:
    """Return the totals; findings are added up from the counts of their files."""
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


def import_outcome_counts(*, since: datetime) -> dict[str, int]:
    """Return the number of import jobs by outcome, the greatest first.

    A job without an outcome counts by its state: running or failed.
    """
    jobs = ImportJob.objects.filter(started_at__gte=since)
    result = Case(When(outcome="", then="state"), default="outcome")
    rows = jobs.order_by().values_list(result).annotate(jobs=Count("pk"))
    return dict(rows.order_by("-jobs"))


def latest_readings_by_basis() -> dict[codes.Basis, int]:
    """Return the number of readings by basis, the greatest first.

    Only the LATEST_READINGS latest readings are counted, which an index finds.
    """
    latest = Reading.objects.order_by(*READING_ORDER_REVERSED)[:LATEST_READINGS]
    types = Reading.objects.filter(pk__in=latest.values("pk")).order_by()
    rows = types.values_list("reading_type").annotate(readings=Count("pk"))
    bases: Counter[codes.Basis] = Counter()
    for reading_type, count in rows:
        bases[codes.basis_of(reading_type)] += count
    return dict(bases.most_common())


def reading_counts() -> Counter[tuple[str, str]]:
    """Return the number of readings by reading type and version status.

    Partial indexes count the rare values; the frequent ones are what these leave of the
    stored number. It is one statement, so that no import comes between.
    """
    readings, number = Reading.objects.order_by(), Count("pk")
    types = readings.filter(NOT_ROUTINE_Q).values("reading_type").annotate(n=number)
    statuses = readings.filter(NOT_CURRENT_Q).values("reading_type", "version_status")
    files = FlowFile.objects.filter(status=FlowFile.Status.IMPORTED).order_by()
    stored = files.values("status").annotate(n=_STORED)
    entered = readings.filter(ENTERED_Q).values("version_status").annotate(n=number)
    columns = "reading_type", "version_status", "n"
    rows = types.values_list(Value("type"), "reading_type", Value(""), "n").union(
        statuses.annotate(n=number).values_list(Value("status"), *columns),
        stored.values_list(Value("stored"), Value(""), "status", "n"),
        entered.values_list(Value("stored"), Value(""), "version_status", "n"),
        all=True,
    )
    counts: Counter[tuple[str, str]] = Counter()
    for part, reading_type, version_status, count in rows:
        if part == "type":
            counts[reading_type, VersionStatus.CURRENT] += count
            counts[_ROUTINE_CURRENT] -= count
        elif part == "status":
            counts[reading_type, version_status] += count
            counts[reading_type, VersionStatus.CURRENT] -= count
        else:
            counts[_ROUTINE_CURRENT] += count
    return +counts


def row_count(*, model: type[Model]) -> RowCount:
    """Return the number of rows of a table, estimated if there may be many."""
    estimate = _estimated_row_count(model)
    if estimate <= _EXACT_COUNT_LIMIT:
        return RowCount(model._default_manager.count(), True)
    return RowCount(estimate, False)


def _estimated_row_count(model: type[Model]) -> int:
    """Return how many ids lie between the least and the greatest, both included.

    Rows deleted when the database was cleared had lesser ids; the planner's row
    statistics may be old. The index finds each end. An aggregate with Min and Max
    together would read every row.
    """
    rows = model._default_manager.all()
    ids = rows.values("pk")
    span = Subquery(ids.order_by("-pk")[:1]) - Subquery(ids.order_by("pk")[:1])
    return sum(rows.order_by("pk").values_list(span + 1, flat=True)[:1])
