"""Exports of readings as CSV and D0010."""

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
from meter_readings.tests.support.flow_file_builder import parse
from meter_readings.tests.support.import_helpers import NOW, imported


class ExportTestCase(ApiTestCase):
    """Three readings in two files."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.file = imported(EVERYTHING)
        groups = [f"026|{OTHER_MPAN}|V|", "028|SERIAL0001|R|"]
        correction = later_file([*groups, "030|01|20240401000000|7.0|||T|N|"])
        cls.correction = imported(correction, "correction.uff")

    def exported(self, url: str = "readings/", **params: Any) -> str:
        """Return the text of a file."""
        response = self.get(url, **params)
        self.assertIsInstance(response, StreamingHttpResponse)
        return response.getvalue().decode()


class CsvExportTests(ExportTestCase):
    def rows(self, **params: Any) -> list[dict[str, str]]:
        """Return the rows of a file."""
        text = self.exported(format="csv", **params)
        return list(csv.DictReader(io.StringIO(text, newline="")))

    def test_csv_has_the_readings_of_the_list_in_its_order(self) -> None:
        self.assertEqual([row["value"] for row in self.rows()], self.values())

    def test_only_lists_have_the_format_csv(self) -> None:
        reading_id = Reading.objects.latest("pk").pk
        for url in [f"readings/{reading_id}/", "readings/summary/"]:
            with self.subTest(url):
                wrong = self.invalid_fields(url, format="csv")
                self.assertEqual(wrong, [("format", "invalid")])

    def test_csv_has_the_columns_of_every_export(self) -> None:
        self.assertEqual(tuple(self.rows()[0]), exports.COLUMNS)

    def test_csv_applies_filters_and_ordering(self) -> None:
        params = {"mpan": OTHER_MPAN, "version_status": "all", "ordering": "read_at"}
        self.assertEqual(
            [row["value"] for row in self.rows(**params)], self.values(**params)
        )

    def test_csv_can_be_requested_by_the_accept_header(self) -> None:
        response = self.client.get(V1 + "readings/", headers={"accept": "text/csv"})
        self.assertEqual(response["Content-Type"], "text/csv; charset=utf-8")
        self.assertEqual(
            response["Content-Disposition"], 'attachment; filename="readings.csv"'
        )
        self.assertTrue(response.getvalue().startswith(b"mpan,"))

    def test_csv_must_not_be_cached(self) -> None:
        response = self.get("readings/", format="csv")
        self.assertEqual(response["Cache-Control"], "no-store")
        response.getvalue()

    def test_csv_escapes_formulas(self) -> None:
        groups = [f"026|{MPAN}|V|", "028|=1+1|R|", "030|-1|20240201000000|1.0|||T|N|"]
        imported(later_file(groups, 3), "formula.uff")
        (row,) = self.rows(meter_serial="=1+1")
        self.assertEqual((row["meter_serial"], row["register_id"]), ("'=1+1", "'-1"))

    def test_csv_without_readings_has_the_header_row(self) -> None:
        text = self.exported(format="csv", register_id="ZZ")
        self.assertEqual(text, ",".join(exports.COLUMNS) + "\r\n")

    def test_csv_takes_four_queries(self) -> None:
        # Session, user, readings, audit event
        with self.assertNumQueries(4):
            self.exported(format="csv")

    def test_csv_cannot_be_combined_with_page_parameters(self) -> None:
        for name, value in [("page_size", "1"), ("fields", "value"), ("cursor", "x")]:
            with self.subTest(name):
                wrong = self.invalid_fields("readings/", format="csv", **{name: value})
                self.assertEqual(wrong, [(name, "invalid")])

    def test_csv_with_an_invalid_filter_is_400(self) -> None:
        wrong = self.invalid_fields("readings/", format="csv", mpan="12")
        self.assertEqual(wrong, [("mpan", "invalid")])

    def test_a_head_request_for_csv_has_no_body(self) -> None:
        response = self.client.head(V1 + "readings/", {"format": "csv"})
        self.assertEqual((response.status_code, response.getvalue()), (200, b""))


class D0010ExportTests(ExportTestCase):
    def test_d0010_is_a_new_flow_file_with_the_filtered_readings(self) -> None:
        parsed = parse(self.exported(format="d0010", mpan=OTHER_MPAN))
        values = [str(entry.record.value) for entry in parsed.entries]
        self.assertEqual(sorted(values), ["2.0", "7.0"])
        self.assertEqual(parsed.codes, [])

    @override_settings(MARKET_PARTICIPANT="X:OURS")
    def test_d0010_has_the_market_participant_as_sender_and_recipient(self) -> None:
        header = self.exported(format="d0010").partition("\n")[0]
        self.assertIn("|D0010002|X|OURS|X|OURS|", header)

    @override_settings(MARKET_PARTICIPANT="OURS")
    def test_d0010_with_an_invalid_market_participant_is_500(self) -> None:
        detail = self.get_problem("readings/", 500, format="d0010")["detail"]
        self.assertIn("MARKET_PARTICIPANT is invalid: write a role", detail)

    def test_d0010_has_the_encoding_of_flow_files(self) -> None:
        response = self.get("readings/", format="d0010")
        self.assertEqual(response["Content-Type"], "text/vnd.d0010; charset=cp1252")
        response.getvalue()

    def test_d0010_of_all_versions_of_one_file_is_the_original_file(self) -> None:
        params = {"format": "d0010", "version_status": "all"}
        self.assertEqual(self.exported(flow_file=self.file.pk, **params), EVERYTHING)
        url = f"flow-files/{self.file.pk}/readings/"
        self.assertEqual(self.exported(url, **params), EVERYTHING)

    def test_d0010_without_readings_is_404(self) -> None:
        problem = self.get_problem("readings/", 404, format="d0010", register_id="ZZ")
        self.assertIn("No readings match", problem["detail"])

    def test_d0010_of_a_file_that_is_not_imported_is_404(self) -> None:
        params = {"format": "d0010", "version_status": "all"}
        importer.undo_import(flow_file=self.file, now=NOW)
        for number in [self.file.pk, 10**9]:
            with self.subTest(number):
                self.get_problem("readings/", 404, flow_file=number, **params)

    def test_d0010_cannot_be_combined_with_ordering(self) -> None:
        params = {"format": "d0010", "ordering": "read_at"}
        wrong = self.invalid_fields("readings/", **params)
        self.assertEqual(wrong, [("ordering", "invalid")])

    def test_d0010_can_be_parsed_again(self) -> None:
        text = self.exported(format="d0010", version_status="all")
        self.assertEqual(len(parse(text).entries), Reading.objects.count())
