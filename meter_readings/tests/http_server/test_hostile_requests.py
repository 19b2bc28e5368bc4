"""Thousands of requests that mean harm, over the wire: each is answered or refused."""

from __future__ import annotations

from collections import Counter

from django.db import connection

from meter_readings.tests.api import fuzz_values
from meter_readings.tests.robustness import SEED, amount, say

from .malicious_values import Request, odd_requests
from .base import ServedTestCase
from .raw_http import Answer, sent

REQUESTS = amount("D0010_HOSTILE_REQUESTS", 1000)


class HostileRequestTests(ServedTestCase):
    def setUp(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.slowest = 0.0, ""
        # What it takes to start is no part of an answer.
        sent(Request(), port=self.port)

    def tearDown(self) -> None:
        seconds, request = self.slowest
        say(
            f"{self.statuses.total()} hostile requests on {connection.vendor}: "
            f"{dict(sorted(self.statuses.items()))}; "
            f"the slowest took {seconds:.2f} s: {request}"
        )

    def answer(self, request: Request) -> Answer:
        """Send a request and note down what is answered."""
        answer = sent(request, port=self.port)
        self.statuses[answer.status] += 1
        what = f"{request.method} {request.target.partition('=')[0][:100]}"
        self.slowest = max(self.slowest, (answer.seconds, what))
        return answer

    def test_no_query_is_a_mistake_of_ours(self) -> None:
        for address in fuzz_values.queries(number=REQUESTS, seed=SEED):
            with self.subTest(address[:200], seed=SEED):
                request = Request(target=address, headers=self.headers)
                status = self.answer(request).status
                self.assertIn(status, {200, 400, 404})
        self.assert_no_mistake_was_logged()

    def test_no_other_oddity_is_a_mistake_of_ours(self) -> None:
        for request in odd_requests(self.headers):
            with self.subTest(str(request)):
                status = self.answer(request).status
                # How no body can be sent is for gunicorn to refuse.
                unknown = {501} if "Transfer-Encoding" in request.headers else set()
                self.assertIn(status, {*range(200, 500), *unknown})
        self.assert_no_mistake_was_logged()
