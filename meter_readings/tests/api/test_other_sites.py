"""Pages of other sites read the API only if the settings name them."""

from __future__ import annotations

from django.conf import settings
from django.test import SimpleTestCase, override_settings

from config import api
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
        self.assertEqual(response["Access-Control-Allow-Methods"], "GET, HEAD")

    @override_settings(CORS_ALLOWED_ORIGINS=[OURS])
    def test_pages_outside_the_api_are_for_no_other_site(self) -> None:
        response = self.client.get("/admin/login/", headers={"origin": OURS})
        self.assertNotIn(ALLOWED, response)


class ProductionTests(SimpleTestCase):
    def test_takes_no_password_with_a_request(self) -> None:
        chosen = api.rest_framework(is_production=True)
        self.assertEqual(
            chosen["DEFAULT_AUTHENTICATION_CLASSES"],
            [
                "meter_readings.api.authentication.ByToken",
                "meter_readings.api.authentication.BySession",
            ],
        )

    def test_answers_in_json_and_shows_no_page(self) -> None:
        chosen = api.rest_framework(is_production=True)
        self.assertEqual(
            chosen["DEFAULT_RENDERER_CLASSES"],
            ["rest_framework.renderers.JSONRenderer"],
        )
