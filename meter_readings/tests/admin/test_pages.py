"""Tests of the pages of single objects."""

from __future__ import annotations

import re
from typing import Any

from meter_readings.models import (
    FlowFile,
    Meter,
    MeterPoint,
    Reading,
    SiteVisit,
)
from meter_readings.tests.admin.testcases import (
    AdminTestCase,
    file_with_much,
    header_of,
    reading_of,
)
from meter_readings.tests.support.flow_file_builder import (
    METER_LINE,
    flow_file,
    flow_file_of_readings,
)
from meter_readings.tests.support.import_helpers import imported
from meter_readings.tests.support.users import user_with_view_permissions


def version(number: int, value: str, bsc_status: str = "V") -> FlowFile:
    """Import a file with another version of one reading."""
    text = flow_file(
        [f"026|2000000000015|{bsc_status}|", METER_LINE]
        + [f"030|S|20240401000000|{value}|||T|N|"],
        header=header_of(number),
    )
    return imported(text, f"version_{number}.uff")


class ReadingPageTests(AdminTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.later = version(2, "20.0")
        cls.earlier = version(1, "10.0")

    def test_reading_page_shows_value_and_time(self) -> None:
        self.assertIn(
            "Reading 10.0 Read at 1 Apr 2024 Version status", self.words_of(10)
        )

    def test_reading_page_shows_file_and_line_numbers(self) -> None:
        self.assertIn("Flow file version_1.uff Line 4 028 line 3", self.words_of(10))

    def test_reading_page_links_to_file_meter_and_meter_point(self) -> None:
        page = self.page(reading_of(10))
        for row in (self.earlier, Meter.objects.get(), MeterPoint.objects.get()):
            with self.subTest(row):
                self.assertContains(page, f'href="{row.get_absolute_url()}"')

    def test_reading_page_lists_versions_oldest_first(self) -> None:
        versions = self.page(reading_of(10)).context["versions"]
        self.assertEqual([int(version.value) for version in versions], [10, 20])

    def test_reading_page_shows_the_version_status_of_each_version(self) -> None:
        versions = self.page(reading_of(10)).context["versions"]
        standings = [version.version_status for version in versions]
        self.assertEqual(standings, ["superseded", "current"])

    def test_reading_page_marks_its_own_version(self) -> None:
        self.assertIn("version_1.uff, line 4 (this reading)", self.words_of(10))

    def test_reading_page_omits_other_times_and_registers(self) -> None:
        other = flow_file_of_readings(
            "030|S|20240402000000|1.0|||T|N|", "030|A|20240401000000|2.0|||T|N|"
        )
        imported(other, "other.uff")
        self.assertEqual(len(self.page(reading_of(10)).context["versions"]), 2)

    def test_reading_page_shows_codes_with_their_meaning(self) -> None:
        words = self.words_of(10)
        self.assertIn("Reading type Routine (R) BSC validation Validated (V)", words)

    def test_reading_page_shows_source_records_with_line_numbers(self) -> None:
        self.assertIn(
            "Line Text 2 026|2000000000015|V| 3 028|TST0000001|R|"
            " 4 030|S|20240401000000|10.0|||T|N|",
            self.words_of(10),
        )

    def test_reading_page_shows_the_records_of_validation_results(self) -> None:
        suspect = flow_file_of_readings("030|S|20240331000000|7.0|||F|N|", "032|05|F|")
        imported(suspect, "suspect.uff")
        self.assertIn("4 030|S|20240331000000|7.0|||F|N| 5 032|05|F|", self.words_of(7))

    def test_reading_page_shows_a_time_that_never_existed_as_received(
        self,
    ) -> None:
        gap = flow_file_of_readings("030|S|20240331013000|7.0|||T|N|")
        imported(gap, "gap.uff")
        self.assertIn("030|S|20240331013000|7.0|||T|N|", self.words_of(7))

    def test_reading_page_of_a_superseded_version_links_to_the_current_one(
        self,
    ) -> None:
        page = self.page(reading_of(10))
        address = f"/admin/meter_readings/reading/{reading_of(20).pk}/change/"
        self.assertContains(
            page, f'<a href="{address}">Current version: 20.0</a>', html=True
        )

    def test_reading_page_says_that_all_versions_have_been_withdrawn(self) -> None:
        withdrawal = flow_file(
            ["026|2000000000015|V|", "028|TST0000001|W|"]
            + ["030|S|20240401000000|20.0|||T|N|"],
            header=header_of(9),
        )
        imported(withdrawal, "withdrawal.uff")
        self.assertIn("All versions have been withdrawn.", self.words_of(10))

    def test_reading_page_shows_the_advance_since_the_previous_reading(self) -> None:
        imported(flow_file_of_readings("030|S|20240322000000|5.0|||T|N|"), "before")
        self.assertIn("22 Mar 2024 5.0, actual 15.0 10 1.50", self.words_of(20))

    def test_reading_page_says_that_there_is_no_previous_reading(self) -> None:
        self.assertIn("– – No previous reading", self.words_of(20))

    def test_reading_page_says_that_a_demand_register_has_no_advances(self) -> None:
        demand = flow_file_of_readings(
            "030|MD|20240322000000|5.0|20240301000000|1|T|N|"
        )
        imported(demand, "demand.uff")
        self.assertIn("– – Maximum demand", self.words_of(5))

    def test_reading_page_shows_findings_on_its_lines(self) -> None:
        imported(flow_file_of_readings("030|S|20240331000000|7.25|||T|N|"), "more.uff")
        reading = Reading.objects.get(value="7.25")
        self.assertIn(
            "▲ Warning, line 4: The value has more decimal places than the catalogue"
            " allows. Found 7.25, expected one decimal ( extra-decimals )",
            self.words(reading),
        )

    def test_reading_page_says_that_there_are_no_findings(self) -> None:
        self.assertIn("No findings", self.words_of(20))

    def test_reading_page_takes_as_many_queries_with_one_version_as_with_many(
        self,
    ) -> None:
        Reading.objects.filter(value=20).delete()
        page = f"/admin/meter_readings/reading/{reading_of(10).pk}/change/"
        before = self.query_count(page)
        for number in range(3, 9):
            version(number, f"{number}.0")
        self.assertEqual([before, self.query_count(page)], [11, 11])

    def words_of(self, value: int) -> str:
        return self.words(reading_of(value))


class PermissionTests(AdminTestCase):
    """A page shows the sections of models that the user has permission to view."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.file = imported(file_with_much(1))

    def headings(self, row: Any, *model_names: str) -> list[str]:
        """Return the headings that a user with these view permissions sees."""
        self.client.force_login(user_with_view_permissions(*model_names))
        return re.findall("<h2[^>]*>(.*)</h2>", self.page(row).content.decode())

    def test_meter_point_page_shows_no_sections_without_permission(self) -> None:
        point = MeterPoint.objects.get()
        self.assertEqual(self.headings(point, "meterpoint"), [])

    def test_meter_point_page_shows_readings_with_permission(self) -> None:
        headings = self.headings(MeterPoint.objects.get(), "meterpoint", "reading")
        self.assertEqual(
            headings,
            ["Latest readings", "Meters and registers", "Chart", "History"],
        )

    def test_meter_point_page_shows_visits_and_findings_with_permission(self) -> None:
        point = MeterPoint.objects.get()
        headings = self.headings(point, "meterpoint", "sitevisit", "finding")
        self.assertEqual(headings, ["Site visits", "Findings"])

    def test_meter_page_shows_no_sections_without_permission(self) -> None:
        self.assertEqual(self.headings(Meter.objects.get(), "meter"), [])

    def test_reading_page_shows_no_findings_without_permission(self) -> None:
        headings = self.headings(Reading.objects.get(), "reading")
        self.assertEqual(headings, ["As received", "Versions"])

    def test_file_page_shows_no_findings_and_jobs_without_permission(self) -> None:
        headings = self.headings(self.file, "flowfile")
        self.assertEqual(headings, ["Record counts", "Trailer"])

    def test_file_page_shows_findings_and_jobs_with_permission(self) -> None:
        headings = self.headings(self.file, "flowfile", "finding", "importjob")
        self.assertEqual(
            headings, ["Record counts", "Trailer", "Validation report", "History"]
        )


class OtherPageTests(AdminTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        imported(file_with_much(1))

    def test_site_visit_has_a_page(self) -> None:
        self.assertIn("Not occupied", self.words(SiteVisit.objects.get()))

    def test_page_of_a_missing_reading_redirects_to_the_index(self) -> None:
        answer = self.client.get("/admin/meter_readings/reading/999/change/")
        self.assertRedirects(answer, "/admin/")
