"""Tests of MPANs in typed and pasted text."""

from __future__ import annotations

from django.test import SimpleTestCase

from meter_readings.queries import mpan_text

ONE, OTHER = "1200023305967", "2000000000015"


class MpanListTests(SimpleTestCase):
    def test_list_has_any_separators(self) -> None:
        for text in (
            f"{ONE},{OTHER}",
            f"{ONE}\n{OTHER}\r\n",
            f"{ONE} {OTHER}",
            f"{ONE};\t{OTHER}.",
            "12 0002 3305 967, 20 0000 0000 015",
            "12 0002 3305 967 20 0000 0000 015",
            f"MPAN: {ONE}\nMPAN: {OTHER}",
            f"01 801 100 {ONE}, 01 801 100 {OTHER}",
        ):
            with self.subTest(text):
                self.assertEqual(mpan_text.mpans_in(text), [ONE, OTHER])

    def test_list_may_have_lost_its_line_ends(self) -> None:
        self.assertEqual(mpan_text.mpans_in(ONE + OTHER), [ONE, OTHER])

    def test_list_may_have_a_wrong_check_digit(self) -> None:
        wrong = "1200023305968"
        self.assertEqual(mpan_text.mpans_in(f"{wrong} {OTHER}"), [wrong, OTHER])

    def test_repeated_mpan_is_listed_once(self) -> None:
        found = mpan_text.mpans_in(f"{ONE},{OTHER},{ONE}")
        self.assertEqual(found, [ONE, OTHER])

    def test_list_is_cut_after_200_mpans(self) -> None:
        text = ",".join(f"{number:013}" for number in range(201))
        self.assertEqual(len(mpan_text.mpans_in(text)), 200)

    def test_digits_without_separators_need_right_check_digits(self) -> None:
        self.assertEqual(mpan_text.mpans_in("1200023305968" + "2000000000016"), [])

    def test_other_text_is_no_list(self) -> None:
        for text in ("", ONE, f"{ONE},{ONE}", f"{ONE},EM0000003", "12, 34", ONE * 2):
            with self.subTest(text):
                self.assertEqual(mpan_text.mpans_in(text), [])


class CheckDigitTests(SimpleTestCase):
    def test_wrong_check_digit_is_found_with_the_right_mpan(self) -> None:
        for text in (
            "12 0002 3305 968",
            "MPAN 1200023305968.",
            "0180110012000233059 68",
        ):
            with self.subTest(text):
                self.assertEqual(mpan_text.wrong_mpans(text), [("1200023305968", ONE)])

    def test_every_wrong_mpan_of_a_list_is_found(self) -> None:
        self.assertEqual(
            mpan_text.wrong_mpans(f"1200023305968, {OTHER}, 2000000000016"),
            [("1200023305968", ONE), ("2000000000016", OTHER)],
        )

    def test_valid_mpan_and_other_text_are_not_wrong(self) -> None:
        for text in (ONE, "120002330596", "nowhere", ""):
            with self.subTest(text):
                self.assertEqual(mpan_text.wrong_mpans(text), [])

    def test_similar_mpans_have_one_other_digit_or_swapped_neighbours(self) -> None:
        for wrong in ("1200023305968", "1200023307967", "2100023305967"):
            with self.subTest(wrong):
                self.assertIn(ONE, mpan_text.similar_mpans(wrong))


class VariantTests(SimpleTestCase):
    def test_label_and_punctuation_are_left_out_as_an_alternative(self) -> None:
        for text, bare in {
            "serial: EM 0000003": "EM 0000003",
            "Meter serial number EM1": "EM1",
            "s/n: EM1.": "EM1",
            "file name: march.uff.": "march.uff",
            "MSN. EM1": "EM1",
            "‘EM1’": "EM1",
        }.items():
            with self.subTest(text):
                self.assertEqual(mpan_text.variants(text)[-1], bare)
                self.assertEqual(mpan_text.variants(text)[0], text)

    def test_text_without_label_has_one_variant(self) -> None:
        self.assertEqual(mpan_text.variants(" serial_1.uff "), ["serial_1.uff"])
