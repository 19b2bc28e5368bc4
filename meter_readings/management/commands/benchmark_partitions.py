"""Measure what it costs, or saves, that PostgreSQL keeps readings by year."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from meter_readings import benchmarks


class Command(BaseCommand):
    """Translate the command line into one benchmark and print its table."""

    help = (
        "Import and undo readings, then ask for pages and the API, in two PostgreSQL "
        "databases made for the purpose: one keeps readings by year, the other has one "
        "table. Print how they compare."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the size and the rounds."""
        add = parser.add_argument
        add("--readings", type=int, default=1_000_000, metavar="N")
        add("--rounds", type=int, default=3, metavar="N")

    def handle(self, *, readings: int, rounds: int, **options: Any) -> None:
        """Run the benchmark."""
        if connection.vendor == "sqlite":  # sqlite only
            raise CommandError(
                "SQLite has no partitions; set USE_POSTGRESQL=1 and the DB_… settings.",
                returncode=2,
            )
        benchmark = benchmarks.PartitionBenchmark(  # postgresql only
            readings=readings, rounds=rounds, tell=self.stderr.write
        )
        for line in benchmark.table():  # postgresql only
            self.stdout.write(line)
