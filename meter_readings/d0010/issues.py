"""Issue codes of flow files, each with a message.

The severity of an issue depends on the import policy and is defined by the importer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple, Self


class IssueCodeBase(StrEnum):
    """Base of issue codes. The value never changes; the message may be reworded."""

    message: str

    def __new__(cls, value: str, message: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.message = message
        return member


class IssueCode(IssueCodeBase):
    """Issues in the text of a flow file."""

    # File
    EMPTY_FILE = "empty-file", "The file is empty."
    NOT_A_FLOW_FILE = "not-a-flow-file", "This is not a D0010 user file."
    NO_HEADER = "no-header", "The file does not begin with a ZHV header."
    SECOND_HEADER = "second-header", "The file has a second ZHV header."
    WRONG_FLOW = "wrong-flow", "The header names a different data flow."
    WRONG_VERSION = "wrong-version", "The header names a different version of the flow."
    NO_TRAILER = "no-trailer", "The file has no ZPT trailer and may be truncated."
    TRUNCATED = "truncated", "The file ends in the middle of a line."
    DATA_AFTER_TRAILER = "data-after-trailer", "There is data after the ZPT trailer."
    PADDING_AFTER_TRAILER = (
        "padding-after-trailer",
        "There are padding characters (Ctrl-Z or NUL) after the ZPT trailer.",
    )
    FILE_IDENTIFIER_MISMATCH = (
        "file-identifier-mismatch",
        "The file identifiers in ZHV and ZPT do not match.",
    )
    GROUP_COUNT_MISMATCH = (
        "group-count-mismatch",
        "The group count in ZPT does not match the file.",
    )
    FLOW_COUNT_MISMATCH = (
        "flow-count-mismatch",
        "The flow count in ZPT does not match the number of 026 groups.",
    )
    UNEXPECTED_CHECKSUM = (
        "unexpected-checksum",
        "ZPT has a checksum, which user files do not use. It was not verified.",
    )
    COMPLETED_BEFORE_CREATED = (
        "completed-before-created",
        "The file completion timestamp is before the creation timestamp.",
    )
    NO_MPAN = "no-mpan", "The file has no 026 group."
    TEST_FILE = "test-file", "The test data flag is not OPER (operational)."
    NO_TEST_FLAG = "no-test-flag", "The test data flag is empty."
    UNKNOWN_ROLE = "unknown-role", "The market participant role code is unknown."
    UNEXPECTED_ROUTE = (
        "unexpected-route",
        "The catalogue has no D0010 from this role to that role.",
    )
    CREATED_IN_FUTURE = (
        "created-in-future",
        "The file creation timestamp is in the future.",
    )

    # Characters and lines
    BYTE_ORDER_MARK = "byte-order-mark", "The file begins with a UTF-8 byte order mark."
    NON_ASCII_CHARACTER = (
        "non-ascii-character",
        "A character is not ASCII. It was read as Windows-1252.",
    )
    CONTROL_CHARACTER = (
        "control-character",
        "The line has a control character.",
    )
    LINE_TOO_LONG = (
        "line-too-long",
        "The line is too long. The rest of the file was not read.",
    )

    # Groups and nesting
    UNKNOWN_GROUP = (
        "unknown-group",
        "The line does not begin with a group of this flow.",
    )
    NO_PARENT = "no-parent", "The record has no parent, such as a 030 without a 028."
    OUT_OF_ORDER = "out-of-order", "The records are out of sequence."
    NO_METER = "no-meter", "The 026 has no 028."
    NO_PIPE_AT_END = "no-pipe-at-end", "The line does not end with a pipe."
    TOO_FEW_FIELDS = "too-few-fields", "The line has fewer fields than its group."
    EXTRA_EMPTY_FIELDS = (
        "extra-empty-fields",
        "The line has extra empty fields at its end.",
    )
    EXTRA_FIELDS = "extra-fields", "The line has more fields than its group."

    # Field values
    MISSING_VALUE = "missing-value", "A mandatory field is empty."
    MISSING_EXPECTED_VALUE = (
        "missing-expected-value",
        "A mandatory field is empty. The record can be read without it.",
    )
    SURROUNDING_SPACES = "surrounding-spaces", "The value has spaces around it."
    TOO_LONG = "too-long", "The value is longer than the catalogue allows."
    TOO_LONG_TO_STORE = "too-long-to-store", "The value is longer than can be stored."
    UNKNOWN_CODE = "unknown-code", "The code is not in the catalogue's list."
    INVALID_NUMBER = "invalid-number", "The value is not a valid number."
    NEGATIVE = "negative", "The value is negative."
    TOO_LARGE = "too-large", "The value has more digits than the catalogue allows."
    TOO_LARGE_TO_STORE = (
        "too-large-to-store",
        "The value has more digits than can be stored.",
    )
    EXTRA_DECIMALS = (
        "extra-decimals",
        "The value has more decimal places than the catalogue allows.",
    )
    NO_DECIMAL = "no-decimal", "The value has no decimal place."
    LEADING_ZEROS = "leading-zeros", "The value has leading zeros."
    INVALID_DATETIME = "invalid-datetime", "The value is not a valid date and time."
    INVALID_BOOLEAN = "invalid-boolean", "The flag is neither T nor F."
    MPAN_NOT_13_DIGITS = "mpan-not-13-digits", "The MPAN is not 13 digits."
    MPAN_CHECK_DIGIT = "mpan-check-digit", "The check digit of the MPAN is wrong."
    UNKNOWN_DISTRIBUTOR = (
        "unknown-distributor",
        "The distributor of the MPAN is unknown.",
    )

    # Reading dates and times
    READ_IN_FUTURE = "read-in-future", "The reading date is in the future."
    READ_AFTER_CREATION = (
        "read-after-creation",
        "The reading date is after the file creation timestamp.",
    )
    AMBIGUOUS_TIME = (
        "ambiguous-time",
        "The time occurred twice (clock change). The first is used.",
    )
    NONEXISTENT_TIME = (
        "nonexistent-time",
        "The time does not exist (clock change). An hour later is used.",
    )
    NOT_MIDNIGHT = (
        "not-midnight",
        "The reading is not at midnight, and is not half-hourly or special.",
    )
    MIDNIGHT_HALF_HOURLY = (
        "midnight-half-hourly",
        "Half-hourly data collectors send midnight as 235959 of the day before.",
    )

    # Register readings
    OLD_SUPPLIERS_ESTIMATE = (
        "old-suppliers-estimate",
        "Reading type O belongs to D0071 and D0300, not to D0010.",
    )
    SUSPECT_WITHOUT_RESULT = (
        "suspect-without-result",
        "The reading is flagged as suspect and has no 032.",
    )
    RESULT_WITHOUT_FLAG = (
        "result-without-flag",
        "The reading has a 032 and no meter reading flag.",
    )
    MULTIPLE_RESULTS = "multiple-results", "The reading has more than one 032."
    TOO_MANY_RESULTS = "too-many-results", "The reading has more than 1,000 032s."
    MD_RESET_INCOMPLETE = (
        "md-reset-incomplete",
        "The MD reset date and the number of MD resets must be given together.",
    )


class Issue(NamedTuple):
    """An issue on a line; `line_number` is None if it concerns the whole file.

    `field` is the catalogue's name with the J-number. `found` is the text of the file,
    truncated; `expected` describes a valid text.
    """

    code: IssueCodeBase
    line_number: int | None = None
    group: str = ""
    field: str = ""
    found: str = ""
    expected: str = ""


class RepeatedIssue(NamedTuple):
    """One issue of many lines. `found` has a text for each line, truncated."""

    code: IssueCodeBase
    line_numbers: Sequence[int]
    group: str
    field: str
    found: Sequence[str]
    expected: str

    def issues(self) -> Iterator[Issue]:
        """Yield one issue for each line."""
        code, numbers, group, field, texts, expected = self
        for number, found in zip(numbers, texts, strict=True):
            yield Issue(code, number, group, field, found, expected)


class InvalidValue(Exception):
    """The text of a field has no valid value, so its record is invalid."""

    def __init__(self, code: IssueCode, expected: str) -> None:
        super().__init__(code, expected)
        self.code = code
        self.expected = expected
