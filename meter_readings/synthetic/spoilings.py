"""The ways to spoil a part of a flow file: its cells, its lines, all of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from enum import Enum, auto
from itertools import dropwhile
from typing import NamedTuple

from meter_readings.d0010 import (
    D0010,
    HEADER,
    TRAILER,
    Group,
    Header,
    SiteVisit,
    ValidationResult,
)
from meter_readings.d0010.codes import ReasonCode, SiteVisitCheckCode
from meter_readings.d0010.fields import Moment

from .parts import line
from .times import midnight

type Lines = list[str]
type Change = Callable[[Lines], Lines]
type Cell = str | Callable[[str], str]


class Place(Enum):
    """Which part of a file is spoiled: its lines go in, others come out."""

    WHOLE_FILE = auto()
    HEADER = auto()
    EVERY_METER_POINT = auto()
    METER_POINT = auto()
    TRAILER = auto()


class Spoiling(NamedTuple):
    """Where something is put into a file, and how."""

    place: Place
    spoil: Callable[[Lines, Header], Lines]


_PLACES = {HEADER: Place.HEADER, TRAILER: Place.TRAILER}


def lines_of(place: Place, change: Change) -> Spoiling:
    """Return the spoiling of whole lines, which needs to know nothing else."""
    return Spoiling(place, lambda lines, header: change(lines))


def in_turn(first: Spoiling, second: Spoiling) -> Spoiling:
    """Return the spoiling that does two things in the same place."""

    def spoil(lines: Lines, header: Header) -> Lines:
        return second.spoil(first.spoil(lines, header), header)

    return Spoiling(first.place, spoil)


def cells(group: Group, **changes: Cell) -> Spoiling:
    """Return the spoiling of cells, by name, in the first line of a group.

    A change is what the cell is to say, or a function of what it says.
    """

    def change(lines: Lines) -> Lines:
        starts = [text.startswith(group.code + "|") for text in lines]
        if True not in starts:
            # Another fault has taken the line away.
            return lines
        index = starts.index(True)
        changed = _with_cells(group, lines[index], changes)
        return [*lines[:index], changed, *lines[index + 1 :]]

    return lines_of(_PLACES.get(group, Place.METER_POINT), change)


def _with_cells(group: Group, text: str, changes: dict[str, Cell]) -> str:
    values = text.split("|")
    for column, field in enumerate(group.fields, 1):
        change = changes.get(field.name, values[column])
        values[column] = change if isinstance(change, str) else change(values[column])
    return "|".join(values)


def ending(end: str) -> Spoiling:
    """Return the spoiling that ends a meter point's last line in another way."""
    return lines_of(
        Place.METER_POINT,
        lambda lines: [*lines[:-1], lines[-1].removesuffix("|\n") + end + "\n"],
    )


def noted(text: str) -> Spoiling:
    """Return the spoiling by a line that stands right under the 026."""
    return lines_of(Place.METER_POINT, lambda lines: [lines[0], text, *lines[1:]])


def note(information: str) -> str:
    """Return a 027 that says something (J0012)."""
    return line(D0010.mpan_visit, SiteVisit(SiteVisitCheckCode.OCCUPIED, information))


def orphan(lines: Lines) -> Lines:
    """Return a meter point with its first reading before the meter too."""
    return [lines[0], lines[2], *lines[1:]]


def late_visit(lines: Lines) -> Lines:
    """Return a meter point with a 029 that comes after the readings."""
    visit = SiteVisit(SiteVisitCheckCode.NO_ACCESS, "")
    return [*lines, line(D0010.meter_visit, visit)]


def judged(flag: str, result_count: int) -> Spoiling:
    """Return the spoiling by a first reading with this flag and so many 032s."""
    result = D0010.result
    verdict = line(result, ValidationResult(ReasonCode.OVER_TWICE_EXPECTED, False))

    def change(lines: Lines) -> Lines:
        rest = dropwhile(lambda text: text.startswith(result.code), lines[3:])
        return [*lines[:3], *[verdict] * result_count, *rest]

    flagged = cells(D0010.reading, meter_reading_flag=flag)
    return in_turn(flagged, lines_of(Place.METER_POINT, change))


def _read_after_creation(lines: Lines, header: Header) -> Lines:
    day_after = midnight(header.file_created_at + timedelta(days=1))
    read_later = cells(D0010.reading, read_at=Moment().write(day_after))
    return read_later.spoil(lines, header)


READ_AFTER_CREATION = Spoiling(Place.METER_POINT, _read_after_creation)
