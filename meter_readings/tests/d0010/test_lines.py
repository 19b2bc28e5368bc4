"""Tests of the line reader: line ends, blocks and decoding."""

from __future__ import annotations

import io
from unittest import TestCase
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from meter_readings.d0010.lines import LONGEST_LINE, Block, LineReader, lines_between


def blocks_of(data: bytes, size: int = 1 << 18) -> tuple[list[Block], LineReader]:
    """Return the blocks that data is read in, and the reader."""
    reader = LineReader(io.BytesIO(data))
    with patch("meter_readings.d0010.lines.BLOCK_SIZE", size):
        return [*reader], reader


def lines_of(data: bytes, size: int = 1 << 18) -> list[str]:
    """Return all lines of data."""
    return [line for block in blocks_of(data, size)[0] for line in block.lines]


class EndlessLine(io.RawIOBase):
    """A stream of one endless line that counts the bytes read."""

    def __init__(self) -> None:
        self.taken = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        self.taken += size
        return b"x" * size


class LineTests(TestCase):
    def test_line_ends_at_a_line_feed(self) -> None:
        self.assertEqual(lines_of(b"first|\nsecond|\n"), ["first|", "second|"])

    def test_line_ends_at_a_carriage_return_and_line_feed(self) -> None:
        self.assertEqual(lines_of(b"first|\r\nsecond|\r\n"), ["first|", "second|"])

    def test_lines_of_one_file_can_have_different_ends(self) -> None:
        self.assertEqual(lines_of(b"one|\r\ntwo|\nthree|"), ["one|", "two|", "three|"])

    def test_last_line_needs_no_line_feed(self) -> None:
        self.assertEqual(lines_of(b"first|\nsecond|"), ["first|", "second|"])

    def test_last_line_loses_its_carriage_return(self) -> None:
        self.assertEqual(lines_of(b"first|\r\nsecond|\r"), ["first|", "second|"])

    def test_empty_file_has_no_lines(self) -> None:
        self.assertEqual(lines_of(b""), [])

    def test_line_can_be_blank(self) -> None:
        self.assertEqual(lines_of(b"first|\n\n\nlast|\n"), ["first|", "", "", "last|"])

    def test_lines_are_read_from_a_file_shorter_than_a_byte_order_mark(self) -> None:
        self.assertEqual(lines_of(b"a\nb"), ["a", "b"])
        self.assertEqual(lines_of(b"\r\n"), [""])
        self.assertEqual(lines_of(b"\n\n\n"), ["", "", ""])

    def test_line_does_not_end_at_a_carriage_return_alone(self) -> None:
        self.assertEqual(lines_of(b"first|\rsecond|\n"), ["first|\rsecond|"])

    def test_line_loses_one_of_two_carriage_returns(self) -> None:
        self.assertEqual(lines_of(b"first|\r\r\nsecond|\n"), ["first|\r", "second|"])

    def test_line_does_not_end_at_other_line_boundaries_of_python(self) -> None:
        for end in b"\x0b\x0c\x1c\x1d\x1e\x85":
            data = b"first|" + bytes([end]) + b"second|\n"
            with self.subTest(end=hex(end)):
                self.assertEqual(len(lines_of(data)), 1)

    def test_line_does_not_end_at_unicode_separators(self) -> None:
        for end in "\u2028\u2029\x85":
            with self.subTest(end=ascii(end)):
                self.assertEqual(len(lines_of(f"one|{end}two|\n".encode())), 1)


class BlockTests(TestCase):
    def test_block_of_printable_ascii_is_marked(self) -> None:
        [block] = blocks_of(b"030|S|~ !\n")[0]
        self.assertTrue(block.is_printable_ascii)

    def test_block_with_carriage_returns_before_line_feeds_is_printable(self) -> None:
        [block] = blocks_of(b"030|S|\r\n030|S|\r\n")[0]
        self.assertTrue(block.is_printable_ascii)

    def test_block_with_any_other_byte_is_not_printable_ascii(self) -> None:
        printable = {*range(32, 127), ord("\n")}
        for byte in {*range(256)} - printable:
            data = b"030|" + bytes([byte]) + b"S|\n"
            with self.subTest(byte=hex(byte)):
                [block] = blocks_of(data)[0]
                self.assertFalse(block.is_printable_ascii)

    def test_block_has_whole_lines_only(self) -> None:
        blocks, _ = blocks_of(b"first|\nsecond|\nthird|\n", size=10)
        self.assertEqual(
            [block.lines for block in blocks], [["first|"], ["second|", "third|"]]
        )

    def test_block_size_does_not_change_the_lines(self) -> None:
        data = b"\xef\xbb\xbfone|\r\n\n\rtwo|\x85\n" + b"x" * 4096 + b"\r\n" + b"three|"
        whole = lines_of(data)
        for size in (1, 2, 3, 5, 4095, 4096, 4097, 4110, 4120):
            with self.subTest(size=size):
                self.assertEqual(lines_of(data, size), whole)

    @given(
        st.lists(st.sampled_from([b"a", b"|", b"\n", b"\r", b"\x85", b"\xef\xbb\xbf"])),
        st.integers(1, 8),
    )
    def test_block_size_does_not_change_any_lines(
        self, pieces: list[bytes], size: int
    ) -> None:
        data = b"".join(pieces)
        self.assertEqual(lines_of(data, size), lines_of(data))


class DecodingTests(TestCase):
    def test_decodes_bytes_outside_ascii_as_windows_1252(self) -> None:
        self.assertEqual(lines_of(b"caf\xe9 \x80|\n"), ["café €|"])

    def test_decodes_undefined_bytes_as_replacement_characters(self) -> None:
        self.assertEqual(lines_of(b"\x81\x8d\x8f\x90\x9d\n"), ["\ufffd" * 5])

    def test_decodes_every_byte_as_one_character(self) -> None:
        for byte in {*range(256)} - {ord("\n"), ord("\r")}:
            with self.subTest(byte=hex(byte)):
                self.assertEqual(len(lines_of(b"abc" + bytes([byte]))[0]), 4)

    def test_byte_order_mark_is_removed(self) -> None:
        [block], reader = blocks_of(b"\xef\xbb\xbfZHV|\n")
        self.assertEqual(block, Block("ZHV|", True))
        self.assertTrue(reader.has_byte_order_mark)

    def test_only_one_byte_order_mark_is_removed(self) -> None:
        self.assertEqual(lines_of(b"\xef\xbb\xbf" * 2 + b"ZHV|"), ["ï»¿ZHV|"])

    def test_file_without_byte_order_mark_has_none(self) -> None:
        _, reader = blocks_of(b"ZHV|\n")
        self.assertFalse(reader.has_byte_order_mark)


class FileEndTests(TestCase):
    def test_file_that_ends_with_a_newline_is_marked(self) -> None:
        _, reader = blocks_of(b"first|\nsecond|\n")
        self.assertTrue(reader.ends_with_newline)

    def test_file_that_ends_without_a_newline_is_marked(self) -> None:
        _, reader = blocks_of(b"first|\nsecond|")
        self.assertFalse(reader.ends_with_newline)

    def test_shortest_files_end_with_or_without_a_newline(self) -> None:
        self.assertTrue(blocks_of(b"a|\n")[1].ends_with_newline)
        self.assertFalse(blocks_of(b"\na|")[1].ends_with_newline)

    def test_line_ending_is_that_of_the_first_line(self) -> None:
        self.assertEqual(blocks_of(b"first|\r\nsecond|\n")[1].line_ending, "\r\n")
        self.assertEqual(blocks_of(b"first|\nsecond|\r\n")[1].line_ending, "\n")

    def test_line_ending_is_that_of_the_first_line_in_small_blocks(
        self,
    ) -> None:
        for size in range(1, 12):
            with self.subTest(size=size):
                _, reader = blocks_of(b"first|\r\nsecond|\nthird|\n", size)
                self.assertEqual(reader.line_ending, "\r\n")
                _, reader = blocks_of(b"first|\nsecond|\r\nthird|\r\n", size)
                self.assertEqual(reader.line_ending, "\n")

    def test_line_ending_is_a_line_feed_by_default(self) -> None:
        self.assertEqual(blocks_of(b"first|")[1].line_ending, "\n")

    def test_byte_count_counts_every_byte(self) -> None:
        data = b"\xef\xbb\xbfZHV|\r\n026|caf\xe9|\n"
        for size in (1, 4, 1000):
            with self.subTest(size=size):
                self.assertEqual(blocks_of(data, size)[1].byte_count, len(data))


class LongLineTests(TestCase):
    def test_line_of_the_maximum_length_is_read(self) -> None:
        longest = b"x" * LONGEST_LINE
        self.assertEqual(len(lines_of(longest + b"\nlast|\n")), 2)

    def test_longer_line_is_the_last_one_read(self) -> None:
        data = b"first|\n" + b"x" * (LONGEST_LINE + 1) + b"\nlast|\n"
        self.assertEqual(lines_of(data), ["first|", "x" * (LONGEST_LINE + 1)])

    def test_longer_line_is_truncated(self) -> None:
        [line] = lines_of(b"x" * 100_000)
        self.assertEqual(len(line), LONGEST_LINE + 1)

    def test_longer_line_is_not_marked_as_printable_ascii(self) -> None:
        [block] = blocks_of(b"x" * 100_000)[0]
        self.assertFalse(block.is_printable_ascii)

    def test_longer_line_is_found_at_every_block_size(self) -> None:
        data = b"first|\n" + b"x" * (LONGEST_LINE + 1) + b"\nlast|\n"
        whole = lines_of(data)
        for size in (1, 7, 4096, 4104, 4105, 4106, 4107):
            with self.subTest(size=size):
                self.assertEqual(lines_of(data, size), whole)

    def test_blank_line_before_a_longer_line_is_read(self) -> None:
        self.assertEqual(lines_of(b"\n" + b"x" * 5000), ["", "x" * (LONGEST_LINE + 1)])

    def test_longer_line_is_decoded_like_any_other(self) -> None:
        [line] = lines_of(b"\xe9" * 5000)
        self.assertEqual(line[0], "é")

    def test_truncated_line_keeps_a_carriage_return(self) -> None:
        [line] = lines_of(b"x" * LONGEST_LINE + b"\r" + b"x" * 10)
        self.assertEqual(len(line), LONGEST_LINE + 1)

    def test_endless_line_stops_the_reader(self) -> None:
        stream = EndlessLine()
        [block] = LineReader(stream)  # type: ignore[arg-type]
        self.assertEqual(len(block.lines[0]), LONGEST_LINE + 1)
        self.assertLess(stream.taken, 1_000_000)


class LinesBetweenTests(TestCase):
    def lines(self, data: bytes, first: int, last: int) -> list[tuple[int, str]]:
        """Return the lines from one number to another, read in blocks of 10 bytes."""
        with patch("meter_readings.d0010.lines.BLOCK_SIZE", 10):
            return [*lines_between(io.BytesIO(data), first=first, last=last)]

    def test_lines_between_yields_the_requested_lines_with_their_numbers(self) -> None:
        lines = self.lines(b"one|\ntwo|\nthree|\nfour|\n", 2, 3)
        self.assertEqual(lines, [(2, "two|"), (3, "three|")])

    def test_lines_between_ends_with_the_file(self) -> None:
        self.assertEqual(self.lines(b"one|\ntwo|", 2, 9), [(2, "two|")])

    def test_lines_between_yields_nothing_after_the_end_of_the_file(self) -> None:
        self.assertEqual(self.lines(b"one|\n", 2, 9), [])

    def test_lines_between_stops_reading_after_the_last_line(self) -> None:
        stream = io.BytesIO(b"a line|\n" * 1000)
        with patch("meter_readings.d0010.lines.BLOCK_SIZE", 10):
            self.assertEqual(len([*lines_between(stream, first=3, last=5)]), 3)
        self.assertLess(stream.tell(), 100)

    @given(
        st.lists(st.text("ab|", max_size=20), min_size=1, max_size=30),
        st.integers(1, 40),
        st.integers(0, 10),
    )
    def test_lines_between_yields_the_same_lines_as_a_whole_read(
        self, lines: list[str], first: int, more: int
    ) -> None:
        data = "".join(line + "\n" for line in lines).encode()
        whole = [*enumerate(lines, 1)]
        expected = whole[first - 1 : first + more]
        self.assertEqual(self.lines(data, first, first + more), expected)
