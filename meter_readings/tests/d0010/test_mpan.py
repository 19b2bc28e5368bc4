"""Tests of the MPAN core: check digit, distributor and formatting."""

from unittest import TestCase

from hypothesis import given, settings
from hypothesis import strategies as st

from meter_readings.d0010 import mpan
from meter_readings.tests.robustness import examples

# The table of the format reference: all that are valid, with their weighted sums.
VALID = {
    "1200023305967": 1019,
    "1900001059816": 930,
    "1200033197420": 956,
    "1200031039874": 1148,
    "1591055549625": 1248,
    "2200031930792": 1124,
    "1200022664056": 820,
    "1900005260419": 614,
    "1013044353630": 945,
    "1900005281720": 879,
    "2000055433806": 864,
    "2000000000015": 49,
    "1000000000003": 3,
}

twelve_digits = st.text("0123456789", min_size=12, max_size=12)


def weighted_sum(first_twelve: str) -> int:
    """Return what the catalogue's words say, written out."""
    a, b, c, d, e, f, g, h, i, j, k, m = map(int, first_twelve)
    return (
        a * 3
        + b * 5
        + c * 7
        + d * 13
        + e * 17
        + f * 19
        + g * 23
        + h * 29
        + i * 31
        + j * 37
        + k * 41
        + m * 43
    )


class CheckDigitTests(TestCase):
    def test_check_digit_agrees_with_the_table_of_valid_numbers(self) -> None:
        for number in VALID:
            with self.subTest(number=number):
                self.assertEqual(mpan.check_digit(number[:12]), number[12])

    def test_check_digit_agrees_with_the_weighted_sums_of_the_table(self) -> None:
        for number, expected in VALID.items():
            with self.subTest(number=number):
                self.assertEqual(weighted_sum(number[:12]), expected)
                self.assertEqual(str(expected % 11 % 10), number[12])

    def test_check_digit_of_a_remainder_of_ten_is_0(self) -> None:
        self.assertEqual(956 % 11, 10)
        self.assertEqual(mpan.check_digit("120003319742"), "0")

    @given(twelve_digits)
    def test_check_digit_is_the_weighted_sum_modulo_11_modulo_10(
        self, first_twelve: str
    ) -> None:
        expected = str(weighted_sum(first_twelve) % 11 % 10)
        self.assertEqual(mpan.check_digit(first_twelve), expected)


class HasValidCheckDigitTests(TestCase):
    def test_has_valid_check_digit_accepts_every_valid_number_of_the_table(
        self,
    ) -> None:
        for number in VALID:
            with self.subTest(number=number):
                self.assertTrue(mpan.has_valid_check_digit(number))

    def test_has_valid_check_digit_rejects_1234567890123(self) -> None:
        self.assertFalse(mpan.has_valid_check_digit("1234567890121"))

    def test_one_last_digit_is_valid_for_every_number_of_the_table(
        self,
    ) -> None:
        for number in VALID:
            with self.subTest(number=number):
                accepted = [
                    digit
                    for digit in "0123456789"
                    if mpan.has_valid_check_digit(number[:12] + digit)
                ]
                self.assertEqual(accepted, [number[12]])

    @settings(max_examples=examples(300))
    @given(twelve_digits.filter(lambda digits: not digits.startswith("78")))
    def test_has_valid_check_digit_accepts_exactly_one_of_ten_last_digits(
        self, first_twelve: str
    ) -> None:
        accepted = [
            digit
            for digit in "0123456789"
            if mpan.has_valid_check_digit(first_twelve + digit)
        ]
        self.assertEqual(accepted, [mpan.check_digit(first_twelve)])

    @given(twelve_digits, st.integers(0, 11), st.sampled_from("123456789"))
    def test_has_valid_check_digit_detects_most_wrong_digits(
        self, digits: str, at: int, add: str
    ) -> None:
        wrong = str((int(digits[at]) + int(add)) % 10)
        slipped = digits[:at] + wrong + digits[at + 1 :]
        sums = {weighted_sum(digits) % 11, weighted_sum(slipped) % 11}
        # Only the remainders 0 and 10 share a digit.
        if sums != {0, 10}:
            digit, other = mpan.check_digit(digits), mpan.check_digit(slipped)
            self.assertNotEqual(digit, other)

    def test_has_valid_check_digit_accepts_any_digit_of_an_amvlp_asset_metering_id(
        self,
    ) -> None:
        for digit in "0123456789":
            with self.subTest(digit=digit):
                self.assertTrue(mpan.has_valid_check_digit("780000000001" + digit))

    def test_has_valid_check_digit_checks_an_svaa_asset_metering_id(self) -> None:
        right = mpan.check_digit("770000000001")
        wrong = str((int(right) + 1) % 10)
        self.assertTrue(mpan.has_valid_check_digit("770000000001" + right))
        self.assertFalse(mpan.has_valid_check_digit("770000000001" + wrong))


class DistributorTests(TestCase):
    def test_distributor_is_known_by_the_first_two_digits(self) -> None:
        self.assertEqual(
            mpan.distributor_of("1200023305967"),
            ("12", "LOND", "London", "_C", "UK Power Networks"),
        )

    def test_distributor_is_none_for_an_unknown_id(self) -> None:
        self.assertIsNone(mpan.distributor_of("3900000000000"))

    def test_distributor_is_none_for_zeros(self) -> None:
        self.assertIsNone(mpan.distributor_of("0000000000000"))

    def test_distributor_is_listed_from_10_to_38(self) -> None:
        self.assertEqual(
            [*mpan.DISTRIBUTORS], [str(number) for number in range(10, 39)]
        )

    def test_distributor_has_a_gsp_group_of_its_own_from_10_to_23(self) -> None:
        groups = [row.gsp_group for row in mpan.DISTRIBUTORS.values()][:14]
        self.assertEqual(sorted(groups), ["_" + letter for letter in "ABCDEFGHJKLMNP"])

    def test_distributor_has_no_gsp_group_from_24_on(self) -> None:
        groups = {row.gsp_group for row in mpan.DISTRIBUTORS.values() if row[0] > "23"}
        self.assertEqual(groups, {""})

    def test_distributor_has_a_participant_of_four_letters(self) -> None:
        for row in mpan.DISTRIBUTORS.values():
            with self.subTest(distributor_id=row.distributor_id):
                self.assertRegex(row.participant, r"\A[A-Z]{4}\Z")


class AssetMeteringIdTests(TestCase):
    def test_asset_metering_id_begins_with_77_or_78(self) -> None:
        self.assertTrue(mpan.is_asset_metering_id("7700000000011"))
        self.assertTrue(mpan.is_asset_metering_id("7800000000011"))

    def test_mpan_of_a_distributor_is_not_an_asset_metering_id(self) -> None:
        self.assertFalse(mpan.is_asset_metering_id("1200023305967"))


class FormatMpanTests(TestCase):
    def test_format_mpan_adds_spaces(self) -> None:
        self.assertEqual(mpan.format_mpan("1200023305967"), "12 0002 3305 967")

    def test_format_mpan_adds_no_trailing_space_to_a_short_number(self) -> None:
        self.assertEqual(mpan.format_mpan("12"), "12")


class NormaliseMpanTests(TestCase):
    def test_normalise_mpan_removes_every_space(self) -> None:
        self.assertEqual(mpan.normalise_mpan(" 12 0002 3305 967\t"), "1200023305967")

    def test_normalise_mpan_keeps_other_characters(self) -> None:
        self.assertEqual(mpan.normalise_mpan("12-0002"), "12-0002")
