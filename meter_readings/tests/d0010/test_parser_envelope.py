"""Tests of the parser: first line, header, trailer and other types of file."""

from __future__ import annotations

import gzip
import io
import lzma
import zipfile
from unittest import TestCase

from meter_readings.tests.support.flow_file_builder import (
    HEADER_LINE,
    METER_LINE,
    MPAN_LINE,
    READING_LINE,
    Parsed,
    flow_file,
    flow_file_of_readings,
    header_line,
    parse,
)

WHOLE = flow_file([MPAN_LINE, METER_LINE, READING_LINE])


class EmptyFileTests(TestCase):
    def test_empty_file_is_reported(self) -> None:
        for data in b"", b"\xef\xbb\xbf", b"\n", b"\r\n \r\n\n":
            with self.subTest(data=data):
                parsed = parse(data)
                self.assertEqual(parsed.codes, ["empty-file"])
                self.assertIsNone(parsed.issues[0].line_number)
                self.assertEqual(parsed.issues[0].expected, "a ZHV header")


class HeaderTests(TestCase):
    def test_header_can_follow_blank_lines(self) -> None:
        self.assertEqual(parse("\n  \n" + WHOLE).codes, [])

    def test_groups_without_a_header_before_them_are_reported(self) -> None:
        for first in READING_LINE, MPAN_LINE, "ZPT|TEST000001|0||0|20240402091501|":
            with self.subTest(first=first):
                issues = parse(first).issues
                self.assertEqual(issues[0].code, "no-header")
                self.assertEqual((issues[0].line_number, issues[0].group), (1, "ZHV"))
                self.assertEqual(issues[0].found, first)

    def test_file_without_a_header_is_parsed(self) -> None:
        parsed = parse("\n".join([MPAN_LINE, METER_LINE, READING_LINE]))
        self.assertEqual([entry.group for entry in parsed.entries], ["030"])

    def test_second_header_is_reported_and_not_used(self) -> None:
        lines = [HEADER_LINE, MPAN_LINE, METER_LINE, header_line(from_role="C")]
        parsed = parse("\n".join([*lines, READING_LINE]))
        self.assertEqual(parsed.codes, ["no-trailer", "second-header"])
        self.assertEqual(parsed.issues[0].line_number, 4)
        assert parsed.parser.header is not None
        self.assertEqual(parsed.parser.header.from_role, "D")

    def test_invalid_header_is_reported_and_not_used(self) -> None:
        parsed = parse(flow_file([MPAN_LINE], header=header_line(created_at="2024")))
        self.assertEqual(parsed.codes, ["invalid-datetime", "no-meter"])
        self.assertIsNone(parsed.parser.header)

    def test_file_with_an_invalid_header_is_parsed(self) -> None:
        text = flow_file_of_readings(READING_LINE, header=header_line(created_at="2"))
        self.assertEqual(len(parse(text).entries), 1)

    def test_header_can_have_empty_fields(self) -> None:
        header = "ZHV|TEST000001|D0010002|||||20240402091500|||||"
        parsed = parse(flow_file_of_readings(READING_LINE, header=header))
        self.assertEqual(
            parsed.codes, ["missing-expected-value"] * 4 + ["no-test-flag"]
        )

    def test_issues_of_the_header_are_reported(self) -> None:
        header = header_line(test_data_flag="TR01", to_role="M")
        parsed = parse(flow_file_of_readings(READING_LINE, header=header))
        self.assertEqual(parsed.codes, ["test-file", "unexpected-route"])


class FlowTests(TestCase):
    def parse_flow(self, flow_and_version: str) -> Parsed:
        header = header_line(flow_and_version=flow_and_version)
        return parse(flow_file_of_readings(READING_LINE, header=header))

    def test_file_of_another_version_is_not_parsed(self) -> None:
        for version in "D0010001", "D0010003":
            with self.subTest(version=version):
                parsed = self.parse_flow(version)
                self.assertEqual(parsed.codes, ["wrong-version"])
                self.assertEqual(parsed.entries, [])

    def test_file_of_another_flow_is_not_parsed(self) -> None:
        for flow in "D0149001", "D0086002", "D0036001":
            with self.subTest(flow=flow):
                parsed = self.parse_flow(flow)
                self.assertEqual(parsed.codes, ["wrong-flow"])
                self.assertEqual(parsed.parser.line_count, 1)

    def test_file_with_an_empty_flow_name_is_not_parsed(self) -> None:
        self.assertEqual(self.parse_flow("").codes, ["missing-value"])

    def test_file_with_a_truncated_header_is_not_parsed(self) -> None:
        parsed = parse("ZHV|TEST000001")
        self.assertIn("too-few-fields", parsed.codes)
        self.assertNotIn("wrong-flow", parsed.codes)
        self.assertNotIn("no-trailer", parsed.codes)

    def test_flow_name_with_spaces_around_it_is_accepted(self) -> None:
        parsed = self.parse_flow(" D0010002 ")
        self.assertEqual(parsed.codes, ["surrounding-spaces"])
        self.assertEqual(len(parsed.entries), 1)

    def test_entries_before_a_late_header_of_another_flow_are_kept(self) -> None:
        late_header = header_line(flow_and_version="D0149001")
        parsed = parse("\n".join([MPAN_LINE, METER_LINE, READING_LINE, late_header]))
        self.assertEqual(parsed.codes, ["no-header", "wrong-flow"])
        self.assertEqual(len(parsed.entries), 1)


class OtherFileTypeTests(TestCase):
    def assert_other_kind(self, data: bytes, name: str) -> None:
        parsed = parse(data)
        issue = parsed.issues[-1]
        self.assertEqual(issue.code, "not-a-flow-file")
        self.assertTrue(issue.expected.endswith(f"(this looks like {name})"))
        self.assertEqual(parsed.entries, [])

    def test_pool_transfer_format_is_recognised(
        self,
    ) -> None:
        self.assert_other_kind(
            b"ZHD||D0265001|A|B|C|\nZPT|3|1|\n",
            "the pool transfer format (ZHD), not the user file format (ZHV)",
        )

    def test_fixed_length_format_is_recognised(
        self,
    ) -> None:
        self.assert_other_kind(
            b"ZHF0000475656D0010002DUDMSXMRCY\n",
            "the fixed-length format (ZHF), not the delimited one (ZHV)",
        )

    def test_archives_are_recognised(self) -> None:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as opened:
            opened.writestr("D0010.uff", WHOLE)
        self.assert_other_kind(archive.getvalue(), "a ZIP archive")
        self.assert_other_kind(gzip.compress(WHOLE.encode()), "a gzip archive")

    def test_documents_are_recognised(self) -> None:
        self.assert_other_kind(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF document")
        self.assert_other_kind(b"<!doctype html>\n", "an XML or HTML document")
        self.assert_other_kind(b"\xef\xbb\xbf<?xml?>", "an XML or HTML document")
        self.assert_other_kind(b'{"readings": []}', "a JSON document")

    def test_json_document_of_one_long_line_is_recognised(
        self,
    ) -> None:
        self.assert_other_kind(b'{"a":' + b"1" * 10_000, "a JSON document")

    def test_utf_16_text_is_recognised(self) -> None:
        self.assert_other_kind(b"\xff\xfe" + WHOLE.encode("utf-16-le"), "UTF-16 text")
        self.assert_other_kind(b"\xfe\xff" + WHOLE.encode("utf-16-be"), "UTF-16 text")

    def test_unknown_file_types_are_reported(self) -> None:
        for data in (
            b"MPAN,Register,Reading\n1200023305967,S,56311\n",
            WHOLE.encode("utf-16-le"),
            WHOLE.encode("utf-32"),
            lzma.compress(WHOLE.encode()),
            b"\x7fELF\x02\x01\x01",
            b"zhv|TEST000001|D0010002|",
            b" " + WHOLE.encode(),
            b"\xef\xbb\xbf" * 2 + WHOLE.encode(),
        ):
            with self.subTest(data=data[:20]):
                parsed = parse(data)
                self.assertEqual(parsed.issues[-1].code, "not-a-flow-file")
                self.assertEqual(parsed.entries, [])

    def test_file_of_another_type_is_not_parsed(self) -> None:
        parsed = parse("MPAN,Register\n" + WHOLE)
        self.assertEqual(parsed.codes, ["not-a-flow-file"])
        self.assertEqual(parsed.parser.line_count, 1)


class TrailerTests(TestCase):
    def codes_of(self, trailer: str) -> list[str]:
        return parse(flow_file([MPAN_LINE, METER_LINE], trailer=False) + trailer).codes

    def test_missing_trailer_is_reported(self) -> None:
        parsed = parse(flow_file([MPAN_LINE, METER_LINE], trailer=False))
        self.assertEqual(parsed.codes, ["no-trailer"])
        self.assertIsNone(parsed.issues[0].line_number)

    def test_counts_of_the_trailer_are_compared(self) -> None:
        codes = self.codes_of("ZPT|TEST000001|9||9|20240402091501|")
        self.assertEqual(codes, ["flow-count-mismatch", "group-count-mismatch"])

    def test_trailer_is_compared_with_the_header(self) -> None:
        codes = self.codes_of("ZPT|TEST000002|2||1|20240402091459|")
        self.assertEqual(
            codes, ["completed-before-created", "file-identifier-mismatch"]
        )

    def test_counts_of_the_trailer_can_have_leading_zeros(self) -> None:
        codes = self.codes_of("ZPT|TEST000001|00002||0001|20240402091501|")
        self.assertEqual(codes, [])

    def test_negative_count_of_the_trailer_is_reported(self) -> None:
        codes = self.codes_of("ZPT|TEST000001|-2||1|20240402091501|")
        self.assertEqual(codes, ["negative"])

    def test_invalid_count_of_the_trailer_is_reported(
        self,
    ) -> None:
        for count, code in {
            "9" * 20: "too-large-to-store",
            "٢": "invalid-number",
            "2.0": "invalid-number",
        }.items():
            with self.subTest(count=count):
                codes = self.codes_of(f"ZPT|TEST000001|{count}||1|20240402091501|")
                self.assertIn(code, codes)

    def test_empty_counts_and_time_of_the_trailer_are_reported(self) -> None:
        self.assertEqual(
            self.codes_of("ZPT|TEST000001|||||"), ["missing-expected-value"] * 3
        )

    def test_empty_file_identifier_of_the_trailer_is_reported(self) -> None:
        self.assertEqual(self.codes_of("ZPT||2||1|20240402091501|"), ["missing-value"])

    def test_trailer_closes_the_groups_before_it(self) -> None:
        parsed = parse(flow_file([MPAN_LINE, METER_LINE]))
        self.assertEqual([entry.group for entry in parsed.entries], ["028"])

    def test_trailer_can_be_followed_by_blank_lines(self) -> None:
        self.assertEqual(parse(WHOLE + "\n \n").codes, [])

    def test_data_after_the_trailer_is_reported(self) -> None:
        trailer = WHOLE.splitlines()[-1]
        for line in MPAN_LINE, READING_LINE, HEADER_LINE, trailer, "???":
            with self.subTest(line=line):
                parsed = parse(WHOLE + line + "\n")
                self.assertEqual(parsed.codes, ["data-after-trailer"])
                self.assertEqual(parsed.issues[0].line_number, 6)
                self.assertEqual(len(parsed.entries), 1)

    def test_trailer_is_not_compared_without_a_header(self) -> None:
        parsed = parse(MPAN_LINE + "\nZPT|OTHER|1||1|20240402091501|")
        self.assertEqual(parsed.codes, ["no-header", "no-meter"])


class NoMpanTests(TestCase):
    def test_file_with_only_header_and_trailer_is_reported(self) -> None:
        parsed = parse(flow_file([]))
        self.assertEqual(parsed.codes, ["no-mpan"])
        self.assertEqual(parsed.issues[0].expected, "at least one 026 group")

    def test_file_with_only_a_header_is_reported(self) -> None:
        self.assertEqual(parse(HEADER_LINE).codes, ["no-mpan", "no-trailer"])
