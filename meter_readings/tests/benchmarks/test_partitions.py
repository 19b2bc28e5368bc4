"""The partition benchmark, run small: that it measures, not how fast anything is."""

from __future__ import annotations

import re
from io import StringIO
from unittest import skipUnless

from django.core.management import CommandError, call_command
from django.db import connection
from django.test import SimpleTestCase, TransactionTestCase

from meter_readings.models import Reading

from .output_helpers import as_shown


@skipUnless(connection.vendor == "postgresql", "On SQLite there is one table.")
class PartitionBenchmarkTests(TransactionTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        output, sizes = StringIO(), ("--readings", "300", "--rounds", "1")
        command = as_shown("benchmark_partitions", *sizes)
        call_command(*command, stdout=output, stderr=StringIO())
        cls.table = output.getvalue()

    def test_compares_loads_and_undoing(self) -> None:
        for title in "Import of a month", "Undoing it", "Import of 5 years":
            with self.subTest(title):
                self.assertRegex(self.table, rf"(?m)^{title} +[0-9]+\.[0-9]{{2}} ")

    def test_compares_answers_and_counts_queries(self) -> None:
        numbers = r" +[0-9.]+ ms +[0-9.]+ ms +[0-9]+\.[0-9]{2} +([0-9]+) +([0-9]+)"
        for title in (
            "API: History of an MPAN",
            "One meter point",
            "Readings: of a year",
        ):
            with self.subTest(title):
                found = re.search(f"(?m)^{title}{numbers}", self.table)
                assert found is not None
                self.assertEqual(found[1], found[2])

    def test_says_what_is_wanted(self) -> None:
        self.assertIn("Wanted: at most 1.2 times as long", self.table)

    def test_touches_no_reading_that_is_held(self) -> None:
        self.assertEqual(Reading.objects.count(), 0)


@skipUnless(connection.vendor == "sqlite", "PostgreSQL has partitions.")
class WithoutPartitionsTests(SimpleTestCase):
    def test_it_says_what_it_needs(self) -> None:
        with self.assertRaisesMessage(CommandError, "set USE_POSTGRESQL=1"):
            call_command("benchmark_partitions")
