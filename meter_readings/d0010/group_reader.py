"""The groups of a flow file and how they nest: what is open, what belongs to what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from typing import Any, cast

from .bulk_reader import LineRun
from .codes import MarketRole, ReadingType
from .field_types import Moment
from .grammar import Field, Flow, Group
from .issues import Issue, IssueCode
from .record_reader import RecordReader, Report, shortened
from .records import (
    Entry,
    Header,
    MeterReadingType,
    MpanCore,
    ParentGroup,
    RegisterReading,
    SiteVisit,
    ValidationResult,
)

# J0016: a half-hourly collector's midnight is the last second of the day before.
_MIDNIGHT = time(0, 0)


_new = tuple.__new__  # what the class of a NamedTuple calls, without its wrapper


class InvalidGroup:
    """Stands in the place of an open group whose record could not be read."""


INVALID = InvalidGroup()


class GroupReader:
    """Reads group lines into entries, holding no more than the groups that are open.

    `line_number` is set by whoever hands over the lines. `entries` collects what was
    read; a reading stays open, and can still change, while 032s may follow it.
    """

    def __init__(self, flow: Flow, report: Report, not_after: datetime | None) -> None:
        self.line_number = 0
        self.flow_count = 0
        self.invalid_reading_count = 0
        self.header: Header | None = None
        self.mpan: ParentGroup[MpanCore] | InvalidGroup | None = None
        self.meter: ParentGroup[MeterReadingType] | InvalidGroup | None = None
        self.entries: list[Entry] = []
        self._reading: Entry | InvalidGroup | None = None
        self._reading_index = 0
        self._results: list[ValidationResult] = []
        self._mpan_has_meter = self._mpan_has_visit = False
        self._meter_has_reading = self._meter_has_visit = False
        self._flow = flow
        self._not_after = not_after
        self._report = report
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

    def pop_completed(self) -> list[Entry]:
        """Return what is complete; what may still change is kept, and what follows.

        032s may follow an open reading; a meter with nothing yet may become an entry.
        """
        entries, reading, meter = self.entries, self._reading, self.meter
        if isinstance(reading, Entry):
            index = self._reading_index
        elif isinstance(meter, ParentGroup) and not (
            self._meter_has_reading or self._meter_has_visit
        ):
            index = sum(entry.line_number < meter.line_number for entry in entries)
        else:
            index = len(entries)
        self.entries, self._reading_index = entries[index:], 0
        return entries[:index]

    # Each closes what it ends, then opens or adds its own

    def open_mpan(self, line: str) -> None:
        """Read a 026: every group before it is over."""
        self.close_mpan()
        self.flow_count += 1
        self._mpan_has_meter = self._mpan_has_visit = False
        record: MpanCore | None = self._read(self._flow.mpan, line, self.line_number)
        self.mpan = INVALID
        if record is not None:
            self.mpan = _new(ParentGroup, (self.line_number, record))

    def open_meter(self, line: str) -> None:
        """Read a 028 under the open 026."""
        self.close_meter()
        group = self._flow.meter
        record: MeterReadingType | None = self._read(group, line, self.line_number)
        self.meter = INVALID
        self._mpan_has_meter = True
        if self._stands_under(self.mpan, group) and record is not None:
            self.meter = _new(ParentGroup, (self.line_number, record))
            if record.reading_type == ReadingType.OLD_SUPPLIERS_ESTIMATE:
                code = IssueCode.OLD_SUPPLIERS_ESTIMATE
                self._say(code, group, record.reading_type, "D", group.fields[1])

    def open_reading(self, line: str) -> None:
        """Read a 030 under the open 028."""
        self.close_reading()
        group = self._flow.reading
        record: RegisterReading | None = self._read(group, line, self.line_number)
        self._reading = INVALID
        is_placed = self._stands_under(self.meter, group)
        if is_placed and record is not None and self._is_plausible(record):
            self._reading_index = len(self.entries)
            self._reading = self._add_entry(group, record)
        else:
            self.invalid_reading_count += 1

    def add_result(self, line: str) -> None:
        """Read a 032: the verdict on the open 030."""
        group, reading = self._flow.result, self._reading
        record: ValidationResult | None = self._read(group, line, self.line_number)
        if self._stands_under(reading, group) and record is not None:
            if self._results:
                expected = "one 032 under a 030"
                self._say(IssueCode.MULTIPLE_RESULTS, group, line, expected)
            elif self._reading_index < len(self.entries) - 1:
                self._say(IssueCode.OUT_OF_ORDER, group, line, "032 before 033")
            self._results.append(record)

    def add_mpan_visit(self, line: str) -> None:
        """Read a 027: a visit to the open 026's premises."""
        self.close_reading()
        group = self._flow.mpan_visit
        record: SiteVisit | None = self._read(group, line, self.line_number)
        if self._stands_under(self.mpan, group) and record is not None:
            assert isinstance(self.mpan, ParentGroup)
            if self._mpan_has_meter:
                expected = f"{group.code} before the first {self._flow.meter.code}"
                self._say(IssueCode.OUT_OF_ORDER, group, line, expected)
            self._mpan_has_visit = True
            entry = Entry(self.line_number, group.code, record, self.mpan, None)
            self.entries.append(entry)

    def add_meter_visit(self, line: str) -> None:
        """Read a 029: a visit to the open 028's meter."""
        self.close_reading()
        group = self._flow.meter_visit
        record: SiteVisit | None = self._read(group, line, self.line_number)
        if self._stands_under(self.meter, group) and record is not None:
            if self._meter_has_reading:
                expected = f"{group.code} before the first {self._flow.reading.code}"
                self._say(IssueCode.OUT_OF_ORDER, group, line, expected)
            self._meter_has_visit = True
            self._add_entry(group, record)

    def add_reading_visit(self, line: str) -> None:
        """Read a 033: a visit to the open 030's register."""
        group, reading = self._flow.reading_visit, self._reading
        record: SiteVisit | None = self._read(group, line, self.line_number)
        if self._stands_under(reading, group) and record is not None:
            assert isinstance(reading, Entry)
            entry = self._add_entry(group, record)
            number = reading.line_number
            self.entries[-1] = entry._replace(reading_line_number=number)

    def mark_reading_seen(self) -> None:
        """Take note that the open meter has a reading that is read elsewhere."""
        if self._reading is not None:
            self.close_reading()
        self._meter_has_reading = True

    def reopen_last_reading(
        self, run: LineRun, line: str, record: tuple[Any, ...] | None
    ) -> None:
        """Read the open meter's latest 030 now that 032s or 033s may follow it.

        `record` is what it says, where that is known without the table.
        """
        now, self.line_number = self.line_number, run.line_number
        if record is None:
            self.open_reading(line)
        else:
            self.close_reading()
            self._reading_index = len(self.entries)
            self._reading = self._add_entry(self._flow.reading, record)
        self.line_number = now

    def read_run(self, run: LineRun, lines: list[str]) -> None:
        """Read 030s of a meter that may be closed; what is open stays open."""
        now = (self.mpan, self.meter, self.line_number, self._meter_has_reading)
        entries, reading, index = self.entries, self._reading, self._reading_index
        results, self._results = self._results, []
        self.entries, self._reading = [], None
        self.mpan, self.meter, first, _ = run
        for self.line_number, line in enumerate(lines, first):
            self.open_reading(line)
        self.close_reading()
        self._reading, self._reading_index = reading, index + len(self.entries)
        self._results = results
        self.entries += entries
        self.mpan, self.meter, self.line_number, self._meter_has_reading = now

    def close_reading(self) -> None:
        """Let the open reading be; its 032s are complete."""
        reading = self._reading
        if reading is not None:
            self._reading = None
            self._meter_has_reading = True
            if isinstance(reading, Entry):
                if self._results:
                    reading = reading._replace(results=tuple(self._results))
                    self.entries[self._reading_index] = reading
                    self._results = []
                self._check_results(reading)

    def close_meter(self) -> None:
        """Close the reading and the meter; a meter with nothing beneath is an entry."""
        self.close_reading()
        meter, self.meter = self.meter, None
        if isinstance(meter, ParentGroup):
            if not (self._meter_has_reading or self._meter_has_visit):
                assert isinstance(self.mpan, ParentGroup)
                code, number = self._flow.meter.code, meter.line_number
                entry = Entry(number, code, meter.record, self.mpan, meter)
                self.entries.append(entry)
        self._meter_has_reading = self._meter_has_visit = False

    def close_mpan(self) -> None:
        """Close all; a 026 without a 028 is reported, one with nothing is an entry."""
        self.close_meter()
        mpan, self.mpan = self.mpan, None
        if isinstance(mpan, ParentGroup) and not self._mpan_has_meter:
            number, code = mpan.line_number, self._flow.mpan.code
            expected = f"a {self._flow.meter.code} beneath it"
            self._report(Issue(IssueCode.NO_METER, number, code, expected=expected))
            if not self._mpan_has_visit:
                self.entries.append(Entry(number, code, mpan.record, mpan, None))

    # What a reading says

    def is_common(self, field: Field, value: Any) -> bool:
        """Return whether a faultless cell of a 030 is right in every reading."""
        if field.name == "read_at":
            # Before there is a header nothing is sure: what is common stays so.
            return (
                self.header is not None
                and value <= self.header.file_created_at
                and (self._not_after is None or value <= self._not_after)
                and self._is_time_for_all_types(value)
            )
        return True

    def _is_plausible(self, record: RegisterReading) -> bool:
        """Report what is odd about a reading; return whether it can be true at all."""
        group, read_at, header = self._flow.reading, record.read_at, self.header
        if (record.md_reset_at is None) != (record.md_reset_count is None):
            code, expected = IssueCode.MD_RESET_INCOMPLETE, "both time and count"
            self._say(code, group, "one of them", expected, group.fields[3])
        if self._not_after is not None and read_at > self._not_after:
            self._say_time(IssueCode.READ_IN_FUTURE, read_at, "not later than now")
            return False
        if header is not None and read_at > header.file_created_at:
            expected = f"{Moment().write(header.file_created_at)} at the latest"
            self._say_time(IssueCode.READ_AFTER_CREATION, read_at, expected)
        if not self._is_time_for_all_types(read_at):
            assert isinstance(self.meter, ParentGroup)
            if self._is_from(MarketRole.HH_DATA_COLLECTOR):
                code, expected = IssueCode.MIDNIGHT_HALF_HOURLY, "235959 the day before"
                self._say_time(code, read_at, expected)
            elif self.meter.record.reading_type != ReadingType.SPECIAL:
                self._say_time(IssueCode.NOT_MIDNIGHT, read_at, "000000, or type S")
        return True

    def _is_time_for_all_types(self, read_at: datetime) -> bool:
        """Return whether the sender's kind of collector sends this time at all (J0016).

        Non-half-hourly: midnight, but for special readings. Half-hourly: not midnight.
        """
        is_midnight = read_at.time() == _MIDNIGHT
        if self._is_from(MarketRole.HH_DATA_COLLECTOR):
            return not is_midnight
        return is_midnight or not self._is_from(MarketRole.NHH_DATA_COLLECTOR)

    def _is_from(self, role: MarketRole) -> bool:
        return self.header is not None and self.header.from_role == role

    def _check_results(self, entry: Entry) -> None:
        """Report a flag and 032s that do not go together."""
        flag = cast(RegisterReading, entry.record).meter_reading_flag
        if flag is False and not entry.results:
            code, found = IssueCode.SUSPECT_WITHOUT_RESULT, "F"
            expected = f"a {self._flow.result.code} beneath it"
        elif flag is None and entry.results:
            code, found, expected = IssueCode.RESULT_WITHOUT_FLAG, "", "T or F"
        else:
            return
        group, number = self._flow.reading, entry.line_number
        field = str(group.fields[5])
        self._report(Issue(code, number, group.code, field, found, expected))

    # Small things

    def _add_entry(self, group: Group, record: Any) -> Entry:
        assert isinstance(self.mpan, ParentGroup)
        assert not isinstance(self.meter, InvalidGroup)
        entry = Entry(self.line_number, group.code, record, self.mpan, self.meter)
        self.entries.append(entry)
        return entry

    def _stands_under(self, parent: object, group: Group) -> bool:
        """Return whether a readable parent is open; report an orphan where none is."""
        if parent is None:
            expected = f"a {group.parent} above it"
            self._say(IssueCode.NO_PARENT, group, group.code, expected)
        return parent is not None and parent is not INVALID

    def _say(
        self,
        code: IssueCode,
        group: Group,
        found: str,
        expected: str,
        field: Field | None = None,
    ) -> None:
        name = str(field) if field else ""
        self._report(
            Issue(code, self.line_number, group.code, name, shortened(found), expected)
        )

    def _say_time(self, code: IssueCode, read_at: datetime, expected: str) -> None:
        group = self._flow.reading
        self._say(code, group, Moment().write(read_at), expected, group.fields[1])
