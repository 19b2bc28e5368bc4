"""Tests of the checks of the running site over HTTP."""

from __future__ import annotations

import logging
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from unittest.mock import patch

from django.contrib.staticfiles.testing import StaticLiveServerTestCase
from django.test import SimpleTestCase, override_settings, tag
from django.utils import timezone

from meter_readings.ops.running_site import (
    Site,
    _check_upload_size,
    check_running_site,
)

from .findings import Finding


def failures(url: str, host: str = "") -> dict[str, Finding]:
    """Return the failed checks, by name."""
    return {
        result.name: Finding(result.message, result.remedy)
        for result in check_running_site(url=url, host=host)
        if result.is_failure
    }


@tag("database_independent")
class CheckRunningSiteTests(StaticLiveServerTestCase):
    def failures(self, host: str = "") -> dict[str, Finding]:
        return failures(self.live_server_url, host)

    def disable_logging(self) -> None:
        """Keep the expected errors out of the output of the tests."""
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)

    def test_all_checks_pass_for_a_running_site(self) -> None:
        self.disable_logging()
        results = check_running_site(url=self.live_server_url)
        self.assertEqual(
            [(result.name, result.is_failure) for result in results],
            [
                ("site", False),
                ("site's clock", False),
                ("readiness", False),
                ("sign-in page", False),
                ("served files", False),
                ("error pages", False),
                ("upload size", False),
            ],
        )

    def test_a_host_that_is_not_allowed(self) -> None:
        self.disable_logging()
        found = self.failures(host="elsewhere.example")["sign-in page"]
        self.assertIn("answers 400 for the host name elsewhere", found.message)
        self.assertIn("Add elsewhere.example to ALLOWED_HOSTS", found.remedy)

    @override_settings(IS_PRODUCTION=True)
    def test_a_page_without_a_security_header(self) -> None:
        self.disable_logging()
        found = self.failures()["sign-in page"]
        self.assertEqual(found.message, "it lacks Strict-Transport-Security")
        self.assertIn("BEHIND_PROXY=1", found.remedy)

    def test_a_static_file_that_is_not_served(self) -> None:
        self.disable_logging()
        with self.settings(STATIC_URL="/elsewhere/"):
            found = self.failures()["served files"]
        self.assertIn("answers 404", found.message)
        self.assertIn("collectstatic", found.remedy)

    def test_a_site_that_is_in_development(self) -> None:
        self.disable_logging()
        with self.settings(DEBUG=True, IS_PRODUCTION=True):
            found = self.failures()["error pages"]
        self.assertIn("DEBUG is on", found.message)
        self.assertIn("D0010_ENV=production", found.remedy)

    def test_a_site_that_is_not_ready(self) -> None:
        self.disable_logging()
        with self.settings(MIN_FREE_DISK_MB=1 << 40):
            found = self.failures()["readiness"]
        self.assertIn("the site lacks disk", found.message)
        self.assertIn("systemctl restart d0010-web", found.remedy)

    def test_a_clock_that_is_ahead_of_that_of_the_site(self) -> None:
        self.disable_logging()
        later = timezone.now() + timedelta(days=1)
        with patch.object(timezone, "now", return_value=later):
            found = self.failures()["site's clock"]
        self.assertRegex(found.message, "ahead of the site's clock")
        self.assertIn("timedatectl set-ntp true", found.remedy)


@tag("database_independent")
class OtherAnswerTests(SimpleTestCase):
    """What answers is not the site."""

    def serve(self, status: int) -> str:
        """Return the URL of a server that answers every request alike."""

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response_only(status if self.path == "/healthz" else 500)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_POST(self) -> None:
                self.send_response_only(status)
                self.end_headers()

        server = HTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=server.serve_forever).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}"

    def answer(self, status: int) -> dict[str, Finding]:
        """Return the findings about such a server."""
        return failures(self.serve(status))

    def test_a_proxy_that_refuses_the_largest_upload(self) -> None:
        found = _check_upload_size(Site(self.serve(413), ""))
        self.assertIn("the proxy refuses files of 1024 MB", found.message)
        self.assertIn("client_max_body_size 1024m", found.remedy)

    def test_a_site_that_does_not_run(self) -> None:
        for url in ("http://127.0.0.1:1", "https://127.0.0.1:1"):
            found = failures(url)["site"]
            self.assertIn("Connection refused", found.message)
            self.assertIn("Run: systemctl start d0010-web", found.remedy)

    def test_a_name_that_does_not_exist(self) -> None:
        self.assertIn("DNS", failures("http://nowhere.invalid")["site"].remedy)

    def test_a_url_that_is_not_valid(self) -> None:
        found = failures("http://127.0.0.1:many")["site"]
        self.assertIn("https://readings.example.org", found.remedy)

    def test_other_answers_than_those_of_the_site(self) -> None:
        for status, remedy in [
            (404, "Is the URL right?"),
            (301, "--url https://127.0.0.1"),
            (502, "the site behind it does not. Run: systemctl start d0010-web"),
        ]:
            with self.subTest(status):
                self.assertIn(remedy, self.answer(status)["site"].remedy)

    def test_a_page_with_an_error(self) -> None:
        found = self.answer(200)["sign-in page"]
        self.assertEqual(found.message, "it answers 500")
        self.assertIn("journalctl -u d0010-web", found.remedy)
