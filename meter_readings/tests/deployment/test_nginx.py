"""Tests of the site behind a real nginx with the generated configuration."""

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

from .proxy import DOMAIN, NGINX, ProxiedSite, Response

_MEGABYTE = 1 << 20
_YEAR = "max-age=31536000"
_SESSION, _CSRF = "__Host-sessionid", "__Host-csrftoken"
_PASSWORD = "correct horse battery"

IS_REQUIRED = bool(os.environ.get("D0010_PROGRAMS_REQUIRED"))


@skipUnless(IS_REQUIRED or NGINX, "nginx is not installed")
class NginxTests(SimpleTestCase):
    site: ClassVar[ProxiedSite]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.site = cls.enterClassContext(ProxiedSite())

    def test_https_response_has_hsts_for_one_year(self) -> None:
        response = self.site.request("GET", "/admin/login/")
        self.assertEqual(response.status, 200)
        self.assertIn(_YEAR, response.headers["Strict-Transport-Security"])
        self.assertEqual(response.headers["X-Seen-PROTO"], "https")

    def test_http_pages_redirect_to_https(self) -> None:
        response = self.site.request("GET", "/admin/?q=1", https=False)
        self.assertEqual(response.status, 301)
        self.assertEqual(response.headers["Location"], f"https://{DOMAIN}/admin/?q=1")

    def test_http_api_requests_are_forbidden(self) -> None:
        response = self.site.request("GET", "/api/v1/readings/", https=False)
        self.assertEqual(response.status, 403)
        self.assertNotIn("Location", response.headers)

    def test_other_host_names_are_rejected(self) -> None:
        with self.assertRaises(http.client.RemoteDisconnected):
            self.site.request("GET", "/", https=False, host="other.example")
        with self.assertRaises(ssl.SSLError):
            self.site.request("GET", "/", host="other.example")

    def test_forwarded_headers_of_clients_are_overwritten(self) -> None:
        forged = {"X-Forwarded-For": "10.1.2.3", "X-Forwarded-Proto": "http"}
        headers = self.site.request("GET", "/admin/login/", headers=forged).headers
        self.assertEqual(headers.get_all("X-Seen-FOR"), ["127.0.0.1"])
        self.assertEqual(headers.get_all("X-Seen-PROTO"), ["https"])

    def test_only_upload_addresses_accept_large_bodies(self) -> None:
        large = bytes(_MEGABYTE + 1)
        for path, is_accepted in [
            ("/admin/login/", False),
            ("/api/v1/readings/", False),
            ("/admin/upload/", True),
            ("/api/v1/flow-files/", True),
            ("/api/v1/flow-files", True),
            ("/api/v1/flow-files/upload/", True),
            ("/api/v1/flow-files/1/", False),
        ]:
            with self.subTest(path):
                response = self.site.request("POST", path, body=large)
                self.assertEqual("X-Seen-FOR" in response.headers, is_accepted)
                if not is_accepted:
                    self.assertEqual(response.status, 413)

    def test_slow_clients_do_not_block_others(self) -> None:
        # The site behind nginx is one process that answers one request at a time.
        for _ in range(40):
            self.addCleanup(self.site.send_slowly().close)
        started = time.monotonic()
        self.assertEqual(self.site.request("GET", "/healthz").status, 200)
        self.assertLess(time.monotonic() - started, 5)

    def test_response_has_security_headers(self) -> None:
        headers = self.site.request("GET", "/").headers
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

    def test_readiness_is_served_to_this_machine(self) -> None:
        self.assertEqual(self.site.request("GET", "/readyz").status, 200)

    def test_large_responses_are_compressed(self) -> None:
        for path, is_large in [("/api/v1/docs/", True), ("/healthz", False)]:
            response = self.site.request(
                "GET", path, headers={"Accept-Encoding": "gzip"}
            )
            with self.subTest(path):
                encoding = response.headers["Content-Encoding"]
                self.assertEqual(encoding == "gzip", is_large)

    def test_server_header_has_no_version(self) -> None:
        server = self.site.request("GET", "/admin/login/").headers["Server"]
        self.assertEqual(server, "nginx")

    def test_login_page_is_rate_limited(self) -> None:
        responses = [
            self.site.request("GET", "/admin/login/").status for _ in range(30)
        ]
        self.assertIn(429, responses)

    def test_access_log_has_no_query_string(self) -> None:
        self.site.request("GET", "/admin/nowhere/?q=1200023305967")
        self.site.request("GET", "/other/?q=1200023305967", https=False)
        self.assertIn('"GET /admin/nowhere/" ', self.site.access_log)
        self.assertNotIn("1200023305967", self.site.access_log)

    def test_access_log_masks_the_mpan_in_a_path(self) -> None:
        self.site.request("GET", "/api/v1/meter-points/1200023305967/readings/")
        # nginx writes the line after the response.
        self.site.request("GET", "/healthz")
        self.assertIn(
            '"GET /api/v1/meter-points/[MPAN]/readings/" ', self.site.access_log
        )
        self.assertNotIn("1200023305967", self.site.access_log)


@skipUnless(IS_REQUIRED or NGINX, "nginx is not installed")
class NginxSessionTests(SimpleTestCase):
    site: ClassVar[ProxiedSite]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.site = cls.enterClassContext(ProxiedSite())
        cls.site.add_user("alice", _PASSWORD)

    def setUp(self) -> None:
        self.cookies = SimpleCookie[str]()

    def request(self, method: str, path: str, **fields: str) -> Response:
        """Send a form with the cookies received so far, as a browser does."""
        pairs = (f"{name}={cookie.value}" for name, cookie in self.cookies.items())
        headers = {"Cookie": "; ".join(pairs), "Origin": f"https://{DOMAIN}"}
        body = None
        if method == "POST":
            fields["csrfmiddlewaretoken"] = self.cookies[_CSRF].value
            body = urlencode(fields).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        response = self.site.request(method, path, body=body, headers=headers)
        for cookie in response.headers.get_all("Set-Cookie", []):
            self.cookies.load(cookie)
        return response

    def log_in(self, path: str = "/admin/login/?next=/") -> Response:
        self.request("GET", path)
        return self.request("POST", path, username="alice", password=_PASSWORD)

    def test_cookies_are_secure_and_bound_to_the_host(self) -> None:
        self.log_in()
        for name in (_SESSION, _CSRF):
            cookie = self.cookies[name]
            self.assertEqual((cookie["secure"], cookie["path"]), (True, "/"))
            self.assertEqual((cookie["samesite"], cookie["domain"]), ("Lax", ""))
        self.assertIs(self.cookies[_SESSION]["httponly"], True)

    def test_session_id_changes_at_login(self) -> None:
        self.request("GET", "/admin/login/")
        chosen = "chosen0by0somebody0else012345678"
        self.cookies[_SESSION] = chosen
        self.assertEqual(self.log_in().status, 302)
        self.assertNotEqual(self.cookies[_SESSION].value, chosen)

    def test_session_ends_at_logout(self) -> None:
        self.log_in()
        self.assertEqual(self.request("GET", "/admin/").status, 200)
        session_id = self.cookies[_SESSION].value
        self.request("POST", "/admin/logout/")
        self.cookies[_SESSION] = session_id
        self.assertEqual(self.request("GET", "/admin/").status, 302)

    def test_login_does_not_redirect_to_another_site(self) -> None:
        response = self.log_in("/admin/login/?next=//evil.example/")
        self.assertEqual(response.headers["Location"], "/")
