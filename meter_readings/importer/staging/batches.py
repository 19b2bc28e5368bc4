"""Staging of batches: turns parsed groups into rows of the staging tables."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import chain, repeat
from typing import Any, Protocol, cast

from meter_readings.d0010 import (
    D0010,
    Batch,
    Entry,
    ParentGroup,
    ReadingBatch,
    RegisterReading,
    SiteVisit,
    ValidationResult,
    is_nonexistent_local_time,
    write_group,
)

from .encoding import Encoder
from .tables import (
    COMMON_COLUMNS,
    DEMAND_COLUMNS,
    METER_COLUMNS,
    READING_COLUMNS,
    RESULT_COLUMNS,
    VISIT_COLUMNS,
)

# How many distinct times of a column are remembered as encoded.
_MAX_REMEMBERED_TIMES = 100_000

# More meters than one block of lines has, within which entries come in no set order.
_MAX_METERS_PER_BLOCK = 10_000

# A 032 without values: the columns of a reading cannot tell it from no 032.
_EMPTY_RESULT = ValidationResult("", None)

_READING_FIELDS = [field.name for field in D0010.reading.fields]


class StageRows(Protocol):
    """Inserts rows into a staging table."""

    def __call__(
        self, table: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]
    ) -> None: ...


class BatchStager:
    """Stages the batches of one file; `years` are those of its readings, in UTC."""

    def __init__(self, encoder: Encoder, stage_rows: StageRows) -> None:
        self.years: set[int] = set()
        self._encoder = encoder
        self._stage_rows = stage_rows
        self._meter_lines: set[int] = set()
        self._earlier_meter_lines: set[int] = set()
        # Encoded times by their cell
        self._read_times: dict[str, object] = {}
        self._reset_times: dict[str, object] = {}

    def stage(self, batch: Batch) -> None:
        if isinstance(batch, ReadingBatch):
            self._stage_columns(batch)
        else:
            self._stage_entries(batch)

    # Batches by column

    def _stage_columns(self, batch: ReadingBatch) -> None:
        encoder = self._encoder
        cells = dict(zip(_READING_FIELDS, batch.columns, strict=True))
        read_value = dict(zip(_READING_FIELDS, batch.read_value, strict=True))

        def encoded(field: str, encode: Callable[[Any], object]) -> Iterable[object]:
            read = read_value[field]
            known = {cell: encode(read(cell)) for cell in set(cells[field])}
            return map(known.__getitem__, cells[field])

        def encoded_times(
            field: str, known: dict[str, object], encode: Callable[[Any], object]
        ) -> Iterable[object]:
            if len(known) > _MAX_REMEMBERED_TIMES:
                known.clear()
            known[""] = encoder.null
            read = read_value[field]
            for cell in set(cells[field]).difference(known):
                known[cell] = encode(read(cell))
            return map(known.__getitem__, cells[field])

        runs = batch.runs
        self._stage_meters((run.mpan, run.meter) for run in runs)
        line_numbers = [*chain.from_iterable(run.line_numbers for run in runs)]
        meter_lines = (repeat(run.meter.line_number, run.line_count) for run in runs)
        staged: list[Iterable[object]] = [
            encoder.encode_ints(line_numbers),
            encoder.encode_ints(chain.from_iterable(meter_lines)),
            cells["register_id"],
            encoded_times("read_at", self._read_times, self._encode_read_at),
            cells["value"],
            encoded("meter_reading_flag", encoder.encode_boolean),
            cells["reading_method"],
        ]
        columns: tuple[str, ...] = COMMON_COLUMNS
        if any(cells["md_reset_at"]) or any(cells["md_reset_count"]):
            staged += [
                encoded_times(
                    "md_reset_at", self._reset_times, encoder.encode_timestamp
                ),
                encoded("md_reset_count", encoder.encode_int),
            ]
            columns += DEMAND_COLUMNS
        if batch.results:
            reason_codes = [""] * len(line_numbers)
            statuses = [encoder.null] * len(line_numbers)
            for number, result in batch.results.items():
                row = bisect_left(line_numbers, number)
                reason_codes[row] = result.reason_code
                statuses[row] = encoder.encode_boolean(result.meter_reading_status)
            staged += [reason_codes, statuses]
            columns += RESULT_COLUMNS
        self._stage_rows("staged_reading", columns, zip(*staged, strict=True))

    def _encode_read_at(self, moment: datetime) -> object:
        """Encode the time of a reading and remember its year."""
        self.years.add(moment.astimezone(UTC).year)
        return self._encoder.encode_timestamp(moment)

    # Batches by entry

    def _stage_entries(self, entries: list[Entry]) -> None:
        self._stage_meters((entry.mpan, entry.meter) for entry in entries)
        readings, visits = [], []
        for entry in entries:
            if isinstance(entry.record, RegisterReading):
                readings.append(self._reading_row(entry, entry.record))
            else:
                visits.append(self._visit_row(entry))
        self._stage_rows("staged_reading", READING_COLUMNS, readings)
        self._stage_rows("staged_visit", VISIT_COLUMNS, visits)

    def _stage_meters(
        self, pairs: Iterable[tuple[ParentGroup[Any], ParentGroup[Any] | None]]
    ) -> None:
        """Stage each 028 once; the meters of a block of lines come in no set order."""
        encoder = self._encoder
        rows = [
            (
                encoder.encode_int(meter.line_number),
                encoder.encode_int(mpan.line_number),
                mpan.record.mpan_core,
                meter.record.meter_id,
                meter.record.reading_type,
                mpan.record.bsc_validation_status,
            )
            for mpan, meter in pairs
            if meter is not None and self._mark_meter_seen(meter.line_number)
        ]
        self._stage_rows("staged_meter", METER_COLUMNS, rows)

    def _mark_meter_seen(self, line_number: int) -> bool:
        """Remember the line of a 028; return whether it is new."""
        seen = self._meter_lines
        if line_number in seen or line_number in self._earlier_meter_lines:
            return False
        seen.add(line_number)
        if len(seen) > _MAX_METERS_PER_BLOCK:
            self._earlier_meter_lines, self._meter_lines = seen, set()
        return True

    def _reading_row(self, entry: Entry, record: RegisterReading) -> tuple[Any, ...]:
        encoder = self._encoder
        # The parser yields a reading only with its meter.
        meter = cast(ParentGroup[Any], entry.meter)
        result = entry.results[0] if entry.results else None
        return (
            encoder.encode_int(entry.line_number),
            encoder.encode_int(meter.line_number),
            record.register_id,
            self._encode_read_at(record.read_at),
            str(record.value),
            encoder.encode_boolean(record.meter_reading_flag),
            record.reading_method,
            encoder.encode_timestamp(record.md_reset_at),
            encoder.encode_int(record.md_reset_count),
            result.reason_code if result else "",
            encoder.encode_boolean(result.meter_reading_status if result else None),
            encoder.quote(_source_lines(entry, record)),
        )

    def _visit_row(self, entry: Entry) -> tuple[Any, ...]:
        encoder = self._encoder
        visit = entry.record
        code, information = visit if isinstance(visit, SiteVisit) else ("", "")
        return (
            encoder.encode_int(entry.line_number),
            entry.group,
            encoder.encode_int(entry.mpan.line_number),
            encoder.encode_int(entry.meter.line_number if entry.meter else None),
            encoder.encode_int(entry.reading_line_number),
            entry.mpan.record.mpan_core,
            entry.mpan.record.bsc_validation_status,
            code,
            information,
        )


def _source_lines(entry: Entry, record: RegisterReading) -> str:
    """Return the lines of a reading if they cannot be written from its columns.

    Those are readings with several 032s or an empty one, and local times that do not
    exist; for all others it is "".
    """
    moments = [moment for moment in (record.read_at, record.md_reset_at) if moment]
    is_in_columns = len(entry.results) < 2 and _EMPTY_RESULT not in entry.results
    if is_in_columns and not any(map(is_nonexistent_local_time, moments)):
        return ""
    texts = {each: write_group(D0010.result, each) for each in set(entry.results)}
    results = map(texts.__getitem__, entry.results)
    return "\n".join((write_group(D0010.reading, record), *results))
