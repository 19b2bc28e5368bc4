"""Rules of a register reading (030) beyond the form of its fields.

The grammar says which values a field can have. These rules compare fields with each
other, with the header, with the reading type of the 028 and with the present time.
`validate` and `validate_results` report the issues of one reading. The other public
methods tell the bulk reader which readings have no such issue; the two must agree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, time
from typing import Any, cast

from .codes import MarketRole, ReadingType
from .field_types import DateTimeType
from .grammar import Field, Flow
from .issues import Issue, IssueCode
from .records import Entry, Header, RegisterReading

_MIDNIGHT = time(0, 0)

# J0045 of a suspect reading, which requires a 032
_SUSPECT = "F"


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
        self._result_code = flow.result.code
        self._group_code = flow.reading.code
        self._fields = {field.name: field for field in flow.reading.fields}
        names = [*self._fields]
        self._md_reset_at = names.index("md_reset_at")
        self._md_reset_count = names.index("md_reset_count")
        self._meter_reading_flag = names.index("meter_reading_flag")

    # One reading

    def validate(
        self, record: RegisterReading, reading_type: str, line_number: int
    ) -> bool:
        """Report the issues of a reading; return whether it can be loaded.

        `reading_type` is J0171 of its 028. A reading in the future cannot be loaded.
        """
        read_at, header = record.read_at, self.header
        if (record.md_reset_at is None) != (record.md_reset_count is None):
            code, expected = IssueCode.MD_RESET_INCOMPLETE, "both date and number"
            found = "one of them"
            self._report_issue(code, line_number, "md_reset_at", found, expected)
        if self._not_after is not None and read_at > self._not_after:
            code, expected = IssueCode.READ_IN_FUTURE, "not later than now"
            self._report_time(code, line_number, read_at, expected)
            return False
        if header is not None and read_at > header.file_created_at:
            created = DateTimeType().write(header.file_created_at)
            code, expected = IssueCode.READ_AFTER_CREATION, f"{created} at the latest"
            self._report_time(code, line_number, read_at, expected)
        if not self._is_usual_time(read_at):
            if self._is_from(MarketRole.HH_DATA_COLLECTOR):
                code, expected = IssueCode.MIDNIGHT_HALF_HOURLY, "235959 the day before"
                self._report_time(code, line_number, read_at, expected)
            elif reading_type != ReadingType.SPECIAL:
                code, expected = IssueCode.NOT_MIDNIGHT, "000000, or type S"
                self._report_time(code, line_number, read_at, expected)
        return True

    def validate_results(self, entry: Entry) -> None:
        """Report a meter reading flag that does not agree with the number of 032s."""
        flag = cast(RegisterReading, entry.record).meter_reading_flag
        if flag is False and not entry.results:
            code, found = IssueCode.SUSPECT_WITHOUT_RESULT, "F"
            expected = f"a {self._result_code} after it"
        elif flag is None and entry.results:
            code, found, expected = IssueCode.RESULT_WITHOUT_FLAG, "", "T or F"
        else:
            return
        field = "meter_reading_flag"
        self._report_issue(code, entry.line_number, field, found, expected)

    # Many readings

    def is_always_valid(self, field: Field, value: Any) -> bool:
        """Return whether a value of a field is valid in every reading.

        A date and time is not, unless it is in the past and usual for the sender.
        Before the header has been read, none is.
        """
        if field.name == "read_at":
            return (
                self.header is not None
                and value <= self.header.file_created_at
                and (self._not_after is None or value <= self._not_after)
                and self._is_usual_time(value)
            )
        return True

    def are_consistent(self, columns: Sequence[Sequence[str]]) -> bool:
        """Return whether MD reset dates and numbers of MD resets come in pairs."""
        dates, counts = columns[self._md_reset_at], columns[self._md_reset_count]
        if not any(dates) and not any(counts):
            return True
        return list(map(bool, dates)) == list(map(bool, counts))

    def are_complete(self, columns: Sequence[Sequence[str]]) -> bool:
        """Return whether no reading is suspect: a suspect reading requires a 032."""
        return _SUSPECT not in columns[self._meter_reading_flag]

    def _is_usual_time(self, read_at: datetime) -> bool:
        """Return whether readings of every type have this time (J0016).

        Half-hourly collectors write midnight as the last second of the day before.
        Non-half-hourly collectors write midnight, except for special readings.
        """
        is_midnight = read_at.time() == _MIDNIGHT
        if self._is_from(MarketRole.HH_DATA_COLLECTOR):
            return not is_midnight
        return is_midnight or not self._is_from(MarketRole.NHH_DATA_COLLECTOR)

    def _is_from(self, role: MarketRole) -> bool:
        return self.header is not None and self.header.from_role == role

    def _report_time(
        self, code: IssueCode, line_number: int, read_at: datetime, expected: str
    ) -> None:
        found = DateTimeType().write(read_at)
        self._report_issue(code, line_number, "read_at", found, expected)

    def _report_issue(
        self, code: IssueCode, line_number: int, field: str, found: str, expected: str
    ) -> None:
        name = str(self._fields[field])
        self._report(Issue(code, line_number, self._group_code, name, found, expected))
