"""Staging of parsed groups in temporary tables, in one way for each database."""

from __future__ import annotations

from django.db import connection

from .base import ImportLockTimeout, StagingArea

__all__ = ["ImportLockTimeout", "StagingArea", "open_staging"]


def open_staging(lock_timeout: float | None = None) -> StagingArea:
    """Return the staging area of the database in use.

    `lock_timeout` is how many seconds to wait for the import lock, 600 if None.
    """
    if connection.vendor == "postgresql":  # postgresql only
        from .postgresql import PostgresqlStagingArea

        return PostgresqlStagingArea(lock_timeout)
    from .sqlite import SqliteStagingArea  # sqlite only

    return SqliteStagingArea(lock_timeout)  # sqlite only
