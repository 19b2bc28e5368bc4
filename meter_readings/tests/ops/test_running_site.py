"""Tests of the checks of the running site over HTTP."""

from __future__ import annotations

import logging
from unittest.mock import patch

from django.contrib.staticfiles.testing import StaticLiveServerTestCase
from django.test import override_settings

from meter_readings.ops import running_site
from meter_readings.ops.running_site import check_running_site


class CheckRunningSiteTests(StaticLiveServerTestCase):
    def failures(self, url: str = "", host: str = "") -> dict[str, str]:
        """Return the messages of the failed checks, by name."""
        results = check_running_site(url=url or self.live_server_url, host=host)
        return {result.name: result.message for result in results if result.is_failure}

    def test_all_checks_pass_for_a_running_site(self) -> None:
        results = check_running_site(url=self.live_server_url)
        self.assertEqual(
            [(result.name, result.is_failure) for result in results],
            [("site", False), ("sign-in page", False), ("style sheet", False)],
        )

    def test_check_running_site_reports_a_site_that_does_not_run(self) -> None:
        self.assertIn("does not answer", self.failures("http://127.0.0.1:1")["site"])
        self.assertIn("does not answer", self.failures("https://127.0.0.1:1")["site"])

    def test_check_running_site_reports_an_invalid_url(self) -> None:
        self.assertIn("does not answer", self.failures("http://127.0.0.1:many")["site"])

    def test_check_running_site_reports_a_host_that_is_not_allowed(self) -> None:
        self.disable_logging()
        failures = self.failures(host="elsewhere.example")
        self.assertIn("the sign-in page answers 400", failures["sign-in page"])

    def test_check_running_site_reports_a_url_of_another_site(self) -> None:
        url = f"{self.live_server_url}/elsewhere"
        with patch.object(running_site, "_http_get", return_value=(404, {}, "")):
            self.assertIn("answers 404", self.failures(url)["site"])

    @override_settings(IS_PRODUCTION=True)
    def test_check_running_site_reports_a_login_page_without_a_security_header(
        self,
    ) -> None:
        self.assertEqual(
            self.failures()["sign-in page"],
            "the sign-in page lacks Strict-Transport-Security",
        )

    def disable_logging(self) -> None:
        """Keep the expected errors out of the output of the tests."""
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)

    def test_check_running_site_reports_a_style_sheet_that_is_not_served(self) -> None:
        self.disable_logging()
        with self.settings(STATIC_URL="/elsewhere/"):
            self.assertIn("answers 404", self.failures()["style sheet"])

    def test_check_running_site_reports_a_login_page_without_a_style_sheet(
        self,
    ) -> None:
        headers = dict.fromkeys(running_site._SECURITY_HEADERS, "yes")
        answers = [(200, {}, "ok"), (200, headers, "<p>Sign in</p>"), (404, {}, "")]
        with patch.object(running_site, "_http_get", side_effect=answers):
            self.assertEqual(self.failures(), {"style sheet": "/static/ answers 404"})
