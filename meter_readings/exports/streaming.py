"""Several queries that see the same database, whatever others change meanwhile."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from itertools import batched

from django.db import connections, transaction

from meter_readings.models import Reading

_LINES_AT_ONCE = 2000


def encoded(lines: Generator[str], encoding: str) -> Generator[bytes]:
    """Yield lines as bytes, some at a time, all from one snapshot.

    Whoever stops reading closes this, and the lines with it while their snapshot is
    still there: a query that outlives its transaction cannot be closed on PostgreSQL.
    """
    with consistent_snapshot(), closing(lines):
        for some in batched(lines, _LINES_AT_ONCE):
            yield "".join(some).encode(encoding)


@contextmanager
def consistent_snapshot() -> Iterator[None]:
    """Let every query inside see the database as it was at the first.

    Nothing is locked. Inside a transaction it is left to that one what is seen. It is
    of the database that is asked for readings here.
    """
    connection = connections[Reading.objects.db]
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":  # postgresql only
        with transaction.atomic(connection.alias), connection.cursor() as cursor:
            cursor.execute(
                "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;"
                "SET LOCAL statement_timeout = 0"
            )
            yield
    else:  # sqlite only
        # Not atomic(), which would take the one write lock.
        connection.ensure_connection()
        connection.connection.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            connection.connection.execute("ROLLBACK")
