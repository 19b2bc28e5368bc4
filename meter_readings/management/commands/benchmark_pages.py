"""Measure how long pages take with few readings and with many."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from meter_readings import benchmarks


class Command(BaseCommand):
    """Translate the command line into one benchmark and print its table."""

    help = (
        "Import two numbers of readings into databases made for the purpose, and print "
        "how long each page takes in either, how many times as long, and how many "
        "queries it asks."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add sizes, rounds and the database to measure."""
        add = parser.add_argument
        add("--database", choices=("sqlite", "postgresql"), default=connection.vendor)
        add("--small", type=int, default=1, metavar="N")
        add("--large", type=int, default=1_000_000, metavar="N")
        add("--rounds", type=int, default=5, metavar="N")

    def handle(
        self, *, database: str, small: int, large: int, rounds: int, **options: Any
    ) -> None:
        """Run the benchmark."""
        benchmark = benchmarks.PageBenchmark(
            vendor=database,
            small=small,
            large=large,
            rounds=rounds,
            tell=self.stderr.write,
        )
        for line in benchmark.table():
            self.stdout.write(line)
