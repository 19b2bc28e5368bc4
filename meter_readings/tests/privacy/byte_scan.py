"""Every byte that is kept, to look for what should be gone: database and files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

_FILES_OF_TABLES = """
SELECT relname, pg_read_binary_file(pg_relation_filepath(oid)) FROM pg_class
WHERE relkind IN ('r', 'i', 't', 'm') AND pg_relation_filepath(oid) IS NOT NULL
"""


def places_with(text: str) -> list[str]:
    """Return where a text stands: files, and on PostgreSQL those of tables."""
    return sorted(name for name, data in _everything() if text.encode() in data)


def _everything() -> Iterator[tuple[str, bytes]]:
    for path in Path(settings.MEDIA_ROOT).rglob("*"):
        if path.is_file():
            yield path.name, path.read_bytes()
    if connection.vendor == "postgresql":
        yield from _tables()
    else:
        database = Path(str(connection.settings_dict["NAME"]))
        for path in database.parent.glob(f"{database.name}*"):
            yield path.suffix, path.read_bytes()


def _tables() -> Iterator[tuple[str, bytes]]:
    """Yield the files of tables and indexes, as the server has them on its disk.

    Only an administrator of the server may read them. Where none is let in, what the
    tables say has to do.
    """
    import psycopg2

    try:
        server = _administrator(psycopg2.connect)
    except psycopg2.OperationalError:
        yield from _rows_of_tables()
        return
    with closing(server), server.cursor() as cursor:
        cursor.execute("CHECKPOINT")
        cursor.execute(_FILES_OF_TABLES)
        for name, data in cursor.fetchall():
            yield name, bytes(data)


def _administrator(connect: Callable[..., Any]) -> Any:
    """Return a connection by which everything can be read."""
    where = connection.settings_dict
    server = connect(
        dbname=where["NAME"],
        host=where["HOST"],
        port=where["PORT"],
        user=os.environ.get("PG_ADMIN", "postgres"),
        connect_timeout=5,
    )
    server.autocommit = True
    return server


def _rows_of_tables() -> Iterator[tuple[str, bytes]]:
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT row_to_json(whole)::text FROM "{table}" AS whole')
            for (text,) in cursor.fetchall():
                yield table, text.encode()
