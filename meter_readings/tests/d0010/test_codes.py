"""The code lists are the catalogue's: sizes, values, labels."""

from unittest import TestCase

from meter_readings.d0010.codes import (
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
    def test_catalogue_list_lists_three_bsc_validation_statuses(self) -> None:
        self.assertEqual([*BscValidationStatus], ["V", "U", "F"])

    def test_catalogue_list_lists_eighteen_reading_types(self) -> None:
        self.assertEqual("".join(ReadingType), "ACDFIMOPQRSTUVWXYZ")

    def test_catalogue_list_lists_two_reading_methods(self) -> None:
        self.assertEqual([*ReadingMethod], ["N", "P"])

    def test_numbers_the_reason_codes_from_01_to_27(self) -> None:
        self.assertEqual([*ReasonCode], [f"{number:02}" for number in range(1, 28)])

    def test_catalogue_list_lists_the_site_visit_codes_without_12(self) -> None:
        numbers = [*range(1, 12), *range(13, 45), *range(50, 59), 88, 89]
        self.assertEqual([*SiteVisitCheckCode], [f"{number:02}" for number in numbers])

    def test_catalogue_list_lists_every_letter_and_four_digits_as_market_roles(
        self,
    ) -> None:
        self.assertEqual("".join(MarketRole), "3468ABCDEFGHIJKLMNOPQRSTUVWXYZ")

    def test_catalogue_list_is_sure_of_one_test_data_flag(self) -> None:
        self.assertEqual([*TestDataFlag], ["OPER"])


class CodeListTests(TestCase):
    def test_code_list_has_members_that_are_their_values(self) -> None:
        self.assertEqual(ReadingType.ROUTINE, "R")

    def test_labels_every_code_of_every_list(self) -> None:
        for codes in LISTS:
            for code in codes:
                with self.subTest(codes=codes.__name__, code=code.value):
                    self.assertTrue(code.label.strip())

    def test_labels_no_two_codes_of_a_list_alike(self) -> None:
        for codes in LISTS:
            with self.subTest(codes=codes.__name__):
                labels = [label for _, label in codes.choices()]
                self.assertEqual(len(labels), len({*labels}))

    def test_code_list_gives_choices_in_catalogue_order(self) -> None:
        self.assertEqual(
            BscValidationStatus.choices(),
            [("V", "Validated"), ("U", "Not validated"), ("F", "Failed validation")],
        )

    def test_code_list_gives_the_label_of_a_value(self) -> None:
        self.assertEqual(ReadingType.label_of("D"), "Deemed or estimated")

    def test_code_list_gives_an_unlisted_value_back_in_place_of_a_label(self) -> None:
        self.assertEqual(ReadingType.label_of("?"), "?")

    def test_code_list_keeps_lists_with_the_same_letters_apart(self) -> None:
        self.assertEqual(BscValidationStatus.label_of("V"), "Validated")
        self.assertIn("Forward migration", ReadingType.label_of("V"))


class BasisTests(TestCase):
    def test_basis_counts_measured_readings_as_actual(self) -> None:
        for code in "AFIMPRSUVYZ":
            with self.subTest(code=code):
                self.assertIs(basis_of(code), Basis.ACTUAL)

    def test_basis_counts_c_as_the_customers(self) -> None:
        self.assertIs(basis_of("C"), Basis.CUSTOMER)

    def test_basis_counts_deemed_and_old_suppliers_readings_as_estimated(self) -> None:
        self.assertEqual([basis_of("D"), basis_of("O")], [Basis.ESTIMATED] * 2)

    def test_basis_counts_modified_readings_as_adjusted(self) -> None:
        self.assertIs(basis_of("Q"), Basis.ADJUSTED)

    def test_basis_counts_supplier_agreed_readings_as_agreed(self) -> None:
        self.assertIs(basis_of("X"), Basis.AGREED)

    def test_basis_counts_proving_tests_and_withdrawals_as_themselves(self) -> None:
        self.assertEqual([basis_of("T"), basis_of("W")], [Basis.TEST, Basis.WITHDRAWN])

    def test_basis_counts_an_absent_or_unlisted_code_as_actual(self) -> None:
        self.assertEqual([basis_of(""), basis_of("?")], [Basis.ACTUAL] * 2)

    def test_finds_the_reading_types_of_a_basis(self) -> None:
        self.assertEqual(reading_types_of("estimated"), ["D", "O"])

    def test_gives_every_reading_type_to_one_basis(self) -> None:
        types = [code for basis in Basis for code in reading_types_of(basis)]
        self.assertEqual(sorted(types), sorted(ReadingType))
