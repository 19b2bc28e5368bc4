"""Late and missing readings in the API."""

from __future__ import annotations

from typing import Any

from meter_readings.models import Meter
from meter_readings.tests.api.base import EVERYTHING, MPAN, OTHER_MPAN, ApiTestCase
from meter_readings.tests.support.import_helpers import (
    create_overdue_reading,
    imported,
)


class OverdueReadingTests(ApiTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        imported(EVERYTHING)
        first, second = Meter.objects.order_by("pk")
        create_overdue_reading(first, from_participant="NEEB")
        create_overdue_reading(first, register_id="02", state="missing")
        create_overdue_reading(second)

    def rows(self, **params: Any) -> list[tuple[str, str]]:
        found = self.results("overdue-readings/", **params)
        return [(row["mpan"], row["register_id"]) for row in found]

    def test_they_are_in_the_order_of_the_meters(self) -> None:
        expected = [(OTHER_MPAN, ""), (OTHER_MPAN, "02"), (MPAN, "")]
        self.assertEqual(self.rows(), expected)
        self.assertEqual(self.rows(ordering="-meter_id"), expected[::-1])

    def test_they_are_filtered_by_every_parameter(self) -> None:
        point, register, other = self.rows()
        for name, value, expected in [
            ("mpan", MPAN, [other]),
            ("state", "missing", [register]),
            ("level", "register", [register]),
            ("level", "meter-point", [point, other]),
            ("from_participant", "NEEB", [point]),
        ]:
            with self.subTest(name, value=value):
                self.assertEqual(self.rows(**{name: value}), expected)

    def test_pages_continue_after_the_register(self) -> None:
        found: list[dict[str, Any]] = []
        page = self.json("overdue-readings/", page_size=1)
        while page["next"]:
            found += page["results"]
            page = self.client.get(page["next"]).json()
        found += page["results"]
        self.assertEqual(
            [(row["mpan"], row["register_id"]) for row in found], self.rows()
        )

    def test_row_has_its_level_state_and_dates(self) -> None:
        [row] = self.results("overdue-readings/", level="register")
        del row["links"], row["meter_id"]
        self.assertEqual(
            row,
            {
                "level": "register",
                "state": "missing",
                "mpan": OTHER_MPAN,
                "meter_serial": "SERIAL0001",
                "register_id": "02",
                "from_participant": "UDMS",
                "latest_date": "2024-04-01",
                "interval_days": 91,
                "due_date": "2024-07-01",
                "as_of_date": "2024-07-02",
            },
        )

    def test_links_exist(self) -> None:
        [row] = self.results("overdue-readings/", mpan=MPAN)
        for name, url in row["links"].items():
            with self.subTest(name):
                self.assertEqual(self.client.get(url).status_code, 200)
