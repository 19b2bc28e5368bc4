"""The same staging on each database: one base, one file for each, chosen here."""

from __future__ import annotations

from django.db import connection

from .base import Loader

__all__ = ["Loader", "loader"]


def loader() -> Loader:
    """Return a loader for the database in use."""
    if connection.vendor == "postgresql":  # postgresql only
        from .postgresql import PostgresqlLoader

        return PostgresqlLoader()
    from .sqlite import SqliteLoader  # sqlite only

    return SqliteLoader()  # sqlite only
