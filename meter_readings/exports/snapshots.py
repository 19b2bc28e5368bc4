"""Several queries that see the same database, whatever others change meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def one_snapshot() -> Iterator[None]:
    """Let every query inside see the database as it was at the first.

    Nothing is locked. Inside a transaction it is left to that one what is seen.
    """
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":  # postgresql only
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield
    else:  # sqlite only
        # Not atomic(), which would take the one write lock.
        connection.ensure_connection()
        connection.connection.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            connection.connection.execute("ROLLBACK")
