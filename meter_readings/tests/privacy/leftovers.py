"""Every byte that is kept, to look for what should be gone: database and files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

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
    """Yield the files of tables and indexes, as the server has them on its disk."""
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
        cursor.execute(_FILES_OF_TABLES)
        for name, data in cursor.fetchall():
            yield name, bytes(data)
