"""System checks: what must be true of an installation before it runs."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error
from django.db import connections


def check_postgresql_driver(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Refuse to run PostgreSQL through any driver but psycopg2.

    Django prefers psycopg 3 wherever it finds it, so a package that brings it
    along would change the driver under the importer's COPY without a word.
    """
    if not any(
        connection.vendor == "postgresql"
        for connection in connections.all(initialized_only=False)
    ):
        return []
    # Imported here because it needs a driver, and SQLite alone needs none.
    from django.db.backends.postgresql import psycopg_any

    if not psycopg_any.is_psycopg3:
        return []
    return [
        Error(
            "Django is using psycopg 3 instead of psycopg2.",
            hint="Remove it (pip uninstall psycopg psycopg-binary psycopg-c); "
            "psycopg2-binary from requirements.txt is the driver.",
            id="d0010.E001",
        )
    ]


def check_sqlite_foreign_keys(
    databases: Sequence[str] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Refuse an SQLite connection on which foreign keys are not kept."""
    return [
        Error(
            f"SQLite does not keep foreign keys on the database {alias!r}.",
            hint="Restore PRAGMA foreign_keys=ON in the database's init_command.",
            id="d0010.E002",
        )
        for alias in databases or []
        if connections[alias].vendor == "sqlite" and not _keeps_foreign_keys(alias)
    ]


def _keeps_foreign_keys(alias: str) -> bool:
    """Tell whether the database refuses rows that point at nothing."""
    with connections[alias].cursor() as cursor:
        cursor.execute("PRAGMA foreign_keys")
        return bool(cursor.fetchone()[0])
