"""The rule table: how severe each issue is under each import policy.

An error rejects the file; under the partial policy an error that affects only its group
rejects that group alone. A warning loads and is reported; a note is information. The
standard policy follows the assumptions that the product's users confirmed, strict the
Data Transfer Catalogue; partial has the severities of standard.
"""

from __future__ import annotations

from typing import NamedTuple

from meter_readings.d0010 import HEADER, TRAILER, Issue, IssueCode
from meter_readings.d0010.issues import IssueCodeBase
from meter_readings.models import Policy, Severity


class ImportIssueCode(IssueCodeBase):
    """Issues that depend on the files imported before."""

    DUPLICATE_FILENAME = (
        "duplicate-filename",
        "A file with this name and different content has been imported before.",
    )
    DUPLICATE_MESSAGE = (
        "duplicate-message",
        "Another file has the same sender, file identifier and creation timestamp.",
    )
    UNMATCHED_WITHDRAWAL = (
        "unmatched-withdrawal",
        "A reading is withdrawn that is not in the system.",
    )
    CONFLICT_IN_FILE = (
        "conflict-in-file",
        "The file has more than one reading of one register at one time.",
    )
    PREVIOUSLY_ERASED = (
        "previously-erased",
        "The data of this MPAN was erased on request. The file has new data for it.",
    )
    SERIAL_NUMBER_AT_OTHER_MPAN = (
        "serial-number-at-other-mpan",
        "A new meter has the serial number of a meter at another meter point.",
    )


class Rule(NamedTuple):
    """The severity of an issue under each policy, and what a person can do about it.

    `affects_group_only`: the rest of the file is valid without the group.
    """

    standard: Severity
    strict: Severity
    remedy: str
    affects_group_only: bool = False


_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE
_RESEND = "Ask the sender to send the file again."
_ASK = "Confirm with the sender. The data is stored as received."
_CORRECT = (
    "Ask the sender for a corrected file, or import the rest with the partial policy."
)
_NONE = "No action needed."
_F, _I = IssueCode, ImportIssueCode

RULES: dict[IssueCodeBase, Rule] = {
    _F.EMPTY_FILE: Rule(_E, _E, _RESEND),
    _F.NOT_A_FLOW_FILE: Rule(_E, _E, "Check that this is the intended file."),
    _F.NO_HEADER: Rule(_E, _E, _RESEND),
    _F.SECOND_HEADER: Rule(_E, _E, "Split the file: each header begins a new file."),
    _F.WRONG_FLOW: Rule(
        _E, _E, "Only D0010 can be imported. Remove files of other flows."
    ),
    _F.WRONG_VERSION: Rule(_E, _E, "Ask the sender for version 002."),
    _F.NO_TRAILER: Rule(_W, _E, "Ask the sender whether the file is complete."),
    _F.TRUNCATED: Rule(_E, _E, _RESEND),
    _F.DATA_AFTER_TRAILER: Rule(_E, _E, "Split the file after its trailer."),
    _F.PADDING_AFTER_TRAILER: Rule(
        _W, _W, "No action needed: the padding has no meaning, and was left out."
    ),
    _F.FILE_IDENTIFIER_MISMATCH: Rule(_E, _E, _RESEND),
    _F.GROUP_COUNT_MISMATCH: Rule(
        _W, _E, "Ask the sender whether lines were lost in transit."
    ),
    _F.FLOW_COUNT_MISMATCH: Rule(
        _W, _E, "Ask the sender whether lines were lost in transit."
    ),
    _F.UNEXPECTED_CHECKSUM: Rule(_W, _W, _NONE),
    _F.COMPLETED_BEFORE_CREATED: Rule(
        _W, _W, "Ask the sender to check their system clock."
    ),
    _F.NO_MPAN: Rule(_E, _E, "Ask the sender whether the file is meant to be empty."),
    _F.TEST_FILE: Rule(_W, _E, "This is a test file: confirm that it is to be loaded."),
    _F.NO_TEST_FLAG: Rule(_W, _W, _NONE),
    _F.UNKNOWN_ROLE: Rule(_W, _W, _ASK),
    _F.UNEXPECTED_ROUTE: Rule(
        _W, _W, "Confirm with the sender that the file is for you."
    ),
    _F.CREATED_IN_FUTURE: Rule(_W, _W, "Ask the sender to check their system clock."),
    _F.BYTE_ORDER_MARK: Rule(_W, _W, _NONE),
    _F.NON_ASCII_CHARACTER: Rule(_W, _E, _ASK),
    _F.CONTROL_CHARACTER: Rule(_E, _E, _CORRECT, True),
    # The rest of the file is not read.
    _F.LINE_TOO_LONG: Rule(_E, _E, _RESEND),
    # It may be a corrupt 026 or 028, whose readings would go to the meter before it.
    _F.UNKNOWN_GROUP: Rule(_E, _E, "Ask the sender for a corrected file."),
    _F.NO_PARENT: Rule(_E, _E, _CORRECT, True),
    _F.OUT_OF_ORDER: Rule(_W, _W, _NONE),
    _F.NO_METER: Rule(_W, _E, _ASK),
    _F.NO_PIPE_AT_END: Rule(_W, _W, _NONE),
    _F.TOO_FEW_FIELDS: Rule(_W, _E, _ASK),
    _F.EXTRA_EMPTY_FIELDS: Rule(_W, _W, _NONE),
    _F.EXTRA_FIELDS: Rule(_E, _E, _CORRECT, True),
    _F.MISSING_VALUE: Rule(_E, _E, _CORRECT, True),
    _F.MISSING_EXPECTED_VALUE: Rule(_W, _E, _ASK),
    _F.SURROUNDING_SPACES: Rule(_W, _W, _NONE),
    _F.TOO_LONG: Rule(_W, _E, _ASK),
    _F.TOO_LONG_TO_STORE: Rule(_E, _E, _CORRECT, True),
    _F.UNKNOWN_CODE: Rule(_W, _E, _ASK),
    _F.INVALID_NUMBER: Rule(_E, _E, _CORRECT, True),
    _F.NEGATIVE: Rule(_E, _E, _CORRECT, True),
    _F.TOO_LARGE: Rule(_W, _E, _ASK),
    _F.TOO_LARGE_TO_STORE: Rule(_E, _E, _CORRECT, True),
    _F.EXTRA_DECIMALS: Rule(_W, _E, _ASK),
    _F.NO_DECIMAL: Rule(_W, _W, _NONE),
    _F.LEADING_ZEROS: Rule(_W, _W, _NONE),
    _F.INVALID_DATETIME: Rule(_E, _E, _CORRECT, True),
    _F.INVALID_BOOLEAN: Rule(_E, _E, _CORRECT, True),
    _F.MPAN_NOT_13_DIGITS: Rule(_E, _E, _CORRECT, True),
    _F.MPAN_CHECK_DIGIT: Rule(_W, _E, "Check the MPAN with the sender."),
    _F.UNKNOWN_DISTRIBUTOR: Rule(_W, _W, "Check the MPAN with the sender."),
    _F.READ_IN_FUTURE: Rule(_E, _E, _CORRECT, True),
    _F.READ_AFTER_CREATION: Rule(_W, _W, _ASK),
    _F.AMBIGUOUS_TIME: Rule(_W, _W, _NONE),
    _F.NONEXISTENT_TIME: Rule(_W, _W, _ASK),
    _F.NOT_MIDNIGHT: Rule(_W, _W, _NONE),
    _F.MIDNIGHT_HALF_HOURLY: Rule(_W, _W, _NONE),
    _F.OLD_SUPPLIERS_ESTIMATE: Rule(_W, _W, _ASK),
    _F.SUSPECT_WITHOUT_RESULT: Rule(_W, _W, _ASK),
    _F.RESULT_WITHOUT_FLAG: Rule(_W, _W, _NONE),
    _F.MULTIPLE_RESULTS: Rule(_W, _W, _ASK),
    _F.TOO_MANY_RESULTS: Rule(_E, _E, _CORRECT, True),
    _F.MD_RESET_INCOMPLETE: Rule(_W, _W, _ASK),
    _I.DUPLICATE_FILENAME: Rule(
        _E, _E, "Rename the file, or import it with --allow-same-name."
    ),
    _I.DUPLICATE_MESSAGE: Rule(
        _W, _W, "Ask the sender which of the two files is right. Both are stored."
    ),
    _I.UNMATCHED_WITHDRAWAL: Rule(_W, _W, "Find the file with the original reading."),
    _I.CONFLICT_IN_FILE: Rule(_W, _W, "Compare the readings. All of them are stored."),
    _I.PREVIOUSLY_ERASED: Rule(
        _W,
        _W,
        "Check whether the customer has returned. If not, erase the data again.",
    ),
    _I.SERIAL_NUMBER_AT_OTHER_MPAN: Rule(_N, _N, _NONE),
}


def severity_of(code: IssueCodeBase, policy: Policy) -> Severity:
    """Return the severity of an issue under a policy."""
    rule = RULES[code]
    return rule.strict if policy == Policy.STRICT else rule.standard


def rejects_file(issue: Issue, policy: Policy) -> bool:
    """Return whether an issue rejects the whole file under a policy."""
    if severity_of(issue.code, policy) != Severity.ERROR:
        return False
    is_of_file = issue.line_number is None
    is_in_envelope = is_of_file or issue.group in (HEADER.code, TRAILER.code)
    affects_group_only = RULES[issue.code].affects_group_only and not is_in_envelope
    return not (policy == Policy.PARTIAL and affects_group_only)
