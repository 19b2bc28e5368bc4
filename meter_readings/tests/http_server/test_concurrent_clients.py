"""Load test with concurrent clients."""

from __future__ import annotations

from django.db import connection

from meter_readings.benchmarks.api import load_test_paths
from meter_readings.benchmarks.client import run_load_test
from meter_readings.tests.robustness import amount, say

from .base import HttpServerTestCase

CLIENTS = amount("D0010_CLIENTS", 60)


class ConcurrentClientTests(HttpServerTestCase):
    def test_concurrent_clients_are_all_answered(self) -> None:
        paths = load_test_paths()
        result = run_load_test(
            port=self.port, clients=CLIENTS, paths=paths, headers=self.headers
        )
        self.assertEqual(dict(result.errors), {})
        self.assertEqual(dict(result.statuses), {200: CLIENTS * len(paths)})
        self.assert_no_error_was_logged()
        say(
            f"{CLIENTS} clients, {len(paths)} requests each, on "
            f"{connection.vendor}: {'; '.join(result.summary_lines())}"
        )
