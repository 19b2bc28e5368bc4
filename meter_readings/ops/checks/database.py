"""Checks of the database: does it answer, and has it this version's tables."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.conf import settings
from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from meter_readings.ops.db_router import REPLICA

from .results import CheckResult, failed, ok

_MIGRATE = f"Run: {settings.MANAGE_PY} migrate"


def database_exists() -> bool:
    """Return whether a connection creates no file, as SQLite does."""
    return all(path.exists() for path in database_files())


def database_files() -> list[Path]:
    if connection.vendor == "postgresql":  # postgresql only
        return []
    return [Path(connection.settings_dict["NAME"])]  # sqlite only


def database() -> CheckResult:
    if not database_exists():
        name = connection.settings_dict["NAME"]
        return failed(f"there is none at {name}", _MIGRATE)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # postgresql only
            cursor.execute("SHOW transaction_read_only")
            if cursor.fetchone() == ("on",):
                return failed(
                    "it is read-only: the server is a replica or in recovery",
                    "Set DB_HOST to the primary. If a point-in-time recovery is paused,"
                    " end it as postgres: SELECT pg_wal_replay_resume()",
                )
        else:
            cursor.execute("SELECT 1")  # sqlite only
    return ok(f"{connection.display_name} answers")


def migrations() -> CheckResult:
    missing = _needed_migrations() - _applied_migrations()
    if missing:
        first = ".".join(min(missing))
        return failed(f"{len(missing)} not applied, {first} first", _MIGRATE)
    return ok("all applied")


def schema_version() -> CheckResult:
    """Check that no later version of the program has changed the tables."""
    loader = MigrationLoader(None)
    unknown = {
        (app, name)
        for app, name in _applied_migrations() - {*loader.disk_migrations}
        if app in loader.migrated_apps
    }
    if unknown:
        return failed(
            f"the tables are newer than this version: {'.'.join(max(unknown))}",
            "Start the version that made them, or restore the backup from before the "
            "upgrade.",
        )
    return ok("no table is newer than this version")


def _applied_migrations() -> set[tuple[str, str]]:
    return {*MigrationRecorder(connection).applied_migrations()}


@cache
def _needed_migrations() -> set[tuple[str, str]]:
    """Return this version's migrations, which are read from its files only once."""
    return set(MigrationLoader(None).graph.nodes)


def replica() -> CheckResult:  # postgresql only
    with connections[REPLICA].cursor() as cursor:
        cursor.execute("SELECT pg_is_in_recovery()")
        (is_replica,) = cursor.fetchone()
    if not is_replica:
        return failed(
            "it is a primary itself", "Set it up again, or unset DB_REPLICA_HOST."
        )
    return ok("the replica answers")
