"""Pages of other sites read the API only if the settings name them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.test import Client, override_settings

from meter_readings.tests.api.base import ApiTestCase

OURS, EVIL = "https://tools.example", "https://evil.example"
ALLOWED = "Access-Control-Allow-Origin"


class OtherSiteTests(ApiTestCase):
    def test_none_is_named_by_itself(self) -> None:
        self.assertEqual(settings.CORS_ALLOWED_ORIGINS, [])
        response = self.client.get("/api/v1/", headers={"origin": EVIL})
        self.assertNotIn(ALLOWED, response)

    @override_settings(CORS_ALLOWED_ORIGINS=[OURS])
    def test_one_that_is_named_may_read(self) -> None:
        response = self.client.get("/api/v1/", headers={"origin": OURS})
        self.assertEqual(response[ALLOWED], OURS)
        self.assertNotIn("Access-Control-Allow-Credentials", response)

    @override_settings(CORS_ALLOWED_ORIGINS=[OURS])
    def test_another_may_not(self) -> None:
        response = self.client.get("/api/v1/", headers={"origin": EVIL})
        self.assertNotIn(ALLOWED, response)

    @override_settings(CORS_ALLOWED_ORIGINS=[OURS])
    def test_a_browser_that_asks_first_is_told_the_methods(self) -> None:
        response = self.client.options(
            "/api/v1/readings/",
            headers={"origin": OURS, "access-control-request-method": "GET"},
        )
        self.assertEqual(response.status_code, 200)
        self.assertEqual(response["Access-Control-Allow-Methods"], "GET, HEAD, POST")

    def asked_first(self, origin: str, names: str) -> Any:
        """Return what a browser is told that asks whether it may send headers."""
        return Client().options(
            "/api/v1/readings/",
            headers={
                "origin": origin,
                "access-control-request-method": "GET",
                "access-control-request-headers": names,
            },
        )

    @override_settings(CORS_ALLOWED_ORIGINS=[OURS])
    def test_a_page_may_show_a_token(self) -> None:
        response = self.asked_first(OURS, "authorization")
        self.assertEqual((response.status_code, response[ALLOWED]), (200, OURS))
        self.assertIn("authorization", response["Access-Control-Allow-Headers"])

    @override_settings(CORS_ALLOWED_ORIGINS=[OURS])
    def test_a_page_of_another_site_may_not(self) -> None:
        self.assertNotIn(ALLOWED, self.asked_first(EVIL, "authorization"))

    @override_settings(CORS_ALLOWED_ORIGINS=[OURS])
    def test_a_page_may_read_how_much_it_may_still_ask(self) -> None:
        response = self.client.get("/api/v1/", headers={"origin": OURS})
        exposed = response["Access-Control-Expose-Headers"].split(", ")
        self.assertLessEqual({"Retry-After", "ETag"}, set(exposed))

    @override_settings(CORS_ALLOWED_ORIGINS=[OURS])
    def test_a_page_is_told_that_it_is_not_known(self) -> None:
        self.silence_request_log()
        response = Client().get("/api/v1/", headers={"origin": OURS})
        self.assertEqual((response.status_code, response[ALLOWED]), (401, OURS))

    @override_settings(CORS_ALLOWED_ORIGINS=[OURS])
    def test_pages_outside_the_api_are_for_no_other_site(self) -> None:
        response = self.client.get("/admin/login/", headers={"origin": OURS})
        self.assertNotIn(ALLOWED, response)
