"""Tests of the numbers of all readings, which are counted once after each import."""

from __future__ import annotations

from django.core.cache import caches

from meter_readings import importer
from meter_readings.tests.support.import_helpers import NOW
from meter_readings.tests.support.query_plans import queries_of
from meter_readings.tests.support.users import user_with_permissions

from .test_api import CachedAnswersTestCase
from .testcases import import_reading

SUMMARY = "/api/v1/readings/summary/"
# What only the counting of rare readings has
NOT_CURRENT = 'NOT ("meter_readings_reading"."version_status" = %s)'


class CachedNumbersTests(CachedAnswersTestCase):
    def numbers(self) -> tuple[int, str]:
        """Return the numbers of current readings of the summary and the home page."""
        summary = self.client.get(SUMMARY).json()
        current_readings, *_ = self.client.get("/").context["totals"]
        return summary["count"], current_readings.number

    def countings(self, url: str) -> int:
        """Return how many statements of a request count rare readings."""
        queries = queries_of(lambda: self.client.get(url))
        return sum(NOT_CURRENT in query.sql for query in queries)

    def test_readings_are_counted_once_after_an_import(self) -> None:
        for url in (SUMMARY, "/"):
            with self.subTest(url):
                caches["answers"].clear()
                self.assertEqual([self.countings(url) for _ in range(2)], [1, 0])

    def test_an_undo_and_another_import_are_seen_at_once(self) -> None:
        self.assertEqual(self.numbers(), (1, "1"))
        importer.undo_import(flow_file=self.file, now=NOW)
        self.assertEqual(self.numbers(), (0, "0"))
        import_reading(2)
        self.assertEqual(self.numbers(), (1, "1"))

    def test_all_users_share_the_numbers(self) -> None:
        self.client.get(SUMMARY)
        self.client.force_login(user_with_permissions("view_reading"))
        self.assertEqual(self.countings(SUMMARY), 0)
