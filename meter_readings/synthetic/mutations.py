"""Mutations: for every issue code, one change that puts the issue into a flow file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from enum import Enum, auto
from itertools import dropwhile
from typing import NamedTuple

from meter_readings.d0010 import (
    D0010,
    HEADER,
    TRAILER,
    Group,
    Header,
    IssueCode,
    SiteVisit,
    ValidationResult,
    midnight,
)
from meter_readings.d0010.codes import (
    MarketRole,
    ReadingType,
    ReasonCode,
    SiteVisitCheckCode,
)
from meter_readings.d0010.readings.reader import MAX_RESULTS
from meter_readings.d0010.lines import LONGEST_LINE
from meter_readings.d0010.mpan import check_digit

from .envelope import line
from .times import format_time

type Lines = list[str]
type FieldChange = str | Callable[[str], str]

_MPAN, _METER, _READING = D0010.mpan, D0010.meter, D0010.reading


class Target(Enum):
    """The part of a file that a mutation changes."""

    WHOLE_FILE = auto()
    HEADER = auto()
    EVERY_METER_POINT = auto()
    METER_POINT = auto()
    TRAILER = auto()


class Mutation(NamedTuple):
    """A change of one part of a file: `apply` takes its lines and returns others."""

    target: Target
    apply: Callable[[Lines, Header], Lines]


_TARGETS = {HEADER: Target.HEADER, TRAILER: Target.TRAILER}


def mutate(lines: Lines, header: Header, code: IssueCode) -> Lines:
    """Return the lines of a part of a file with an issue put into them."""
    return MUTATIONS[code].apply(lines, header)


def _change_lines(target: Target, change: Callable[[Lines], Lines]) -> Mutation:
    return Mutation(target, lambda lines, header: change(lines))


def _compose(first: Mutation, second: Mutation) -> Mutation:
    """Return the mutation that applies two mutations of the same target in turn."""

    def apply(lines: Lines, header: Header) -> Lines:
        return second.apply(first.apply(lines, header), header)

    return Mutation(first.target, apply)


def _set_fields(group: Group, **changes: FieldChange) -> Mutation:
    """Return the mutation that sets fields, by name, in the first line of a group.

    A change is the new text or a function of the old text.
    """

    def change(lines: Lines) -> Lines:
        starts = [text.startswith(group.code + "|") for text in lines]
        if True not in starts:
            # Another mutation has removed the line.
            return lines
        index = starts.index(True)
        changed = _with_fields(group, lines[index], changes)
        return [*lines[:index], changed, *lines[index + 1 :]]

    return _change_lines(_TARGETS.get(group, Target.METER_POINT), change)


def _with_fields(group: Group, text: str, changes: dict[str, FieldChange]) -> str:
    values = text.split("|")
    for column, field in enumerate(group.fields, 1):
        change = changes.get(field.name, values[column])
        values[column] = change if isinstance(change, str) else change(values[column])
    return "|".join(values)


def _replace_line_ending(ending: str) -> Mutation:
    """Return the mutation that replaces the last pipe of a meter point."""
    return _change_lines(
        Target.METER_POINT,
        lambda lines: [*lines[:-1], lines[-1].removesuffix("|\n") + ending + "\n"],
    )


def _insert_line(text: str) -> Mutation:
    """Return the mutation that inserts a line after the 026."""
    return _change_lines(Target.METER_POINT, lambda lines: [lines[0], text, *lines[1:]])


def _insert_site_visit(information: str) -> Mutation:
    """Return the mutation that inserts a 027 with this text (J0012)."""
    visit = SiteVisit(SiteVisitCheckCode.OCCUPIED, information)
    return _insert_line(line(D0010.mpan_visit, visit))


def _set_flag_and_results(flag: str, result_count: int) -> Mutation:
    """Return the mutation of the first reading's flag and the number of its 032s."""
    result_line = line(
        D0010.result, ValidationResult(ReasonCode.OVER_TWICE_EXPECTED, False)
    )

    def change(lines: Lines) -> Lines:
        rest = dropwhile(lambda text: text.startswith(D0010.result.code), lines[3:])
        return [*lines[:3], *[result_line] * result_count, *rest]

    flagged = _set_fields(_READING, meter_reading_flag=flag)
    return _compose(flagged, _change_lines(Target.METER_POINT, change))


def _read_after_creation(lines: Lines, header: Header) -> Lines:
    day_after = midnight(header.file_created_at + timedelta(days=1))
    return _set_fields(_READING, read_at=format_time(day_after)).apply(lines, header)


def _append_meter_visit(lines: Lines) -> Lines:
    """Return a meter point with a 029 after its readings."""
    visit = SiteVisit(SiteVisitCheckCode.NO_ACCESS, "")
    return [*lines, line(D0010.meter_visit, visit)]


def _duplicate(lines: Lines) -> Lines:
    return lines * 2


def _remove(lines: Lines) -> Lines:
    return []


def _increment(text: str) -> str:
    return str(int(text) + 1)


def _wrong_check_digit(mpan_core: str) -> str:
    return mpan_core[:12] + str((int(mpan_core[12]) + 1) % 10)


def _unknown_distributor(mpan_core: str) -> str:
    return f"99{mpan_core[2:12]}" + check_digit(f"99{mpan_core[2:12]}")


_SPECIAL = _set_fields(_METER, reading_type=ReadingType.SPECIAL)
_ROUTINE = _set_fields(_METER, reading_type=ReadingType.ROUTINE)

MUTATIONS: dict[IssueCode, Mutation] = {
    # The file as a whole
    IssueCode.EMPTY_FILE: _change_lines(Target.WHOLE_FILE, _remove),
    IssueCode.NOT_A_FLOW_FILE: _change_lines(
        Target.WHOLE_FILE, lambda lines: ["MPAN,register,date,reading\n"]
    ),
    IssueCode.NO_HEADER: _change_lines(Target.HEADER, _remove),
    IssueCode.SECOND_HEADER: _change_lines(Target.HEADER, _duplicate),
    IssueCode.WRONG_FLOW: _set_fields(HEADER, flow_and_version="D0036001"),
    IssueCode.WRONG_VERSION: _set_fields(HEADER, flow_and_version="D0010001"),
    IssueCode.NO_TRAILER: _change_lines(Target.TRAILER, _remove),
    IssueCode.TRUNCATED: _change_lines(
        Target.TRAILER, lambda lines: [f"{_READING.code}|01|2025"]
    ),
    IssueCode.DATA_AFTER_TRAILER: _change_lines(Target.TRAILER, _duplicate),
    IssueCode.PADDING_AFTER_TRAILER: _change_lines(
        Target.TRAILER, lambda lines: [*lines, "\x1a"]
    ),
    IssueCode.FILE_IDENTIFIER_MISMATCH: _set_fields(
        TRAILER, file_identifier="OTHER00001"
    ),
    IssueCode.GROUP_COUNT_MISMATCH: _set_fields(TRAILER, group_count=_increment),
    IssueCode.FLOW_COUNT_MISMATCH: _set_fields(TRAILER, flow_count=_increment),
    IssueCode.UNEXPECTED_CHECKSUM: _set_fields(TRAILER, checksum="1234567890"),
    IssueCode.COMPLETED_BEFORE_CREATED: _set_fields(
        TRAILER, file_completed_at="20000101000000"
    ),
    IssueCode.NO_MPAN: _change_lines(Target.EVERY_METER_POINT, _remove),
    IssueCode.TEST_FILE: _set_fields(HEADER, test_data_flag="TR01"),
    IssueCode.NO_TEST_FLAG: _set_fields(HEADER, test_data_flag=""),
    IssueCode.UNKNOWN_ROLE: _set_fields(HEADER, to_role="9"),
    IssueCode.UNEXPECTED_ROUTE: _set_fields(
        HEADER, from_role=MarketRole.DISTRIBUTOR, to_role=MarketRole.SUPPLIER
    ),
    IssueCode.CREATED_IN_FUTURE: _set_fields(HEADER, file_created_at="20991231000000"),
    # Characters and lines
    IssueCode.BYTE_ORDER_MARK: _change_lines(
        # Lines are written in Latin-1: these three characters are the mark in UTF-8.
        Target.HEADER,
        lambda lines: ["\xef\xbb\xbf", *lines],
    ),
    IssueCode.NON_ASCII_CHARACTER: _insert_site_visit("Caf\xe9 next door"),
    IssueCode.CONTROL_CHARACTER: _insert_site_visit("Shop\tupstairs"),
    IssueCode.LINE_TOO_LONG: _insert_site_visit("x" * LONGEST_LINE),
    # Groups and their nesting
    IssueCode.UNKNOWN_GROUP: _change_lines(
        Target.METER_POINT, lambda lines: [*lines, "031|01|\n"]
    ),
    IssueCode.NO_PARENT: _change_lines(
        Target.METER_POINT, lambda lines: [lines[0], lines[2], *lines[1:]]
    ),
    IssueCode.OUT_OF_ORDER: _change_lines(Target.METER_POINT, _append_meter_visit),
    IssueCode.NO_METER: _change_lines(Target.METER_POINT, lambda lines: lines[:1]),
    IssueCode.NO_PIPE_AT_END: _replace_line_ending(""),
    IssueCode.TOO_FEW_FIELDS: _insert_line(
        f"{D0010.mpan_visit.code}|{SiteVisitCheckCode.OCCUPIED}|\n"
    ),
    IssueCode.EXTRA_EMPTY_FIELDS: _replace_line_ending("||"),
    IssueCode.EXTRA_FIELDS: _replace_line_ending("|X|"),
    # Fields
    IssueCode.MISSING_VALUE: _set_fields(_METER, meter_id=""),
    IssueCode.MISSING_EXPECTED_VALUE: _set_fields(_READING, reading_method=""),
    IssueCode.SURROUNDING_SPACES: _set_fields(_METER, meter_id=lambda text: f" {text}"),
    IssueCode.TOO_LONG: _set_fields(_METER, meter_id=lambda text: f"{text}-LONG"),
    IssueCode.TOO_LONG_TO_STORE: _set_fields(_METER, meter_id=lambda text: text * 3),
    IssueCode.UNKNOWN_CODE: _set_fields(_METER, reading_type="K"),
    IssueCode.INVALID_NUMBER: _set_fields(_READING, value="12,345.0"),
    IssueCode.NEGATIVE: _set_fields(_READING, value="-1.0"),
    IssueCode.TOO_LARGE: _set_fields(_READING, value="123456789.0"),
    IssueCode.TOO_LARGE_TO_STORE: _set_fields(_READING, value="1234567890.0"),
    IssueCode.EXTRA_DECIMALS: _set_fields(_READING, value="12345.67"),
    IssueCode.NO_DECIMAL: _set_fields(_READING, value="12345"),
    IssueCode.LEADING_ZEROS: _set_fields(_READING, value="00123.0"),
    IssueCode.INVALID_DATETIME: _set_fields(_READING, read_at="20250230000000"),
    IssueCode.INVALID_BOOLEAN: _set_fields(_READING, meter_reading_flag="Y"),
    IssueCode.MPAN_NOT_13_DIGITS: _set_fields(_MPAN, mpan_core=lambda text: text[:12]),
    IssueCode.MPAN_CHECK_DIGIT: _set_fields(_MPAN, mpan_core=_wrong_check_digit),
    IssueCode.UNKNOWN_DISTRIBUTOR: _set_fields(_MPAN, mpan_core=_unknown_distributor),
    # Times
    IssueCode.READ_IN_FUTURE: _set_fields(_READING, read_at="20991231000000"),
    IssueCode.READ_AFTER_CREATION: Mutation(Target.METER_POINT, _read_after_creation),
    IssueCode.AMBIGUOUS_TIME: _compose(
        _SPECIAL, _set_fields(_READING, read_at="20231029013000")
    ),
    IssueCode.NONEXISTENT_TIME: _compose(
        _SPECIAL, _set_fields(_READING, read_at="20230326013000")
    ),
    IssueCode.NOT_MIDNIGHT: _compose(
        _ROUTINE, _set_fields(_READING, read_at=lambda text: f"{text[:8]}123000")
    ),
    IssueCode.MIDNIGHT_HALF_HOURLY: _set_fields(
        HEADER, from_role=MarketRole.HH_DATA_COLLECTOR
    ),
    # Readings
    IssueCode.OLD_SUPPLIERS_ESTIMATE: _set_fields(
        _METER, reading_type=ReadingType.OLD_SUPPLIERS_ESTIMATE
    ),
    IssueCode.SUSPECT_WITHOUT_RESULT: _set_flag_and_results("F", 0),
    IssueCode.RESULT_WITHOUT_FLAG: _set_flag_and_results("", 1),
    IssueCode.MULTIPLE_RESULTS: _set_flag_and_results("F", 2),
    IssueCode.TOO_MANY_RESULTS: _set_flag_and_results("F", MAX_RESULTS + 1),
    IssueCode.MD_RESET_INCOMPLETE: _set_fields(
        _READING, md_reset_at="20250101000000", md_reset_count=""
    ),
}
