"""User journeys from the home page to the result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from meter_readings.models import FlowFile, ImportJob, Reading
from meter_readings.tests.support.flow_file_builder import (
    flow_file_of_readings,
    header_line,
)

from .base import BrowserTestCase

if TYPE_CHECKING:
    from playwright.sync_api import Page

BELOW_ZERO = flow_file_of_readings("030|S|20240401000000|-1.0|||T|N|")
GOOD = flow_file_of_readings(
    "030|S|20240401000000|99.0|||T|N|", header=header_line(file_identifier="GOOD")
)


class UploadJourneyTests(BrowserTestCase):
    samples = "economy7_meters.uff"

    def upload(self, text: str, name: str) -> Page:
        """Upload a file, starting at the home page; return the page with the result."""
        page = self.page(user=self.alice)
        page.goto("/")
        page.click("text=Upload files")
        file = {"name": name, "mimeType": "text/plain", "buffer": text.encode()}
        page.set_input_files("#upload [type=file]", file)
        page.click("button[name=import]")
        page.wait_for_selector("#results h2")
        return page

    def test_uploading_a_bad_file_shows_each_issue_with_its_line(self) -> None:
        page = self.upload(BELOW_ZERO, "below_zero.uff")
        page.locator("#results li a").first.click()
        page.wait_for_selector("text=nothing from this file was loaded")
        page.click("table a >> text=4")
        line = page.inner_text("#highlighted")
        self.assertIn("|-1.0|", line)
        self.assertIn("The value is negative.", line)

    def test_uploading_a_file_twice_links_to_the_first_import(self) -> None:
        self.upload(GOOD, "good.uff")
        page = self.upload(GOOD, "good.uff")
        self.assertIn("lready imported", page.inner_text("#results"))
        page.locator("#results li a").first.click()
        page.wait_for_selector("text=1 reading")
        self.assertEqual(FlowFile.objects.filter(filename="good.uff").count(), 1)


class UndoJourneyTests(BrowserTestCase):
    samples = "economy7_meters.uff"

    def test_undoing_an_import_first_shows_what_will_change(self) -> None:
        page = self.page(user=self.alice)
        page.goto("/")
        page.fill("#search", "economy7_meters.uff")
        page.press("#search", "Enter")
        page.click("text=Undo import")
        page.wait_for_selector("text=Readings removed")
        self.assertIn("Readings removed\n32\n", page.inner_text("main"))
        page.click("button[value=undo]")
        page.wait_for_selector(".messagelist")
        file = FlowFile.objects.get(filename="economy7_meters.uff")
        self.assertEqual(file.status, FlowFile.Status.UNDONE)
        self.assertFalse(file.readings.exists())


class CorrectionJourneyTests(BrowserTestCase):
    samples = "economy7_meters.uff"

    def test_correcting_a_reading_first_shows_what_will_change(self) -> None:
        page = self.page(user=self.alice)
        reading = Reading.objects.current().latest("read_at", "pk")
        page.goto(reading.meter.meter_point.get_absolute_url())
        page.click(f"a[href$='/reading/{reading.pk}/correct/']")
        page.fill("[name=reason]", "Customer sent a photo")
        page.fill("[name=value]", "99999")
        page.click("button >> text=Preview changes")
        page.wait_for_selector("h2:has-text('Preview')")
        self.assertIn("99999.0", page.inner_text("main"))
        page.click("button[value=save]")
        page.wait_for_selector("text=Reading corrected.")
        self.assertIn("Corrected by alice", page.inner_text("main"))
        self.assertEqual(Reading.objects.current().filter(value=99999).count(), 1)


class JobJourneyTests(BrowserTestCase):
    samples = "economy7_meters.uff"

    def test_page_of_a_job_shows_its_end_without_being_reloaded(self) -> None:
        now = timezone.now()
        job = ImportJob.objects.create(
            kind=ImportJob.Kind.UNDO,
            filename="april.uff",
            state=ImportJob.State.QUEUED,
            queued_at=now,
            started_at=now,
            heartbeat_at=now,
        )
        page = self.page(user=self.alice)
        page.goto(f"/admin/meter_readings/importjob/{job.pk}/change/")
        page.wait_for_selector("h1:has-text('april.uff: Waiting')")
        ImportJob.objects.filter(pk=job.pk).update(
            state=ImportJob.State.FAILED, finished_at=now, message="The disk is full."
        )
        page.wait_for_selector("h1:has-text('april.uff: Interrupted')")
        self.assertIn("april.uff: Interrupted", page.title())
        self.assertIn("april.uff: Interrupted", page.inner_text(".breadcrumbs"))
        self.assertIn("The disk is full.", page.inner_text("[role=status]"))


class TestingDashboardJourneyTests(BrowserTestCase):
    samples = "economy7_meters.uff"

    def test_dashboard_imports_all_samples_and_clears_everything(self) -> None:
        page = self.page(user=self.alice)
        page.goto("/admin/")
        page.click("text=Testing dashboard")
        page.click("text=Import all")
        page.wait_for_selector(".messagelist")
        rejected = FlowFile.objects.filter(status=FlowFile.Status.REJECTED)
        self.assertEqual(rejected.count(), 2)
        self.assertGreater(FlowFile.objects.count(), 20)
        page.fill("h2#clear + form input[type=text], form input[type=text]", "CLEAR")
        page.click("button >> text=Clear the database")
        page.wait_for_selector("text=Database cleared")
        self.assertFalse(FlowFile.objects.exists())
