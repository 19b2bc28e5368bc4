"""Error responses: problems with a request id and without internals."""

from __future__ import annotations

import logging
import re
from typing import Any
from unittest.mock import patch

from django.db import OperationalError, connection
from django.test import Client, override_settings

from meter_readings.api.exceptions import DEFAULT_DETAILS, problem_type
from meter_readings.tests.api.base import MPAN, PROBLEM, V1, ApiTestCase

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class ProblemTests(ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.silence_request_log()

    def problem(self, response: Any, status: int) -> dict[str, Any]:
        """Return the problem that a response is."""
        self.assertEqual(response.status_code, status)
        self.assertEqual(response["Content-Type"], PROBLEM)
        problem: dict[str, Any] = response.json()
        self.assertEqual(problem["status"], status)
        self.assertEqual(problem["request_id"], response["X-Request-ID"])
        return problem

    def test_an_error_response_is_a_problem_with_all_members(self) -> None:
        response = self.client.get(V1 + "readings/", {"mpan": "12", "colour": "red"})
        problem = self.problem(response, 400)
        number = problem["request_id"]
        self.assertRegex(number, f"^{UUID}$")
        self.assertEqual(
            problem,
            {
                "type": "/documentation/API_ERRORS/#section-bad-request",
                "title": "Bad Request",
                "status": 400,
                "detail": "The request is invalid; `errors` may say why.",
                "instance": f"urn:uuid:{number}",
                "request_id": number,
                "errors": [
                    {
                        "field": "colour",
                        "code": "unknown",
                        "message": "This parameter does not exist here.",
                    }
                ],
            },
        )

    def test_names_the_parameter_with_an_invalid_value(self) -> None:
        problem = self.problem(self.client.get(V1 + "readings/", {"mpan": "12"}), 400)
        self.assertEqual(
            problem["errors"],
            [
                {
                    "field": "mpan",
                    "code": "invalid",
                    "message": "An MPAN has 13 digits.",
                }
            ],
        )

    def test_a_repeated_or_blank_parameter_is_an_error(self) -> None:
        response = self.client.get(
            V1 + "readings/?mpan=&version_status=all&version_status=all"
        )
        problem = self.problem(response, 400)
        self.assertEqual(
            [(error["field"], error["code"]) for error in problem["errors"]],
            [("mpan", "blank"), ("version_status", "repeated")],
        )

    def test_an_unknown_url_is_a_problem(self) -> None:
        for url in ["/api/v2/", "/api/v1/none/", "/api/v1/readings.json"]:
            with self.subTest(url):
                self.problem(self.client.get(url), 404)

    def test_an_id_without_a_row_is_404(self) -> None:
        for number in ["0", "1", str(2**63), "9" * 100, "9" * 5000]:
            with self.subTest(number[:20]):
                url = f"{V1}readings/{number}/"
                self.problem(self.client.get(url), 404)

    def test_a_method_that_is_not_allowed_is_405_with_allow(self) -> None:
        for method in ["post", "put", "patch", "delete"]:
            with self.subTest(method):
                response = getattr(self.client, method)(V1 + "readings/")
                self.problem(response, 405)
                self.assertEqual(response["Allow"], "GET, HEAD, OPTIONS")

    def test_options_is_204_with_allow(self) -> None:
        for route, allowed in [
            ("", "GET, HEAD, OPTIONS"),
            ("schema/", "GET, HEAD, OPTIONS"),
            ("readings/", "GET, HEAD, OPTIONS"),
            ("flow-files/", "GET, HEAD, POST, OPTIONS"),
            ("flow-files/upload/", "POST, OPTIONS"),
        ]:
            response = self.client.options(V1 + route)
            with self.subTest(route):
                self.assertEqual((response.status_code, response.content), (204, b""))
                self.assertCountEqual(
                    response["Allow"].split(", "), allowed.split(", ")
                )

    def test_the_type_of_every_problem_is_a_section_of_a_page(self) -> None:
        for status in DEFAULT_DETAILS:
            page, _, anchor = problem_type(status).partition("#")
            with self.subTest(status):
                self.assertContains(self.client.get(page), f'id="{anchor}"')

    def test_a_method_that_is_not_allowed_is_405_whatever_its_parameters(self) -> None:
        self.problem(self.client.put(V1 + "readings/?colour=red"), 405)

    def test_an_unavailable_accept_header_is_406(self) -> None:
        headers = {"accept": "application/xml"}
        self.problem(self.client.get(V1 + "readings/", headers=headers), 406)

    def test_an_unknown_format_is_400_with_the_formats(self) -> None:
        response = self.client.get(V1 + "readings/", {"format": "xml"})
        (error,) = self.problem(response, 400)["errors"]
        self.assertEqual(error["field"], "format")
        self.assertEqual(error["message"], "Choose one of: json, csv, d0010.")

    def test_an_anonymous_request_is_401_with_a_challenge(self) -> None:
        response = Client().get(V1 + "readings/")
        self.problem(response, 401)
        self.assertEqual(response["WWW-Authenticate"], 'Bearer realm="api"')

    def test_too_many_parameters_are_400(self) -> None:
        query = "&".join(f"a{number}=1" for number in range(2000))
        self.problem(self.client.get(f"{V1}readings/?{query}"), 400)

    def test_another_host_is_400(self) -> None:
        response = self.client.get(V1, headers={"host": "evil.example"})
        self.problem(response, 400)

    def test_an_unexpected_exception_is_500_without_details(self) -> None:
        client = Client(raise_request_exception=False)
        client.force_login(self.superuser)
        secret = RuntimeError(f"SELECT {MPAN} FROM /srv/secret.py")
        for debug in [False, True]:
            with (
                self.subTest(debug=debug),
                override_settings(DEBUG=debug),
                patch("meter_readings.api.views.base.visible_rows", side_effect=secret),
            ):
                response = client.get(V1 + "readings/")
                self.problem(response, 500)
                for word in ["SELECT", MPAN, "secret", "Traceback", "RuntimeError"]:
                    self.assertNotIn(word, response.content.decode())

    def test_an_unavailable_database_is_503_with_retry_after(self) -> None:
        def fail(*_: Any) -> None:
            raise OperationalError("could not connect to server at 10.0.0.1")

        with connection.execute_wrapper(fail):
            response = self.client.get(V1 + "readings/")
        problem = self.problem(response, 503)
        self.assertEqual(response["Retry-After"], "30")
        self.assertNotIn("10.0.0.1", str(problem))

    def test_error_pages_outside_the_api_are_html(self) -> None:
        response = self.client.get("/no-such-page/")
        self.assertIn("text/html", response["Content-Type"])

    @override_settings(SECURE_SSL_REDIRECT=True)
    def test_plain_http_is_403_and_not_redirected(self) -> None:
        problem = self.problem(self.client.get(V1), 403)
        self.assertEqual(problem["detail"], "Use HTTPS.")

    @override_settings(SECURE_SSL_REDIRECT=True)
    def test_https_is_accepted(self) -> None:
        self.assertEqual(self.client.get(V1, secure=True).status_code, 200)


class RequestIdTests(ApiTestCase):
    def test_each_request_has_its_own_id(self) -> None:
        first, second = (self.get("")["X-Request-ID"] for _ in range(2))
        self.assertNotEqual(first, second)

    def test_html_pages_have_a_request_id(self) -> None:
        self.assertRegex(self.client.get("/")["X-Request-ID"], f"^{UUID}$")

    def test_ignores_a_request_id_of_the_client(self) -> None:
        response = self.client.get(V1, headers={"x-request-id": "mine\r\n"})
        self.assertRegex(response["X-Request-ID"], f"^{UUID}$")

    def test_the_log_has_the_request_id(self) -> None:
        with self.assertLogs("django.request") as logs:
            response = self.client.get(V1 + "none/")
        handler = logging.getHandlerByName("console")
        assert handler is not None
        (record,) = logs.records
        handler.filter(record)
        self.assertIn(response["X-Request-ID"], handler.format(record))

    def test_log_lines_outside_requests_have_no_request_id(self) -> None:
        handler = logging.getHandlerByName("console")
        assert handler is not None
        record = logging.makeLogRecord({"msg": "Started", "name": "test"})
        handler.filter(record)
        self.assertIsNone(re.search(UUID, handler.format(record)))
