"""The same staging on each database: one base, one file for each, chosen here."""

from __future__ import annotations

from django.db import connection

from .base import Busy, Loader

__all__ = ["Busy", "Loader", "loader"]


def loader(patience: float | None = None) -> Loader:
    """Return a loader for the database in use; it waits `patience` seconds for others.

    Without a limit it waits as long as others take.
    """
    if connection.vendor == "postgresql":  # postgresql only
        from .postgresql import PostgresqlLoader

        return PostgresqlLoader(patience)
    from .sqlite import SqliteLoader  # sqlite only

    return SqliteLoader(patience)  # sqlite only
