"""Readings as files: the same choice, whole, streamed, and safe to open."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.http import StreamingHttpResponse
from django.test import override_settings

from meter_readings import exports, importer
from meter_readings.models import Reading
from meter_readings.tests.api.base import (
    EVERYTHING,
    MPAN,
    OTHER_MPAN,
    V1,
    ApiTestCase,
    later_file,
)
from meter_readings.tests.flow_file_builder import parse
from meter_readings.tests.import_helpers import NOW, imported


class ExportTestCase(ApiTestCase):
    """Three readings in two files."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.file = imported(EVERYTHING)
        groups = [f"026|{OTHER_MPAN}|V|", "028|SERIAL0001|R|"]
        correction = later_file([*groups, "030|01|20240401000000|7.0|||T|N|"])
        cls.correction = imported(correction, "correction.uff")

    def exported(self, address: str = "readings/", **asked: Any) -> str:
        """Return the text of a file."""
        response = self.get(address, **asked)
        self.assertIsInstance(response, StreamingHttpResponse)
        return response.getvalue().decode()


class CsvTests(ExportTestCase):
    def rows(self, **asked: Any) -> list[dict[str, str]]:
        """Return the rows of a file."""
        text = self.exported(format="csv", **asked)
        return list(csv.DictReader(io.StringIO(text, newline="")))

    def test_csv_has_the_same_readings_in_the_same_order(self) -> None:
        self.assertEqual([row["value"] for row in self.rows()], self.values())

    def test_only_lists_have_the_format(self) -> None:
        reading_id = Reading.objects.latest("pk").pk
        for url in [f"readings/{reading_id}/", "readings/summary/"]:
            with self.subTest(url):
                wrong = self.wrong_fields(url, format="csv")
                self.assertEqual(wrong, [("format", "invalid")])

    def test_csv_has_the_columns_of_every_export(self) -> None:
        self.assertEqual(tuple(self.rows()[0]), exports.COLUMNS)

    def test_csv_is_narrowed_and_ordered_as_pages_are(self) -> None:
        asked = {"mpan": OTHER_MPAN, "version_status": "all", "ordering": "read_at"}
        self.assertEqual(
            [row["value"] for row in self.rows(**asked)], self.values(**asked)
        )

    def test_csv_can_be_asked_for_by_the_header_accept(self) -> None:
        response = self.client.get(V1 + "readings/", headers={"accept": "text/csv"})
        self.assertEqual(response["Content-Type"], "text/csv; charset=utf-8")
        self.assertEqual(
            response["Content-Disposition"], 'attachment; filename="readings.csv"'
        )
        self.assertTrue(response.getvalue().startswith(b"mpan,"))

    def test_csv_may_not_be_kept(self) -> None:
        response = self.get("readings/", format="csv")
        self.assertEqual(response["Cache-Control"], "no-store")
        response.getvalue()

    def test_csv_runs_nothing_in_a_spreadsheet(self) -> None:
        groups = [f"026|{MPAN}|V|", "028|=1+1|R|", "030|-1|20240201000000|1.0|||T|N|"]
        imported(later_file(groups, 3), "formula.uff")
        (row,) = self.rows(meter_serial="=1+1")
        self.assertEqual((row["serial_number"], row["register_id"]), ("'=1+1", "'-1"))

    def test_csv_of_nothing_has_the_names_of_the_columns(self) -> None:
        text = self.exported(format="csv", register_id="ZZ")
        self.assertEqual(text, ",".join(exports.COLUMNS) + "\r\n")

    def test_csv_takes_a_fixed_number_of_queries(self) -> None:
        # Session, user, readings
        with self.assertNumQueries(3):
            self.exported(format="csv")

    def test_csv_knows_no_pages(self) -> None:
        for name, value in [("page_size", "1"), ("fields", "value"), ("cursor", "x")]:
            with self.subTest(name):
                wrong = self.wrong_fields("readings/", format="csv", **{name: value})
                self.assertEqual(wrong, [(name, "invalid")])

    def test_csv_refuses_what_pages_refuse(self) -> None:
        wrong = self.wrong_fields("readings/", format="csv", mpan="12")
        self.assertEqual(wrong, [("mpan", "invalid")])

    def test_head_sends_none_of_it(self) -> None:
        response = self.client.head(V1 + "readings/", {"format": "csv"})
        self.assertEqual((response.status_code, response.getvalue()), (200, b""))


class D0010Tests(ExportTestCase):
    def test_d0010_is_a_flow_file_of_its_own(self) -> None:
        parsed = parse(self.exported(format="d0010", mpan=OTHER_MPAN))
        values = [str(entry.record.value) for entry in parsed.entries]
        self.assertEqual(sorted(values), ["2.0", "7.0"])
        self.assertEqual(parsed.codes, [])

    @override_settings(MARKET_PARTICIPANT="X:OURS")
    def test_d0010_is_sent_by_ourselves(self) -> None:
        header = self.exported(format="d0010").partition("\n")[0]
        self.assertIn("|D0010002|X|OURS|X|OURS|", header)

    @override_settings(MARKET_PARTICIPANT="OURS")
    def test_d0010_says_that_we_have_no_right_name_for_ourselves(self) -> None:
        detail = self.refused("readings/", 500, format="d0010")["detail"]
        self.assertIn("MARKET_PARTICIPANT is invalid: write a role", detail)

    def test_d0010_bears_the_encoding_of_flow_files(self) -> None:
        response = self.get("readings/", format="d0010")
        self.assertEqual(response["Content-Type"], "text/vnd.d0010; charset=cp1252")
        response.getvalue()

    def test_everything_of_one_file_is_the_file_as_it_came(self) -> None:
        asked = {"format": "d0010", "version_status": "all"}
        self.assertEqual(self.exported(flow_file=self.file.pk, **asked), EVERYTHING)
        address = f"flow-files/{self.file.pk}/readings/"
        self.assertEqual(self.exported(address, **asked), EVERYTHING)

    def test_d0010_of_nothing_is_not_found(self) -> None:
        problem = self.refused("readings/", 404, format="d0010", register_id="ZZ")
        self.assertIn("No reading matches", problem["detail"])

    def test_d0010_of_a_file_that_is_not_held_is_not_found(self) -> None:
        asked = {"format": "d0010", "version_status": "all"}
        importer.undo_import(flow_file=self.file, now=NOW)
        for number in [self.file.pk, 10**9]:
            with self.subTest(number):
                self.refused("readings/", 404, flow_file=number, **asked)

    def test_d0010_has_an_order_of_its_own(self) -> None:
        asked = {"format": "d0010", "ordering": "read_at"}
        wrong = self.wrong_fields("readings/", **asked)
        self.assertEqual(wrong, [("ordering", "invalid")])

    def test_d0010_goes_in_again_as_it_came_out(self) -> None:
        text = self.exported(format="d0010", version_status="all")
        self.assertEqual(len(parse(text).entries), Reading.objects.count())
