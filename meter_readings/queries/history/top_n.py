"""The first rows of each of many keys in one statement, found by an index.

A window function would number every row of a key before the filter. Here the database
goes to the position of each key in the index and stops after enough rows.
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
    post_filter: str = "",
    scan_limit: int = 0,
    merge_order: str = "",
) -> list[M]:
    """Return the first `limit` rows of each key or, with a `merge_order`, of all keys.

    In the SQL fragments the table is `r` and the keys are the table `key`, with `names`
    as its columns. One index must answer `where` in the given `order`. A `post_filter`,
    which no index answers, applies to the first `scan_limit` rows of each key.
    """
    if not keys:
        return []
    table = model._meta.db_table
    inner = f"SELECT r.* FROM {table} r WHERE {where} ORDER BY {order}"
    if post_filter:
        inner = (
            f"SELECT r.* FROM ({inner} LIMIT {scan_limit}) r"
            f" WHERE {post_filter} ORDER BY {order}"
        )
    inner += f" LIMIT {limit}"
    row = "(" + ", ".join(["%s"] * len(names)) + ")"
    statement = (
        f"WITH key ({', '.join(names)}) AS (VALUES {', '.join([row] * len(keys))})"
        f" SELECT found.* FROM key {_lateral_join(table, inner)}"
        + (f" ORDER BY {merge_order} LIMIT {limit}" if merge_order else "")
    )
    values = [_adapted(value) for key in keys for value in key]
    return list(model._default_manager.raw(statement, values))


def _lateral_join(table: str, inner: str) -> str:
    """Return a join with the rows of the inner statement per key, as `found`."""
    if connection.vendor == "postgresql":  # postgresql only
        return f"CROSS JOIN LATERAL ({inner}) found"
    inner_ids = f"SELECT r.id FROM ({inner}) r"  # sqlite only
    return f"CROSS JOIN {table} found ON found.id IN ({inner_ids})"  # sqlite only


def _adapted(value: Any) -> Any:
    """Return a value as the database stores it; raw SQL does not adapt datetimes."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value
