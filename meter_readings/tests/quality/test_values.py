"""Tests of the rules about values that no register shows."""

from __future__ import annotations

from django.test import SimpleTestCase

from .histories import codes, monthly, raised, usual


class ErrorCodeTests(SimpleTestCase):
    def test_error_codes_are_raised_rounded_or_not(self) -> None:
        for value in ("4294967.295", "4294967.3", "2147483.647", "2147483.6"):
            with self.subTest(value):
                values = [*usual(4), value]
                [item] = raised(monthly(*values))
                self.assertEqual(item.rule.code, "error-code")

    def test_reading_after_an_error_code_is_not_backwards(self) -> None:
        values = [*usual(4), "4294967.3", 10_800]
        self.assertEqual(codes(monthly(*values)), ["error-code 4294967.3"])

    def test_neighbours_of_an_error_code_are_no_error_codes(self) -> None:
        rows = monthly("4294967.1", "4294967.3", "4294967.4")
        self.assertEqual(codes(rows), ["error-code 4294967.3"])


class DigitsTests(SimpleTestCase):
    def test_more_digits_than_any_meter_has_are_raised(self) -> None:
        rows = monthly(10_000, 10_200, "12345678.0", 10_600)
        self.assertEqual(codes(rows), ["digits 12345678.0"])

    def test_lost_decimal_point_is_a_digit_more(self) -> None:
        values = usual()
        values[4] *= 10
        self.assertEqual(codes(monthly(*values)), ["digits 108000.0"])

    def test_latest_reading_can_have_a_digit_more(self) -> None:
        values = [*usual(), 116_000]
        self.assertEqual(codes(monthly(*values)), ["digits 116000.0"])

    def test_register_that_grows_a_digit_by_usual_use_is_not_raised(self) -> None:
        self.assertEqual(codes(monthly(*usual(start=99_500))), [])

    def test_new_register_that_grows_digits_is_not_raised(self) -> None:
        self.assertEqual(codes(monthly(*usual(start=5))), [])
