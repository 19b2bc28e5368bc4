"""What each format makes of a cell: a value, a value with a remark, or nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest import TestCase

from hypothesis import given
from hypothesis import strategies as st

from meter_readings.d0010.codes import BscValidationStatus, ReasonCode
from meter_readings.d0010.field_types import (
    LONDON,
    BooleanType,
    CodeType,
    DateTimeType,
    DecimalType,
    FieldType,
    IntegerType,
    MpanType,
    TextType,
    is_nonexistent_local_time,
)
from meter_readings.d0010.issues import InvalidValue, IssueCode


class FormatTestCase(TestCase):
    """Reads cells by the format under test."""

    format: FieldType

    def read(self, cell: str) -> tuple[Any, list[str]]:
        """Return the value of a cell and the codes of what was remarked."""
        remarks: list[str] = []
        value = self.format.read(cell, lambda code, _: remarks.append(code.value))
        return value, remarks

    def expected_of(self, cell: str) -> str:
        """Return what is said to be expected in place of an odd cell."""
        remarks: list[str] = []
        try:
            self.format.read(cell, lambda _, expected: remarks.append(expected))
        except InvalidValue as error:
            return error.expected
        [expected] = remarks
        return expected

    def assert_faultless(self, cell: str, value: Any) -> None:
        self.assertEqual(self.read(cell), (value, []))

    def assert_remarked(self, cell: str, value: Any, code: IssueCode) -> None:
        self.assertEqual(self.read(cell), (value, [code.value]))

    def assert_refused(self, cell: str, code: IssueCode) -> None:
        with self.assertRaises(InvalidValue) as raised:
            self.read(cell)
        self.assertIs(raised.exception.code, code)

    def assert_all_refused(self, cells: list[str], code: IssueCode) -> None:
        for cell in cells:
            with self.subTest(cell=cell):
                self.assert_refused(cell, code)


class TextTests(FormatTestCase):
    format = TextType(10, 20)

    def test_text_keeps_spaces_inside(self) -> None:
        self.assert_faultless("F75A 00802", "F75A 00802")

    def test_text_keeps_leading_zeros(self) -> None:
        self.assert_faultless("0000475656", "0000475656")

    def test_remarks_on_more_characters_than_the_catalogue_allows(self) -> None:
        self.assert_remarked("A" * 11, "A" * 11, IssueCode.TOO_LONG)

    def test_text_keeps_as_many_characters_as_fit(self) -> None:
        self.assert_remarked("A" * 20, "A" * 20, IssueCode.TOO_LONG)

    def test_text_refuses_more_characters_than_fit(self) -> None:
        self.assert_refused("A" * 21, IssueCode.TOO_LONG_TO_STORE)

    def test_text_says_how_many_characters_it_expects(self) -> None:
        self.assertEqual(self.expected_of("A" * 11), "at most 10 characters")
        self.assertEqual(self.expected_of("A" * 21), "at most 20 characters")

    def test_text_has_the_catalogues_picture(self) -> None:
        self.assertEqual(self.format.notation, "CHAR(10)")

    def test_writes_a_text_as_it_is(self) -> None:
        self.assertEqual(self.format.write("F75A 00802"), "F75A 00802")


class CodeTests(FormatTestCase):
    format = CodeType(1, BscValidationStatus)

    def test_accepts_a_listed_code(self) -> None:
        self.assert_faultless("V", "V")

    def test_remarks_on_every_unlisted_letter_and_digit_and_keeps_it(self) -> None:
        for code in "ABCDEGHIJKLMNOPQRSTWXYZ0123456789":
            with self.subTest(code=code):
                self.assert_remarked(code, code, IssueCode.UNKNOWN_CODE)

    def test_remarks_on_a_small_letter_and_keeps_it(self) -> None:
        self.assert_remarked("v", "v", IssueCode.UNKNOWN_CODE)

    def test_refuses_more_characters_than_the_code_has(self) -> None:
        self.assert_refused("VV", IssueCode.TOO_LONG_TO_STORE)

    def test_says_which_codes_it_expects(self) -> None:
        self.assertEqual(self.expected_of("X"), "one of V U F")

    def test_code_says_how_many_characters_it_expects(self) -> None:
        self.assertEqual(self.expected_of("VV"), "at most 1 characters")

    def test_code_has_the_catalogues_picture(self) -> None:
        self.assertEqual(CodeType(2, ReasonCode).notation, "CHAR(2)")

    def test_writes_a_code_as_it_is(self) -> None:
        self.assertEqual(self.format.write("V"), "V")


class MpanTests(FormatTestCase):
    format = MpanType()

    def test_mpan_accepts_thirteen_digits_that_check(self) -> None:
        self.assert_faultless("1200023305967", "1200023305967")

    def test_mpan_refuses_anything_but_thirteen_digits(self) -> None:
        cells = ["120002330596", "12000233059670", "12000233O5967", "12 0002330596"]
        self.assert_all_refused(cells, IssueCode.MPAN_NOT_13_DIGITS)

    def test_mpan_refuses_digits_that_are_not_ascii(self) -> None:
        cells = [
            "١٢٠٠٠٢٣٣٠٥٩٦٧",
            "１２０００２３３０５９６７",
            "120002330596²",
            "120002330596٧",
        ]
        self.assert_all_refused(cells, IssueCode.MPAN_NOT_13_DIGITS)

    def test_mpan_refuses_a_sign_and_a_point(self) -> None:
        cells = ["-120002330596", "+120002330596", "120002330596."]
        self.assert_all_refused(cells, IssueCode.MPAN_NOT_13_DIGITS)

    def test_remarks_on_a_wrong_check_digit_and_keeps_the_number(self) -> None:
        self.assert_remarked(
            "1234567890121", "1234567890121", IssueCode.MPAN_CHECK_DIGIT
        )

    def test_mpan_says_the_right_check_digit(self) -> None:
        self.assertEqual(self.expected_of("1234567890121"), "6 as the last digit")

    def test_remarks_on_thirteen_zeros_whose_check_digit_is_right(self) -> None:
        self.assert_remarked("0" * 13, "0" * 13, IssueCode.UNKNOWN_DISTRIBUTOR)

    def test_mpan_says_which_distributors_it_expects(self) -> None:
        expected = "a distributor id from 10 to 38"
        self.assertEqual(self.expected_of("0" * 13), expected)

    def test_mpan_accepts_an_asset_metering_id_of_an_amvlp_unchecked(self) -> None:
        self.assert_faultless("7800000000019", "7800000000019")

    def test_remarks_on_a_wrong_check_digit_of_an_asset_metering_id(self) -> None:
        self.assert_remarked(
            "7700000000019", "7700000000019", IssueCode.MPAN_CHECK_DIGIT
        )

    def test_mpan_has_the_catalogues_picture(self) -> None:
        self.assertEqual(self.format.notation, "NUM(13)")

    def test_mpan_writes_a_number_as_it_is(self) -> None:
        self.assertEqual(self.format.write("1200023305967"), "1200023305967")


class IntegerTests(FormatTestCase):
    format = IntegerType(3)

    def test_integer_reads_digits(self) -> None:
        self.assert_faultless("999", 999)

    def test_integer_reads_zero(self) -> None:
        self.assert_faultless("0", 0)

    def test_integer_reads_leading_zeros_as_nothing(self) -> None:
        self.assert_faultless("00002", 2)

    def test_integer_refuses_more_digits_than_the_catalogue_allows(self) -> None:
        self.assert_refused("1000", IssueCode.TOO_LARGE_TO_STORE)

    def test_integer_refuses_a_count_below_zero(self) -> None:
        self.assert_refused("-1", IssueCode.NEGATIVE)

    def test_integer_refuses_what_python_takes_for_a_number(self) -> None:
        cells = ["+1", "1_0", "0x1", "١", "１", "²", "1e1", "1.0 1", "NaN", "true"]
        self.assert_all_refused(cells, IssueCode.INVALID_NUMBER)

    def test_integer_refuses_decimals(self) -> None:
        self.assert_refused("1.0", IssueCode.INVALID_NUMBER)

    def test_integer_refuses_a_line_feed_after_the_digits(self) -> None:
        self.assert_refused("1\n", IssueCode.INVALID_NUMBER)

    def test_integer_says_how_many_digits_it_expects(self) -> None:
        self.assertEqual(self.expected_of("x"), "up to 3 digits")
        self.assertEqual(self.expected_of("1000"), "at most 3 digits")
        self.assertEqual(self.expected_of("-1"), "zero or more")

    def test_integer_has_the_catalogues_picture(self) -> None:
        self.assertEqual(self.format.notation, "NUM(3)")

    def test_integer_writes_digits(self) -> None:
        self.assertEqual(self.format.write(42), "42")


class AmountTests(FormatTestCase):
    format = DecimalType(8, 1)

    def test_amount_reads_one_decimal(self) -> None:
        self.assert_faultless("56311.0", Decimal("56311.0"))

    def test_amount_reads_the_largest_value_of_the_catalogue(self) -> None:
        self.assert_faultless("99999999.9", Decimal("99999999.9"))

    def test_amount_reads_zero(self) -> None:
        self.assert_faultless("0.0", Decimal(0))

    def test_remarks_on_a_missing_decimal(self) -> None:
        self.assert_remarked("56311", Decimal(56311), IssueCode.NO_DECIMAL)

    def test_remarks_on_leading_zeros(self) -> None:
        self.assert_remarked("05.5", Decimal("5.5"), IssueCode.LEADING_ZEROS)

    def test_remarks_on_zeros_before_zero(self) -> None:
        self.assert_remarked("00.0", Decimal(0), IssueCode.LEADING_ZEROS)

    def test_remarks_on_more_than_one_decimal_and_keeps_three(self) -> None:
        self.assert_remarked("1.125", Decimal("1.125"), IssueCode.EXTRA_DECIMALS)

    def test_remarks_on_decimals_that_are_only_zeros(self) -> None:
        self.assert_remarked("1.50000", Decimal("1.5"), IssueCode.EXTRA_DECIMALS)

    def test_amount_refuses_more_decimals_than_fit(self) -> None:
        self.assert_refused("1.1234", IssueCode.TOO_LARGE_TO_STORE)

    def test_remarks_on_a_ninth_digit_before_the_point(self) -> None:
        self.assert_remarked("123456789.0", Decimal(123456789), IssueCode.TOO_LARGE)

    def test_amount_refuses_a_tenth_digit_before_the_point(self) -> None:
        self.assert_refused("1234567890.0", IssueCode.TOO_LARGE_TO_STORE)

    def test_amount_does_not_count_leading_zeros_as_digits(self) -> None:
        cell = "0" * 50 + "99999999.9"
        self.assert_remarked(cell, Decimal("99999999.9"), IssueCode.LEADING_ZEROS)

    def test_amount_makes_every_remark_that_is_due(self) -> None:
        _, remarks = self.read("0123456789")
        self.assertEqual(remarks, ["too-large", "no-decimal", "leading-zeros"])

    def test_amount_refuses_a_negative_value(self) -> None:
        self.assert_all_refused(["-5.0", "-5", "-0.0", "-0"], IssueCode.NEGATIVE)

    def test_amount_refuses_what_decimal_takes_for_a_number(self) -> None:
        cells = ["NaN", "sNaN", "Infinity", "-Infinity", "1e999", "1e3", "1E-9999999"]
        self.assert_all_refused(cells, IssueCode.INVALID_NUMBER)

    def test_amount_refuses_signs_and_separators(self) -> None:
        cells = ["+1", "+1.0", "--1", "1_000", "1,5", "1,000.0", "1 000.0", "0x1F"]
        self.assert_all_refused(cells, IssueCode.INVALID_NUMBER)

    def test_amount_refuses_a_point_without_digits_on_both_sides(self) -> None:
        self.assert_all_refused([".5", "1.", ".", "1.2.3"], IssueCode.INVALID_NUMBER)

    def test_amount_refuses_digits_that_are_not_ascii(self) -> None:
        self.assert_all_refused(
            ["١٢٣.٠", "１２３.０", "1.²", "\xa01.0"], IssueCode.INVALID_NUMBER
        )

    def test_amount_refuses_a_line_feed_after_the_value(self) -> None:
        self.assert_refused("1.0\n", IssueCode.INVALID_NUMBER)

    def test_amount_says_what_it_expects(self) -> None:
        for cell, expected in {
            "x": "digits, a point and one decimal",
            "-1.0": "zero or more",
            "1234567890.0": "at most 9 digits before the point",
            "123456789.0": "at most 8 digits before the point",
            "1.1234": "at most 3 decimals",
            "1": "one decimal",
            "1.25": "one decimal",
            "007.0": "7",
            "00.0": "0",
        }.items():
            with self.subTest(cell=cell):
                self.assertEqual(self.expected_of(cell), expected)

    def test_amount_has_the_catalogues_picture(self) -> None:
        self.assertEqual(self.format.notation, "NUM(9,1)")

    def test_amount_writes_one_decimal(self) -> None:
        self.assertEqual(self.format.write(Decimal("56311.0")), "56311.0")

    def test_amount_writes_no_more_decimals_than_it_needs(self) -> None:
        self.assertEqual(self.format.write(Decimal("56311.000")), "56311.0")

    def test_amount_writes_a_whole_number_with_its_decimal(self) -> None:
        self.assertEqual(self.format.write(Decimal("56311")), "56311.0")

    def test_amount_writes_the_decimals_that_were_kept(self) -> None:
        self.assertEqual(self.format.write(Decimal("0.250")), "0.25")

    def test_amount_writes_no_exponent(self) -> None:
        self.assertEqual(self.format.write(Decimal("1E+3")), "1000.0")

    @given(st.integers(0, 999_999_999).map(lambda tenths: Decimal(tenths) / 10))
    def test_amount_reads_what_it_writes_without_a_remark(self, value: Decimal) -> None:
        self.assert_faultless(self.format.write(value), value)


class MomentTests(FormatTestCase):
    format = DateTimeType()

    def assert_clock_time(self, cell: str, *clock: int) -> None:
        self.assert_faultless(cell, datetime(*clock, tzinfo=LONDON))

    def test_moment_reads_a_winter_time(self) -> None:
        value, _ = self.read("20160222000000")
        self.assertEqual(value, datetime(2016, 2, 22, tzinfo=UTC))

    def test_moment_reads_a_summer_time_an_hour_ahead_of_utc(self) -> None:
        value, _ = self.read("20160722000000")
        self.assertEqual(value, datetime(2016, 7, 21, 23, tzinfo=UTC))

    def test_moment_keeps_the_clock_time_that_was_said(self) -> None:
        value, _ = self.read("20160722123456")
        self.assertEqual(f"{value:%Y-%m-%d %H:%M:%S %Z}", "2016-07-22 12:34:56 BST")

    def test_moment_reads_the_last_second_of_a_day_as_it_stands(self) -> None:
        self.assert_clock_time("20200202235959", 2020, 2, 2, 23, 59, 59)

    def test_moment_reads_leap_days(self) -> None:
        self.assert_clock_time("20240229000000", 2024, 2, 29)
        self.assert_clock_time("20000229000000", 2000, 2, 29)

    def test_moment_refuses_days_that_do_not_exist(self) -> None:
        cells = [
            "20230229000000",
            "21000229000000",
            "20240230000000",
            "20240431000000",
            "20240100000000",
            "20240132000000",
        ]
        self.assert_all_refused(cells, IssueCode.INVALID_DATETIME)

    def test_moment_refuses_months_that_do_not_exist(self) -> None:
        cells = ["20240001000000", "20241301000000"]
        self.assert_all_refused(cells, IssueCode.INVALID_DATETIME)

    def test_moment_refuses_hours_minutes_and_seconds_that_do_not_exist(self) -> None:
        cells = ["20240101250000", "20240101006000", "20240101000060"]
        self.assert_all_refused(cells, IssueCode.INVALID_DATETIME)

    def test_moment_refuses_24_as_an_hour(self) -> None:
        self.assert_refused("20240101240000", IssueCode.INVALID_DATETIME)

    def test_moment_says_how_midnight_is_written(self) -> None:
        expected = "an hour from 00 to 23 (midnight is 000000 of the next day)"
        self.assertEqual(self.expected_of("20240101240000"), expected)

    def test_moment_refuses_a_date_without_a_time(self) -> None:
        self.assert_refused("20240101", IssueCode.INVALID_DATETIME)

    def test_moment_says_that_the_time_is_missing(self) -> None:
        expected = "(hours, minutes and seconds are missing)"
        self.assertIn(expected, self.expected_of("20240101"))

    def test_moment_says_of_other_cells_only_how_a_time_is_written(self) -> None:
        expected = "ccyymmddhhmmss, a real date and time"
        for cell in "2024010a", "2024-01-01", "20240230000000":
            with self.subTest(cell=cell):
                self.assertEqual(self.expected_of(cell), expected)

    def test_moment_refuses_anything_but_fourteen_digits(self) -> None:
        cells = ["2024010100000", "202401010000000", "20240101T00000", "+2024010100000"]
        self.assert_all_refused(cells, IssueCode.INVALID_DATETIME)

    def test_moment_refuses_digits_that_are_not_ascii(self) -> None:
        cells = ["２０２４０１０１００００００", "٢٠٢٤٠١٠١٠٠٠٠٠٠"]
        self.assert_all_refused(cells, IssueCode.INVALID_DATETIME)

    def test_moment_refuses_a_line_feed_after_the_digits(self) -> None:
        self.assert_refused("20240101000000\n", IssueCode.INVALID_DATETIME)

    def test_moment_reads_years_from_1950_to_2199(self) -> None:
        self.assert_clock_time("19500101000000", 1950, 1, 1)
        self.assert_clock_time("21991231235959", 2199, 12, 31, 23, 59, 59)

    def test_moment_refuses_years_out_of_bounds(self) -> None:
        cells = ["19491231235959", "22000101000000", "00010101000000", "99991231000000"]
        self.assert_all_refused(cells, IssueCode.INVALID_DATETIME)

    def test_moment_says_the_bounds_of_years(self) -> None:
        expected = "a year from 1950 to 2199"
        self.assertEqual(self.expected_of("19491231235959"), expected)

    def test_moment_has_the_catalogues_picture(self) -> None:
        self.assertEqual(self.format.notation, "DATETIME")

    def test_moment_refuses_to_write_anything_but_a_time(self) -> None:
        with self.assertRaises(ValueError):
            self.format.write("20240101000000")

    @given(st.datetimes(datetime(1950, 1, 1), datetime(2199, 12, 31)))
    def test_moment_writes_the_clock_time_it_read(self, clock: datetime) -> None:
        cell = f"{clock:%Y%m%d%H%M%S}"
        value, _ = self.read(cell)
        self.assertEqual(self.format.write(value), cell)


def last_sunday(year: int, month: int) -> datetime:
    """Return midnight of a month's last Sunday; March and October have 31 days."""
    latest = datetime(year, month, 31)
    return latest - timedelta(days=(latest.weekday() + 1) % 7)


class ClockChangeTests(FormatTestCase):
    format = DateTimeType()

    def test_clock_change_takes_the_first_of_two_autumn_hours(self) -> None:
        self.assert_remarked(
            "20251026013000",
            datetime(2025, 10, 26, 1, 30, tzinfo=LONDON),
            IssueCode.AMBIGUOUS_TIME,
        )
        value, _ = self.read("20251026013000")
        self.assertEqual(value.astimezone(UTC).hour, 0)

    def test_clock_change_says_how_it_read_an_autumn_hour(self) -> None:
        expected = "a time that occurs once in the UK (used: 01:30 BST)"
        self.assertEqual(self.expected_of("20251026013000"), expected)

    def test_clock_change_takes_an_hour_later_for_an_hour_that_never_was(self) -> None:
        value, remarks = self.read("20250330013000")
        self.assertEqual(remarks, ["nonexistent-time"])
        later = datetime(2025, 3, 30, 2, 30, tzinfo=LONDON).astimezone(UTC)
        self.assertEqual(value.astimezone(UTC), later)

    def test_clock_change_says_that_the_clock_never_showed_it(self) -> None:
        expected = "a time that exists in the UK"
        self.assertEqual(self.expected_of("20250330013000"), expected)

    def test_clock_change_keeps_the_clock_time_of_an_hour_that_never_was(self) -> None:
        value, _ = self.read("20250330013000")
        self.assertEqual(self.format.write(value), "20250330013000")

    def test_remarks_on_the_missing_hour_of_every_spring(self) -> None:
        for year in range(2000, 2041):
            with self.subTest(year=year):
                day = f"{last_sunday(year, 3):%Y%m%d}"
                self.assertEqual(self.read(day + "005959")[1], [])
                self.assertEqual(self.read(day + "010000")[1], ["nonexistent-time"])
                self.assertEqual(self.read(day + "015959")[1], ["nonexistent-time"])
                self.assertEqual(self.read(day + "020000")[1], [])

    def test_remarks_on_the_double_hour_of_every_autumn(self) -> None:
        for year in range(2000, 2041):
            with self.subTest(year=year):
                day = f"{last_sunday(year, 10):%Y%m%d}"
                self.assertEqual(self.read(day + "005959")[1], [])
                self.assertEqual(self.read(day + "010000")[1], ["ambiguous-time"])
                self.assertEqual(self.read(day + "015959")[1], ["ambiguous-time"])
                self.assertEqual(self.read(day + "020000")[1], [])

    def test_clock_change_never_remarks_on_midnight(self) -> None:
        for day in range(366 * 3):
            date = datetime(2023, 1, 1) + timedelta(days=day)
            with self.subTest(date=date):
                self.assertEqual(self.read(f"{date:%Y%m%d}000000")[1], [])


class IsNonexistentTests(TestCase):
    def test_is_nonexistent_is_true_within_the_missing_hour_of_spring(self) -> None:
        self.assertTrue(
            is_nonexistent_local_time(datetime(2025, 3, 30, 1, 30, tzinfo=LONDON))
        )

    def test_is_nonexistent_is_false_within_the_double_hour_of_autumn(self) -> None:
        self.assertFalse(
            is_nonexistent_local_time(datetime(2025, 10, 26, 1, 30, tzinfo=LONDON))
        )

    def test_is_nonexistent_is_false_at_any_other_time(self) -> None:
        self.assertFalse(
            is_nonexistent_local_time(datetime(2025, 7, 1, 1, 30, tzinfo=LONDON))
        )


class TruthTests(FormatTestCase):
    format = BooleanType()

    def test_truth_reads_t_as_true(self) -> None:
        self.assert_faultless("T", True)

    def test_truth_reads_f_as_false(self) -> None:
        self.assert_faultless("F", False)

    def test_truth_refuses_everything_else(self) -> None:
        cells = ["t", "f", "Y", "N", "1", "0", "TRUE", "TF", "T "]
        self.assert_all_refused(cells, IssueCode.INVALID_BOOLEAN)

    def test_truth_says_what_it_expects(self) -> None:
        self.assertEqual(self.expected_of("Y"), "T or F")

    def test_truth_has_the_catalogues_picture(self) -> None:
        self.assertEqual(self.format.notation, "BOOLEAN")

    def test_truth_writes_its_letters(self) -> None:
        self.assertEqual(
            [self.format.write(True), self.format.write(False)], ["T", "F"]
        )
