"""The upload page in a browser, with and without JavaScript."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meter_readings.models import FlowFile
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP

from .base import BrowserTestCase

if TYPE_CHECKING:
    from playwright.sync_api import FilePayload, Page

_BOX = "input[type=file]"


def chosen(text: str, name: str) -> FilePayload:
    """Return a file for Playwright's file chooser."""
    return {"name": name, "mimeType": "text/plain", "buffer": text.encode()}


class UploadTestCase(BrowserTestCase):
    def upload_page(self, **options: bool) -> Page:
        """Return the upload page, opened by a superuser."""
        page = self.page(user=self.alice, **options)
        page.goto("/admin/upload/")
        return page


class WithScriptsTests(UploadTestCase):
    def test_checked_files_are_imported_with_one_more_click(self) -> None:
        page = self.upload_page()
        page.set_input_files(_BOX, [chosen(EVERY_GROUP, "pressed.uff")])
        page.click("text=Validate only")
        page.wait_for_selector("text=Would be imported: 3 readings")
        self.assertFalse(FlowFile.objects.filter(filename="pressed.uff").exists())
        page.click("button[name=import]")
        page.wait_for_selector("text=Imported as #")
        self.assertTrue(FlowFile.objects.filter(filename="pressed.uff").exists())

    def test_focus_moves_to_the_upload_result(self) -> None:
        page = self.upload_page()
        page.set_input_files(_BOX, [chosen("nonsense", "a.uff")])
        page.click("text=Validate only")
        page.wait_for_selector("text=Would be rejected")
        self.assertEqual(page.evaluate("document.activeElement.id"), "results")
        self.assertIn("1 file: 1 rejected", page.title())
        self.assertEqual(page.inner_text("#progress"), "")

    def test_chosen_files_are_listed(self) -> None:
        page = self.upload_page()
        files = [chosen("x" * 2048, "a.uff"), chosen("x", "<b>.uff")]
        page.set_input_files(_BOX, files)
        self.assertEqual(
            page.locator("#selected-files li").all_inner_texts(),
            ["a.uff, 2.0 KB", "<b>.uff, 1 byte"],
        )

    def test_too_many_files_are_reported_before_they_are_sent(self) -> None:
        page = self.upload_page()
        files = [chosen("x", f"{number}.uff") for number in range(101)]
        page.set_input_files(_BOX, files)
        page.click("text=Validate only")
        self.assertEqual(
            page.locator(_BOX).evaluate("box => box.validationMessage"),
            "Select at most 100 files.",
        )
        self.assertEqual(page.locator(".file-results").count(), 0)

    def test_upload_box_highlights_files_dragged_over_it(self) -> None:
        page = self.upload_page()
        for event, expected in ("dragenter", "drag-over"), ("dragleave", ""):
            with self.subTest(event):
                page.dispatch_event(_BOX, event)
                name = page.locator(_BOX).get_attribute("class")
                self.assertEqual(name, expected)

    def test_upload_after_sign_out_says_what_to_do(self) -> None:
        page = self.upload_page()
        page.set_input_files(_BOX, [chosen("x", "a.uff")])
        page.context.clear_cookies()
        page.click("text=Validate only")
        page.wait_for_selector("text=Reload the page and try again.")


class WithoutScriptsTests(UploadTestCase):
    def test_file_is_checked_without_javascript(self) -> None:
        page = self.upload_page(java_script_enabled=False)
        page.set_input_files(_BOX, [chosen(EVERY_GROUP, "plain.uff")])
        page.click("text=Validate only")
        page.wait_for_selector("text=Would be imported: 3 readings")
