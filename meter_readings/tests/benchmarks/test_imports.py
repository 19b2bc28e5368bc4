"""Tests of the import benchmark with few readings: what it prints, not its speed."""

from __future__ import annotations

from typing import ClassVar

from django.db import connection
from django.test import TransactionTestCase

from meter_readings.benchmarks.imports import ImportBenchmark
from meter_readings.models import Reading

from .output_helpers import as_shown


class ImportBenchmarkTests(TransactionTestCase):
    table: ClassVar[str]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.table = as_shown("import", "--readings=200", "--meter-points=20")

    def test_table_names_the_database(self) -> None:
        self.assertIn(f"{connection.vendor}, 1 rounds", self.table)

    def test_table_has_ratio_spread_and_seconds_of_each_measurement(self) -> None:
        numbers = r" +[0-9]+\.[0-9]{2} +[0-9.]+–[0-9.]+ +[0-9]+\.[0-9]{2} s  at "
        for title in (
            "First load, against raw loading",
            "Later month of the same meters, against raw",
            "The same readings again, against raw",
            "Parsing and validating, times reading and splitting",
        ):
            with self.subTest(title):
                self.assertRegex(self.table, f"(?m)^{title}{numbers}")

    def test_sizes_of_zero_omit_the_peak_memory(self) -> None:
        self.assertNotIn("Peak memory", self.table)

    def test_benchmark_leaves_the_database_of_the_settings_empty(self) -> None:
        self.assertFalse(Reading.objects.exists())


class MemoryLinesTests(TransactionTestCase):
    def test_memory_lines_compare_the_peaks_of_two_sizes(self) -> None:
        benchmark = ImportBenchmark(
            vendor=connection.vendor,
            readings=0,
            meter_points=0,
            rounds=0,
            memory=(200, 400),
            log=lambda line: None,
        )
        first, second, difference = benchmark.memory_lines()
        self.assertRegex(first, r"Peak memory at +200 readings +[0-9]+ MB")
        self.assertRegex(second, r"Peak memory at +400 readings +[0-9]+ MB")
        self.assertRegex(difference, r"Difference [0-9]+ MB")
