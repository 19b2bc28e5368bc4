"""Import benchmark: imports against raw loading of the same rows, and peak memory."""

from __future__ import annotations

import gc
import platform
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import psycopg2
from django.db import connection
from django.db.models import Field
from django.utils import timezone

from meter_readings import d0010, importer, synthetic
from meter_readings.d0010 import LONDON
from meter_readings.models import FlowFile, Meter, MeterPoint, Reading

from .temp_database import Log, peak_megabytes, server_parameters, temp_database

# Tables by name with their columns that are not generated, in the order of their
# foreign keys
_COLUMNS = {
    model._meta.db_table: ", ".join(
        f'"{field.column}"'
        for field in model._meta.get_fields()
        if isinstance(field, Field) and not field.generated
    )
    for model in (FlowFile, MeterPoint, Meter, Reading)
}
*_REFERENCED, _READING = _COLUMNS

_TITLES = (
    "First load, against raw loading",
    "Later month of the same meters, against raw",
    "The same readings again, against raw",
)
_WANTED = {"sqlite": (0.45, 0.22, 0.22), "postgresql": (0.50, 0.25, 0.25)}

_YEARS = (
    "SELECT DISTINCT EXTRACT(year FROM read_at AT TIME ZONE 'UTC')::integer"
    f" FROM {_READING} WHERE flow_file_id = %s"
)
_ADD_YEAR = "SELECT reading_create_year_partition(%s)"


class Line(NamedTuple):
    """One line of the table: what each round measured, and the ratio wanted."""

    title: str
    ratios: Sequence[float]
    seconds: Sequence[float]
    wanted: str

    def __str__(self) -> str:
        ratio = statistics.median(self.ratios)
        spread = f"{min(self.ratios):.2f}–{max(self.ratios):.2f}"
        seconds = statistics.median(self.seconds)
        return (
            f"{self.title:<52} {ratio:>7.2f}  {spread:>11} {seconds:>8.2f} s"
            f"  {self.wanted}"
        )


@dataclass(frozen=True, kw_only=True)
class ImportBenchmark:
    """Measures imports into one database; makes a table of the results.

    `memory` has the numbers of readings at which to measure the peak memory.
    """

    vendor: str
    readings: int
    meter_points: int
    rounds: int
    memory: Sequence[int]
    log: Log

    def table(self) -> Iterator[str]:
        """Yield the lines of the table as they are measured."""
        yield f"{self.readings:,} readings, {self.meter_points:,} meter points"
        yield (
            f"{self.vendor}, {self.rounds} rounds, Python {platform.python_version()}"
            f", SQLite {sqlite3.sqlite_version}"
        )
        yield ""
        yield f"{'':<52} {'median':>7}  {'min–max':>11} {'median':>10}  wanted"
        with tempfile.TemporaryDirectory(prefix="d0010_benchmark_") as name:
            files = self._write_files(Path(name))
            yield from map(str, self._against_raw(files))
            yield str(self._parsing(files[0]))
        yield from self.memory_lines()

    def _write_files(self, folder: Path) -> list[Path]:
        """Write a first file, a later month, and the first file's readings again."""
        resent_at = datetime(2025, 2, 3, 6, tzinfo=LONDON)
        options: dict[str, dict[str, Any]] = {
            "first": {},
            "later": {"month": 1},
            "again": {"created_at": resent_at},
        }
        paths = []
        for name, different in options.items():
            path = folder / f"{name}.uff"
            write_flow_file(
                path,
                readings=self.readings,
                meter_points=self.meter_points,
                file_identifier=name.upper(),
                **different,
            )
            paths.append(path)
        return paths

    def _against_raw(self, files: Sequence[Path]) -> Iterator[Line]:
        rounds = [self._round(files, number) for number in range(self.rounds)]
        for title, wanted, measured in zip(
            _TITLES, _WANTED[self.vendor], zip(*rounds, strict=True), strict=True
        ):
            ratios = [raw / imported for imported, raw in measured]
            seconds = [imported for imported, _ in measured]
            yield Line(title, ratios, seconds, f"at least {wanted:.2f}")

    def _round(self, files: Sequence[Path], number: int) -> list[tuple[float, float]]:
        """Return the seconds of the import and of the raw loading of each file."""
        measured = []
        with (
            temp_database(self.vendor) as database,
            temp_database(self.vendor) as raw_database,
        ):
            for path in files:
                self.log(f"Round {number + 1}: {path.name}")
                imported = database.run(import_file, path=str(path))
                raw = raw_database.run(
                    load_raw, source=database.name, flow_file=imported["flow_file"]
                )
                measured.append((imported["seconds"], raw))
        return measured

    def _parsing(self, path: Path) -> Line:
        measured = []
        with temp_database("sqlite") as database:
            for number in range(self.rounds):
                self.log(f"Round {number + 1}: parsing")
                measured.append(database.run(parse, path=str(path)))
        ratios = [parsing / splitting for parsing, splitting in measured]
        title = "Parsing and validating, times reading and splitting"
        return Line(title, ratios, [parsing for parsing, _ in measured], "at most 6")

    def memory_lines(self) -> Iterator[str]:
        """Yield the peak memory of an import at each size, and the difference."""
        peaks = []
        for readings in filter(None, self.memory):
            self.log(f"Memory at {readings:,} readings")
            with (
                tempfile.TemporaryDirectory(prefix="d0010_benchmark_") as folder,
                temp_database(self.vendor) as database,
            ):
                path = Path(folder, "memory.uff")
                meter_points = max(readings // 10, 1)
                write_flow_file(path, readings=readings, meter_points=meter_points)
                imported = database.run(import_file, path=str(path))
            peaks.append(imported["peak"])
            yield (
                f"Peak memory at {readings:>9,} readings {imported['peak']:>10.0f} MB"
                f"  {imported['seconds']:>8.2f} s"
                f"  {readings / imported['seconds']:>9,.0f} readings/s"
            )
        if peaks:
            difference = max(peaks) - min(peaks)
            yield f"Difference {difference:.0f} MB (at most 32; each under 200)"


def write_flow_file(path: Path, **options: Any) -> None:
    """Write a synthetic flow file; the options are those of `flow_file_lines`."""
    with path.open("w", encoding=synthetic.ENCODING, newline="") as file:
        file.writelines(synthetic.flow_file_lines(**options))


def import_file(*, path: str) -> dict[str, Any]:
    """Import a file; return the seconds, the peak memory in MB and the flow file."""
    start = time.perf_counter()
    with open(path, "rb") as stream:
        result = importer.import_flow_file(
            stream=stream, filename=Path(path).name, now=timezone.now()
        )
    seconds = time.perf_counter() - start
    assert result.outcome == "imported" and result.flow_file, result
    return {
        "seconds": seconds,
        "peak": peak_megabytes(),
        "flow_file": result.flow_file.pk,
    }


def load_raw(*, source: str, flow_file: int) -> float:
    """Load the readings of a file from another database without any checks.

    The very same rows go into the table that Django created, by executemany on SQLite
    and by COPY on PostgreSQL. The rows they refer to are loaded before. Returns the
    seconds.
    """
    connection.ensure_connection()
    if connection.vendor == "sqlite":  # sqlite only
        return _executemany(source, flow_file)
    return _copy(source, flow_file)  # postgresql only


def _executemany(source: str, flow_file: int) -> float:  # sqlite only
    target: sqlite3.Connection = connection.connection
    with sqlite3.connect(source) as database:
        for table in _REFERENCED:
            rows = database.execute(f"SELECT {_COLUMNS[table]} FROM {table}").fetchall()
            _insert(target, table, rows)
        query = f"SELECT {_COLUMNS[_READING]} FROM {_READING} WHERE flow_file_id = ?"
        rows = database.execute(query, [flow_file]).fetchall()
    gc.freeze()  # Collecting garbage among the rows is no part of the loading.
    start = time.perf_counter()
    _insert(target, _READING, rows)
    return time.perf_counter() - start


def _insert(target: sqlite3.Connection, table: str, rows: Any) -> None:  # sqlite only
    columns = _COLUMNS[table]
    values = ", ".join("?" for _ in columns.split(", "))
    insert = f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({values})"
    target.execute("BEGIN IMMEDIATE")
    target.executemany(insert, rows)
    target.execute("COMMIT")


def _copy(source: str, flow_file: int) -> float:  # postgresql only
    database = psycopg2.connect(**server_parameters(), dbname=source)
    with (
        tempfile.TemporaryFile() as file,
        connection.cursor() as target,
        database.cursor() as cursor,
    ):
        for table in _REFERENCED:
            target.execute(f"SELECT COALESCE(MAX(id), 0) FROM {table}")
            (latest,) = target.fetchone()
            columns = _COLUMNS[table]
            query = f"SELECT {columns} FROM {table} WHERE id > {latest}"
            _copy_out(cursor, query, file)
            target.copy_expert(f"COPY {table} ({columns}) FROM STDIN", file)
        cursor.execute(_YEARS, [flow_file])
        target.executemany(_ADD_YEAR, cursor.fetchall())
        columns = _COLUMNS[_READING]
        query = (
            f"SELECT {columns} FROM {_READING} WHERE flow_file_id = {flow_file}"
            " ORDER BY id"
        )
        _copy_out(cursor, query, file)
        copy = f"COPY {_READING} ({columns}) FROM STDIN"
        start = time.perf_counter()
        target.copy_expert(copy, file, 1 << 20)
        return time.perf_counter() - start


def _copy_out(cursor: Any, query: str, file: Any) -> None:  # postgresql only
    file.seek(0)
    file.truncate()
    cursor.copy_expert(f"COPY ({query}) TO STDOUT", file)
    file.seek(0)


def parse(*, path: str) -> tuple[float, float]:
    """Return the seconds of parsing and validating a file, and of splitting it."""
    start = time.perf_counter()
    with open(path, encoding="ascii") as lines:
        for line in lines:
            line.split("|")
    splitting = time.perf_counter() - start
    start = time.perf_counter()
    with open(path, "rb") as stream:
        parser = d0010.FlowFileParser(
            stream, report=lambda issue: None, not_after=timezone.now()
        )
        for _ in parser.batches():
            pass
    return time.perf_counter() - start, splitting
