"""A flow file without one MPAN."""

from __future__ import annotations

import io
from unittest import TestCase

from meter_readings.d0010.redaction import Identifiers, Redaction
from meter_readings.tests.flow_file_builder import (
    EVERY_GROUP,
    HEADER_LINE,
    flow_file,
    lines_of,
    parse,
)

MPAN = "2000000000015"
TRACES = Identifiers(MPAN, ("TST0000002",))

TWO = flow_file("""
    026|2000000000015|V|
    027|02|Mine|
    028|TST0000002|R|
    030|S|20240401000000|99.0|||T|N|
    026|1000000000003|V|
    028|TST0000001|R|
    030|S|20240401000000|98.0|||T|N|
    """)


def redact(data: str | bytes, traces: Identifiers = TRACES) -> tuple[bytes, Redaction]:
    """Return what is left of a file, and what was done with it."""
    redaction = Redaction(traces, remembers=True)
    stream = io.BytesIO(data.encode("cp1252") if isinstance(data, str) else data)
    return b"".join(redaction.pieces(stream)), redaction


class PassageTests(TestCase):
    def test_passage_is_taken_out_and_its_lines_stay_empty(self) -> None:
        left, redaction = redact(TWO)
        self.assertEqual(
            left.decode().splitlines(),
            [
                HEADER_LINE,
                *[""] * 4,
                *lines_of(TWO)[5:8],
                "ZPT|TEST000001|3||1|20240402091501|",
            ],
        )
        self.assertEqual(redaction.passages, [(2, 5)])

    def test_that_is_the_last_ends_before_the_trailer(self) -> None:
        left, redaction = redact(EVERY_GROUP)
        self.assertEqual(redaction.passages, [(7, 12)])
        self.assertTrue(left.endswith(b"\nZPT|TEST000001|5||1|20240402091501|\n"))

    def test_passage_is_told_line_by_line(self) -> None:
        _, redaction = redact(TWO)
        numbered = list(enumerate(lines_of(TWO), start=1))
        self.assertEqual(redaction.lines, numbered[1:5])

    def test_passage_can_come_more_than_once(self) -> None:
        text = flow_file(["026|2000000000015|V|", "026|1000000000003|V|"] * 2)
        _, redaction = redact(text)
        self.assertEqual(redaction.passages, [(2, 2), (4, 4)])

    def test_passage_leaves_a_file_that_has_no_new_fault(self) -> None:
        left, _ = redact(TWO)
        self.assertEqual(parse(left).codes, [])

    def test_passage_leaves_the_line_ends_as_they_are(self) -> None:
        left, _ = redact(TWO.replace("\n", "\r\n"))
        self.assertEqual(left.count(b"\r\n"), TWO.count("\n"))
        self.assertEqual(left.count(b"\n"), TWO.count("\n"))

    def test_passage_is_one_behind_a_byte_order_mark_too(self) -> None:
        left, _ = redact(b"\xef\xbb\xbf026|2000000000015|V|\n")
        self.assertEqual(left, b"\n")

    def test_passage_at_the_end_of_a_file_that_is_cut_short_goes_whole(self) -> None:
        left, _ = redact("026|1000000000003|V|\n026|2000000000015|V")
        self.assertEqual(left, b"026|1000000000003|V|\n")


class TrailerTests(TestCase):
    def left_of(self, trailer: str) -> str:
        """Return what becomes of a trailer behind one group of the MPAN."""
        left, _ = redact(f"026|2000000000015|V|\n{trailer}\n")
        return left.decode().splitlines()[1]

    def test_trailer_counts_what_was_taken_out_no_longer(self) -> None:
        self.assertEqual(self.left_of("ZPT|A|9||8||"), "ZPT|A|8||7||")

    def test_that_counts_nothing_stays(self) -> None:
        self.assertEqual(self.left_of("ZPT|A||||"), "ZPT|A|||||")

    def test_that_cannot_be_read_stays(self) -> None:
        self.assertEqual(self.left_of("ZPT|A|many|"), "ZPT|A|many|")

    def test_trailer_stays_where_nothing_was_taken_out(self) -> None:
        left, redaction = redact("026|1000000000003|V|\nZPT|A|009||1||\n")
        self.assertEqual(left, b"026|1000000000003|V|\nZPT|A|009||1||\n")
        self.assertIs(redaction.is_changed, False)


class MentionTests(TestCase):
    def left_of(self, line: str | bytes) -> str:
        """Return what becomes of a line that is no group of the MPAN."""
        return redact(line)[0].decode("cp1252")

    def test_mention_is_masked(self) -> None:
        line = "027|02|See 2000000000015, 20 0000 0000 015|\n"
        masked = f"027|02|See {'*' * 13}, {'*' * 16}|\n"
        self.assertEqual(self.left_of(line), masked)

    def test_mention_of_a_serial_number_is_masked_in_free_text(self) -> None:
        line = "029|02|Not TST0000002 é|\n"
        self.assertEqual(self.left_of(line), f"029|02|Not {'*' * 10} é|\n")

    def test_mention_of_a_serial_number_stays_inside_another_word(self) -> None:
        line = "029|02|Not TST00000021|\n"
        self.assertEqual(self.left_of(line), line)

    def test_mention_of_a_serial_number_stays_where_a_number_stands(self) -> None:
        traces = Identifiers(MPAN, ("12345",))
        line = b"030|S|20240401000000|12345.0|||T|N|\n"
        self.assertEqual(redact(line, traces)[0], line)

    def test_mention_of_a_short_serial_number_stays(self) -> None:
        traces = Identifiers(MPAN, ("AB",))
        self.assertEqual(redact(b"029|02|AB|\n", traces)[0], b"029|02|AB|\n")

    def test_mention_in_utf_16_is_masked(self) -> None:
        left, redaction = redact(f"MPAN {MPAN}".encode("utf-16-le"))
        self.assertNotIn(MPAN.encode("utf-16-le"), left)
        self.assertIs(redaction.is_changed, True)

    def test_behind_a_line_that_is_too_long_goes_with_all_that_follows(self) -> None:
        left, redaction = redact(f"ZHV|A\n{'x' * 5000}\n{MPAN}\n")
        self.assertEqual(left, b"ZHV|A\n")
        self.assertIs(redaction.is_changed, True)


class TracesTests(TestCase):
    def test_traces_are_in_bytes_that_have_the_mpan_or_a_serial_number(self) -> None:
        for data in (b"x2000000000015", b"20 0000 0000 015", b"a TST0000002"):
            with self.subTest(data):
                self.assertIs(TRACES.are_in(data), True)
        self.assertIs(TRACES.are_in(b"2000000000016"), False)
