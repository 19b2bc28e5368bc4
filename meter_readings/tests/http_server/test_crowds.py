"""Many clients at once: each is answered, and none is cut off."""

from __future__ import annotations

from django.db import connection

from meter_readings.benchmarks.crowds import asked_by_all
from meter_readings.benchmarks.resources import questions
from meter_readings.tests.robustness import amount, say

from .base import ServedTestCase

CLIENTS = amount("D0010_CLIENTS", 60)


class CrowdTests(ServedTestCase):
    def test_all_are_answered(self) -> None:
        addresses = questions()["addresses"]
        answers = asked_by_all(
            port=self.port,
            clients=CLIENTS,
            addresses=addresses,
            headers=self.headers,
        )
        self.assertEqual(dict(answers.broken), {})
        self.assertEqual(dict(answers.statuses), {200: CLIENTS * len(addresses)})
        self.assert_no_mistake_was_logged()
        say(
            f"{CLIENTS} clients, {len(addresses)} requests each, on "
            f"{connection.vendor}: {'; '.join(answers.told())}"
        )
