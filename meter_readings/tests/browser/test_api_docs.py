"""The API documentation page works under the Content Security Policy."""

from __future__ import annotations

from django.utils import timezone

from meter_readings.accounts import api_tokens
from meter_readings.tests.support.users import user_with_permissions

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

    def test_a_user_who_cannot_sign_in_opens_the_api_docs_with_a_token(self) -> None:
        user = user_with_permissions("view_reading", name="program", is_staff=False)
        _, secret = api_tokens.create_token(
            user=user, name="docs", scope="read", days=1, now=timezone.now()
        )
        page = self.context().new_page()
        page.goto("/api/v1/docs/")
        page.fill("#token", f"{secret}x")
        page.click("#token-form button")
        page.get_by_text("Invalid token").wait_for()
        page.fill("#token", secret)
        page.click("#token-form button")
        page.locator(f"{OPERATION} .opblock-summary-control").click()
        page.locator(f"{OPERATION} .try-out__btn").click()
        page.locator(f"{OPERATION} .execute").click()
        answer = page.locator(f"{OPERATION} .live-responses-table tbody .response")
        self.assertIn("200", answer.first.inner_text())

    def test_api_docs_follow_the_theme_of_the_browser(self) -> None:
        for scheme, is_dark in [("dark", True), ("light", False)]:
            page = self.context(user=self.alice, color_scheme=scheme).new_page()
            page.goto("/api/v1/docs/")
            has_class = "document.documentElement.classList.contains('dark-mode')"
            with self.subTest(scheme):
                self.assertEqual(page.evaluate(has_class), is_dark)

    def test_the_copy_button_of_an_operation_is_beside_its_padlock(self) -> None:
        page = self.context(user=self.alice).new_page()
        page.goto("/api/v1/docs/")
        page.locator(OPERATION).hover()
        copy = page.locator(f"{OPERATION} .opblock-summary .copy-to-clipboard")
        padlock = page.locator(f"{OPERATION} .authorization__btn")
        left, right = copy.bounding_box(), padlock.bounding_box()
        assert left and right
        self.assertLessEqual(left["x"] + left["width"], right["x"])

    def test_api_docs_fit_a_narrow_window(self) -> None:
        page = self.context(user=self.alice).new_page()
        page.goto("/api/v1/docs/")
        page.locator(OPERATION).wait_for()
        for width in (WIDE, NARROW):
            with self.subTest(width):
                page.set_viewport_size({"width": width, "height": 900})
                wide = page.evaluate("document.documentElement.scrollWidth")
                self.assertLessEqual(wide, width)
