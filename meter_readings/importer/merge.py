"""The merge: turns the staged rows of a file into rows of the database.

One statement for all rows of a kind (sql/merge.py), in the transaction of the load.
"""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection
from django.db.backends.utils import CursorWrapper

from meter_readings.d0010 import D0010, Group, Issue

from .erased_mpans import report_erased_mpans, start_erasure_watch
from .findings import FindingCollector
from .result import LoadCounts
from .rules import ImportIssueCode
from .sql import merge as sql
from .staging.postgresql_statistics import (
    analyze_meters,
    analyze_readings_if_outdated,
)
from .version_resolution import file_ordering_sql, resolve_versions


class MergeError(Exception):
    """Not every staged reading became a row; the transaction must be rolled back."""


def merge_staged_rows(
    flow_file_id: int, reading_count: int, findings: FindingCollector
) -> LoadCounts:
    """Insert the staged rows of a file and resolve the versions of its readings.

    Runs in the transaction of the load. Adds the findings that need the database.
    Raises MergeError if not exactly `reading_count` readings are inserted.
    """
    with connection.cursor() as cursor:
        watch = start_erasure_watch(cursor)
        latest_meter_id = _scalar(cursor, sql.LATEST_METER_ID)
        meter_points = _execute(cursor, sql.INSERT_METER_POINTS)
        meters = _execute(cursor, sql.INSERT_METERS)
        if connection.vendor == "postgresql":  # postgresql only
            analyze_meters(cursor, meters)
        _execute(cursor, sql.RESOLVE_METERS, latest_meter_id)
        _execute(cursor, sql.INSERT_REPEATED_KEYS)
        if _scalar(cursor, sql.COUNT_KNOWN_METERS):
            find_competing = sql.find_competing_readings(
                file_ordering_sql("other"), file_ordering_sql("this")
            )
            cursor.execute(find_competing, {"flow_file": flow_file_id})
        cursor.execute(sql.INSERT_READINGS, {"flow_file": flow_file_id})
        readings = cursor.rowcount
        if readings != reading_count:
            raise MergeError(
                f"{readings:,} of {reading_count:,} staged readings were inserted."
            )
        if connection.vendor == "postgresql":  # postgresql only
            analyze_readings_if_outdated(cursor, readings)
        site_visits = _execute(cursor, sql.INSERT_SITE_VISITS, flow_file_id)
        superseding = _resolve_versions(cursor, flow_file_id, latest_meter_id)
        cursor.execute(sql.COUNT_BY_VERSION_STATUS, [flow_file_id])
        duplicate, superseded, withdrawn = cursor.fetchone()
        _add_database_findings(cursor, findings, flow_file_id)
        if watch is not None:
            report_erased_mpans(cursor, watch, findings)
    return LoadCounts(
        meter_points=meter_points,
        meters=meters,
        site_visits=site_visits,
        readings=readings,
        duplicate=duplicate,
        superseded=superseded,
        withdrawn=withdrawn,
        superseding=superseding,
    )


def _resolve_versions(
    cursor: CursorWrapper, flow_file_id: int, latest_meter_id: int
) -> int:
    """Resolve the reading keys with several versions; return the superseding count."""
    _execute(cursor, sql.INSERT_REPEATED_KEYS_OF_NEW_METERS, latest_meter_id)
    keys = _execute(cursor, sql.INSERT_KEYS_TO_RESOLVE)
    if not keys:
        return 0
    resolve_versions(cursor)
    return _scalar(cursor, sql.COUNT_SUPERSEDING, flow_file=flow_file_id)


class _FindingQuery(NamedTuple):
    """A statement that selects findings, and what they have in common.

    The value found is that of the first field of `group`.
    """

    code: ImportIssueCode
    statement: str
    group: Group
    expected: str


_SERIAL_NUMBER_QUERY = _FindingQuery(
    ImportIssueCode.SERIAL_NUMBER_AT_OTHER_MPAN,
    sql.SERIAL_NUMBERS_AT_OTHER_MPANS,
    D0010.meter,
    "a serial number used at one meter point",
)
_WITHDRAWAL_QUERY = _FindingQuery(
    ImportIssueCode.UNMATCHED_WITHDRAWAL,
    sql.UNMATCHED_WITHDRAWALS,
    D0010.reading,
    "a reading to withdraw",
)
_CONFLICT_QUERY = _FindingQuery(
    ImportIssueCode.CONFLICT_IN_FILE,
    sql.CONFLICTS_IN_FILE,
    D0010.reading,
    "one value at one time",
)


def _add_database_findings(
    cursor: CursorWrapper, findings: FindingCollector, flow_file_id: int
) -> None:
    queries = [_SERIAL_NUMBER_QUERY]
    if _scalar(cursor, sql.COUNT_WITHDRAWING_METERS):
        queries.append(_WITHDRAWAL_QUERY)
    if _scalar(cursor, sql.COUNT_REPEATED_KEYS):
        queries.append(_CONFLICT_QUERY)
    for code, statement, group, expected in queries:
        cursor.execute(statement, {"flow_file": flow_file_id})
        rows = cursor.fetchall()
        for line_number, found, _ in rows:
            field = str(group.fields[0])
            findings.add(Issue(code, line_number, group.code, field, found, expected))
        if rows:
            findings.set_total(code, count=rows[0][2])


def _scalar(cursor: CursorWrapper, statement: str, **parameters: int) -> int:
    """Run a statement that returns one number."""
    cursor.execute(statement, parameters or None)
    return int(cursor.fetchone()[0])


def _execute(cursor: CursorWrapper, statement: str, *parameters: int) -> int:
    """Run a statement and return how many rows it changed."""
    cursor.execute(statement, parameters)
    return int(cursor.rowcount)
