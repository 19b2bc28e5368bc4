"""The pages of single objects, each for a fixed number of queries."""

from __future__ import annotations

import re
from typing import Any

from meter_readings.models import (
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    Reading,
    SiteVisit,
)
from meter_readings.tests.admin.base import (
    AdminTestCase,
    file_with_much,
    header_of,
    reading_of,
    user_who_may_view,
)
from meter_readings.tests.builders import (
    METER_LINE,
    MPAN_LINE,
    flow_file,
    flow_file_of_readings,
    header_line,
)
from meter_readings.tests.imported import imported


def version(number: int, value: str, bsc_status: str = "V") -> FlowFile:
    """Return an imported file with another version of one reading."""
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

    def test_says_what_was_read(self) -> None:
        self.assertIn("Reading 10.0 Read at 1 Apr 2024 00:00 BST", self.words_of(10))

    def test_says_in_which_file_and_line_it_stands(self) -> None:
        self.assertIn(
            "Flow file version_1.uff Line 4 Line of its 028 3", self.words_of(10)
        )

    def test_leads_to_its_file_meter_and_meter_point(self) -> None:
        page = self.page(reading_of(10))
        for row in (self.earlier, Meter.objects.get(), MeterPoint.objects.get()):
            with self.subTest(row):
                self.assertContains(page, f'href="{row.get_absolute_url()}"')

    def test_lists_the_versions_in_the_order_of_saying(self) -> None:
        versions = self.page(reading_of(10)).context["versions"]
        self.assertEqual([int(version.value) for version in versions], [10, 20])

    def test_says_how_each_version_stands(self) -> None:
        versions = self.page(reading_of(10)).context["versions"]
        standings = [version.standing for version in versions]
        self.assertEqual(standings, ["superseded", "current"])

    def test_points_out_which_version_it_is(self) -> None:
        self.assertIn("version_1.uff (this one) 4", self.words_of(10))

    def test_leaves_out_other_times_and_registers(self) -> None:
        other = flow_file_of_readings(
            "030|S|20240402000000|1.0|||T|N|", "030|A|20240401000000|2.0|||T|N|"
        )
        imported(other, "other.uff")
        self.assertEqual(len(self.page(reading_of(10)).context["versions"]), 2)

    def test_tells_codes_with_their_meaning(self) -> None:
        words = self.words_of(10)
        self.assertIn("Reading type Routine (R) BSC validation Validated (V)", words)

    def test_shows_the_received_text_where_it_was_kept(self) -> None:
        gap = flow_file_of_readings("030|S|20240331013000|7.0|||T|N|")
        imported(gap, "gap.uff")
        self.assertIn("030|S|20240331013000|7.0|||T|N|", self.words_of(7))

    def test_takes_as_many_queries_for_one_version_as_for_many(self) -> None:
        Reading.objects.filter(value=20).delete()
        page = f"/admin/meter_readings/reading/{reading_of(10).pk}/change/"
        before = self.query_count(page)
        for number in range(3, 9):
            version(number, f"{number}.0")
        self.assertEqual([before, self.query_count(page)], [7, 7])

    def words_of(self, value: int) -> str:
        """Return the words on the page of the reading with this value."""
        return self.words(reading_of(value))


class MeterPointPageTests(AdminTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        imported(flow_file("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|DY|20240301000000|10.0|||T|N|
            030|DY|20240201000000|9.0|||T|N|
            030|NT|20240301000000|20.0|||T|N|
            028|TST0000002|D|
            030|DY|20240401000000|1.0|||F|N|
            026|1000000000003|V|
            028|TST0000003|R|
            030|S|20240401000000|99.0|||T|N|
            """))
        cls.point = MeterPoint.objects.get(mpan="2000000000015")

    def test_names_its_meters(self) -> None:
        self.assertIn("Meters TST0000002, TST0000001", self.words(self.point))

    def test_names_its_distributor(self) -> None:
        self.assertIn("Distributor Southern (20)", self.words(self.point))

    def test_says_that_its_distributor_is_unknown(self) -> None:
        point = MeterPoint.objects.create(mpan="9900000000000")
        self.assertIn("Distributor Unknown Meters None", self.words(point))

    def test_shows_the_latest_reading_of_each_register_of_each_meter(self) -> None:
        latest = self.page(self.point).context["latest"]
        values = [int(reading.value) for reading in latest]
        self.assertEqual(values, [1, 10, 20])

    def test_shows_the_basis_and_the_verdict_of_the_latest(self) -> None:
        self.assertIn("1.0 1 Apr 2024 00:00 BST Estimated, ▲ Suspect", self.words_of())

    def test_leaves_superseded_readings_out_of_the_latest(self) -> None:
        text = flow_file(
            [MPAN_LINE, METER_LINE, "030|NT|20240301000000|21.0|||T|N|"],
            header=header_line(created_at="20240403091500"),
        )
        imported(text, "correction.uff")
        latest = self.page(self.point).context["latest"]
        self.assertEqual([int(reading.value) for reading in latest], [1, 10, 21])

    def test_shows_recent_readings_latest_first(self) -> None:
        recent = self.page(self.point).context["recent"]
        self.assertEqual([int(reading.value) for reading in recent], [1, 10, 20, 9])

    def test_shows_no_more_than_twenty_recent_readings(self) -> None:
        days = [f"030|S|202401{day:02}000000|1.0|||T|N|" for day in range(1, 31)]
        imported(flow_file_of_readings(*days), "january.uff")
        self.assertEqual(len(self.page(self.point).context["recent"]), 20)

    def test_leads_to_all_its_readings(self) -> None:
        self.assertContains(self.page(self.point), "/reading/?q=2000000000015")

    def test_says_that_no_reading_is_held(self) -> None:
        imported(flow_file(["026|2200031930792|V|", "027|20||"]), "visit.uff")
        point = MeterPoint.objects.get(mpan="2200031930792")
        self.assertIn("No current reading is held.", self.words(point))

    def test_takes_as_many_queries_for_many_meters_as_for_one(self) -> None:
        one_meter = MeterPoint.objects.get(mpan="1000000000003")
        pages = [row.get_absolute_url() for row in (one_meter, self.point)]
        self.assertEqual([self.query_count(page) for page in pages], [6, 6])

    def words_of(self) -> str:
        """Return the words on the page."""
        return self.words(self.point)


class MeterPageTests(AdminTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        imported(file_with_much(2))
        cls.meter = Meter.objects.get(serial_number="SERIAL0001")

    def test_leads_to_its_meter_point(self) -> None:
        self.assertContains(
            self.page(self.meter), self.meter.meter_point.get_absolute_url()
        )

    def test_shows_its_latest_readings_and_no_other(self) -> None:
        context = self.page(self.meter).context
        self.assertEqual(
            [reading.meter for reading in [*context["latest"], *context["recent"]]],
            [self.meter, self.meter],
        )

    def test_leads_to_all_its_readings(self) -> None:
        self.assertContains(self.page(self.meter), f"/reading/?meter={self.meter.pk}")

    def test_takes_six_queries(self) -> None:
        self.assertEqual(self.query_count(self.meter.get_absolute_url()), 6)


class PermissionTests(AdminTestCase):
    """A page shows of other models what the user may view of them."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.file = imported(file_with_much(1))

    def headings(self, row: Any, *model_names: str) -> list[str]:
        """Return the headings on a page for who may view these models."""
        self.client.force_login(user_who_may_view(*model_names))
        return re.findall("<h2>(.*)</h2>", self.page(row).content.decode())

    def test_a_meter_point_shows_no_readings_without_permission(self) -> None:
        point = MeterPoint.objects.get()
        self.assertEqual(self.headings(point, "meterpoint"), [])

    def test_a_meter_point_shows_readings_with_permission(self) -> None:
        headings = self.headings(MeterPoint.objects.get(), "meterpoint", "reading")
        self.assertEqual(headings, ["Latest readings", "Recent readings"])

    def test_a_meter_shows_no_readings_without_permission(self) -> None:
        self.assertEqual(self.headings(Meter.objects.get(), "meter"), [])

    def test_a_file_shows_no_findings_and_attempts_without_permission(self) -> None:
        headings = self.headings(self.file, "flowfile")
        self.assertEqual(headings, ["How it adds up", "Trailer"])

    def test_a_file_shows_findings_and_attempts_with_permission(self) -> None:
        headings = self.headings(self.file, "flowfile", "finding", "importjob")
        self.assertEqual(headings, ["How it adds up", "Trailer", "Report", "History"])


class OtherPageTests(AdminTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        imported(file_with_much(1))

    def test_a_site_visit_has_a_page(self) -> None:
        self.assertIn("Not occupied", self.words(SiteVisit.objects.get()))

    def test_an_attempt_has_a_page(self) -> None:
        self.assertIn("Command line", self.words(ImportJob.objects.get()))

    def test_a_page_that_is_none_leads_back(self) -> None:
        answer = self.client.get("/admin/meter_readings/reading/999/change/")
        self.assertRedirects(answer, "/admin/")
