"""Property tests of the parser: any bytes, any block size, any truncation."""

from __future__ import annotations

from typing import Any
from unittest import TestCase, skipUnless

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from meter_readings.d0010 import D0010, Entry
from meter_readings.tests.robustness import examples
from meter_readings.tests.support.flow_file_builder import (
    EVERY_GROUP,
    HEADER_LINE,
    METER_LINE,
    MPAN_LINE,
    READING_LINE,
    SAMPLE_PATH,
    flow_file,
    parse,
    parse_in_blocks_of,
)

from . import reference_parser
from .strategies import any_files, canonical_files
from .readings.test_agreement import outcome

WHOLE = flow_file([MPAN_LINE, METER_LINE, READING_LINE])


class TruncationTests(TestCase):
    whole = EVERY_GROUP.replace("TR01", "OPER").encode()

    def test_every_truncation_is_reported(self) -> None:
        for size in range(len(self.whole) - 1):
            with self.subTest(size=size):
                self.assertNotEqual(parse(self.whole[:size]).issues, [])

    def test_missing_last_newline_is_not_a_truncation(self) -> None:
        self.assertEqual(parse(self.whole[:-1]).issues, [])

    def test_truncated_file_has_no_entries_that_the_whole_file_has_not(self) -> None:
        # Only a missing 032 and fields of the last line can differ.
        whole = [entry.line_number for entry in parse(self.whole).entries]
        for size in range(len(self.whole)):
            rows = [e.line_number for e in parse(self.whole[:size]).entries]
            complete = self.whole[:size].count(b"\n")
            kept = [number for number in rows if number <= complete]
            with self.subTest(size=size):
                expected = [number for number in whole if number <= complete]
                self.assertEqual([n for n in kept if n in whole], expected)

    @skipUnless(SAMPLE_PATH.exists(), "the published sample is not here")
    def test_every_truncation_of_the_sample_is_reported(self) -> None:
        sample = SAMPLE_PATH.read_bytes()
        for size in range(len(sample)):
            with self.subTest(size=size):
                self.assertNotEqual(parse(sample[:size]).issues, [])


class AnyBytesTests(TestCase):
    @settings(max_examples=examples(200), deadline=None)
    @given(st.binary(max_size=300))
    def test_parser_does_not_raise_on_any_bytes(self, data: bytes) -> None:
        parse(data)

    @settings(max_examples=examples(200), deadline=None)
    @given(st.lists(st.binary(max_size=30), max_size=10))
    def test_parser_does_not_raise_on_any_bytes_after_a_header(
        self, rows: list[bytes]
    ) -> None:
        start = [HEADER_LINE.encode(), MPAN_LINE.encode(), METER_LINE.encode()]
        parse(b"\n".join([*start, *rows]))

    @settings(max_examples=examples(200), deadline=None)
    @given(st.sampled_from([*D0010.groups]), st.lists(st.text(max_size=15), max_size=9))
    def test_parser_does_not_raise_on_any_text_in_a_group(
        self, group: Any, row: list
    ) -> None:
        line = "|".join([group.code, *row, ""])
        text = "\n".join([HEADER_LINE, MPAN_LINE, METER_LINE, READING_LINE, line])
        parse(text.encode("utf-8", "surrogatepass"))

    @settings(max_examples=examples(200), deadline=None)
    @given(any_files)
    def test_issues_of_any_file_are_short_and_printable(self, data: bytes) -> None:
        for issue in parse(data).issues:
            self.assertNotRegex("".join(map(str, issue)), "[\x00-\x1f\x7f]")
            self.assertLess(len(issue.found), 100)
            self.assertLess(len(issue.expected), 300)


class BlockSizeTests(TestCase):
    @settings(max_examples=examples(200), deadline=None)
    @given(any_files, st.integers(1, 200))
    def test_block_size_does_not_change_the_result(
        self, data: bytes, size: int
    ) -> None:
        self.assertEqual(outcome(parse_in_blocks_of(size, data)), outcome(parse(data)))

    def test_block_size_does_not_change_the_result_of_a_file_with_every_group(
        self,
    ) -> None:
        whole = outcome(parse(EVERY_GROUP))
        for size in range(1, len(EVERY_GROUP) + 1):
            with self.subTest(size=size):
                self.assertEqual(outcome(parse_in_blocks_of(size, EVERY_GROUP)), whole)

    def test_block_size_does_not_change_the_result_of_long_lines(self) -> None:
        for length in (4095, 4096, 4097, 4098):
            long = "027|02|".ljust(length, "x")
            for line_ending in "\n", "\r\n":
                text = flow_file([MPAN_LINE, long, METER_LINE], line_ending=line_ending)
                whole = outcome(parse(text))
                for size in (1, 100, 4096, 4190):
                    with self.subTest(length=length, end=line_ending, size=size):
                        self.assertEqual(outcome(parse_in_blocks_of(size, text)), whole)


class ReferenceParserTests(TestCase):
    """The entries are those of a slower parser that shares no code."""

    def as_group(self, entry: Entry) -> reference_parser.ValidGroup:
        values = tuple(
            value.replace(tzinfo=None) if hasattr(value, "tzinfo") else value
            for value in entry.record
        )
        parents = [entry.mpan.line_number]
        if entry.meter is not None:
            parents.append(entry.meter.line_number)
        if entry.reading_line_number is not None:
            parents.append(entry.reading_line_number)
        return reference_parser.ValidGroup(
            entry.line_number, entry.group, values, tuple(parents)
        )

    def assert_agrees_with_reference_parser(self, data: bytes) -> None:
        parsed, valid = parse(data), reference_parser.valid_groups(data)
        childless = [e for e in parsed.entries if e.group in ("026", "028")]
        others = [e for e in parsed.entries if e.group not in ("026", "028")]
        self.assertEqual(
            [self.as_group(entry) for entry in others],
            [row for row in valid if row.group in ("027", "029", "030", "033")],
        )
        self.assertEqual(
            [(e.line_number, *result) for e in others for result in e.results],
            [(row.parents[2], *row.values) for row in valid if row.group == "032"],
        )
        found = {(entry.line_number, entry.record) for entry in childless}
        self.assertLessEqual(found, {(row.line_number, row.values) for row in valid})

    @settings(max_examples=examples(400), deadline=None)
    @given(any_files)
    def test_parser_and_reference_parser_agree_on_any_file(self, data: bytes) -> None:
        assume(reference_parser.is_of_the_flow(data))
        self.assert_agrees_with_reference_parser(data)

    @settings(max_examples=examples(100), deadline=None)
    @given(canonical_files())
    def test_parser_and_reference_parser_agree_on_canonical_files(
        self, file: Any
    ) -> None:
        self.assert_agrees_with_reference_parser(file.text.encode())

    def test_reading_times_are_in_uk_local_time(self) -> None:
        [entry] = parse(WHOLE).entries
        self.assertEqual(str(entry.record.read_at.tzinfo), "Europe/London")
