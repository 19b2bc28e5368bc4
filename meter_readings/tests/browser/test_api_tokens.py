"""A token is made, shown once, and revoked, in a browser; no page of it has a fault."""

from __future__ import annotations

import re

from django.test import Client

from meter_readings.models import ApiToken

from .page_checks import FaultsTestCase

LIST = "/admin/meter_readings/apitoken/"


class TokenTests(FaultsTestCase):
    samples = "economy_7.uff"

    def test_from_the_form_to_the_end_of_a_token(self) -> None:
        page = self.page(user=self.alice)
        page.goto(LIST)
        page.click("text=Make a token")
        page.click("text=Make the token")
        self.assertEqual(page.url.removeprefix(self.live_server_url), f"{LIST}add/")
        page.fill("#id_name", "from a browser")
        page.select_option("#id_user", label="alice")
        page.click("text=Make the token")
        page.wait_for_selector(".secret")
        secret = page.inner_text(".secret")
        self.assertRegex(secret, r"^d0010_[0-9a-f]{64}$")
        self.assertEqual(self.faults_of(page), [])
        headers = {"Authorization": f"Bearer {secret}"}
        self.assertEqual(Client().get("/api/v1/", headers=headers).status_code, 200)

        page.click("text=To the list of tokens")
        page.click("text=from a browser")
        self.assertNotIn(secret, page.content())
        page.click("text=Revoke it")
        page.wait_for_selector("text=Revoke 1 token?")
        self.assertEqual(self.faults_of(page), [])
        page.click("button[value=revoke]")
        page.wait_for_selector(".messagelist")
        token = ApiToken.objects.get(name="from a browser")
        self.assertIsNotNone(token.revoked_at)
        self.assertEqual(Client().get("/api/v1/", headers=headers).status_code, 401)

    def test_the_form_says_what_is_wrong_without_a_fault(self) -> None:
        page = self.page(user=self.alice)
        page.goto(f"{LIST}add/")
        page.evaluate("document.querySelector('form.upload').noValidate = true")
        page.fill("#id_days", "1000")
        page.click("text=Make the token")
        page.wait_for_selector(".problem")
        said = page.locator(".problem").all_inner_texts()
        self.assertEqual(
            [re.sub(r"^\W+", "", words) for words in said],
            [
                "Say what it is for.",
                "Choose the user it belongs to.",
                "Ensure this value is less than or equal to 366.",
            ],
        )
        self.assertEqual(self.faults_of(page), [])
