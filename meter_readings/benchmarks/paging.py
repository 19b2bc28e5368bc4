"""The page benchmark: which databases, of which sizes, and which lines of the table."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from meter_readings import synthetic
from meter_readings.d0010 import LONDON

from .pages import FURTHER
from .throwaway import Throwaway, throwaway

type Tell = Callable[[str], object]

_MONTHS = 12
_READINGS_OF_A_METER = 10
# So much of a file is said again by another.
_SAID_AGAIN = 10

_MOST_TIMES = 3


class Line(NamedTuple):
    """One page: seconds and queries with few readings and with many."""

    title: str
    small: dict[str, float]
    large: dict[str, float]

    @property
    def ratio(self) -> float:
        """Return how many times as long it takes with many."""
        return self.large["seconds"] / self.small["seconds"]

    def __str__(self) -> str:
        return (
            f"{self.title:<40} {_milliseconds(self.small)} {_milliseconds(self.large)}"
            f" {self.ratio:>7.2f} {self.small['queries']:>6.0f}"
            f" {self.large['queries']:>6.0f}{self._remark}"
        )

    @property
    def is_by_choice(self) -> bool:
        """Return whether it does more where there is more, because a person asks."""
        return self.title == FURTHER

    @property
    def _remark(self) -> str:
        if self.is_by_choice:
            return "  by choice"
        return "  slow" if self.ratio > _MOST_TIMES else ""


class PageBenchmark:
    """Measures the pages of one database at two sizes, and tells them as a table."""

    def __init__(
        self, *, vendor: str, small: int, large: int, rounds: int, tell: Tell
    ) -> None:
        self._vendor = vendor
        self._sizes = (small, large)
        self._rounds = rounds
        self._tell = tell

    def table(self) -> Iterator[str]:
        """Yield the lines of the table."""
        small, large = self._sizes
        yield f"{self._vendor}, best of {self._rounds} rounds"
        yield f"{'':<40} {small:>11,} {large:>11,} {'times':>7} {'queries':>13}"
        measured = [self._pages(size) for size in self._sizes]
        lines = [
            Line(title, *(each[title] for each in measured)) for title in measured[0]
        ]
        yield from map(str, lines)
        yield ""
        compared = [line for line in lines if not line.is_by_choice]
        most = max(compared, key=lambda line: line.ratio)
        slowest = max(lines, key=lambda line: line.large["seconds"])
        yield f"Most times as long: {most.title}, {most.ratio:.2f}"
        yield f"Slowest: {slowest.title},{_milliseconds(slowest.large)}"
        yield f"Wanted: at most {_MOST_TIMES} times as long, but for what is by choice"

    def _pages(self, readings: int) -> dict[str, dict[str, float]]:
        """Return what each page takes with so many readings."""
        with (
            tempfile.TemporaryDirectory(prefix="d0010_benchmark_") as name,
            throwaway(self._vendor) as database,
        ):
            self._tell(f"Importing {readings:,} readings")
            _fill(database, Path(name), readings)
            self._tell(f"Looking at pages with {readings:,} readings")
            measured: dict[str, Any] = database.step("pages", rounds=self._rounds)
        return measured


def _fill(database: Throwaway, folder: Path, readings: int) -> None:
    """Import so many readings, some of which are said twice."""
    again = readings // (_SAID_AGAIN + 1)
    resent_at = datetime(2026, 2, 3, 6, tzinfo=LONDON)
    for filename, number, asked in (
        ("first.uff", readings - again, {"file_identifier": "FIRST"}),
        ("again.uff", again, {"file_identifier": "AGAIN", "created_at": resent_at}),
    ):
        if not number:
            continue  # too few to say any again
        path = folder / filename
        with path.open("wb") as file:
            lines = synthetic.flow_file_lines(
                meter_points=max(number // _READINGS_OF_A_METER, 1),
                readings=number,
                months=_MONTHS,
                **asked,
            )
            synthetic.write_lines(file, lines)
        result = database.step("import", path=str(path))
        assert result["outcome"] == "imported", result
        path.unlink()


def _milliseconds(measured: dict[str, float]) -> str:
    return f"{measured['seconds'] * 1000:>8.1f} ms"
