"""Line charts: positions of lines, markers and labels, for a template to write as SVG.

Colours, dashes and fonts come from the style sheet. One unit is about one pixel of a
small screen.
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
# Half a label of the axis fits between the right end and the edge.
_TOP, _RIGHT, _BOTTOM = 26, 330, 176
_LETTER_WIDTH, _LINE_HEIGHT = 7, 14
# The distance of a label above its point
_LABEL_OFFSET = 8

_MAX_TICKS = 5
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200)

# More markers would overlap; estimates always have one.
_MAX_MARKERS = 60

# The shape of the markers of each series, as an SVG path around (0, 0)
_SHAPES = (
    "M-3.5,0a3.5,3.5 0 1,0 7,0a3.5,3.5 0 1,0 -7,0z",
    "M-3,-3h6v6h-6z",
    "M0,-4.5l4.5,4.5l-4.5,4.5l-4.5,-4.5z",
    "M-4,-3h8l-4,7z",
)
MAX_SERIES = len(_SHAPES)


class Point(NamedTuple):
    """A value at a time; a rate has the start of the period it is the average of."""

    at: datetime
    value: Decimal
    tooltip: str
    is_estimate: bool = False
    period_start: datetime | None = None


class Series(NamedTuple):
    """Points in order of time, and their name."""

    name: str
    points: Sequence[Point]


class Tick(NamedTuple):
    """A position on an axis, and its text."""

    position: float
    text: str


class Marker(NamedTuple):
    x: float
    y: float
    tooltip: str
    is_estimate: bool


class Label(NamedTuple):
    """The name of a series; `x` is the right end of the text."""

    x: float
    y: float
    text: str
    width: float


class Line(NamedTuple):
    """One series: `number`, from 1 on, gives it its colour, dash and shape.

    `end` is its last point. There is no label if labels would overlap.
    """

    number: int
    name: str
    path: str
    shape: str
    markers: list[Marker]
    end: Marker
    label: Label | None = None


@dataclass(frozen=True)
class Chart:
    """The positions of everything in a chart; `changes` are those of vertical lines."""

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
        """Whether every line has a label."""
        return all(line.label for line in self.lines)


class _PlotArea(NamedTuple):
    """The scales of both axes."""

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
    """Return a chart of one to `MAX_SERIES` series from `start` to `end`.

    Each series has at least one point. The axis of values covers all points, and zero
    with `from_zero`. Vertical lines mark the `changes`.
    """
    values = [point.value for each in series for point in each.points]
    ticks = value_ticks(min(values), max(values), from_zero=from_zero)
    texts = [f"{value:,f}" for value in ticks]
    left = _LETTER_WIDTH * max(map(len, texts)) + 12
    area = _PlotArea(left, start, end, ticks[0], ticks[-1])
    lines = [_line(number, each, area) for number, each in enumerate(series, start=1)]
    return Chart(
        title,
        description,
        unit,
        left,
        _with_labels(lines) if len(lines) > 1 else lines,
        [Tick(area.x(at), text) for at, text in time_ticks(start, end)],
        [Tick(area.y(value), text) for value, text in zip(ticks, texts, strict=True)],
        [area.x(at) for at in changes if start <= at <= end],
    )


# Axes


def value_ticks(
    lowest: Decimal, highest: Decimal, *, from_zero: bool = False
) -> list[Decimal]:
    """Return three to five round values, the range of which includes both values."""
    if from_zero:
        lowest, highest = min(lowest, Decimal(0)), max(highest, Decimal(0))
    if lowest == highest:
        lowest, highest = max(lowest - 1, Decimal(0)), highest + 1
    step = next(
        step
        for step in _round_steps(highest - lowest)
        if ceil(highest / step) - floor(lowest / step) < _MAX_TICKS
    )
    numbers = range(floor(lowest / step), ceil(highest / step) + 1)
    return [step * number for number in numbers]


def _round_steps(span: Decimal) -> Iterator[Decimal]:
    """Yield 1, 2 and 5 times each power of ten, beginning with a step too small."""
    exponent = span.adjusted() - 1
    while True:
        yield from (Decimal(digit).scaleb(exponent) for digit in (1, 2, 5))
        exponent += 1


def time_ticks(start: datetime, end: datetime) -> list[tuple[datetime, str]]:
    """Return at most five first days of months between two times, with their text."""
    first, last = (_month(at.astimezone(LONDON)) for at in (start, end))
    # The first month begins at the start or before it.
    first += _start_of_month(first) < start
    numbers, step = next(
        (range(first + -first % step, last + 1, step), step)
        for step in _MONTH_STEPS
        if len(range(first + -first % step, last + 1, step)) <= _MAX_TICKS
    )
    date_format = "M Y" if step < 12 else "Y"
    starts = [_start_of_month(number) for number in numbers]
    return [(at, formats.date_format(at, date_format)) for at in starts]


def _month(day: date) -> int:
    """Return the number of months since the start of year 0."""
    return day.year * 12 + day.month - 1


def _start_of_month(number: int) -> datetime:
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=LONDON)


# Lines


def _line(number: int, series: Series, area: _PlotArea) -> Line:
    markers = [
        Marker(area.x(point.at), area.y(point.value), point.tooltip, point.is_estimate)
        for point in series.points
    ]
    path = " ".join(_path_segments(series.points, markers, area))
    end = markers[-1]
    if len(markers) > _MAX_MARKERS:
        markers = [marker for marker in markers if marker.is_estimate]
    return Line(number, series.name, path, _SHAPES[number - 1], markers, end)


def _path_segments(
    points: Sequence[Point], markers: Sequence[Marker], area: _PlotArea
) -> Iterator[str]:
    """Yield an SVG path through the points; a rate is level during its period."""
    previous = None
    for point, marker in zip(points, markers, strict=True):
        if point.period_start is None:
            yield f"{'M' if previous is None else 'L'}{marker.x},{marker.y}"
        elif point.period_start == previous:
            yield f"V{marker.y}H{marker.x}"
        else:
            start = max(area.x(point.period_start), area.left)
            yield f"M{start},{marker.y}H{marker.x}"
        previous = point.at


def _with_labels(lines: list[Line]) -> list[Line]:
    """Return the lines with labels above their ends, or without if labels overlap."""
    labelled = [line._replace(label=_label(line)) for line in lines]
    labels = [line.label for line in labelled if line.label]
    if any(_overlap(one, other) for one, other in combinations(labels, 2)):
        return lines
    return labelled


def _label(line: Line) -> Label:
    """Return the label above the end of a line, moved to be inside the chart."""
    width = _LETTER_WIDTH * len(line.name)
    return Label(
        round(max(line.end.x, width + 4.0), 1),
        round(max(line.end.y - _LABEL_OFFSET, _LINE_HEIGHT), 1),
        line.name,
        width,
    )


def _overlap(one: Label, other: Label) -> bool:
    are_level = abs(one.y - other.y) < _LINE_HEIGHT
    return are_level and (one.x - one.width < other.x and other.x - other.width < one.x)
