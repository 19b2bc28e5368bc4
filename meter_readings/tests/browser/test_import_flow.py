"""Importing and clearing by the keyboard alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.environment import PROJECT_ROOT
from meter_readings.models import FlowFile

from .page_checks import PageCheckTestCase
from .keyboard import KeyboardTestCase

if TYPE_CHECKING:
    from playwright.sync_api import Page

SAMPLES = PROJECT_ROOT / "sample_data"


class UploadTests(KeyboardTestCase, PageCheckTestCase):
    samples = "economy7_meters.uff"

    def upload(self, *names: str, button: str) -> Page:
        """Upload files by the keyboard; return the page with the results."""
        page = self.page(user=self.alice)
        paths = [SAMPLES / name for name in names]
        page.on("filechooser", lambda chooser: chooser.set_files(paths))
        page.goto("/")
        self.tab_to(page, "Upload files")
        page.keyboard.press("Enter")
        self.expect_heading(page, "Upload files")
        self.skip_to_main(page)
        self.tab_to(page, "Flow files")
        page.keyboard.press("Enter")
        page.wait_for_selector("#selected-files li")
        self.tab_to(page, button)
        page.keyboard.press("Enter")
        page.wait_for_selector("#results h2")
        return page

    def test_upload_by_keyboard_imports_files_and_links_to_them(self) -> None:
        name = "prepayment_meters.uff"
        page = self.upload(name, button="Import")
        self.assertTrue(FlowFile.objects.filter(filename=name).exists())
        self.assertEqual(self.focused_id(page), "results")
        link = page.locator("#results a").first.text_content()
        self.tab_to(page, link)
        page.keyboard.press("Enter")
        self.expect_heading(page, name)

    def test_upload_result_passes_the_page_checks(self) -> None:
        names = ("rejected_with_issues.uff", "clock_change.uff", "economy7_meters.uff")
        page = self.upload(*names, button="Validate only")
        self.assertEqual("\n".join(self.faults_of(page)), "")

    def test_upload_works_without_javascript(self) -> None:
        page = self.page(user=self.alice, java_script_enabled=False)
        page.goto("/admin/upload/")
        name = "commercial_properties.uff"
        page.set_input_files("#upload [type=file]", SAMPLES / name)
        page.locator("[name=check]").press("Enter")
        page.wait_for_selector("#results h2")
        self.assertIn(name, page.text_content("#results"))


class TestingDashboardTests(KeyboardTestCase, PageCheckTestCase):
    samples = "economy7_meters.uff"

    def test_dashboard_imports_a_sample_and_clears_the_database_by_keyboard(
        self,
    ) -> None:
        page = self.page(user=self.alice)
        page.goto("/admin/")
        self.tab_to(page, "Testing dashboard")
        page.keyboard.press("Enter")
        self.expect_heading(page, "Testing dashboard")
        self.tab_to(page, "Import prepayment_meters.uff")
        page.keyboard.press("Enter")
        page.wait_for_selector(".messagelist")
        self.assertEqual(FlowFile.objects.count(), 2)
        self.assertEqual("\n".join(self.faults_of(page)), "")
        page.focus("h2#clear + form input[type=text]")
        page.keyboard.type("CLEAR")
        page.keyboard.press("Enter")
        page.wait_for_selector("text=Database cleared")
        self.assertEqual(FlowFile.objects.count(), 0)
        self.assertEqual("\n".join(self.faults_of(page)), "")
