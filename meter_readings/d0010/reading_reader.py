"""Reading reader: reads 030 lines, one by one by the grammar or buffered in bulk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, cast

from .bulk_reader import BulkReadingReader, LineRun, ReadingBatch
from .grammar import Flow, Group
from .reading_rules import ReadingRules
from .record_reader import RecordReader, Report
from .records import (
    Entry,
    Header,
    MeterReadingType,
    MpanCore,
    ParentGroup,
    RegisterReading,
)

type Batch = list[Entry] | ReadingBatch
type Parents = tuple[ParentGroup[MpanCore], ParentGroup[MeterReadingType]]


class ReadingReader:
    """Reads the readings of one file; `invalid_count` counts those without an entry."""

    def __init__(self, flow: Flow, report: Report, not_after: datetime | None) -> None:
        self.invalid_count = 0
        self.rules = ReadingRules(flow, report, not_after)
        self._group = flow.reading
        self._bulk_reader = BulkReadingReader(flow.reading, self.rules)
        self._read: Callable[[Group, str, int], Any] = RecordReader(report).read
        self.buffer = self._bulk_reader.feed

    def set_header(self, header: Header) -> None:
        """Set the header for the readings that follow; the buffer must be empty."""
        self.rules.header = header

    def read(
        self, line: str, line_number: int, parents: Parents | None
    ) -> Entry | None:
        """Read a line by the grammar; return None if the reading cannot be loaded.

        Without parents it cannot; the issues of its fields are reported nevertheless.
        """
        record: RegisterReading | None = self._read(self._group, line, line_number)
        if parents is not None and record is not None:
            mpan, meter = parents
            reading_type = meter.record.reading_type
            if self.rules.validate(record, reading_type, line_number):
                return Entry(line_number, self._group.code, record, mpan, meter)
        self.invalid_count += 1
        return None

    def read_last_buffered(self) -> Entry | None:
        """Read the last line of the buffer by itself: 032s and 033s may follow it."""
        (mpan, meter, number, _), line = self._bulk_reader.take_last_line()
        record = self._bulk_reader.read_line(line)
        if record is None:
            return self.read(line, number, (mpan, meter))
        reading = cast(RegisterReading, record)
        return Entry(number, self._group.code, reading, mpan, meter)

    def flush(self) -> Iterator[Batch]:
        """Empty the buffer; yield its readings, none of which has a 032."""
        entries: list[Entry] = []
        for batch in self._bulk_reader.flush():
            if isinstance(batch, ReadingBatch):
                yield batch
            else:
                entries += self._read_by_grammar(batch.run, batch.lines)
        if entries:
            yield entries

    def _read_by_grammar(self, run: LineRun, lines: list[str]) -> Iterator[Entry]:
        for number, line in enumerate(lines, run.line_number):
            reading = self.read(line, number, (run.mpan, run.meter))
            if reading is not None:
                self.rules.validate_results(reading)
                yield reading
