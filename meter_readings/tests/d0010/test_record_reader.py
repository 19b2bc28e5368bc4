"""Tests of the record reader: from a line to its record and its issues."""

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
from meter_readings.d0010.grammar import Field
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

    def test_record_has_the_class_of_its_group(self) -> None:
        self.assertIsInstance(self.read("032|05|F|"), ValidationResult)

    def test_record_reader_reads_the_optional_fields_of_a_reading(self) -> None:
        record = self.read("030|S|20240401000000|41.5|20240301000000|1||P|")
        assert isinstance(record, RegisterReading)
        self.assertEqual(record.value, Decimal("41.5"))
        self.assertEqual(record.md_reset_count, 1)
        self.assertIsNone(record.meter_reading_flag)

    def test_canonical_line_has_no_issue(self) -> None:
        self.read("030|S|20240401000000|41.5|20240301000000|1||P|")
        self.assertEqual(self.issues, [])

    def test_issue_has_its_line_group_field_and_text(self) -> None:
        self.read("030|S|20240401000000|-5.0|||T|N|", line_number=42)
        [issue] = self.issues
        self.assertEqual(issue.line_number, 42)
        self.assertEqual(issue.group, "030")
        self.assertEqual(issue.field, "Register Reading (J0040)")
        self.assertEqual(issue.found, "-5.0")
        self.assertEqual(issue.expected, "zero or more")

    def test_line_with_an_invalid_field_has_no_record(
        self,
    ) -> None:
        self.assertIsNone(self.read("030|S|20240401000000|-5.0|||T|N|"))

    def test_line_with_a_minor_issue_has_a_record(self) -> None:
        record = self.read("026|1200023305967|?|")
        self.assertEqual(record, MpanCore("1200023305967", "?"))
        self.assertEqual(self.codes, ["unknown-code"])

    def test_record_reader_reports_every_issue_of_a_line(self) -> None:
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


class FieldCountTests(RecordReaderTestCase):
    def test_line_without_a_pipe_at_its_end_is_reported(self) -> None:
        record = self.read("026|1200023305967|V")
        self.assertEqual(record, MpanCore("1200023305967", "V"))
        self.assertEqual(self.codes, ["no-pipe-at-end"])

    def test_issue_of_a_line_without_a_pipe_shows_the_line(self) -> None:
        self.read("026|1200023305967|V")
        [issue] = self.issues
        self.assertEqual((issue.field, issue.found), ("", "026|1200023305967|V"))

    def test_missing_fields_are_read_as_empty(self) -> None:
        record = self.read("027|02|")
        self.assertEqual(record, SiteVisit("02", ""))
        self.assertEqual(self.codes, ["too-few-fields"])

    def test_issue_has_the_number_of_fields_found_and_expected(self) -> None:
        self.read("027|02|")
        [issue] = self.issues
        self.assertEqual(issue.found, "1 fields")
        self.assertEqual(issue.expected, "2 fields after the group")

    def test_line_without_a_mandatory_field_has_no_record(
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

    def test_group_without_fields_is_reported(self) -> None:
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

    def test_extra_empty_fields_do_not_invalidate_a_line(self) -> None:
        record = self.read("026|1200023305967|V||")
        self.assertEqual(record, MpanCore("1200023305967", "V"))
        self.assertEqual(self.codes, ["extra-empty-fields"])

    def test_extra_fields_of_spaces_do_not_invalidate_a_line(self) -> None:
        self.assertIsNotNone(self.read("026|1200023305967|V| | |"))
        self.assertEqual(self.codes, ["extra-empty-fields"])

    def test_line_with_an_extra_filled_field_has_no_record(
        self,
    ) -> None:
        self.assertIsNone(self.read("026|1200023305967|V|X|"))
        self.assertEqual(self.codes, ["extra-fields"])

    def test_issue_shows_the_extra_filled_fields(self) -> None:
        self.read("026|1200023305967|V||X| |Y|")
        self.assertEqual(self.issues[0].found, "X|Y")

    def test_extra_fields_and_a_missing_pipe_are_both_reported(self) -> None:
        self.assertIsNone(self.read("026|1200023305967|V|X"))
        self.assertEqual(self.codes, ["no-pipe-at-end", "extra-fields"])

    def test_extra_filled_field_after_empty_ones_is_reported(self) -> None:
        self.assertIsNone(self.read("027|02||X"))
        self.assertEqual(self.codes, ["no-pipe-at-end", "extra-fields"])

    def test_one_field_more_or_less_is_reported_in_every_group(self) -> None:
        for group in (grammar.HEADER, grammar.TRAILER, *D0010.groups):
            width = len(group.fields)
            with self.subTest(group=group.code):
                self.issues.clear()
                self.reader.read(group, group.code + "|" * width, 1)
                self.assertIn("too-few-fields", self.codes)
                self.reader.read(group, group.code + "|" * (width + 2), 1)
                self.assertIn("extra-empty-fields", self.codes)


class ControlCharacterTests(RecordReaderTestCase):
    def test_control_character_in_any_field_invalidates_the_line(self) -> None:
        controls = [chr(number) for number in (*range(32), 127)]
        line = "030|S|20240401000000|99.0|||T|N|"
        for control in controls:
            for place in range(4, len(line)):
                with self.subTest(control=control, place=place):
                    self.issues.clear()
                    invalid = line[:place] + control + line[place:]
                    self.assertIsNone(self.read(invalid))
                    self.assertEqual(self.codes, ["control-character"])

    def test_position_of_a_control_character_is_reported(self) -> None:
        self.read("027|02|Note\x07|")
        expected = "printable characters (character 12 is not)"
        self.assertEqual(self.issues[0].expected, expected)

    def test_control_characters_are_shown_escaped(self) -> None:
        self.read("027|02|\x1b[31mNote|")
        self.assertEqual(self.issues[0].found, "027|02|\\x1b[31mNote|")


class RecurringTextTests(RecordReaderTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.read("028|TST0000001|R|")
        self.read("027|02|Note|")
        self.assertEqual(self.issues, [])

    def test_recurring_text_has_the_same_value(self) -> None:
        self.assertEqual(self.read("028|TST0000002|R|"), ("TST0000002", "R"))
        self.assertEqual(self.issues, [])

    def test_record_of_recurring_texts_has_the_same_class(self) -> None:
        self.assertIsInstance(self.read("027|05|Note|"), SiteVisit)

    def test_empty_first_field_before_texts_that_recur_is_reported(self) -> None:
        self.assertIsNone(self.read("028||R|"))
        self.assertEqual(self.codes, ["missing-value"])

    def test_issue_of_the_first_field_before_texts_that_recur_is_reported(self) -> None:
        self.read("027|12|Note|", line_number=9)
        [issue] = self.issues
        self.assertEqual((issue.line_number, issue.group), (9, "027"))
        self.assertEqual(issue.field, "Site Visit Check Code (J0024)")
        self.assertEqual(issue.found, "12")

    def test_too_long_first_field_before_texts_that_recur_is_reported(self) -> None:
        self.assertIsNone(self.read("028|" + "A" * 21 + "|R|"))
        self.assertEqual(self.codes, ["too-long-to-store"])

    def test_control_character_before_texts_that_recur_is_reported(
        self,
    ) -> None:
        self.assertIsNone(self.read("028|TST\x0000001|R|"))
        self.assertEqual(self.codes, ["control-character"])

    def test_texts_of_two_groups_are_kept_apart(self) -> None:
        self.read("029|02|Note|")
        self.assertEqual(self.read("029|05|Note|"), SiteVisit("05", "Note"))

    def test_value_of_a_text_depends_on_its_field(
        self,
    ) -> None:
        self.assertEqual(self.read("032|05|F|"), ValidationResult("05", False))
        self.assertEqual(self.read("026|1200023305967|F|"), ("1200023305967", "F"))

    def test_issue_of_a_recurring_text_is_reported_each_time(self) -> None:
        for _ in range(3):
            self.read("028|TST0000003|?|")
        self.assertEqual(self.codes, ["unknown-code"] * 3)

    def test_each_text_without_an_issue_is_read_once(self) -> None:
        with patch.object(Field, "read", side_effect=self.fail):
            self.assertEqual(self.read("028|TST0000001|R|"), ("TST0000001", "R"))

    def test_texts_are_forgotten_if_there_are_too_many(self) -> None:
        with patch("meter_readings.d0010.record_reader._CACHE_SIZE", 4):
            for number in range(20):
                record = self.read(f"027|02|Note {number}|")
                self.assertEqual(record, ("02", f"Note {number}"))
                self.assertLessEqual(len(self.reader._values["027"][1]), 4)


class RecurringLineTests(RecordReaderTestCase):
    def test_line_that_recurs_has_the_same_record(self) -> None:
        for _ in range(2):
            self.assertEqual(self.read("032|05|F|"), ValidationResult("05", False))

    def test_issues_of_a_line_that_recurs_are_reported_each_time(self) -> None:
        for line, code in {
            "032|05|F": "no-pipe-at-end",
            "032|05|F|||": "extra-empty-fields",
            "032|28|F|": "unknown-code",
            "032|05|Y|": "invalid-boolean",
        }.items():
            with self.subTest(line=line):
                self.issues.clear()
                self.read(line)
                self.read(line)
                self.assertEqual(self.codes, [code] * 2)

    def test_lines_are_forgotten_if_there_are_too_many(self) -> None:
        with patch("meter_readings.d0010.record_reader._CACHE_SIZE", 4):
            for number in range(20):
                self.read(f"027|02|Note {number}|")
                self.assertLessEqual(len(self.reader._records), 4)


class TruncateForDisplayTests(TestCase):
    def test_truncate_for_display_keeps_eighty_characters(self) -> None:
        self.assertEqual(truncate_for_display("x" * 80), "x" * 80)

    def test_truncate_for_display_marks_a_truncated_text(self) -> None:
        self.assertEqual(truncate_for_display("x" * 81), "x" * 80 + "…")

    def test_truncate_for_display_escapes_control_characters(self) -> None:
        self.assertEqual(truncate_for_display("a\x00b\x1bc\x7f"), "a\\x00b\\x1bc\\x7f")
