"""The partition benchmark: what it costs that readings are kept by year.

On PostgreSQL only: on SQLite there is one table.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from meter_readings import synthetic

from .comparing import Measured, comparison, fewest
from .filling import Tell
from .importing import Line
from .throwaway import Throwaway, throwaway

_READINGS_OF_A_METER = 10
_FIRST_YEAR = date(2021, 1, 1)
_YEARS = 5

_MOST_TIMES = 1.2
_TIMES_A_ROUND = 5

_LOADS = (
    ("Import of a month", "at least 0.85"),
    ("Undoing it", "aim: 1.00"),
    (f"Import of {_YEARS} years", "at least 0.85"),
)

# Of the same thing: without partitions, and with them
type _Both[Thing] = tuple[Thing, Thing]


class _Round(NamedTuple):
    loads: list[_Both[float]]
    answers: _Both[Measured]


class PartitionBenchmark:  # postgresql only
    """Measures the same work with and without partitions, and tells it as a table."""

    def __init__(self, *, readings: int, rounds: int, tell: Tell) -> None:
        self._readings = readings
        self._rounds = rounds
        self._tell = tell

    def table(self) -> Iterator[str]:
        """Yield the lines of the table."""
        yield f"{self._readings:,} readings, {self._rounds} rounds"
        with tempfile.TemporaryDirectory(prefix="d0010_benchmark_") as name:
            month, years = Path(name, "month.uff"), Path(name, "years.uff")
            self._write(month, months=1)
            self._write(years, months=12 * _YEARS)
            rounds = []
            for number in range(self._rounds):
                self._tell(f"Round {number + 1}")
                with throwaway("postgresql") as plain, throwaway("postgresql") as ours:
                    plain.step("one table")
                    rounds.append(_round((plain, ours), month, years))
        yield ""
        yield f"{'':<52} {'median':>7}  {'min–max':>11} {'median':>10}  wanted"
        yield from map(str, _loads(rounds))
        yield ""
        yield from comparison(
            columns=("one table", "partitions"),
            measured=[fewest(each) for each in zip(*(r.answers for r in rounds))],
            most_times=_MOST_TIMES,
        )
        yield f"Wanted: at most {_MOST_TIMES} times as long"

    def _write(self, path: Path, *, months: int) -> None:
        with path.open("wb") as file:
            lines = synthetic.flow_file_lines(
                meter_points=max(self._readings // _READINGS_OF_A_METER, 1),
                readings=self._readings,
                from_date=_FIRST_YEAR,
                months=months,
            )
            synthetic.write_lines(file, lines)


def _round(
    databases: _Both[Throwaway], month: Path, years: Path
) -> _Round:  # postgresql only
    """Do everything on the one database and on the other, turn by turn."""
    imported = [each.step("import", path=str(month)) for each in databases]
    undone = [
        each.step("undo", flow_file=found["flow_file"])
        for each, found in zip(databases, imported, strict=True)
    ]
    held = [each.step("import", path=str(years)) for each in databases]
    for each in databases:
        each.step("tidy")
    plain, ours = [_answers(each) for each in databases]
    return _Round([*map(_seconds, (imported, undone, held))], (plain, ours))


def _seconds(measured: list[dict[str, Any]]) -> _Both[float]:  # postgresql only
    plain, ours = measured
    return plain["seconds"], ours["seconds"]


def _answers(database: Throwaway) -> Measured:  # postgresql only
    """Return how long the API and the pages take to answer."""
    resources = database.step("resources", rounds=_TIMES_A_ROUND)
    pages = database.step("pages", rounds=_TIMES_A_ROUND)
    return {f"API: {title}": found for title, found in resources.items()} | pages


def _loads(rounds: list[_Round]) -> Iterator[Line]:  # postgresql only
    """Yield the line of each load: its speed as a part of that without partitions."""
    for (title, wanted), measured in zip(
        _LOADS, zip(*(each.loads for each in rounds)), strict=True
    ):
        ratios = [plain / ours for plain, ours in measured]
        yield Line(title, ratios, [ours for _, ours in measured], wanted)
