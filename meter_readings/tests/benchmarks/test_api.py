"""Tests of the API benchmark with few readings: what it prints, not how fast it is."""

from __future__ import annotations

from typing import ClassVar
from unittest import TestCase

from django.db import connection
from django.test import TransactionTestCase

from meter_readings.benchmarks.api import comparison, median_of
from meter_readings.models import Reading

from .output_helpers import as_shown


class ApiBenchmarkTests(TransactionTestCase):
    table: ClassVar[str]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        options = "--small=10", "--large=300", "--rounds=1", "--clients=3"
        cls.table = as_shown("api", *options)

    def test_table_names_the_database(self) -> None:
        self.assertIn(f"{connection.vendor}, median of 1 rounds", self.table)

    def test_table_has_times_ratio_and_queries_of_each_request(self) -> None:
        numbers = r" +[0-9.]+ ms +[0-9.]+ ms +[0-9]+\.[0-9]{2} +[0-9]+ +[0-9]+"
        for title in (
            "Index",
            "Readings: first page",
            "Readings: by register",
            "Latest readings of 200 MPANs",
            "List: meter-point",
            "One reading",
            "Page: home",
            "Page: meter point",
            "Page: search for an unknown part",
            "Page: readings, search more",
            "Page: not read",
        ):
            with self.subTest(title):
                self.assertRegex(self.table, f"(?m)^{title}{numbers}")

    def test_load_test_counts_and_times_answers_by_status(
        self,
    ) -> None:
        self.assertRegex(
            self.table,
            "3 concurrent clients, 4 requests each\n"
            "Status 200: 12\n"
            r"Median [0-9.]+ s, 99th percentile [0-9.]+ s",
        )

    def test_benchmark_leaves_the_database_of_the_settings_empty(self) -> None:
        self.assertFalse(Reading.objects.exists())


class ComparisonTests(TestCase):
    def lines(self, small: float, large: float) -> list[str]:
        """Return the table of one request that takes so many seconds at two sizes."""
        return [
            *comparison(
                sizes=(1, 1000),
                small={"List": {"seconds": small, "queries": 5}},
                large={"List": {"seconds": large, "queries": 6}},
            )
        ]

    def test_request_that_takes_four_times_as_long_is_marked_slow(self) -> None:
        _, line, *_ = self.lines(0.01, 0.04)
        self.assertEqual(
            line.split(), ["List", "10.0", "ms", "40.0", "ms", "4.00", "5", "6", "slow"]
        )

    def test_request_that_takes_one_and_a_half_times_as_long_is_not_marked(
        self,
    ) -> None:
        _, line, *_ = self.lines(0.01, 0.015)
        self.assertEqual(line.split()[-3:], ["1.50", "5", "6"])

    def test_comparison_last_line_names_the_request_that_grows_most(self) -> None:
        *_, line = self.lines(0.01, 0.04)
        self.assertEqual(line, "Largest ratio: List, 4.00 (at most 1.5 is wanted)")


class MedianOfTests(TestCase):
    def test_median_of_takes_the_median_of_each_number_of_each_request(self) -> None:
        rounds = [
            {"list": {"seconds": seconds, "queries": 4}, "detail": {"seconds": 1.0}}
            for seconds in (3.0, 9.0, 2.0)
        ]
        self.assertEqual(
            median_of(rounds),
            {"list": {"seconds": 3.0, "queries": 4}, "detail": {"seconds": 1.0}},
        )
