"""What a person means by the text in a search box: all by indexes, nothing by scans."""

from __future__ import annotations

import re

from django.db import connection
from django.db.models import Q

from meter_readings import d0010
from meter_readings.models import FlowFile, Meter, MeterPoint

_MPAN_LENGTH = 13
_START_OF_MPAN = re.compile(f"[0-9]{{1,{_MPAN_LENGTH}}}")

_NONE = Q(pk__in=[])
# It sorts after all that may follow the beginning of a text.
_LAST_CHARACTER = "\U0010ffff"


def meter_points_found_by(text: str) -> Q:
    """Return the meter points with an MPAN that begins so, or with such a meter."""
    with_meter = Meter.objects.filter(_is_serial_number(text))
    points = list(with_meter.values_list("meter_point_id", flat=True))
    return _mpan_begins(text) | Q(pk__in=points)


def meters_found_by(text: str) -> Q:
    """Return the meters at an MPAN, or with a serial number that begins so."""
    points = _points_with_mpan(text)
    return _begins("serial_number", text) | Q(meter_point__in=points)


def readings_found_by(text: str) -> Q:
    """Return the readings at an MPAN, of a serial number, or from a file."""
    return Q(meter__in=_meters(text)) | Q(flow_file__in=_flow_files(text))


def is_flow_file(text: str) -> bool:
    """Return whether a text is the name or the file identifier of a file."""
    return bool(_flow_files(text))


def site_visits_found_by(text: str) -> Q:
    """Return the visits to an MPAN or to a meter, and those that a file tells of."""
    return (
        Q(meter_point__in=_points_with_mpan(text))
        | Q(meter__in=_meters(text))
        | Q(flow_file__in=_flow_files(text))
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
    return Q(flow_file__in=_flow_files(text))


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
    digits = d0010.mpan.typed(text)
    if not _START_OF_MPAN.fullmatch(digits):
        return _NONE
    lowest, highest = (digits.ljust(_MPAN_LENGTH, filler) for filler in "09")
    return Q(mpan__range=(lowest, highest))


def _is_serial_number(text: str) -> Q:
    return Q(serial_number__in={text, text.upper()})


def _points_with_mpan(text: str) -> list[int]:
    points = MeterPoint.objects.filter(mpan=d0010.mpan.typed(text))
    return list(points.values_list("pk", flat=True))


def _meters(text: str) -> list[int]:
    """Return the meters at an MPAN or with a serial number."""
    meters = Meter.objects.filter(
        _is_serial_number(text) | Q(meter_point__in=_points_with_mpan(text))
    )
    return list(meters.values_list("pk", flat=True))


def _flow_files(text: str) -> list[int]:
    """Return the files of a name or file identifier."""
    files = FlowFile.objects.filter(Q(filename=text) | Q(file_identifier=text))
    return list(files.values_list("pk", flat=True))
