"""The page benchmark, run small: that it measures, not how fast anything is."""

from __future__ import annotations

from io import StringIO

from django.core.management import call_command
from django.db import connection
from django.test import TransactionTestCase

from meter_readings.management.commands.benchmark_pages import Command
from meter_readings.models import Reading

from .output_helpers import as_shown


class PageBenchmarkTests(TransactionTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        output = StringIO()
        command = as_shown("benchmark_pages", "--large", "300", "--rounds", "1")
        call_command(*command, stdout=output, stderr=StringIO())
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
        self.assertIn("Wanted: at most 3 times as long", self.table)

    def test_what_takes_long_by_choice_is_marked(self) -> None:
        self.assertRegex(self.table, "(?m)^Readings: looking further .* by choice$")

    def test_is_of_one_reading_and_a_million_without_options(self) -> None:
        parser = Command().create_parser("manage.py", "benchmark_pages")
        sizes = parser.parse_args([])
        self.assertEqual((sizes.small, sizes.large), (1, 1_000_000))

    def test_touches_no_reading_that_is_held(self) -> None:
        self.assertEqual(Reading.objects.count(), 0)
