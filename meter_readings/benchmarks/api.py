"""API benchmark: response times by size, requests in a second, and a load test."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.urls import reverse

from meter_readings.d0010 import LONDON
from meter_readings.models import (
    READING_ORDER,
    FlowFile,
    Meter,
    MeterPoint,
    Reading,
)

from .client import Timings, auth_headers, run_load_test, time_requests
from .gunicorn import run_gunicorn
from .measurements import import_file, write_flow_file
from .temp_database import Log, TempDatabase, temp_database
from .throughput import READINGS_ON_PAGE, measure_throughput, throughput_cases

_MAX_GROWTH = 1.5
_REQUESTS_PER_ROUND = 3

_MONTHS = 12
_READINGS_PER_METER_POINT = 10
# One reading in eleven is a duplicate.
_READINGS_PER_DUPLICATE = 11
_RESENT_AT = datetime(2026, 2, 3, 6, tzinfo=LONDON)

_MAX_MPANS = 200


@dataclass(frozen=True, kw_only=True)
class ApiBenchmark:
    """Measures the API of one database at two sizes; makes a table of the results.

    `clients` is the number of concurrent clients in the load test, which is of the
    larger database.
    """

    vendor: str
    small: int
    large: int
    rounds: int
    clients: int
    log: Log

    def table(self) -> Iterator[str]:
        """Yield the lines of the table."""
        yield f"{self.vendor}, minimum of {self.rounds} rounds"
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
        small, large = map(best_of, timings)
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


def best_of(rounds: Sequence[Timings]) -> Timings:
    """Return the fastest timing of each request."""
    return {
        title: min((timings[title] for timings in rounds), key=itemgetter("seconds"))
        for title in rounds[0]
    }


def comparison(
    *, sizes: Sequence[int], small: Timings, large: Timings
) -> Iterator[str]:
    """Yield a table of each request at two sizes, and which grows most."""
    columns = " ".join(f"{size:>11,}" for size in sizes)
    yield f"{'':<40} {columns} {'ratio':>7} {'queries':>13}"
    ratios = {
        title: large[title]["seconds"] / small[title]["seconds"] for title in large
    }
    for title, ratio in ratios.items():
        cells = [f"{size[title]['seconds'] * 1000:>8.1f} ms" for size in (small, large)]
        queries = [f"{size[title]['queries']:>6.0f}" for size in (small, large)]
        mark = "  slow" if ratio > _MAX_GROWTH else ""
        yield " ".join([f"{title:<40}", *cells, f"{ratio:>7.2f}", *queries]) + mark
    title, ratio = max(ratios.items(), key=itemgetter(1))
    yield ""
    yield f"Largest ratio: {title}, {ratio:.2f} (at most {_MAX_GROWTH} is wanted)"


def vacuum() -> None:
    """Do at once what PostgreSQL's autovacuum does some time after an import."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM" if connection.vendor == "sqlite" else "VACUUM ANALYZE")


def measure_requests() -> Timings:
    """Time the requests of the growth table."""
    return time_requests(dict(_requests()), rounds=_REQUESTS_PER_ROUND)


def load_test_paths() -> list[str]:
    """Return the paths that each client of the load test requests."""
    mpan = MeterPoint.objects.earliest("pk").mpan
    return [
        _path("meter-point-list", mpan=mpan),
        _path("reading-list", mpan=mpan),
        _path("reading-latest", mpan=mpan),
        _path("reading-list"),
    ]


def _requests() -> Iterator[tuple[str, str]]:
    """Yield title and path of each request of the growth table."""
    meter = Meter.objects.select_related("meter_point").earliest("pk")
    meter_point_id, mpan = meter.meter_point_id, meter.meter_point.mpan
    file = FlowFile.objects.earliest("pk")
    latest = Reading.objects.latest(*READING_ORDER)
    month_start = f"{latest.read_at:%Y-%m}-01"
    several = MeterPoint.objects.order_by("pk").values_list("mpan", flat=True)
    mpans = ",".join(several[:_MAX_MPANS])

    # It reads no rows: this is what authentication and the framework take.
    yield "Index", _path("versions")
    yield "Readings: first page", _path("reading-list")
    reading_filters: dict[str, dict[str, Any]] = {
        "all versions": {"version_status": "all"},
        "by MPAN": {"mpan": mpan},
        "by day": {"date_from": month_start, "date_to": month_start},
        "by serial number": {"meter_serial": meter.serial_number},
        "by register": {"register_id": "MD"},
        "by unknown register": {"register_id": "??"},
        "by reading basis": {"basis": "estimated"},
        "withdrawn": {"version_status": "withdrawn"},
        "by value": {"min_value": "999999999"},
        "by flow file and register": {"flow_file": file.pk, "register_id": "MD"},
        "earliest first": {"ordering": "read_at"},
        "search for a serial number": {"search": meter.serial_number},
        "search for a file name": {"search": file.filename},
    }
    for title, filters in reading_filters.items():
        yield f"Readings: {title}", _path("reading-list", **filters)
    yield "Readings of a meter point", _path("meter-point-readings", meter_point_id)
    yield "Readings of a flow file", _path("flow-file-readings", file.pk)
    yield "Latest readings of an MPAN", _path("reading-latest", mpan=mpan)
    yield "Latest readings of 200 MPANs", _path("reading-latest", mpan=mpans)
    yield "Advances of a meter point", _path("meter-point-advances", meter_point_id)
    yield "Summary of an MPAN", _path("reading-summary", mpan=mpan)
    yield "Summary of all readings", _path("reading-summary")
    for name in "flow-file", "import", "finding", "meter-point", "meter", "site-visit":
        yield f"List: {name}", _path(f"{name}-list")
    yield "Search for meter points", _path("meter-point-list", search=mpan[:6])
    yield "One reading", _path("reading-detail", latest.pk)


def _path(view: str, *arguments: int, **query: Any) -> str:
    query_string = f"?{urlencode(query)}" if query else ""
    return reverse(f"api:{view}", args=arguments) + query_string
