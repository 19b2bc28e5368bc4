"""Tests that the format document is complete and correct."""

import re

from django.test import SimpleTestCase

from meter_readings.d0010 import D0010, HEADER, TRAILER, IssueCode, codes, mpan
from meter_readings.format_docs.field_descriptions import FIELD_DESCRIPTIONS
from meter_readings.format_docs.render import render_format_docs
from meter_readings.tests.support.flow_file_builder import parse

GROUPS = (HEADER, *D0010.groups, TRAILER)
FIELDS = [field for group in GROUPS for field in group.fields]


class FormatDocumentTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.document = render_format_docs()

    def test_every_group_has_a_heading(self) -> None:
        for group in GROUPS:
            self.assertIn(f"### {group.code} · {group.title}\n", self.document)

    def test_every_field_has_its_item_format_and_presence(self) -> None:
        for field in FIELDS:
            row = (
                field.catalogue_name,
                field.j_number,
                field.format.notation,
                field.required.value,
            )
            self.assertIn(" | ".join(row), self.document)

    def test_every_item_has_a_description(self) -> None:
        self.assertEqual(set(FIELD_DESCRIPTIONS), {field.j_number for field in FIELDS})

    def test_every_field_format_is_explained(self) -> None:
        explained = set(re.findall(r"^\| ([A-Z]+\S*) \|", self.document, re.MULTILINE))
        for field in FIELDS:
            notation = field.format.notation
            general = re.sub(r"\(\d+\)", "(n)", notation)
            self.assertTrue({notation, general} & explained, notation)

    def test_every_code_has_its_meaning(self) -> None:
        for code_list in (
            codes.BscValidationStatus,
            codes.ReadingType,
            codes.ReadingMethod,
            codes.ReasonCode,
            codes.SiteVisitCheckCode,
            codes.MarketRole,
        ):
            for code in code_list:
                self.assertIn(f"| `{code}` | {code.label} |", self.document)

    def test_every_register_has_its_usual_meaning(self) -> None:
        for register_id, meaning in codes.REGISTER_MEANINGS.items():
            self.assertIn(f"| `{register_id}` | {meaning} |", self.document)

    def test_a_reading_type_has_its_basis(self) -> None:
        self.assertIn("| `C` | Customer's own read | Customer |", self.document)

    def test_a_route_names_sender_and_recipients(self) -> None:
        row = "| Distributor (`R`) | NHH data collector (`D`) |"
        self.assertIn(row, self.document)

    def test_every_distributor_is_listed(self) -> None:
        for distributor in mpan.DISTRIBUTORS.values():
            self.assertIn("| " + " | ".join(distributor) + " |", self.document)

    def test_every_issue_code_has_its_message(self) -> None:
        for code in IssueCode:
            self.assertIn(f"| `{code}` | {code.message} |\n", self.document)

    def test_every_table_has_rows_of_equal_length(self) -> None:
        for table in re.findall(r"(?:^\|.*\|\n)+", self.document, re.MULTILINE):
            lengths = {row.count("|") for row in table.splitlines()}
            self.assertEqual(len(lengths), 1, table)

    def test_the_example_mpan_has_the_check_digit_that_is_computed(self) -> None:
        example = re.search(r"`(\d{13})` is", self.document)
        result = re.search(r"the check digit is \*\*(\d)\*\*", self.document)
        assert example is not None and result is not None
        self.assertEqual(result[1], mpan.check_digit(example[1][:12]))

    def test_the_example_sum_is_the_sum_of_the_products(self) -> None:
        digits, primes, products = (
            [int(number) for number in row.split(" | ")]
            for row in re.findall(
                r"^\| (?:Digit|Prime|Product) \| (\d.*) \|$",
                self.document,
                re.MULTILINE,
            )
        )
        self.assertEqual([a * b for a, b in zip(digits, primes)], products)
        self.assertIn(f"The sum is {sum(products)}. ", self.document)

    def test_both_example_files_have_no_issue(self) -> None:
        blocks = re.findall(r"```text\n(.*?)```", self.document, re.DOTALL)
        files = [text for text in blocks if text.startswith("ZHV")]
        self.assertEqual([parse(text).codes for text in files], [[], []])

    def test_the_last_example_has_every_group(self) -> None:
        *_, example = re.findall(r"```text\n(.*?)```", self.document, re.DOTALL)
        starts = {line[:3] for line in example.splitlines()}
        self.assertEqual(starts, {group.code for group in GROUPS})

    def test_no_line_outside_tables_is_longer_than_88_characters(self) -> None:
        lines = [line for line in self.document.splitlines() if line[:1] != "|"]
        self.assertLessEqual(max(map(len, lines)), 88)
