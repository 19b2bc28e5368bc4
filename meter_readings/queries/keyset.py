"""Keyset pagination: conditions for the rows after a position, and those up to it.

An ordering is a tuple of column names that are unique together, all ascending or, with
a minus sign before each, all descending, so that one index can answer it. A position
is the values of these columns in one row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.db.models.fields.tuple_lookups import (
    Tuple,
    TupleGreaterThan,
    TupleGreaterThanOrEqual,
    TupleLessThan,
    TupleLessThanOrEqual,
)

type Ordering = tuple[str, ...]
type KeysetPosition = Sequence[Any]


def column_names(ordering: Ordering) -> list[str]:
    """Return the names of the columns without minus signs."""
    return [name.removeprefix("-") for name in ordering]


def position_of(row: object, ordering: Ordering) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in column_names(ordering))


def after_q(ordering: Ordering, position: KeysetPosition) -> Q:
    """Return the condition that a row comes after a position."""
    if _is_descending(ordering):
        return _comparison_q(TupleLessThan, "lt", ordering, position)
    return _comparison_q(TupleGreaterThan, "gt", ordering, position)


def up_to_q(ordering: Ordering, position: KeysetPosition) -> Q:
    """Return the condition that a row comes at a position or before it."""
    if _is_descending(ordering):
        return _comparison_q(TupleGreaterThanOrEqual, "gte", ordering, position)
    return _comparison_q(TupleLessThanOrEqual, "lte", ordering, position)


def _is_descending(ordering: Ordering) -> bool:
    return ordering[0].startswith("-")


def _comparison_q(
    tuple_lookup: Any, lookup: str, ordering: Ordering, position: KeysetPosition
) -> Q:
    names = column_names(ordering)
    if len(names) == 1:
        return Q(**{f"{names[0]}__{lookup}": position[0]})
    return Q(tuple_lookup(Tuple(*names), tuple(position)))
