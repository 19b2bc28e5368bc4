"""The description of the format leaves nothing out."""

import re
from unittest import TestCase

from meter_readings.d0010 import D0010, HEADER, TRAILER, FaultCode, codes, mpan
from meter_readings.format_guide import d0010_guide
from meter_readings.format_guide.groups import FORMATS
from meter_readings.format_guide.meanings import MEANINGS

GROUPS = (HEADER, *D0010.groups, TRAILER)
FIELDS = [field for group in GROUPS for field in group.fields]


class GuideTests(TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.guide = d0010_guide()

    def test_has_a_heading_for_every_group(self) -> None:
        for group in GROUPS:
            self.assertIn(f"### {group.code} · {group.title}\n", self.guide)

    def test_names_every_cell_with_its_item_format_and_presence(self) -> None:
        for field in FIELDS:
            row = (field.title, field.item, field.format.picture, field.presence.value)
            self.assertIn(" | ".join(row), self.guide)

    def test_says_what_every_code_means(self) -> None:
        for listed in (
            codes.BscValidationStatus,
            codes.ReadingType,
            codes.ReadingMethod,
            codes.ReasonCode,
            codes.SiteVisitCheckCode,
            codes.MarketRole,
        ):
            for code in listed:
                self.assertIn(f"| `{code}` | {code.label} |", self.guide)

    def test_says_what_basis_follows_from_a_reading_type(self) -> None:
        self.assertIn("| `C` | Customer's own read | Customer |", self.guide)

    def test_names_every_distributor(self) -> None:
        for distributor in mpan.DISTRIBUTORS.values():
            self.assertIn("| " + " | ".join(distributor) + " |", self.guide)

    def test_has_the_sentence_of_every_fault(self) -> None:
        for code in FaultCode:
            self.assertIn(f"| `{code}` | {code.sentence} |\n", self.guide + "\n")

    def test_works_out_the_check_digit_of_its_example(self) -> None:
        example = re.search(r"People write `(\d{13})`", " ".join(self.guide.split()))
        result = re.search(r"the last digit is \*\*(\d)\*\*", self.guide)
        assert example is not None and result is not None
        self.assertEqual(result[1], mpan.check_digit(example[1][:12]))

    def test_the_sum_of_its_example_is_that_of_the_products(self) -> None:
        products = re.search(r"\| Product ((\| \d+ )+)\|", self.guide)
        assert products is not None
        total = sum(map(int, re.findall(r"\d+", products[1])))
        self.assertIn(f"The sum is {total}. ", self.guide)

    def test_shows_the_whole_file_with_every_group(self) -> None:
        *_, block = re.findall(r"```text\n(.*?)```", self.guide, re.DOTALL)
        starts = {line[:3] for line in block.splitlines()}
        self.assertEqual(starts, {group.code for group in GROUPS})

    def test_no_line_of_prose_is_wide(self) -> None:
        prose = [line for line in self.guide.splitlines() if line[:1] not in "|"]
        self.assertLessEqual(max(map(len, prose)), 88)


class MeaningsTests(TestCase):
    def test_every_item_has_one(self) -> None:
        self.assertEqual(set(MEANINGS), {field.item for field in FIELDS})


class FormatsTests(TestCase):
    def test_every_picture_is_explained(self) -> None:
        pictures = {field.format.picture for field in FIELDS}
        known = {picture for picture, *_ in FORMATS}
        general = {re.sub(r"\(\d+\)", "(n)", picture) for picture in pictures - known}
        self.assertLessEqual(general, known)
