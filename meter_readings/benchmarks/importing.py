"""The import benchmark: which files, which databases, which lines of the table."""

from __future__ import annotations

import platform
import sqlite3
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import psycopg2

from meter_readings import synthetic
from meter_readings.d0010 import LONDON, FaultCode

from .throwaway import Throwaway, server_parameters, throwaway

type Tell = Callable[[str], object]

# How often a write lock is asked for while a file is checked.
_PROBE_SECONDS = 0.01


# What is compared with raw loading, and which part of its speed is wanted.
_WANTED = {
    "sqlite": (
        ("First load, against raw loading", "at least 0.45"),
        ("Later month of the same meters, against raw", "at least 0.22"),
        ("The same readings again, against raw", "at least 0.22"),
    ),
    "postgresql": (
        ("First load, against raw loading", "at least 0.50"),
        ("Later month of the same meters, against raw", "at least 0.25"),
        ("The same readings again, against raw", "at least 0.25"),
        ("First load, against raw with Django's foreign keys", "aim: 1.00"),
    ),
}


class Line(NamedTuple):
    """One line of the table: what was measured in each round, and what is wanted."""

    title: str
    ratios: list[float]
    seconds: list[float]
    wanted: str

    def __str__(self) -> str:
        ratio = statistics.median(self.ratios)
        spread = f"{min(self.ratios):.2f}–{max(self.ratios):.2f}"
        seconds = statistics.median(self.seconds)
        return (
            f"{self.title:<52} {ratio:>7.2f}  {spread:>11} {seconds:>8.2f} s"
            f"  {self.wanted}"
        )


class ImportBenchmark:
    """Measures one database, round by round, and tells the results as a table."""

    def __init__(
        self,
        *,
        vendor: str,
        readings: int,
        meter_points: int,
        rounds: int,
        memory: Sequence[int],
        tell: Tell,
    ) -> None:
        self._vendor = vendor
        self._readings = readings
        self._meter_points = meter_points
        self._rounds = rounds
        self._memory = memory
        self._tell = tell

    def table(self) -> Iterator[str]:
        """Yield the lines of the table as they are measured."""
        yield f"{self._readings:,} readings, {self._meter_points:,} meter points"
        yield f"{self._vendor}, {self._rounds} rounds, Python {_python()}"
        yield ""
        yield f"{'':<52} {'median':>7}  {'min–max':>11} {'median':>10}  wanted"
        with tempfile.TemporaryDirectory(prefix="d0010_benchmark_") as name:
            files = _Files(Path(name), self._readings, self._meter_points)
            yield from map(str, self._against_raw(files))
            yield str(self._parsing(files))
            yield self._rejecting(files)
            yield from self.memory_lines(Path(name))

    def _against_raw(self, files: _Files) -> list[Line]:
        rounds = [self._round(files, number) for number in range(self._rounds)]
        measured = zip(*rounds, strict=True)
        wanted = _WANTED[self._vendor]
        return [
            _line(title, results, part)
            for (title, part), results in zip(wanted, measured, strict=False)
        ]

    def _round(self, files: _Files, number: int) -> list[tuple[float, float]]:
        """Import three files; load the same rows raw into a database beside it."""
        measured = []
        with throwaway(self._vendor) as ours, throwaway(self._vendor) as raw:
            for path in files.first, files.later, files.again:
                self._tell(f"Round {number + 1}: {path.name}")
                imported = ours.step("import", path=str(path))
                assert imported["outcome"] == "imported", imported
                loaded = raw.step(
                    "raw", source=ours.name, flow_file=imported["flow_file"]
                )
                measured.append((imported["seconds"], loaded["seconds"]))
            measured.append((measured[0][0], self._with_foreign_keys(ours)))
        return measured

    def _with_foreign_keys(self, ours: Throwaway) -> float:
        """Return the seconds of raw loading where Django's foreign keys are kept."""
        if self._vendor == "sqlite":  # sqlite only
            return 0.0  # they are kept there, and cheap
        return _load_raw_with_foreign_keys(ours)  # postgresql only

    def _parsing(self, files: _Files) -> Line:
        measured = []
        with throwaway("sqlite") as database:
            for number in range(self._rounds):
                self._tell(f"Round {number + 1}: parsing")
                times = database.step("parse", path=str(files.first))
                measured.append((times["seconds"], times["bare"]))
        ratios = [seconds / bare for seconds, bare in measured]
        title = "Parsing and validating, times reading and splitting"
        return Line(title, ratios, [seconds for seconds, _ in measured], "at most 6")

    def _rejecting(self, files: _Files) -> str:
        """Reject a file for its last line; try all the while to write beside it."""
        self._tell("A file whose last line is bad")
        with throwaway(self._vendor) as database:
            begin = time.perf_counter()
            process = database.start("import", path=str(files.bad), policy="strict")
            longest = longest_lock(probe(self._vendor, database.name), process)
            seconds = time.perf_counter() - begin
            answer, _ = process.communicate()
        assert '"rejected"' in answer, answer
        return (
            f"Rejected for its last line in {seconds:.2f} s; longest write lock seen"
            f" {longest:.2f} s"
        )

    def memory_lines(self, folder: Path) -> Iterator[str]:
        """Yield the peak memory of an import at each size, and how far they differ."""
        peaks = []
        for readings in self._memory:
            self._tell(f"Memory at {readings:,} readings")
            path = folder / "memory.uff"
            _write(path, readings=readings, meter_points=max(readings // 10, 1))
            with throwaway(self._vendor) as database:
                measured = database.step("import", path=str(path))
            peaks.append(measured["peak"])
            speed = measured["readings"] / measured["seconds"]
            yield (
                f"Peak memory at {readings:>9,} readings {measured['peak']:>10.0f} MB"
                f"  {measured['seconds']:>8.2f} s  {speed:>9,.0f} readings/s"
            )
        if peaks:
            difference = max(peaks) - min(peaks)
            yield f"Difference {difference:.0f} MB (at most 32; each under 200)"


def _load_raw_with_foreign_keys(ours: Throwaway) -> float:  # postgresql only
    with throwaway("postgresql") as stock:
        stock.manage("migrate", "meter_readings", "0001", "--verbosity=0")
        return float(stock.step("raw", source=ours.name, flow_file=1)["seconds"])


class _Files:
    """The files that are imported, made afresh in a folder."""

    def __init__(self, folder: Path, readings: int, meter_points: int) -> None:
        self.first = folder / "first.uff"
        self.later = folder / "later.uff"
        self.again = folder / "again.uff"
        self.bad = folder / "bad.uff"
        size = {"readings": readings, "meter_points": meter_points}
        _write(self.first, **size, file_identifier="FIRST")
        _write(self.later, **size, file_identifier="LATER", month=1)
        resent_at = datetime(2025, 2, 3, 6, tzinfo=LONDON)
        _write(self.again, **size, file_identifier="AGAIN", created_at=resent_at)
        _write(self.bad, **size, faults=[FaultCode.GROUP_COUNT_DIFFERS])


def _write(path: Path, **asked: Any) -> None:
    with path.open("wb") as file:
        synthetic.write_lines(file, synthetic.flow_file_lines(**asked))


def _line(title: str, measured: tuple[tuple[float, float], ...], wanted: str) -> Line:
    """Return the line of an import: its speed as a part of raw loading's."""
    ratios = [raw / seconds for seconds, raw in measured]
    seconds = [seconds for seconds, _ in measured]
    return Line(title, ratios, seconds, wanted)


def longest_lock(
    is_locked: Callable[[], bool], process: subprocess.Popen[str]
) -> float:
    """Return for how long at most no other could write while a process runs.

    In seconds, from the last chance to write before a lock to the last sight of it.
    """
    longest, since = 0.0, time.perf_counter()
    while process.poll() is None:
        now = time.perf_counter()
        if is_locked():
            longest = max(longest, now - since)
        else:
            since = now
        time.sleep(_PROBE_SECONDS)
    return longest


def probe(vendor: str, name: str) -> Callable[[], bool]:
    """Return what tells, on a connection of its own, whether others cannot write."""
    return _sqlite_probe(name) if vendor == "sqlite" else _postgresql_probe(name)


def _sqlite_probe(name: str) -> Callable[[], bool]:  # sqlite only
    database = sqlite3.connect(name, timeout=0, isolation_level=None)

    def is_locked() -> bool:
        try:
            database.execute("BEGIN IMMEDIATE")
            database.execute("ROLLBACK")
        except sqlite3.OperationalError:
            return True
        return False

    return is_locked


def _postgresql_probe(name: str) -> Callable[[], bool]:  # postgresql only
    database = psycopg2.connect(**server_parameters(), dbname=name)
    database.autocommit = True
    cursor = database.cursor()

    def is_locked() -> bool:
        cursor.execute(
            "SELECT COUNT(*) FROM pg_locks JOIN pg_class ON pg_class.oid = relation"
            " WHERE relname LIKE 'meter_readings_%' AND mode LIKE '%Exclusive%'"
        )
        return bool(cursor.fetchone()[0])

    return is_locked


def _python() -> str:
    return f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}"
