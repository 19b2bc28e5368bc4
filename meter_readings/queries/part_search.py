"""Searching for a part of a serial number or file name, for a limited time.

No index on both databases answers it: rows are tested range after range of the primary
key, the newest first.
"""

from __future__ import annotations

import time
from collections.abc import Container
from functools import reduce
from itertools import chain, repeat
from operator import or_
from typing import Any, NamedTuple

from django.db.models import Model, Q, QuerySet

from meter_readings.models import FlowFile, Meter

from .search import SearchResults, search_texts

# A shorter text is part of too much, and no column has a longer one.
_MIN_LENGTH, _MAX_LENGTH = 4, 255

# How many rows each range has, the last number again and again
_RANGE_ROWS = (2_000, 10_000, 50_000)

# No other range is begun when these are over.
_SECONDS = 1.0

INCOMPLETE = (
    "Not everything was searched for this part: there is too much. Type the beginning."
)

_COLUMNS: dict[type[Model], str] = {
    Meter: "serial_number_search",
    FlowFile: "filename_search",
}


class PartMatches(NamedTuple):
    """The rows found, the newest first, and whether all rows were tested."""

    pks: list[Any]
    is_complete: bool


def part_results(
    text: str, *, models: Container[type[Model]], limit: int
) -> tuple[list[SearchResults], bool]:
    """Return up to `limit` rows of each of `models` that contain the text.

    The second value is False if not all rows were tested and fewer were found.
    """
    results, is_complete = [], True
    for model in _COLUMNS:
        if model in models:
            found = part_matches(text, model=model, limit=limit)
            rows = model._default_manager.filter(pk__in=found.pks).order_by("-pk")
            if model is Meter:
                rows = rows.select_related("meter_point")
            has_more = len(found.pks) == limit and not found.is_complete
            results.append(SearchResults(model, list(rows), has_more))
            is_complete &= found.is_complete or has_more
    return results, is_complete


def part_matches(text: str, *, model: type[Model], limit: int) -> PartMatches:
    """Return up to `limit` meters or flow files whose number or name contains the text.

    A text of fewer than four characters finds nothing.
    """
    has_part = _part_q(text, model)
    pks: list[Any] = []
    if has_part is None:
        return PartMatches(pks, True)
    rows = model._default_manager.order_by("-pk")
    stop = time.monotonic() + _SECONDS
    not_tested = Q(pk__gt=0)
    row_counts = chain(_RANGE_ROWS, repeat(_RANGE_ROWS[-1]))
    while True:
        highest = _first_pk(rows.filter(not_tested))
        if highest is None:
            return PartMatches(pks, True)
        if time.monotonic() > stop:
            return PartMatches(pks, False)
        below = highest - next(row_counts)
        found = rows.filter(has_part, pk__lte=highest, pk__gt=below)
        pks += found.values_list("pk", flat=True)[: limit + 1 - len(pks)]
        if len(pks) > limit:
            return PartMatches(pks[:limit], False)
        not_tested = Q(pk__lte=below)


def _first_pk(rows: QuerySet[Any]) -> int | None:
    return rows.values_list("pk", flat=True).first()


def _part_q(text: str, model: type[Model]) -> Q | None:
    column = _COLUMNS[model]
    conditions = [
        Q(**{f"{column}__contains": part})
        for part in search_texts(text)
        if _MIN_LENGTH <= len(part) <= _MAX_LENGTH
    ]
    return reduce(or_, conditions) if conditions else None
