"""Tests of the pages of expected files and of meter points not read."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from meter_readings.models import SenderSchedule
from meter_readings.tests.admin.testcases import AdminTestCase
from meter_readings.tests.support.flow_file_builder import flow_file_of_readings
from meter_readings.tests.support.import_helpers import imported

FILE = flow_file_of_readings("030|S|20240401000000|99.0|||T|N|")


class ExpectedFilesPageTests(AdminTestCase):
    def test_late_sender_is_shown_with_its_dates(self) -> None:
        yesterday = timezone.now() - timedelta(days=2)
        imported(FILE, now=yesterday)
        SenderSchedule.objects.create(participant="UDMS", interval_days=1)
        response = self.client.get("/admin/expected-files/")
        self.assertContains(response, "Late</span>")
        self.assertContains(response, "<td>Schedule</td>")

    def test_page_without_files_says_so(self) -> None:
        response = self.client.get("/admin/expected-files/")
        self.assertContains(response, "No sender has sent a file")

    def test_page_costs_a_fixed_number_of_queries(self) -> None:
        imported(FILE)
        with self.assertNumQueries(4):
            self.client.get("/admin/expected-files/")

    def test_schedule_is_added_in_the_admin(self) -> None:
        self.client.post(
            "/admin/meter_readings/senderschedule/add/",
            {"participant": "UDMS", "is_expected": "on", "interval_days": "7"},
        )
        schedule = SenderSchedule.objects.get()
        self.assertEqual((str(schedule), schedule.interval_days), ("UDMS", 7))


class NotReadPageTests(AdminTestCase):
    def test_meter_point_without_a_reading_for_100_days_is_shown(self) -> None:
        imported(FILE)
        response = self.client.get("/admin/not-read/")
        self.assertContains(response, "Not read for 100 days, by MPAN")
        self.assertContains(response, "<td>Meter point</td>")

    def test_number_of_days_can_be_chosen(self) -> None:
        imported(FILE)
        response = self.client.get("/admin/not-read/", {"days": 3660})
        self.assertContains(response, "None</span>")

    def test_wrong_number_of_days_is_explained(self) -> None:
        response = self.client.get("/admin/not-read/", {"days": "0"})
        self.assertContains(response, "greater than or equal to 1", status_code=400)

    def test_page_costs_a_fixed_number_of_queries(self) -> None:
        imported(FILE)
        with self.assertNumQueries(5):
            self.client.get("/admin/not-read/")
