"""Whatever is asked, the answer is a page or a problem, and costs no more than that."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from meter_readings.tests.api import fuzz_values
from meter_readings.tests.api.base import EVERYTHING, PROBLEM, ApiTestCase
from meter_readings.tests.robustness import SEED, amount
from meter_readings.tests.import_helpers import import_text, imported

REQUESTS = amount("D0010_HOSTILE_REQUESTS", 1000)

# Who asks, what is found, and what is shown beside it
MOST_QUERIES = 10


class HostileQueryTests(ApiTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        imported(EVERYTHING)
        import_text("This is no flow file.", "rejected.uff")

    def test_no_query_is_a_mistake_of_ours_or_costs_more_than_others(self) -> None:
        self.expect_refusals()
        for address in fuzz_values.queries(number=REQUESTS, seed=SEED):
            with self.subTest(address[:200], seed=SEED):
                with CaptureQueriesContext(
                    connection,
                ) as queries:
                    response = self.client.get(address)
                self.assertIn(response.status_code, {200, 400, 404})
                self.assertLessEqual(len(queries), MOST_QUERIES)
                if response.status_code != 200:
                    self.assertEqual(response["Content-Type"], PROBLEM)
