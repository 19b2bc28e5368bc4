"""Cross-origin requests: only configured origins may read the API."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.test import Client, override_settings

from meter_readings.tests.api.base import ApiTestCase

OURS, EVIL = "https://tools.example", "https://evil.example"
ALLOWED = "Access-Control-Allow-Origin"


class CorsTests(ApiTestCase):
    def test_allows_no_origin_by_default(self) -> None:
        self.assertEqual(settings.CORS_ALLOWED_ORIGINS, [])
        response = self.client.get("/api/v1/", headers={"origin": EVIL})
        self.assertNotIn(ALLOWED, response)

    @override_settings(CORS_ALLOWED_ORIGINS=[OURS])
    def test_allows_a_configured_origin_to_read(self) -> None:
        response = self.client.get("/api/v1/", headers={"origin": OURS})
        self.assertEqual(response[ALLOWED], OURS)
        self.assertNotIn("Access-Control-Allow-Credentials", response)

    @override_settings(CORS_ALLOWED_ORIGINS=[OURS])
    def test_does_not_allow_another_origin(self) -> None:
        response = self.client.get("/api/v1/", headers={"origin": EVIL})
        self.assertNotIn(ALLOWED, response)

    @override_settings(CORS_ALLOWED_ORIGINS=[OURS])
    def test_a_preflight_request_lists_the_methods(self) -> None:
        response = self.client.options(
            "/api/v1/readings/",
            headers={"origin": OURS, "access-control-request-method": "GET"},
        )
        self.assertEqual(response.status_code, 200)
        self.assertEqual(response["Access-Control-Allow-Methods"], "GET, HEAD, POST")

    def asked_first(self, origin: str, names: str) -> Any:
        """Return the response to a preflight request for headers."""
        return Client().options(
            "/api/v1/readings/",
            headers={
                "origin": origin,
                "access-control-request-method": "GET",
                "access-control-request-headers": names,
            },
        )

    @override_settings(CORS_ALLOWED_ORIGINS=[OURS])
    def test_a_preflight_request_allows_the_authorization_header(self) -> None:
        response = self.asked_first(OURS, "authorization")
        self.assertEqual((response.status_code, response[ALLOWED]), (200, OURS))
        self.assertIn("authorization", response["Access-Control-Allow-Headers"])

    @override_settings(CORS_ALLOWED_ORIGINS=[OURS])
    def test_a_preflight_request_of_another_origin_is_not_allowed(self) -> None:
        self.assertNotIn(ALLOWED, self.asked_first(EVIL, "authorization"))

    @override_settings(CORS_ALLOWED_ORIGINS=[OURS])
    def test_exposes_the_headers_that_clients_need(self) -> None:
        response = self.client.get("/api/v1/", headers={"origin": OURS})
        exposed = response["Access-Control-Expose-Headers"].split(", ")
        self.assertLessEqual({"Retry-After", "ETag"}, set(exposed))

    @override_settings(CORS_ALLOWED_ORIGINS=[OURS])
    def test_an_allowed_origin_can_read_a_401(self) -> None:
        self.silence_request_log()
        response = Client().get("/api/v1/", headers={"origin": OURS})
        self.assertEqual((response.status_code, response[ALLOWED]), (401, OURS))

    @override_settings(CORS_ALLOWED_ORIGINS=[OURS])
    def test_allows_no_origin_outside_the_api(self) -> None:
        response = self.client.get("/admin/login/", headers={"origin": OURS})
        self.assertNotIn(ALLOWED, response)
