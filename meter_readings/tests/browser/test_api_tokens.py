"""API tokens in a browser: create, copy, revoke, without an accessibility fault."""

from __future__ import annotations

from django.test import Client

from meter_readings.models import ApiToken

from .page_checks import PageCheckTestCase

LIST = "/admin/meter_readings/apitoken/"


class TokenTests(PageCheckTestCase):
    samples = "economy7_meters.uff"

    def test_token_is_created_used_and_revoked_in_the_browser(self) -> None:
        page = self.page(user=self.alice)
        page.goto(LIST)
        page.click("text=Create token")
        page.wait_for_url("**/add/")
        self.assertEqual(self.faults_of(page), [])
        page.fill("#id_name", "from a browser")
        page.select_option("#id_user", label="alice")
        page.click("input[name=_save]")
        page.wait_for_selector(".secret")
        secret = page.inner_text(".secret")
        self.assertRegex(secret, r"^d0010_[0-9a-f]{64}$")
        self.assertEqual(self.faults_of(page), [])
        headers = {"Authorization": f"Bearer {secret}"}
        self.assertEqual(Client().get("/api/v1/", headers=headers).status_code, 200)

        page.goto(LIST)
        page.click("text=from a browser")
        page.wait_for_url("**/change/")
        self.assertNotIn(secret, page.content())
        self.assertEqual(self.faults_of(page), [])
        page.goto(LIST)
        page.check(".action-select")
        page.select_option("select[name=action]", "revoke_selected")
        page.click("button[name=index]")
        page.wait_for_selector("text=Are you sure")
        self.assertEqual(self.faults_of(page), [])
        page.click("button:text('Revoke')")
        page.wait_for_selector(".messagelist")
        token = ApiToken.objects.get(name="from a browser")
        self.assertIsNotNone(token.revoked_at)
        self.assertEqual(Client().get("/api/v1/", headers=headers).status_code, 401)

    def test_token_form_with_errors_is_accessible(self) -> None:
        page = self.page(user=self.alice)
        page.goto(f"{LIST}add/")
        page.fill("#id_days", "1000")
        page.click("input[name=_save]")
        page.wait_for_selector(".errorlist")
        self.assertEqual(
            page.locator(".errorlist li").all_inner_texts(),
            [
                "This field is required.",
                "This field is required.",
                "Ensure this value is less than or equal to 366.",
            ],
        )
        self.assertEqual(self.faults_of(page), [])
