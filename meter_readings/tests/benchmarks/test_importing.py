"""The import benchmark, run small: that it measures, not how fast anything is."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from django.core.management import call_command
from django.db import connection, transaction
from django.test import TransactionTestCase

from meter_readings.benchmarks import importing
from meter_readings.models import MeterPoint

from .output_helpers import as_shown


def benchmark() -> str:
    """Run the command on a few readings and return its table."""
    output = StringIO()
    command = as_shown("benchmark_import", "--readings", "200", "--meter-points", "20")
    call_command(*command, stdout=output, stderr=StringIO())
    return output.getvalue()


class ImportBenchmarkTests(TransactionTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.table = benchmark()

    def test_names_the_database_in_use(self) -> None:
        self.assertIn(f"{connection.vendor}, 1 rounds", self.table)

    def test_compares_a_first_load_with_raw_loading(self) -> None:
        self.assertRegex(self.table, r"First load, against raw loading +[0-9]+\.[0-9]+")

    def test_compares_a_later_month_with_raw_loading(self) -> None:
        self.assertRegex(self.table, r"Later month of the same meters.* +[0-9]+\.[0-9]")

    def test_compares_the_same_readings_again(self) -> None:
        self.assertRegex(self.table, r"The same readings again.* +[0-9]+\.[0-9]+")

    def test_compares_parsing_with_splitting(self) -> None:
        self.assertRegex(self.table, r"Parsing and validating.* +[0-9]+\.[0-9]+")

    def test_says_how_long_a_rejected_file_locked_the_database(self) -> None:
        self.assertRegex(self.table, r"longest write lock seen [0-9]+\.[0-9]+ s")

    def test_leaves_memory_out_when_no_size_is_given(self) -> None:
        self.assertNotIn("Peak memory", self.table)

    def test_touches_no_reading_that_is_held(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM meter_readings_reading")
            self.assertEqual(cursor.fetchone(), (0,))


class MemoryTests(TransactionTestCase):
    def test_compares_the_peaks_of_two_sizes(self) -> None:
        benchmark = importing.ImportBenchmark(
            vendor=connection.vendor,
            readings=0,
            meter_points=0,
            rounds=0,
            memory=(200, 400),
            tell=lambda line: None,
        )
        with TemporaryDirectory() as folder:
            first, second, difference = benchmark.memory_lines(Path(folder))
        self.assertRegex(first, r"Peak memory at +200 readings +[0-9]+ MB")
        self.assertRegex(second, r"Peak memory at +400 readings +[0-9]+ MB")
        self.assertRegex(difference, r"Difference [0-9]+ MB")


class LongestLockTests(TransactionTestCase):
    class Process:
        """Is over after being asked a few times."""

        def __init__(self, answers: int) -> None:
            self.answers = answers

        def poll(self) -> int | None:
            self.answers -= 1
            return None if self.answers >= 0 else 0

    def longest(self, locked: list[bool]) -> float:
        return importing.longest_lock(iter(locked).__next__, self.Process(len(locked)))

    def test_is_nothing_where_others_can_always_write(self) -> None:
        self.assertEqual(self.longest([False, False, False]), 0.0)

    def test_lasts_from_the_last_chance_to_write(self) -> None:
        self.assertGreater(self.longest([False, True, True]), 0.01)


class ProbeTests(TransactionTestCase):
    """Whether somebody writes is asked on a connection of its own."""

    def is_locked(self) -> bool:
        return importing.probe(connection.vendor, connection.settings_dict["NAME"])()

    def test_sees_that_somebody_writes(self) -> None:
        with transaction.atomic():
            MeterPoint.objects.create(mpan="2000000000015")
            self.assertTrue(self.is_locked())

    def test_sees_that_nobody_writes(self) -> None:
        self.assertFalse(self.is_locked())
