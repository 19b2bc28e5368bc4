"""Registers without a recent reading: of a meter point, or one beside others.

A meter point is not read if its latest current reading, of any meter, is older than a
number of days. A register is not read if that is so of it, while its meter has a later
reading of another register. Registers of removed meters are left out.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.db.models import Max, TextChoices

from meter_readings.models import Meter, MeterPoint, Reading

# Meter points whose readings are looked at by one query
CHUNK = 200

# No other chunk is begun when these are over, or when a page is full.
SCAN_SECONDS = 1.0


class What(TextChoices):
    """What has no recent reading."""

    METER_POINT = "meter-point", "Meter point"
    REGISTER = "register", "Register"


class Unread(NamedTuple):
    """A register without a recent reading, or the latest one of a meter point."""

    what: What
    meter_point: MeterPoint
    serial_number: str
    register_id: str
    latest_at: datetime


class UnreadPage(NamedTuple):
    """Rows in the order of MPANs; `next_mpan` is where the search stopped, or ""."""

    rows: list[Unread]
    next_mpan: str


def unread_page(*, before: datetime, after_mpan: str, limit: int) -> UnreadPage:
    """Return what has no reading since `before`, of the MPANs after `after_mpan`.

    It looks at meter points for about a second, or until `limit` rows are found.
    """
    stop = time.monotonic() + SCAN_SECONDS
    rows: list[Unread] = []
    while points := list(
        MeterPoint.objects.filter(mpan__gt=after_mpan).order_by("mpan")[:CHUNK]
    ):
        rows += _unread(points, before)
        after_mpan = points[-1].mpan
        if len(points) < CHUNK:
            break
        if len(rows) >= limit or time.monotonic() > stop:
            return UnreadPage(rows, after_mpan)
    return UnreadPage(rows, "")


class _Latest(NamedTuple):
    at: datetime
    serial_number: str
    register_id: str


def _unread(points: list[MeterPoint], before: datetime) -> Iterator[Unread]:
    registers = _latest_readings(points)
    for point in points:
        meters = registers[point.pk]
        if not meters:
            continue  # It has site visits only.
        # The meter with the latest reading is the one in use.
        current = max(meters.values(), key=max)
        latest = max(current)
        if latest.at < before:
            yield _row(What.METER_POINT, point, latest)
            continue
        for register in sorted(current, key=lambda each: each.register_id):
            if register.at < before:
                yield _row(What.REGISTER, point, register)


def _row(what: What, point: MeterPoint, latest: _Latest) -> Unread:
    return Unread(what, point, latest.serial_number, latest.register_id, latest.at)


def _latest_readings(
    points: list[MeterPoint],
) -> defaultdict[int, defaultdict[int, list[_Latest]]]:
    """Return the latest current reading of each register, by meter point and meter."""
    meters = {
        pk: (point_id, serial_number)
        for pk, point_id, serial_number in Meter.objects.filter(
            meter_point__in=points
        ).values_list("pk", "meter_point_id", "serial_number")
    }
    rows = (
        Reading.objects.current()
        .filter(meter__in=meters)
        .values_list("meter_id", "register_id")
        .annotate(latest_at=Max("read_at"))
        .order_by()
    )
    found: defaultdict[int, defaultdict[int, list[_Latest]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for meter_id, register_id, latest_at in rows:
        point_id, serial_number = meters[meter_id]
        latest = _Latest(latest_at, serial_number, register_id)
        found[point_id][meter_id].append(latest)
    return found
