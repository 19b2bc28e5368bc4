"""Tests of the issues of the texts of a field."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from unittest import TestCase
from unittest.mock import patch

from meter_readings.d0010 import D0010, LONDON, Header
from meter_readings.d0010.readings.columns import (
    Column,
    NumberColumn,
    TextIssues,
    columns_of,
)
from meter_readings.d0010.readings.rules import ReadingRules

HEADER = Header(
    "TEST000001",
    "D0010002",
    "D",
    "UDMS",
    "X",
    "MRCY",
    datetime(2024, 4, 2, 9, 15, tzinfo=LONDON),
    *[""] * 4,
)


class ColumnTestCase(TestCase):
    name: str

    def setUp(self) -> None:
        self.column = self.column_of(HEADER)

    def column_of(self, header: Header) -> Column:
        rules = ReadingRules(D0010, self.fail, datetime(2024, 5, 1, tzinfo=UTC))
        rules.header = header
        [column] = [
            each
            for each in columns_of(D0010.reading, rules)
            if each.field.name == self.name
        ]
        return column

    def issues_of(self, text: str) -> TextIssues | None:
        found = [*self.column.rows_by_issues([text])]
        return found[0] if found else None

    def codes_of(self, text: str) -> list[str]:
        """Return the codes of the issues of a text."""
        found = self.issues_of(text)
        return [each.code for each in found.issues + found.rule_issues] if found else []


class TextTests(ColumnTestCase):
    name = "reading_method"

    def test_text_without_an_issue_is_left_out(self) -> None:
        self.assertEqual(self.column.rows_by_issues(["N", "P", "N"]), {})

    def test_text_has_its_issue_whenever_it_recurs(self) -> None:
        for _ in range(2):
            self.assertEqual(self.codes_of("X"), ["unknown-code"])

    def test_texts_without_an_issue_are_left_out_after_one_with_an_issue(self) -> None:
        self.issues_of("X")
        self.assertEqual(self.column.rows_by_issues(["N"]), {})

    def test_spaces_around_a_text_are_removed(self) -> None:
        found = self.issues_of("N ")
        assert found is not None
        self.assertEqual(found.canonical, "N")
        self.assertEqual([each.found for each in found.issues], ["N "])

    def test_text_that_cannot_be_stored_is_invalid(self) -> None:
        found = self.issues_of("NN")
        assert found is not None
        self.assertFalse(found.is_valid)

    def test_each_distinct_text_is_read_once(self) -> None:
        with patch.object(type(self.column.field), "read", return_value="") as read:
            for _ in range(3):
                self.column.rows_by_issues(["", "", ""])
        self.assertEqual(read.call_count, 1)

    def test_values_are_those_of_the_grammar(self) -> None:
        self.assertEqual([*map(self.column.read_value, ["N", "P"])], ["N", "P"])

    def test_texts_are_forgotten_if_there_are_too_many(self) -> None:
        with patch("meter_readings.d0010.readings.columns._CACHE_SIZE", 2):
            for text in ("A", "B", "C", "D", "X", "N"):
                self.column.rows_by_issues([text])
            self.assertEqual(self.codes_of("X"), ["unknown-code"])
        self.assertLessEqual(len(self.column._known), 3)


class CountTests(ColumnTestCase):
    name = "md_reset_count"

    def test_number_without_an_issue_is_written_in_canonical_form(self) -> None:
        found = self.issues_of("007")
        assert found is not None
        self.assertEqual((found.canonical, found.issues), ("7", ()))


class NumberTests(ColumnTestCase):
    name = "value"
    column: NumberColumn

    def test_numbers_in_canonical_form_have_no_issue(self) -> None:
        self.assertEqual(self.column.rows_by_issues(["0.0", "99.0", "99999999.9"]), {})

    def test_numbers_have_the_issues_of_their_form(self) -> None:
        for text, codes in {
            "99": ["no-decimal"],
            "0": ["no-decimal"],
            "99.05": ["extra-decimals"],
            "99.125": ["extra-decimals"],
            "099.0": ["leading-zeros"],
            "00": ["no-decimal", "leading-zeros"],
            "-1.0": ["negative"],
            "-01": ["negative"],
            "99.": ["invalid-number"],
            ".5": ["invalid-number"],
            "": ["missing-value"],
            "123456789.0": ["too-large"],
            "1234567890.0": ["too-large-to-store"],
            "1.0000": ["extra-decimals"],
            "1.0001": ["too-large-to-store"],
            "0" * 30 + "1.0": ["leading-zeros"],
        }.items():
            with self.subTest(text=text):
                self.assertEqual(self.codes_of(text), codes)

    def test_numbers_with_an_issue_are_found_among_canonical_ones(self) -> None:
        texts = ["1.0", "2", "3.0", "", "4.0", "5.25"]
        self.assertEqual([*self.column.rows_by_issues(texts).values()], [[1], [5], [3]])

    def test_all_texts_of_a_form_share_their_issues(self) -> None:
        self.assertIs(self.issues_of("12"), self.issues_of("34567"))

    def test_texts_of_a_form_stay_as_they_are(self) -> None:
        found = self.issues_of("99.05")
        assert found is not None
        self.assertIsNone(found.canonical)
        self.assertEqual(self.column.read_value("99.05"), Decimal("99.05"))

    def test_texts_are_forgotten_if_they_have_too_many_forms(self) -> None:
        with patch("meter_readings.d0010.readings.columns._CACHE_SIZE", 2):
            for zeros in range(1, 8):
                self.assertEqual(self.codes_of("1" + "0" * zeros), ["no-decimal"])
        self.assertLessEqual(len(self.column._known), 3)

    def test_number_that_has_no_form_becomes_canonical(self) -> None:
        found = self.issues_of("123456789.00")
        assert found is not None
        self.assertEqual(found.canonical, "123456789.0")


class TimeTests(ColumnTestCase):
    name = "read_at"

    def test_midnight_of_a_day_in_the_past_has_no_issue(self) -> None:
        self.assertIsNone(self.issues_of("20240401000000"))

    def test_all_other_times_of_days_in_the_past_share_their_issues(self) -> None:
        self.assertEqual(self.codes_of("20240401093000"), ["not-midnight"])
        self.assertIs(
            self.issues_of("20240401093000"), self.issues_of("20240105235959")
        )

    def test_times_have_issues_by_the_role_of_the_sender(self) -> None:
        self.column = self.column_of(HEADER._replace(from_role="C"))
        self.assertEqual(self.codes_of("20240401000000"), ["midnight-half-hourly"])
        self.assertIsNone(self.issues_of("20240401093000"))

    def test_times_after_the_creation_of_the_file_have_an_issue(self) -> None:
        self.assertEqual(self.codes_of("20240403000000"), ["read-after-creation"])
        self.assertIsNone(self.issues_of("20240402000000"))

    def test_times_in_the_future_have_an_issue(self) -> None:
        self.assertEqual(self.codes_of("20240601000000"), ["read-in-future"])

    def test_times_of_a_day_on_which_clocks_change_are_read_one_by_one(self) -> None:
        for text, codes in {
            "20240331000000": [],
            "20240331013000": ["nonexistent-time", "not-midnight"],
            "20240331030000": ["not-midnight"],
            "20231029013000": ["ambiguous-time", "not-midnight"],
        }.items():
            with self.subTest(text=text):
                self.assertEqual(self.codes_of(text), codes)

    def test_texts_that_are_no_time_are_invalid(self) -> None:
        for text in (
            "20240401240000",
            "20240401006000",
            "20240230000000",
            "2024040100000",
            "202404010000000",
            "2024-04-01 00:00",
            "",
        ):
            with self.subTest(text=text):
                found = self.issues_of(text)
                assert found is not None
                self.assertFalse(found.is_valid)

    def test_days_are_forgotten_if_there_are_too_many(self) -> None:
        with patch("meter_readings.d0010.readings.columns._CACHE_SIZE", 2):
            for day in range(1, 9):
                self.assertIsNone(self.issues_of(f"2024010{day}000000"))
            self.assertEqual(self.codes_of("20240102093000"), ["not-midnight"])
