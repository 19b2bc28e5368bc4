"""The table says what the catalogue says, and each field reads what it writes."""

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


def read(field: Field, cell: str) -> tuple[object, list[str]]:
    """Return the value of a cell and the codes of what was remarked."""
    remarks: list[str] = []
    value = field.read(cell, lambda code, _: remarks.append(code.value))
    return value, remarks


def fields_of(group: Group | None) -> list[tuple[str, str, str]]:
    """Return the item, picture and presence of each field, shortly."""
    assert group is not None
    short = {Required.MANDATORY: "M", Required.EXPECTED: "M", Required.OPTIONAL: "O"}
    return [(f.j_number, f.format.notation, short[f.required]) for f in group.fields]


class FieldReadTests(TestCase):
    text = Field("name", "Name", "J0000", TextType(4, 4))
    key = Field("name", "Name", "J0000", TextType(4, 4), Required.MANDATORY)
    expected = Field("name", "Name", "J0000", TextType(4, 4), Required.EXPECTED)
    count = Field("count", "Count", "J0001", IntegerType(3))
    expected_count = Field("count", "Count", "J0001", IntegerType(3), Required.EXPECTED)

    def test_field_read_reads_a_cell_by_its_format(self) -> None:
        self.assertEqual(read(self.text, "OPER"), ("OPER", []))

    def test_field_read_reads_an_empty_text_as_blank(self) -> None:
        self.assertEqual(read(self.text, ""), ("", []))

    def test_field_read_reads_an_empty_number_as_none(self) -> None:
        self.assertEqual(read(self.count, ""), (None, []))

    def test_field_read_reads_spaces_alone_as_empty(self) -> None:
        self.assertEqual(read(self.count, "   "), (None, []))

    def test_remarks_on_spaces_around_the_value_and_takes_them_away(self) -> None:
        for cell in " 42", "42 ", "  42  ":
            with self.subTest(cell=cell):
                self.assertEqual(read(self.count, cell), (42, ["surrounding-spaces"]))

    def test_field_read_counts_the_length_without_spaces_around(self) -> None:
        self.assertEqual(read(self.text, "OPER "), ("OPER", ["surrounding-spaces"]))

    def test_field_read_takes_no_other_blank_for_a_space(self) -> None:
        self.assertEqual(read(self.text, "\xa0"), ("\xa0", []))

    def test_field_read_refuses_an_empty_key(self) -> None:
        for cell in "", " ":
            with self.subTest(cell=cell), self.assertRaises(InvalidValue) as raised:
                read(self.key, cell)
            self.assertIs(raised.exception.code, IssueCode.MISSING_VALUE)
            self.assertEqual(raised.exception.expected, "CHAR(4)")

    def test_remarks_on_an_empty_cell_that_is_expected(self) -> None:
        self.assertEqual(read(self.expected, ""), ("", ["missing-expected-value"]))
        self.assertEqual(
            read(self.expected_count, ""), (None, ["missing-expected-value"])
        )


class FieldWriteTests(TestCase):
    def test_field_write_writes_nothing_for_none(self) -> None:
        field = Field("count", "Count", "J0001", IntegerType(3))
        self.assertEqual(field.write(None), "")

    def test_field_write_writes_nothing_for_a_blank_text(self) -> None:
        self.assertEqual(Field("name", "Name", "J0000", TextType(4, 4)).write(""), "")

    def test_field_write_writes_zero(self) -> None:
        self.assertEqual(Field("count", "Count", "J0001", IntegerType(3)).write(0), "0")

    def test_field_write_writes_false(self) -> None:
        self.assertEqual(
            Field("flag", "Flag", "J0002", BooleanType()).write(False), "F"
        )

    def test_field_write_writes_by_its_format(self) -> None:
        self.assertEqual(Field("flag", "Flag", "J0002", BooleanType()).write(True), "T")


class FieldNameTests(TestCase):
    def test_field_name_is_the_catalogues_with_its_item(self) -> None:
        field = D0010.reading.fields[2]
        self.assertEqual(str(field), "Register Reading (J0040)")


class GroupTableTests(TestCase):
    def test_group_table_has_the_groups_of_the_catalogue_in_its_order(self) -> None:
        codes = [group.code for group in D0010.groups]
        self.assertEqual(codes, ["026", "027", "028", "029", "030", "032", "033"])

    def test_group_table_nests_as_the_catalogue_does(self) -> None:
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

    def test_group_table_names_the_flow_and_version_as_the_header_does(self) -> None:
        self.assertEqual(D0010.flow_and_version, "D0010002")

    def test_group_table_finds_a_group_by_its_code(self) -> None:
        self.assertIs(D0010.group("030"), D0010.reading)

    def test_group_table_has_no_group_031(self) -> None:
        self.assertIsNone(D0010.group("031"))

    def test_group_table_names_fields_as_the_records_do(self) -> None:
        for group in ALL_GROUPS:
            with self.subTest(group=group.code):
                names = [field.name for field in group.fields]
                self.assertEqual(names, [*group.record._fields])

    def test_group_table_allows_each_group_as_often_as_the_catalogue(self) -> None:
        self.assertEqual(
            [group.cardinality for group in ALL_GROUPS],
            ["1", "0..1", "1..*", "0..*", "1..*", "0..*", "0..*"]
            + ["1 (0 or 1 in practice)", "0..*"],
        )


class FieldTableTests(TestCase):
    visit = [("J0024", "CHAR(2)", "M"), ("J0012", "CHAR(200)", "O")]

    def test_field_table_lists_the_fields_of_the_header(self) -> None:
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

    def test_field_table_lists_the_fields_of_the_trailer(self) -> None:
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

    def test_field_table_lists_the_fields_of_026(self) -> None:
        self.assertEqual(
            fields_of(D0010.group("026")),
            [("J0003", "NUM(13)", "M"), ("J0022", "CHAR(1)", "M")],
        )

    def test_field_table_lists_the_fields_of_028(self) -> None:
        self.assertEqual(
            fields_of(D0010.group("028")),
            [("J0004", "CHAR(10)", "M"), ("J0171", "CHAR(1)", "M")],
        )

    def test_field_table_lists_the_fields_of_030(self) -> None:
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

    def test_field_table_lists_the_fields_of_032(self) -> None:
        self.assertEqual(
            fields_of(D0010.group("032")),
            [("J0332", "CHAR(2)", "M"), ("J0047", "BOOLEAN", "M")],
        )

    def test_field_table_lists_the_same_fields_for_every_site_visit(self) -> None:
        for code in "027", "029", "033":
            with self.subTest(code=code):
                self.assertEqual(fields_of(D0010.group(code)), self.visit)

    def test_field_table_reads_in_every_field_what_it_writes(self) -> None:
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
                picture = field.format.notation
                value = values.get(picture) or values[picture.partition("(")[0]]
                self.assertEqual(read(field, field.write(value))[0], value)


class RouteTests(TestCase):
    def test_route_sends_from_the_collector_to_the_supplier(self) -> None:
        self.assertIn("X", ROUTES["D"])

    def test_route_sends_nothing_from_the_distributor_but_to_the_collector(
        self,
    ) -> None:
        self.assertEqual(ROUTES["R"], {"D"})

    def test_route_knows_the_roles_whose_letters_are_sure(self) -> None:
        self.assertEqual([*ROUTES], ["D", "C", "M", "X", "R"])

    def test_route_follows_the_catalogues_table(self) -> None:
        self.assertEqual(
            {sender: "".join(sorted(to)) for sender, to in ROUTES.items()},
            {"D": "DRX", "C": "CRX", "M": "CDMRX", "X": "DRX", "R": "D"},
        )

    def test_route_sends_to_listed_roles_only(self) -> None:
        for receivers in ROUTES.values():
            self.assertLessEqual(receivers, {*MarketRole})
