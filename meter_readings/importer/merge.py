"""From staging rows to rows of the database, in sets: no statement for each row."""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection
from django.db.backends.utils import CursorWrapper

from meter_readings.d0010 import D0010, Group, Issue
from meter_readings.d0010.codes import ReadingType
from meter_readings.models import (
    FlowFile,
    Meter,
    MeterPoint,
    Reading,
    SiteVisit,
    VersionStatus,
)

from .erased_mpans import report_erased_mpans, watch
from .findings import MAX_STORED_PER_RULE, FindingCollector
from .rules import ImportIssueCode
from .version_resolution import file_ordering_sql, resolve_versions

_READING, _METER = Reading._meta.db_table, Meter._meta.db_table
_METER_POINT, _VISIT = MeterPoint._meta.db_table, SiteVisit._meta.db_table


class LoadCounts(NamedTuple):
    """What one load added, and what became of it.

    `duplicate`, `superseded` and `withdrawn` are those of the readings that do not
    count; `superseding` are those that count in the place of another version.
    """

    meter_points: int
    meters: int
    site_visits: int
    readings: int
    duplicate: int
    superseded: int
    withdrawn: int
    superseding: int

    @property
    def current(self) -> int:
        """Return how many of the readings count."""
        return self.readings - self.duplicate - self.superseded - self.withdrawn


def _same(column: str) -> str:
    """Return the condition that held and incoming say the same, or both nothing."""
    held, incoming = f"held.{column}", f"incoming.{column}"
    return f"({held} = {incoming} OR ({held} IS NULL AND {incoming} IS NULL))"


# New meter points and meters are numbered in the order in which the file names them,
# so that their readings lie together in the index.
_NEW_METER_POINTS = f"""
INSERT INTO {_METER_POINT} (mpan)
SELECT named.mpan FROM (
    SELECT mpan, line_number FROM staged_meter
    UNION ALL SELECT mpan, line_number FROM staged_visit
) AS named
WHERE NOT EXISTS (SELECT 1 FROM {_METER_POINT} AS held WHERE held.mpan = named.mpan)
GROUP BY named.mpan ORDER BY MIN(named.line_number)
"""

_NEW_METERS = f"""
INSERT INTO {_METER} (meter_point_id, serial_number)
SELECT point.id, named.serial_number
FROM staged_meter AS named JOIN {_METER_POINT} AS point ON point.mpan = named.mpan
WHERE NOT EXISTS (
    SELECT 1 FROM {_METER} AS held
    WHERE held.meter_point_id = point.id AND held.serial_number = named.serial_number
)
GROUP BY point.id, named.serial_number ORDER BY MIN(named.line_number)
"""

_PLACE_METERS = f"""
INSERT INTO resolved_meter
SELECT named.line_number, named.mpan_line_number, meter.id, point.id,
    named.serial_number, named.reading_type, named.bsc_validation_status, meter.id <= %s
FROM staged_meter AS named
JOIN {_METER_POINT} AS point ON point.mpan = named.mpan
JOIN {_METER} AS meter ON meter.meter_point_id = point.id
    AND meter.serial_number = named.serial_number
"""

# The files that were said after this one.
_NEWER_FILES = """
INSERT INTO newer_file
SELECT other.id FROM {flow_file} AS other, {flow_file} AS this
WHERE this.id = %s AND other.status = '{imported}' AND ({others}) > ({thiss})
"""

# A reading that the current one of its event has said already, where nothing newer
# is held, is a duplicate and changes nothing else. Whatever else meets an earlier
# reading is settled below.
_NEW_READINGS = f"""
INSERT INTO {_READING} (
    flow_file_id, line_number, mpan_line_number, meter_line_number, meter_id,
    register_id, read_at, value, reading_type, bsc_validation_status, md_reset_at,
    md_reset_count, meter_reading_flag, reading_method, reason_code,
    meter_reading_status, source_lines, version_status
)
SELECT %s, incoming.line_number, placed.mpan_line_number, placed.line_number,
    placed.meter_id, incoming.register_id, incoming.read_at, incoming.value,
    placed.reading_type, placed.bsc_validation_status, incoming.md_reset_at,
    incoming.md_reset_count, incoming.meter_reading_flag, incoming.reading_method,
    incoming.reason_code, incoming.meter_reading_status, incoming.source_lines,
    CASE
        WHEN placed.reading_type = '{ReadingType.WITHDRAWN}'
            THEN '{VersionStatus.WITHDRAWN}'
        WHEN placed.is_known AND EXISTS (
            SELECT 1 FROM {_READING} AS held
            WHERE held.meter_id = placed.meter_id
                AND held.register_id = incoming.register_id
                AND held.read_at = incoming.read_at
                AND held.version_status = '{VersionStatus.CURRENT}'
                AND held.value = incoming.value
                AND held.reading_type = placed.reading_type
                AND held.bsc_validation_status = placed.bsc_validation_status
                AND {_same("meter_reading_flag")}
                AND {_same("meter_reading_status")}
        ) AND NOT EXISTS (
            SELECT 1 FROM {_READING} AS held
            WHERE held.meter_id = placed.meter_id
                AND held.register_id = incoming.register_id
                AND held.read_at = incoming.read_at
                AND held.flow_file_id IN (SELECT flow_file_id FROM newer_file)
        ) THEN '{VersionStatus.DUPLICATE}'
        ELSE '{VersionStatus.CURRENT}'
    END
FROM staged_reading AS incoming
JOIN resolved_meter AS placed ON placed.line_number = incoming.meter_line_number
"""

# The events of meters held before in which a reading that is no plain duplicate meets
# another.
_EVENTS_OF_KNOWN_METERS = f"""
INSERT INTO reading_key_to_resolve
SELECT DISTINCT reading.meter_id, reading.register_id, reading.read_at
FROM {_READING} AS reading
WHERE reading.flow_file_id = %s AND reading.meter_id <= %s
    AND reading.version_status <> '{VersionStatus.DUPLICATE}'
    AND EXISTS (
        SELECT 1 FROM {_READING} AS other
        WHERE other.meter_id = reading.meter_id
            AND other.register_id = reading.register_id
            AND other.read_at = reading.read_at
            AND other.id <> reading.id
    )
"""

# The events of new meters that come more than once: the index has them in order.
_EVENTS_OF_NEW_METERS = f"""
INSERT INTO reading_key_to_resolve
SELECT meter_id, register_id, read_at FROM {_READING} WHERE meter_id > %s
GROUP BY meter_id, register_id, read_at HAVING COUNT(*) > 1
"""

_NEW_VISITS = f"""
INSERT INTO {_VISIT} (
    flow_file_id, line_number, "group", mpan_line_number, meter_line_number,
    reading_line_number, meter_point_id, meter_id, check_code,
    additional_information, bsc_validation_status, reading_type
)
SELECT %s, incoming.line_number, incoming."group", incoming.mpan_line_number,
    incoming.meter_line_number, incoming.reading_line_number, point.id,
    placed.meter_id, incoming.check_code, incoming.additional_information,
    incoming.bsc_validation_status, COALESCE(placed.reading_type, '')
FROM staged_visit AS incoming
JOIN {_METER_POINT} AS point ON point.mpan = incoming.mpan
LEFT JOIN resolved_meter AS placed ON placed.line_number = incoming.meter_line_number
"""

# Counted in one pass: grouping would sort a million rows first.
_OWN_STANDINGS = f"""
SELECT COUNT(CASE WHEN version_status = '{VersionStatus.DUPLICATE}' THEN 1 END),
    COUNT(CASE WHEN version_status = '{VersionStatus.SUPERSEDED}' THEN 1 END),
    COUNT(CASE WHEN version_status = '{VersionStatus.WITHDRAWN}' THEN 1 END)
FROM {_READING} WHERE flow_file_id = %s
"""

# Events first, by CROSS JOIN: SQLite keeps that order, and would else go through every
# reading of the file for each event. So would PostgreSQL: of a file that its statistics
# do not know it expects one reading, unless it is not told that this is a column.
_OWN_IN_EVENTS = f"""
SELECT COUNT(*)
FROM reading_key_to_resolve AS event CROSS JOIN {_READING} AS reading
WHERE reading.meter_id = event.meter_id AND reading.register_id = event.register_id
    AND reading.read_at = event.read_at AND reading.flow_file_id + 0 = %s
"""

_SUPERSEDING = f"""
SELECT COUNT(*)
FROM reading_key_to_resolve AS event CROSS JOIN {_READING} AS reading
WHERE reading.meter_id = event.meter_id AND reading.register_id = event.register_id
    AND reading.read_at = event.read_at AND reading.flow_file_id + 0 = %s
    AND reading.version_status = '{VersionStatus.CURRENT}'
    AND EXISTS (
        SELECT 1 FROM {_READING} AS other
        WHERE other.meter_id = event.meter_id
            AND other.register_id = event.register_id
            AND other.read_at = event.read_at
            AND other.version_status = '{VersionStatus.SUPERSEDED}'
    )
"""


def merge_staged_rows(
    flow_file_id: int, reading_count: int, findings: FindingCollector
) -> LoadCounts:
    """Turn what was staged into rows of this file, and settle what competes.

    Runs inside the loader's transaction. Adds to `findings` what only the database
    can tell.
    """
    with connection.cursor() as cursor:
        watched = watch(cursor)
        latest_meter = _number(cursor, f"SELECT COALESCE(MAX(id), 0) FROM {_METER}")
        meter_points = _changed(cursor, _NEW_METER_POINTS)
        meters = _changed(cursor, _NEW_METERS)
        _changed(cursor, _PLACE_METERS, latest_meter)
        _changed(cursor, _newer_files(), flow_file_id)
        readings = _changed(cursor, _NEW_READINGS, flow_file_id)
        assert readings == reading_count, "Every reading that was read has its row."
        site_visits = _changed(cursor, _NEW_VISITS, flow_file_id)
        superseding = _settle(cursor, flow_file_id, latest_meter)
        cursor.execute(_OWN_STANDINGS, [flow_file_id])
        duplicate, superseded, withdrawn = cursor.fetchone()
        _find(cursor, findings, flow_file_id)
        if watched is not None:
            report_erased_mpans(cursor, watched, findings)
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


def _settle(cursor: CursorWrapper, flow_file_id: int, latest_meter: int) -> int:
    """Settle what meets earlier readings; return how many now stand in their place."""
    events = _changed(cursor, _EVENTS_OF_NEW_METERS, latest_meter)
    if _number(cursor, "SELECT COUNT(*) FROM resolved_meter WHERE is_known"):
        events += _changed(cursor, _EVENTS_OF_KNOWN_METERS, flow_file_id, latest_meter)
    if not events:
        return 0
    resolve_versions(cursor)
    return _number(cursor, _SUPERSEDING, flow_file_id)


def _newer_files() -> str:
    return _NEWER_FILES.format(
        flow_file=FlowFile._meta.db_table,
        imported=FlowFile.Status.IMPORTED,
        others=file_ordering_sql("other"),
        thiss=file_ordering_sql("this"),
    )


# What only the database can tell of a file: a line of it, what it says there, and how
# many such lines there are.

_UNMATCHED_WITHDRAWALS = f"""
SELECT reading.line_number, reading.register_id, COUNT(*) OVER ()
FROM resolved_meter AS placed
JOIN {_READING} AS reading ON reading.meter_id = placed.meter_id
    AND reading.meter_line_number = placed.line_number
    AND reading.flow_file_id = %(flow_file)s
WHERE placed.reading_type = '{ReadingType.WITHDRAWN}' AND NOT EXISTS (
    SELECT 1 FROM {_READING} AS held
    WHERE held.meter_id = reading.meter_id
        AND held.register_id = reading.register_id
        AND held.read_at = reading.read_at
        AND held.reading_type <> '{ReadingType.WITHDRAWN}'
        AND held.version_status = '{VersionStatus.WITHDRAWN}'
)
ORDER BY reading.line_number LIMIT {MAX_STORED_PER_RULE}
"""

_CONFLICTS = f"""
SELECT MAX(reading.line_number), reading.register_id, COUNT(*) OVER ()
FROM reading_key_to_resolve AS event CROSS JOIN {_READING} AS reading
WHERE reading.meter_id = event.meter_id AND reading.register_id = event.register_id
    AND reading.read_at = event.read_at AND reading.flow_file_id + 0 = %(flow_file)s
    AND reading.reading_type <> '{ReadingType.WITHDRAWN}'
GROUP BY event.meter_id, reading.register_id, reading.read_at
HAVING COUNT(DISTINCT reading.value) > 1
ORDER BY MAX(reading.line_number) LIMIT {MAX_STORED_PER_RULE}
"""

_SERIAL_NUMBERS_ELSEWHERE = f"""
SELECT MIN(placed.line_number), placed.serial_number, COUNT(*) OVER ()
FROM resolved_meter AS placed
JOIN {_METER} AS other ON other.serial_number = placed.serial_number
    AND other.meter_point_id <> placed.meter_point_id
WHERE NOT placed.is_known
GROUP BY placed.meter_point_id, placed.serial_number
ORDER BY MIN(placed.line_number) LIMIT {MAX_STORED_PER_RULE}
"""


class _Question(NamedTuple):
    """A finding the database is asked for; it is of a group's first field."""

    code: ImportIssueCode
    statement: str
    group: Group
    expected: str


_SERIALS = _Question(
    ImportIssueCode.SERIAL_NUMBER_AT_OTHER_MPAN,
    _SERIAL_NUMBERS_ELSEWHERE,
    D0010.meter,
    "a serial number of its own",
)
_WITHDRAWALS = _Question(
    ImportIssueCode.UNMATCHED_WITHDRAWAL,
    _UNMATCHED_WITHDRAWALS,
    D0010.reading,
    "a reading to withdraw",
)
_MEETINGS = _Question(
    ImportIssueCode.CONFLICT_IN_FILE, _CONFLICTS, D0010.reading, "one value at one time"
)


def _find(cursor: CursorWrapper, findings: FindingCollector, flow_file_id: int) -> None:
    """Add the findings that come of what is held already."""
    questions = [_SERIALS]
    withdrawn = f"reading_type = '{ReadingType.WITHDRAWN}'"
    if _number(cursor, f"SELECT COUNT(*) FROM resolved_meter WHERE {withdrawn}"):
        questions.append(_WITHDRAWALS)
    # Every event has a reading of this file; where there are more, some meet here.
    events = _number(cursor, "SELECT COUNT(*) FROM reading_key_to_resolve")
    if events and _number(cursor, _OWN_IN_EVENTS, flow_file_id) > events:
        questions.append(_MEETINGS)
    for code, statement, group, expected in questions:
        cursor.execute(statement, {"flow_file": flow_file_id})
        count = 0
        for line_number, found, count in cursor.fetchall():
            field = str(group.fields[0])
            issue = Issue(code, line_number, group.code, field, found, expected)
            findings.add(issue)
        findings.set_total(code, count)


def _number(cursor: CursorWrapper, statement: str, *parameters: int) -> int:
    cursor.execute(statement, parameters)
    return int(cursor.fetchone()[0])


def _changed(cursor: CursorWrapper, statement: str, *parameters: int) -> int:
    """Run a statement and return how many rows it changed."""
    cursor.execute(statement, parameters)
    return int(cursor.rowcount)
