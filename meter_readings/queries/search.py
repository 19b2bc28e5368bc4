"""Searching by the text of a search box. Indexes answer every query.

Case and spaces do not matter, nor does a label before the text (`MPAN: 22 …`) or a
full stop after it. Serial numbers and file names are found whole or by their beginning;
`part_search` finds them by their middle or end.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Model, Q, QuerySet, Value
from django.db.models.functions import Least

from meter_readings.models import FlowFile, Meter, MeterPoint, search_text

from . import mpan_text

# Fewer hexadecimal digits could be a word.
_SHA256 = re.compile("[0-9a-f]{8,64}")

_NO_ROWS_Q = Q(pk__in=[])
_MAX_SIMILAR = 5
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
        MeterPoint: _mpan_q(text),
        Meter: _serial_number_q(text),
        FlowFile: _flow_file_q(text) | _sha256_prefix_q(text),
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
        .order_by("serial_number_search", "pk"),
        FlowFile: FlowFile.objects.filter(flow_files_search_q(text)).order_by(
            "-received_at", "-pk"
        ),
    }
    return [
        _first_rows(rows, limit=limit)
        for model, rows in querysets.items()
        if model in models
    ]


def similar_meter_points(mpan: str) -> list[MeterPoint]:
    """Return stored meter points whose MPAN may be meant by one that is wrong."""
    similar = mpan_text.similar_mpans(mpan)
    points = MeterPoint.objects.filter(mpan__in=similar).order_by("mpan")
    return list(points[:_MAX_SIMILAR])


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


def site_visits_search_q(text: str) -> Q:
    """Match site visits by MPAN, serial number, filename or file identifier."""
    return (
        Q(meter_point__in=_meter_point_ids(text))
        | Q(meter__in=meter_ids(text))
        | Q(flow_file__in=flow_file_ids(text))
    )


def flow_files_search_q(text: str) -> Q:
    """Match files by a prefix of the name, the file identifier or the SHA-256."""
    texts = mpan_text.variants(text)
    keys = {search_text(variant) for variant in texts}
    conditions = [_prefix_q("filename_search", key) for key in keys]
    for variant in {*texts, *map(str.upper, texts)}:
        conditions.append(_prefix_q("file_identifier", variant))
    conditions += [_prefix_q("sha256", variant.lower()) for variant in texts]
    return reduce(or_, conditions)


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


def _mpan_q(text: str) -> Q:
    return Q(mpan__in=mpan_text.mpans_in(text) or [mpan_text.mpan_digits(text)])


def _mpan_prefix_q(text: str) -> Q:
    if mpans := mpan_text.mpans_in(text):
        return Q(mpan__in=mpans)
    lowest_and_highest = mpan_text.mpan_range(text)
    return Q(mpan__range=lowest_and_highest) if lowest_and_highest else _NO_ROWS_Q


def _serial_number_q(text: str) -> Q:
    return Q(serial_number_search__in=search_texts(text))


def search_texts(text: str) -> Sequence[str]:
    """Return the texts that a search may mean, as search columns have them."""
    return sorted({search_text(variant) for variant in mpan_text.variants(text)})


def _serial_number_prefix_q(text: str) -> Q:
    """Match a prefix of the serial number.

    Every match sorts at or after the text. The lower bound makes PostgreSQL begin there
    when it walks the sorted index because much has the prefix.
    """
    keys = search_texts(text)
    has_prefix = reduce(or_, (_prefix_q("serial_number_search", key) for key in keys))
    bounds = [Value(key) for key in keys]
    bound = Least(*bounds) if len(bounds) > 1 else bounds[0]
    return has_prefix & Q(serial_number_search__gte=bound)


def _flow_file_q(text: str) -> Q:
    texts = mpan_text.variants(text)
    return (
        Q(filename_search__in=search_texts(text))
        | Q(filename__in=texts)
        | Q(file_identifier__in=sorted({*texts, *map(str.upper, texts)}))
    )


def _sha256_prefix_q(text: str) -> Q:
    digits = [variant.lower() for variant in mpan_text.variants(text)]
    found = [_prefix_q("sha256", each) for each in digits if _SHA256.fullmatch(each)]
    return reduce(or_, found, _NO_ROWS_Q)


def _meter_point_ids(text: str) -> list[int]:
    points = MeterPoint.objects.filter(_mpan_q(text))
    return list(points.values_list("pk", flat=True))


def meter_ids(text: str) -> list[int]:
    """Return the meters at an MPAN, at one of several, or with a serial number."""
    meters = Meter.objects.filter(
        _serial_number_q(text) | Q(meter_point__in=_meter_point_ids(text))
    )
    return list(meters.values_list("pk", flat=True))


def flow_file_ids(text: str) -> list[int]:
    """Return the files with a name or file identifier."""
    return list(
        FlowFile.objects.filter(_flow_file_q(text)).values_list("pk", flat=True)
    )
