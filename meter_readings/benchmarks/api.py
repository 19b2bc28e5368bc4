"""API benchmark: times of requests by size, requests in a second, a load test.

The requests are those of users, to pages, and those of programs, to the API.
"""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from statistics import median

from django.db import connection

from meter_readings.d0010 import LONDON

from .client import Timings, auth_headers, run_load_test, time_requests
from .gunicorn import run_gunicorn
from .measurements import import_file, write_flow_file
from .requests import ASKED_AGAIN, benchmark_requests, load_test_paths
from .temp_database import Log, TempDatabase, temp_database
from .throughput import READINGS_ON_PAGE, measure_throughput, throughput_cases

_MAX_GROWTH = 1.5
_REQUESTS_PER_ROUND = 3

_MONTHS = 12
_READINGS_PER_METER_POINT = 10
# One reading in eleven is a duplicate.
_READINGS_PER_DUPLICATE = 11
_RESENT_AT = datetime(2026, 2, 3, 6, tzinfo=LONDON)


@dataclass(frozen=True, kw_only=True)
class ApiBenchmark:
    """Measures pages and the API of a database at two sizes; makes a table of them.

    `clients` is the number of concurrent clients in the load test, which is of the
    larger database.
    """

    vendor: str
    small: int
    large: int
    rounds: int
    clients: int
    log: Log

    def table(self) -> Generator[str]:
        """Yield the lines of the table."""
        yield f"{self.vendor}, median of {self.rounds} rounds"
        with ExitStack() as stack:
            small, large = [
                stack.enter_context(self._filled_database(size))
                for size in (self.small, self.large)
            ]
            yield from self._growth([small, large])
            yield from self._under_load(large)

    @contextmanager
    def _filled_database(self, readings: int) -> Iterator[TempDatabase]:
        self.log(f"Importing {readings:,} readings")
        duplicates = readings // _READINGS_PER_DUPLICATE
        with temp_database(self.vendor) as database:
            _import(database, readings - duplicates)
            if duplicates:
                _import(database, duplicates, created_at=_RESENT_AT)
            database.run(vacuum)
            yield database

    def _growth(self, databases: Sequence[TempDatabase]) -> Iterator[str]:
        """Yield a line for each request. The two sizes alternate, round by round."""
        timings: list[list[Timings]] = [[] for _ in databases]
        for number in range(self.rounds):
            self.log(f"Requests, round {number + 1}")
            for database, measured in zip(databases, timings, strict=True):
                measured.append(database.run(measure_requests))
        small, large = map(median_of, timings)
        yield from comparison(sizes=(self.small, self.large), small=small, large=large)

    def _under_load(self, database: TempDatabase) -> Iterator[str]:
        """Yield the lines of what a server with concurrent clients answers."""
        paths = database.run(load_test_paths)
        _import_history(database)
        headers = database.run(auth_headers)
        cases = database.run(throughput_cases)
        with (
            tempfile.TemporaryFile() as log,
            run_gunicorn(database.environment, log=log) as port,
        ):
            self.log("Requests in a second")
            yield ""
            yield from measure_throughput(
                port=port, cases=cases, headers=headers, rounds=self.rounds
            )
            self.log(f"Load test with {self.clients} clients")
            result = run_load_test(
                port=port, clients=self.clients, paths=paths, headers=headers
            )
        yield ""
        yield f"{self.clients} concurrent clients, {len(paths)} requests each"
        yield from result.summary_lines()


def _import(
    database: TempDatabase, readings: int, created_at: datetime | None = None
) -> None:
    with tempfile.TemporaryDirectory(prefix="d0010_benchmark_") as folder:
        path = Path(folder, "duplicates.uff" if created_at else "first.uff")
        write_flow_file(
            path,
            meter_points=max(readings // _READINGS_PER_METER_POINT, 1),
            readings=readings,
            months=_MONTHS,
            created_at=created_at,
        )
        database.run(import_file, path=str(path))


def _import_history(database: TempDatabase) -> None:
    """Import a meter point with more readings than a page has."""
    with tempfile.TemporaryDirectory(prefix="d0010_benchmark_") as folder:
        path = Path(folder, "history.uff")
        count = READINGS_ON_PAGE + READINGS_ON_PAGE // 5
        write_flow_file(path, meter_points=1, readings=count, months=_MONTHS, seed=2)
        database.run(import_file, path=str(path))


def median_of(rounds: Sequence[Timings]) -> Timings:
    """Return the median seconds of each request, and its number of queries."""
    return {
        title: {
            name: median(timings[title][name] for timings in rounds) for name in numbers
        }
        for title, numbers in rounds[0].items()
    }


def comparison(
    *, sizes: Sequence[int], small: Timings, large: Timings
) -> Iterator[str]:
    """Yield a table of each request at two sizes, and which grows most."""
    columns = " ".join(f"{size:>11,}" for size in sizes)
    yield f"{'':<50} {columns} {'ratio':>7} {'queries':>13}"
    ratios = {
        title: large[title]["seconds"] / small[title]["seconds"] for title in large
    }
    for title, ratio in ratios.items():
        cells = [f"{size[title]['seconds'] * 1000:>8.1f} ms" for size in (small, large)]
        queries = [f"{size[title]['queries']:>6.0f}" for size in (small, large)]
        mark = "  slow" if ratio > _MAX_GROWTH else ""
        yield " ".join([f"{title:<50}", *cells, f"{ratio:>7.2f}", *queries]) + mark
    title, ratio = max(ratios.items(), key=itemgetter(1))
    yield ""
    yield f"Largest ratio: {title}, {ratio:.2f} (at most {_MAX_GROWTH} is wanted)"


def vacuum() -> None:
    """Do at once what PostgreSQL's autovacuum does some time after an import."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM" if connection.vendor == "sqlite" else "VACUUM ANALYZE")


def measure_requests() -> Timings:
    """Time the requests of the growth table."""
    return time_requests(
        benchmark_requests(), rounds=_REQUESTS_PER_ROUND, cached=ASKED_AGAIN
    )
