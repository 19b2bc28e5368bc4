"""Rows of readings equal the output of the ordinary serializer."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.test import TestCase
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from meter_readings.api.serializers.reading_rows import reading_rows
from meter_readings.api.serializers.readings import ReadingSerializer
from meter_readings.models import Reading
from meter_readings.tests.api.base import MPAN, later_file
from meter_readings.tests.support.correction_helpers import correct
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP
from meter_readings.tests.support.import_helpers import import_text, imported


class ReadingRowsTests(TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.context: dict[str, Any] = {
            "request": Request(APIRequestFactory().get("/api/v1/readings/"))
        }

    def as_rows(self) -> list[dict[str, Any]]:
        """Return all readings as a list writes them."""
        rows = reading_rows(Reading.objects.order_by("pk"))
        return list(ReadingSerializer(rows, many=True, context=self.context).data)

    def as_single_readings(self) -> list[dict[str, Any]]:
        """Return all readings, each written by the serializer of one reading."""
        return [
            ReadingSerializer(reading, context=self.context).data
            for reading in Reading.objects.order_by("pk")
        ]

    def assert_equal(self) -> None:
        """Assert that the fields, their order and their values are the same."""
        rows, readings = self.as_rows(), self.as_single_readings()
        for row, reading in zip(rows, readings, strict=True):
            self.assertEqual(list(row.items()), list(reading.items()))

    def test_every_field_is_equal_in_all_sample_files(self) -> None:
        for path in sorted(settings.SAMPLE_DATA_DIR.glob("*.uff")):
            import_text(path.read_bytes(), path.name)
        self.assert_equal()
        self.assertGreater(len(self.as_rows()), 500)

    def test_corrected_readings_are_equal_and_say_so(self) -> None:
        imported(EVERY_GROUP)
        correction = correct(Reading.objects.order_by("pk")[0], value="9").correction
        self.assert_equal()
        names = "source", "flow_file_id", "line_number", "correction_id"
        row = self.as_rows()[-1]
        self.assertEqual(
            [row[name] for name in names], ["user", None, None, correction.pk]
        )
        self.assertIsNone(row["links"]["flow_file"])

    def test_unlisted_codes_are_equal(self) -> None:
        groups = [f"026|{MPAN}|X|", "028|SERIAL0002|K|"]
        groups += ["030|??|20240701000000|9.125|20240601000000|12|F|Q|", "032|77|F|"]
        imported(later_file(groups))
        self.assert_equal()
        (row,) = self.as_rows()
        names = ("reading_type_label", "reading_method_label", "register_meaning")
        self.assertEqual([row[name] for name in names], ["K", "Q", ""])

    def test_the_fields_of_the_context_are_returned(self) -> None:
        imported(
            later_file(
                [f"026|{MPAN}|V|", "028|SERIAL0002|R|"]
                + ["030|S|20240701000000|9.0|||T|N|"]
            )
        )
        self.context["fields"] = ["value", "read_at"]
        self.assert_equal()
        self.assertEqual(
            self.as_rows(), [{"read_at": "2024-07-01T00:00:00+01:00", "value": "9.0"}]
        )

    def test_one_query_reads_all_rows(self) -> None:
        imported(
            later_file(
                [f"026|{MPAN}|V|", "028|SERIAL0002|R|"]
                + [f"030|S|2024010{day}000000|{day}.0|||T|N|" for day in range(1, 10)]
            )
        )
        with self.assertNumQueries(1):
            self.assertEqual(len(self.as_rows()), 9)
