"""Reading reader: reads 030 lines, one by one by the grammar or buffered in bulk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from meter_readings.d0010.grammar import Flow, Group
from meter_readings.d0010.record_reader import RecordReader, Report
from meter_readings.d0010.records import (
    Entry,
    Header,
    MeterReadingType,
    MpanCore,
    ParentGroup,
    RegisterReading,
)

from .block import ReadingBatch
from .bulk_reader import BulkReadingReader, ReportRepeated
from .rules import ReadingRules

type Batch = list[Entry] | ReadingBatch
type Parents = tuple[ParentGroup[MpanCore], ParentGroup[MeterReadingType]]


class ReadingReader:
    """Reads the readings of one file; `invalid_count` counts those without an entry."""

    def __init__(
        self,
        flow: Flow,
        report: Report,
        report_repeated: ReportRepeated,
        not_after: datetime | None,
    ) -> None:
        self.invalid_count = 0
        self.rules = ReadingRules(flow, report, not_after)
        self._group = flow.reading
        self._bulk_reader = BulkReadingReader(flow.reading, self.rules, report_repeated)
        self._read: Callable[[Group, str, int], Any] = RecordReader(report).read
        self.buffer = self._bulk_reader.feed
        self.add_result = self._bulk_reader.add_result

    def set_header(self, header: Header) -> None:
        """Set the header for the readings that follow; the buffer must be empty."""
        self.rules.header = header
        self._bulk_reader.forget()

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
        return self.read(line, number, (mpan, meter))

    def flush(self) -> tuple[list[Batch], set[int]]:
        """Empty the buffer; return its readings, and the line numbers of invalid ones.

        None of the readings of a `ReadingBatch` has a 032.
        """
        batch, entries, invalid = self._bulk_reader.flush()
        self.invalid_count += len(invalid)
        return [each for each in (batch, entries) if each], invalid
