"""Tests of the field type DATETIME and of UK local time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from unittest import TestCase

from hypothesis import given
from hypothesis import strategies as st

from meter_readings.d0010.field_types import (
    LONDON,
    DateTimeType,
    is_nonexistent_local_time,
)
from meter_readings.d0010.issues import IssueCode

from .test_field_types import FieldTypeTestCase


class DateTimeTypeTests(FieldTypeTestCase):
    format = DateTimeType()

    def assert_clock_time(self, text: str, *clock: int) -> None:
        self.assert_valid(text, datetime(*clock, tzinfo=LONDON))

    def test_datetime_reads_a_winter_time(self) -> None:
        value, _ = self.read("20160222000000")
        self.assertEqual(value, datetime(2016, 2, 22, tzinfo=UTC))

    def test_datetime_reads_a_summer_time_an_hour_ahead_of_utc(self) -> None:
        value, _ = self.read("20160722000000")
        self.assertEqual(value, datetime(2016, 7, 21, 23, tzinfo=UTC))

    def test_datetime_keeps_the_clock_time_of_the_file(self) -> None:
        value, _ = self.read("20160722123456")
        self.assertEqual(f"{value:%Y-%m-%d %H:%M:%S %Z}", "2016-07-22 12:34:56 BST")

    def test_datetime_does_not_round_the_last_second_of_a_day(self) -> None:
        self.assert_clock_time("20200202235959", 2020, 2, 2, 23, 59, 59)

    def test_datetime_reads_leap_days(self) -> None:
        self.assert_clock_time("20240229000000", 2024, 2, 29)
        self.assert_clock_time("20000229000000", 2000, 2, 29)

    def test_datetime_rejects_days_that_do_not_exist(self) -> None:
        texts = [
            "20230229000000",
            "21000229000000",
            "20240230000000",
            "20240431000000",
            "20240100000000",
            "20240132000000",
        ]
        self.assert_all_rejected(texts, IssueCode.INVALID_DATETIME)

    def test_datetime_rejects_months_that_do_not_exist(self) -> None:
        texts = ["20240001000000", "20241301000000"]
        self.assert_all_rejected(texts, IssueCode.INVALID_DATETIME)

    def test_datetime_rejects_hours_minutes_and_seconds_that_do_not_exist(self) -> None:
        texts = ["20240101250000", "20240101006000", "20240101000060"]
        self.assert_all_rejected(texts, IssueCode.INVALID_DATETIME)

    def test_datetime_rejects_24_as_an_hour(self) -> None:
        self.assert_rejected("20240101240000", IssueCode.INVALID_DATETIME)

    def test_datetime_reports_how_midnight_is_written(self) -> None:
        expected = "an hour from 00 to 23 (midnight is 000000 of the next day)"
        self.assertEqual(self.expected_of("20240101240000"), expected)

    def test_datetime_rejects_a_date_without_a_time(self) -> None:
        self.assert_rejected("20240101", IssueCode.INVALID_DATETIME)

    def test_datetime_reports_that_the_time_is_missing(self) -> None:
        expected = "(hours, minutes and seconds are missing)"
        self.assertIn(expected, self.expected_of("20240101"))

    def test_datetime_reports_the_format_it_expects(self) -> None:
        expected = "ccyymmddhhmmss, a real date and time"
        for text in "2024010a", "2024-01-01", "20240230000000":
            with self.subTest(text=text):
                self.assertEqual(self.expected_of(text), expected)

    def test_datetime_rejects_anything_but_fourteen_digits(self) -> None:
        texts = ["2024010100000", "202401010000000", "20240101T00000", "+2024010100000"]
        self.assert_all_rejected(texts, IssueCode.INVALID_DATETIME)

    def test_datetime_rejects_digits_that_are_not_ascii(self) -> None:
        texts = ["２０２４０１０１００００００", "٢٠٢٤٠١٠١٠٠٠٠٠٠"]
        self.assert_all_rejected(texts, IssueCode.INVALID_DATETIME)

    def test_datetime_rejects_a_line_feed_after_the_digits(self) -> None:
        self.assert_rejected("20240101000000\n", IssueCode.INVALID_DATETIME)

    def test_datetime_reads_years_from_1950_to_2199(self) -> None:
        self.assert_clock_time("19500101000000", 1950, 1, 1)
        self.assert_clock_time("21991231235959", 2199, 12, 31, 23, 59, 59)

    def test_datetime_rejects_other_years(self) -> None:
        texts = ["19491231235959", "22000101000000", "00010101000000", "99991231000000"]
        self.assert_all_rejected(texts, IssueCode.INVALID_DATETIME)

    def test_datetime_reports_which_years_it_expects(self) -> None:
        expected = "a year from 1950 to 2199"
        self.assertEqual(self.expected_of("19491231235959"), expected)

    def test_datetime_has_the_notation_of_the_catalogue(self) -> None:
        self.assertEqual(self.format.notation, "DATETIME")

    def test_datetime_cannot_write_a_text(self) -> None:
        with self.assertRaises(ValueError):
            self.format.write("20240101000000")

    @given(st.datetimes(datetime(1950, 1, 1), datetime(2199, 12, 31)))
    def test_datetime_writes_the_clock_time_it_read(self, clock: datetime) -> None:
        text = f"{clock:%Y%m%d%H%M%S}"
        value, _ = self.read(text)
        self.assertEqual(self.format.write(value), text)


def last_sunday(year: int, month: int) -> datetime:
    """Return midnight of a month's last Sunday; March and October have 31 days."""
    latest = datetime(year, month, 31)
    return latest - timedelta(days=(latest.weekday() + 1) % 7)


class ClockChangeTests(FieldTypeTestCase):
    format = DateTimeType()

    def test_repeated_time_is_read_as_the_first_of_two(self) -> None:
        self.assert_reported(
            "20251026013000",
            datetime(2025, 10, 26, 1, 30, tzinfo=LONDON),
            IssueCode.AMBIGUOUS_TIME,
        )
        value, _ = self.read("20251026013000")
        self.assertEqual(value.astimezone(UTC).hour, 0)

    def test_repeated_time_is_reported_with_the_time_used(self) -> None:
        expected = "a time that occurs once in the UK (used: 01:30 BST)"
        self.assertEqual(self.expected_of("20251026013000"), expected)

    def test_nonexistent_time_is_read_as_an_hour_later(self) -> None:
        value, issues = self.read("20250330013000")
        self.assertEqual(issues, ["nonexistent-time"])
        later = datetime(2025, 3, 30, 2, 30, tzinfo=LONDON).astimezone(UTC)
        self.assertEqual(value.astimezone(UTC), later)

    def test_nonexistent_time_is_reported(self) -> None:
        expected = "a time that exists in the UK"
        self.assertEqual(self.expected_of("20250330013000"), expected)

    def test_nonexistent_time_keeps_its_clock_time(self) -> None:
        value, _ = self.read("20250330013000")
        self.assertEqual(self.format.write(value), "20250330013000")

    def test_nonexistent_time_is_reported_for_every_spring(self) -> None:
        for year in range(2000, 2041):
            with self.subTest(year=year):
                day = f"{last_sunday(year, 3):%Y%m%d}"
                self.assertEqual(self.read(day + "005959")[1], [])
                self.assertEqual(self.read(day + "010000")[1], ["nonexistent-time"])
                self.assertEqual(self.read(day + "015959")[1], ["nonexistent-time"])
                self.assertEqual(self.read(day + "020000")[1], [])

    def test_repeated_time_is_reported_for_every_autumn(self) -> None:
        for year in range(2000, 2041):
            with self.subTest(year=year):
                day = f"{last_sunday(year, 10):%Y%m%d}"
                self.assertEqual(self.read(day + "005959")[1], [])
                self.assertEqual(self.read(day + "010000")[1], ["ambiguous-time"])
                self.assertEqual(self.read(day + "015959")[1], ["ambiguous-time"])
                self.assertEqual(self.read(day + "020000")[1], [])

    def test_midnight_has_no_issue_on_any_day(self) -> None:
        for day in range(366 * 3):
            date = datetime(2023, 1, 1) + timedelta(days=day)
            with self.subTest(date=date):
                self.assertEqual(self.read(f"{date:%Y%m%d}000000")[1], [])


class NonexistentLocalTimeTests(TestCase):
    def test_time_in_the_skipped_hour_is_nonexistent(self) -> None:
        self.assertTrue(
            is_nonexistent_local_time(datetime(2025, 3, 30, 1, 30, tzinfo=LONDON))
        )

    def test_time_in_the_repeated_hour_is_not_nonexistent(self) -> None:
        self.assertFalse(
            is_nonexistent_local_time(datetime(2025, 10, 26, 1, 30, tzinfo=LONDON))
        )

    def test_any_other_time_is_not_nonexistent(self) -> None:
        self.assertFalse(
            is_nonexistent_local_time(datetime(2025, 7, 1, 1, 30, tzinfo=LONDON))
        )
