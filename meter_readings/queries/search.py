"""Searching by the text of a search box. Indexes answer every query."""

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
_MPAN_PREFIX = re.compile(f"[0-9]{{1,{_MPAN_LENGTH}}}")
# The supply number on a bill: profile class, meter timeswitch class and line loss
# factor class (eight digits), then the MPAN core.
_SUPPLY_NUMBER = re.compile(f"[0-9]{{8}}([0-9]{{{_MPAN_LENGTH}}})")
_HYPHENS = dict.fromkeys(map(ord, "-\u2010\u2011\u2012\u2013"))
# Fewer hexadecimal digits could be a word.
_SHA256_PREFIX = re.compile("[0-9a-f]{8,64}")

_NO_ROWS_Q = Q(pk__in=[])
# In byte order it comes after any text with the same prefix.
_GREATEST_CHARACTER = "\U0010ffff"


class SearchResults(NamedTuple):
    """The first rows of one model that match, and whether there are more."""

    model: type[Model]
    rows: list[Any]
    has_more: bool


def exact_matches(text: str, *, models: Container[type[Model]]) -> list[SearchResults]:
    """Return one row of each of `models` that the text names exactly.

    The text may be the MPAN of a meter point, the serial number of a meter, or the
    name, the file identifier or at least eight digits of the SHA-256 of a file. Models
    without a match are left out.
    """
    conditions = {
        MeterPoint: Q(mpan=_mpan_core(text)),
        Meter: _serial_number_q(text),
        FlowFile: Q(filename=text) | Q(file_identifier=text) | _sha256_prefix_q(text),
    }
    results = [
        _first_rows(model._default_manager.filter(condition), limit=1)
        for model, condition in conditions.items()
        if model in models
    ]
    return [result for result in results if result.rows]


def prefix_matches(
    text: str, *, models: Container[type[Model]], limit: int
) -> list[SearchResults]:
    """Return up to `limit` rows of each of `models` that begin with the text."""
    querysets: dict[type[Model], QuerySet[Any]] = {
        MeterPoint: MeterPoint.objects.filter(_mpan_prefix_q(text)).order_by("mpan"),
        Meter: Meter.objects.filter(_serial_number_prefix_q(text))
        .select_related("meter_point")
        .order_by("serial_number", "pk"),
        FlowFile: FlowFile.objects.filter(flow_files_search_q(text)).order_by(
            "-received_at", "-pk"
        ),
    }
    return [
        _first_rows(rows, limit=limit)
        for model, rows in querysets.items()
        if model in models
    ]


def _first_rows(queryset: QuerySet[Any], *, limit: int) -> SearchResults:
    rows = list(queryset[: limit + 1])
    return SearchResults(queryset.model, rows[:limit], len(rows) > limit)


def meter_points_search_q(text: str) -> Q:
    """Match meter points by a prefix of the MPAN, or by a meter's serial number."""
    meters = Meter.objects.filter(_serial_number_q(text))
    ids = list(meters.values_list("meter_point_id", flat=True))
    return _mpan_prefix_q(text) | Q(pk__in=ids)


def meters_search_q(text: str) -> Q:
    """Match meters by their MPAN, or by a prefix of the serial number."""
    return _serial_number_prefix_q(text) | Q(meter_point__in=_meter_point_ids(text))


def readings_search_q(text: str) -> Q:
    """Match readings by MPAN, serial number, filename or file identifier."""
    return Q(meter__in=meter_ids(text)) | Q(flow_file__in=flow_file_ids(text))


def is_flow_file(text: str) -> bool:
    """Return whether a file has this name or file identifier."""
    return bool(flow_file_ids(text))


def site_visits_search_q(text: str) -> Q:
    """Match site visits by MPAN, serial number, filename or file identifier."""
    return (
        Q(meter_point__in=_meter_point_ids(text))
        | Q(meter__in=meter_ids(text))
        | Q(flow_file__in=flow_file_ids(text))
    )


def flow_files_search_q(text: str) -> Q:
    """Match files by a prefix of the name, the file identifier or the SHA-256."""
    return (
        _prefix_q("filename", text)
        | _prefix_q("file_identifier", text)
        | _prefix_q("sha256", text.lower())
    )


def flow_file_rows_search_q(text: str) -> Q:
    """Match rows from files that have this name or file identifier."""
    return Q(flow_file__in=flow_file_ids(text))


def _prefix_q(field: str, text: str) -> Q:
    """Match a prefix of a column in a way that the column's index answers.

    SQLite's index cannot answer LIKE but is in byte order, so a range will do.
    PostgreSQL's index is in the order of the language; it has a second one for LIKE.
    """
    if connection.vendor == "sqlite":  # sqlite only
        return Q(**{f"{field}__range": (text, text + _GREATEST_CHARACTER)})
    return Q(**{f"{field}__startswith": text})  # postgresql only


def _mpan_prefix_q(text: str) -> Q:
    digits = _mpan_core(text)
    if not _MPAN_PREFIX.fullmatch(digits):
        return _NO_ROWS_Q
    lowest, highest = (digits.ljust(_MPAN_LENGTH, filler) for filler in "09")
    return Q(mpan__range=(lowest, highest))


def _mpan_core(text: str) -> str:
    """Return the digits without spaces and hyphens; of a supply number the last 13."""
    digits = d0010.mpan.normalise_mpan(text).translate(_HYPHENS)
    match = _SUPPLY_NUMBER.fullmatch(digits)
    return match[1] if match else digits


def has_wrong_check_digit(text: str) -> bool:
    """Return whether the text is an MPAN or supply number with a wrong check digit."""
    digits = _mpan_core(text)
    is_mpan = len(digits) == _MPAN_LENGTH and _MPAN_PREFIX.fullmatch(digits)
    return bool(is_mpan) and not d0010.mpan.has_valid_check_digit(digits)


def _serial_number_q(text: str) -> Q:
    return Q(serial_number__in={text, text.upper()})


def _serial_number_prefix_q(text: str) -> Q:
    """Match a prefix of the serial number, as typed or in capitals.

    Every match sorts at or after the text. The lower bound makes PostgreSQL begin
    there when it walks the sorted index because much has the prefix.
    """
    capitals = text.upper()
    has_prefix = _prefix_q("serial_number", text) | _prefix_q("serial_number", capitals)
    return has_prefix & Q(serial_number__gte=Least(Value(text), Value(capitals)))


def _sha256_prefix_q(text: str) -> Q:
    digits = text.lower()
    is_prefix = _SHA256_PREFIX.fullmatch(digits)
    return _prefix_q("sha256", digits) if is_prefix else _NO_ROWS_Q


def _meter_point_ids(text: str) -> list[int]:
    points = MeterPoint.objects.filter(mpan=_mpan_core(text))
    return list(points.values_list("pk", flat=True))


def meter_ids(text: str) -> list[int]:
    """Return the meters at an MPAN or with a serial number."""
    meters = Meter.objects.filter(
        _serial_number_q(text) | Q(meter_point__in=_meter_point_ids(text))
    )
    return list(meters.values_list("pk", flat=True))


def flow_file_ids(text: str) -> list[int]:
    """Return the files with a name or file identifier."""
    files = FlowFile.objects.filter(Q(filename=text) | Q(file_identifier=text))
    return list(files.values_list("pk", flat=True))
