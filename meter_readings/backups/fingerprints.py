"""What tables and files come to: how many there are, and one hash over all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol

_PIECE = 1 << 20
_ROWS = 10_000

# Who is signed in is no part of what is kept: after a restore everybody signs in again.
_PASSING = {"django_session", "sqlite_sequence"}


class Fingerprint(NamedTuple):
    """How many rows or files there are, and the SHA-256 over all of them in order."""

    number: int
    sha256: str


class Cursor(Protocol):
    """What both drivers' cursors can do."""

    def execute(self, statement: str, /) -> Any: ...

    def fetchmany(self, size: int, /) -> list[Any]: ...


def of_rows(cursor: Cursor, table: str, key: Iterable[str]) -> Fingerprint:
    """Return the fingerprint of a table, its rows in the order of its key."""
    order = ", ".join(f'"{column}"' for column in key)
    cursor.execute(f'SELECT * FROM "{table}" ORDER BY {order}')
    digest, count = hashlib.sha256(), 0
    while rows := cursor.fetchmany(_ROWS):
        count += len(rows)
        digest.update("".join(f"{tuple(row)!r}\n" for row in rows).encode())
    return Fingerprint(count, digest.hexdigest())


def is_kept(table: str) -> bool:
    """Return whether a table's rows have to be the same after a restore."""
    return table not in _PASSING


def of_files(folder: Path, paths: Iterable[Path] | None = None) -> Fingerprint:
    """Return the fingerprint of files beneath a folder (all), by name and content."""
    paths = files(folder) if paths is None else paths
    lines = [f"{of_file(path)}  {path.relative_to(folder)}\n" for path in paths]
    return Fingerprint(len(lines), hashlib.sha256("".join(lines).encode()).hexdigest())


def files(folder: Path) -> Iterator[Path]:
    """Yield the files beneath a folder in the order of their names."""
    yield from sorted(path for path in folder.rglob("*") if path.is_file())


def of_file(path: Path) -> str:
    """Return the SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()
