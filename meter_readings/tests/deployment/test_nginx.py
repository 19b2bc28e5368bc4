"""nginx, as it is set up: what it lets through, what not, and what it writes down."""

from __future__ import annotations

import http.client
import os
import ssl
import time
from http.cookies import SimpleCookie
from typing import ClassVar
from unittest import skipUnless
from urllib.parse import urlencode

from django.test import SimpleTestCase

from .proxy import DOMAIN, NGINX, Answer, ProxiedSite

_MEGABYTE = 1 << 20
_YEAR = "max-age=31536000"
_SESSION, _CSRF = "__Host-sessionid", "__Host-csrftoken"
_PASSWORD = "correct horse battery"

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

    def test_lets_nobody_wait_for_those_who_send_slowly(self) -> None:
        # Behind nginx there is one process here, that answers one after another.
        for _ in range(40):
            self.addCleanup(self.site.send_slowly().close)
        begin = time.monotonic()
        self.assertEqual(self.site.ask("GET", "/healthz").status, 200)
        self.assertLess(time.monotonic() - begin, 5)

    def test_tells_browsers_what_a_page_may_not(self) -> None:
        headers = self.site.ask("GET", "/").headers
        for name, value in [
            ("X-Frame-Options", "DENY"),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "same-origin"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
        ]:
            self.assertEqual(headers.get_all(name), [value])
        for rule in ("default-src 'none'", "frame-ancestors 'none'"):
            self.assertIn(rule, headers["Content-Security-Policy"])
        self.assertIn("camera=()", headers["Permissions-Policy"])

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


@skipUnless(IS_REQUIRED or NGINX, "nginx is not here")
class SessionTests(SimpleTestCase):
    """Somebody signs in by HTTPS and out again, no oftener than nginx lets through."""

    site: ClassVar[ProxiedSite]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.site = cls.enterClassContext(ProxiedSite())
        cls.site.add_user("alice", _PASSWORD)

    def setUp(self) -> None:
        self.cookies = SimpleCookie[str]()

    def ask(self, method: str, path: str, **fields: str) -> Answer:
        """Ask as a browser does, which keeps what cookies it is given."""
        pairs = (f"{name}={each.value}" for name, each in self.cookies.items())
        headers = {"Cookie": "; ".join(pairs), "Origin": f"https://{DOMAIN}"}
        body = None
        if method == "POST":
            fields["csrfmiddlewaretoken"] = self.cookies[_CSRF].value
            body = urlencode(fields).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        answer = self.site.ask(method, path, body=body, headers=headers)
        for cookie in answer.headers.get_all("Set-Cookie", []):
            self.cookies.load(cookie)
        return answer

    def sign_in(self, path: str = "/admin/login/?next=/") -> Answer:
        """Sign in as somebody who may."""
        self.ask("GET", path)
        return self.ask("POST", path, username="alice", password=_PASSWORD)

    def test_is_kept_by_a_cookie_for_this_host_and_https_alone(self) -> None:
        self.sign_in()
        for name in (_SESSION, _CSRF):
            cookie = self.cookies[name]
            self.assertEqual((cookie["secure"], cookie["path"]), (True, "/"))
            self.assertEqual((cookie["samesite"], cookie["domain"]), ("Lax", ""))
        self.assertIs(self.cookies[_SESSION]["httponly"], True)

    def test_is_another_one_after_signing_in(self) -> None:
        self.ask("GET", "/admin/login/")
        chosen = "chosen0by0somebody0else012345678"
        self.cookies[_SESSION] = chosen
        self.assertEqual(self.sign_in().status, 302)
        self.assertNotEqual(self.cookies[_SESSION].value, chosen)

    def test_opens_nothing_after_signing_out(self) -> None:
        self.sign_in()
        self.assertEqual(self.ask("GET", "/admin/").status, 200)
        kept = self.cookies[_SESSION].value
        self.ask("POST", "/admin/logout/")
        self.cookies[_SESSION] = kept
        self.assertEqual(self.ask("GET", "/admin/").status, 302)

    def test_leads_to_no_other_site(self) -> None:
        answer = self.sign_in("/admin/login/?next=//evil.example/")
        self.assertEqual(answer.headers["Location"], "/")
