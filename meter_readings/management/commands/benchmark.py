"""Measure imports or the API on temporary databases."""

from __future__ import annotations

from argparse import ArgumentParser
from contextlib import closing
from dataclasses import fields
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from meter_readings.benchmarks.api import ApiBenchmark
from meter_readings.benchmarks.imports import ImportBenchmark
from meter_readings.benchmarks.temp_database import exit_on_sigterm

_BENCHMARKS: dict[str, type[ApiBenchmark | ImportBenchmark]] = {
    "api": ApiBenchmark,
    "import": ImportBenchmark,
}


class Command(BaseCommand):
    """Run one of the benchmarks and print its table."""

    help = "Measure imports or the API on temporary databases, and print a table."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the two benchmarks with their options."""
        benchmarks = parser.add_subparsers(dest="benchmark", required=True)

        imports = benchmarks.add_parser(
            "import",
            help="imports against raw loading of the same rows, undoing against the"
            " import, dry runs against splitting, peak memory at two sizes",
        )
        _add_common_arguments(imports, rounds=3, help="0 measures the peak memory only")
        imports.add_argument("--readings", type=int, default=100_000, metavar="N")
        imports.add_argument(
            "--meter-points",
            type=int,
            metavar="N",
            help="default: one for every twelve readings",
        )
        imports.add_argument(
            "--memory",
            type=int,
            nargs=2,
            default=(50_000, 500_000),
            metavar=("N", "M"),
            help="readings at which to measure the peak memory; 0 0 omits this",
        )

        api = benchmarks.add_parser(
            "api",
            help="response times of pages and of the API with few and with many"
            " readings, and a load test with concurrent clients",
        )
        _add_common_arguments(api, rounds=5, help="of which the table has the median")
        api.add_argument("--small", type=int, default=20_000, metavar="N")
        api.add_argument("--large", type=int, default=2_000_000, metavar="N")
        api.add_argument(
            "--clients",
            type=int,
            default=500,
            metavar="N",
            help="concurrent clients of the load test",
        )

    def handle(self, *, benchmark: str, **options: Any) -> None:
        """Print the lines of the table as they are measured."""
        benchmark_class = _BENCHMARKS[benchmark]
        names = [field.name for field in fields(benchmark_class) if field.name != "log"]
        chosen = {name: options[name] for name in names}
        chosen_benchmark = benchmark_class(log=self.stderr.write, **chosen)
        with exit_on_sigterm(), closing(chosen_benchmark.table()) as lines:
            for line in lines:
                self.stdout.write(line)


def _add_common_arguments(parser: ArgumentParser, *, rounds: int, help: str) -> None:
    vendors = ("sqlite", "postgresql")
    parser.add_argument(
        "--database", dest="vendor", choices=vendors, default=connection.vendor
    )
    parser.add_argument("--rounds", type=int, default=rounds, metavar="N", help=help)
