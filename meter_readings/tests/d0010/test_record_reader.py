"""One line becomes its record, or says what spoils it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from unittest import TestCase
from unittest.mock import patch

from meter_readings.d0010 import (
    D0010,
    Issue,
    MpanCore,
    RegisterReading,
    SiteVisit,
    ValidationResult,
    grammar,
)
from meter_readings.d0010.record_reader import RecordReader, truncate_for_display


class RecordReaderTestCase(TestCase):
    """Reads lines with one reader, as a file would."""

    def setUp(self) -> None:
        self.issues: list[Issue] = []
        self.reader = RecordReader(self.issues.append)

    def read(self, line: str, line_number: int = 7) -> tuple[Any, ...] | None:
        group = D0010.group(line[:3])
        assert group is not None
        return self.reader.read(group, line, line_number)

    @property
    def codes(self) -> list[str]:
        return [issue.code.value for issue in self.issues]


class RecordReaderTests(RecordReaderTestCase):
    def test_record_reader_reads_an_mpan_core(self) -> None:
        record = self.read("026|1200023305967|V|")
        self.assertEqual(record, MpanCore("1200023305967", "V"))

    def test_record_reader_makes_the_record_of_the_group(self) -> None:
        self.assertIsInstance(self.read("032|05|F|"), ValidationResult)

    def test_record_reader_reads_the_optional_cells_of_a_reading(self) -> None:
        record = self.read("030|S|20240401000000|41.5|20240301000000|1||P|")
        assert isinstance(record, RegisterReading)
        self.assertEqual(record.value, Decimal("41.5"))
        self.assertEqual(record.md_reset_count, 1)
        self.assertIsNone(record.meter_reading_flag)

    def test_record_reader_reports_nothing_of_a_canonical_line(self) -> None:
        self.read("030|S|20240401000000|41.5|20240301000000|1||P|")
        self.assertEqual(self.issues, [])

    def test_record_reader_says_where_a_fault_is_and_what_stood_there(self) -> None:
        self.read("030|S|20240401000000|-5.0|||T|N|", line_number=42)
        [issue] = self.issues
        self.assertEqual(issue.line_number, 42)
        self.assertEqual(issue.group, "030")
        self.assertEqual(issue.field, "Register Reading (J0040)")
        self.assertEqual(issue.found, "-5.0")
        self.assertEqual(issue.expected, "zero or more")

    def test_record_reader_makes_no_record_of_a_line_with_an_unreadable_cell(
        self,
    ) -> None:
        self.assertIsNone(self.read("030|S|20240401000000|-5.0|||T|N|"))

    def test_record_reader_makes_a_record_of_a_line_that_is_only_odd(self) -> None:
        record = self.read("026|1200023305967|?|")
        self.assertEqual(record, MpanCore("1200023305967", "?"))
        self.assertEqual(self.codes, ["unknown-code"])

    def test_record_reader_reports_every_fault_of_a_line(self) -> None:
        self.read("030||2024|-5.0|||Y|NN|")
        self.assertEqual(
            self.codes,
            [
                "missing-value",
                "invalid-datetime",
                "negative",
                "invalid-boolean",
                "too-long-to-store",
            ],
        )


class CellCountTests(RecordReaderTestCase):
    def test_cell_count_reports_a_line_without_a_pipe_at_its_end(self) -> None:
        record = self.read("026|1200023305967|V")
        self.assertEqual(record, MpanCore("1200023305967", "V"))
        self.assertEqual(self.codes, ["no-pipe-at-end"])

    def test_cell_count_shows_the_line_that_has_no_pipe_at_its_end(self) -> None:
        self.read("026|1200023305967|V")
        [issue] = self.issues
        self.assertEqual((issue.field, issue.found), ("", "026|1200023305967|V"))

    def test_cell_count_reads_cells_that_are_missing_as_empty(self) -> None:
        record = self.read("027|02|")
        self.assertEqual(record, SiteVisit("02", ""))
        self.assertEqual(self.codes, ["too-few-fields"])

    def test_cell_count_says_how_many_cells_there_are_and_should_be(self) -> None:
        self.read("027|02|")
        [issue] = self.issues
        self.assertEqual(issue.found, "1 fields")
        self.assertEqual(issue.expected, "2 fields after the group")

    def test_cell_count_makes_no_record_where_a_key_is_among_the_missing_cells(
        self,
    ) -> None:
        self.assertIsNone(self.read("030|S|"))
        self.assertEqual(
            self.codes,
            [
                "too-few-fields",
                "missing-value",
                "missing-value",
                "missing-expected-value",
            ],
        )

    def test_cell_count_reports_a_group_without_any_cell(self) -> None:
        self.assertIsNone(self.read("026"))
        self.assertEqual(
            self.codes,
            [
                "no-pipe-at-end",
                "too-few-fields",
                "missing-value",
                "missing-expected-value",
            ],
        )

    def test_cell_count_tolerates_empty_cells_beyond_the_last(self) -> None:
        record = self.read("026|1200023305967|V||")
        self.assertEqual(record, MpanCore("1200023305967", "V"))
        self.assertEqual(self.codes, ["extra-empty-fields"])

    def test_cell_count_tolerates_spaces_beyond_the_last(self) -> None:
        self.assertIsNotNone(self.read("026|1200023305967|V| | |"))
        self.assertEqual(self.codes, ["extra-empty-fields"])

    def test_cell_count_makes_no_record_where_a_filled_cell_is_beyond_the_last(
        self,
    ) -> None:
        self.assertIsNone(self.read("026|1200023305967|V|X|"))
        self.assertEqual(self.codes, ["extra-fields"])

    def test_cell_count_shows_the_filled_cells_beyond_the_last(self) -> None:
        self.read("026|1200023305967|V||X| |Y|")
        self.assertEqual(self.issues[0].found, "X|Y")

    def test_cell_count_reports_too_many_cells_and_no_pipe_at_once(self) -> None:
        self.assertIsNone(self.read("026|1200023305967|V|X"))
        self.assertEqual(self.codes, ["no-pipe-at-end", "extra-fields"])

    def test_cell_count_finds_a_filled_cell_behind_empty_ones(self) -> None:
        self.assertIsNone(self.read("027|02||X"))
        self.assertEqual(self.codes, ["no-pipe-at-end", "extra-fields"])

    def test_counts_one_cell_more_and_one_less_in_every_group(self) -> None:
        for group in (grammar.HEADER, grammar.TRAILER, *D0010.groups):
            width = len(group.fields)
            with self.subTest(group=group.code):
                self.issues.clear()
                self.reader.read(group, group.code + "|" * width, 1)
                self.assertIn("too-few-fields", self.codes)
                self.reader.read(group, group.code + "|" * (width + 2), 1)
                self.assertIn("extra-empty-fields", self.codes)


class ControlCharacterTests(RecordReaderTestCase):
    def test_control_character_spoil_a_line_in_any_cell(self) -> None:
        controls = [chr(number) for number in (*range(32), 127)]
        line = "030|S|20240401000000|99.0|||T|N|"
        for control in controls:
            for place in range(4, len(line)):
                with self.subTest(control=control, place=place):
                    self.issues.clear()
                    spoiled = line[:place] + control + line[place:]
                    self.assertIsNone(self.read(spoiled))
                    self.assertEqual(self.codes, ["control-character"])

    def test_control_character_are_said_where_they_stand(self) -> None:
        self.read("027|02|Note\x07|")
        expected = "printable characters (character 12 is not)"
        self.assertEqual(self.issues[0].expected, expected)

    def test_control_character_are_shown_escaped(self) -> None:
        self.read("027|02|\x1b[31mNote|")
        self.assertEqual(self.issues[0].found, "027|02|\\x1b[31mNote|")


class RememberedEndingTests(RecordReaderTestCase):
    """What follows the first cell is remembered; nothing may differ for that."""

    def setUp(self) -> None:
        super().setUp()
        self.read("028|TST0000001|R|")
        self.read("027|02|Note|")
        self.assertEqual(self.issues, [])

    def test_remembered_ending_gives_the_same_record(self) -> None:
        self.assertEqual(self.read("028|TST0000002|R|"), ("TST0000002", "R"))
        self.assertEqual(self.issues, [])

    def test_remembered_ending_keeps_the_class_of_the_record(self) -> None:
        self.assertIsInstance(self.read("027|05|Note|"), SiteVisit)

    def test_remembered_ending_reports_an_empty_first_cell(self) -> None:
        self.assertIsNone(self.read("028||R|"))
        self.assertEqual(self.codes, ["missing-value"])

    def test_remembered_ending_reports_an_odd_first_cell_at_its_field(self) -> None:
        self.read("027|12|Note|", line_number=9)
        [issue] = self.issues
        self.assertEqual((issue.line_number, issue.group), (9, "027"))
        self.assertEqual(issue.field, "Site Visit Check Code (J0024)")
        self.assertEqual(issue.found, "12")

    def test_remembered_ending_reports_a_first_cell_that_is_too_long(self) -> None:
        self.assertIsNone(self.read("028|" + "A" * 21 + "|R|"))
        self.assertEqual(self.codes, ["too-long-to-store"])

    def test_remembered_ending_reports_a_control_character_in_the_first_cell(
        self,
    ) -> None:
        self.assertIsNone(self.read("028|TST\x0000001|R|"))
        self.assertEqual(self.codes, ["control-character"])

    def test_remembered_ending_is_kept_for_each_group_by_itself(self) -> None:
        self.read("029|02|Note|")
        self.assertEqual(self.read("029|05|Note|"), SiteVisit("05", "Note"))

    def test_remembered_ending_does_not_take_a_group_for_another_with_the_same_ending(
        self,
    ) -> None:
        self.assertEqual(self.read("032|05|F|"), ValidationResult("05", False))
        self.assertEqual(self.read("026|1200023305967|F|"), ("1200023305967", "F"))

    def test_remembered_ending_is_not_made_of_endings_with_a_fault(self) -> None:
        for _ in range(3):
            self.read("028|TST0000003|?|")
        self.assertEqual(self.codes, ["unknown-code"] * 3)

    def test_remembered_ending_spares_the_table(self) -> None:
        with patch.object(RecordReader, "_read_all_fields", side_effect=self.fail):
            self.assertEqual(self.read("028|TST0000002|R|"), ("TST0000002", "R"))

    def test_remembered_ending_is_given_up_when_it_grows_too_large(self) -> None:
        with patch("meter_readings.d0010.record_reader._CACHE_SIZE", 4):
            for number in range(20):
                record = self.read(f"027|02|Note {number}|")
                self.assertEqual(record, ("02", f"Note {number}"))
                self.assertLessEqual(len(self.reader._suffix_cache), 4)


class ShortenedTests(TestCase):
    def test_truncate_for_display_leaves_eighty_characters_as_they_are(self) -> None:
        self.assertEqual(truncate_for_display("x" * 80), "x" * 80)

    def test_truncate_for_display_cuts_what_is_longer_and_says_so(self) -> None:
        self.assertEqual(truncate_for_display("x" * 81), "x" * 80 + "…")

    def test_truncate_for_display_escapes_control_characters(self) -> None:
        self.assertEqual(truncate_for_display("a\x00b\x1bc\x7f"), "a\\x00b\\x1bc\\x7f")
