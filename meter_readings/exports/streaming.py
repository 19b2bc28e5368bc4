"""Streaming exports from one consistent snapshot of the database."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from itertools import batched

from django.db import connections, transaction

from meter_readings.models import Reading

_LINES_PER_CHUNK = 2000


def encode_stream(lines: Generator[str], encoding: str) -> Generator[bytes]:
    """Yield lines as encoded chunks, all read from one snapshot.

    Closing the generator closes `lines` while the snapshot is still open: on PostgreSQL
    a server-side cursor cannot be closed after its transaction.
    """
    with consistent_snapshot(), closing(lines):
        for chunk in batched(lines, _LINES_PER_CHUNK):
            yield "".join(chunk).encode(encoding)


@contextmanager
def consistent_snapshot() -> Iterator[None]:
    """Let every query in the block see the database as it was at the first one.

    No rows are locked. Inside a transaction, the isolation of that transaction applies.
    The snapshot is of the database from which readings are read.
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
        # Not atomic(), which would take SQLite's only write lock.
        connection.ensure_connection()
        connection.connection.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            connection.connection.execute("ROLLBACK")
