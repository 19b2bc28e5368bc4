"""The API documentation page works under the Content Security Policy."""

from __future__ import annotations

from .base import NARROW, WIDE, BrowserTestCase

OPERATION = "#operations-readings-readings_list"


class ApiDocsTests(BrowserTestCase):
    def test_api_docs_can_send_a_request_without_errors(self) -> None:
        page = self.context(user=self.alice).new_page()
        messages: list[str] = []
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.goto("/api/v1/docs/")
        page.locator(f"{OPERATION} .opblock-summary-control").click()
        page.locator(f"{OPERATION} .try-out__btn").click()
        page.locator(f"{OPERATION} .execute").click()
        answer = page.locator(f"{OPERATION} .live-responses-table tbody .response")
        self.assertIn("200", answer.first.inner_text())
        self.assertEqual(messages, [])

    def test_api_docs_fit_a_narrow_window(self) -> None:
        page = self.context(user=self.alice).new_page()
        page.goto("/api/v1/docs/")
        page.locator(OPERATION).wait_for()
        for width in (WIDE, NARROW):
            with self.subTest(width):
                page.set_viewport_size({"width": width, "height": 900})
                wide = page.evaluate("document.documentElement.scrollWidth")
                self.assertLessEqual(wide, width)
