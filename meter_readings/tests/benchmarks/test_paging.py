"""The page benchmark, run small: that it measures, not how fast anything is."""

from __future__ import annotations

from io import StringIO

from django.core.management import call_command
from django.db import connection
from django.test import SimpleTestCase, TransactionTestCase

from meter_readings.benchmarks.paging import Line
from meter_readings.models import Reading


class PageBenchmarkTests(TransactionTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        output = StringIO()
        sizes = {"small": 150, "large": 300, "rounds": 1}
        call_command("benchmark_pages", **sizes, stdout=output, stderr=StringIO())
        cls.table = output.getvalue()

    def test_names_the_database_in_use(self) -> None:
        self.assertIn(f"{connection.vendor}, best of 1 rounds", self.table)

    def test_has_a_line_for_each_page(self) -> None:
        for title in (
            "Home",
            "One meter point",
            "One flow file",
            "Readings: hundredth page",
            "Readings: duplicates",
            "Readings: register, estimated",
            "Readings: search by MPAN",
        ):
            with self.subTest(title):
                numbers = r" +[0-9.]+ ms +[0-9.]+ ms +[0-9]+\.[0-9]{2} +[0-9]+ +[0-9]+"
                self.assertRegex(self.table, f"(?m)^{title}{numbers}")

    def test_names_the_slowest_page(self) -> None:
        self.assertRegex(self.table, r"(?m)^Slowest: .*, +[0-9.]+ ms$")

    def test_says_what_is_wanted(self) -> None:
        self.assertIn("Wanted: at most 1.5 times as long, or 0.3 s", self.table)

    def test_touches_no_reading_that_is_held(self) -> None:
        self.assertEqual(Reading.objects.count(), 0)


class LineTests(SimpleTestCase):
    def line(self, small: float, large: float) -> str:
        """Return the line of a page that takes so many seconds."""
        queries = {"queries": 5}
        return str(
            Line("Page", {"seconds": small} | queries, {"seconds": large} | queries)
        )

    def test_a_page_that_takes_much_longer_is_called_slow(self) -> None:
        self.assertTrue(self.line(0.1, 0.4).endswith("  slow"))

    def test_a_page_that_is_quick_all_the_same_is_not(self) -> None:
        self.assertFalse(self.line(0.01, 0.1).endswith("slow"))

    def test_a_page_that_was_as_slow_before_is_not(self) -> None:
        self.assertFalse(self.line(0.4, 0.4).endswith("slow"))
