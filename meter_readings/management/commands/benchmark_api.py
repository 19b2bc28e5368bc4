"""Measure the API with few readings and with many, its exports, and a crowd."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from meter_readings import benchmarks


class Command(BaseCommand):
    """Translate the command line into one benchmark and print its table."""

    help = (
        "Import two numbers of readings into databases made for the purpose, and print "
        "how long the API takes to answer with either, how its CSV compares with the "
        "same rows written down raw, how much memory that takes, and what many clients "
        "at once are answered."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add sizes, rounds, clients and the database to measure."""
        add = parser.add_argument
        add("--database", choices=("sqlite", "postgresql"), default=connection.vendor)
        add("--small", type=int, default=10_000, metavar="N")
        add("--large", type=int, default=1_000_000, metavar="N")
        add("--rounds", type=int, default=5, metavar="N")
        add(
            "--clients",
            type=int,
            default=500,
            metavar="N",
            help="how many ask at once; 0 leaves it out",
        )

    def handle(
        self,
        *,
        database: str,
        small: int,
        large: int,
        rounds: int,
        clients: int,
        **options: Any,
    ) -> None:
        """Run the benchmark."""
        benchmark = benchmarks.ApiBenchmark(
            vendor=database,
            small=small,
            large=large,
            rounds=rounds,
            clients=clients,
            tell=self.stderr.write,
        )
        for line in benchmark.table():
            self.stdout.write(line)
