"""Malicious query strings: each gets a page or a problem, and few queries."""

from __future__ import annotations

import random
from collections.abc import Iterator

import yaml
from django.db import connection
from django.test.utils import CaptureQueriesContext

from meter_readings.tests.api.base import EVERYTHING, MODELS, PROBLEM, V1, ApiTestCase
from meter_readings.tests.robustness import SEED, amount
from meter_readings.tests.support.import_helpers import import_text, imported
from meter_readings.tests.support.malicious_values import malicious_queries

REQUESTS = amount("D0010_MALICIOUS_QUERIES", 300)
MOST_QUERIES = 10


class MaliciousQueryTests(ApiTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        imported(EVERYTHING)
        import_text("This is no flow file.", "rejected.uff")

    def test_malicious_query_answers_malicious_queries_with_a_page_or_a_problem(
        self,
    ) -> None:
        self.silence_request_log()
        every = [*self.urls()]
        chosen = random.Random(SEED).sample(every, min(REQUESTS, len(every)))
        for url in chosen:
            with self.subTest(url[:200], seed=SEED):
                with CaptureQueriesContext(connection) as queries:
                    response = self.client.get(url)
                self.assertIn(response.status_code, {200, 400, 404})
                self.assertLessEqual(len(queries), MOST_QUERIES)
                if response.status_code != 200:
                    self.assertEqual(response["Content-Type"], PROBLEM)

    def urls(self) -> Iterator[str]:
        """Yield malicious queries to every url that the API describes."""
        description = yaml.safe_load(self.client.get(V1 + "schema/").content)
        for path, operations in description["paths"].items():
            resource = path.removeprefix(V1).partition("/")[0]
            if "get" in operations and resource in MODELS:
                row = MODELS[resource]._default_manager.latest("pk")
                parameters = operations["get"]["parameters"]
                names = [each["name"] for each in parameters if each["in"] == "query"]
                yield from malicious_queries(path.replace("{id}", str(row.pk)), names)
