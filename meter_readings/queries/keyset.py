"""Places in an order of rows: what comes after one, and what comes no later.

An order is the names of a table's columns, together unique, all ascending or, with a
minus before each, all descending: so that one index answers it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Model, Q
from django.db.models.fields.tuple_lookups import (
    Tuple,
    TupleGreaterThan,
    TupleGreaterThanOrEqual,
    TupleLessThan,
    TupleLessThanOrEqual,
)

type Ordering = tuple[str, ...]
type Place = Sequence[Any]


def column_names(order: Ordering) -> list[str]:
    """Return the names of an order's columns, without a direction."""
    return [name.removeprefix("-") for name in order]


def position_of(row: Model, order: Ordering) -> tuple[Any, ...]:
    """Return where in an order a row is."""
    return tuple(getattr(row, name) for name in column_names(order))


def beyond(order: Ordering, place: Place) -> Q:
    """Return that a row comes after a place."""
    if _descends(order):
        return _compared(TupleLessThan, "lt", order, place)
    return _compared(TupleGreaterThan, "gt", order, place)


def up_to(order: Ordering, place: Place) -> Q:
    """Return that a row comes at a place or before it."""
    if _descends(order):
        return _compared(TupleGreaterThanOrEqual, "gte", order, place)
    return _compared(TupleLessThanOrEqual, "lte", order, place)


def _descends(order: Ordering) -> bool:
    return order[0].startswith("-")


def _compared(kind: Any, lookup: str, order: Ordering, place: Place) -> Q:
    names = column_names(order)
    if len(names) == 1:
        return Q(**{f"{names[0]}__{lookup}": place[0]})
    return Q(kind(Tuple(*names), tuple(place)))
