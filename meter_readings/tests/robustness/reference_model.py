"""A reference model: what the database must contain, computed in memory.

It is slow and simple on purpose and shares no code with the importer. It follows the
parser's records and the docstring of `importer.version_resolution`.
"""

from __future__ import annotations

import hashlib
import io
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from meter_readings.d0010 import (
    Entry,
    FlowFileParser,
    Header,
    Issue,
    RegisterReading,
    SiteVisit,
    is_nonexistent_local_time,
)
from meter_readings.importer import RULES, severity_of
from meter_readings.models import Policy, Severity

from . import NOW


class Reading(NamedTuple):
    """One reading as it must be stored; times are text, in UTC.

    One that a user entered has no file and the number of its correction, from 1.
    """

    sha256: str
    line_number: int
    mpan_line_number: int
    meter_line_number: int
    mpan: str
    serial_number: str
    register_id: str
    read_at: str
    value: str
    reading_type: str
    bsc_validation_status: str
    md_reset_at: str | None
    md_reset_count: int | None
    meter_reading_flag: bool | None
    reading_method: str
    reason_code: str
    meter_reading_status: bool | None
    source_lines: str
    version_status: str = ""
    correction: int = 0

    @property
    def reading_key(self) -> tuple[str, str, str, str]:
        """Return the reading key: MPAN, serial number, register, time."""
        return self.mpan, self.serial_number, self.register_id, self.read_at

    @property
    def compared_values(self) -> tuple[object, ...]:
        """Return the values by which two versions differ."""
        return (
            self.value,
            self.reading_type,
            self.bsc_validation_status,
            self.meter_reading_flag,
            self.meter_reading_status,
            self.correction,
        )


class Visit(NamedTuple):
    """One site visit as it must be stored."""

    sha256: str
    line_number: int
    group: str
    mpan_line_number: int
    meter_line_number: int | None
    reading_line_number: int | None
    mpan: str
    serial_number: str | None
    check_code: str
    additional_information: str
    bsc_validation_status: str
    reading_type: str


class Contents(NamedTuple):
    """The contents of every table, sorted."""

    files: list[tuple[Any, ...]]
    findings: list[tuple[Any, ...]]
    meter_points: list[str]
    meters: list[tuple[str, str]]
    visits: list[Visit]
    readings: list[Reading]

    @property
    def digest(self) -> str:
        """Return a SHA-256 of the contents."""
        return hashlib.sha256(repr([*map(list, self)]).encode()).hexdigest()

    def differences(self, actual: Contents) -> list[str]:
        """Return the rows that are missing or not expected, as text."""
        return [
            f"{name}: {verb} {row}"
            for name, expected, found in zip(self._fields, self, actual, strict=True)
            for verb, rows in (
                ("missing", (Counter(expected) - Counter(found)).elements()),
                ("not expected", (Counter(found) - Counter(expected)).elements()),
            )
            for row in rows
        ]


class Load(NamedTuple):
    """The counts that the result of an import must have."""

    meter_points: int
    meters: int
    site_visits: int
    readings: int
    duplicate: int
    superseded: int
    withdrawn: int
    superseding: int


class Removal(NamedTuple):
    """The counts that the result of an undo must have."""

    readings: int
    site_visits: int
    meters: int
    meter_points: int
    restored: int


class Result(NamedTuple):
    """The expected result of one import."""

    outcome: str
    readings_read: int = 0
    readings_loaded: int = 0
    finding_counts: dict[str, int] = {}
    load: Load | None = None


@dataclass
class File:
    """One file, its contents and its status."""

    sha256: str
    filename: str
    policy: Policy
    parser: FlowFileParser
    issues: list[Issue]
    readings: list[Reading]
    visits: list[Visit]
    status: str = "imported"
    stored_issues: list[Issue] = field(default_factory=list)
    name_is_checked: bool = True

    @property
    def position(self) -> tuple[datetime, str, str]:
        """Return the position of the file in the order of versions."""
        header = self.parser.header
        assert header is not None
        return header.file_created_at, header.file_identifier, self.sha256

    @property
    def identity(self) -> tuple[object, ...] | None:
        """Return the identity of the message."""
        header = self.parser.header
        if header is None:
            return None
        return (
            header.file_identifier,
            header.from_role,
            header.from_participant,
            header.flow_and_version,
            header.file_created_at,
        )

    @property
    def is_rejected(self) -> bool:
        """Return whether its own issues reject it."""
        return any(_rejects(issue, self.policy) for issue in self.issues)

    @property
    def readings_read(self) -> int:
        """Return the number of 030 groups, valid and invalid."""
        return len(self.readings) + self.parser.invalid_reading_count


def parse_file(
    data: bytes,
    filename: str,
    policy: Policy = Policy.STANDARD,
    now: datetime = NOW,
) -> File:
    """Parse a file."""
    issues: list[Issue] = []
    parser = FlowFileParser(io.BytesIO(data), report=issues.append, not_after=now)
    entries = list(parser)
    sha256 = hashlib.sha256(data).hexdigest()
    readings = [_reading(sha256, e) for e in entries if e.group == "030"]
    visits = [_visit(sha256, e) for e in entries if e.group != "030"]
    return File(sha256, filename, policy, parser, issues, readings, visits)


class ReferenceDatabase:
    """All received files, in memory. The real database must agree with it."""

    def __init__(self) -> None:
        self.files: dict[str, File] = {}
        # The readings of each correction; a number in `undone` is undone.
        self.corrections: list[list[Reading]] = []
        self.undone: set[int] = set()

    @property
    def imported(self) -> list[File]:
        """Return the imported files, in the order of versions."""
        imported = [file for file in self.files.values() if file.status == "imported"]
        return sorted(imported, key=lambda file: file.position)

    def import_file(
        self, file: File, *, allow_same_name: bool = False, dry_run: bool = False
    ) -> Result:
        """Import a file if possible, and return the expected result.

        A dry run stores nothing.
        """
        imported = self.imported
        known = self._meters(imported)
        if any(other.sha256 == file.sha256 for other in imported):
            return Result("already-imported")
        names = {other.filename for other in imported}
        if file.filename in names and not allow_same_name:
            return Result("refused", finding_counts={"duplicate-filename": 1})
        file.stored_issues = [*file.issues]
        if file.identity and file.identity in {other.identity for other in imported}:
            file.stored_issues.append(_issue("duplicate-message", 1, "ZHV"))
        good, load = len(file.readings), None
        if file.is_rejected:
            file.status, outcome, good = "rejected", "rejected", 0
        elif dry_run:
            outcome = "checked"
        else:
            outcome = "imported"
        if not dry_run:
            self.files[file.sha256] = file
        if outcome == "imported":
            load = self._load(file, imported, known)
        return Result(outcome, file.readings_read, good, _counts(file), load)

    def add_imported(self, *files: File) -> ReferenceDatabase:
        """Add files as imported, without checks."""
        for file in files:
            file.status, file.stored_issues = "imported", [*file.issues]
            self.files[file.sha256] = file
        return self

    def undo(self, sha256: str) -> Removal:
        """Undo an import, and return the expected counts."""
        file, before = self.files[sha256], self.imported
        readings, meters = set(self.readings()), self._meters(before)
        points = self._meter_points(before)
        file.status = "undone"
        after = self.imported
        return Removal(
            readings=len(file.readings),
            site_visits=len(file.visits),
            meters=len(meters - self._meters(after)),
            meter_points=len(points - self._meter_points(after)),
            restored=len(set(self.readings()) - readings),
        )

    def readings(self) -> list[Reading]:
        """Return every stored reading, with its version status."""
        versions: dict[tuple[str, ...], list[Reading]] = defaultdict(list)
        for file in self.imported:
            for reading in file.readings:
                versions[reading.reading_key].append(reading)
        for entered in self.corrections:
            for reading in entered:
                versions[reading.reading_key].append(reading)
        return [
            reading._replace(version_status=version_status)
            for group in versions.values()
            for reading, version_status in zip(
                group, version_statuses(group, self.undone), strict=True
            )
        ]

    def current(self) -> list[Reading]:
        """Return the current readings, sorted."""
        return sorted(r for r in self.readings() if r.version_status == "current")

    def enter(self, *readings: Reading) -> None:
        """Add a correction with these readings."""
        number = len(self.corrections) + 1
        self.corrections.append(
            [
                reading._replace(
                    sha256="",
                    line_number=line,
                    mpan_line_number=line,
                    meter_line_number=line,
                    source_lines="",
                    version_status="",
                    correction=number,
                )
                for line, reading in enumerate(readings, 1)
            ]
        )

    def undo_latest_correction(self) -> int | None:
        """Undo the latest correction that is not undone, and return its number."""
        numbers = {*range(1, len(self.corrections) + 1)} - self.undone
        if not numbers:
            return None
        self.undone.add(max(numbers))
        return max(numbers)

    def _meters(self, files: list[File]) -> set[tuple[str, str]]:
        """Return the meters of files and of all that users entered."""
        entered = {(r.mpan, r.serial_number) for each in self.corrections for r in each}
        return _meters(files) | entered

    def _meter_points(self, files: list[File]) -> set[str]:
        entered = {reading.mpan for each in self.corrections for reading in each}
        return _meter_points(files) | entered

    def contents(self) -> Contents:
        """Return the expected contents of every table."""
        imported = self.imported
        visits = [visit for file in imported for visit in file.visits]
        return Contents(
            files=sorted(_file_row(file) for file in self.files.values()),
            findings=sorted(
                (
                    finding
                    for file in self.files.values()
                    for finding in _finding_rows(file)
                ),
                key=repr,
            ),
            meter_points=sorted(self._meter_points(imported)),
            meters=sorted(self._meters(imported)),
            visits=sorted(visits),
            readings=sorted(self.readings()),
        )

    def _load(
        self, file: File, imported: list[File], known: set[tuple[str, str]]
    ) -> Load:
        """Add findings that depend on other files, and count the new rows."""
        readings = self.readings()
        own = [reading for reading in readings if reading.sha256 == file.sha256]
        counts = Counter(reading.version_status for reading in own)
        superseded = {
            r.reading_key for r in readings if r.version_status == "superseded"
        }
        file.stored_issues += _unmatched_withdrawals(own, readings)
        file.stored_issues += _conflicts(file)
        file.stored_issues += _serial_numbers_elsewhere(file, known)
        return Load(
            meter_points=len(_meter_points([file]) - self._meter_points(imported)),
            meters=len(_meters([file]) - known),
            site_visits=len(file.visits),
            readings=len(file.readings),
            duplicate=counts["duplicate"],
            superseded=counts["superseded"],
            withdrawn=counts["withdrawn"],
            superseding=sum(
                r.version_status == "current" and r.reading_key in superseded
                for r in own
            ),
        )


def version_statuses(versions: list[Reading], undone: Iterable[int] = ()) -> list[str]:
    """Return the status of each version of one reading key; versions are in order.

    Versions of an undone correction are withdrawn and do not matter to the others.
    """
    counted = iter(_statuses([v for v in versions if v.correction not in undone]))
    return [
        "withdrawn" if version.correction in undone else next(counted)
        for version in versions
    ]


def _statuses(versions: list[Reading]) -> list[str]:
    """Return the status of each version, none of which is undone.

    A withdrawal withdraws itself and all versions before it. Of the others, a version
    with the same values as an earlier one is a duplicate. A version that is V takes
    precedence over U, and U over F; then the later one takes precedence. The BSC
    validation status of a value and type is the latest one received. The latest version
    that a user entered takes precedence over all.
    """
    withdrawn = max(
        (n for n, r in enumerate(versions, 1) if r.reading_type == "W"), default=0
    )
    rest = versions[withdrawn:]
    statuses = {(r.value, r.reading_type): r.bsc_validation_status for r in rest}
    best, best_rank = None, -1
    for reading in rest:
        status = statuses[reading.value, reading.reading_type]
        rank = {"V": 2, "F": 0}.get(status, 1)
        if rank >= best_rank:
            best, best_rank = reading.compared_values, rank
    for reading in rest:
        if reading.correction:
            best = reading.compared_values
    result, seen = ["withdrawn"] * withdrawn, set()
    for reading in rest:
        if reading.compared_values in seen:
            result.append("duplicate")
        else:
            result.append(
                "current" if reading.compared_values == best else "superseded"
            )
        seen.add(reading.compared_values)
    return result


# Findings that depend on the database


def _unmatched_withdrawals(
    own: list[Reading], readings: list[Reading]
) -> Iterable[Issue]:
    matched = {
        reading.reading_key
        for reading in readings
        if reading.version_status == "withdrawn" and reading.reading_type != "W"
    }
    for line_number, register_id in (
        (reading.line_number, reading.register_id)
        for reading in own
        if reading.reading_type == "W" and reading.reading_key not in matched
    ):
        yield _issue("unmatched-withdrawal", line_number, "030", register_id)


def _conflicts(file: File) -> Iterable[Issue]:
    readings = [r for r in file.readings if r.reading_type != "W"]
    values: dict[tuple[str, ...], set[str]] = defaultdict(set)
    latest: dict[tuple[str, ...], int] = {}
    for reading in readings:
        values[reading.reading_key].add(reading.value)
        latest[reading.reading_key] = reading.line_number
    for reading_key, different in values.items():
        if len(different) > 1:
            yield _issue("conflict-in-file", latest[reading_key], "030", reading_key[2])


def _serial_numbers_elsewhere(
    file: File, known: set[tuple[str, str]]
) -> Iterable[Issue]:
    now = known | _meters([file])
    for mpan, serial_number in _meters([file]) - known:
        if any(s == serial_number and m != mpan for m, s in now):
            line_number = min(
                line
                for line, meter in _meter_lines(file)
                if meter == (mpan, serial_number)
            )
            yield _issue(
                "serial-number-at-other-mpan", line_number, "028", serial_number
            )


def _issue(code: str, line_number: int, group: str, found: str = "") -> Issue:
    rule = next(rule for rule in RULES if rule == code)
    return Issue(rule, line_number, group, found=found)


# From entries to rows


def _reading(sha256: str, entry: Entry) -> Reading:
    record, meter = entry.record, entry.meter
    assert isinstance(record, RegisterReading) and meter is not None
    reason, status = entry.results[0] if entry.results else ("", None)
    return Reading(
        sha256=sha256,
        line_number=entry.line_number,
        mpan_line_number=entry.mpan.line_number,
        meter_line_number=meter.line_number,
        mpan=entry.mpan.record.mpan_core,
        serial_number=meter.record.meter_id,
        register_id=record.register_id,
        read_at=in_utc(record.read_at),
        value=f"{record.value:.3f}",
        reading_type=meter.record.reading_type,
        bsc_validation_status=entry.mpan.record.bsc_validation_status,
        md_reset_at=in_utc(record.md_reset_at) if record.md_reset_at else None,
        md_reset_count=record.md_reset_count,
        meter_reading_flag=record.meter_reading_flag,
        reading_method=record.reading_method,
        reason_code=reason,
        meter_reading_status=status,
        source_lines=_source_lines(entry, record),
    )


def in_utc(moment: datetime) -> str:
    """Return a time as text, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _source_lines(entry: Entry, record: RegisterReading) -> str:
    """Return the received lines if the columns cannot reproduce them."""
    times = [time for time in (record.read_at, record.md_reset_at) if time]
    is_in_columns = (
        not entry.results
        or len(entry.results) == 1
        and any(cell not in ("", None) for cell in entry.results[0])
    )
    if is_in_columns and not any(is_nonexistent_local_time(time) for time in times):
        return ""
    count, flag = record.md_reset_count, record.meter_reading_flag
    cells = (
        record.register_id,
        f"{record.read_at:%Y%m%d%H%M%S}",
        _shortest(record.value),
        f"{record.md_reset_at:%Y%m%d%H%M%S}" if record.md_reset_at else "",
        "" if count is None else str(count),
        _boolean(flag),
        record.reading_method,
    )
    lines = [f"030|{'|'.join(cells)}|"]
    lines += [f"032|{reason}|{_boolean(status)}|" for reason, status in entry.results]
    return "\n".join(lines)


def _shortest(value: object) -> str:
    whole, _, decimals = f"{value:.3f}".partition(".")
    return f"{whole}.{decimals[0]}{decimals[1:].rstrip('0')}"


def _boolean(value: bool | None) -> str:
    return {True: "T", False: "F", None: ""}[value]


def _visit(sha256: str, entry: Entry) -> Visit:
    record, meter = entry.record, entry.meter
    is_visit = isinstance(record, SiteVisit)
    return Visit(
        sha256=sha256,
        line_number=entry.line_number,
        group=entry.group,
        mpan_line_number=entry.mpan.line_number,
        meter_line_number=meter.line_number if meter else None,
        reading_line_number=entry.reading_line_number,
        mpan=entry.mpan.record.mpan_core,
        serial_number=meter.record.meter_id if meter else None,
        check_code=record.check_code if is_visit else "",
        additional_information=record.additional_information if is_visit else "",
        bsc_validation_status=entry.mpan.record.bsc_validation_status,
        reading_type=meter.record.reading_type if meter else "",
    )


def _file_row(file: File) -> tuple[Any, ...]:
    parser, good = file.parser, 0
    if file.status != "rejected":
        good = len(file.readings)
    header: Header | None = parser.header
    counts = _counts(file)
    severities = Counter(
        severity_of(issue.code, file.policy) for issue in file.stored_issues
    )
    return (
        file.sha256,
        file.filename,
        file.status,
        file.policy.value,
        parser.line_count,
        file.readings_read,
        good,
        file.readings_read - good,
        severities[Severity.ERROR],
        severities[Severity.WARNING],
        severities[Severity.NOTE],
        tuple(sorted(counts.items())),
        header.file_identifier if header else "",
        in_utc(header.file_created_at) if header else None,
        parser.header_text.replace("\0", "\\x00"),
        parser.trailer_text.replace("\0", "\\x00"),
        parser.lines.line_ending,
        parser.lines.ends_with_newline,
    )


def _finding_rows(file: File) -> Iterable[tuple[Any, ...]]:
    for issue in file.stored_issues:
        severity = severity_of(issue.code, file.policy).value
        yield (
            file.sha256,
            str(issue.code),
            severity,
            issue.line_number,
            issue.group,
            issue.found,
        )


def _counts(file: File) -> dict[str, int]:
    return dict(Counter(str(issue.code) for issue in file.stored_issues))


def _rejects(issue: Issue, policy: Policy) -> bool:
    if severity_of(issue.code, policy) != Severity.ERROR:
        return False
    is_of_a_group = issue.group not in ("ZHV", "ZPT", "")
    leaves_group_out = RULES[issue.code].affects_group_only and is_of_a_group
    return not (leaves_group_out and policy == Policy.PARTIAL)


def _meter_lines(file: File) -> Iterable[tuple[int, tuple[str, str]]]:
    """Yield the line and meter of each 028 that has stored rows."""
    for row in (*file.readings, *file.visits):
        if row.serial_number is not None and row.meter_line_number is not None:
            yield row.meter_line_number, (row.mpan, row.serial_number)


def _meters(files: Iterable[File]) -> set[tuple[str, str]]:
    return {meter for file in files for _, meter in _meter_lines(file)}


def _meter_points(files: Iterable[File]) -> set[str]:
    return {row.mpan for file in files for row in (*file.readings, *file.visits)}
