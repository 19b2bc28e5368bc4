"""Tests of the CSV export of readings."""

from __future__ import annotations

import csv
from typing import Any

from django.test import SimpleTestCase, TestCase
from hypothesis import given
from hypothesis import strategies as st

from meter_readings import exports
from meter_readings.models import Reading
from meter_readings.queries.readings import filter_readings
from meter_readings.tests.support.correction_helpers import correct
from meter_readings.tests.support.flow_file_builder import (
    EVERY_GROUP,
    flow_file,
    flow_file_of_readings,
)
from meter_readings.tests.support.import_helpers import imported


class CsvLineTests(SimpleTestCase):
    def test_line_ends_with_crlf(self) -> None:
        self.assertEqual(exports.csv_line(["S", "99.0"]), "S,99.0\r\n")

    def test_cell_with_a_comma_is_quoted(self) -> None:
        self.assertEqual(exports.csv_line(["1,5"]), '"1,5"\r\n')

    def test_text_that_begins_like_a_formula_is_escaped(self) -> None:
        for start in "=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20":
            with self.subTest(start=start):
                (cells,) = csv.reader([exports.csv_line([start + "1"])])
                self.assertEqual(cells[0][:2], "'" + start)

    def test_sign_inside_a_text_is_not_escaped(self) -> None:
        self.assertEqual(exports.csv_line(["A=1"]), "A=1\r\n")

    def test_negative_number_is_not_escaped(self) -> None:
        self.assertEqual(exports.csv_line([-1]), "-1\r\n")

    def test_none_is_an_empty_cell(self) -> None:
        self.assertEqual(exports.csv_line(["S", None]), "S,\r\n")

    @given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2))
    def test_line_is_read_back_as_it_was_written(self, cells: list[str]) -> None:
        (read,) = csv.reader([exports.csv_line(cells)], strict=True)
        expected = [cell.removeprefix("'") for cell in cells]
        self.assertEqual([cell.removeprefix("'") for cell in read], expected)


class CsvLinesTests(TestCase):
    def rows(self, **filters: Any) -> list[dict[str, str]]:
        readings = filter_readings(**filters)
        return [*csv.DictReader(exports.csv_lines(readings=readings))]

    def row(self, *lines: str) -> dict[str, str]:
        """Import one reading; return its cells that are not empty."""
        imported(flow_file_of_readings(*lines))
        (row,) = self.rows()
        return {name: cell for name, cell in row.items() if cell}

    def test_row_has_every_column_of_a_reading(self) -> None:
        self.assertEqual(
            self.row("030|S|20240401000000|99.0|||T|N|"),
            {
                "mpan": "2000000000015",
                "meter_serial": "TST0000001",
                "register_id": "S",
                "read_at": "2024-04-01T00:00:00+01:00",
                "value": "99.0",
                "reading_type": "R",
                "reading_type_label": "Routine",
                "basis": "actual",
                "bsc_validation_status": "V",
                "meter_reading_flag": "T",
                "reading_method": "N",
                "version_status": "current",
                "filename": "sample.uff",
                "line_number": "4",
                "source": "file",
            },
        )

    def test_suspect_reading_has_flag_reason_and_status(self) -> None:
        row = self.row("030|S|20240401000000|99.0|||F|N|", "032|05|F|")
        flag, reason = row["meter_reading_flag"], row["reason_code"]
        self.assertEqual((flag, reason, row["meter_reading_status"]), ("F", "05", "F"))

    def test_demand_reading_has_reset_time_and_count(self) -> None:
        row = self.row("030|MD|20240401000000|41.5|20240301000000|1|T|P|")
        reset = row["md_reset_at"], row["md_reset_count"]
        self.assertEqual(reset, ("2024-03-01T00:00:00+00:00", "1"))

    def test_value_keeps_its_decimals(self) -> None:
        row = self.row("030|S|20240401000000|99.125|||T|N|")
        self.assertEqual(row["value"], "99.125")

    def test_serial_number_is_escaped(self) -> None:
        imported(flow_file("""
            026|2000000000015|V|
            028|=1+1|R|
            030|S|20240401000000|99.0|||T|N|
            """))
        (row,) = self.rows()
        self.assertEqual(row["meter_serial"], "'=1+1")

    def test_no_readings_give_only_the_column_names(self) -> None:
        lines = [*exports.csv_lines(readings=filter_readings())]
        self.assertEqual(lines, [",".join(exports.COLUMNS) + "\r\n"])

    def test_corrected_reading_has_the_source_user_and_no_line(self) -> None:
        imported(EVERY_GROUP)
        correct(Reading.objects.order_by("pk")[0], value="9")
        rows = csv.DictReader(exports.csv_lines(readings=filter_readings()))
        (row,) = [each for each in rows if each["source"] == "user"]
        self.assertEqual(
            (row["value"], row["filename"], row["line_number"]), ("9.0", "", "")
        )

    def test_every_row_has_a_cell_per_column(self) -> None:
        imported(EVERY_GROUP)
        lines = [*exports.csv_lines(readings=filter_readings())]
        self.assertEqual({len(cells) for cells in csv.reader(lines)}, {19})

    def test_unordered_readings_are_ordered_by_register_and_time(self) -> None:
        imported(
            flow_file_of_readings(
                "030|02|20240331000000|1.0|||T|N|",
                "030|01|20240401000000|4.0|||T|N|",
                "030|01|20240331000000|3.0|||T|N|",
                "030|02|20240401000000|2.0|||T|N|",
            )
        )
        values = [row["value"] for row in self.rows()]
        self.assertEqual(values, ["3.0", "4.0", "1.0", "2.0"])

    def test_ordering_of_the_queryset_is_kept(self) -> None:
        imported(
            flow_file_of_readings(
                "030|01|20240401000000|3.0|||T|N|", "030|02|20240401000000|4.0|||T|N|"
            )
        )
        readings = filter_readings().order_by("-value")
        rows = csv.DictReader(exports.csv_lines(readings=readings))
        self.assertEqual([row["value"] for row in rows], ["4.0", "3.0"])

    def test_export_takes_one_query(self) -> None:
        imported(EVERY_GROUP)
        with self.assertNumQueries(1):
            self.rows()
