"""The charts on the pages of meter points and meters, and their rows as tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import NamedTuple

from django.template.defaultfilters import pluralize

from meter_readings.admin.meter_points import svg_chart
from meter_readings.admin.meter_points.svg_chart import Chart, Point, Series
from meter_readings.d0010 import LONDON
from meter_readings.d0010.codes import Basis
from meter_readings.models import Reading, ReadingSource
from meter_readings.queries import history
from meter_readings.queries.advances import Advance, advances_between, exclusion_reason
from meter_readings.queries.history import Register, RegisterKey
from meter_readings.templatetags.formatting import reading_value

_MAX_PANELS = 4
# More than a year of daily readings of one register
_MAX_READINGS_PER_REGISTER = 400
_MAX_READINGS = 1600

_DAY = timedelta(days=1)
_SHORTEST_PERIOD = timedelta(days=62)


class Panel(NamedTuple):
    """The chart of the registers with one id, on one or more meters.

    It is of advances or, always for a demand register, of readings; these are its rows,
    in order of time. The chart is None if it would have no points.
    """

    register_id: str
    is_demand: bool
    of_advances: bool
    shows_serial_numbers: bool
    chart: Chart | None
    readings: list[Reading]
    advances: list[Advance]


class ChartSet(NamedTuple):
    """All charts of a page, with their common period.

    A chart has at most `limit` readings of each register; `is_truncated` if a register
    has as many. `omitted_count` registers have no chart.
    """

    panels: list[Panel]
    start: datetime | None = None
    end: datetime | None = None
    limit: int = 0
    is_truncated: bool = False
    omitted_count: int = 0


def build_charts(
    *,
    registers: Sequence[Register],
    meter_changes: Sequence[datetime],
    months: int | None,
    of_advances: bool,
) -> ChartSet:
    """Return charts of the first of these registers, with one query.

    Their period ends with the latest reading; it has so many months, or with None it
    begins with the earliest reading.
    """
    groups = _groups([register for register in registers if register.latest])
    charted = [register for group in groups for register in group]
    if not charted:
        return ChartSet([])
    start, end = _period(charted, months)
    limit = min(_MAX_READINGS_PER_REGISTER, _MAX_READINGS // len(charted))
    readings: dict[RegisterKey, list[Reading]] = {each.key: [] for each in charted}
    for reading in history.current_readings(
        registers=list(readings), since=start, limit=limit
    ):
        readings[RegisterKey(reading.meter_id, reading.register_id)].append(reading)
    axes = _Axes(start, end, meter_changes)
    return ChartSet(
        panels=[_panel(group, readings, axes, of_advances) for group in groups],
        start=start,
        end=end,
        limit=limit,
        is_truncated=any(len(found) == limit for found in readings.values()),
        omitted_count=len(registers) - len(charted),
    )


def meter_changes(registers: Iterable[Register]) -> list[datetime]:
    """Return the times at which one meter replaced another.

    A meter that is read at the same time as another replaces none.
    """
    times: dict[int, list[datetime]] = {}
    for register in registers:
        for reading in filter(None, (register.earliest, register.latest)):
            times.setdefault(register.meter.pk, []).append(reading.read_at)
    spans = [(min(each), max(each)) for each in times.values()]
    return sorted(
        {
            start
            for start, _ in spans
            for other_start, other_end in spans
            if other_start < start and other_end <= start + _DAY
        }
    )


def _groups(registers: Iterable[Register]) -> list[list[Register]]:
    """Return the registers by id, as many as charts can distinguish."""
    groups: dict[str, list[Register]] = {}
    for register in registers:
        groups.setdefault(register.register_id, []).append(register)
    return [
        group[: svg_chart.MAX_SERIES] for group in islice(groups.values(), _MAX_PANELS)
    ]


def _period(
    registers: Iterable[Register], months: int | None
) -> tuple[datetime, datetime]:
    readings = [
        reading for each in registers for reading in (each.earliest, each.latest)
    ]
    times = [reading.read_at for reading in readings if reading]
    end = max(times)
    if months is None:
        return min(min(times), end - _SHORTEST_PERIOD), end
    local = end.astimezone(LONDON)
    year, month = divmod(local.year * 12 + local.month - 1 - months, 12)
    return local.replace(year=year, month=month + 1, day=min(local.day, 28)), end


class _Axes(NamedTuple):
    """The period of all charts of a page, and the meter changes."""

    start: datetime
    end: datetime
    meter_changes: Sequence[datetime]


def _panel(
    group: Sequence[Register],
    readings_of: dict[RegisterKey, list[Reading]],
    axes: _Axes,
    of_advances: bool,
) -> Panel:
    is_demand = any(register.is_demand for register in group)
    of_advances = of_advances and not is_demand
    readings: list[Reading] = []
    advances: list[Advance] = []
    series: list[Series] = []
    for register in reversed(group):
        valid = _valid_readings(register, readings_of[register.key])
        if of_advances:
            found = advances_between(readings=valid)
            advances += found
            points = [_rate_point(each) for each in found if each.per_day is not None]
        else:
            readings += valid
            points = [_reading_point(reading) for reading in valid]
        if points:
            series.append(Series(register.meter.serial_number, points))
    return Panel(
        register_id=group[0].register_id,
        is_demand=is_demand,
        of_advances=of_advances,
        shows_serial_numbers=len(group) > 1,
        chart=_chart(group, series, axes, of_advances) if series else None,
        readings=readings,
        advances=advances,
    )


def _valid_readings(register: Register, readings: Iterable[Reading]) -> list[Reading]:
    """Return the readings in order of time, without tests and suspect readings."""
    valid = [
        each for each in readings if exclusion_reason(each, is_demand=False) is None
    ]
    for reading in valid:
        reading.meter = register.meter
    return sorted(valid, key=lambda reading: reading.read_at)


def _reading_point(reading: Reading) -> Point:
    is_estimate = reading.basis is Basis.ESTIMATED
    value = f"{reading_value(reading.value)}, {_date(reading.read_at)}"
    tooltip = f"{value}, {reading.basis.label.lower()}"
    if reading.source is ReadingSource.USER:
        tooltip += ", corrected"
    return Point(reading.read_at, reading.value, tooltip, is_estimate)


def _rate_point(advance: Advance) -> Point:
    earlier, later = advance.earlier, advance.later
    span = f"{_date(earlier.read_at)} to {_date(later.read_at)}"
    tooltip = f"{advance.per_day} per day, {span}"
    if advance.is_estimate:
        tooltip += ", estimated"
    if advance.is_corrected:
        tooltip += ", corrected"
    return Point(
        later.read_at,
        advance.per_day or Decimal(0),
        tooltip,
        advance.is_estimate,
        earlier.read_at,
    )


def _chart(
    group: Sequence[Register],
    series: Sequence[Series],
    axes: _Axes,
    of_advances: bool,
) -> Chart:
    """Return the chart with a description for people who cannot see it."""
    is_demand = any(register.is_demand for register in group)
    quantity = (
        "Consumption per day"
        if of_advances
        else "Maximum demand" if is_demand else "Readings"
    )
    changes = [at for at in axes.meter_changes if axes.start < at <= axes.end]
    sentences = [_series_summary(each) for each in series]
    sentences += [f"Meter exchanged on {_date(at)}." for at in changes]
    return svg_chart.draw(
        title=f"{quantity} of register {group[0].register_id}",
        description=" ".join(sentences),
        unit="units per day" if of_advances else "units",
        series=series,
        start=axes.start,
        end=axes.end,
        changes=changes,
        from_zero=of_advances,
    )


def _series_summary(series: Series) -> str:
    first, last = series.points[0], series.points[-1]
    count = len(series.points)
    estimates = sum(point.is_estimate for point in series.points)
    return (
        f"Meter {series.name}: {count} point{pluralize(count)},"
        f" {estimates} of them estimated; first {first.tooltip}; last {last.tooltip}."
    )


def _date(at: datetime) -> str:
    # Not by formats.date_format(), which is slow for so many.
    local = at.astimezone(LONDON)
    return f"{local.day} {local:%b %Y}"
