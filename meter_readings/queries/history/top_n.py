"""The first few rows of each of many keys, in one statement and by an index.

A window function would number all rows of a key before it leaves any out. Here the
database goes to each key's place in the index and stops when it has enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Model


def top_n_per_key[M: Model](
    model: type[M],
    *,
    keys: Sequence[tuple[Any, ...]],
    names: Sequence[str],
    where: str,
    order: str,
    limit: int,
    chosen: str = "",
    looking_through: int = 0,
    in_all: str = "",
) -> list[M]:
    """Return the first `limit` rows of each key, or, by the order `in_all`, of all.

    In the fragments of SQL a row is `r`, a key `key`, with `names` for its columns.
    `where` is answered by an index that has `order`. Rows that an index does not know
    are `chosen` from the first `looking_through` ones.
    """
    if not keys:
        return []
    table = model._meta.db_table
    inner = f"SELECT r.* FROM {table} r WHERE {where} ORDER BY {order}"
    if chosen:
        inner = (
            f"SELECT r.* FROM ({inner} LIMIT {looking_through}) r"
            f" WHERE {chosen} ORDER BY {order}"
        )
    inner += f" LIMIT {limit}"
    row = "(" + ", ".join(["%s"] * len(names)) + ")"
    statement = (
        f"WITH key ({', '.join(names)}) AS (VALUES {', '.join([row] * len(keys))})"
        f" SELECT found.* FROM key {_joined(table, inner)}"
        + (f" ORDER BY {in_all} LIMIT {limit}" if in_all else "")
    )
    values = [_stored(value) for key in keys for value in key]
    return list(model._default_manager.raw(statement, values))


def _joined(table: str, inner: str) -> str:
    """Return the rows of the inner statement for each key, as `found`."""
    if connection.vendor == "postgresql":  # postgresql only
        return f"CROSS JOIN LATERAL ({inner}) found"
    inner_ids = f"SELECT r.id FROM ({inner}) r"  # sqlite only
    return f"CROSS JOIN {table} found ON found.id IN ({inner_ids})"  # sqlite only


def _stored(value: Any) -> Any:
    """Return a value as its column holds it."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value
