"""Rules of a register reading (030) beyond the form of its fields.

The grammar says which values a field can have. These rules compare fields with each
other, with the header, with the reading type of the 028 and with the present time.
`validate` and `validate_results` report the issues of one reading; the bulk reader
reports those of many, by the same rules.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, time
from typing import NamedTuple, cast

from meter_readings.d0010.codes import MarketRole, ReadingType
from meter_readings.d0010.field_types import DateTimeType
from meter_readings.d0010.grammar import Flow
from meter_readings.d0010.issues import Issue, IssueCode
from meter_readings.d0010.records import Entry, Header, RegisterReading

_MIDNIGHT = time(0, 0)

# J0045 of a suspect reading, which requires a 032
_SUSPECT = "F"


class FieldIssue(NamedTuple):
    """An issue of a field: what was found, truncated, and what a valid text is."""

    code: IssueCode
    found: str
    expected: str


class LineIssue(NamedTuple):
    """An issue of many readings: the index of its field, and those of the readings."""

    field: int
    issue: FieldIssue
    rows: list[int]


class ReadingRules:
    """The rules for the readings of one file.

    `header` is None until it has been read. A reading after `not_after` is in the
    future; None accepts every time.
    """

    def __init__(
        self, flow: Flow, report: Callable[[Issue], None], not_after: datetime | None
    ) -> None:
        self.header: Header | None = None
        self._report = report
        self._not_after = not_after
        self._group_code = flow.reading.code
        self._fields = {field.name: field for field in flow.reading.fields}
        names = [*self._fields]
        self._md_reset_at = names.index("md_reset_at")
        self._md_reset_count = names.index("md_reset_count")
        self._meter_reading_flag = names.index("meter_reading_flag")
        self._md_reset_incomplete = FieldIssue(
            IssueCode.MD_RESET_INCOMPLETE, "one of them", "both date and number"
        )
        self._suspect_without_result = FieldIssue(
            IssueCode.SUSPECT_WITHOUT_RESULT, _SUSPECT, f"a {flow.result.code} after it"
        )
        self._result_without_flag = FieldIssue(
            IssueCode.RESULT_WITHOUT_FLAG, "", "T or F"
        )

    # One reading

    def validate(
        self, record: RegisterReading, reading_type: str, line_number: int
    ) -> bool:
        """Report the issues of a reading; return whether it can be loaded.

        `reading_type` is J0171 of its 028. A reading in the future cannot be loaded.
        """
        if (record.md_reset_at is None) != (record.md_reset_count is None):
            self._report_issue("md_reset_at", line_number, self._md_reset_incomplete)
        is_loadable = True
        for code, expected in self.time_issues(record.read_at):
            if reading_type != self.exempt_reading_type(code):
                found = DateTimeType().write(record.read_at)
                issue = FieldIssue(code, found, expected)
                self._report_issue("read_at", line_number, issue)
            is_loadable &= code is not IssueCode.READ_IN_FUTURE
        return is_loadable

    def validate_results(self, entry: Entry) -> None:
        """Report a meter reading flag that does not agree with the number of 032s."""
        flag = cast(RegisterReading, entry.record).meter_reading_flag
        if flag is False and not entry.results:
            issue = self._suspect_without_result
        elif flag is None and entry.results:
            issue = self._result_without_flag
        else:
            return
        self._report_issue("meter_reading_flag", entry.line_number, issue)

    # Times

    def is_past(self, moment: datetime) -> bool:
        """Return whether readings of this time are neither late nor in the future."""
        header = self.header
        return (self._not_after is None or moment <= self._not_after) and (
            header is None or moment <= header.file_created_at
        )

    def time_issues(self, read_at: datetime) -> Iterator[tuple[IssueCode, str]]:
        """Yield the issues of a time with what is expected.

        See also `exempt_reading_type`.
        """
        header = self.header
        if self._not_after is not None and read_at > self._not_after:
            yield IssueCode.READ_IN_FUTURE, "not later than now"
            return
        if header is not None and read_at > header.file_created_at:
            created_at = DateTimeType().write(header.file_created_at)
            yield IssueCode.READ_AFTER_CREATION, f"{created_at} at the latest"
        yield from self.time_of_day_issues(read_at.time())

    def time_of_day_issues(self, time_of_day: time) -> Iterator[tuple[IssueCode, str]]:
        """Yield the issue of an unusual time of day (J0016).

        Half-hourly collectors write midnight as the last second of the day before.
        Non-half-hourly collectors write midnight, except for special readings.
        """
        if self._is_from(MarketRole.HH_DATA_COLLECTOR):
            if time_of_day == _MIDNIGHT:
                yield IssueCode.MIDNIGHT_HALF_HOURLY, "235959 the day before"
        elif self._is_from(MarketRole.NHH_DATA_COLLECTOR) and time_of_day != _MIDNIGHT:
            yield IssueCode.NOT_MIDNIGHT, "000000, or type S"

    def exempt_reading_type(self, code: IssueCode) -> str | None:
        """Return the J0171 whose readings do not have an issue of their time."""
        return ReadingType.SPECIAL if code is IssueCode.NOT_MIDNIGHT else None

    # Many readings

    def md_reset_issues(self, columns: Sequence[Sequence[str]]) -> Iterator[LineIssue]:
        """Yield the issue of readings with only one of MD reset date and number.

        `columns` are the texts of the fields of many readings.
        """
        dates, counts = columns[self._md_reset_at], columns[self._md_reset_count]
        # Nearly always both columns are empty, and equal.
        if dates != counts and [*map(bool, dates)] != [*map(bool, counts)]:
            pairs = enumerate(zip(dates, counts, strict=True))
            rows = [row for row, (date, count) in pairs if bool(date) != bool(count)]
            yield LineIssue(self._md_reset_at, self._md_reset_incomplete, rows)

    def flag_issues(
        self, columns: Sequence[Sequence[str]], with_result: Collection[int]
    ) -> Iterator[LineIssue]:
        """Yield the issues of flags that do not agree with the number of 032s.

        `with_result` are the readings that have a 032.
        """
        flags = columns[self._meter_reading_flag]
        if _SUSPECT in flags:
            suspect = [row for row, flag in enumerate(flags) if flag == _SUSPECT]
            rows = [row for row in suspect if row not in with_result]
            issue = self._suspect_without_result
            yield LineIssue(self._meter_reading_flag, issue, rows)
        rows = [row for row in with_result if not flags[row]]
        yield LineIssue(self._meter_reading_flag, self._result_without_flag, rows)

    def _is_from(self, role: MarketRole) -> bool:
        return self.header is not None and self.header.from_role == role

    def _report_issue(self, field: str, line_number: int, issue: FieldIssue) -> None:
        name, (code, found, expected) = str(self._fields[field]), issue
        self._report(Issue(code, line_number, self._group_code, name, found, expected))
