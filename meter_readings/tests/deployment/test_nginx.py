"""Tests of the site behind a real nginx with the generated configuration."""

from __future__ import annotations

import http.client
import json
import os
import ssl
import time
import uuid
from http import HTTPStatus
from http.cookies import SimpleCookie
from typing import ClassVar
from unittest import skipUnless
from urllib.parse import urlencode

from django.test import SimpleTestCase

from meter_readings.api.exceptions import problem_type
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP

from .proxy import BALANCER, DOMAIN, NGINX, ProxiedSite, Response

_MEGABYTE = 1 << 20
_TOO_LARGE = 300 * _MEGABYTE + 1
_YEAR = "max-age=31536000"
_SESSION, _CSRF = "__Host-sessionid", "__Host-csrftoken"
_PASSWORD = "correct horse battery"

IS_REQUIRED = bool(os.environ.get("D0010_PROGRAMS_REQUIRED"))


@skipUnless(IS_REQUIRED or NGINX, "nginx is not installed")
class NginxTests(SimpleTestCase):
    site: ClassVar[ProxiedSite]
    token: ClassVar[dict[str, str]]
    read_token: ClassVar[dict[str, str]]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.site = cls.enterClassContext(ProxiedSite())
        cls.site.add_user("alice", _PASSWORD)
        cls.token = cls.site.add_token("alice", "import")
        cls.read_token = cls.site.add_token("alice", "read")

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

    def test_a_load_balancer_names_the_client_and_others_do_not(self) -> None:
        forwarded = {"X-Forwarded-For": "192.0.2.9, 192.0.2.1"}
        for source, client in [(BALANCER, "192.0.2.1"), ("127.0.0.8", "127.0.0.8")]:
            response = self.site.request("GET", "/", source=source, headers=forwarded)
            self.assertEqual(response.headers.get_all("X-Seen-FOR"), [client])

    def test_the_site_answers_on_ipv6(self) -> None:
        response = self.site.request("GET", "/healthz", address="::1")
        self.assertEqual(response.status, 200)

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
                response = self.site.request(
                    "POST", path, body=large, headers=self.token
                )
                self.assertEqual("X-Seen-FOR" in response.headers, is_accepted)
                if not is_accepted:
                    self.assertEqual(response.status, 413)

    def test_requests_without_files_may_have_a_few_kilobytes(self) -> None:
        for path, kilobytes in [
            ("/admin/login/", 16),
            ("/api/v1/readings/", 32),
            ("/admin/meter_readings/reading/", 128),
        ]:
            for size, is_accepted in [(kilobytes, True), (kilobytes + 1, False)]:
                with self.subTest(path, size=size):
                    body = b"x" * (size << 10)
                    response = self.site.request("POST", path, body=body)
                    self.assertEqual(response.status != 413, is_accepted)

    def test_an_upload_without_permission_is_refused_before_its_body_is_received(
        self,
    ) -> None:
        wrong = {"Authorization": f"Bearer d0010_{'0' * 64}"}
        for path in ["/api/v1/flow-files", "/api/v1/flow-files/upload/"]:
            for headers, status, detail in [
                ({}, 401, "Authentication is required: send a token, or sign in."),
                (wrong, 401, "Invalid token. Check that it was sent whole"),
                (self.read_token, 403, "The token's scope does not include import."),
            ]:
                with self.subTest(path, detail=detail):
                    response = self.announce(path, headers=headers)
                    self.assert_problem(response, status, detail)
                    has_challenge = "WWW-Authenticate" in response.headers
                    self.assertEqual(has_challenge, status == 401)
        response = self.announce("/admin/upload/")
        self.assertEqual(response.status, 303)
        self.assertEqual(response.headers["Location"], "/admin/upload/")

    def test_many_uploads_without_a_token_are_too_many_requests(self) -> None:
        client = {"X-Forwarded-For": "192.0.2.60"}
        for _ in range(21):
            response = self.announce(
                "/api/v1/flow-files", source=BALANCER, headers=client
            )
        self.assert_problem(response, 429, "Too many requests. Wait as many seconds")
        self.assertLessEqual(1, int(response.headers["Retry-After"]))

    def test_an_upload_over_the_limit_is_refused_before_its_body_is_received(
        self,
    ) -> None:
        for path in ["/api/v1/flow-files", "/api/v1/readings/"]:
            response = self.announce(path, length=_TOO_LARGE, headers=self.token)
            self.assert_problem(response, 413, "The request is too large.")
        response = self.announce("/admin/upload/", length=_TOO_LARGE)
        self.assertEqual(response.status, 413)
        self.assertIn("The upload is larger than 300 MB", response.text)

    def test_an_upload_with_a_token_is_imported(self) -> None:
        for headers, status in [(self.token, 201), (self.token, 200)]:
            response = self.site.request(
                "POST",
                "/api/v1/flow-files?filename=a.uff",
                body=EVERY_GROUP.replace("TR01", "OPER").encode("cp1252"),
                headers={"Content-Type": "text/plain"} | headers,
            )
            self.assertEqual(response.status, status, response.text)

    def test_one_client_has_a_limited_number_of_requests_at_a_time(self) -> None:
        for _ in range(50):
            self.addCleanup(self.site.send_slowly("127.0.0.7").close)
        response = self.site.request("GET", "/api/v1/", source="127.0.0.7")
        self.assert_problem(response, 429, "Too many requests at a time.")
        self.assertEqual(response.headers["Retry-After"], "10")
        page = self.site.request("GET", "/", source="127.0.0.7")
        self.assertEqual(page.status, 429)
        self.assertIn("Too many requests at a time.", page.text)
        self.assertEqual(self.site.request("GET", "/healthz").status, 200)

    def announce(
        self,
        path: str,
        *,
        length: int = 300 * _MEGABYTE,
        source: str = "",
        headers: dict[str, str] | None = None,
    ) -> Response:
        """Send the headers of an upload only; return the response."""
        return self.site.announce(path, length=length, source=source, headers=headers)

    def assert_problem(self, response: Response, status: int, detail: str) -> None:
        """Expect a problem in the format of the site."""
        content_type = response.headers["Content-Type"]
        self.assertEqual(content_type, "application/problem+json", response.text)
        problem = json.loads(response.text)
        self.assertEqual((response.status, problem["status"]), (status, status))
        self.assertIn(detail, problem["detail"])
        self.assertEqual(problem["type"], problem_type(status))
        self.assertEqual(problem["title"], HTTPStatus(status).phrase)
        self.assertEqual(problem["request_id"], response.headers["X-Request-ID"])
        self.assertEqual(problem["instance"], f"urn:uuid:{problem['request_id']}")
        self.assertEqual(problem["errors"], [])
        uuid.UUID(problem["request_id"])

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

    def test_access_log_masks_mpans_in_paths(self) -> None:
        for sent, logged in {
            "/api/v1/meter-points/1200023305967/readings/": (
                "/api/v1/meter-points/[MPAN]/readings/"
            ),
            "/API/V1/METER-POINTS/1200023305967": "/API/V1/METER-POINTS/[MPAN]",
            "/a/%31%32%300023305967.csv": "/a/[MPAN].csv",
            "/b/12%200002%203305%20967/x": "/b/[MPAN]/x",
            "/c/12.0002-3305_967": "/c/[MPAN]",
            "/d/%2531%2532%2530%25300023305967/x": "/d/[MPAN]/x",
            "/e/12%25200002%25203305%2520967": "/e/[MPAN]",
            "/f/1200023305967/1200023305967/x": "/f/[MPAN]...",
            "/g/%0A1200023305967/x": "/g/\\x0A[MPAN]/x",
            "/h/038010021200023305967/x": "/h/[MPAN]/x",
            "/meter_readings/site.0123456789ab.css": (
                "/meter_readings/site.0123456789ab.css"
            ),
        }.items():
            headers = {"Referer": f"https://{DOMAIN}/1200023305967"}
            self.site.request("GET", sent, headers=headers)
            # nginx writes the line after the response.
            self.site.request("GET", "/healthz")
            with self.subTest(sent):
                self.assertIn(f'"GET {logged}" ', self.site.access_log)
        for mpan in ("1200023305967", "0023305967"):
            self.assertNotIn(mpan, self.site.access_log)
            self.assertNotIn(mpan, self.site.error_log)


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
