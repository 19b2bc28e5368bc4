"""Pages look through a bounded number of rows, and lose none by it."""

from __future__ import annotations

from unittest.mock import patch

from meter_readings.tests.api.base import MPAN, ApiTestCase, later_file
from meter_readings.tests.flow_file_builder import flow_file
from meter_readings.tests.import_helpers import imported


@patch("meter_readings.api.pagination.SCAN_LIMIT", 4)
class WindowTests(ApiTestCase):
    """Twelve readings one day after another; the windows are of four."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        groups = [f"026|{MPAN}|V|", "028|SERIAL0001|R|"]
        for number in range(1, 13):
            groups.append(f"030|{number:02}|202401{number:02}000000|{number}.0|||T|N|")
        cls.file = imported(flow_file(groups))

    def pages(self, **asked: object) -> list[list[str]]:
        """Return the values on each page."""
        address, pages = "/api/v1/readings/", []
        response = self.client.get(address, asked)
        while True:
            page = response.json()
            pages.append([row["value"] for row in page["results"]])
            if page["next"] is None:
                return pages
            response = self.client.get(page["next"])

    def test_a_page_may_be_empty_and_have_a_next(self) -> None:
        self.assertEqual(self.pages(register_id="02"), [[], [], ["2.0"], []])

    def test_a_page_of_a_file_may_be_empty_and_have_a_next(self) -> None:
        pages = self.pages(register_id="11", flow_file=self.file.pk)
        self.assertEqual(pages, [[], [], ["11.0"], []])

    def test_the_earliest_first_too(self) -> None:
        pages = self.pages(register_id="11", ordering="read_at")
        self.assertEqual(pages, [[], [], ["11.0"], []])

    def test_a_window_may_have_more_than_a_page(self) -> None:
        pages = self.pages(page_size=3, date_from="2024-01-07")
        self.assertEqual(pages, [["12.0", "11.0", "10.0"], ["9.0", "8.0", "7.0"]])

    def test_all_readings_of_a_few_meters_are_looked_at(self) -> None:
        self.assertEqual(self.pages(register_id="02", mpan=MPAN), [["2.0"]])

    def test_what_an_index_answers_needs_no_window(self) -> None:
        pages = self.pages(version_status="all", date_to="2024-01-06")
        self.assertEqual(len(pages), 1)

    def test_findings_of_all_files_are_looked_through(self) -> None:
        groups = [f"026|{MPAN}|V|", "028|SERIAL0001|R|"]
        groups += [f"030|{n:02}|20240201000000|{n}.25|||T|N|" for n in range(10)]
        imported(later_file(groups), "decimals.uff")
        page = self.json("findings/", severity="error")
        self.assertEqual(page["results"], [])
        self.assertIsNotNone(page["next"])
