"""Tests of the redaction of one MPAN in a flow file."""

from __future__ import annotations

import io
from unittest import TestCase

from meter_readings.d0010.redaction import Identifiers, Redaction
from meter_readings.tests.support.flow_file_builder import (
    EVERY_GROUP,
    HEADER_LINE,
    flow_file,
    lines_of,
    parse,
)

MPAN = "2000000000015"
IDENTIFIERS = Identifiers(MPAN, ("TST0000002",))

TWO_BLOCKS = flow_file("""
    026|2000000000015|V|
    027|02|Mine|
    028|TST0000002|R|
    030|S|20240401000000|99.0|||T|N|
    026|1000000000003|V|
    028|TST0000001|R|
    030|S|20240401000000|98.0|||T|N|
    """)


def redact(
    data: str | bytes, identifiers: Identifiers = IDENTIFIERS
) -> tuple[bytes, Redaction]:
    """Return the redacted bytes of a file, and the redaction."""
    redaction = Redaction(identifiers, keep_removed_lines=True)
    stream = io.BytesIO(data.encode("cp1252") if isinstance(data, str) else data)
    return b"".join(redaction.redacted_chunks(stream)), redaction


class MpanBlockTests(TestCase):
    def test_lines_of_a_removed_mpan_block_become_empty(self) -> None:
        redacted, redaction = redact(TWO_BLOCKS)
        self.assertEqual(
            redacted.decode().splitlines(),
            [
                HEADER_LINE,
                *[""] * 4,
                *lines_of(TWO_BLOCKS)[5:8],
                "ZPT|TEST000001|3||1|20240402091501|",
            ],
        )
        self.assertEqual(redaction.mpan_blocks, [(2, 5)])

    def test_last_mpan_block_ends_before_the_trailer(self) -> None:
        redacted, redaction = redact(EVERY_GROUP)
        self.assertEqual(redaction.mpan_blocks, [(7, 12)])
        self.assertTrue(redacted.endswith(b"\nZPT|TEST000001|5||1|20240402091501|\n"))

    def test_removed_lines_are_kept_with_their_numbers(self) -> None:
        _, redaction = redact(TWO_BLOCKS)
        numbered = list(enumerate(lines_of(TWO_BLOCKS), start=1))
        self.assertEqual(redaction.removed_lines, numbered[1:5])

    def test_every_mpan_block_of_the_mpan_is_removed(self) -> None:
        text = flow_file(["026|2000000000015|V|", "026|1000000000003|V|"] * 2)
        _, redaction = redact(text)
        self.assertEqual(redaction.mpan_blocks, [(2, 2), (4, 4)])

    def test_redacted_file_has_no_new_issue(self) -> None:
        redacted, _ = redact(TWO_BLOCKS)
        self.assertEqual(parse(redacted).codes, [])

    def test_redacted_file_keeps_its_line_ends(self) -> None:
        redacted, _ = redact(TWO_BLOCKS.replace("\n", "\r\n"))
        self.assertEqual(redacted.count(b"\r\n"), TWO_BLOCKS.count("\n"))
        self.assertEqual(redacted.count(b"\n"), TWO_BLOCKS.count("\n"))

    def test_mpan_block_after_a_byte_order_mark_is_removed(self) -> None:
        redacted, _ = redact(b"\xef\xbb\xbf026|2000000000015|V|\n")
        self.assertEqual(redacted, b"\n")

    def test_mpan_block_at_the_end_of_a_truncated_file_is_removed(self) -> None:
        redacted, _ = redact("026|1000000000003|V|\n026|2000000000015|V")
        self.assertEqual(redacted, b"026|1000000000003|V|\n")


class TrailerTests(TestCase):
    def redact_trailer(self, trailer: str) -> str:
        """Return the redacted trailer of a file with one group of the MPAN."""
        redacted, _ = redact(f"026|2000000000015|V|\n{trailer}\n")
        return redacted.decode().splitlines()[1]

    def test_counts_of_the_trailer_are_reduced(self) -> None:
        self.assertEqual(self.redact_trailer("ZPT|A|9||8||"), "ZPT|A|8||7||")

    def test_trailer_without_counts_is_not_changed(self) -> None:
        self.assertEqual(self.redact_trailer("ZPT|A||||"), "ZPT|A|||||")

    def test_invalid_trailer_is_not_changed(self) -> None:
        self.assertEqual(self.redact_trailer("ZPT|A|many|"), "ZPT|A|many|")

    def test_trailer_is_not_changed_if_nothing_was_removed(self) -> None:
        redacted, redaction = redact("026|1000000000003|V|\nZPT|A|009||1||\n")
        self.assertEqual(redacted, b"026|1000000000003|V|\nZPT|A|009||1||\n")
        self.assertIs(redaction.is_changed, False)


class MaskTests(TestCase):
    def redact_line(self, line: str | bytes) -> str:
        """Return a redacted line that is in no MPAN block of the MPAN."""
        return redact(line)[0].decode("cp1252")

    def test_mpan_in_free_text_is_masked(self) -> None:
        line = "027|02|See 2000000000015, 20 0000 0000 015|\n"
        masked = f"027|02|See {'*' * 13}, {'*' * 16}|\n"
        self.assertEqual(self.redact_line(line), masked)

    def test_serial_number_in_free_text_is_masked(self) -> None:
        line = "029|02|Not TST0000002 é|\n"
        self.assertEqual(self.redact_line(line), f"029|02|Not {'*' * 10} é|\n")

    def test_serial_number_inside_another_word_is_not_masked(self) -> None:
        line = "029|02|Not TST00000021|\n"
        self.assertEqual(self.redact_line(line), line)

    def test_serial_number_in_another_field_is_not_masked(self) -> None:
        identifiers = Identifiers(MPAN, ("12345",))
        line = b"030|S|20240401000000|12345.0|||T|N|\n"
        self.assertEqual(redact(line, identifiers)[0], line)

    def test_short_serial_number_is_not_masked(self) -> None:
        identifiers = Identifiers(MPAN, ("AB",))
        self.assertEqual(redact(b"029|02|AB|\n", identifiers)[0], b"029|02|AB|\n")

    def test_mpan_in_utf_16_is_masked(self) -> None:
        redacted, redaction = redact(f"MPAN {MPAN}".encode("utf-16-le"))
        self.assertNotIn(MPAN.encode("utf-16-le"), redacted)
        self.assertIs(redaction.is_changed, True)

    def test_trailer_before_padding_has_reduced_counts(self) -> None:
        trailer = b"ZPT|TEST000001|3||1|20240402091501|"
        for padding in "\x1a", "\0" * 5000:
            redacted, _ = redact(TWO_BLOCKS.removesuffix("\n") + padding)
            self.assertTrue(redacted.rstrip(b"\0").endswith(trailer), redacted[-50:])

    def test_file_ends_before_a_line_that_is_too_long(self) -> None:
        redacted, redaction = redact(f"ZHV|A\n{'x' * 5000}\n{MPAN}\n")
        self.assertEqual(redacted, b"ZHV|A\n")
        self.assertIs(redaction.is_changed, True)


class IdentifiersTests(TestCase):
    def test_finds_the_mpan_or_a_serial_number_in_bytes(self) -> None:
        for data in (b"x2000000000015", b"20 0000 0000 015", b"a TST0000002"):
            with self.subTest(data):
                self.assertIs(IDENTIFIERS.found_in(data), True)
        self.assertIs(IDENTIFIERS.found_in(b"2000000000016"), False)
