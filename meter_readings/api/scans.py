"""Scans: ranges of rows in the order of a list, one after another, up to a limit.

An index has the order, and selects few rows of a large table only if a filter has an
index. Other filters test row after row, which takes minutes in a table of ten million.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from itertools import chain, repeat
from typing import Any, NamedTuple, cast

from django.db.models import Q

from meter_readings.queries.keyset import after_q, column_names, up_to_q

from .filtersets.base import ListFilterSet

# How many rows each range has, the last number again and again: the first is enough for
# most pages of the usual size, and none takes long.
SCAN_ROWS = (250, 2_000, 10_000, 50_000)

_NO_MAXIMUM = sys.maxsize


class Scan(NamedTuple):
    """A range of rows: its condition, and the position and number of its last row.

    The last range of all has neither.
    """

    condition: Q
    end: tuple[Any, ...] | None = None
    row_count: int = 0


def scans(
    filterset: ListFilterSet,
    *,
    seconds: float = _NO_MAXIMUM,
    max_rows: int = _NO_MAXIMUM,
    after: Q = Q(),
) -> Iterator[Scan]:
    """Yield range after range of the rows that indexes alone select.

    The ranges have no more than `max_rows`, and no other is begun when the seconds are
    over. All rows are one range if the filter set is small.
    """
    if filterset.is_small:
        yield Scan(after)
        return
    stop = time.monotonic() + seconds
    limits = chain(SCAN_ROWS, repeat(SCAN_ROWS[-1]))
    row_count = 0
    while True:
        limit = min(next(limits), max_rows - row_count)
        end = _scan_end(filterset, after=after, limit=limit)
        if end is None:
            yield Scan(after)
            return
        row_count += limit
        ordering = filterset.ordering_columns
        yield Scan(after & up_to_q(ordering, end), end, row_count)
        if row_count == max_rows or time.monotonic() > stop:
            return
        after = after_q(ordering, end)


def _scan_end(
    filterset: ListFilterSet, *, after: Q, limit: int
) -> tuple[Any, ...] | None:
    """Return the position of the last of `limit` rows; None if there are fewer.

    Only the index is read to find it.
    """
    ordering = filterset.ordering_columns
    scanned = filterset.indexed_qs.filter(after).order_by(*ordering)
    positions = scanned.values_list(*column_names(ordering))
    return cast(tuple[Any, ...] | None, positions[limit - 1 : limit].first())
