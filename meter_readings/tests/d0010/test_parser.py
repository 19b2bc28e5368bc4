"""Tests of the parser: lines, characters, groups and batches."""

from __future__ import annotations

import io
import subprocess
import sys
import textwrap
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import TestCase, skipUnless

from meter_readings.d0010 import D0010, FlowFileParser, ReadingBatch
from meter_readings.tests.support.flow_file_builder import (
    EVERY_GROUP,
    HEADER_LINE,
    METER_LINE,
    MPAN_LINE,
    READING_LINE,
    SAMPLE_PATH,
    flow_file,
    flow_file_of_readings,
    parse,
    parse_in_blocks_of,
)

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

    def test_file_with_every_group_has_no_issue_except_test_file(self) -> None:
        self.assertEqual(self.parsed.codes, ["test-file"])

    def test_every_reading_and_site_visit_is_an_entry(self) -> None:
        self.assertEqual(
            [(entry.line_number, entry.group) for entry in self.parsed.entries],
            [(3, "027"), (5, "030"), (6, "030"), (9, "029"), (10, "030"), (12, "033")],
        )

    def test_values_are_decimals(self) -> None:
        values = [e.record.value for e in self.parsed.entries if e.group == "030"]
        self.assertEqual(values, [Decimal("12345.0"), Decimal("41.5"), Decimal(99)])

    def test_counts_equal_those_of_the_trailer(self) -> None:
        parser = self.parsed.parser
        self.assertEqual((parser.group_count, parser.flow_count), (11, 2))
        self.assertEqual(parser.line_count, 13)

    def test_header_and_trailer_are_kept_as_records_and_as_text(self) -> None:
        parser, lines = self.parsed.parser, EVERY_GROUP.splitlines()
        assert parser.header is not None and parser.trailer is not None
        self.assertEqual(parser.header.from_participant, "UDMS")
        self.assertEqual(parser.trailer.group_count, 11)
        self.assertEqual([parser.header_text, parser.trailer_text], lines[::12])


@skipUnless(SAMPLE_PATH.exists(), "the published sample is not here")
class SampleTests(TestCase):
    def setUp(self) -> None:
        self.parsed = parse(SAMPLE_PATH.read_bytes())

    def test_published_sample_has_no_issue(self) -> None:
        self.assertEqual(self.parsed.issues, [])

    def test_published_sample_has_eleven_metering_points_and_thirteen_readings(
        self,
    ) -> None:
        entries = self.parsed.entries
        self.assertEqual(len({entry.mpan.record.mpan_core for entry in entries}), 11)
        self.assertEqual([entry.group for entry in entries], ["030"] * 13)

    def test_spaces_inside_serial_numbers_are_kept(self) -> None:
        entry = self.parsed.entries[0]
        assert entry.meter is not None
        self.assertEqual(entry.meter.record.meter_id, "F75A 00802")

    def test_published_sample_ends_without_a_newline(self) -> None:
        self.assertFalse(self.parsed.parser.lines.ends_with_newline)


class CharacterTests(TestCase):
    def test_byte_order_mark_is_reported_and_removed(self) -> None:
        parsed = parse("\ufeff" + WHOLE)
        self.assertEqual(parsed.codes, ["byte-order-mark"])
        self.assertEqual(parsed.entries, parse(WHOLE).entries)

    def test_every_byte_outside_ascii_is_reported_and_the_reading_kept(
        self,
    ) -> None:
        for byte in range(0x80, 0x100):
            line = b"028|TST" + bytes([byte]) + b"|R|\n"
            data = WHOLE.encode().replace(METER_LINE.encode() + b"\n", line)
            with self.subTest(byte=hex(byte)):
                parsed = parse(data)
                self.assertEqual(parsed.codes, ["non-ascii-character"])
                self.assertEqual(len(parsed.entries), 1)

    def test_issue_of_a_byte_outside_ascii_has_line_and_group(
        self,
    ) -> None:
        data = WHOLE.encode().replace(b"TST0000001", b"caf\xe9")
        [issue] = parse(data).issues
        self.assertEqual((issue.line_number, issue.group), (3, "028"))
        self.assertEqual(issue.found, "028|café|R|")

    def test_control_character_is_reported_and_its_line_left_out(self) -> None:
        for control in {*range(32), 127} - {ord("\n")}:
            line = f"030|S{chr(control)}|20240401000000|99.0|||T|N|"
            with self.subTest(control=hex(control)):
                parsed = parse(flow_file_of_readings(READING_LINE, line))
                self.assertEqual(parsed.codes, ["control-character"])
                self.assertEqual(len(parsed.entries), 1)

    def test_issues_have_only_printable_characters(self) -> None:
        for line in "\x00\x01\x02|", "\x1b[31m|", "030|\x00|", "\x00" * 3, "é\x07|":
            with self.subTest(line=line):
                for issue in parse(flow_file([line])).issues:
                    self.assertTrue(all(map(str.isprintable, map(str, issue))), issue)

    def test_issue_does_not_show_a_group_that_is_not_printable_ascii(self) -> None:
        parsed = parse(flow_file(["\x00\x01\x02|", MPAN_LINE, METER_LINE]))
        self.assertEqual(parsed.codes, ["unknown-group"])
        self.assertEqual(parsed.issues[0].group, "")


class LineTests(TestCase):
    def test_lines_can_have_any_line_ending(self) -> None:
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

    def test_carriage_return_alone_is_a_control_character(self) -> None:
        parsed = parse(WHOLE.replace("\n", "\r"))
        self.assertIn("control-character", parsed.codes)
        self.assertEqual((parsed.parser.line_count, parsed.entries), (1, []))

    def test_line_does_not_end_at_other_line_boundaries_of_python(self) -> None:
        for end in "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029":
            with self.subTest(end=ascii(end)):
                parsed = parse(WHOLE.replace("\n", end))
                self.assertEqual((parsed.parser.line_count, parsed.entries), (1, []))

    def test_blank_lines_are_counted_and_have_no_issue(self) -> None:
        groups = [MPAN_LINE, "", METER_LINE, "   ", READING_LINE, "", "032|05|T|"]
        parsed = parse(flow_file(groups))
        self.assertEqual(parsed.codes, [])
        [entry] = parsed.entries
        self.assertEqual((entry.line_number, len(entry.results)), (6, 1))

    def test_truncated_last_line_is_reported(self) -> None:
        parsed = parse(f"{HEADER_LINE}\n{MPAN_LINE}\n{METER_LINE}\n030|S|2024")
        issue = parsed.issues[-1]
        self.assertEqual((issue.code, issue.line_number), ("truncated", 4))
        self.assertEqual(issue.found, "030|S|2024")

    def test_last_line_with_a_pipe_is_not_truncated(self) -> None:
        parsed = parse(f"{HEADER_LINE}\n{MPAN_LINE}\n{METER_LINE}")
        self.assertEqual(parsed.codes, ["no-trailer"])

    def test_last_line_with_a_newline_is_not_truncated(self) -> None:
        parsed = parse(f"{HEADER_LINE}\n{MPAN_LINE}\n028|TST0000001|R\n")
        self.assertEqual(parsed.codes, ["no-pipe-at-end", "no-trailer"])


class PaddingTests(TestCase):
    """Ctrl-Z and NUL after the trailer."""

    def test_padding_after_the_trailer_is_reported_and_changes_nothing(self) -> None:
        whole = parse(WHOLE)
        for padding in "\x1a", "\0" * 100, "\0" * 200_000, "\x1a\r\n", "\x1a\0":
            for text in WHOLE + padding, WHOLE.removesuffix("\n") + padding:
                with self.subTest(padding=padding[:3], end=text[-1]):
                    parsed = parse(text)
                    self.assertEqual(parsed.codes, ["padding-after-trailer"])
                    self.assertEqual(parsed.entries, whole.entries)
                    self.assertEqual(parsed.parser.trailer, whole.parser.trailer)
                    count = parsed.parser.group_count
                    self.assertEqual(count, whole.parser.group_count)

    def test_padding_is_shown_in_the_issue(self) -> None:
        [issue] = parse(WHOLE + "\x1a\0").issues
        self.assertEqual(issue.found, r"\x1a\x00")
        self.assertEqual(issue.group, "ZPT")

    def test_data_behind_padding_is_reported(self) -> None:
        for padding in "\x1a", "\0" * 200_000:
            for text in WHOLE + padding, WHOLE.removesuffix("\n") + padding:
                with self.subTest(padding=padding[:3], end=text[-2:]):
                    codes = parse(text + "\n" + MPAN_LINE).codes
                    self.assertIn("data-after-trailer", codes)

    def test_padding_before_the_trailer_is_an_error(self) -> None:
        for text in WHOLE.replace("ZPT", "\x1aZPT"), WHOLE.replace("ZPT", "\x1a\nZPT"):
            self.assertIn("unknown-group", parse(text).codes)

    def test_file_of_nothing_but_padding_is_not_a_flow_file(self) -> None:
        self.assertEqual(parse("\0" * 200_000).codes, ["not-a-flow-file"])


class LongLineTests(TestCase):
    def test_too_long_line_is_reported_and_stops_parsing(self) -> None:
        long = "027|02|" + "x" * 5000 + "|"
        parsed = parse(flow_file([MPAN_LINE, METER_LINE, READING_LINE, long] * 2))
        self.assertEqual(parsed.codes, ["line-too-long"])
        [issue] = parsed.issues
        self.assertEqual((issue.line_number, issue.group), (5, "027"))
        self.assertEqual(issue.expected, "at most 4096 characters")
        self.assertEqual(len(parsed.entries), 1)

    def test_entries_before_a_too_long_line_are_kept(self) -> None:
        lines = [MPAN_LINE, METER_LINE, "027|02||", "x" * 5000]
        parsed = parse(flow_file(lines, trailer=False))
        self.assertEqual(parsed.codes, ["line-too-long", "out-of-order"])
        self.assertEqual([entry.group for entry in parsed.entries], ["028", "027"])

    def test_too_long_blank_line_is_reported(self) -> None:
        parsed = parse(flow_file([MPAN_LINE, METER_LINE, " " * 5000, READING_LINE]))
        self.assertEqual(parsed.codes, ["line-too-long"])

    def test_too_long_header_is_reported(self) -> None:
        parsed = parse(HEADER_LINE + "|" * 5000)
        self.assertEqual(parsed.codes, ["line-too-long"])

    def test_long_line_within_the_limit_is_parsed(self) -> None:
        parsed = parse(flow_file([MPAN_LINE, "028|TST" + " " * 4000 + "|R|"]))
        self.assertEqual(parsed.codes, ["surrounding-spaces"])

    def test_stream_without_line_feeds_is_not_read_to_its_end(self) -> None:
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


class BatchTests(TestCase):
    def test_plain_readings_come_in_one_batch(self) -> None:
        text = flow_file_of_readings(*[READING_LINE] * 100)
        parser = FlowFileParser(io.BytesIO(text.encode()), report=self.fail)
        batches = [batch for batch in parser.batches() if batch]
        [columns] = [b for b in batches if isinstance(b, ReadingBatch)]
        self.assertEqual(columns.line_count, 100)
        self.assertEqual([b for b in batches if isinstance(b, list)], [])

    def test_entries_are_in_file_order_across_meters_and_blocks(self) -> None:
        groups = [MPAN_LINE, METER_LINE, *[READING_LINE] * 5, METER_LINE, METER_LINE]
        text = flow_file([*groups, READING_LINE, "033|02||"] * 20)
        numbers = [e.line_number for e in parse_in_blocks_of(500, text).entries]
        self.assertEqual(numbers, sorted(numbers))
        self.assertEqual(len(numbers), 20 * 8)

    def test_first_entry_is_returned_before_the_whole_file_is_read(self) -> None:
        text = flow_file_of_readings(*[READING_LINE] * 50_000)
        stream = Stream(text.encode())
        next(iter(FlowFileParser(stream, report=self.fail)))
        self.assertLess(stream.taken, 300_000)


class AnotherFlowTests(TestCase):
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

    def test_same_structure_with_other_group_codes_gives_the_same_records(self) -> None:
        parsed = parse(self.text, flow=self.flow)
        self.assertEqual(parsed.issues, [])
        self.assertEqual(parsed.records, parse(EVERY_GROUP).records)

    def test_entries_of_another_flow_have_its_group_codes(self) -> None:
        groups = [entry.group for entry in parse(self.text, flow=self.flow).entries]
        self.assertEqual(groups, ["765", "198", "198", "766", "198", "199"])

    def test_parser_of_another_flow_rejects_a_d0010(self) -> None:
        self.assertEqual(parse(EVERY_GROUP, flow=self.flow).codes, ["wrong-flow"])

    def test_parser_of_another_flow_expects_its_group_codes(self) -> None:
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

    def test_library_parses_and_writes_a_file_without_django(self) -> None:
        completed = subprocess.run(
            [sys.executable, "-c", self.program],
            cwd=PROJECT_ROOT,
            input=WHOLE,
            capture_output=True,
            text=True,
        )
        self.assertEqual(completed.stderr, "")
        self.assertEqual(completed.stdout, WHOLE)
