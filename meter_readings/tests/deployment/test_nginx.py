"""nginx, as it is set up: what it lets through, what not, and what it writes down."""

from __future__ import annotations

import http.client
import os
import ssl
from typing import ClassVar
from unittest import skipUnless

from django.test import SimpleTestCase

from .proxy import DOMAIN, NGINX, ProxiedSite

_MEGABYTE = 1 << 20
_YEAR = "max-age=31536000"

IS_REQUIRED = bool(os.environ.get("D0010_DRILLS_REQUIRED"))


@skipUnless(IS_REQUIRED or NGINX, "nginx is not here")
class NginxTests(SimpleTestCase):
    site: ClassVar[ProxiedSite]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.site = cls.enterClassContext(ProxiedSite())

    def is_from_site(self, headers: http.client.HTTPMessage) -> bool:
        """Return whether an answer came from behind the proxy."""
        return "X-Request-ID" in headers

    def test_shows_the_site_by_https_for_a_year(self) -> None:
        answer = self.site.ask("GET", "/admin/login/")
        self.assertEqual(answer.status, 200)
        self.assertIn(_YEAR, answer.headers["Strict-Transport-Security"])
        self.assertEqual(answer.headers["X-Seen-PROTO"], "https")

    def test_moves_people_to_https(self) -> None:
        answer = self.site.ask("GET", "/admin/?q=1", by_https=False)
        self.assertEqual(answer.status, 301)
        self.assertEqual(answer.headers["Location"], f"https://{DOMAIN}/admin/?q=1")

    def test_does_not_move_programs_with_their_secrets(self) -> None:
        answer = self.site.ask("GET", "/api/v1/readings/", by_https=False)
        self.assertEqual(answer.status, 403)
        self.assertNotIn("Location", answer.headers)

    def test_says_nothing_to_those_who_ask_for_another_name(self) -> None:
        with self.assertRaises(http.client.RemoteDisconnected):
            self.site.ask("GET", "/", by_https=False, host="other.example")
        with self.assertRaises(ssl.SSLError):
            self.site.ask("GET", "/", host="other.example")

    def test_overwrites_what_a_client_says_of_itself(self) -> None:
        forged = {"X-Forwarded-For": "10.1.2.3", "X-Forwarded-Proto": "http"}
        headers = self.site.ask("GET", "/admin/login/", headers=forged).headers
        self.assertEqual(headers.get_all("X-Seen-FOR"), ["127.0.0.1"])
        self.assertEqual(headers.get_all("X-Seen-PROTO"), ["https"])

    def test_takes_a_large_body_where_files_come_in_and_nowhere_else(self) -> None:
        large = bytes(_MEGABYTE + 1)
        for path, is_let_through in [
            ("/admin/login/", False),
            ("/api/v1/readings/", False),
            ("/admin/upload/", True),
            ("/api/v1/flow-files/", True),
            ("/api/v1/flow-files/upload/", True),
            ("/api/v1/flow-files/1/", False),
        ]:
            with self.subTest(path):
                answer = self.site.ask("POST", path, body=large)
                self.assertEqual("X-Seen-FOR" in answer.headers, is_let_through)
                if not is_let_through:
                    self.assertEqual(answer.status, 413)

    def test_lets_this_machine_alone_look_at_its_state(self) -> None:
        self.assertEqual(self.site.ask("GET", "/readyz").status, 200)

    def test_says_not_which_version_it_is(self) -> None:
        server = self.site.ask("GET", "/admin/login/").headers["Server"]
        self.assertEqual(server, "nginx")

    def test_slows_down_those_who_guess_passwords(self) -> None:
        answers = [self.site.ask("GET", "/admin/login/").status for _ in range(30)]
        self.assertIn(429, answers)

    def test_writes_down_no_query(self) -> None:
        self.site.ask("GET", "/admin/nowhere/?q=1200023305967")
        self.site.ask("GET", "/other/?q=1200023305967", by_https=False)
        self.assertIn('"GET /admin/nowhere/" ', self.site.log)
        self.assertNotIn("1200023305967", self.site.log)
