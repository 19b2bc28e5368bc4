"""Tests of the grammar against the catalogue, and of reading and writing fields."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from unittest import TestCase

from meter_readings.d0010.codes import MarketRole
from meter_readings.d0010.field_types import LONDON, BooleanType, IntegerType, TextType
from meter_readings.d0010.grammar import (
    D0010,
    HEADER,
    ROUTES,
    TRAILER,
    Field,
    Group,
    Required,
)
from meter_readings.d0010.issues import InvalidValue, IssueCode

ALL_GROUPS = (HEADER, TRAILER, *D0010.groups)


def read(field: Field, text: str) -> tuple[object, list[str]]:
    """Return the value of a text and the codes of its issues."""
    issues: list[str] = []
    value = field.read(text, lambda code, _: issues.append(code.value))
    return value, issues


def fields_of(group: Group | None) -> list[tuple[str, str, str]]:
    """Return the item, notation and presence of each field, shortly."""
    assert group is not None
    short = {Required.MANDATORY: "M", Required.EXPECTED: "M", Required.OPTIONAL: "O"}
    return [(f.j_number, f.format.notation, short[f.required]) for f in group.fields]


class FieldReadTests(TestCase):
    text = Field("name", "Name", "J0000", TextType(4, 4))
    key = Field("name", "Name", "J0000", TextType(4, 4), Required.MANDATORY)
    expected = Field("name", "Name", "J0000", TextType(4, 4), Required.EXPECTED)
    count = Field("count", "Count", "J0001", IntegerType(3))
    expected_count = Field("count", "Count", "J0001", IntegerType(3), Required.EXPECTED)

    def test_field_reads_text_by_its_format(self) -> None:
        self.assertEqual(read(self.text, "OPER"), ("OPER", []))

    def test_field_reads_an_empty_text_as_an_empty_string(self) -> None:
        self.assertEqual(read(self.text, ""), ("", []))

    def test_field_reads_an_empty_number_as_none(self) -> None:
        self.assertEqual(read(self.count, ""), (None, []))

    def test_field_reads_only_spaces_as_empty(self) -> None:
        self.assertEqual(read(self.count, "   "), (None, []))

    def test_field_reports_and_removes_spaces_around_the_value(self) -> None:
        for text in " 42", "42 ", "  42  ":
            with self.subTest(text=text):
                self.assertEqual(read(self.count, text), (42, ["surrounding-spaces"]))

    def test_field_measures_the_length_without_spaces_around_the_value(self) -> None:
        self.assertEqual(read(self.text, "OPER "), ("OPER", ["surrounding-spaces"]))

    def test_field_does_not_take_other_white_space_for_a_space(self) -> None:
        self.assertEqual(read(self.text, "\xa0"), ("\xa0", []))

    def test_field_rejects_an_empty_mandatory_value(self) -> None:
        for text in "", " ":
            with self.subTest(text=text), self.assertRaises(InvalidValue) as raised:
                read(self.key, text)
            self.assertIs(raised.exception.code, IssueCode.MISSING_VALUE)
            self.assertEqual(raised.exception.expected, "CHAR(4)")

    def test_field_reports_an_empty_expected_value(self) -> None:
        self.assertEqual(read(self.expected, ""), ("", ["missing-expected-value"]))
        self.assertEqual(
            read(self.expected_count, ""), (None, ["missing-expected-value"])
        )


class FieldWriteTests(TestCase):
    def test_field_writes_none_as_an_empty_text(self) -> None:
        field = Field("count", "Count", "J0001", IntegerType(3))
        self.assertEqual(field.write(None), "")

    def test_field_writes_an_empty_text(self) -> None:
        self.assertEqual(Field("name", "Name", "J0000", TextType(4, 4)).write(""), "")

    def test_field_writes_zero(self) -> None:
        self.assertEqual(Field("count", "Count", "J0001", IntegerType(3)).write(0), "0")

    def test_field_writes_false(self) -> None:
        self.assertEqual(
            Field("flag", "Flag", "J0002", BooleanType()).write(False), "F"
        )

    def test_field_writes_values_by_its_format(self) -> None:
        self.assertEqual(Field("flag", "Flag", "J0002", BooleanType()).write(True), "T")


class FieldNameTests(TestCase):
    def test_field_is_displayed_by_catalogue_name_and_j_number(self) -> None:
        field = D0010.reading.fields[2]
        self.assertEqual(str(field), "Register Reading (J0040)")


class GroupTableTests(TestCase):
    def test_groups_are_those_of_the_catalogue_in_its_order(self) -> None:
        codes = [group.code for group in D0010.groups]
        self.assertEqual(codes, ["026", "027", "028", "029", "030", "032", "033"])

    def test_groups_have_the_parents_of_the_catalogue(self) -> None:
        self.assertEqual(
            {group.code: group.parent for group in D0010.groups},
            {
                "026": None,
                "027": "026",
                "028": "026",
                "029": "028",
                "030": "028",
                "032": "030",
                "033": "030",
            },
        )

    def test_flow_and_version_is_that_of_the_header(self) -> None:
        self.assertEqual(D0010.flow_and_version, "D0010002")

    def test_group_is_found_by_its_code(self) -> None:
        self.assertIs(D0010.group("030"), D0010.reading)

    def test_there_is_no_group_031(self) -> None:
        self.assertIsNone(D0010.group("031"))

    def test_field_names_are_those_of_the_records(self) -> None:
        for group in ALL_GROUPS:
            with self.subTest(group=group.code):
                names = [field.name for field in group.fields]
                self.assertEqual(names, [*group.record._fields])

    def test_groups_have_the_cardinality_of_the_catalogue(self) -> None:
        self.assertEqual(
            [group.cardinality for group in ALL_GROUPS],
            ["1", "0..1", "1..*", "0..*", "1..*", "0..*", "0..*"]
            + ["1 (0 or 1 in practice)", "0..*"],
        )


class FieldTableTests(TestCase):
    visit = [("J0024", "CHAR(2)", "M"), ("J0012", "CHAR(200)", "O")]

    def test_header_has_the_fields_of_the_catalogue(self) -> None:
        self.assertEqual(
            fields_of(HEADER),
            [
                ("J1064", "CHAR(10)", "M"),
                ("J0937", "CHAR(8)", "M"),
                ("J0934", "CHAR(1)", "M"),
                ("J0938", "CHAR(4)", "M"),
                ("J0935", "CHAR(1)", "M"),
                ("J0939", "CHAR(4)", "M"),
                ("J0280", "DATETIME", "M"),
                ("J1060", "CHAR(5)", "O"),
                ("J1061", "CHAR(5)", "O"),
                ("J1062", "CHAR(1)", "O"),
                ("J1063", "CHAR(4)", "O"),
            ],
        )

    def test_trailer_has_the_fields_of_the_catalogue(self) -> None:
        self.assertEqual(
            fields_of(TRAILER),
            [
                ("J1064", "CHAR(10)", "M"),
                ("J1067", "NUM(10)", "M"),
                ("J1078", "NUM(10)", "O"),
                ("J1066", "NUM(8)", "M"),
                ("J1065", "DATETIME", "M"),
            ],
        )

    def test_026_has_the_fields_of_the_catalogue(self) -> None:
        self.assertEqual(
            fields_of(D0010.group("026")),
            [("J0003", "NUM(13)", "M"), ("J0022", "CHAR(1)", "M")],
        )

    def test_028_has_the_fields_of_the_catalogue(self) -> None:
        self.assertEqual(
            fields_of(D0010.group("028")),
            [("J0004", "CHAR(10)", "M"), ("J0171", "CHAR(1)", "M")],
        )

    def test_030_has_the_fields_of_the_catalogue(self) -> None:
        self.assertEqual(
            fields_of(D0010.group("030")),
            [
                ("J0010", "CHAR(2)", "M"),
                ("J0016", "DATETIME", "M"),
                ("J0040", "NUM(9,1)", "M"),
                ("J0044", "DATETIME", "O"),
                ("J1013", "NUM(3)", "O"),
                ("J0045", "BOOLEAN", "O"),
                ("J1888", "CHAR(1)", "M"),
            ],
        )

    def test_032_has_the_fields_of_the_catalogue(self) -> None:
        self.assertEqual(
            fields_of(D0010.group("032")),
            [("J0332", "CHAR(2)", "M"), ("J0047", "BOOLEAN", "M")],
        )

    def test_all_site_visit_groups_have_the_same_fields(self) -> None:
        for code in "027", "029", "033":
            with self.subTest(code=code):
                self.assertEqual(fields_of(D0010.group(code)), self.visit)

    def test_every_field_reads_what_it_writes(self) -> None:
        values = {
            "CHAR": "0",
            "NUM(13)": "1200023305967",
            "NUM(9,1)": Decimal("5.5"),
            "NUM": 42,
            "DATETIME": datetime(2024, 4, 1, tzinfo=LONDON),
            "BOOLEAN": False,
        }
        for field in [field for group in ALL_GROUPS for field in group.fields]:
            with self.subTest(field=str(field)):
                notation = field.format.notation
                value = values.get(notation) or values[notation.partition("(")[0]]
                self.assertEqual(read(field, field.write(value))[0], value)


class RouteTests(TestCase):
    def test_collector_sends_to_the_supplier(self) -> None:
        self.assertIn("X", ROUTES["D"])

    def test_distributor_sends_only_to_the_collector(
        self,
    ) -> None:
        self.assertEqual(ROUTES["R"], {"D"})

    def test_routes_have_the_roles_with_documented_codes(self) -> None:
        self.assertEqual([*ROUTES], ["D", "C", "M", "X", "R"])

    def test_routes_are_those_of_the_catalogue(self) -> None:
        self.assertEqual(
            {sender: "".join(sorted(to)) for sender, to in ROUTES.items()},
            {"D": "DRX", "C": "CRX", "M": "CDMRX", "X": "DRX", "R": "D"},
        )

    def test_recipients_are_listed_roles(self) -> None:
        for receivers in ROUTES.values():
            self.assertLessEqual(receivers, {*MarketRole})
