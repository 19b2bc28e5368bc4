"""Tests of the validation of header and trailer."""

from __future__ import annotations

from datetime import UTC, datetime
from unittest import TestCase

from meter_readings.d0010 import D0010, LONDON, Header, Issue, Trailer
from meter_readings.d0010.envelope import (
    check_flow,
    check_header,
    check_trailer,
    guess_file_type,
)
from meter_readings.d0010.grammar import ROUTES

HEADER = Header(
    file_identifier="TEST000001",
    flow_and_version="D0010002",
    from_role="D",
    from_participant="UDMS",
    to_role="X",
    to_participant="MRCY",
    file_created_at=datetime(2024, 4, 2, 9, 15, tzinfo=LONDON),
    sending_application="",
    receiving_application="",
    broadcast="",
    test_data_flag="OPER",
)
TRAILER = Trailer(
    file_identifier="TEST000001",
    group_count=35,
    checksum=None,
    flow_count=11,
    file_completed_at=datetime(2024, 4, 2, 9, 15, 1, tzinfo=LONDON),
)


class GuessFileTypeTests(TestCase):
    def test_guesses_the_types_of_other_files(self) -> None:
        for line, kind in {
            "ZHD||D0265001|": "pool transfer format (ZHD)",
            "ZHF0000475656D0010002": "fixed-length format (ZHF)",
            "PK\x03\x04": "ZIP archive",
            "%PDF-1.7": "PDF document",
            "\x1f‹\x08": "gzip archive",
            "<?xml version='1.0'?>": "XML or HTML",
            '{"groups": []}': "JSON",
            "ÿþZ\x00H\x00V\x00": "UTF-16",
            "þÿ\x00Z\x00H\x00V": "UTF-16",
        }.items():
            with self.subTest(line=line):
                self.assertIn(kind, guess_file_type(line))

    def test_guesses_no_type_of_an_unknown_file(self) -> None:
        self.assertEqual(guess_file_type("MPAN,Register,Reading"), "")


class CheckFlowTests(TestCase):
    def fault_of(self, flow_and_version: str) -> Issue | None:
        return check_flow(flow_and_version, D0010, 1)

    def test_check_flow_accepts_version_002_of_the_flow(self) -> None:
        self.assertIsNone(self.fault_of("D0010002"))

    def test_check_flow_reports_a_different_version(self) -> None:
        for flow_and_version in "D0010001", "D0010003", "D0010", "D00100021":
            with self.subTest(flow_and_version=flow_and_version):
                issue = self.fault_of(flow_and_version)
                assert issue is not None
                self.assertEqual(issue.code, "wrong-version")

    def test_check_flow_reports_a_different_flow(self) -> None:
        for flow_and_version in "D0149001", "D0086002", "d0010002", "":
            with self.subTest(flow_and_version=flow_and_version):
                issue = self.fault_of(flow_and_version)
                assert issue is not None
                self.assertEqual(issue.code, "wrong-flow")

    def test_check_flow_reports_the_flow_found_and_expected(self) -> None:
        issue = self.fault_of("D0149001")
        assert issue is not None
        self.assertEqual((issue.line_number, issue.group), (1, "ZHV"))
        self.assertEqual(issue.field, "Data Flow and Version (J0937)")
        self.assertEqual((issue.found, issue.expected), ("D0149001", "D0010002"))

    def test_check_flow_truncates_a_long_flow_name(self) -> None:
        issue = self.fault_of("\x1b[31m" + "X" * 500)
        assert issue is not None
        self.assertTrue(issue.found.isprintable())
        self.assertLess(len(issue.found), 100)


class CheckHeaderTests(TestCase):
    def faults_of(
        self, not_after: datetime | None = None, **changed: str
    ) -> list[Issue]:
        return [*check_header(HEADER._replace(**changed), 1, not_after)]

    def codes_of(self, not_after: datetime | None = None, **changed: str) -> list[str]:
        return [issue.code.value for issue in self.faults_of(not_after, **changed)]

    def test_check_header_accepts_an_operational_file_on_a_known_route(self) -> None:
        self.assertEqual(self.codes_of(), [])

    def test_check_header_reports_unknown_roles(self) -> None:
        for changed in {"from_role": "9"}, {"to_role": "d"}:
            with self.subTest(changed=changed):
                self.assertEqual(self.codes_of(**changed), ["unknown-role"])

    def test_check_header_reports_which_role_is_unknown(self) -> None:
        sender, receiver = self.faults_of(from_role="9", to_role="7")
        self.assertEqual(sender.field, "From Market Participant Role Code (J0934)")
        self.assertEqual(receiver.field, "To Market Participant Role Code (J0935)")
        self.assertEqual((sender.found, receiver.found), ("9", "7"))

    def test_check_header_does_not_report_a_missing_role(self) -> None:
        self.assertEqual(self.codes_of(from_role="", to_role=""), [])

    def test_check_header_accepts_senders_without_routes(self) -> None:
        self.assertEqual(self.codes_of(from_role="N", to_role="R"), [])

    def test_check_header_accepts_recipients_without_routes(self) -> None:
        self.assertEqual(self.codes_of(from_role="D", to_role="Q"), [])

    def test_check_header_accepts_every_route_of_the_catalogue(self) -> None:
        for from_role, receivers in ROUTES.items():
            for to_role in receivers:
                with self.subTest(route=from_role + to_role):
                    codes = self.codes_of(from_role=from_role, to_role=to_role)
                    self.assertEqual(codes, [])

    def test_check_header_reports_a_route_that_is_not_in_the_catalogue(self) -> None:
        [issue] = self.faults_of(from_role="R", to_role="X")
        self.assertEqual(issue.code, "unexpected-route")
        self.assertEqual(issue.field, "To Market Participant Role Code (J0935)")
        self.assertEqual((issue.found, issue.expected), ("R to X", "R to one of D"))

    def test_check_header_reports_a_test_file(self) -> None:
        [issue] = self.faults_of(test_data_flag="TR01")
        self.assertEqual(issue.code, "test-file")
        self.assertEqual(issue.field, "Test Data Flag (J1063)")
        self.assertEqual((issue.found, issue.expected), ("TR01", "OPER"))

    def test_check_header_reports_an_empty_test_flag(self) -> None:
        self.assertEqual(self.codes_of(test_data_flag=""), ["no-test-flag"])

    def test_check_header_accepts_a_file_created_now(self) -> None:
        self.assertEqual(self.codes_of(datetime(2024, 4, 2, 8, 15, tzinfo=UTC)), [])

    def test_check_header_reports_a_file_created_in_the_future(self) -> None:
        now = datetime(2024, 4, 2, 8, 14, 59, tzinfo=UTC)
        [issue] = self.faults_of(now)
        self.assertEqual(issue.code, "created-in-future")
        self.assertEqual(issue.field, "File Creation Timestamp (J0280)")
        self.assertEqual(issue.found, "20240402091500")


class CheckTrailerTests(TestCase):
    def faults_of(
        self,
        header: Header | None = HEADER,
        counted: tuple[int, int] = (35, 11),
        **changed: object,
    ) -> list[Issue]:
        trailer, (groups, flows) = TRAILER._replace(**changed), counted
        return [
            *check_trailer(trailer, header, 40, group_count=groups, flow_count=flows)
        ]

    def test_check_trailer_accepts_a_trailer_with_the_right_totals(self) -> None:
        self.assertEqual(self.faults_of(), [])

    def test_check_trailer_reports_a_different_group_count(self) -> None:
        for group_count in 34, 36, 0:
            with self.subTest(group_count=group_count):
                [issue] = self.faults_of(counted=(group_count, 11))
                self.assertEqual(issue.code, "group-count-mismatch")
                self.assertEqual((issue.line_number, issue.group), (40, "ZPT"))
                self.assertEqual(issue.field, "Total Group Count (J1067)")
                self.assertEqual(issue.found, "35")
                self.assertEqual(issue.expected, str(group_count))

    def test_check_trailer_compares_the_last_ten_digits_of_a_longer_group_count(
        self,
    ) -> None:
        self.assertEqual(self.faults_of(counted=(10**10 + 35, 11)), [])

    def test_check_trailer_reports_a_different_flow_count(self) -> None:
        [issue] = self.faults_of(counted=(35, 10))
        self.assertEqual(issue.code, "flow-count-mismatch")
        self.assertEqual(issue.field, "Flow Count (J1066)")
        self.assertEqual((issue.found, issue.expected), ("11", "10"))

    def test_check_trailer_does_not_compare_empty_counts(self) -> None:
        self.assertEqual(self.faults_of(group_count=None, flow_count=None), [])

    def test_check_trailer_reports_a_checksum(self) -> None:
        [issue] = self.faults_of(checksum=0)
        self.assertEqual(issue.code, "unexpected-checksum")
        self.assertEqual(issue.field, "Checksum (J1078)")
        self.assertEqual((issue.found, issue.expected), ("0", "an empty field"))

    def test_check_trailer_reports_a_different_file_identifier(self) -> None:
        [issue] = self.faults_of(file_identifier="TEST000002")
        self.assertEqual(issue.code, "file-identifier-mismatch")
        self.assertEqual(issue.field, "File Identifier (J1064)")
        self.assertEqual((issue.found, issue.expected), ("TEST000002", "TEST000001"))

    def test_check_trailer_accepts_completion_at_the_time_of_creation(self) -> None:
        created_at = HEADER.file_created_at
        self.assertEqual(self.faults_of(file_completed_at=created_at), [])

    def test_check_trailer_reports_completion_before_creation(self) -> None:
        completed_at = datetime(2024, 4, 2, 9, 14, 59, tzinfo=LONDON)
        [issue] = self.faults_of(file_completed_at=completed_at)
        self.assertEqual(issue.code, "completed-before-created")
        self.assertEqual(issue.field, "File Completion Timestamp (J1065)")
        self.assertEqual(issue.found, "20240402091459")
        self.assertEqual(issue.expected, "20240402091500 or later")

    def test_check_trailer_does_not_compare_an_empty_completion_time(self) -> None:
        self.assertEqual(self.faults_of(file_completed_at=None), [])

    def test_check_trailer_compares_only_counts_without_a_header(self) -> None:
        issues = self.faults_of(None, (1, 11), file_identifier="OTHER")
        self.assertEqual([issue.code for issue in issues], ["group-count-mismatch"])
