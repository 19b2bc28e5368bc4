"""Group reader: nests the groups of a flow file and returns complete entries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeGuard, cast

from .codes import ReadingType
from .grammar import Field, Flow, Group
from .issues import Issue, IssueCode
from .meter_pattern import has_no_issue
from .readings.block import LineRun
from .readings.bulk_reader import ReportRepeated
from .readings.reader import INVALID, Batch, InvalidGroup, ReadingReader
from .record_reader import RecordReader, Report, truncate_for_display
from .records import (
    Entry,
    Header,
    MeterReadingType,
    MpanCore,
    ParentGroup,
    SiteVisit,
    ValidationResult,
    make_record,
)


class GroupReader:
    """Reads the lines of groups into entries; keeps only the groups that are open.

    The parser sets `line_number` before it passes a line.
    """

    def __init__(
        self,
        flow: Flow,
        report: Report,
        report_repeated: ReportRepeated,
        not_after: datetime | None,
    ) -> None:
        self.line_number = 0
        self.flow_count = 0
        self.mpan: ParentGroup[MpanCore] | InvalidGroup | None = None
        self.meter: ParentGroup[MeterReadingType] | InvalidGroup | None = None
        self._entries: list[Entry] = []
        self._batches: list[Batch] = []
        self._mpan_has_meter = self._mpan_has_visit = False
        self._meter_has_reading = self._meter_has_visit = False
        self._flow = flow
        self._report = report
        self._readings = ReadingReader(flow, report, report_repeated, not_after)
        self._read: Callable[[Group, str, int], Any] = RecordReader(report).read
        self.actions = {
            flow.mpan.code: self.open_mpan,
            flow.mpan_visit.code: self.add_mpan_visit,
            flow.meter.code: self.open_meter,
            flow.meter_visit.code: self.add_meter_visit,
            flow.reading.code: self.open_reading,
            flow.result.code: self.add_result,
            flow.reading_visit.code: self.add_reading_visit,
        }

    @property
    def invalid_reading_count(self) -> int:
        return self._readings.invalid_count

    def set_header(self, header: Header) -> None:
        """Set the header for the readings that follow."""
        self.flush()
        self._readings.set_header(header)

    def pop_completed(self) -> list[Batch]:
        """Return the entries that can no longer change.

        The others are an open reading and an open meter that has no children yet; the
        entries after them may be any number, and are returned before them.
        """
        self.flush()
        batches, self._batches = [*self._batches, self._entries], []
        self._entries = []
        return batches

    @property
    def open_line_number(self) -> int | None:
        """The first line that may become an entry later than those after it."""
        for group in (self.meter, self._readings.open_reading):
            if isinstance(group, Entry) or (
                isinstance(group, ParentGroup)
                and not (self._meter_has_reading or self._meter_has_visit)
            ):
                return group.line_number
        return None

    # Groups: each method closes the groups that the line ends.

    def open_mpan(self, line: str) -> None:
        """Read a 026."""
        self.close_mpan()
        self.flow_count += 1
        self._mpan_has_meter = self._mpan_has_visit = False
        record: MpanCore | None = self._read(self._flow.mpan, line, self.line_number)
        self.mpan = INVALID
        if record is not None:
            self.mpan = make_record(ParentGroup, (self.line_number, record))

    def open_meter(self, line: str) -> None:
        """Read a 028, child of the open 026."""
        self.close_meter()
        group = self._flow.meter
        record: MeterReadingType | None = self._read(group, line, self.line_number)
        self.meter = INVALID
        self._mpan_has_meter = True
        if self._has_parent(self.mpan, group) and record is not None:
            self.meter = make_record(ParentGroup, (self.line_number, record))
            if record.reading_type == ReadingType.OLD_SUPPLIERS_ESTIMATE:
                code = IssueCode.OLD_SUPPLIERS_ESTIMATE
                self._report_issue(
                    code, group, record.reading_type, "D", group.fields[1]
                )

    def open_mpan_and_meter(
        self, mpan_core: str, status: str, meter_id: str, reading_type: str
    ) -> bool:
        """Open a 026, unless it is "", and its 028, if they have no issue.

        Return whether they are open. The texts are those of `meter_pattern`.
        """
        if not (mpan_core or isinstance(self.mpan, ParentGroup)):
            return False
        if not has_no_issue(mpan_core, status, reading_type):
            return False
        if self._mpan_has_meter and self._meter_has_reading:
            # No issue or entry comes of the open 026 and 028.
            self.close_reading()
            self._meter_has_reading = self._meter_has_visit = False
        elif mpan_core:
            self.close_mpan()
        else:
            self.close_meter()
        if mpan_core:
            self.flow_count += 1
            self.line_number += 1
            core = make_record(MpanCore, (mpan_core, status))
            self.mpan = make_record(ParentGroup, (self.line_number, core))
            self._mpan_has_visit = False
        self.line_number += 1
        record = make_record(MeterReadingType, (meter_id, reading_type))
        self.meter = make_record(ParentGroup, (self.line_number, record))
        self._mpan_has_meter = True
        return True

    def open_reading(self, line: str) -> None:
        """Read a 030, child of the open 028."""
        self.close_reading()
        meter, parents = self.meter, None
        if self._has_parent(meter, self._flow.reading):
            parents = self._valid_mpan, meter
        self._readings.read(line, self.line_number, parents)

    def buffer_readings(self, readings: str, others: str) -> int:
        """Buffer consecutive 030s, children of the open and valid 028; count the lines.

        `others` are further 030s with the children of those before them, or "". The
        issues of 030s are reported by `flush`. The last one stays open.
        """
        self._meter_has_reading = True
        before, count = self.line_number, readings.count("\n")
        run = make_record(LineRun, (self.mpan, self.meter, before + 1, count))
        self.line_number = self._readings.buffer(run, readings, others)
        return self.line_number - before

    def add_result(self, line: str) -> None:
        """Read a 032, child of the open 030."""
        group = self._flow.result
        record: ValidationResult | None = self._read(group, line, self.line_number)
        if self._has_parent(self._readings.open_reading, group) and record is not None:
            issue = self._readings.add_result(record)
            if issue is not None:
                code, expected = issue
                self._report_issue(code, group, line, expected)

    def add_mpan_visit(self, line: str) -> None:
        """Read a 027, child of the open 026."""
        self.close_reading()
        group, mpan = self._flow.mpan_visit, self.mpan
        record: SiteVisit | None = self._read(group, line, self.line_number)
        if self._has_parent(mpan, group) and record is not None:
            if self._mpan_has_meter:
                expected = f"{group.code} before the first {self._flow.meter.code}"
                self._report_issue(IssueCode.OUT_OF_ORDER, group, line, expected)
            self._mpan_has_visit = True
            self._entries.append(
                Entry(self.line_number, group.code, record, mpan, None)
            )

    def add_meter_visit(self, line: str) -> None:
        """Read a 029, child of the open 028."""
        self.close_reading()
        group, meter = self._flow.meter_visit, self.meter
        record: SiteVisit | None = self._read(group, line, self.line_number)
        if self._has_parent(meter, group) and record is not None:
            if self._meter_has_reading:
                expected = f"{group.code} before the first {self._flow.reading.code}"
                self._report_issue(IssueCode.OUT_OF_ORDER, group, line, expected)
            self._meter_has_visit = True
            number, mpan = self.line_number, self._valid_mpan
            self._entries.append(Entry(number, group.code, record, mpan, meter))

    def add_reading_visit(self, line: str) -> None:
        """Read a 033, child of the open 030."""
        group, reading = self._flow.reading_visit, self._readings.open_reading
        record: SiteVisit | None = self._read(group, line, self.line_number)
        if self._has_parent(reading, group) and record is not None:
            mpan, meter = self._valid_mpan, self._valid_meter
            number, of_line = self.line_number, self._readings.line_number
            visit = Entry(number, group.code, record, mpan, meter, (), of_line)
            self._readings.add_visit(visit)

    def close_reading(self) -> None:
        """Close the open reading: no further 032 or 033 belongs to it."""
        if self._readings.open_reading is not None:
            self._meter_has_reading = True
            self._readings.close()

    def close_meter(self) -> None:
        """Close the open meter; if it has no children, it becomes an entry."""
        self.close_reading()
        meter, self.meter = self.meter, None
        if isinstance(meter, ParentGroup):
            if not (self._meter_has_reading or self._meter_has_visit):
                code, number = self._flow.meter.code, meter.line_number
                entry = Entry(number, code, meter.record, self._valid_mpan, meter)
                self._entries.append(entry)
        self._meter_has_reading = self._meter_has_visit = False

    def close_mpan(self) -> None:
        """Close the open 026: report a missing 028; without children it is an entry."""
        self.close_meter()
        mpan, self.mpan = self.mpan, None
        if isinstance(mpan, ParentGroup) and not self._mpan_has_meter:
            number, code = mpan.line_number, self._flow.mpan.code
            expected = f"a {self._flow.meter.code} after it"
            self._report(Issue(IssueCode.NO_METER, number, code, expected=expected))
            if not self._mpan_has_visit:
                self._entries.append(Entry(number, code, mpan.record, mpan, None))

    def flush(self) -> None:
        """Read the buffered readings; the last one stays open."""
        self._batches += self._readings.flush()

    @property
    def _valid_mpan(self) -> ParentGroup[MpanCore]:
        """The open 026 of a valid 028, which is valid itself."""
        return cast(ParentGroup[MpanCore], self.mpan)

    @property
    def _valid_meter(self) -> ParentGroup[MeterReadingType]:
        """The open 028 of a valid reading, which is valid itself."""
        return cast(ParentGroup[MeterReadingType], self.meter)

    def _has_parent[Parent](
        self, parent: Parent | InvalidGroup | None, group: Group
    ) -> TypeGuard[Parent]:
        """Return whether a valid parent is open; report the group if none is open."""
        if parent is None:
            expected = f"a {group.parent} before it"
            self._report_issue(IssueCode.NO_PARENT, group, group.code, expected)
        return parent is not None and parent is not INVALID

    def _report_issue(
        self,
        code: IssueCode,
        group: Group,
        found: str,
        expected: str,
        field: Field | None = None,
    ) -> None:
        name, shown = str(field) if field else "", truncate_for_display(found)
        self._report(Issue(code, self.line_number, group.code, name, shown, expected))
