"""How much each fault matters: one table for every policy.

An error rejects the file; under the partial policy an error that costs no more than
its group rejects that group alone. A warning loads and is reported; a note is for
information. Standard follows what the product's users decided, strict what the
catalogue says (d0010-format.md §8), partial weighs as standard does.
"""

from __future__ import annotations

from typing import NamedTuple

from meter_readings.d0010 import HEADER, TRAILER, Issue, IssueCode
from meter_readings.d0010.issues import Coded
from meter_readings.models import Policy, Severity


class ImportIssueCode(Coded):
    """What can be wrong with a file in the light of what is held already."""

    DUPLICATE_FILENAME = (
        "duplicate-filename",
        "A file of this name, with other content, has been imported before.",
    )
    DUPLICATE_MESSAGE = (
        "duplicate-message",
        "Sender, file identifier and creation stamp are those of another file.",
    )
    UNMATCHED_WITHDRAWAL = (
        "unmatched-withdrawal",
        "A reading is withdrawn of which no earlier version is held.",
    )
    CONFLICT_IN_FILE = (
        "conflict-in-file",
        "The file gives more than one reading of one register at one time.",
    )
    PREVIOUSLY_ERASED = (
        "previously-erased",
        "All that was held of an MPAN had been erased on request; it is named again.",
    )
    SERIAL_NUMBER_AT_OTHER_MPAN = (
        "serial-number-at-other-mpan",
        "A new meter bears the serial number of a meter at another meter point.",
    )


class Rule(NamedTuple):
    """What a fault costs under each policy, and what a person can do about it.

    `affects_group_only`: the rest of the file is good without the group it stands in.
    """

    standard: Severity
    strict: Severity
    remedy: str
    affects_group_only: bool = False


_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE
_RESEND = "Ask the sender to send the file again."
_ASK = "Ask the sender what was meant; the value is kept as it came."
_CORRECT = (
    "Ask the sender for a corrected file, or import the rest by the partial policy."
)
_NONE = "Nothing needs doing."
_F, _I = IssueCode, ImportIssueCode

RULES: dict[Coded, Rule] = {
    _F.EMPTY_FILE: Rule(_E, _E, _RESEND),
    _F.NOT_A_FLOW_FILE: Rule(_E, _E, "Check that this is the file you meant."),
    _F.NO_HEADER: Rule(_E, _E, _RESEND),
    _F.SECOND_HEADER: Rule(_E, _E, "Split the file: each header begins a new one."),
    _F.WRONG_FLOW: Rule(_E, _E, "Only D0010 is imported: keep other flows apart."),
    _F.WRONG_VERSION: Rule(_E, _E, "Ask the sender for version 002."),
    _F.NO_TRAILER: Rule(_W, _E, "Ask the sender whether the file is complete."),
    _F.TRUNCATED: Rule(_E, _E, _RESEND),
    _F.AFTER_TRAILER: Rule(_E, _E, "Split the file after its trailer."),
    _F.FILE_IDENTIFIER_DIFFERS: Rule(_E, _E, _RESEND),
    _F.GROUP_COUNT_DIFFERS: Rule(_W, _E, "Ask whether lines were lost on the way."),
    _F.FLOW_COUNT_DIFFERS: Rule(_W, _E, "Ask whether lines were lost on the way."),
    _F.CHECKSUM_GIVEN: Rule(_W, _W, _NONE),
    _F.COMPLETED_BEFORE_CREATED: Rule(_W, _W, "Tell the sender of the clock."),
    _F.NO_MPAN: Rule(_E, _E, "There is nothing in the file to import."),
    _F.TEST_FILE: Rule(_W, _E, "Make sure that test readings are wanted here."),
    _F.NO_TEST_FLAG: Rule(_W, _W, _NONE),
    _F.UNKNOWN_ROLE: Rule(_W, _W, _ASK),
    _F.UNEXPECTED_ROUTE: Rule(_W, _W, "Make sure that the file was meant for you."),
    _F.CREATED_IN_FUTURE: Rule(_W, _W, "Tell the sender of the clock."),
    _F.BYTE_ORDER_MARK: Rule(_W, _W, _NONE),
    _F.UNDECODABLE: Rule(_W, _E, _ASK),
    _F.CONTROL_CHARACTER: Rule(_E, _E, _CORRECT, True),
    # Nothing after such a line is read.
    _F.LINE_TOO_LONG: Rule(_E, _E, _RESEND),
    # It may be a spoiled 026 or 028: what follows would be taken for another meter's.
    _F.UNKNOWN_GROUP: Rule(_E, _E, "Ask the sender for a corrected file."),
    _F.ORPHAN_GROUP: Rule(_E, _E, _CORRECT, True),
    _F.OUT_OF_ORDER: Rule(_W, _W, _NONE),
    _F.NO_METER: Rule(_W, _E, _ASK),
    _F.NO_PIPE_AT_END: Rule(_W, _W, _NONE),
    _F.TOO_FEW_CELLS: Rule(_W, _E, _ASK),
    _F.TOO_MANY_CELLS: Rule(_W, _W, _NONE),
    _F.UNKNOWN_CELL: Rule(_E, _E, _CORRECT, True),
    _F.MISSING: Rule(_E, _E, _CORRECT, True),
    _F.MISSING_CODE: Rule(_W, _E, _ASK),
    _F.SURROUNDING_SPACES: Rule(_W, _W, _NONE),
    _F.TOO_LONG: Rule(_W, _E, _ASK),
    _F.TOO_LONG_TO_KEEP: Rule(_E, _E, _CORRECT, True),
    _F.UNKNOWN_CODE: Rule(_W, _E, _ASK),
    _F.NOT_A_NUMBER: Rule(_E, _E, _CORRECT, True),
    _F.NEGATIVE: Rule(_E, _E, _CORRECT, True),
    _F.TOO_LARGE: Rule(_W, _E, _ASK),
    _F.TOO_LARGE_TO_KEEP: Rule(_E, _E, _CORRECT, True),
    _F.EXTRA_DECIMALS: Rule(_W, _E, _ASK),
    _F.NO_DECIMAL: Rule(_W, _W, _NONE),
    _F.LEADING_ZEROS: Rule(_W, _W, _NONE),
    _F.NOT_A_TIME: Rule(_E, _E, _CORRECT, True),
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
    _F.SEVERAL_RESULTS: Rule(_W, _W, _ASK),
    _F.MD_RESET_INCOMPLETE: Rule(_W, _W, _ASK),
    _I.DUPLICATE_FILENAME: Rule(
        _E, _E, "Rename the file, or import it with --allow-same-name."
    ),
    _I.DUPLICATE_MESSAGE: Rule(
        _W, _W, "Ask the sender which of the two files is right; both are kept."
    ),
    _I.UNMATCHED_WITHDRAWAL: Rule(_W, _W, "Look for the file that was withdrawn from."),
    _I.CONFLICT_IN_FILE: Rule(_W, _W, "Look at both readings; both are kept."),
    _I.PREVIOUSLY_ERASED: Rule(
        _W,
        _W,
        "Find out whether it is a customer again; if not, erase it once more.",
    ),
    _I.SERIAL_NUMBER_AT_OTHER_MPAN: Rule(_N, _N, _NONE),
}


def severity_of(code: Coded, policy: Policy) -> Severity:
    """Return how much a fault matters under a policy."""
    rule = RULES[code]
    return rule.strict if policy == Policy.STRICT else rule.standard


def rejects_file(issue: Issue, policy: Policy) -> bool:
    """Return whether a fault rejects the whole file under a policy."""
    if severity_of(issue.code, policy) != Severity.ERROR:
        return False
    is_of_file = issue.line_number is None
    is_in_envelope = is_of_file or issue.group in (HEADER.code, TRAILER.code)
    spares_rest = RULES[issue.code].affects_group_only and not is_in_envelope
    return not (policy == Policy.PARTIAL and spares_rest)
