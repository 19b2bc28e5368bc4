"""How far a list of a large table looks, what it says of that, and how to go on."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from unittest.mock import patch

from django.http import HttpResponse

from meter_readings.admin.base import changelist
from meter_readings.models import Finding, Reading
from meter_readings.tests.admin.testcases import (
    AdminTestCase,
    file_with_much,
    list_address,
    reading_of,
)
from meter_readings.tests.flow_file_builder import flow_file, header_line
from meter_readings.tests.import_helpers import imported


class ReachTestCase(AdminTestCase):
    """Lists look through three rows."""

    def setUp(self) -> None:
        super().setUp()
        for name, number in (("scan_limit", 3), ("scan_more_factor", 1)):
            looking = patch.object(changelist.BoundedChangeList, name, number)
            looking.start()
            self.addCleanup(looking.stop)

    def note(self, page: HttpResponse) -> str:
        """Return what a list says of how far it looked."""
        said = re.findall('<p class="reach">(.*?)<', page.content.decode())
        return " ".join(said).strip()

    def further(self, page: HttpResponse) -> str:
        """Return where the list goes on."""
        link = re.search('<p class="reach">.*?href="([^"]*)"', page.content.decode())
        assert link is not None
        return unescape(link[1])

    def pages(self, name: str, **asked: Any) -> list[list[str]]:
        """Return the rows found at once, and those found by looking further."""
        page = self.get_list(name, **asked)
        found = []
        while True:
            changes = page.context["cl"]
            found.append([_short(row) for row in changes.result_list])
            if changes.last_scanned is None:
                return found
            page = self.client.get(list_address(name) + self.further(page))


def _short(row: Any) -> str:
    return str(int(row.value)) if isinstance(row, Reading) else str(row)


class ReadingReachTests(ReachTestCase):
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

    def test_all_readings_are_listed_without_a_word(self) -> None:
        page = self.get_list("reading")
        self.assertEqual(self.note(page), "")
        self.assertEqual(len(page.context["cl"].result_list), 8)

    def test_what_an_index_answers_is_found_to_the_last(self) -> None:
        for asked, values in {
            ("version_status__exact", "superseded"): [3],
            ("bsc_validation_status__exact", "F"): [7, 6],
            ("reading_type__exact", "D"): [7, 6],
            ("basis", "estimated"): [7, 6],
            ("read_in", "2024-01-01"): [7, 6, 2, 1],
        }.items():
            with self.subTest(asked):
                page = self.get_list("reading", **dict([asked]))
                found = [int(row.value) for row in page.context["cl"].result_list]
                self.assertEqual((found, self.note(page)), (values, ""))

    def test_what_no_index_answers_is_looked_for_among_the_latest(self) -> None:
        self.assertEqual(self.values(register_id="NT"), [4])

    def test_a_list_says_how_far_it_looked(self) -> None:
        page = self.get_list("reading", register_id="NT")
        self.assertEqual(
            self.note(page),
            "Searched 3 readings, as far as 2 January 2024 00:00:00.",
        )

    def test_looking_further_finds_all(self) -> None:
        self.assertEqual(self.pages("reading", register_id="NT"), [["4"], ["7"], ["2"]])

    def test_looking_further_looks_through_more_at_a_time(self) -> None:
        with patch.object(changelist.BoundedChangeList, "scan_more_factor", 20):
            found = self.pages("reading", register_id="NT")
        self.assertEqual(found, [["4"], ["7", "2"]])

    def test_looking_further_keeps_within_the_dates(self) -> None:
        self.assertEqual(
            self.pages("reading", register_id="NT", read_in="2024-01-01"),
            [["7", "2"], []],
        )

    def test_where_a_list_goes_on_is_named_beside_it(self) -> None:
        row = reading_of(4)
        page = self.get_list("reading", register_id="NT", after=row.pk)
        self.assertContains(page, "After 2 January 2024 01:00:00")

    def test_a_row_that_is_gone_leads_nowhere(self) -> None:
        page = self.get_list("reading", after="0")
        self.assertEqual(len(page.context["cl"].result_list), 0)
        self.assertContains(page, "Not found")

    def test_two_choices_are_looked_for_where_there_are_fewest(self) -> None:
        self.assertEqual(
            self.pages("reading", bsc_validation_status__exact="F", register_id="DY"),
            [["6"]],
        )

    def test_two_choices_of_many_are_looked_for_where_it_reaches_furthest(self) -> None:
        with patch.object(changelist.BoundedChangeList, "scan_limit", 1):
            self.assertEqual(
                self.pages("reading", basis="estimated", register_id="DY"),
                [[], ["6"]],
            )

    def test_a_file_is_looked_through_by_its_lines(self) -> None:
        asked = {"flow_file": self.file.pk, "register_id": "NT"}
        self.assertEqual(self.pages("reading", **asked), [["2"], ["4"], ["7"]])

    def test_a_file_searched_for_is_looked_through_likewise(self) -> None:
        self.assertEqual(
            self.pages("reading", q="sample.uff", register_id="NT"),
            [["2"], ["4"], ["7"]],
        )

    def test_a_list_of_a_file_says_to_which_line_it_looked(self) -> None:
        page = self.get_list("reading", flow_file=self.file.pk, register_id="NT")
        self.assertIn("as far as line 6.", self.note(page))

    def test_what_is_rare_in_a_file_is_found_at_once(self) -> None:
        asked = {"flow_file": self.file.pk, "version_status__exact": "superseded"}
        self.assertEqual(self.pages("reading", **asked), [["3"]])

    def test_what_is_not_so_rare_in_a_file_is_looked_for_by_its_lines(self) -> None:
        asked = {"flow_file": self.file.pk, "bsc_validation_status__exact": "F"}
        with patch.object(changelist.BoundedChangeList, "scan_limit", 1):
            found = self.pages("reading", **asked)
        self.assertEqual(found[:6], [[], [], [], [], [], ["6"]])

    def test_the_readings_of_a_meter_are_all_looked_through(self) -> None:
        meter = reading_of(1).meter_id
        asked = {"meter": meter, "register_id": "NT", "bsc_validation_status": "V"}
        self.assertEqual(self.pages("reading", **asked), [["4", "2"]])

    def test_the_readings_of_an_mpan_are_all_looked_through(self) -> None:
        asked = {"q": "2000000000015", "register_id": "NT"}
        self.assertEqual(self.pages("reading", **asked), [["4", "2"]])

    def test_what_is_found_nowhere_is_found_nowhere(self) -> None:
        self.assertEqual(self.pages("reading", q="nothing", register_id="NT"), [[]])

    def test_the_pages_of_a_list_that_goes_on_go_on_likewise(self) -> None:
        row = reading_of(5)
        changes = self.get_list("reading", after=row.pk, p="1").context["cl"]
        self.assertEqual(changes.get_query_string({"p": 2}), f"?after={row.pk}&p=2")


class VisitAndFindingReachTests(ReachTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.file = imported(file_with_much(5))

    def test_visits_are_looked_through_the_latest_first(self) -> None:
        self.assertEqual(
            self.pages("sitevisit", check_code__exact="02"),
            [["Not occupied"] * 3, ["Not occupied"] * 2],
        )

    def test_visits_told_of_by_a_file_are_looked_through_by_its_lines(self) -> None:
        page = self.get_list(
            "sitevisit", flow_file=self.file.pk, check_code__exact="02"
        )
        self.assertIn("as far as line 11.", self.note(page))

    def test_findings_are_looked_through_the_latest_first(self) -> None:
        found = self.pages("finding", rule="extra-decimals")
        self.assertEqual([len(rows) for rows in found], [3, 2])

    def test_a_list_of_findings_says_to_which_it_looked(self) -> None:
        page = self.get_list("finding", rule="extra-decimals")
        third = Finding.objects.order_by("-pk")[2]
        self.assertIn(f"as far as number {third.pk:,}.", self.note(page))

    def test_the_findings_of_a_file_are_all_looked_through_in_order(self) -> None:
        changes = self.get_list(
            "finding", flow_file=self.file.pk, rule="extra-decimals"
        ).context["cl"]
        lines = [row.line_number for row in changes.result_list]
        self.assertEqual((len(lines), lines), (5, sorted(lines)))
