"""How the same requests compare with few readings and with many."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

# The seconds and the number of queries of each request, by its title
type Measured = Mapping[str, Mapping[str, float]]


class Line(NamedTuple):
    """One request: seconds and queries with few readings and with many.

    It is slow if it takes more than `most_times` as long. Where that is None it does
    more where there is more, because somebody asks for it.
    """

    title: str
    small: Mapping[str, float]
    large: Mapping[str, float]
    most_times: float | None

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
    def _remark(self) -> str:
        if self.most_times is None:
            return "  by choice"
        return "  slow" if self.ratio > self.most_times else ""


def fewest(measured: Sequence[Measured]) -> Measured:
    """Return the fewest seconds of each request among several measurements of it."""
    return {
        title: min((each[title] for each in measured), key=itemgetter("seconds"))
        for title in measured[0]
    }


def comparison(
    *,
    columns: Sequence[str],
    measured: Sequence[Measured],
    most_times: float,
    by_choice: Collection[str] = (),
) -> Iterator[str]:
    """Yield a table of what was measured in two ways, and what stands out in it."""
    (small, large), (few, many) = columns, measured
    yield f"{'':<40} {small:>11} {large:>11} {'times':>7} {'queries':>13}"
    lines = [
        Line(title, few[title], many[title], None if title in by_choice else most_times)
        for title in few
    ]
    yield from map(str, lines)
    yield ""
    most = max((line for line in lines if line.most_times), key=lambda line: line.ratio)
    slowest = max(lines, key=lambda line: line.large["seconds"])
    yield f"Most times as long: {most.title}, {most.ratio:.2f}"
    yield f"Slowest: {slowest.title},{_milliseconds(slowest.large)}"


def _milliseconds(measured: Mapping[str, float]) -> str:
    return f"{measured['seconds'] * 1000:>8.1f} ms"
