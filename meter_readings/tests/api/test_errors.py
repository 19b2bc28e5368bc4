"""Refusals: always a problem with its number, and never more said than is good."""

from __future__ import annotations

import logging
import re
from itertools import combinations
from typing import Any
from unittest.mock import patch

from django.db import OperationalError, connection
from django.test import Client, override_settings

from meter_readings.tests.api.base import (
    EVERYTHING,
    MPAN,
    PROBLEM,
    V1,
    ApiTestCase,
    query_parameters,
)
from meter_readings.tests.import_helpers import imported

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"

LISTS = [
    "flow-files/",
    "imports/",
    "findings/",
    "meter-points/",
    "meters/",
    "site-visits/",
    "readings/",
]

NESTED_LISTS = [
    "flow-files/{id}/readings/",
    "meter-points/{id}/readings/",
    "meters/{id}/readings/",
]

# Something that each parameter takes; most take 1.
SENSIBLE = {
    "basis": "actual",
    "created_from": "2024-04-01",
    "created_to": "2024-04-01",
    "date_from": "2024-04-01",
    "date_to": "2024-04-01",
    "channel": "command",
    "fields": "id",
    "has_findings": "true",
    "mpan": MPAN,
    "phase": "loading",
    "policy": "standard",
    "received_from": "2024-04-01",
    "received_to": "2026-12-31",
    "severity": "error",
    "sha256": "0" * 64,
    "version_status": "all",
    "started_from": "2024-04-01",
    "started_to": "2026-12-31",
    "state": "finished",
    "status": "imported",
}
ORDERS = {
    "flow-files/": "filename",
    "imports/": "started_at",
    "findings/": "-id",
    "meter-points/": "-mpan",
    "meters/": "serial_number",
    "site-visits/": "id",
}


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

    def test_a_refusal_says_what_and_why(self) -> None:
        response = self.client.get(V1 + "readings/", {"mpan": "12", "colour": "red"})
        problem = self.problem(response, 400)
        number = problem["request_id"]
        self.assertRegex(number, f"^{UUID}$")
        self.assertEqual(
            problem,
            {
                "type": "about:blank",
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

    def test_a_wrong_value_is_named(self) -> None:
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

    def test_a_value_is_given_once_and_is_not_blank(self) -> None:
        response = self.client.get(
            V1 + "readings/?mpan=&version_status=all&version_status=all"
        )
        problem = self.problem(response, 400)
        self.assertEqual(
            [(error["field"], error["code"]) for error in problem["errors"]],
            [("mpan", "blank"), ("version_status", "repeated")],
        )

    def test_an_unknown_address_is_a_problem(self) -> None:
        for address in ["/api/v2/", "/api/v1/none/", "/api/v1/readings.json"]:
            with self.subTest(address):
                self.problem(self.client.get(address), 404)

    def test_a_number_that_no_row_has_is_not_found(self) -> None:
        for number in ["0", "1", str(2**63), "9" * 100, "9" * 5000]:
            with self.subTest(number[:20]):
                address = f"{V1}readings/{number}/"
                self.problem(self.client.get(address), 404)

    def test_another_method_is_a_problem_that_names_those_there_are(self) -> None:
        for method in ["post", "put", "patch", "delete", "options"]:
            with self.subTest(method):
                response = getattr(self.client, method)(V1 + "readings/")
                self.problem(response, 405)
                self.assertEqual(response["Allow"], "GET, HEAD")

    def test_what_another_method_asks_is_not_looked_at(self) -> None:
        self.problem(self.client.put(V1 + "readings/?colour=red"), 405)

    def test_a_format_that_is_not_accepted_is_a_problem(self) -> None:
        headers = {"accept": "application/xml"}
        self.problem(self.client.get(V1 + "readings/", headers=headers), 406)

    def test_a_format_that_does_not_exist_is_named(self) -> None:
        response = self.client.get(V1 + "readings/", {"format": "xml"})
        (error,) = self.problem(response, 400)["errors"]
        self.assertEqual(error["field"], "format")
        self.assertEqual(error["message"], "Choose one of: json, csv, d0010.")

    def test_somebody_unknown_is_a_problem_with_a_challenge(self) -> None:
        response = Client().get(V1 + "readings/")
        self.problem(response, 401)
        self.assertEqual(response["WWW-Authenticate"], 'Bearer realm="api"')

    def test_too_many_parameters_are_a_problem(self) -> None:
        query = "&".join(f"a{number}=1" for number in range(2000))
        self.problem(self.client.get(f"{V1}readings/?{query}"), 400)

    def test_another_host_is_a_problem(self) -> None:
        response = self.client.get(V1, headers={"host": "evil.example"})
        self.problem(response, 400)

    def test_a_mistake_of_ours_tells_nothing_of_itself(self) -> None:
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

    def test_a_database_that_does_not_answer_is_to_be_asked_again(self) -> None:
        def fail(*_: Any) -> None:
            raise OperationalError("could not connect to server at 10.0.0.1")

        with connection.execute_wrapper(fail):
            response = self.client.get(V1 + "readings/")
        problem = self.problem(response, 503)
        self.assertEqual(response["Retry-After"], "30")
        self.assertNotIn("10.0.0.1", str(problem))

    def test_pages_for_people_are_left_alone(self) -> None:
        response = self.client.get("/no-such-page/")
        self.assertIn("text/html", response["Content-Type"])

    @override_settings(SECURE_SSL_REDIRECT=True)
    def test_who_speaks_in_the_clear_is_refused_and_not_moved_on(self) -> None:
        problem = self.problem(self.client.get(V1), 403)
        self.assertEqual(problem["detail"], "Use HTTPS.")

    @override_settings(SECURE_SSL_REDIRECT=True)
    def test_who_speaks_safely_is_answered(self) -> None:
        self.assertEqual(self.client.get(V1, secure=True).status_code, 200)


class HostileTests(ApiTestCase):
    """Whatever is asked, the answer is a page, or a problem that does not repeat it."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        imported(EVERYTHING)

    def setUp(self) -> None:
        super().setUp()
        self.silence_request_log()

    def test_everything_can_be_asked_at_once(self) -> None:
        # Each pair of parameters, and all of them
        for address in [*LISTS, *NESTED_LISTS]:
            sensible = {
                name: SENSIBLE.get(name, "1")
                for name in query_parameters(address)
                if name not in ("cursor", "format")
            }
            sensible["ordering"] = ORDERS.get(address, "read_at")
            pairs = combinations(sensible.items(), 2)
            for asked in [*map(dict, pairs), sensible]:
                with self.subTest(address, asked=asked):
                    response = self.client.get(self.url(address), asked)
                    self.assertEqual(response.status_code, 200, response.content)

    def test_no_name_reaches_the_database(self) -> None:
        for name in [
            "mpan__regex",
            "meter__meter_point__mpan",
            "value__gte",
            "_connector",
            "_negated",
            "pk",
            "id",
            "\0",
        ]:
            for address in LISTS:
                with self.subTest(address, name=name):
                    wrong = self.wrong_fields(address, **{name: "1"})
                    field = name if name.isidentifier() else "?"
                    self.assertEqual(wrong, [(field, "unknown")])

    def test_what_was_sent_is_not_repeated(self) -> None:
        for address in LISTS:
            for name in [*query_parameters(address), MPAN]:
                for value in [MPAN, f"{MPAN} x", f"{MPAN}{MPAN}"]:
                    with self.subTest(address, name=name, value=value):
                        response = self.client.get(V1 + address, {name: value})
                        if response.status_code != 200:
                            self.assertNotIn(MPAN, response.content.decode())

    def test_an_mpan_in_the_address_is_not_repeated(self) -> None:
        for address in [
            f"meter-points/{MPAN}/",
            f"{MPAN}/",
            f"meters/{MPAN}/readings/",
        ]:
            with self.subTest(address):
                self.assertNotIn(MPAN, str(self.refused(address, 404)))


class RequestIdTests(ApiTestCase):
    def test_each_request_has_another(self) -> None:
        first, second = (self.get("")["X-Request-ID"] for _ in range(2))
        self.assertNotEqual(first, second)

    def test_pages_for_people_have_one_too(self) -> None:
        self.assertRegex(self.client.get("/")["X-Request-ID"], f"^{UUID}$")

    def test_what_a_client_calls_it_is_not_taken_over(self) -> None:
        response = self.client.get(V1, headers={"x-request-id": "mine\r\n"})
        self.assertRegex(response["X-Request-ID"], f"^{UUID}$")

    def test_request_id_stands_in_the_log(self) -> None:
        with self.assertLogs("django.request") as logs:
            response = self.client.get(V1 + "none/")
        handler = logging.getHandlerByName("console")
        assert handler is not None
        (record,) = logs.records
        handler.filter(record)
        self.assertIn(response["X-Request-ID"], handler.format(record))

    def test_lines_outside_requests_have_none(self) -> None:
        handler = logging.getHandlerByName("console")
        assert handler is not None
        record = logging.makeLogRecord({"msg": "Started", "name": "test"})
        handler.filter(record)
        self.assertIsNone(re.search(UUID, handler.format(record)))
