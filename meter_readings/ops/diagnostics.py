"""Which checks of an installation run when.

`readiness_checks` check what a request needs, `readiness_notices` what background jobs
need. `startup_errors` returns the failures with which production must not start.
`run_all_checks` runs all checks that need no HTTP request; `running_site` has the
others.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.db import connections

from .checks import (
    backups,
    clock,
    configuration,
    database,
    originals,
    services,
    static_files,
    storage,
)
from .checks.results import Check, CheckResult, run
from .db_router import REPLICA


def readiness_checks() -> list[CheckResult]:
    return [
        *run(
            database.database,
            *_if_database_exists(database.migrations),
            storage.disk,
            storage.write_access,
            *_redis_checks(),
        )
    ]


def readiness_notices() -> list[CheckResult]:
    """Return failures with which requests are answered nevertheless."""
    results = run(services.worker, services.watched_folders)
    return [result for result in results if result.is_failure]


def startup_errors() -> list[CheckResult]:
    """Return the failures with which production must not start."""
    results = run(
        configuration.system_checks,
        database.database,
        *_if_database_exists(database.migrations),
        static_files.static_files,
        storage.sessions,
    )
    return [result for result in results if result.is_failure]


def run_all_checks() -> Iterator[CheckResult]:
    """Yield each result as soon as it is known."""
    yield from run(
        configuration.environment,
        configuration.setting_names,
        configuration.system_checks,
        static_files.static_files,
        storage.disk,
        storage.permissions,
        storage.owner,
        services.units,
        *_redis_checks(),
        *_replica_checks(),
    )
    [result] = run(database.database)
    yield result
    # Without a database the others would all name the same cause.
    if not result.is_failure:
        yield from run(
            database.migrations,
            database.schema_version,
            clock.clock,
            services.import_jobs,
            services.worker,
            services.watched_folders,
            originals.originals,
            backups.backups,
            services.dry_run,
        )


def _if_database_exists(*database_checks: Check) -> tuple[Check, ...]:
    """Return checks that connect; SQLite would create a file that is missing."""
    return database_checks if database.database_exists() else ()


def _redis_checks() -> list[Check]:
    return [services.redis] if settings.REDIS_URL else []


def _replica_checks() -> list[Check]:
    return [database.replica] if REPLICA in connections.settings else []
