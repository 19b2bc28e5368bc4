"""Measure how fast files are imported, against raw loading of the same rows."""

from __future__ import annotations

import json
from argparse import SUPPRESS, ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from meter_readings import benchmarks


class Command(BaseCommand):
    """Translate the command line into one benchmark and print its table."""

    help = (
        "Import files made for the purpose into databases made for the purpose, and "
        "print a table of ratios: imports against raw loading of the very same rows, "
        "parsing against splitting, memory at two sizes."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add sizes, rounds and the database to measure."""
        add = parser.add_argument
        add("--database", choices=("sqlite", "postgresql"), default=connection.vendor)
        add("--readings", type=int, default=1_000_000, metavar="N")
        add("--meter-points", type=int, default=100_000, metavar="N")
        add("--rounds", type=int, default=3, metavar="N")
        add(
            "--memory",
            type=int,
            nargs=2,
            default=(500_000, 5_000_000),
            metavar=("N", "M"),
            help="sizes at which to compare peak memory; 0 0 leaves it out",
        )
        # How the benchmark calls itself in a process of its own
        add("--step", help=SUPPRESS)

    def handle(
        self,
        *,
        database: str,
        readings: int,
        meter_points: int,
        rounds: int,
        memory: tuple[int, int],
        step: str | None,
        **options: Any,
    ) -> None:
        """Run the benchmark, or the one step of it that this process is for."""
        if step is not None:
            told = json.loads(step)
            answer = benchmarks.STEPS[told["name"]](**told["options"])
            self.stdout.write(json.dumps(answer))
            return
        benchmark = benchmarks.ImportBenchmark(
            vendor=database,
            readings=readings,
            meter_points=meter_points,
            rounds=rounds,
            memory=[size for size in memory if size],
            tell=self.stderr.write,
        )
        for line in benchmark.table():
            self.stdout.write(line)
