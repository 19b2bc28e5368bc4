"""What a person means by the text in a search box: all by indexes, nothing by scans."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Model, Q, QuerySet, Value
from django.db.models.functions import Least

from meter_readings import d0010
from meter_readings.models import FlowFile, Meter, MeterPoint

_MPAN_LENGTH = 13
_START_OF_MPAN = re.compile(f"[0-9]{{1,{_MPAN_LENGTH}}}")
# The supply number on a bill: profile, meter-timeswitch and loss classes before it.
_SUPPLY_NUMBER = re.compile(f"[0-9]{{8}}([0-9]{{{_MPAN_LENGTH}}})")
_BETWEEN_DIGITS = dict.fromkeys(map(ord, "-\u2010\u2011\u2012\u2013"))
# Fewer digits of a hash could be a word.
_START_OF_HASH = re.compile("[0-9a-f]{8,64}")

_NONE = Q(pk__in=[])
# It sorts after all that may follow the beginning of a text.
_LAST_CHARACTER = "\U0010ffff"


class Found(NamedTuple):
    """What was found of one kind, the first rows of it, and whether there are more."""

    model: type[Model]
    rows: list[Any]
    has_more: bool


def exact_matches(text: str, *, kinds: Container[type[Model]]) -> list[Found]:
    """Return what a text names outright, one row for each of these kinds that has any.

    An MPAN names a meter point; a serial number a meter; a filename, a file identifier,
    or eight or more of the first digits of its SHA-256 a file.
    """
    wanted = {
        MeterPoint: Q(mpan=_mpan_core(text)),
        Meter: _is_serial_number(text),
        FlowFile: Q(filename=text) | Q(file_identifier=text) | _hash_begins(text),
    }
    found = [
        _first(model._default_manager.filter(condition), limit=1)
        for model, condition in wanted.items()
        if model in kinds
    ]
    return [kind for kind in found if kind.rows]


def prefix_matches(
    text: str, *, kinds: Container[type[Model]], limit: int
) -> list[Found]:
    """Return what begins with a text, up to `limit` rows for each of these kinds."""
    rows: dict[type[Model], QuerySet[Any]] = {
        MeterPoint: MeterPoint.objects.filter(_mpan_begins(text)).order_by("mpan"),
        Meter: Meter.objects.filter(_serial_number_begins(text))
        .select_related("meter_point")
        .order_by("serial_number", "pk"),
        FlowFile: FlowFile.objects.filter(flow_files_found_by(text)).order_by(
            "-received_at", "-pk"
        ),
    }
    return [
        _first(found, limit=limit) for model, found in rows.items() if model in kinds
    ]


def _first(rows: QuerySet[Any], *, limit: int) -> Found:
    first = list(rows[: limit + 1])
    return Found(rows.model, first[:limit], len(first) > limit)


def meter_points_found_by(text: str) -> Q:
    """Return the meter points with an MPAN that begins so, or with such a meter."""
    with_meter = Meter.objects.filter(_is_serial_number(text))
    points = list(with_meter.values_list("meter_point_id", flat=True))
    return _mpan_begins(text) | Q(pk__in=points)


def meters_found_by(text: str) -> Q:
    """Return the meters at an MPAN, or with a serial number that begins so."""
    points = _points_with_mpan(text)
    return _serial_number_begins(text) | Q(meter_point__in=points)


def readings_found_by(text: str) -> Q:
    """Return the readings at an MPAN, of a serial number, or from a file."""
    return Q(meter__in=meters_named(text)) | Q(flow_file__in=flow_files_named(text))


def is_flow_file(text: str) -> bool:
    """Return whether a text is the name or the file identifier of a file."""
    return bool(flow_files_named(text))


def site_visits_found_by(text: str) -> Q:
    """Return the visits to an MPAN or to a meter, and those that a file tells of."""
    return (
        Q(meter_point__in=_points_with_mpan(text))
        | Q(meter__in=meters_named(text))
        | Q(flow_file__in=flow_files_named(text))
    )


def flow_files_found_by(text: str) -> Q:
    """Return the files whose name, file identifier or SHA-256 begins so."""
    return (
        _begins("filename", text)
        | _begins("file_identifier", text)
        | _begins("sha256", text.lower())
    )


def from_flow_files_found_by(text: str) -> Q:
    """Return what came from a file of this name or file identifier."""
    return Q(flow_file__in=flow_files_named(text))


def _begins(field: str, text: str) -> Q:
    """Return that a column begins with a text, so that its index answers it.

    SQLite has no index for LIKE here, but sorts by bytes, so that a range will do.
    PostgreSQL sorts by language, and has an index of its own for LIKE.
    """
    if connection.vendor == "sqlite":  # sqlite only
        return Q(**{f"{field}__range": (text, text + _LAST_CHARACTER)})
    return Q(**{f"{field}__startswith": text})  # postgresql only


def _mpan_begins(text: str) -> Q:
    """Return that the MPAN begins with these digits, spaced or not."""
    digits = _mpan_core(text)
    if not _START_OF_MPAN.fullmatch(digits):
        return _NONE
    lowest, highest = (digits.ljust(_MPAN_LENGTH, filler) for filler in "09")
    return Q(mpan__range=(lowest, highest))


def _mpan_core(text: str) -> str:
    """Return what was typed for an MPAN without what stands between its digits."""
    digits = d0010.mpan.typed(text).translate(_BETWEEN_DIGITS)
    match = _SUPPLY_NUMBER.fullmatch(digits)
    return match[1] if match else digits


def _is_serial_number(text: str) -> Q:
    return Q(serial_number__in={text, text.upper()})


def _serial_number_begins(text: str) -> Q:
    """Return that the serial number begins so, typed as it is or in small letters.

    What begins with a text sorts after it. PostgreSQL, which walks through the sorted
    index where much begins so, is told to start there.
    """
    capitals = text.upper()
    begins = _begins("serial_number", text) | _begins("serial_number", capitals)
    return begins & Q(serial_number__gte=Least(Value(text), Value(capitals)))


def _hash_begins(text: str) -> Q:
    digits = text.lower()
    return _begins("sha256", digits) if _START_OF_HASH.fullmatch(digits) else _NONE


def _points_with_mpan(text: str) -> list[int]:
    points = MeterPoint.objects.filter(mpan=_mpan_core(text))
    return list(points.values_list("pk", flat=True))


def meters_named(text: str) -> list[int]:
    """Return the meters at an MPAN or with a serial number."""
    meters = Meter.objects.filter(
        _is_serial_number(text) | Q(meter_point__in=_points_with_mpan(text))
    )
    return list(meters.values_list("pk", flat=True))


def flow_files_named(text: str) -> list[int]:
    """Return the files of a name or file identifier."""
    files = FlowFile.objects.filter(Q(filename=text) | Q(file_identifier=text))
    return list(files.values_list("pk", flat=True))
