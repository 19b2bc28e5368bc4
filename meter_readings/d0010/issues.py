"""What can be wrong with a flow file, each fault with a code and a sentence.

How much a fault matters is not said here: that is the policy of whoever imports.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, Self


class Coded(StrEnum):
    """Base of lists of faults: the value is stable, the sentence is for people."""

    sentence: str

    def __new__(cls, value: str, sentence: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member


class IssueCode(Coded):
    """What can be wrong with the text of a flow file."""

    # The file as a whole
    EMPTY_FILE = "empty-file", "The file is empty."
    NOT_A_FLOW_FILE = "not-a-flow-file", "This is not a D0010 user file."
    NO_HEADER = "no-header", "The file does not begin with a ZHV header."
    SECOND_HEADER = "second-header", "A second header stands inside the file."
    WRONG_FLOW = "wrong-flow", "The header names another data flow."
    WRONG_VERSION = "wrong-version", "The header names a version that is not D0010002."
    NO_TRAILER = "no-trailer", "There is no ZPT trailer: the file may be cut short."
    TRUNCATED = "truncated", "The file ends in the middle of a line."
    AFTER_TRAILER = "after-trailer", "Something stands after the ZPT trailer."
    FILE_IDENTIFIER_DIFFERS = (
        "file-identifier-differs",
        "Header and trailer bear different file identifiers.",
    )
    GROUP_COUNT_DIFFERS = (
        "group-count-differs",
        "The trailer counts another number of groups than the file holds.",
    )
    FLOW_COUNT_DIFFERS = (
        "flow-count-differs",
        "The trailer counts another number of 026 groups than the file holds.",
    )
    CHECKSUM_GIVEN = (
        "checksum-given",
        "The trailer bears a checksum, which user files do not use: not verified.",
    )
    COMPLETED_BEFORE_CREATED = (
        "completed-before-created",
        "The file was completed before it was created.",
    )
    NO_MPAN = "no-mpan", "The file holds no 026 group."
    TEST_FILE = "test-file", "The test data flag does not say operational (OPER)."
    NO_TEST_FLAG = "no-test-flag", "The test data flag is empty."
    UNKNOWN_ROLE = "unknown-role", "The market participant role code is not listed."
    UNEXPECTED_ROUTE = (
        "unexpected-route",
        "The catalogue does not send a D0010 from this role to that one.",
    )
    CREATED_IN_FUTURE = (
        "created-in-future",
        "The file says it was created later than now.",
    )

    # Characters and lines
    BYTE_ORDER_MARK = "byte-order-mark", "The file begins with a UTF-8 byte order mark."
    UNDECODABLE = (
        "undecodable",
        "A character outside ASCII was read as Windows-1252.",
    )
    CONTROL_CHARACTER = (
        "control-character",
        "A control character stands in the line.",
    )
    LINE_TOO_LONG = "line-too-long", "A line is longer than any group can be."

    # The shape of groups
    UNKNOWN_GROUP = "unknown-group", "The line begins with no group of this flow."
    ORPHAN_GROUP = "orphan-group", "The group stands under no group it belongs to."
    OUT_OF_ORDER = "out-of-order", "The group comes later than the catalogue puts it."
    NO_METER = "no-meter", "The 026 group has no 028 beneath it."
    NO_PIPE_AT_END = "no-pipe-at-end", "The line does not end with a pipe."
    TOO_FEW_CELLS = "too-few-cells", "The line has fewer cells than the group."
    TOO_MANY_CELLS = "too-many-cells", "Empty cells stand beyond the group's last."
    UNKNOWN_CELL = "unknown-cell", "A filled cell stands beyond the group's last."

    # Cells
    MISSING = "missing", "A cell that must be filled is empty."
    MISSING_CODE = "missing-code", "A code that the catalogue wants is empty."
    SURROUNDING_SPACES = "surrounding-spaces", "Spaces stand around the value."
    TOO_LONG = "too-long", "The value is longer than the catalogue allows."
    TOO_LONG_TO_KEEP = "too-long-to-keep", "The value is longer than can be stored."
    UNKNOWN_CODE = "unknown-code", "The code is not in the catalogue's list."
    NOT_A_NUMBER = "not-a-number", "The value is not a plain number."
    NEGATIVE = "negative", "The value is below zero."
    TOO_LARGE = "too-large", "The value has more digits than the catalogue allows."
    TOO_LARGE_TO_KEEP = "too-large-to-keep", "The value has more digits than fit."
    EXTRA_DECIMALS = "extra-decimals", "The value has more decimals than the catalogue."
    NO_DECIMAL = "no-decimal", "The value is written without its decimal place."
    LEADING_ZEROS = "leading-zeros", "The value is written with leading zeros."
    NOT_A_TIME = "not-a-time", "The value is not a date and time."
    INVALID_BOOLEAN = "invalid-boolean", "The value is neither T nor F."
    MPAN_NOT_13_DIGITS = "mpan-not-13-digits", "The MPAN core is not 13 digits."
    MPAN_CHECK_DIGIT = "mpan-check-digit", "The MPAN core's check digit is wrong."
    UNKNOWN_DISTRIBUTOR = "unknown-distributor", "The MPAN's distributor is unknown."

    # Times
    READ_IN_FUTURE = "read-in-future", "The reading was taken later than now."
    READ_AFTER_CREATION = (
        "read-after-creation",
        "The reading was taken later than the file was created.",
    )
    AMBIGUOUS_TIME = (
        "ambiguous-time",
        "The clock showed this time twice that night; the first is taken.",
    )
    NONEXISTENT_TIME = (
        "nonexistent-time",
        "The clock never showed this time; an hour later is taken.",
    )
    NOT_MIDNIGHT = (
        "not-midnight",
        "A non-half-hourly reading that is not special is not at midnight.",
    )
    MIDNIGHT_HALF_HOURLY = (
        "midnight-half-hourly",
        "A half-hourly collector sends midnight as 235959 of the day before.",
    )

    # Readings
    OLD_SUPPLIERS_ESTIMATE = (
        "old-suppliers-estimate",
        "Reading type O belongs to D0071 and D0300, not to a D0010.",
    )
    SUSPECT_WITHOUT_RESULT = (
        "suspect-without-result",
        "The reading is flagged suspect and no 032 says why.",
    )
    RESULT_WITHOUT_FLAG = (
        "result-without-flag",
        "A 032 stands under a reading with no flag.",
    )
    SEVERAL_RESULTS = "several-results", "More than one 032 stands under one reading."
    MD_RESET_INCOMPLETE = (
        "md-reset-incomplete",
        "Maximum demand reset time and count come together or not at all.",
    )


class Issue(NamedTuple):
    """One fault in one place. `line_number` is None for a fault of the whole file.

    `field` is the catalogue's name with its J-number, `found` what the file said
    (shortened), `expected` what should have stood there.
    """

    code: Coded
    line_number: int | None = None
    group: str = ""
    field: str = ""
    found: str = ""
    expected: str = ""


class InvalidValue(Exception):
    """A cell from which no value can be had: its record cannot be made."""

    def __init__(self, code: IssueCode, expected: str) -> None:
        super().__init__(code, expected)
        self.code = code
        self.expected = expected
