"""From entries to staging rows, put aside while the file is checked.

Staging tables are temporary: they belong to the connection alone, so nothing of the
database is locked while a file is checked, and nothing is left when it is rejected.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from itertools import chain, repeat
from types import TracebackType
from typing import Any, Self, cast

from django.db import Error, OperationalError, connection

from meter_readings import d0010
from meter_readings.d0010 import Entry, ParentGroup, RegisterReading, SiteVisit
from meter_readings.d0010.bulk_reader import ReadingBatch
from meter_readings.d0010.parser import Batch
from meter_readings.importer.storage import StorageFull, is_disk_full_error

# How many distinct times are remembered in the database's own words.
_REMEMBERED = 100_000

# Which cells of a 030 are times, counted from its register on.
_READ_AT, _RESET_AT = 1, 3

# More meters than stand in one block of lines, within which entries have no set order.
_METERS_OF_A_BLOCK = 10_000

# A 032 with nothing in its cells: a row cannot tell it from none.
_EMPTY_RESULT = d0010.ValidationResult("", None)

# What is put aside, and what the load works out from it. Types by the loader.
STAGING_TABLES = {
    "staged_meter": "line_number {number}, mpan_line_number {number}, mpan {text},"
    " serial_number {text}, reading_type {text}, bsc_validation_status {text}",
    "staged_reading": "line_number {number}, meter_line_number {number},"
    " register_id {text}, read_at {time}, value {amount}, md_reset_at {time},"
    " md_reset_count {small}, meter_reading_flag {truth}, reading_method {text},"
    " reason_code {text} DEFAULT '', meter_reading_status {truth},"
    " source_lines {text} DEFAULT ''",
    "staged_visit": 'line_number {number}, "group" {text}, mpan_line_number {number},'
    " meter_line_number {number}, reading_line_number {number}, mpan {text},"
    " bsc_validation_status {text}, check_code {text}, additional_information {text}",
    "resolved_meter": "line_number {key}, mpan_line_number {number}, meter_id {number},"
    " meter_point_id {number}, serial_number {text}, reading_type {text},"
    " bsc_validation_status {text}, is_known {truth}",
    "reading_key_to_resolve": "meter_id {number}, register_id {text}, read_at {time}",
    "newer_file": "flow_file_id {number}",
    "affected_meter": "meter_id {number}, meter_point_id {number}",
}

METER_COLUMNS = (
    "line_number",
    "mpan_line_number",
    "mpan",
    "serial_number",
    "reading_type",
    "bsc_validation_status",
)
# Most readings have the first of these alone, and pay for no others.
COMMON_COLUMNS = (
    "line_number",
    "meter_line_number",
    "register_id",
    "read_at",
    "value",
    "meter_reading_flag",
    "reading_method",
)
DEMAND_COLUMNS = (*COMMON_COLUMNS, "md_reset_at", "md_reset_count")
READING_COLUMNS = (
    *DEMAND_COLUMNS,
    "reason_code",
    "meter_reading_status",
    "source_lines",
)
VISIT_COLUMNS = (
    "line_number",
    '"group"',
    "mpan_line_number",
    "meter_line_number",
    "reading_line_number",
    "mpan",
    "bsc_validation_status",
    "check_code",
    "additional_information",
)


# A load waits this long for another to end, if nothing else is said: a large one takes
# minutes.
DEFAULT_LOCK_TIMEOUT = 600.0


class ImportLockTimeout(Exception):
    """Another holds a lock for longer than this load or undoing was to wait for it."""


class StagingArea(ABC):
    """Stages the entries of one file; `load.merge_staged_rows` makes rows of them.

    `patience` is how many seconds it waits for another load to end, ten minutes where
    nothing is said. A context manager: it raises Busy where they ran out, and
    StorageFull where the database or a disk has no free space left.
    """

    # How the database's own loading writes what is not text.
    null: object
    true: object
    false: object
    utc_suffix: str

    def __init__(self, lock_timeout: float | None = None) -> None:
        self.lock_timeout = (
            DEFAULT_LOCK_TIMEOUT if lock_timeout is None else lock_timeout
        )
        self.is_begun = False
        self._meter_lines: set[int] = set()
        self._earlier_meter_lines: set[int] = set()
        # The years, in UTC, of the readings put aside
        self.years: set[int] = set()
        self._instants: dict[int, dict[str, object]] = {_READ_AT: {}, _RESET_AT: {}}

    # What each database does in its own way

    @abstractmethod
    def stage_rows(
        self, table: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]
    ) -> None:
        """Pour rows into a staging table by the fastest way the driver has."""

    @abstractmethod
    def numbers(self, numbers: Iterable[int]) -> Iterable[object]:
        """Return whole numbers as the driver takes them."""

    @abstractmethod
    def quoted(self, text: str) -> str:
        """Return a text that may hold lines and pipes as the driver takes it."""

    @abstractmethod
    def pause(self) -> AbstractContextManager[None]:
        """Leave the connection free for something small that must not wait for long."""

    @abstractmethod
    def is_lock_error(self, error: OperationalError) -> bool:
        """Return whether an error says that another holds a lock."""

    @abstractmethod
    def is_disk_full_error(self, error: OperationalError) -> bool:
        """Return whether an error says that the database has no free space left."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[None]:
        """Open the one transaction of a load, alone among loads until it ends."""

    def finish_staging(self) -> None:
        """See to it that all that was staged has arrived."""

    def ensure_partitions(self) -> None:
        """See to it that the database has a place for the years of what was staged."""

    # Staging

    # The column types of the staging tables
    types: dict[str, str]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let what was put aside go; what cannot go now goes before the next file."""
        if self.is_begun:
            with suppress(Error):
                self.clear()
        if isinstance(error, OperationalError):
            if self.is_lock_error(error):
                raise ImportLockTimeout("Another file is being loaded.") from error
            if self.is_disk_full_error(error):
                raise StorageFull("The database has no free space left.") from error
        if error is not None and is_disk_full_error(error):
            raise StorageFull("A disk has no free space left.") from error

    def begin(self) -> None:
        """Make ready for the entries of a file, or for an undoing.

        The tables are made once for a connection: that takes longer than a small file.
        """
        if self.is_begun:
            return
        self.run(
            *(
                f"CREATE TEMPORARY TABLE IF NOT EXISTS {name}"
                f" ({columns.format(**self.types)})"
                for name, columns in STAGING_TABLES.items()
            )
        )
        self.is_begun = True
        self.clear()

    def clear(self) -> None:
        """Empty the staging tables: nothing of a file stays behind it."""
        self.run(*(f"DELETE FROM {name}" for name in STAGING_TABLES))

    def run(self, *statements: str) -> None:
        """Run some statements, one after another."""
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def stage(self, batch: Batch) -> None:
        """Put a batch of entries aside."""
        if batch:
            self.begin()
        if isinstance(batch, ReadingBatch):
            self._stage_columns(batch)
        elif batch:
            self._stage_entries(batch)

    def _stage_columns(self, batch: ReadingBatch) -> None:
        runs = batch.runs
        self._stage_meters((run.mpan, run.meter) for run in runs)
        line_numbers = (
            range(run.line_number, run.line_number + run.line_count) for run in runs
        )
        meter_lines = (repeat(run.meter.line_number, run.line_count) for run in runs)
        register_ids, times, values, resets_at, resets, flags, methods = batch.cells
        instants = self._instants_of(batch, _READ_AT, self._noted_instant)
        flag_values = self._said(batch, 5, self._truth)
        cells: list[Iterable[object]] = [
            self.numbers(chain.from_iterable(line_numbers)),
            self.numbers(chain.from_iterable(meter_lines)),
            register_ids,
            map(instants.__getitem__, times),
            values,
            map(flag_values.__getitem__, flags),
            methods,
        ]
        columns: tuple[str, ...] = COMMON_COLUMNS
        if any(resets):
            counts = self._said(batch, 4, lambda n: next(self.numbers_or_null(n)))
            instants = self._instants_of(batch, _RESET_AT, self.instant)
            cells.append(map(instants.__getitem__, resets_at))
            cells.append(map(counts.__getitem__, resets))
            columns = DEMAND_COLUMNS
        self.stage_rows("staged_reading", columns, zip(*cells, strict=False))

    def _said(
        self, batch: ReadingBatch, index: int, taken: Callable[[Any], object]
    ) -> dict[str, object]:
        """Return each cell of a column as the driver takes what it means."""
        values = cast(dict[str, Any], batch.values[index])
        return {cell: taken(value) for cell, value in values.items()}

    def _instants_of(
        self, batch: ReadingBatch, index: int, taken: Callable[[datetime], object]
    ) -> dict[str, object]:
        """Return the instant of each cell of a column; an empty one is null."""
        instants = self._instants[index]
        if len(instants) > _REMEMBERED:
            instants.clear()
        instants[""] = self.null
        meanings = cast(dict[str, datetime], batch.values[index])
        for cell in set(batch.cells[index]).difference(instants):
            instants[cell] = taken(meanings[cell])
        return instants

    def _noted_instant(self, moment: datetime) -> object:
        """Return the time of a reading as the driver takes it; note its year."""
        self.years.add(moment.astimezone(UTC).year)
        return self.instant(moment)

    def instant(self, moment: datetime | None) -> object:
        """Return an aware time as the driver takes it: text, in UTC."""
        if moment is None:
            return self.null
        return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}{self.utc_suffix}"

    def _stage_meters(
        self, pairs: Iterable[tuple[ParentGroup[Any], ParentGroup[Any] | None]]
    ) -> None:
        """Put aside each 028 once, in whatever order a block of lines gives them."""
        rows = []
        for mpan, meter in pairs:
            if meter is not None and self._is_new(meter.line_number):
                rows.append(
                    (
                        *self.numbers((meter.line_number, mpan.line_number)),
                        mpan.record.mpan_core,
                        meter.record.meter_id,
                        meter.record.reading_type,
                        mpan.record.bsc_validation_status,
                    )
                )
        self.stage_rows("staged_meter", METER_COLUMNS, rows)

    def _is_new(self, meter_line: int) -> bool:
        """Return whether a 028 has not been put aside; remember it."""
        known = self._meter_lines
        if meter_line in known or meter_line in self._earlier_meter_lines:
            return False
        known.add(meter_line)
        if len(known) > _METERS_OF_A_BLOCK:
            self._earlier_meter_lines, self._meter_lines = known, set()
        return True

    def _stage_entries(self, entries: list[Entry]) -> None:
        self._stage_meters((entry.mpan, entry.meter) for entry in entries)
        readings, visits = [], []
        for entry in entries:
            if isinstance(entry.record, RegisterReading):
                readings.append(self._reading_row(entry, entry.record))
            else:
                visits.append(self._visit_row(entry))
        self.stage_rows("staged_reading", READING_COLUMNS, readings)
        self.stage_rows("staged_visit", VISIT_COLUMNS, visits)

    def _reading_row(self, entry: Entry, record: RegisterReading) -> tuple[Any, ...]:
        assert entry.meter is not None
        result = entry.results[0] if entry.results else None
        return (
            *self.numbers((entry.line_number, entry.meter.line_number)),
            record.register_id,
            self._noted_instant(record.read_at),
            str(record.value),
            self._truth(record.meter_reading_flag),
            record.reading_method,
            self.instant(record.md_reset_at),
            *self.numbers_or_null(record.md_reset_count),
            result.reason_code if result else "",
            self._truth(result.meter_reading_status if result else None),
            self.quoted(_received_text(entry, record)),
        )

    def _visit_row(self, entry: Entry) -> tuple[Any, ...]:
        visit = entry.record
        code, information = visit if isinstance(visit, SiteVisit) else ("", "")
        meter_line = entry.meter.line_number if entry.meter else None
        return (
            *self.numbers((entry.line_number,)),
            entry.group,
            *self.numbers((entry.mpan.line_number,)),
            *self.numbers_or_null(meter_line),
            *self.numbers_or_null(entry.reading_line_number),
            entry.mpan.record.mpan_core,
            entry.mpan.record.bsc_validation_status,
            code,
            information,
        )

    def numbers_or_null(self, number: int | None) -> Iterator[object]:
        """Yield one whole number, or null, as the driver takes it."""
        yield from (self.null,) if number is None else self.numbers((number,))

    def _truth(self, truth: bool | None) -> object:
        return {None: self.null, True: self.true, False: self.false}[truth]


def _received_text(entry: Entry, record: RegisterReading) -> str:
    """Return the lines of a reading where its row alone would not write them back."""
    moments = [moment for moment in (record.read_at, record.md_reset_at) if moment]
    is_in_row = len(entry.results) < 2 and _EMPTY_RESULT not in entry.results
    if is_in_row and not any(map(d0010.is_nonexistent, moments)):
        return ""
    reading, result = d0010.D0010.reading, d0010.D0010.result
    lines = [d0010.write_group(reading, record)]
    lines += [d0010.write_group(result, verdict) for verdict in entry.results]
    return "\n".join(lines)
