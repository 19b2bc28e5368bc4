"""Malicious requests over the wire: gunicorn and the site answer or refuse each."""

from __future__ import annotations

from collections import Counter

from django.db import connection

from meter_readings.tests.robustness import say
from meter_readings.tests.support.malicious_values import Request, malicious_requests

from .base import HttpServerTestCase
from .raw_http import send


class MaliciousRequestTests(HttpServerTestCase):
    def test_no_malicious_request_causes_a_server_error(self) -> None:
        # The first request waits for the server's start.
        send(Request(), port=self.port)
        statuses: Counter[int] = Counter()
        slowest, slowest_request = 0.0, ""
        for request in malicious_requests(self.headers):
            with self.subTest(str(request)):
                answer = send(request, port=self.port)
                # Gunicorn knows no other transfer coding than chunked.
                allowed = {501} if "Transfer-Encoding" in request.headers else set()
                self.assertIn(answer.status, {*range(200, 500), *allowed})
            statuses[answer.status] += 1
            if answer.seconds > slowest:
                slowest, slowest_request = answer.seconds, str(request)[:100]
        self.assert_no_error_was_logged()
        say(
            f"{statuses.total()} malicious requests on {connection.vendor}: "
            f"{dict(sorted(statuses.items()))}; "
            f"the slowest took {slowest:.2f} s: {slowest_request}"
        )
