"""Reading reader: reads 030 lines, one by one or by column, and their children.

A reading stays open until a group that is not its child, because 032s and 033s may
follow it. The last line in the buffer of the bulk reader is open too.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from meter_readings.d0010.grammar import Flow, Group
from meter_readings.d0010.issues import IssueCode
from meter_readings.d0010.meter_pattern import child_pattern
from meter_readings.d0010.record_reader import RecordReader, Report
from meter_readings.d0010.records import (
    Entry,
    Header,
    MeterReadingType,
    MpanCore,
    ParentGroup,
    RegisterReading,
    ValidationResult,
    make_record,
)

from .block import LineRun, ReadingBatch
from .bulk_reader import BulkReadingReader, ReportRepeated
from .rules import ReadingRules

# The 032s of a reading that are kept: it is stored as one row. There are 27 reasons.
MAX_RESULTS = 1000

type Batch = list[Entry] | ReadingBatch
type Parents = tuple[ParentGroup[MpanCore], ParentGroup[MeterReadingType]]


class InvalidGroup:
    """Marks an open group whose record is invalid."""


class BufferedReading:
    """Marks an open reading that is the last line in the buffer of the bulk reader."""


INVALID = InvalidGroup()
BUFFERED = BufferedReading()


class ReadingReader:
    """Reads the readings of one file; `invalid_count` counts those without an entry.

    `open_reading` is the open reading, and `line_number` is its line.
    """

    def __init__(
        self,
        flow: Flow,
        report: Report,
        report_repeated: ReportRepeated,
        not_after: datetime | None,
    ) -> None:
        self.invalid_count = 0
        self.open_reading: Entry | InvalidGroup | BufferedReading | None = None
        self.line_number = 0
        self._results: list[ValidationResult] = []
        self._has_visit = False
        self._entries: list[Entry] = []
        # Children of the last line in the buffer, and visits of the lines before it
        self._buffered_result: ValidationResult | None = None
        self._buffered_visits: list[Entry] = []
        self._visits: list[Entry] = []
        self._rules = ReadingRules(flow, report, not_after)
        self._group = flow.reading
        self._result, self._visit = flow.result, flow.reading_visit
        self._children = child_pattern(flow)
        self._bulk_reader = BulkReadingReader(
            flow.reading, self._rules, report_repeated
        )
        self._feed = self._bulk_reader.feed
        self._read: Callable[[Group, str, int], Any] = RecordReader(report).read

    def set_header(self, header: Header) -> None:
        """Set the header for the readings that follow; the buffer must be empty."""
        self._rules.header = header
        self._bulk_reader.forget()

    def read(self, line: str, line_number: int, parents: Parents | None) -> None:
        """Read a line by the grammar, and open its reading.

        Without parents it is invalid; the issues of its fields are reported
        nevertheless.
        """
        self.line_number = line_number
        record: RegisterReading | None = self._read(self._group, line, line_number)
        self.open_reading, self._has_visit = INVALID, False
        if parents is not None and record is not None:
            mpan, meter = parents
            reading_type = meter.record.reading_type
            if self._rules.validate(record, reading_type, line_number):
                code = self._group.code
                self.open_reading = Entry(line_number, code, record, mpan, meter)
        if self.open_reading is INVALID:
            self.invalid_count += 1

    def buffer(self, run: LineRun, readings: str, others: str) -> int:
        """Buffer consecutive lines, and open the last one; return its line number.

        `others` are further readings with the children of those before them, or "".
        The issues of readings are reported by `flush`.
        """
        if self.open_reading is not None:
            self.close()
        self._feed(run, readings)
        self.open_reading = BUFFERED
        self.line_number = run.line_number + run.line_count - 1
        if others:
            self._buffer_others(run, others)
        return self.line_number

    def _buffer_others(self, run: LineRun, others: str) -> None:
        """Buffer readings of the same meter with the children of those before them."""
        mpan, meter, _, _ = run
        number = self.line_number
        for result_line, visit_line, readings in self._children.findall(others):
            of_reading = number
            if result_line:
                number += 1
                result = self._read(self._result, result_line[:-1], number)
                if result is not None:
                    self._bulk_reader.add_result(of_reading, result)
            if visit_line:
                number += 1
                visit = self._read(self._visit, visit_line[:-1], number)
                if visit is not None:
                    code = self._visit.code
                    entry = Entry(number, code, visit, mpan, meter, (), of_reading)
                    self._visits.append(entry)
            count = readings.count("\n")
            run = make_record(LineRun, (mpan, meter, number + 1, count))
            self._feed(run, readings)
            number += count
        self.line_number = number

    # Children of the open reading, which is valid or in the buffer.

    def add_result(self, result: ValidationResult) -> tuple[IssueCode, str] | None:
        """Add a 032; return its issue, with what is expected, if it has one."""
        if self.open_reading is BUFFERED and not self._buffered_visits:
            if self._buffered_result is None:
                self._buffered_result = result
                return None
        self._open_buffered()
        if self.open_reading is INVALID:
            return None
        issue = None
        if len(self._results) == MAX_RESULTS:
            expected = f"at most {MAX_RESULTS:,} 032s for each 030"
            return IssueCode.TOO_MANY_RESULTS, expected
        if self._results:
            issue = IssueCode.MULTIPLE_RESULTS, "one 032 for each 030"
        elif self._has_visit:
            issue = IssueCode.OUT_OF_ORDER, "032 before 033"
        self._results.append(result)
        return issue

    def add_visit(self, visit: Entry) -> None:
        """Add a 033."""
        if self.open_reading is BUFFERED:
            self._buffered_visits.append(visit)
        else:
            self._entries.append(visit)
            self._has_visit = True

    def close(self) -> None:
        """Close the open reading: no further 032 or 033 belongs to it."""
        reading, self.open_reading = self.open_reading, None
        if reading is BUFFERED:
            if self._buffered_result is not None:
                result, self._buffered_result = self._buffered_result, None
                self._bulk_reader.add_result(self.line_number, result)
            if self._buffered_visits:
                self._visits += self._buffered_visits
                self._buffered_visits = []
        elif isinstance(reading, Entry):
            if self._results:
                reading = reading._replace(results=tuple(self._results))
                self._results = []
            self._entries.append(reading)
            self._rules.validate_results(reading)

    def flush(self) -> list[Batch]:
        """Return the readings that are complete, and their visits.

        The open reading stays open.
        """
        self._open_buffered()
        batch, entries, invalid = self._bulk_reader.flush()
        self.invalid_count += len(invalid)
        entries += [
            visit for visit in self._visits if visit.reading_line_number not in invalid
        ]
        batches = [each for each in (batch, entries, self._entries) if each]
        self._visits, self._entries = [], []
        return batches

    def _open_buffered(self) -> None:
        """Read the open reading by itself if it is in the buffer."""
        if self.open_reading is BUFFERED:
            (mpan, meter, number, _), line = self._bulk_reader.take_last_line()
            self.read(line, number, (mpan, meter))
            self._add_buffered_children()

    def _add_buffered_children(self) -> None:
        if isinstance(self.open_reading, Entry):
            if self._buffered_result is not None:
                self._results = [self._buffered_result]
            self._entries += self._buffered_visits
            self._has_visit = bool(self._buffered_visits)
        self._buffered_result, self._buffered_visits = None, []
