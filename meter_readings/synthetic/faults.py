"""For every kind of fault, one way to spoil a right flow file with it."""

from __future__ import annotations

from meter_readings.d0010 import D0010, HEADER, TRAILER, FaultCode, Header
from meter_readings.d0010.codes import MarketRole, ReadingType, SiteVisitCheckCode
from meter_readings.d0010.lines import LONGEST_LINE
from meter_readings.d0010.mpan import check_digit

from .spoilings import (
    READ_AFTER_CREATION,
    Lines,
    Place,
    Spoiling,
    cells,
    ending,
    in_turn,
    judged,
    late_visit,
    lines_of,
    note,
    noted,
    orphan,
)

_MPAN, _METER, _READING = D0010.mpan, D0010.meter, D0010.reading
_VISIT = f"{D0010.mpan_visit.code}|{SiteVisitCheckCode.OCCUPIED}|\n"
_CUT = f"{_READING.code}|01|2025"
_SPECIAL = cells(_METER, reading_type=ReadingType.SPECIAL)
_ROUTINE = cells(_METER, reading_type=ReadingType.ROUTINE)


def spoilt(lines: Lines, header: Header, code: FaultCode) -> Lines:
    """Return the lines of a part of a file with a fault put into them."""
    return SPOILINGS[code].spoil(lines, header)


def place_of(code: FaultCode) -> Place:
    """Return which part of a file a fault spoils."""
    return SPOILINGS[code].place


def _twice(lines: Lines) -> Lines:
    return lines * 2


def _nothing(lines: Lines) -> Lines:
    return []


def _one_more(cell: str) -> str:
    return str(int(cell) + 1)


def _other_check_digit(cell: str) -> str:
    return cell[:12] + str((int(cell[12]) + 1) % 10)


def _unknown_distributor(cell: str) -> str:
    return f"99{cell[2:12]}" + check_digit(f"99{cell[2:12]}")


SPOILINGS: dict[FaultCode, Spoiling] = {
    # The file as a whole
    FaultCode.EMPTY_FILE: lines_of(Place.WHOLE_FILE, _nothing),
    FaultCode.NOT_A_FLOW_FILE: lines_of(
        Place.WHOLE_FILE, lambda lines: ["MPAN,register,date,reading\n"]
    ),
    FaultCode.NO_HEADER: lines_of(Place.HEADER, _nothing),
    FaultCode.SECOND_HEADER: lines_of(Place.HEADER, _twice),
    FaultCode.WRONG_FLOW: cells(HEADER, flow_and_version="D0036001"),
    FaultCode.WRONG_VERSION: cells(HEADER, flow_and_version="D0010001"),
    FaultCode.NO_TRAILER: lines_of(Place.TRAILER, _nothing),
    FaultCode.CUT_SHORT: lines_of(Place.TRAILER, lambda lines: [_CUT]),
    FaultCode.AFTER_TRAILER: lines_of(Place.TRAILER, _twice),
    FaultCode.FILE_IDENTIFIER_DIFFERS: cells(TRAILER, file_identifier="OTHER00001"),
    FaultCode.GROUP_COUNT_DIFFERS: cells(TRAILER, group_count=_one_more),
    FaultCode.FLOW_COUNT_DIFFERS: cells(TRAILER, flow_count=_one_more),
    FaultCode.CHECKSUM_GIVEN: cells(TRAILER, checksum="1234567890"),
    FaultCode.COMPLETED_BEFORE_CREATED: cells(
        TRAILER, file_completed_at="20000101000000"
    ),
    FaultCode.NO_MPAN: lines_of(Place.EVERY_METER_POINT, _nothing),
    FaultCode.TEST_FILE: cells(HEADER, test_data_flag="TR01"),
    FaultCode.NO_TEST_FLAG: cells(HEADER, test_data_flag=""),
    FaultCode.UNKNOWN_ROLE: cells(HEADER, to_role="9"),
    FaultCode.UNEXPECTED_ROUTE: cells(
        HEADER, from_role=MarketRole.DISTRIBUTOR, to_role=MarketRole.SUPPLIER
    ),
    FaultCode.CREATED_IN_FUTURE: cells(HEADER, file_created_at="20991231000000"),
    # Characters and lines
    FaultCode.BYTE_ORDER_MARK: lines_of(
        # A byte is written for each character: these three are the mark in UTF-8.
        Place.HEADER,
        lambda lines: ["\xef\xbb\xbf", *lines],
    ),
    FaultCode.UNDECODABLE: noted(note("Caf\xe9 next door")),
    FaultCode.CONTROL_CHARACTER: noted(note("Shop\tupstairs")),
    FaultCode.LINE_TOO_LONG: noted(note("x" * LONGEST_LINE)),
    # The shape of groups
    FaultCode.UNKNOWN_GROUP: lines_of(
        Place.METER_POINT, lambda lines: [*lines, "031|01|\n"]
    ),
    FaultCode.ORPHAN_GROUP: lines_of(Place.METER_POINT, orphan),
    FaultCode.OUT_OF_ORDER: lines_of(Place.METER_POINT, late_visit),
    FaultCode.NO_METER: lines_of(Place.METER_POINT, lambda lines: lines[:1]),
    FaultCode.NO_PIPE_AT_END: ending(""),
    FaultCode.TOO_FEW_CELLS: noted(_VISIT),
    FaultCode.TOO_MANY_CELLS: ending("||"),
    FaultCode.UNKNOWN_CELL: ending("|X|"),
    # Cells
    FaultCode.MISSING: cells(_METER, meter_id=""),
    FaultCode.MISSING_CODE: cells(_READING, reading_method=""),
    FaultCode.SURROUNDING_SPACES: cells(_METER, meter_id=lambda cell: f" {cell}"),
    FaultCode.TOO_LONG: cells(_METER, meter_id=lambda cell: f"{cell}-LONG"),
    FaultCode.TOO_LONG_TO_KEEP: cells(_METER, meter_id=lambda cell: cell * 3),
    FaultCode.UNKNOWN_CODE: cells(_METER, reading_type="K"),
    FaultCode.NOT_A_NUMBER: cells(_READING, value="12,345.0"),
    FaultCode.NEGATIVE: cells(_READING, value="-1.0"),
    FaultCode.TOO_LARGE: cells(_READING, value="123456789.0"),
    FaultCode.TOO_LARGE_TO_KEEP: cells(_READING, value="1234567890.0"),
    FaultCode.EXTRA_DECIMALS: cells(_READING, value="12345.67"),
    FaultCode.NO_DECIMAL: cells(_READING, value="12345"),
    FaultCode.LEADING_ZEROS: cells(_READING, value="00123.0"),
    FaultCode.NOT_A_TIME: cells(_READING, read_at="20250230000000"),
    FaultCode.NOT_A_TRUTH: cells(_READING, meter_reading_flag="Y"),
    FaultCode.MPAN_NOT_13_DIGITS: cells(_MPAN, mpan_core=lambda cell: cell[:12]),
    FaultCode.MPAN_CHECK_DIGIT: cells(_MPAN, mpan_core=_other_check_digit),
    FaultCode.UNKNOWN_DISTRIBUTOR: cells(_MPAN, mpan_core=_unknown_distributor),
    # Times
    FaultCode.READ_IN_FUTURE: cells(_READING, read_at="20991231000000"),
    FaultCode.READ_AFTER_CREATION: READ_AFTER_CREATION,
    FaultCode.AMBIGUOUS_TIME: in_turn(
        _SPECIAL, cells(_READING, read_at="20231029013000")
    ),
    FaultCode.NONEXISTENT_TIME: in_turn(
        _SPECIAL, cells(_READING, read_at="20230326013000")
    ),
    FaultCode.NOT_MIDNIGHT: in_turn(
        _ROUTINE, cells(_READING, read_at=lambda cell: f"{cell[:8]}123000")
    ),
    FaultCode.MIDNIGHT_HALF_HOURLY: cells(
        HEADER, from_role=MarketRole.HH_DATA_COLLECTOR
    ),
    # Readings
    FaultCode.OLD_SUPPLIERS_ESTIMATE: cells(
        _METER, reading_type=ReadingType.OLD_SUPPLIERS_ESTIMATE
    ),
    FaultCode.SUSPECT_WITHOUT_RESULT: judged("F", 0),
    FaultCode.RESULT_WITHOUT_FLAG: judged("", 1),
    FaultCode.SEVERAL_RESULTS: judged("F", 2),
    FaultCode.MD_RESET_INCOMPLETE: cells(
        _READING, md_reset_at="20250101000000", md_reset_count=""
    ),
}
