"""Tests of the scan limit of change lists."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from unittest.mock import patch

from django.http import HttpResponse

from meter_readings.admin.base import changelist
from meter_readings.admin.readings.admin import ReadingAdmin
from meter_readings.models import Finding, Reading
from meter_readings.tests.admin.testcases import (
    AdminTestCase,
    file_with_much,
    list_address,
    reading_of,
)
from meter_readings.tests.support.flow_file_builder import flow_file, header_line
from meter_readings.tests.support.import_helpers import imported

SCAN_MORE_FACTOR = changelist.BoundedChangeList.scan_more_factor


class ScanLimitTestCase(AdminTestCase):
    """Lists scan three rows."""

    def setUp(self) -> None:
        super().setUp()
        for name, number in (("scan_limit", 3), ("scan_more_factor", 1)):
            limit = patch.object(changelist.BoundedChangeList, name, number)
            limit.start()
            self.addCleanup(limit.stop)

    def note(self, page: HttpResponse) -> str:
        """Return the note below a list that shows where the scan stopped."""
        notes = re.findall('<p class="scan-limit">(.*?)<', page.content.decode())
        return " ".join(notes).strip()

    def search_more_url(self, page: HttpResponse) -> str:
        link = re.search(
            '<p class="scan-limit">.*?href="([^"]*)"', page.content.decode()
        )
        assert link is not None
        return unescape(link[1])

    def pages(self, name: str, **params: Any) -> list[list[str]]:
        """Return the rows found, page by page of "Search more"."""
        page = self.get_list(name, **params)
        found = []
        while True:
            change_list = page.context["cl"]
            found.append([_label(row) for row in change_list.result_list])
            if change_list.last_scanned is None:
                return found
            page = self.client.get(list_address(name) + self.search_more_url(page))


def _label(row: Any) -> str:
    return str(int(row.value)) if isinstance(row, Reading) else str(row)


class ReadingScanTests(ScanLimitTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.file = imported(flow_file("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|DY|20240101000000|1.0|||T|N|
            030|NT|20240101010000|2.0|||T|N|
            030|DY|20240102000000|3.0|||T|N|
            030|NT|20240102010000|4.0|||T|N|
            030|DY|20240103000000|5.0|||T|N|
            026|1000000000003|F|
            028|TST0000002|D|
            030|DY|20240101020000|6.0|||T|N|
            030|NT|20240101030000|7.0|||T|N|
            """))
        header = header_line(file_identifier="TEST000002", created_at="20240501091500")
        cls.correction = imported(
            flow_file(
                """
                026|2000000000015|V|
                028|TST0000001|R|
                030|DY|20240102000000|8.0|||T|N|
                """,
                header=header,
            ),
            "correction.uff",
        )

    def test_list_within_the_scan_limit_shows_no_note(self) -> None:
        page = self.get_list("reading")
        self.assertEqual(self.note(page), "")
        self.assertEqual(len(page.context["cl"].result_list), 7)

    def test_scan_that_finds_more_than_a_page_has_two_pages(self) -> None:
        with (
            patch.object(changelist.BoundedChangeList, "scan_limit", 6),
            patch.object(ReadingAdmin, "list_per_page", 2),
        ):
            change_list = self.get_list("reading", register_id="DY").context["cl"]
        self.assertIsNotNone(change_list.last_scanned)
        self.assertEqual(len(change_list.result_list), 2)
        self.assertGreater(change_list.paginator.num_pages, 1)

    def test_filter_with_an_index_finds_all_readings(self) -> None:
        for params, values in {
            ("version_status__exact", "superseded"): [3],
            ("bsc_validation_status__exact", "F"): [7, 6],
            ("reading_type__exact", "D"): [7, 6],
            ("basis", "estimated"): [7, 6],
            ("read_in", "2024-01-01"): [7, 6, 2, 1],
        }.items():
            with self.subTest(params):
                page = self.get_list("reading", **dict([params]))
                found = [int(row.value) for row in page.context["cl"].result_list]
                self.assertEqual((found, self.note(page)), (values, ""))

    def test_list_of_current_versions_scans_five_times_as_many_readings(self) -> None:
        with patch.object(changelist.BoundedChangeList, "scan_limit", 1):
            page = self.get_list("reading")
        found = [int(row.value) for row in page.context["cl"].result_list]
        self.assertEqual(found, [5, 4, 8, 7])
        self.assertEqual(
            self.note(page), "Searched 5 readings, as far as 1 January 2024 03:00:00."
        )

    def test_list_of_all_versions_has_no_scan_limit(self) -> None:
        with patch.object(changelist.BoundedChangeList, "scan_limit", 1):
            page = self.get_list("reading", version_status__exact="all")
        self.assertEqual(len(page.context["cl"].result_list), 8)
        self.assertEqual(self.note(page), "")

    def test_filter_without_an_index_scans_the_latest_readings(self) -> None:
        self.assertEqual(self.values(register_id="NT"), [4])

    def test_list_shows_where_the_scan_stopped(self) -> None:
        page = self.get_list("reading", register_id="NT")
        self.assertEqual(
            self.note(page),
            "Searched 3 readings, as far as 2 January 2024 00:00:00.",
        )

    def test_search_more_links_lead_to_all_matches(self) -> None:
        self.assertEqual(self.pages("reading", register_id="NT"), [["4"], ["7"], ["2"]])

    def test_search_more_scans_more_rows_per_page(self) -> None:
        with patch.object(changelist.BoundedChangeList, "scan_more_factor", 20):
            found = self.pages("reading", register_id="NT")
        self.assertEqual(found, [["4"], ["7", "2"]])

    def test_search_more_scans_twenty_thousand_rows(self) -> None:
        self.assertEqual(changelist.SCAN_LIMIT * SCAN_MORE_FACTOR, 20_000)

    def test_search_more_keeps_the_date_filter(self) -> None:
        self.assertEqual(
            self.pages("reading", register_id="NT", read_in="2024-01-01"),
            [["7", "2"], []],
        )

    def test_position_filter_names_where_the_list_continues(self) -> None:
        row = reading_of(4)
        page = self.get_list("reading", register_id="NT", after=row.pk)
        self.assertContains(page, "After 2 January 2024 01:00:00")

    def test_search_more_misses_no_reading_that_was_corrected_meanwhile(self) -> None:
        def readings(number: int, *lines: str) -> str:
            groups = ["026|2000000000015|V|", "028|TST0000001|R|", *lines]
            header = header_line(
                file_identifier=f"TEST00000{number}",
                created_at=f"2024050{number}000000",
            )
            return flow_file(groups, header=header)

        at_one_time = [f"030|{name}|20240201000000|1.0|||T|N|" for name in "ABCD"]
        imported(readings(2, *at_one_time), "first.uff")
        page = self.get_list("reading", basis="actual", read_in="2024-02-01")
        correction = readings(3, "030|A|20240201000000|9.0|||T|N|")
        imported(correction, "second.uff")
        url = list_address("reading") + self.search_more_url(page)
        found = self.client.get(url).context["cl"].result_list
        self.assertEqual([_label(row) for row in found], ["9"])

    def test_position_of_a_deleted_row_finds_nothing(self) -> None:
        page = self.get_list("reading", after="0")
        self.assertEqual(len(page.context["cl"].result_list), 0)
        self.assertContains(page, "Not found")

    def test_two_filters_scan_the_path_with_fewest_rows(self) -> None:
        self.assertEqual(
            self.pages("reading", bsc_validation_status__exact="F", register_id="DY"),
            [["6"]],
        )

    def test_two_filters_with_many_rows_scan_the_path_that_goes_furthest(self) -> None:
        with patch.object(changelist.BoundedChangeList, "scan_limit", 1):
            self.assertEqual(
                self.pages("reading", basis="estimated", register_id="DY"),
                [[], ["6"]],
            )

    def test_filter_by_file_scans_its_lines_in_order(self) -> None:
        params = {"flow_file": self.file.pk, "register_id": "NT"}
        self.assertEqual(self.pages("reading", **params), [["2"], ["4"], ["7"]])

    def test_search_for_a_filename_scans_its_lines_in_order(self) -> None:
        self.assertEqual(
            self.pages("reading", q="sample.uff", register_id="NT"),
            [["2"], ["4"], ["7"]],
        )

    def test_list_of_a_file_shows_the_last_line_scanned(self) -> None:
        page = self.get_list("reading", flow_file=self.file.pk, register_id="NT")
        self.assertIn("as far as line 6.", self.note(page))

    def test_partial_index_finds_rare_readings_of_a_file(self) -> None:
        params = {"flow_file": self.file.pk, "version_status__exact": "superseded"}
        self.assertEqual(self.pages("reading", **params), [["3"]])

    def test_scan_follows_the_lines_of_a_file_beyond_the_limit_of_a_partial_index(
        self,
    ) -> None:
        params = {"flow_file": self.file.pk, "bsc_validation_status__exact": "F"}
        with patch.object(changelist.BoundedChangeList, "scan_limit", 1):
            found = self.pages("reading", **params)
        self.assertEqual(found[:6], [[], [], [], [], [], ["6"]])

    def test_filter_by_meter_scans_all_readings_of_the_meter(self) -> None:
        meter = reading_of(1).meter_id
        params = {"meter": meter, "register_id": "NT", "bsc_validation_status": "V"}
        self.assertEqual(self.pages("reading", **params), [["4", "2"]])

    def test_search_for_an_mpan_scans_all_its_readings(self) -> None:
        params = {"q": "2000000000015", "register_id": "NT"}
        self.assertEqual(self.pages("reading", **params), [["4", "2"]])

    def test_search_without_a_match_finds_nothing(self) -> None:
        self.assertEqual(self.pages("reading", q="nothing", register_id="NT"), [[]])

    def test_page_links_keep_the_position_of_a_continued_list(self) -> None:
        row = reading_of(5)
        change_list = self.get_list("reading", after=row.pk, p="1").context["cl"]
        self.assertEqual(change_list.get_query_string({"p": 2}), f"?after={row.pk}&p=2")


class SiteVisitAndFindingScanTests(ScanLimitTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.file = imported(file_with_much(5))

    def test_site_visits_are_scanned_latest_first(self) -> None:
        self.assertEqual(
            self.pages("sitevisit", check_code__exact="02"),
            [["Not occupied"] * 3, ["Not occupied"] * 2],
        )

    def test_site_visits_of_a_file_are_scanned_by_line(self) -> None:
        page = self.get_list(
            "sitevisit", flow_file=self.file.pk, check_code__exact="02"
        )
        self.assertIn("as far as line 11.", self.note(page))

    def test_findings_are_scanned_latest_first(self) -> None:
        found = self.pages("finding", rule="extra-decimals")
        self.assertEqual([len(rows) for rows in found], [3, 2])

    def test_empty_filter_value_does_not_limit_the_scan(self) -> None:
        page = self.get_list("finding", rule="")
        self.assertEqual(self.note(page), "")

    def test_list_of_findings_shows_the_number_of_the_last_scanned(self) -> None:
        page = self.get_list("finding", rule="extra-decimals")
        third = Finding.objects.order_by("-pk")[2]
        self.assertIn(f"as far as number {third.pk:,}.", self.note(page))

    def test_findings_of_a_file_are_all_scanned_in_order(self) -> None:
        change_list = self.get_list(
            "finding", flow_file=self.file.pk, rule="extra-decimals"
        ).context["cl"]
        lines = [row.line_number for row in change_list.result_list]
        self.assertEqual((len(lines), lines), (5, sorted(lines)))
