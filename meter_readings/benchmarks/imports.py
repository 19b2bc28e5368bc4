"""Import benchmark: imports, undoing, dry runs, and the peak memory of an import."""

from __future__ import annotations

import platform
import sqlite3
import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from meter_readings.d0010 import LONDON
from meter_readings.synthetic import Shape

from .measurements import Times, import_file, time_dry_runs, undo_file, write_flow_file
from .raw_loading import COPY, EXECUTEMANY, METHODS, load_raw
from .temp_database import Log, NewDatabase, temp_database, temp_databases

# Enough for the meters with twelve registers of the mixed shape
_READINGS_PER_METER_POINT = 12

# The options of three files: a later month of the same meters, and the same readings
_RESENT_AT = datetime(2025, 2, 3, 6, tzinfo=LONDON)
_FILES: dict[str, dict[str, Any]] = {
    "first": {},
    "later": {"month": 1},
    "again": {"created_at": _RESENT_AT},
}
_SHAPES = (Shape.PLAIN, Shape.MIXED)

_MIN_RATIOS = {
    ("first", EXECUTEMANY): 0.90,
    ("later", EXECUTEMANY): 0.85,
    ("again", EXECUTEMANY): 0.80,
    ("first", COPY): 0.75,
    ("later", COPY): 0.60,
    ("again", COPY): 0.60,
}
_MAX_SPLITS = {Shape.PLAIN: 5}
_MAX_SPLITS_OF_OTHERS = 8


class _Setup(NamedTuple):
    """The folder of synthetic files and their size, and how to create a database."""

    folder: Path
    readings: int
    meter_points: int
    new_database: NewDatabase

    def write(self, shape: Shape, name: str, **options: Any) -> str:
        """Write a file of a shape and return its path; options overrule the size."""
        path = self.folder / f"{shape}_{name}.uff"
        numbers = {"readings": self.readings, "meter_points": self.meter_points}
        write_flow_file(
            path, shape=shape, file_identifier=name.upper(), **(numbers | options)
        )
        return str(path)


@dataclass(frozen=True, kw_only=True)
class ImportBenchmark:
    """Measures imports into one database; makes a table of the results.

    `meter_points` is by default a twelfth of `readings`. `memory` has the numbers of
    readings at which to measure the peak memory; with 0 `rounds` nothing else is.
    """

    vendor: str
    readings: int
    meter_points: int | None
    rounds: int
    memory: Sequence[int]
    log: Log

    def table(self) -> Generator[str]:
        """Yield the lines of the table as they are measured; no rounds: memory only."""
        if self.rounds:
            yield from self._ratios()
        yield from self.memory_lines()

    def _ratios(self) -> Iterator[str]:
        meter_points = self.meter_points or _meter_points(self.readings)
        yield f"{self.readings:,} readings, {meter_points:,} meter points"
        yield (
            f"{self.vendor}, {self.rounds} rounds, Python {platform.python_version()}"
            f", SQLite {sqlite3.sqlite_version}"
        )
        with (
            tempfile.TemporaryDirectory(prefix="d0010_benchmark_") as name,
            temp_databases(self.vendor) as new_database,
        ):
            setup = _Setup(Path(name), self.readings, meter_points, new_database)
            for shape in _SHAPES:
                yield from self._imports(setup, shape)
            yield from self._undoing(setup)
            yield from self._dry_runs(setup)

    def _imports(self, setup: _Setup, shape: Shape) -> Iterator[str]:
        paths = {
            name: setup.write(shape, name, **options)
            for name, options in _FILES.items()
        }
        rounds = [
            self._import_round(setup, paths, number) for number in range(self.rounds)
        ]
        yield from _heading(f"Import of {shape} files, times as fast as raw loading")
        for name, method in rounds[0]:
            measured = [results[name, method] for results in rounds]
            seconds = [imported.seconds for _, imported in measured]
            wanted = _MIN_RATIOS.get((name, method))
            yield self._line(
                f"{name}, {method}",
                measured,
                seconds,
                f"at least {wanted:.2f}" if wanted else "",
            )

    def _import_round(
        self, setup: _Setup, paths: dict[str, str], number: int
    ) -> dict[tuple[str, str], tuple[Times, Times]]:
        """Return the times of raw loading and of the import, by file and method."""
        results = {}
        with ExitStack() as stack:
            database, *raw_databases = [
                stack.enter_context(setup.new_database())
                for _ in ("import", *METHODS[self.vendor])
            ]
            for name, path in paths.items():
                self.log(f"Round {number + 1}: {Path(path).name}")
                imported = database.run(import_file, path=path)
                for method, raw_database in zip(
                    METHODS[self.vendor], raw_databases, strict=True
                ):
                    raw = raw_database.run(
                        load_raw,
                        source=database.name,
                        flow_file=imported["flow_file"],
                        method=method,
                    )
                    results[name, method] = Times(*raw), Times(*imported["times"])
        return results

    def _undoing(self, setup: _Setup) -> Iterator[str]:
        count = self.readings * 5 // 2
        numbers = {"readings": count, "meter_points": _meter_points(count)}
        others = setup.write(Shape.MIXED, "others", seed=2, **numbers)
        path = setup.write(Shape.MIXED, "first")
        yield from _heading("Undo of the first mixed file, times its import")
        for title, paths in (
            ("alone", [path]),
            (f"beside {count:,} readings", [others, path]),
        ):
            rounds = [
                self._undo_round(setup, paths, number) for number in range(self.rounds)
            ]
            for statistics, measured in zip(
                ("", ", after ANALYZE"), zip(*rounds, strict=True), strict=True
            ):
                seconds = [undone.seconds for undone, _ in measured]
                yield self._line(title + statistics, measured, seconds, "at most 1.00")

    def _undo_round(
        self, setup: _Setup, paths: Sequence[str], number: int
    ) -> list[tuple[Times, Times]]:
        """Return the times of undoing the last file, and of its import.

        The statistics of the tables are those of imports first, then fresh ones.
        """
        results = []
        *others, path = paths
        self.log(f"Round {number + 1}: undo")
        with setup.new_database() as database:
            for other in others:
                database.run(import_file, path=other)
            for is_analyzed in (False, True):
                imported = database.run(import_file, path=path)
                flow_file = imported["flow_file"]
                undone = database.run(
                    undo_file, flow_file=flow_file, is_analyzed=is_analyzed
                )
                results.append((Times(*undone), Times(*imported["times"])))
        return results

    def _dry_runs(self, setup: _Setup) -> Iterator[str]:
        smallest = setup.write(Shape.PLAIN, "smallest", readings=1, meter_points=1)
        paths = [setup.write(shape, "first") for shape in Shape]
        self.log("Dry runs")
        with setup.new_database() as database:
            timings = database.run(
                time_dry_runs, smallest=smallest, paths=paths, rounds=self.rounds
            )
        yield ""
        title = "Dry run, times splitting its lines"
        yield f"{title:<52} {'minimum':>7} {'CPU':>32}  wanted"
        for shape, (dry_run, splitting) in zip(Shape, timings, strict=True):
            wanted = _MAX_SPLITS.get(shape, _MAX_SPLITS_OF_OTHERS)
            ratio = dry_run / splitting
            yield f"{shape:<52} {ratio:>7.2f} {dry_run:>30.2f} s  at most {wanted}"

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
                write_flow_file(
                    path,
                    shape=Shape.MIXED,
                    readings=readings,
                    meter_points=_meter_points(readings),
                )
                imported = database.run(import_file, path=str(path))
            peaks.append(imported["peak"])
            seconds, _ = imported["times"]
            yield (
                f"Peak memory at {readings:>9,} readings {imported['peak']:>10.0f} MB"
                f"  {seconds:>8.2f} s  {readings / seconds:>9,.0f} readings/s"
            )
        if peaks:
            difference = max(peaks) - min(peaks)
            yield f"Difference {difference:.0f} MB (at most 32; each at most 120)"

    def _line(
        self,
        title: str,
        measured: Sequence[tuple[Times, Times]],
        seconds: Sequence[float],
        wanted: str,
    ) -> str:
        """Return the line of a ratio, with its spread and, on SQLite, that of CPU time.

        PostgreSQL works in a process of its own, whose CPU time is not known.
        """
        ratios = [first.seconds / second.seconds for first, second in measured]
        spread = f"{min(ratios):.2f}–{max(ratios):.2f}"
        cpu_ratio = median(
            first.cpu_seconds / second.cpu_seconds for first, second in measured
        )
        cpu = f"{cpu_ratio:.2f}" if self.vendor == "sqlite" else ""
        return (
            f"{title:<52} {median(ratios):>7.2f}  {spread:>11} {cpu:>7}"
            f" {median(seconds):>8.2f} s  {wanted}"
        ).rstrip()


def _meter_points(readings: int) -> int:
    return max(readings // _READINGS_PER_METER_POINT, 1)


def _heading(title: str) -> Iterator[str]:
    yield ""
    columns = f"{'median':>7}  {'min–max':>11} {'by CPU':>7} {'median':>10}  wanted"
    yield f"{title:<52} {columns}"
