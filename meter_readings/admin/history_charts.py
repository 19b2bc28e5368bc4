"""The charts on the pages of meter points and meters, and the same in tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import NamedTuple

from django.template.defaultfilters import pluralize

from meter_readings import charts, histories
from meter_readings.advances import Advance, advances_between, left_out
from meter_readings.charts import Chart, Point, Series
from meter_readings.d0010 import LONDON
from meter_readings.d0010.codes import Basis
from meter_readings.histories import Register, RegisterKey
from meter_readings.models import Reading
from meter_readings.templatetags.shown import register_reading

_PANELS = 4
# Of one register, a year of one a day and more; fewer where there are many registers.
_READINGS_DRAWN, _READINGS_DRAWN_IN_ALL = 400, 1600

_DAY = timedelta(days=1)
_SHORTEST_PERIOD = timedelta(days=62)


class Panel(NamedTuple):
    """The chart of one register, on all meters that have one of this name.

    There is no chart where there is nothing to draw. `readings` or `advances` are what
    is drawn, in time.
    """

    register_id: str
    is_demand: bool
    names_meters: bool
    chart: Chart | None
    readings: list[Reading]
    advances: list[Advance]


class Drawing(NamedTuple):
    """All charts: where they begin and end, and what they leave out.

    `limit` is how many readings of each register there are at most, and `is_cut_off`
    whether one has as many.
    """

    panels: list[Panel]
    start: datetime | None = None
    end: datetime | None = None
    limit: int = 0
    is_cut_off: bool = False
    left_out: int = 0


def drawing(
    *,
    registers: Sequence[Register],
    changes: Sequence[datetime],
    months: int | None,
    of_advances: bool,
) -> Drawing:
    """Return charts of the first of these registers, for one query.

    They end with the latest reading and go back so many months, or to the first.
    """
    groups = _groups([one for one in registers if one.latest])
    drawn = [one for group in groups for one in group]
    if not drawn:
        return Drawing([])
    start, end = _period(drawn, months)
    limit = min(_READINGS_DRAWN, _READINGS_DRAWN_IN_ALL // len(drawn))
    of_register: dict[RegisterKey, list[Reading]] = {one.key: [] for one in drawn}
    for reading in histories.current_readings(
        registers=list(of_register), since=start, limit=limit
    ):
        of_register[RegisterKey(reading.meter_id, reading.register_id)].append(reading)
    return Drawing(
        [
            _panel(group, of_register, _Frame(start, end, changes), of_advances)
            for group in groups
        ],
        start,
        end,
        limit,
        any(len(found) == limit for found in of_register.values()),
        len(registers) - len(drawn),
    )


def changes_of_meter(registers: Iterable[Register]) -> list[datetime]:
    """Return when a meter began and another one had come to its end.

    A meter that is still read while another one is begins no change.
    """
    spans: dict[int, list[datetime]] = {}
    for one in registers:
        for end in filter(None, (one.first, one.latest)):
            spans.setdefault(one.meter.pk, []).append(end.read_at)
    begins_and_ends = [(min(times), max(times)) for times in spans.values()]
    return sorted(
        {
            begins
            for begins, _ in begins_and_ends
            for other_begins, other_ends in begins_and_ends
            if other_begins < begins and other_ends <= begins + _DAY
        }
    )


def _groups(registers: Iterable[Register]) -> list[list[Register]]:
    """Return registers by name, no more than can be told from one another."""
    groups: dict[str, list[Register]] = {}
    for one in registers:
        groups.setdefault(one.register_id, []).append(one)
    return [group[: charts.MOST_SERIES] for group in islice(groups.values(), _PANELS)]


def _period(
    registers: Iterable[Register], months: int | None
) -> tuple[datetime, datetime]:
    """Return from when to when there are to be charts."""
    readings = [reading for one in registers for reading in (one.first, one.latest)]
    times = [reading.read_at for reading in readings if reading]
    end = max(times)
    if months is None:
        return min(min(times), end - _SHORTEST_PERIOD), end
    local = end.astimezone(LONDON)
    year, month = divmod(local.year * 12 + local.month - 1 - months, 12)
    return local.replace(year=year, month=month + 1, day=min(local.day, 28)), end


class _Frame(NamedTuple):
    """What all charts of a page have in common."""

    start: datetime
    end: datetime
    changes: Sequence[datetime]


def _panel(
    group: Sequence[Register],
    of_register: dict[RegisterKey, list[Reading]],
    frame: _Frame,
    of_advances: bool,
) -> Panel:
    """Return the chart of registers of one name."""
    readings: list[Reading] = []
    advances: list[Advance] = []
    series: list[Series] = []
    for one in reversed(group):
        counted = _counted(one, of_register[one.key])
        if of_advances:
            found = [] if one.is_demand else advances_between(readings=counted)
            advances += found
            points = [_rate(each) for each in found if each.per_day is not None]
        else:
            readings += counted
            points = [_position(reading) for reading in counted]
        if points:
            series.append(Series(one.meter.serial_number, points))
    return Panel(
        register_id=group[0].register_id,
        is_demand=any(one.is_demand for one in group),
        names_meters=len(group) > 1,
        chart=_chart(group, series, frame, of_advances) if series else None,
        readings=readings,
        advances=advances,
    )


def _counted(register: Register, readings: Iterable[Reading]) -> list[Reading]:
    """Return the readings in time, without tests and suspect ones."""
    counted = [one for one in readings if left_out(one, is_demand=False) is None]
    for reading in counted:
        reading.meter = register.meter
    return sorted(counted, key=lambda reading: reading.read_at)


def _position(reading: Reading) -> Point:
    is_estimate = reading.basis is Basis.ESTIMATED
    value = f"{register_reading(reading.value)}, {_date(reading.read_at)}"
    words = f"{value}, {reading.basis.label.lower()}"
    return Point(reading.read_at, reading.value, words, is_estimate)


def _rate(advance: Advance) -> Point:
    earlier, later = advance.earlier, advance.later
    span = f"{_date(earlier.read_at)} to {_date(later.read_at)}"
    words = f"{advance.per_day} a day, {span}"
    if advance.is_estimate:
        words += ", estimated"
    return Point(
        later.read_at,
        advance.per_day or Decimal(0),
        words,
        advance.is_estimate,
        earlier.read_at,
    )


def _chart(
    group: Sequence[Register],
    series: Sequence[Series],
    frame: _Frame,
    of_advances: bool,
) -> Chart:
    """Return the chart, which says in words what is to be seen on it."""
    is_demand = any(one.is_demand for one in group)
    drawn = "Daily rate" if of_advances else "Demand" if is_demand else "Readings"
    changes = [at for at in frame.changes if frame.start < at <= frame.end]
    sentences = [_described(one) for one in series]
    sentences += [f"Meter changed on {_date(at)}." for at in changes]
    return charts.draw(
        title=f"{drawn} of register {group[0].register_id}",
        description=" ".join(sentences),
        unit="register units a day" if of_advances else "register units",
        series=series,
        start=frame.start,
        end=frame.end,
        changes=changes,
        from_zero=of_advances,
    )


def _described(series: Series) -> str:
    """Return what one series says, in a sentence."""
    first, last = series.points[0], series.points[-1]
    count = len(series.points)
    estimates = sum(point.is_estimate for point in series.points)
    return (
        f"Meter {series.name}: {count} point{pluralize(count)},"
        f" {estimates} of them estimated; first {first.words}; last {last.words}."
    )


def _date(at: datetime) -> str:
    # Not by formats.date_format(), which is slow for so many.
    local = at.astimezone(LONDON)
    return f"{local.day} {local:%b %Y}"
