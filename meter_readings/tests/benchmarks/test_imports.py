"""Tests of the import benchmark with few readings: what it prints, not its speed."""

from __future__ import annotations

from typing import ClassVar

from django.db import connection
from django.test import TransactionTestCase

from meter_readings.benchmarks.imports import ImportBenchmark
from meter_readings.benchmarks.raw_loading import METHODS
from meter_readings.models import Reading
from meter_readings.synthetic import Shape

from .output_helpers import as_shown

# Ratio, spread, ratio by CPU time on SQLite, seconds
NUMBERS = r" +[0-9]+\.[0-9]{2} +[0-9.]+–[0-9.]+ +([0-9.]+ +)?[0-9]+\.[0-9]{2} s"


class ImportBenchmarkTests(TransactionTestCase):
    table: ClassVar[str]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.table = as_shown("import", "--readings=200")

    def section(self, title: str) -> str:
        """Return the lines below a heading."""
        [section] = [
            section
            for section in self.table.split("\n\n")
            if section.startswith(f"{title}  ")
        ]
        return section

    def test_table_names_the_database(self) -> None:
        self.assertIn(f"{connection.vendor}, 1 rounds", self.table)

    def test_there_is_a_meter_point_for_every_twelve_readings(self) -> None:
        self.assertIn("200 readings, 16 meter points", self.table)

    def test_each_import_of_plain_and_mixed_files_is_compared_with_each_raw_loading(
        self,
    ) -> None:
        for shape in "plain", "mixed":
            section = self.section(
                f"Import of {shape} files, times as fast as raw loading"
            )
            for file in "first", "later", "again":
                for method in METHODS[connection.vendor]:
                    with self.subTest(shape=shape, file=file, method=method):
                        self.assertRegex(section, f"(?m)^{file}, {method}{NUMBERS}")

    def test_the_wanted_ratio_of_an_import_is_beside_the_measured_one(self) -> None:
        section = self.section("Import of mixed files, times as fast as raw loading")
        method = METHODS[connection.vendor][0]
        self.assertRegex(section, rf"(?m)^first, {method} .* s  at least 0\.[0-9]{{2}}")

    def test_undoing_is_compared_with_the_import_alone_and_beside_others(self) -> None:
        section = self.section("Undo of the first mixed file, times its import")
        for title in (
            "alone",
            "alone, after ANALYZE",
            "beside 500 readings",
            "beside 500 readings, after ANALYZE",
        ):
            with self.subTest(title):
                self.assertRegex(section, rf"(?m)^{title}{NUMBERS}  at most 1\.00")

    def test_a_dry_run_of_each_shape_is_compared_with_splitting(self) -> None:
        section = self.section("Dry run, times splitting its lines")
        for shape in Shape:
            with self.subTest(shape):
                self.assertRegex(
                    section, rf"(?m)^{shape} +-?[0-9.]+ +-?[0-9.]+ s  at most [58]$"
                )

    def test_sizes_of_zero_omit_the_peak_memory(self) -> None:
        self.assertNotIn("Peak memory", self.table)

    def test_benchmark_leaves_the_database_of_the_settings_empty(self) -> None:
        self.assertFalse(Reading.objects.exists())


class MemoryTests(TransactionTestCase):
    def test_without_rounds_only_the_peaks_of_two_sizes_are_measured(self) -> None:
        benchmark = ImportBenchmark(
            vendor=connection.vendor,
            readings=0,
            meter_points=None,
            rounds=0,
            memory=(200, 400),
            log=lambda line: None,
        )
        first, second, difference = benchmark.table()
        self.assertRegex(first, r"Peak memory at +200 readings +[0-9]+ MB")
        self.assertRegex(second, r"Peak memory at +400 readings +[0-9]+ MB")
        self.assertRegex(difference, r"Difference [0-9]+ MB")
