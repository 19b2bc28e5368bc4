"""From the bytes of a file to its entries and its faults, whatever the bytes."""

from __future__ import annotations

import gzip
import io
import lzma
import subprocess
import sys
import textwrap
import zipfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import TestCase, skipUnless

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from meter_readings.d0010 import D0010, Entry, FlowFileParser
from meter_readings.d0010.bulk_reader import ReadingBatch
from meter_readings.tests.flow_file_builder import (
    EVERY_GROUP,
    HEADER_LINE,
    METER_LINE,
    MPAN_LINE,
    READING_LINE,
    SAMPLE_PATH,
    Parsed,
    flow_file,
    flow_file_of_readings,
    header_line,
    parse,
    parse_in_blocks_of,
)

from . import reference_parser
from .strategies import any_files, canonical_files
from .test_bulk_reader import outcome

PROJECT_ROOT = Path(__file__).resolve().parents[3]

WHOLE = flow_file([MPAN_LINE, METER_LINE, READING_LINE])


class Stream(io.BytesIO):
    """A stream that knows how much of it was taken."""

    def __init__(self, data: bytes, then: bytes = b"") -> None:
        super().__init__(data)
        self.then, self.taken = then, 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size) or self.then
        self.taken += len(data)
        return data


class EveryGroupTests(TestCase):
    def setUp(self) -> None:
        self.parsed = parse(EVERY_GROUP)

    def test_every_group_has_no_fault_but_that_it_is_a_test(self) -> None:
        self.assertEqual(self.parsed.codes, ["test-file"])

    def test_every_group_gives_an_entry_for_each_reading_and_visit(self) -> None:
        self.assertEqual(
            [(entry.line_number, entry.group) for entry in self.parsed.entries],
            [(3, "027"), (5, "030"), (6, "030"), (9, "029"), (10, "030"), (12, "033")],
        )

    def test_every_group_gives_values_as_decimals(self) -> None:
        values = [e.record.value for e in self.parsed.entries if e.group == "030"]
        self.assertEqual(values, [Decimal("12345.0"), Decimal("41.5"), Decimal(99)])

    def test_every_group_counts_what_the_trailer_counts(self) -> None:
        parser = self.parsed.parser
        self.assertEqual((parser.group_count, parser.flow_count), (11, 2))
        self.assertEqual(parser.line_count, 13)

    def test_every_group_keeps_header_and_trailer_as_records_and_as_text(self) -> None:
        parser, lines = self.parsed.parser, EVERY_GROUP.splitlines()
        assert parser.header is not None and parser.trailer is not None
        self.assertEqual(parser.header.from_participant, "UDMS")
        self.assertEqual(parser.trailer.group_count, 11)
        self.assertEqual([parser.header_text, parser.trailer_text], lines[::12])


@skipUnless(SAMPLE_PATH.exists(), "the published sample is not here")
class SampleTests(TestCase):
    def setUp(self) -> None:
        self.parsed = parse(SAMPLE_PATH.read_bytes())

    def test_sample_has_no_fault(self) -> None:
        self.assertEqual(self.parsed.issues, [])

    def test_sample_holds_eleven_metering_points_and_thirteen_readings(self) -> None:
        entries = self.parsed.entries
        self.assertEqual(len({entry.mpan.record.mpan_core for entry in entries}), 11)
        self.assertEqual([entry.group for entry in entries], ["030"] * 13)

    def test_sample_keeps_spaces_inside_serial_numbers(self) -> None:
        entry = self.parsed.entries[0]
        assert entry.meter is not None
        self.assertEqual(entry.meter.record.meter_id, "F75A 00802")

    def test_sample_ends_without_a_newline(self) -> None:
        self.assertFalse(self.parsed.parser.lines.ends_with_newline)


class EmptyFileTests(TestCase):
    def test_empty_file_is_reported(self) -> None:
        for data in b"", b"\xef\xbb\xbf", b"\n", b"\r\n \r\n\n":
            with self.subTest(data=data):
                parsed = parse(data)
                self.assertEqual(parsed.codes, ["empty-file"])
                self.assertIsNone(parsed.issues[0].line_number)
                self.assertEqual(parsed.issues[0].expected, "a ZHV header")


class HeaderTests(TestCase):
    def test_header_may_come_after_blank_lines(self) -> None:
        self.assertEqual(parse("\n  \n" + WHOLE).codes, [])

    def test_header_is_missed_where_groups_come_first(self) -> None:
        for first in READING_LINE, MPAN_LINE, "ZPT|TEST000001|0||0|20240402091501|":
            with self.subTest(first=first):
                issues = parse(first).issues
                self.assertEqual(issues[0].code, "no-header")
                self.assertEqual((issues[0].line_number, issues[0].group), (1, "ZHV"))
                self.assertEqual(issues[0].found, first)

    def test_header_is_not_needed_for_reading_on(self) -> None:
        parsed = parse("\n".join([MPAN_LINE, METER_LINE, READING_LINE]))
        self.assertEqual([entry.group for entry in parsed.entries], ["030"])

    def test_header_is_reported_where_it_stands_a_second_time(self) -> None:
        lines = [HEADER_LINE, MPAN_LINE, METER_LINE, header_line(from_role="C")]
        parsed = parse("\n".join([*lines, READING_LINE]))
        self.assertEqual(parsed.codes, ["no-trailer", "second-header"])
        self.assertEqual(parsed.issues[0].line_number, 4)
        assert parsed.parser.header is not None
        self.assertEqual(parsed.parser.header.from_role, "D")

    def test_header_is_not_kept_where_it_cannot_be_read(self) -> None:
        parsed = parse(flow_file([MPAN_LINE], header=header_line(created_at="2024")))
        self.assertEqual(parsed.codes, ["invalid-datetime", "no-meter"])
        self.assertIsNone(parsed.parser.header)

    def test_header_lets_reading_go_on_where_it_cannot_be_read(self) -> None:
        text = flow_file_of_readings(READING_LINE, header=header_line(created_at="2"))
        self.assertEqual(len(parse(text).entries), 1)

    def test_header_may_lack_what_is_not_a_key(self) -> None:
        header = "ZHV|TEST000001|D0010002|||||20240402091500|||||"
        parsed = parse(flow_file_of_readings(READING_LINE, header=header))
        self.assertEqual(
            parsed.codes, ["missing-expected-value"] * 4 + ["no-test-flag"]
        )

    def test_header_tells_its_own_faults(self) -> None:
        header = header_line(test_data_flag="TR01", to_role="M")
        parsed = parse(flow_file_of_readings(READING_LINE, header=header))
        self.assertEqual(parsed.codes, ["test-file", "unexpected-route"])


class FlowTests(TestCase):
    def parse_flow(self, flow_and_version: str) -> Parsed:
        header = header_line(flow_and_version=flow_and_version)
        return parse(flow_file_of_readings(READING_LINE, header=header))

    def test_flow_stops_at_another_version(self) -> None:
        for version in "D0010001", "D0010003":
            with self.subTest(version=version):
                parsed = self.parse_flow(version)
                self.assertEqual(parsed.codes, ["wrong-version"])
                self.assertEqual(parsed.entries, [])

    def test_stops_at_another_flow(self) -> None:
        for flow in "D0149001", "D0086002", "D0036001":
            with self.subTest(flow=flow):
                parsed = self.parse_flow(flow)
                self.assertEqual(parsed.codes, ["wrong-flow"])
                self.assertEqual(parsed.parser.line_count, 1)

    def test_stops_where_no_flow_is_named(self) -> None:
        self.assertEqual(self.parse_flow("").codes, ["missing-value"])

    def test_stops_where_the_header_ends_before_the_flow(self) -> None:
        parsed = parse("ZHV|TEST000001")
        self.assertIn("too-few-fields", parsed.codes)
        self.assertNotIn("wrong-flow", parsed.codes)
        self.assertNotIn("no-trailer", parsed.codes)

    def test_knows_the_flow_between_spaces(self) -> None:
        parsed = self.parse_flow(" D0010002 ")
        self.assertEqual(parsed.codes, ["surrounding-spaces"])
        self.assertEqual(len(parsed.entries), 1)

    def test_gives_what_was_read_before_a_late_header_of_another_flow(self) -> None:
        late_header = header_line(flow_and_version="D0149001")
        parsed = parse("\n".join([MPAN_LINE, METER_LINE, READING_LINE, late_header]))
        self.assertEqual(parsed.codes, ["no-header", "wrong-flow"])
        self.assertEqual(len(parsed.entries), 1)


class OtherKindOfFileTests(TestCase):
    def assert_other_kind(self, data: bytes, name: str) -> None:
        parsed = parse(data)
        issue = parsed.issues[-1]
        self.assertEqual(issue.code, "not-a-flow-file")
        self.assertTrue(issue.expected.endswith(f"(this looks like {name})"))
        self.assertEqual(parsed.entries, [])

    def test_other_guess_file_type_file_is_named_where_it_is_the_pool_transfer_format(
        self,
    ) -> None:
        self.assert_other_kind(
            b"ZHD||D0265001|A|B|C|\nZPT|3|1|\n",
            "the pool transfer format (ZHD), not the user file format (ZHV)",
        )

    def test_other_guess_file_type_file_is_named_where_it_is_the_fixed_length_format(
        self,
    ) -> None:
        self.assert_other_kind(
            b"ZHF0000475656D0010002DUDMSXMRCY\n",
            "the fixed-length format (ZHF), not the delimited one (ZHV)",
        )

    def test_other_guess_file_type_file_is_named_where_it_is_an_archive(self) -> None:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as opened:
            opened.writestr("D0010.uff", WHOLE)
        self.assert_other_kind(archive.getvalue(), "a ZIP archive")
        self.assert_other_kind(gzip.compress(WHOLE.encode()), "a gzip archive")

    def test_other_guess_file_type_file_is_named_where_it_is_a_document(self) -> None:
        self.assert_other_kind(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF document")
        self.assert_other_kind(b"<!doctype html>\n", "an XML or HTML document")
        self.assert_other_kind(b"\xef\xbb\xbf<?xml?>", "an XML or HTML document")
        self.assert_other_kind(b'{"readings": []}', "a JSON document")

    def test_other_guess_file_type_file_is_named_where_it_is_one_very_long_line(
        self,
    ) -> None:
        self.assert_other_kind(b'{"a":' + b"1" * 10_000, "a JSON document")

    def test_other_guess_file_type_file_is_named_where_it_is_utf_16(self) -> None:
        self.assert_other_kind(b"\xff\xfe" + WHOLE.encode("utf-16-le"), "UTF-16 text")
        self.assert_other_kind(b"\xfe\xff" + WHOLE.encode("utf-16-be"), "UTF-16 text")

    def test_other_guess_file_type_file_is_refused_without_a_name(self) -> None:
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

    def test_other_guess_file_type_file_is_read_no_further(self) -> None:
        parsed = parse("MPAN,Register\n" + WHOLE)
        self.assertEqual(parsed.codes, ["not-a-flow-file"])
        self.assertEqual(parsed.parser.line_count, 1)


class TrailerTests(TestCase):
    def codes_of(self, trailer: str) -> list[str]:
        return parse(flow_file([MPAN_LINE, METER_LINE], trailer=False) + trailer).codes

    def test_trailer_is_missed(self) -> None:
        parsed = parse(flow_file([MPAN_LINE, METER_LINE], trailer=False))
        self.assertEqual(parsed.codes, ["no-trailer"])
        self.assertIsNone(parsed.issues[0].line_number)

    def test_trailer_is_compared_with_what_was_counted(self) -> None:
        codes = self.codes_of("ZPT|TEST000001|9||9|20240402091501|")
        self.assertEqual(codes, ["flow-count-mismatch", "group-count-mismatch"])

    def test_trailer_is_compared_with_the_header(self) -> None:
        codes = self.codes_of("ZPT|TEST000002|2||1|20240402091459|")
        self.assertEqual(
            codes, ["completed-before-created", "file-identifier-mismatch"]
        )

    def test_trailer_may_write_its_counts_with_leading_zeros(self) -> None:
        codes = self.codes_of("ZPT|TEST000001|00002||0001|20240402091501|")
        self.assertEqual(codes, [])

    def test_trailer_may_not_count_below_zero(self) -> None:
        codes = self.codes_of("ZPT|TEST000001|-2||1|20240402091501|")
        self.assertEqual(codes, ["negative"])

    def test_trailer_may_not_count_with_too_many_digits_or_others_than_ascii(
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

    def test_trailer_may_leave_counts_and_time_out(self) -> None:
        self.assertEqual(
            self.codes_of("ZPT|TEST000001|||||"), ["missing-expected-value"] * 3
        )

    def test_trailer_needs_its_file_identifier(self) -> None:
        self.assertEqual(self.codes_of("ZPT||2||1|20240402091501|"), ["missing-value"])

    def test_trailer_closes_the_groups_before_it(self) -> None:
        parsed = parse(flow_file([MPAN_LINE, METER_LINE]))
        self.assertEqual([entry.group for entry in parsed.entries], ["028"])

    def test_trailer_may_be_followed_by_blank_lines(self) -> None:
        self.assertEqual(parse(WHOLE + "\n \n").codes, [])

    def test_trailer_may_be_followed_by_nothing_else(self) -> None:
        trailer = WHOLE.splitlines()[-1]
        for line in MPAN_LINE, READING_LINE, HEADER_LINE, trailer, "???":
            with self.subTest(line=line):
                parsed = parse(WHOLE + line + "\n")
                self.assertEqual(parsed.codes, ["data-after-trailer"])
                self.assertEqual(parsed.issues[0].line_number, 6)
                self.assertEqual(len(parsed.entries), 1)

    def test_trailer_is_held_against_nothing_where_there_is_no_header(self) -> None:
        parsed = parse(MPAN_LINE + "\nZPT|OTHER|1||1|20240402091501|")
        self.assertEqual(parsed.codes, ["no-header", "no-meter"])


class NoMpanTests(TestCase):
    def test_no_mpan_is_reported_of_a_file_with_nothing_between_its_ends(self) -> None:
        parsed = parse(flow_file([]))
        self.assertEqual(parsed.codes, ["no-mpan"])
        self.assertEqual(parsed.issues[0].expected, "at least one 026 group")

    def test_no_mpan_is_reported_of_a_header_alone(self) -> None:
        self.assertEqual(parse(HEADER_LINE).codes, ["no-mpan", "no-trailer"])


class CharacterTests(TestCase):
    def test_character_takes_a_byte_order_mark_away_and_reports_it(self) -> None:
        parsed = parse("\ufeff" + WHOLE)
        self.assertEqual(parsed.codes, ["byte-order-mark"])
        self.assertEqual(parsed.entries, parse(WHOLE).entries)

    def test_character_reports_every_byte_outside_ascii_and_keeps_the_reading(
        self,
    ) -> None:
        for byte in range(0x80, 0x100):
            line = b"028|TST" + bytes([byte]) + b"|R|\n"
            data = WHOLE.encode().replace(METER_LINE.encode() + b"\n", line)
            with self.subTest(byte=hex(byte)):
                parsed = parse(data)
                self.assertEqual(parsed.codes, ["non-ascii-character"])
                self.assertEqual(len(parsed.entries), 1)

    def test_character_says_in_which_line_and_group_a_byte_is_outside_ascii(
        self,
    ) -> None:
        data = WHOLE.encode().replace(b"TST0000001", b"caf\xe9")
        [issue] = parse(data).issues
        self.assertEqual((issue.line_number, issue.group), (3, "028"))
        self.assertEqual(issue.found, "028|café|R|")

    def test_reports_each_control_character_and_drops_its_line(self) -> None:
        for control in {*range(32), 127} - {ord("\n")}:
            line = f"030|S{chr(control)}|20240401000000|99.0|||T|N|"
            with self.subTest(control=hex(control)):
                parsed = parse(flow_file_of_readings(READING_LINE, line))
                self.assertEqual(parsed.codes, ["control-character"])
                self.assertEqual(len(parsed.entries), 1)

    def test_character_puts_nothing_unprintable_into_a_fault(self) -> None:
        for line in "\x00\x01\x02|", "\x1b[31m|", "030|\x00|", "\x00" * 3, "é\x07|":
            with self.subTest(line=line):
                for issue in parse(flow_file([line])).issues:
                    self.assertTrue(all(map(str.isprintable, map(str, issue))), issue)

    def test_character_names_no_group_that_is_not_printable_ascii(self) -> None:
        parsed = parse(flow_file(["\x00\x01\x02|", MPAN_LINE, METER_LINE]))
        self.assertEqual(parsed.codes, ["unknown-group"])
        self.assertEqual(parsed.issues[0].group, "")


class LineTests(TestCase):
    def test_line_may_end_as_they_like(self) -> None:
        for text in (
            WHOLE.replace("\n", "\r\n"),
            WHOLE.replace("\n", "\r\n", 2),
            WHOLE.removesuffix("\n"),
            WHOLE.replace("\n", "\r\n").removesuffix("\n"),
        ):
            with self.subTest(text=text[-6:]):
                parsed = parse(text)
                self.assertEqual(parsed.codes, [])
                self.assertEqual(parsed.entries, parse(WHOLE).entries)

    def test_line_may_not_end_with_a_carriage_return_alone(self) -> None:
        parsed = parse(WHOLE.replace("\n", "\r"))
        self.assertIn("control-character", parsed.codes)
        self.assertEqual((parsed.parser.line_count, parsed.entries), (1, []))

    def test_line_do_not_end_where_python_would_end_them(self) -> None:
        for end in "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029":
            with self.subTest(end=ascii(end)):
                parsed = parse(WHOLE.replace("\n", end))
                self.assertEqual((parsed.parser.line_count, parsed.entries), (1, []))

    def test_may_be_blank_and_still_count_as_lines(self) -> None:
        groups = [MPAN_LINE, "", METER_LINE, "   ", READING_LINE, "", "032|05|T|"]
        parsed = parse(flow_file(groups))
        self.assertEqual(parsed.codes, [])
        [entry] = parsed.entries
        self.assertEqual((entry.line_number, len(entry.results)), (6, 1))

    def test_line_are_reported_where_the_last_is_cut(self) -> None:
        parsed = parse(f"{HEADER_LINE}\n{MPAN_LINE}\n{METER_LINE}\n030|S|2024")
        issue = parsed.issues[-1]
        self.assertEqual((issue.code, issue.line_number), ("truncated", 4))
        self.assertEqual(issue.found, "030|S|2024")

    def test_line_are_not_cut_where_the_last_ends_with_a_pipe(self) -> None:
        parsed = parse(f"{HEADER_LINE}\n{MPAN_LINE}\n{METER_LINE}")
        self.assertEqual(parsed.codes, ["no-trailer"])

    def test_are_not_cut_where_the_last_has_its_newline(self) -> None:
        parsed = parse(f"{HEADER_LINE}\n{MPAN_LINE}\n028|TST0000001|R\n")
        self.assertEqual(parsed.codes, ["no-pipe-at-end", "no-trailer"])


class LongLineTests(TestCase):
    def test_long_line_is_reported_and_ends_the_reading(self) -> None:
        long = "027|02|" + "x" * 5000 + "|"
        parsed = parse(flow_file([MPAN_LINE, METER_LINE, READING_LINE, long] * 2))
        self.assertEqual(parsed.codes, ["line-too-long"])
        [issue] = parsed.issues
        self.assertEqual((issue.line_number, issue.group), (5, "027"))
        self.assertEqual(issue.expected, "at most 4096 characters")
        self.assertEqual(len(parsed.entries), 1)

    def test_long_line_loses_nothing_that_stood_before_it(self) -> None:
        lines = [MPAN_LINE, METER_LINE, "027|02||", "x" * 5000]
        parsed = parse(flow_file(lines, trailer=False))
        self.assertEqual(parsed.codes, ["line-too-long", "out-of-order"])
        self.assertEqual([entry.group for entry in parsed.entries], ["028", "027"])

    def test_long_line_is_reported_even_if_it_is_blank(self) -> None:
        parsed = parse(flow_file([MPAN_LINE, METER_LINE, " " * 5000, READING_LINE]))
        self.assertEqual(parsed.codes, ["line-too-long"])

    def test_long_line_is_reported_of_the_header(self) -> None:
        parsed = parse(HEADER_LINE + "|" * 5000)
        self.assertEqual(parsed.codes, ["line-too-long"])

    def test_long_line_is_not_a_line_of_many_spaces_that_fits(self) -> None:
        parsed = parse(flow_file([MPAN_LINE, "028|TST" + " " * 4000 + "|R|"]))
        self.assertEqual(parsed.codes, ["surrounding-spaces"])

    def test_long_line_takes_little_of_a_stream_without_lines(self) -> None:
        stream = Stream(f"{HEADER_LINE}\n{MPAN_LINE}\n".encode(), then=b"x" * 65_536)
        issues: list[Any] = []
        parser = FlowFileParser(stream, report=issues.append)
        self.assertEqual([*parser], [])
        self.assertEqual([issue.code for issue in issues], ["line-too-long"])
        self.assertLess(stream.taken, 1_000_000)


class UnknownGroupTests(TestCase):
    def test_unknown_group_is_reported_and_counted(self) -> None:
        for line in "999|X|", "031|X|", "26|X|", "0260|X|", "ZHD|", "x", "|", " 030|":
            with self.subTest(line=line):
                parsed = parse(flow_file([MPAN_LINE, METER_LINE, line]))
                self.assertEqual(parsed.codes, ["unknown-group"])
                [issue] = parsed.issues
                self.assertEqual((issue.line_number, issue.found), (4, line))
                self.assertEqual(issue.expected, "one of 026 027 028 029 030 032 033")

    def test_unknown_group_closes_nothing(self) -> None:
        parsed = parse(flow_file_of_readings(READING_LINE, "031|X|", "032|05|T|"))
        self.assertEqual(parsed.codes, ["unknown-group"])
        self.assertEqual(len(parsed.entries[0].results), 1)


class TruncationTests(TestCase):
    whole = EVERY_GROUP.replace("TR01", "OPER").encode()

    def test_truncation_is_never_missed(self) -> None:
        for size in range(len(self.whole) - 1):
            with self.subTest(size=size):
                self.assertNotEqual(parse(self.whole[:size]).issues, [])

    def test_truncation_may_take_the_last_newline(self) -> None:
        self.assertEqual(parse(self.whole[:-1]).issues, [])

    def test_truncation_gives_no_entry_that_the_whole_does_not_give(self) -> None:
        # A 032 that is cut off is the only difference, and cells at the very end.
        whole = [entry.line_number for entry in parse(self.whole).entries]
        for size in range(len(self.whole)):
            rows = [e.line_number for e in parse(self.whole[:size]).entries]
            complete = self.whole[:size].count(b"\n")
            kept = [number for number in rows if number <= complete]
            with self.subTest(size=size):
                expected = [number for number in whole if number <= complete]
                self.assertEqual([n for n in kept if n in whole], expected)

    @skipUnless(SAMPLE_PATH.exists(), "the published sample is not here")
    def test_truncation_of_the_sample_is_never_missed(self) -> None:
        sample = SAMPLE_PATH.read_bytes()
        for size in range(len(sample)):
            with self.subTest(size=size):
                self.assertNotEqual(parse(sample[:size]).issues, [])


class AnyBytesTests(TestCase):
    @settings(max_examples=200, deadline=None)
    @given(st.binary(max_size=300))
    def test_any_bytes_never_raise(self, data: bytes) -> None:
        parse(data)

    @settings(max_examples=200, deadline=None)
    @given(st.lists(st.binary(max_size=30), max_size=10))
    def test_any_bytes_never_raise_behind_a_header(self, rows: list[bytes]) -> None:
        start = [HEADER_LINE.encode(), MPAN_LINE.encode(), METER_LINE.encode()]
        parse(b"\n".join([*start, *rows]))

    @settings(max_examples=200, deadline=None)
    @given(st.sampled_from([*D0010.groups]), st.lists(st.text(max_size=15), max_size=9))
    def test_any_bytes_never_raise_in_the_cells_of_a_group(
        self, group: Any, row: list
    ) -> None:
        line = "|".join([group.code, *row, ""])
        text = "\n".join([HEADER_LINE, MPAN_LINE, METER_LINE, READING_LINE, line])
        parse(text.encode("utf-8", "surrogatepass"))

    @settings(max_examples=200, deadline=None)
    @given(any_files)
    def test_any_bytes_leave_nothing_unprintable_in_faults(self, data: bytes) -> None:
        for issue in parse(data).issues:
            self.assertNotRegex("".join(map(str, issue)), "[\x00-\x1f\x7f]")
            self.assertLess(len(issue.found), 100)
            self.assertLess(len(issue.expected), 300)


class BlockSizeTests(TestCase):
    @settings(max_examples=200, deadline=None)
    @given(any_files, st.integers(1, 200))
    def test_block_size_never_matters(self, data: bytes, size: int) -> None:
        self.assertEqual(outcome(parse_in_blocks_of(size, data)), outcome(parse(data)))

    def test_block_size_never_matters_to_a_file_with_every_group(self) -> None:
        whole = outcome(parse(EVERY_GROUP))
        for size in range(1, len(EVERY_GROUP) + 1):
            with self.subTest(size=size):
                self.assertEqual(outcome(parse_in_blocks_of(size, EVERY_GROUP)), whole)

    def test_block_size_never_matters_to_lines_that_are_nearly_too_long(self) -> None:
        for length in (4095, 4096, 4097, 4098):
            long = "027|02|".ljust(length, "x")
            for line_ending in "\n", "\r\n":
                text = flow_file([MPAN_LINE, long, METER_LINE], line_ending=line_ending)
                whole = outcome(parse(text))
                for size in (1, 100, 4096, 4190):
                    with self.subTest(length=length, end=line_ending, size=size):
                        self.assertEqual(outcome(parse_in_blocks_of(size, text)), whole)


class OracleTests(TestCase):
    """What is kept, and what it says, is what slow reading by other means finds."""

    def as_kept(self, entry: Entry) -> reference_parser.Kept:
        cells = tuple(
            value.replace(tzinfo=None) if hasattr(value, "tzinfo") else value
            for value in entry.record
        )
        parents = [entry.mpan.line_number]
        if entry.meter is not None:
            parents.append(entry.meter.line_number)
        if entry.reading_line_number is not None:
            parents.append(entry.reading_line_number)
        return reference_parser.Kept(
            entry.line_number, entry.group, cells, tuple(parents)
        )

    def assert_as_the_oracle_says(self, data: bytes) -> None:
        parsed, kept = parse(data), reference_parser.kept_groups(data)
        childless = [e for e in parsed.entries if e.group in ("026", "028")]
        others = [e for e in parsed.entries if e.group not in ("026", "028")]
        self.assertEqual(
            [self.as_kept(entry) for entry in others],
            [row for row in kept if row.group in ("027", "029", "030", "033")],
        )
        self.assertEqual(
            [(e.line_number, *result) for e in others for result in e.results],
            [(row.parents[2], *row.cells) for row in kept if row.group == "032"],
        )
        found = {(entry.line_number, entry.record) for entry in childless}
        self.assertLessEqual(found, {(row.line_number, row.cells) for row in kept})

    @settings(max_examples=400, deadline=None)
    @given(any_files)
    def test_oracle_agree_on_any_file_of_the_flow(self, data: bytes) -> None:
        assume(reference_parser.is_of_the_flow(data))
        self.assert_as_the_oracle_says(data)

    @settings(max_examples=100, deadline=None)
    @given(canonical_files())
    def test_oracle_agree_on_canonical_files(self, file: Any) -> None:
        self.assert_as_the_oracle_says(file.text.encode())

    def test_oracle_agree_that_times_are_local(self) -> None:
        [entry] = parse(WHOLE).entries
        self.assertEqual(str(entry.record.read_at.tzinfo), "Europe/London")


class BatchTests(TestCase):
    def test_batch_gives_common_readings_in_columns(self) -> None:
        text = flow_file_of_readings(*[READING_LINE] * 100)
        parser = FlowFileParser(io.BytesIO(text.encode()), report=self.fail)
        batches = [batch for batch in parser.batches() if batch]
        [columns] = [b for b in batches if isinstance(b, ReadingBatch)]
        self.assertEqual(columns.line_count, 100)
        self.assertEqual([b for b in batches if isinstance(b, list)], [])

    def test_batch_keeps_file_order_across_meters_and_blocks(self) -> None:
        groups = [MPAN_LINE, METER_LINE, *[READING_LINE] * 5, METER_LINE, METER_LINE]
        text = flow_file([*groups, READING_LINE, "033|02||"] * 20)
        numbers = [e.line_number for e in parse_in_blocks_of(500, text).entries]
        self.assertEqual(numbers, sorted(numbers))
        self.assertEqual(len(numbers), 20 * 8)

    def test_batch_reads_no_further_than_it_must(self) -> None:
        text = flow_file_of_readings(*[READING_LINE] * 50_000)
        stream = Stream(text.encode())
        next(iter(FlowFileParser(stream, report=self.fail)))
        self.assertLess(stream.taken, 300_000)


class AnotherFlowTests(TestCase):
    """Another flow of the same structure is another table and nothing more."""

    codes = {
        "026": "196",
        "027": "765",
        "028": "197",
        "029": "766",
        "030": "198",
        "032": "07A",
        "033": "199",
    }

    def setUp(self) -> None:
        def renumbered(group: Any) -> Any:
            parent = self.codes.get(group.parent)
            return replace(group, code=self.codes[group.code], parent=parent)

        names = ("mpan", "mpan_visit", "meter", "meter_visit")
        names += ("reading", "result", "reading_visit")
        groups = {name: renumbered(getattr(D0010, name)) for name in names}
        self.flow = replace(D0010, name="D0086", version="002", **groups)
        self.text = EVERY_GROUP.replace("D0010002", "D0086002").replace("TR01", "OPER")
        for old, new in self.codes.items():
            self.text = self.text.replace(f"\n{old}|", f"\n{new}|")

    def test_another_flow_reads_the_same_records(self) -> None:
        parsed = parse(self.text, flow=self.flow)
        self.assertEqual(parsed.issues, [])
        self.assertEqual(parsed.records, parse(EVERY_GROUP).records)

    def test_another_flow_names_groups_by_its_own_numbers(self) -> None:
        groups = [entry.group for entry in parse(self.text, flow=self.flow).entries]
        self.assertEqual(groups, ["765", "198", "198", "766", "198", "199"])

    def test_another_flow_refuses_a_d0010(self) -> None:
        self.assertEqual(parse(EVERY_GROUP, flow=self.flow).codes, ["wrong-flow"])

    def test_another_flow_expects_its_own_groups(self) -> None:
        text = self.text.replace("\n198|", "\n030|")
        issue = parse(text, flow=self.flow).issues[0]
        self.assertEqual(issue.expected, "one of 196 765 197 766 198 07A 199")


class WithoutDjangoTests(TestCase):
    """The language knows no framework, no database and no settings."""

    program = textwrap.dedent("""
        import io, sys

        class Forbidden:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] in ("django", "rest_framework", "psycopg2"):
                    raise ImportError(f"{name} is forbidden here")

        sys.meta_path.insert(0, Forbidden())
        from meter_readings import d0010

        parser = d0010.FlowFileParser(sys.stdin.buffer, report=print)
        entries = list(parser)
        lines = d0010.write_flow_file(parser.header, entries, parser.trailer)
        print("\\n".join(lines))
        """)

    def test_without_django_reads_and_writes_a_file(self) -> None:
        completed = subprocess.run(
            [sys.executable, "-c", self.program],
            cwd=PROJECT_ROOT,
            input=WHOLE,
            capture_output=True,
            text=True,
        )
        self.assertEqual(completed.stderr, "")
        self.assertEqual(completed.stdout, WHOLE)
