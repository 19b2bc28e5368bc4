"""Checks of an installation, each with a remedy where it fails.

`readiness_checks` check what a request needs. `startup_errors` returns the failures
with which production must not start. `run_all_checks` runs all checks that need no HTTP
request; `running_site` has the others.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.contrib.staticfiles.finders import find
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core import checks
from django.core.cache import caches
from django.db import DatabaseError, InterfaceError, connection, connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from meter_readings import importer
from meter_readings.models import ImportJob

from .db_router import REPLICA
from .exceptions import cache_exceptions

COLLECT_STATIC = "Run: python manage.py collectstatic --noinput"
_STYLE_SHEET = "meter_readings/site.css"
_ACCESS_BY_OTHERS = stat.S_IRWXG | stat.S_IRWXO

_SAMPLE_FILE = """\
ZHV|DEPLOYMENT|D0010002|C|TEST|X|TEST|20240401120000||||OPER|
026|1000000000003|V|
028|CHECKED001|R|
030|S|20240401000000|1.0|||T|N|
ZPT|DEPLOYMENT|3||1|20240401120000|
"""


class CheckResult(NamedTuple):
    """What one check found, and the remedy if it failed."""

    name: str
    is_failure: bool
    message: str
    remedy: str = ""


type Check = Callable[[], CheckResult]


def readiness_checks() -> list[CheckResult]:
    return [
        *_run(_database, *_if_database_exists(_migrations), _disk, *_redis_checks())
    ]


def startup_errors() -> list[CheckResult]:
    """Return the failures with which production must not start."""
    results = _run(
        _system_checks,
        _database,
        *_if_database_exists(_migrations),
        _static_files,
        _sessions,
    )
    return [result for result in results if result.is_failure]


def run_all_checks() -> Iterator[CheckResult]:
    """Yield each result as soon as it is known."""
    yield from _run(
        _system_checks,
        _database,
        *_if_database_exists(_migrations),
        _static_files,
        _disk,
        _permissions,
        *_redis_checks(),
        *_replica_checks(),
        *_if_database_exists(_dry_run),
    )


def _if_database_exists(*database_checks: Check) -> tuple[Check, ...]:
    """Return checks that connect; SQLite would create a file that is missing."""
    return database_checks if _database_exists() else ()


def _database_exists() -> bool:
    return all(path.exists() for path in _database_files())


def _redis_checks() -> list[Check]:
    return [_redis] if settings.REDIS_URL else []


def _replica_checks() -> list[Check]:
    return [_replica] if REPLICA in connections.settings else []


def _run(*to_run: Check) -> Iterator[CheckResult]:
    """Yield the result of each check; one that raises an error has failed."""
    for check in to_run:
        name = check.__name__.strip("_").replace("_", " ")
        try:
            yield check()._replace(name=name)
        except importer.StorageFull as error:
            yield failed(str(error), "Free some disk space.", name=name)
        except (DatabaseError, InterfaceError, OSError) as error:
            text = str(error).strip().partition("\n")[0] or type(error).__name__
            yield failed(
                f"the check failed: {text}",
                "Check that the database runs, and DB_HOST, DB_PORT, DB_NAME, DB_USER "
                "and DB_PASSWORD, or SQLITE_PATH and its file permissions.",
                name=name,
            )


def ok(message: str, *, name: str = "") -> CheckResult:
    return CheckResult(name, False, message)


def failed(message: str, remedy: str, *, name: str = "") -> CheckResult:
    return CheckResult(name, True, message, remedy)


def _system_checks() -> CheckResult:
    """Run Django's system checks, in production those of `check --deploy` too."""
    messages = [
        message
        for message in checks.run_checks(
            include_deployment_checks=settings.IS_PRODUCTION,
            databases=["default"] if _database_exists() else [],
        )
        if message.level >= checks.WARNING and not message.is_silenced()
    ]
    if messages:
        return failed(
            " ".join(f"{message.id}: {message.msg}" for message in messages),
            " ".join(message.hint for message in messages if message.hint),
        )
    return ok("no issues")


def _database() -> CheckResult:
    if not _database_exists():
        name = connection.settings_dict["NAME"]
        return failed(f"there is none at {name}", "Run: python manage.py migrate")
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ok(f"{connection.display_name} answers")


def _migrations() -> CheckResult:
    missing = _needed_migrations() - set(
        MigrationRecorder(connection).applied_migrations()
    )
    if missing:
        first = ".".join(min(missing))
        return failed(
            f"{len(missing)} not applied, {first} first",
            "Run: python manage.py migrate",
        )
    return ok("all applied")


@cache
def _needed_migrations() -> set[tuple[str, str]]:
    """Return this version's migrations, which are read from its files only once."""
    return set(MigrationLoader(None).graph.nodes)


def _static_files() -> CheckResult:
    if not settings.IS_PRODUCTION:
        return ok("served from the source in development")
    try:
        staticfiles_storage.url(_STYLE_SHEET)
        with staticfiles_storage.open(_STYLE_SHEET) as collected:
            is_same = collected.read() == Path(str(find(_STYLE_SHEET))).read_bytes()
    except (ValueError, OSError):
        return failed("not collected", COLLECT_STATIC)
    if not is_same:
        return failed("collected from another version", COLLECT_STATIC)
    return ok(f"collected in {settings.STATIC_ROOT}")


def _disk() -> CheckResult:
    minimum = settings.MIN_FREE_DISK_MB
    free = {
        name: importer.free_bytes(path) >> 20
        for name, path in importer.data_directories().items()
    }
    message = ", ".join(f"{size:,} MB free for {name}" for name, size in free.items())
    if min(free.values()) < minimum:
        return failed(
            f"{message}; the minimum is {minimum:,} MB",
            "Free some disk space, or set MIN_FREE_DISK_MB lower.",
        )
    return ok(message)


def _redis() -> CheckResult:  # redis only
    try:
        caches["default"].set("diagnostics", 1)
        caches["default"].get("diagnostics")
    except cache_exceptions() as error:
        return failed(
            f"Redis cannot be used ({type(error).__name__})",
            "Check that it runs, and REDIS_URL. Until it answers, nobody can sign in "
            "and the API answers 503.",
        )
    return ok("Redis answers")


def _replica() -> CheckResult:  # postgresql only
    with connections[REPLICA].cursor() as cursor:
        cursor.execute("SELECT pg_is_in_recovery()")
        (is_replica,) = cursor.fetchone()
    if not is_replica:
        return failed(
            "it is a primary itself", "Set it up again, or unset DB_REPLICA_HOST."
        )
    return ok("the replica answers")


def _sessions() -> CheckResult:
    """Check that session files, if they are used, can be written."""
    folder = Path(settings.SESSION_FILE_PATH)
    if settings.SESSION_ENGINE.endswith(".file") and not os.access(folder, os.W_OK):
        return failed(
            f"{folder} does not exist or is not writable by this user",
            "Create the folder, with the site's user as its owner, or set "
            "SESSION_FILE_PATH to another folder.",
        )
    return ok("sessions can be stored")


def _permissions() -> CheckResult:
    """Check that this user can write the data, and that other users cannot read it."""
    media, session_dir = Path(settings.MEDIA_ROOT), Path(settings.SESSION_FILE_PATH)
    directories = [*importer.data_directories().values()]
    if settings.SESSION_ENGINE.endswith(".file"):
        directories.append(session_dir)
    for path in map(_nearest_existing, [*directories, *_database_files()]):
        if not os.access(path, os.W_OK):
            return failed(
                f"{path} is not writable by this user",
                f"Make the site's user its owner: chown USER {path}",
            )
    private = [Path(settings.BASE_DIR) / ".env", session_dir]
    private += [media / "incoming", media / "flow_files", *_database_files()]
    for path in private:
        if path.exists() and path.stat().st_mode & _ACCESS_BY_OTHERS:
            return failed(f"other users can open {path}", f"Run: chmod go= {path}")
    return ok("writable by this user, closed to others")


def _database_files() -> list[Path]:
    if connection.vendor == "postgresql":  # postgresql only
        return []
    return [Path(connection.settings_dict["NAME"])]  # sqlite only


def _nearest_existing(path: Path) -> Path:
    return path if path.exists() else _nearest_existing(path.parent)


def _dry_run() -> CheckResult:
    """Validate a small flow file without storing it."""
    result = importer.import_flow_file(
        stream=io.BytesIO(_SAMPLE_FILE.encode()),
        filename="deployment-check.uff",
        now=timezone.now(),
        dry_run=True,
    )
    if result.outcome != ImportJob.Outcome.CHECKED:
        rules = ", ".join(result.finding_counts)
        return failed(
            f"a valid flow file was not accepted ({result.outcome}: {rules})",
            "The installation is incomplete: unpack the release again.",
        )
    return ok("a flow file was validated and not stored")
