"""The same staging on each database: one base, one file for each, chosen here."""

from __future__ import annotations

from django.db import connection

from .base import ImportLockTimeout, StagingArea

__all__ = ["ImportLockTimeout", "StagingArea", "open_staging"]


def open_staging(lock_timeout: float | None = None) -> StagingArea:
    """Return a loader for the database in use; it waits `patience` seconds for others.

    Without a limit it waits as long as others take.
    """
    if connection.vendor == "postgresql":  # postgresql only
        from .postgresql import PostgresqlLoader

        return PostgresqlLoader(lock_timeout)
    from .sqlite import SqliteLoader  # sqlite only

    return SqliteLoader(lock_timeout)  # sqlite only
