"""Tests of the code lists against the catalogue."""

from unittest import TestCase

from meter_readings.d0010.codes import (
    REGISTER_MEANINGS,
    Basis,
    BscValidationStatus,
    MarketRole,
    ReadingMethod,
    ReadingType,
    ReasonCode,
    SiteVisitCheckCode,
    TestDataFlag,
    basis_of,
    reading_types_of,
    register_meaning,
)

LISTS = (
    BscValidationStatus,
    MarketRole,
    ReadingMethod,
    ReadingType,
    ReasonCode,
    SiteVisitCheckCode,
    TestDataFlag,
)


class CatalogueListTests(TestCase):
    def test_there_are_three_bsc_validation_statuses(self) -> None:
        self.assertEqual([*BscValidationStatus], ["V", "U", "F"])

    def test_there_are_eighteen_reading_types(self) -> None:
        self.assertEqual("".join(ReadingType), "ACDFIMOPQRSTUVWXYZ")

    def test_there_are_two_reading_methods(self) -> None:
        self.assertEqual([*ReadingMethod], ["N", "P"])

    def test_reason_codes_are_numbered_from_01_to_27(self) -> None:
        self.assertEqual([*ReasonCode], [f"{number:02}" for number in range(1, 28)])

    def test_site_visit_check_codes_do_not_include_12(self) -> None:
        numbers = [*range(1, 12), *range(13, 45), *range(50, 59), 88, 89]
        self.assertEqual([*SiteVisitCheckCode], [f"{number:02}" for number in numbers])

    def test_market_roles_are_every_letter_and_four_digits(
        self,
    ) -> None:
        self.assertEqual("".join(MarketRole), "3468ABCDEFGHIJKLMNOPQRSTUVWXYZ")

    def test_there_is_one_documented_test_data_flag(self) -> None:
        self.assertEqual([*TestDataFlag], ["OPER"])


class RegisterMeaningTests(TestCase):
    def test_a_register_has_its_usual_meaning(self) -> None:
        for register_id, meaning in (
            ("S", "Single rate"),
            ("DY", "Day"),
            ("NT", "Night"),
            ("MD", "Maximum demand"),
            ("01", "Rate 1, or the only rate"),
            ("02", "Rate 2"),
            ("A1", "Rate 1, or the only rate"),
        ):
            self.assertEqual(register_meaning(register_id), meaning)

    def test_other_registers_have_no_usual_meaning(self) -> None:
        for register_id in ("9Z", "R1", "dy", ""):
            self.assertEqual(register_meaning(register_id), "")

    def test_every_register_id_has_one_or_two_characters(self) -> None:
        self.assertEqual(
            {len(register_id) for register_id in REGISTER_MEANINGS}, {1, 2}
        )


class CodeListTests(TestCase):
    def test_members_of_a_code_list_equal_their_values(self) -> None:
        self.assertEqual(ReadingType.ROUTINE, "R")

    def test_every_code_has_a_label(self) -> None:
        for codes in LISTS:
            for code in codes:
                with self.subTest(codes=codes.__name__, code=code.value):
                    self.assertTrue(code.label.strip())

    def test_labels_of_a_code_list_are_unique(self) -> None:
        for codes in LISTS:
            with self.subTest(codes=codes.__name__):
                labels = [label for _, label in codes.choices()]
                self.assertEqual(len(labels), len({*labels}))

    def test_choices_are_in_the_order_of_the_catalogue(self) -> None:
        self.assertEqual(
            BscValidationStatus.choices(),
            [("V", "Validated"), ("U", "Not validated"), ("F", "Failed validation")],
        )

    def test_label_of_a_listed_value_is_returned(self) -> None:
        self.assertEqual(ReadingType.label_of("D"), "Deemed or estimated")

    def test_unlisted_value_is_its_own_label(self) -> None:
        self.assertEqual(ReadingType.label_of("?"), "?")

    def test_same_letter_has_different_labels_in_different_lists(self) -> None:
        self.assertEqual(BscValidationStatus.label_of("V"), "Validated")
        self.assertIn("Forward migration", ReadingType.label_of("V"))


class BasisTests(TestCase):
    def test_basis_of_measured_readings_is_actual(self) -> None:
        for code in "AFIMPRSUVYZ":
            with self.subTest(code=code):
                self.assertIs(basis_of(code), Basis.ACTUAL)

    def test_basis_of_type_c_is_customer(self) -> None:
        self.assertIs(basis_of("C"), Basis.CUSTOMER)

    def test_basis_of_deemed_and_old_suppliers_readings_is_estimated(self) -> None:
        self.assertEqual([basis_of("D"), basis_of("O")], [Basis.ESTIMATED] * 2)

    def test_basis_of_modified_readings_is_adjusted(self) -> None:
        self.assertIs(basis_of("Q"), Basis.ADJUSTED)

    def test_basis_of_supplier_agreed_readings_is_agreed(self) -> None:
        self.assertIs(basis_of("X"), Basis.AGREED)

    def test_proving_tests_and_withdrawals_have_a_basis_of_their_own(self) -> None:
        self.assertEqual([basis_of("T"), basis_of("W")], [Basis.TEST, Basis.WITHDRAWN])

    def test_basis_of_an_empty_or_unknown_code_is_actual(self) -> None:
        self.assertEqual([basis_of(""), basis_of("?")], [Basis.ACTUAL] * 2)

    def test_reading_types_of_a_basis_are_returned(self) -> None:
        self.assertEqual(reading_types_of("estimated"), ["D", "O"])

    def test_every_reading_type_has_one_basis(self) -> None:
        types = [code for basis in Basis for code in reading_types_of(basis)]
        self.assertEqual(sorted(types), sorted(ReadingType))
