"""The API benchmark, run small: that it measures, not how fast anything is."""

from __future__ import annotations

from io import StringIO
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.test import SimpleTestCase, TransactionTestCase

from meter_readings.benchmarks.answering import crowd_lines
from meter_readings.models import Reading

from .output_helpers import as_shown


def benchmark() -> str:
    """Run the command on a few readings and return its table."""
    output = StringIO()
    sizes = "--small 150 --large 300 --rounds 1 --clients 3"
    command = as_shown("benchmark_api", *sizes.split())
    call_command(*command, stdout=output, stderr=StringIO())
    return output.getvalue()


class ApiBenchmarkTests(TransactionTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.table = benchmark()

    def test_names_the_database_in_use(self) -> None:
        self.assertIn(f"{connection.vendor}, best of 1 rounds", self.table)

    def test_has_a_line_for_each_question(self) -> None:
        for title in (
            "First page",
            "Hundredth page, every version",
            "History of an MPAN",
            "Latest per register of 200 MPANs",
            "Readings: of a register",
            "List: meter-point",
        ):
            with self.subTest(title):
                numbers = r" +[0-9.]+ ms +[0-9.]+ ms +[0-9]+\.[0-9]{2} +[0-9]+ +[0-9]+"
                self.assertRegex(self.table, f"(?m)^{title}{numbers}")

    def test_compares_an_export_with_the_same_rows_written_down_raw(self) -> None:
        self.assertRegex(self.table, r"(?m)^CSV, against .* [0-9.]+ +[0-9.]+ s  at mos")

    def test_says_how_much_memory_an_export_takes_at_both_sizes(self) -> None:
        for size in (150, 300):
            with self.subTest(size):
                line = rf"Peak memory of +{size} readings as CSV +[0-9]+ MB"
                self.assertRegex(self.table, line)

    def test_says_how_a_crowd_is_answered(self) -> None:
        self.assertIn("3 clients at once, 4 requests each\nStatus 200: 12", self.table)
        self.assertRegex(self.table, r"Half within [0-9.]+ s, 99 of 100 within [0-9.]")

    def test_touches_no_reading_that_is_held(self) -> None:
        self.assertEqual(Reading.objects.count(), 0)


class CrowdTests(SimpleTestCase):
    def test_there_may_be_none(self) -> None:
        nowhere: Any = None
        self.assertEqual(
            [*crowd_lines(database=nowhere, clients=0, tell=self.fail)], []
        )
