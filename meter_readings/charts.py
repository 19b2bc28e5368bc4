"""Charts as lines, marks and words at places on paper, drawn from plain numbers.

What comes out is for a template to write as SVG: colours, dashes and type are the style
sheet's. One unit is about one pixel of a small screen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import combinations
from math import ceil, floor
from typing import NamedTuple

from django.utils import formats

from meter_readings.d0010 import LONDON

WIDTH, HEIGHT = 360, 220
_TOP, _RIGHT, _BOTTOM = 26, 336, 176
# What a letter takes, a line, and how far above its point a name stands.
_LETTER, _LINE_HEIGHT, _ABOVE = 7, 14, 8

_MOST_TICKS = 5
_STEPS_OF_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200)

# More marks than this would run into one another; estimates are marked all the same.
_MOST_MARKS = 60

# One shape for each series, around its place.
_SHAPES = (
    "M-3.5,0a3.5,3.5 0 1,0 7,0a3.5,3.5 0 1,0 -7,0z",
    "M-3,-3h6v6h-6z",
    "M0,-4.5l4.5,4.5l-4.5,4.5l-4.5,-4.5z",
    "M-4,-3h8l-4,7z",
)
MOST_SERIES = len(_SHAPES)


class Point(NamedTuple):
    """A value at a time; `since`, where it is the rate of all the time since then."""

    at: datetime
    value: Decimal
    words: str
    is_estimate: bool = False
    since: datetime | None = None


class Series(NamedTuple):
    """Points in time, under a name."""

    name: str
    points: Sequence[Point]


class Tick(NamedTuple):
    """A place on an axis, and what it says there."""

    place: float
    words: str


class Mark(NamedTuple):
    """One point on paper, and what it says to who points at it."""

    x: float
    y: float
    words: str
    is_estimate: bool


class Label(NamedTuple):
    """A name on paper that ends at a place, and how wide it is."""

    x: float
    y: float
    words: str
    width: float


class Line(NamedTuple):
    """One series on paper: `number` from 1 on gives it colour, dash and shape.

    `end` is its last point. It has no label where names would run into one another.
    """

    number: int
    name: str
    path: str
    shape: str
    marks: list[Mark]
    end: Mark
    label: Label | None = None


@dataclass(frozen=True)
class Chart:
    """A chart on paper: `changes` are where verticals stand."""

    title: str
    description: str
    unit: str
    left: float
    lines: list[Line]
    times: list[Tick]
    values: list[Tick]
    changes: list[float]
    width: int = WIDTH
    height: int = HEIGHT
    top: int = _TOP
    right: int = _RIGHT
    bottom: int = _BOTTOM

    @property
    def is_labelled(self) -> bool:
        """Return whether every line has its name beside it."""
        return all(line.label for line in self.lines)


class _Paper(NamedTuple):
    """Where times and values are on paper."""

    left: float
    start: datetime
    end: datetime
    lowest: Decimal
    highest: Decimal

    def x(self, at: datetime) -> float:
        share = (at - self.start) / (self.end - self.start)
        return round(self.left + share * (_RIGHT - self.left), 1)

    def y(self, value: Decimal) -> float:
        share = (value - self.lowest) / (self.highest - self.lowest)
        return round(_BOTTOM - float(share) * (_BOTTOM - _TOP), 1)


def draw(
    *,
    title: str,
    description: str,
    unit: str,
    series: Sequence[Series],
    start: datetime,
    end: datetime,
    changes: Iterable[datetime] = (),
    from_zero: bool = False,
) -> Chart:
    """Return a chart of one to `MOST_SERIES` series from `start` to `end`.

    Each series has a point or more. The values covered are those of the points, and
    nought if it is `from_zero`.
    """
    values = [point.value for each in series for point in each.points]
    ticks = value_ticks(min(values), max(values), from_zero=from_zero)
    words = [_shown(value) for value in ticks]
    left = _LETTER * max(map(len, words)) + 12
    paper = _Paper(left, start, end, ticks[0], ticks[-1])
    lines = [_line(number, each, paper) for number, each in enumerate(series, start=1)]
    return Chart(
        title,
        description,
        unit,
        left,
        _labelled(lines) if len(lines) > 1 else lines,
        [Tick(paper.x(at), said) for at, said in time_ticks(start, end)],
        [Tick(paper.y(value), said) for value, said in zip(ticks, words, strict=True)],
        [paper.x(at) for at in changes if start <= at <= end],
    )


# Axes


def value_ticks(
    lowest: Decimal, highest: Decimal, *, from_zero: bool = False
) -> list[Decimal]:
    """Return three to five round values that cover what lies between two values."""
    if from_zero:
        lowest, highest = min(lowest, Decimal(0)), max(highest, Decimal(0))
    if lowest == highest:
        lowest, highest = max(lowest - 1, Decimal(0)), highest + 1
    step = next(
        step
        for step in _round_steps(highest - lowest)
        if ceil(highest / step) - floor(lowest / step) < _MOST_TICKS
    )
    numbers = range(floor(lowest / step), ceil(highest / step) + 1)
    return [step * number for number in numbers]


def _round_steps(span: Decimal) -> Iterator[Decimal]:
    """Yield steps of 1, 2 and 5 in each power of ten, from too small a one on."""
    exponent = span.adjusted() - 1
    while True:
        yield from (Decimal(digit).scaleb(exponent) for digit in (1, 2, 5))
        exponent += 1


def time_ticks(start: datetime, end: datetime) -> list[tuple[datetime, str]]:
    """Return the first days of months between two times, at most five of them."""
    first, last = (_month(at.astimezone(LONDON)) for at in (start, end))
    # The month of the start has begun before it, or with it.
    first += _start_of_month(first) < start
    numbers, step = next(
        (range(first + -first % step, last + 1, step), step)
        for step in _STEPS_OF_MONTHS
        if len(range(first + -first % step, last + 1, step)) <= _MOST_TICKS
    )
    words = "M Y" if step < 12 else "Y"
    starts = [_start_of_month(number) for number in numbers]
    return [(at, formats.date_format(at, words)) for at in starts]


def _month(day: date) -> int:
    """Return the number of months since the year nought."""
    return day.year * 12 + day.month - 1


def _start_of_month(number: int) -> datetime:
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=LONDON)


def _shown(value: Decimal) -> str:
    return f"{value:,f}"


# Lines


def _line(number: int, series: Series, paper: _Paper) -> Line:
    marks = [
        Mark(paper.x(point.at), paper.y(point.value), point.words, point.is_estimate)
        for point in series.points
    ]
    path = " ".join(_strokes(series.points, marks, paper))
    end = marks[-1]
    if len(marks) > _MOST_MARKS:
        marks = [mark for mark in marks if mark.is_estimate]
    return Line(number, series.name, path, _SHAPES[number - 1], marks, end)


def _strokes(
    points: Sequence[Point], marks: Sequence[Mark], paper: _Paper
) -> Iterator[str]:
    """Yield a path from point to point; a rate is level for all of its time."""
    reached = None
    for point, mark in zip(points, marks, strict=True):
        if point.since is None:
            yield f"{'M' if reached is None else 'L'}{mark.x},{mark.y}"
        elif point.since == reached:
            yield f"V{mark.y}H{mark.x}"
        else:
            begins = max(paper.x(point.since), paper.left)
            yield f"M{begins},{mark.y}H{mark.x}"
        reached = point.at


def _labelled(lines: list[Line]) -> list[Line]:
    """Return the lines with their names over their ends, where all have the room."""
    labelled = [line._replace(label=_label(line)) for line in lines]
    labels = [line.label for line in labelled if line.label]
    if any(_meet(one, other) for one, other in combinations(labels, 2)):
        return lines
    return labelled


def _label(line: Line) -> Label:
    """Return the name over the end of the line, all of it on the paper."""
    width = _LETTER * len(line.name)
    return Label(
        round(max(line.end.x, width + 4.0), 1),
        round(max(line.end.y - _ABOVE, _LINE_HEIGHT), 1),
        line.name,
        width,
    )


def _meet(one: Label, other: Label) -> bool:
    """Return whether two names would run into one another; they end at their x."""
    are_level = abs(one.y - other.y) < _LINE_HEIGHT
    return are_level and (one.x - one.width < other.x and other.x - other.width < one.x)
