"""Tests of the field types: text, codes, MPANs, numbers and flags."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from unittest import TestCase

from hypothesis import given
from hypothesis import strategies as st

from meter_readings.d0010.codes import BscValidationStatus, ReasonCode
from meter_readings.d0010.field_types import (
    BooleanType,
    CodeType,
    DecimalType,
    FieldType,
    IntegerType,
    MpanType,
    TextType,
)
from meter_readings.d0010.issues import InvalidValue, IssueCode


class FieldTypeTestCase(TestCase):
    """Reads texts by the field type `format`."""

    format: FieldType

    def read(self, text: str) -> tuple[Any, list[str]]:
        """Return the value of a text and the codes of its issues."""
        issues: list[str] = []
        value = self.format.read(text, lambda code, _: issues.append(code.value))
        return value, issues

    def expected_of(self, text: str) -> str:
        """Return the expectation of the only issue of a text."""
        issues: list[str] = []
        try:
            self.format.read(text, lambda _, expected: issues.append(expected))
        except InvalidValue as error:
            return error.expected
        [expected] = issues
        return expected

    def assert_valid(self, text: str, value: Any) -> None:
        self.assertEqual(self.read(text), (value, []))

    def assert_reported(self, text: str, value: Any, code: IssueCode) -> None:
        self.assertEqual(self.read(text), (value, [code.value]))

    def assert_rejected(self, text: str, code: IssueCode) -> None:
        with self.assertRaises(InvalidValue) as raised:
            self.read(text)
        self.assertIs(raised.exception.code, code)

    def assert_all_rejected(self, texts: list[str], code: IssueCode) -> None:
        for text in texts:
            with self.subTest(text=text):
                self.assert_rejected(text, code)


class TextTypeTests(FieldTypeTestCase):
    format = TextType(10, 20)

    def test_text_keeps_spaces_inside(self) -> None:
        self.assert_valid("F75A 00802", "F75A 00802")

    def test_text_keeps_leading_zeros(self) -> None:
        self.assert_valid("0000475656", "0000475656")

    def test_text_reports_more_characters_than_the_catalogue_allows(self) -> None:
        self.assert_reported("A" * 11, "A" * 11, IssueCode.TOO_LONG)

    def test_text_keeps_as_many_characters_as_can_be_stored(self) -> None:
        self.assert_reported("A" * 20, "A" * 20, IssueCode.TOO_LONG)

    def test_text_rejects_more_characters_than_can_be_stored(self) -> None:
        self.assert_rejected("A" * 21, IssueCode.TOO_LONG_TO_STORE)

    def test_text_reports_how_many_characters_it_expects(self) -> None:
        self.assertEqual(self.expected_of("A" * 11), "at most 10 characters")
        self.assertEqual(self.expected_of("A" * 21), "at most 20 characters")

    def test_text_has_the_notation_of_the_catalogue(self) -> None:
        self.assertEqual(self.format.notation, "CHAR(10)")

    def test_writes_a_text_as_it_is(self) -> None:
        self.assertEqual(self.format.write("F75A 00802"), "F75A 00802")


class CodeTypeTests(FieldTypeTestCase):
    format = CodeType(1, BscValidationStatus)

    def test_code_accepts_a_listed_code(self) -> None:
        self.assert_valid("V", "V")

    def test_code_reports_and_keeps_every_unlisted_letter_and_digit(self) -> None:
        for code in "ABCDEGHIJKLMNOPQRSTWXYZ0123456789":
            with self.subTest(code=code):
                self.assert_reported(code, code, IssueCode.UNKNOWN_CODE)

    def test_code_reports_and_keeps_a_lower_case_letter(self) -> None:
        self.assert_reported("v", "v", IssueCode.UNKNOWN_CODE)

    def test_code_rejects_more_characters_than_it_can_have(self) -> None:
        self.assert_rejected("VV", IssueCode.TOO_LONG_TO_STORE)

    def test_code_reports_which_codes_it_expects(self) -> None:
        self.assertEqual(self.expected_of("X"), "one of V U F")

    def test_code_reports_how_many_characters_it_expects(self) -> None:
        self.assertEqual(self.expected_of("VV"), "at most 1 characters")

    def test_code_has_the_notation_of_the_catalogue(self) -> None:
        self.assertEqual(CodeType(2, ReasonCode).notation, "CHAR(2)")

    def test_writes_a_code_as_it_is(self) -> None:
        self.assertEqual(self.format.write("V"), "V")


class MpanTypeTests(FieldTypeTestCase):
    format = MpanType()

    def test_mpan_accepts_thirteen_digits_with_the_right_check_digit(self) -> None:
        self.assert_valid("1200023305967", "1200023305967")

    def test_mpan_rejects_anything_but_thirteen_digits(self) -> None:
        texts = ["120002330596", "12000233059670", "12000233O5967", "12 0002330596"]
        self.assert_all_rejected(texts, IssueCode.MPAN_NOT_13_DIGITS)

    def test_mpan_rejects_digits_that_are_not_ascii(self) -> None:
        texts = [
            "١٢٠٠٠٢٣٣٠٥٩٦٧",
            "１２０００２３３０５９６７",
            "120002330596²",
            "120002330596٧",
        ]
        self.assert_all_rejected(texts, IssueCode.MPAN_NOT_13_DIGITS)

    def test_mpan_rejects_a_sign_or_a_point(self) -> None:
        texts = ["-120002330596", "+120002330596", "120002330596."]
        self.assert_all_rejected(texts, IssueCode.MPAN_NOT_13_DIGITS)

    def test_mpan_reports_a_wrong_check_digit_and_keeps_the_number(self) -> None:
        self.assert_reported(
            "1234567890121", "1234567890121", IssueCode.MPAN_CHECK_DIGIT
        )

    def test_mpan_reports_the_right_check_digit(self) -> None:
        self.assertEqual(self.expected_of("1234567890121"), "6 as the last digit")

    def test_mpan_reports_thirteen_zeros_although_their_check_digit_is_right(
        self,
    ) -> None:
        self.assert_reported("0" * 13, "0" * 13, IssueCode.UNKNOWN_DISTRIBUTOR)

    def test_mpan_reports_which_distributors_it_expects(self) -> None:
        expected = "a distributor id from 10 to 38"
        self.assertEqual(self.expected_of("0" * 13), expected)

    def test_mpan_does_not_check_an_asset_metering_id_of_an_amvlp(self) -> None:
        self.assert_valid("7800000000019", "7800000000019")

    def test_mpan_reports_a_wrong_check_digit_of_an_asset_metering_id(self) -> None:
        self.assert_reported(
            "7700000000019", "7700000000019", IssueCode.MPAN_CHECK_DIGIT
        )

    def test_mpan_has_the_notation_of_the_catalogue(self) -> None:
        self.assertEqual(self.format.notation, "NUM(13)")

    def test_mpan_writes_a_number_as_it_is(self) -> None:
        self.assertEqual(self.format.write("1200023305967"), "1200023305967")


class IntegerTypeTests(FieldTypeTestCase):
    format = IntegerType(3)

    def test_integer_reads_digits(self) -> None:
        self.assert_valid("999", 999)

    def test_integer_reads_zero(self) -> None:
        self.assert_valid("0", 0)

    def test_integer_ignores_leading_zeros(self) -> None:
        self.assert_valid("00002", 2)

    def test_integer_rejects_more_digits_than_the_catalogue_allows(self) -> None:
        self.assert_rejected("1000", IssueCode.TOO_LARGE_TO_STORE)

    def test_integer_rejects_a_negative_number(self) -> None:
        self.assert_rejected("-1", IssueCode.NEGATIVE)

    def test_integer_rejects_other_number_formats_of_python(self) -> None:
        texts = ["+1", "1_0", "0x1", "١", "１", "²", "1e1", "1.0 1", "NaN", "true"]
        self.assert_all_rejected(texts, IssueCode.INVALID_NUMBER)

    def test_integer_rejects_decimals(self) -> None:
        self.assert_rejected("1.0", IssueCode.INVALID_NUMBER)

    def test_integer_rejects_a_line_feed_after_the_digits(self) -> None:
        self.assert_rejected("1\n", IssueCode.INVALID_NUMBER)

    def test_integer_reports_how_many_digits_it_expects(self) -> None:
        self.assertEqual(self.expected_of("x"), "up to 3 digits")
        self.assertEqual(self.expected_of("1000"), "at most 3 digits")
        self.assertEqual(self.expected_of("-1"), "zero or more")

    def test_integer_has_the_notation_of_the_catalogue(self) -> None:
        self.assertEqual(self.format.notation, "NUM(3)")

    def test_integer_writes_digits(self) -> None:
        self.assertEqual(self.format.write(42), "42")


class DecimalTypeTests(FieldTypeTestCase):
    format = DecimalType(8, 1)

    def test_decimal_reads_one_decimal_place(self) -> None:
        self.assert_valid("56311.0", Decimal("56311.0"))

    def test_decimal_reads_the_largest_value_of_the_catalogue(self) -> None:
        self.assert_valid("99999999.9", Decimal("99999999.9"))

    def test_decimal_reads_zero(self) -> None:
        self.assert_valid("0.0", Decimal(0))

    def test_decimal_reports_a_missing_decimal_place(self) -> None:
        self.assert_reported("56311", Decimal(56311), IssueCode.NO_DECIMAL)

    def test_decimal_reports_leading_zeros(self) -> None:
        self.assert_reported("05.5", Decimal("5.5"), IssueCode.LEADING_ZEROS)

    def test_decimal_reports_zeros_before_zero(self) -> None:
        self.assert_reported("00.0", Decimal(0), IssueCode.LEADING_ZEROS)

    def test_decimal_reports_several_decimal_places_and_keeps_three(self) -> None:
        self.assert_reported("1.125", Decimal("1.125"), IssueCode.EXTRA_DECIMALS)

    def test_decimal_reports_several_decimal_places_that_are_zero(self) -> None:
        self.assert_reported("1.50000", Decimal("1.5"), IssueCode.EXTRA_DECIMALS)

    def test_decimal_rejects_more_decimal_places_than_can_be_stored(self) -> None:
        self.assert_rejected("1.1234", IssueCode.TOO_LARGE_TO_STORE)

    def test_decimal_reports_a_ninth_digit_before_the_point(self) -> None:
        self.assert_reported("123456789.0", Decimal(123456789), IssueCode.TOO_LARGE)

    def test_decimal_rejects_a_tenth_digit_before_the_point(self) -> None:
        self.assert_rejected("1234567890.0", IssueCode.TOO_LARGE_TO_STORE)

    def test_decimal_does_not_count_leading_zeros_as_digits(self) -> None:
        text = "0" * 50 + "99999999.9"
        self.assert_reported(text, Decimal("99999999.9"), IssueCode.LEADING_ZEROS)

    def test_decimal_reports_every_issue(self) -> None:
        _, issues = self.read("0123456789")
        self.assertEqual(issues, ["too-large", "no-decimal", "leading-zeros"])

    def test_decimal_rejects_a_negative_value(self) -> None:
        self.assert_all_rejected(["-5.0", "-5", "-0.0", "-0"], IssueCode.NEGATIVE)

    def test_decimal_rejects_other_number_formats_of_python(self) -> None:
        texts = ["NaN", "sNaN", "Infinity", "-Infinity", "1e999", "1e3", "1E-9999999"]
        self.assert_all_rejected(texts, IssueCode.INVALID_NUMBER)

    def test_decimal_rejects_signs_and_separators(self) -> None:
        texts = ["+1", "+1.0", "--1", "1_000", "1,5", "1,000.0", "1 000.0", "0x1F"]
        self.assert_all_rejected(texts, IssueCode.INVALID_NUMBER)

    def test_decimal_rejects_a_point_without_digits_on_both_sides(self) -> None:
        self.assert_all_rejected([".5", "1.", ".", "1.2.3"], IssueCode.INVALID_NUMBER)

    def test_decimal_rejects_digits_that_are_not_ascii(self) -> None:
        self.assert_all_rejected(
            ["١٢٣.٠", "１２３.０", "1.²", "\xa01.0"], IssueCode.INVALID_NUMBER
        )

    def test_decimal_rejects_a_line_feed_after_the_value(self) -> None:
        self.assert_rejected("1.0\n", IssueCode.INVALID_NUMBER)

    def test_decimal_reports_what_it_expects(self) -> None:
        for text, expected in {
            "x": "digits, a point and one decimal",
            "-1.0": "zero or more",
            "1234567890.0": "at most 9 digits before the point",
            "123456789.0": "at most 8 digits before the point",
            "1.1234": "at most 3 decimals",
            "1": "one decimal",
            "1.25": "one decimal",
            "007.0": "no leading zeros",
            "00.0": "no leading zeros",
        }.items():
            with self.subTest(text=text):
                self.assertEqual(self.expected_of(text), expected)

    def test_decimal_has_the_notation_of_the_catalogue(self) -> None:
        self.assertEqual(self.format.notation, "NUM(9,1)")

    def test_decimal_writes_one_decimal_place(self) -> None:
        self.assertEqual(self.format.write(Decimal("56311.0")), "56311.0")

    def test_decimal_writes_no_superfluous_decimal_places(self) -> None:
        self.assertEqual(self.format.write(Decimal("56311.000")), "56311.0")

    def test_decimal_writes_a_whole_number_with_a_decimal_place(self) -> None:
        self.assertEqual(self.format.write(Decimal("56311")), "56311.0")

    def test_decimal_writes_all_stored_decimal_places(self) -> None:
        self.assertEqual(self.format.write(Decimal("0.250")), "0.25")

    def test_decimal_writes_no_exponent(self) -> None:
        self.assertEqual(self.format.write(Decimal("1E+3")), "1000.0")

    @given(st.integers(0, 999_999_999).map(lambda tenths: Decimal(tenths) / 10))
    def test_decimal_reads_what_it_writes_without_an_issue(
        self, value: Decimal
    ) -> None:
        self.assert_valid(self.format.write(value), value)


class BooleanTypeTests(FieldTypeTestCase):
    format = BooleanType()

    def test_boolean_reads_t_as_true(self) -> None:
        self.assert_valid("T", True)

    def test_boolean_reads_f_as_false(self) -> None:
        self.assert_valid("F", False)

    def test_boolean_rejects_everything_else(self) -> None:
        texts = ["t", "f", "Y", "N", "1", "0", "TRUE", "TF", "T "]
        self.assert_all_rejected(texts, IssueCode.INVALID_BOOLEAN)

    def test_boolean_reports_what_it_expects(self) -> None:
        self.assertEqual(self.expected_of("Y"), "T or F")

    def test_boolean_has_the_notation_of_the_catalogue(self) -> None:
        self.assertEqual(self.format.notation, "BOOLEAN")

    def test_boolean_writes_t_and_f(self) -> None:
        self.assertEqual(
            [self.format.write(True), self.format.write(False)], ["T", "F"]
        )
