"""Tests of the rule table: one small file for every rule, under every policy."""

from __future__ import annotations

from typing import NamedTuple

from django.test import SimpleTestCase, TestCase

from meter_readings.d0010 import Issue, IssueCode
from meter_readings.importer import RULES, ImportIssueCode
from meter_readings.importer.rules import rejects_file
from meter_readings.models import ImportJob, Policy
from meter_readings.tests.support.flow_file_builder import (
    HEADER_LINE,
    METER_LINE,
    MPAN_LINE,
    READING_LINE,
    flow_file,
    flow_file_of_readings,
    header_line,
    mpan_core,
)
from meter_readings.tests.support.import_helpers import import_text

POLICIES = Policy.STANDARD, Policy.STRICT, Policy.PARTIAL
LOADS, REJECTED = ImportJob.Outcome.CHECKED, ImportJob.Outcome.REJECTED


class Row(NamedTuple):
    """The result of a file with one issue: standard, strict, partial."""

    code: IssueCode
    outcomes: tuple[ImportJob.Outcome, ImportJob.Outcome, ImportJob.Outcome]
    text: str | bytes


# What an issue rejects: nothing, the file, the file if strict, the group if partial.
PASSES = LOADS, LOADS, LOADS
FILE = REJECTED, REJECTED, REJECTED
STRICT = LOADS, REJECTED, LOADS
GROUP = REJECTED, REJECTED, LOADS

_F = IssueCode
_BODY = [MPAN_LINE, METER_LINE, READING_LINE]
_NO_TRAILER = flow_file(_BODY, trailer=False)
_SPECIAL = [MPAN_LINE, "028|TST0000001|S|"]


def _with_header(**cells: str) -> str:
    return flow_file(_BODY, header=header_line(**cells))


def _with_trailer(trailer: str) -> str:
    return _NO_TRAILER + trailer + "\n"


def _with_mpan(line: str) -> str:
    return flow_file([line, METER_LINE, READING_LINE])


def _with_visit(visit: str) -> str:
    return flow_file([MPAN_LINE, visit, METER_LINE, READING_LINE])


def _with_meter(line: str) -> str:
    return flow_file([MPAN_LINE, line, READING_LINE])


def _with_value(value: str) -> str:
    return flow_file_of_readings(f"030|S|20240401000000|{value}|||T|N|")


def _with_time(read_at: str) -> str:
    return flow_file_of_readings(f"030|S|{read_at}|99.0|||T|N|")


TABLE = [
    # The file as a whole
    Row(_F.EMPTY_FILE, FILE, ""),
    Row(_F.NOT_A_FLOW_FILE, FILE, "mpan,serial,reading\n"),
    Row(_F.NO_HEADER, FILE, "\n".join([*_BODY, ""])),
    Row(_F.SECOND_HEADER, FILE, _NO_TRAILER + HEADER_LINE + "\n"),
    Row(_F.WRONG_FLOW, FILE, _with_header(flow_and_version="D0149001")),
    Row(_F.WRONG_VERSION, FILE, _with_header(flow_and_version="D0010001")),
    Row(_F.NO_TRAILER, STRICT, _NO_TRAILER),
    Row(_F.TRUNCATED, FILE, _NO_TRAILER[:-4]),
    Row(_F.DATA_AFTER_TRAILER, FILE, flow_file(_BODY) + MPAN_LINE),
    Row(_F.PADDING_AFTER_TRAILER, PASSES, flow_file(_BODY) + "\x1a"),
    Row(
        _F.FILE_IDENTIFIER_MISMATCH,
        FILE,
        _with_trailer("ZPT|TEST000002|3||1|20240402091501|"),
    ),
    Row(
        _F.GROUP_COUNT_MISMATCH,
        STRICT,
        _with_trailer("ZPT|TEST000001|4||1|20240402091501|"),
    ),
    Row(
        _F.FLOW_COUNT_MISMATCH,
        STRICT,
        _with_trailer("ZPT|TEST000001|3||2|20240402091501|"),
    ),
    Row(
        _F.UNEXPECTED_CHECKSUM,
        PASSES,
        _with_trailer("ZPT|TEST000001|3|7|1|20240402091501|"),
    ),
    Row(
        _F.COMPLETED_BEFORE_CREATED,
        PASSES,
        _with_trailer("ZPT|TEST000001|3||1|20240402091459|"),
    ),
    Row(_F.NO_MPAN, FILE, flow_file([])),
    Row(_F.TEST_FILE, STRICT, _with_header(test_data_flag="TR01")),
    Row(_F.NO_TEST_FLAG, PASSES, _with_header(test_data_flag="")),
    Row(_F.UNKNOWN_ROLE, PASSES, _with_header(from_role="1")),
    Row(_F.UNEXPECTED_ROUTE, PASSES, _with_header(from_role="R")),
    Row(_F.CREATED_IN_FUTURE, PASSES, _with_header(created_at="20301231000000")),
    # Characters and lines
    Row(_F.BYTE_ORDER_MARK, PASSES, b"\xef\xbb\xbf" + flow_file(_BODY).encode()),
    Row(_F.NON_ASCII_CHARACTER, STRICT, _with_visit("027|02|Caf\xe9|")),
    Row(_F.CONTROL_CHARACTER, GROUP, _with_visit("027|02|Ca\0fe|")),
    Row(_F.LINE_TOO_LONG, FILE, _with_visit(f"027|02|{'x' * 5000}|")),
    # The shape of groups
    Row(_F.UNKNOWN_GROUP, FILE, _with_visit("031|02|x|")),
    Row(_F.NO_PARENT, GROUP, flow_file([METER_LINE, *_BODY])),
    Row(_F.OUT_OF_ORDER, PASSES, flow_file([*_BODY, "027|02||"])),
    Row(_F.NO_METER, STRICT, flow_file([MPAN_LINE])),
    Row(_F.NO_PIPE_AT_END, PASSES, _with_mpan("026|2000000000015|V")),
    Row(_F.TOO_FEW_FIELDS, STRICT, _with_visit("027|02|")),
    Row(_F.EXTRA_EMPTY_FIELDS, PASSES, _with_mpan("026|2000000000015|V||")),
    Row(_F.EXTRA_FIELDS, GROUP, _with_mpan("026|2000000000015|V|x|")),
    # Cells
    Row(_F.MISSING_VALUE, GROUP, _with_meter("028||R|")),
    Row(_F.MISSING_EXPECTED_VALUE, STRICT, _with_meter("028|TST0000001||")),
    Row(_F.SURROUNDING_SPACES, PASSES, _with_meter("028| TST0000001|R|")),
    Row(_F.TOO_LONG, STRICT, _with_meter("028|TST00000012|R|")),
    Row(_F.TOO_LONG_TO_STORE, GROUP, _with_meter(f"028|{'T' * 21}|R|")),
    Row(_F.UNKNOWN_CODE, STRICT, _with_meter("028|TST0000001|E|")),
    Row(_F.INVALID_NUMBER, GROUP, _with_value("1e999")),
    Row(_F.NEGATIVE, GROUP, _with_value("-1.0")),
    Row(_F.TOO_LARGE, STRICT, _with_value("123456789.0")),
    Row(_F.TOO_LARGE_TO_STORE, GROUP, _with_value("1234567890.0")),
    Row(_F.EXTRA_DECIMALS, STRICT, _with_value("99.25")),
    Row(_F.NO_DECIMAL, PASSES, _with_value("99")),
    Row(_F.LEADING_ZEROS, PASSES, _with_value("0099.0")),
    Row(_F.INVALID_DATETIME, GROUP, _with_time("20240230000000")),
    Row(
        _F.INVALID_BOOLEAN, GROUP, flow_file_of_readings(READING_LINE.replace("T", "Y"))
    ),
    Row(_F.MPAN_NOT_13_DIGITS, GROUP, _with_mpan("026|200000000001|V|")),
    Row(_F.MPAN_CHECK_DIGIT, STRICT, _with_mpan("026|2000000000016|V|")),
    Row(
        _F.UNKNOWN_DISTRIBUTOR,
        PASSES,
        _with_mpan(f"026|{mpan_core(1, distributor_id='99')}|V|"),
    ),
    # Times
    Row(_F.READ_IN_FUTURE, GROUP, _with_time("20301231000000")),
    Row(_F.READ_AFTER_CREATION, PASSES, _with_time("20240403000000")),
    Row(
        _F.AMBIGUOUS_TIME,
        PASSES,
        flow_file([*_SPECIAL, "030|S|20231029013000|99.0|||T|N|"]),
    ),
    Row(
        _F.NONEXISTENT_TIME,
        PASSES,
        flow_file([*_SPECIAL, "030|S|20240331013000|99.0|||T|N|"]),
    ),
    Row(_F.NOT_MIDNIGHT, PASSES, _with_time("20240401120000")),
    Row(_F.MIDNIGHT_HALF_HOURLY, PASSES, _with_header(from_role="C")),
    # Readings
    Row(_F.OLD_SUPPLIERS_ESTIMATE, PASSES, _with_meter("028|TST0000001|O|")),
    Row(
        _F.SUSPECT_WITHOUT_RESULT,
        PASSES,
        flow_file_of_readings("030|S|20240401000000|99.0|||F|N|"),
    ),
    Row(
        _F.RESULT_WITHOUT_FLAG,
        PASSES,
        flow_file_of_readings("030|S|20240401000000|99.0||||N|", "032|05|F|"),
    ),
    Row(
        _F.MULTIPLE_RESULTS,
        PASSES,
        flow_file_of_readings(READING_LINE, "032|05|F|", "032|13|F|"),
    ),
    Row(
        _F.TOO_MANY_RESULTS,
        GROUP,
        flow_file_of_readings(READING_LINE, *["032|05|F|"] * 1001),
    ),
    Row(
        _F.MD_RESET_INCOMPLETE,
        PASSES,
        flow_file_of_readings("030|S|20240401000000|99.0||1|T|N|"),
    ),
]

# The other issues of those files above that have more than one.
COMPANIONS = {
    _F.TOO_MANY_RESULTS: {_F.MULTIPLE_RESULTS},
    _F.TRUNCATED: {
        _F.NO_TRAILER,
        _F.NO_PIPE_AT_END,
        _F.TOO_FEW_FIELDS,
        _F.MISSING_EXPECTED_VALUE,
    },
    _F.NO_HEADER: {_F.NO_TRAILER},
    _F.SECOND_HEADER: {_F.NO_TRAILER},
    _F.CREATED_IN_FUTURE: {_F.COMPLETED_BEFORE_CREATED},
}


class OutcomeTests(TestCase):
    def test_each_file_is_imported_or_rejected_as_the_table_says(self) -> None:
        for row in TABLE:
            for policy, expected in zip(POLICIES, row.outcomes, strict=True):
                with self.subTest(row.code.value, policy=policy):
                    result = import_text(row.text, policy=policy, dry_run=True)
                    self.assertEqual(result.outcome, expected)

    def test_each_file_has_the_one_issue_of_its_row(self) -> None:
        for row in TABLE:
            with self.subTest(row.code.value):
                found = set(import_text(row.text, dry_run=True).finding_counts)
                self.assertEqual(found - COMPANIONS.get(row.code, set()), {row.code})

    def test_table_has_a_file_for_every_issue_of_the_format(self) -> None:
        self.assertEqual([row.code for row in TABLE], list(IssueCode))


class RulesTests(SimpleTestCase):
    def test_every_issue_code_has_a_rule(self) -> None:
        self.assertEqual(set(RULES), {*IssueCode, *ImportIssueCode})

    def test_issue_codes_are_unique(self) -> None:
        codes = [code.value for code in (*IssueCode, *ImportIssueCode)]
        self.assertEqual(len(codes), len(set(codes)))

    def test_every_rule_has_a_remedy(self) -> None:
        for code, rule in RULES.items():
            with self.subTest(code):
                self.assertRegex(rule.remedy, r"^[A-Z].*\.$")

    def test_strict_severity_is_at_least_the_standard_severity(self) -> None:
        order = ["note", "warning", "error"]
        for code, rule in RULES.items():
            with self.subTest(code):
                self.assertGreaterEqual(
                    order.index(rule.strict), order.index(rule.standard)
                )

    def test_only_errors_affect_a_group(self) -> None:
        for code, rule in RULES.items():
            with self.subTest(code):
                self.assertTrue(rule.standard == "error" or not rule.affects_group_only)


class PartialPolicyTests(SimpleTestCase):
    def is_rejected(self, group: str, line_number: int | None = 7) -> bool:
        """Return whether a missing value in this group rejects the file."""
        issue = Issue(IssueCode.MISSING_VALUE, line_number, group)
        return rejects_file(issue, Policy.PARTIAL)

    def test_partial_policy_does_not_reject_the_file_of_an_invalid_group(self) -> None:
        self.assertFalse(self.is_rejected("030"))

    def test_partial_policy_does_not_reject_the_file_of_an_unnamed_group(self) -> None:
        self.assertFalse(self.is_rejected(""))

    def test_partial_policy_rejects_a_file_with_an_invalid_header_or_trailer(
        self,
    ) -> None:
        self.assertTrue(self.is_rejected("ZHV"))
        self.assertTrue(self.is_rejected("ZPT"))

    def test_partial_policy_rejects_a_file_with_an_issue_of_the_whole_file(
        self,
    ) -> None:
        self.assertTrue(self.is_rejected("", line_number=None))
