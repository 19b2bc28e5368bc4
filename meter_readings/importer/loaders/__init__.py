"""The same staging on each database: one base, one file for each, chosen here."""

from __future__ import annotations

from django.db import connection

from .base import Busy, Loader

__all__ = ["Busy", "Loader", "let_go_of_staged", "loader"]


def loader(patience: float | None = None) -> Loader:
    """Return a loader for the database in use; it waits `patience` seconds for others.

    Without a limit it waits as long as others take.
    """
    if connection.vendor == "postgresql":  # postgresql only
        from .postgresql import PostgresqlLoader

        return PostgresqlLoader(patience)
    from .sqlite import SqliteLoader  # sqlite only

    return SqliteLoader(patience)  # sqlite only


def let_go_of_staged(**_: object) -> None:
    """Leave nothing of what was put aside in a connection that is kept.

    For doors that have dealt with their files and go on to something else: every
    request of the site ends with it.
    """
    if connection.vendor == "sqlite":  # sqlite only
        return
    from .postgresql import let_go  # postgresql only

    let_go()  # postgresql only
