"""Tests of filtering readings."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.test import TestCase

from meter_readings.queries.readings import filter_readings
from meter_readings.tests.support.flow_file_builder import flow_file, header_line
from meter_readings.tests.support.import_helpers import imported

LATER_HEADER = header_line(file_identifier="TEST000002", created_at="20240403091500")


class FilterReadingsTests(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.file = imported(flow_file("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|AM|20240331000000|10.0|||T|N|
            030|PM|20240401000000|11.0|||T|N|
            026|1000000000003|V|
            028|TST0000002|R|
            030|S|20240401000000|12.0|||T|N|
            """))
        correction = flow_file(
            ["026|1000000000003|V|", "028|TST0000002|R|"]
            + ["030|S|20240401000000|13.0|||T|N|"],
            header=LATER_HEADER,
        )
        imported(correction, "correction.uff")

    def values(self, **filters: Any) -> list[int]:
        readings = filter_readings(**filters)
        return sorted(int(reading.value) for reading in readings)

    def test_returns_current_readings_by_default(self) -> None:
        self.assertEqual(self.values(), [10, 11, 13])

    def test_returns_all_versions_on_request(self) -> None:
        self.assertEqual(self.values(current_only=False), [10, 11, 12, 13])

    def test_filters_readings_by_mpan(self) -> None:
        self.assertEqual(self.values(mpan="2000000000015"), [10, 11])

    def test_ignores_spaces_in_an_mpan(self) -> None:
        self.assertEqual(self.values(mpan="10 0000 0000 003"), [13])

    def test_filters_readings_by_serial_number(self) -> None:
        self.assertEqual(self.values(serial_number="TST0000001"), [10, 11])

    def test_filters_readings_by_flow_file(self) -> None:
        values = self.values(flow_file=self.file, current_only=False)
        self.assertEqual(values, [10, 11, 12])

    def test_start_date_is_a_local_date_and_inclusive(self) -> None:
        # Midnight of 1 April in London is 23:00 of 31 March in UTC.
        self.assertEqual(self.values(date_from=date(2024, 4, 1)), [11, 13])

    def test_end_date_is_a_local_date_and_inclusive(self) -> None:
        self.assertEqual(self.values(date_to=date(2024, 3, 31)), [10])

    def test_readings_must_match_every_filter(self) -> None:
        day = date(2024, 4, 1)
        values = self.values(mpan="2000000000015", date_from=day, date_to=day)
        self.assertEqual(values, [11])
