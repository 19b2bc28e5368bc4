"""System checks of PostgreSQL, SQLite, demo users and the API."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from django.apps import AppConfig
from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import User
from django.core.checks import CheckMessage, Error
from django.db import connections

from meter_readings.demo import DEMO_PASSWORD, DEMO_USERNAMES
from meter_readings.ops.postgresql_sessions import is_session_shared

# Types of network file systems
_NETWORK_FILESYSTEMS = {
    *("9p", "afs", "ceph", "cifs", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs"),
    *("fuse.sshfs", "glusterfs", "lustre", "nfs", "nfs4", "smb3", "smbfs", "virtiofs"),
}

# Checking one password takes as long as signing in.
_MAX_SUPERUSERS = 10


def check_postgresql_driver(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Reject PostgreSQL drivers other than psycopg2.

    Django prefers psycopg 3 if it is installed. A package that depends on it would
    silently change the driver that the importer's COPY uses.
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


def check_postgresql_sessions(
    databases: Sequence[str] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Reject a connection pooler in transaction mode.

    Imports keep temporary tables from one transaction to the next, and timeouts are set
    once for each connection.
    """
    return [
        Error(
            f"The connection pooler before the database {alias!r} is in transaction "
            "mode: a connection changes its PostgreSQL session between transactions, "
            "and loses the temporary tables of an import and its timeouts.",
            hint="Set pool_mode = session in pgbouncer.ini, or connect to PostgreSQL "
            "directly (DB_HOST, DB_PORT).",
            id="d0010.E013",
        )
        for alias in databases or []
        if connections[alias].vendor == "postgresql"
        and is_session_shared(connections[alias])
    ]


def check_sqlite_foreign_keys(
    databases: Sequence[str] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Reject an SQLite connection that does not enforce foreign keys."""
    return [
        Error(
            f"SQLite does not enforce foreign keys on the database {alias!r}.",
            hint="Restore PRAGMA foreign_keys=ON in the database's init_command.",
            id="d0010.E002",
        )
        for alias in databases or []
        if connections[alias].vendor == "sqlite" and not _enforces_foreign_keys(alias)
    ]


def check_demo_users(
    databases: Sequence[str] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Reject a production site with demo users."""
    if not (settings.IS_PRODUCTION and databases and _has_users()):
        return []
    found = User.objects.filter(username__in=DEMO_USERNAMES).order_by("username")
    names = ", ".join(found.values_list("username", flat=True))
    if not names:
        return []
    return [
        Error(
            f"Demo users exist: {names}. Their password is published.",
            hint=f"Remove them: {settings.MANAGE_PY} create_demo_user --remove",
            id="d0010.E003",
        )
    ]


def check_published_password(
    databases: Sequence[str] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Reject a production site with a superuser who has the demo password.

    The login form rejects that password too.
    """
    if not (settings.IS_PRODUCTION and databases and _has_users()):
        return []
    superusers = User.objects.filter(is_superuser=True, is_active=True)
    names = ", ".join(
        user.username
        for user in superusers.order_by("pk")[:_MAX_SUPERUSERS]
        if check_password(DEMO_PASSWORD, user.password)
    )
    if not names:
        return []
    return [
        Error(
            f"Superusers with the published demo password: {names}.",
            hint=f"Change it: {settings.MANAGE_PY} changepassword NAME",
            id="d0010.E004",
        )
    ]


def check_api_is_closed(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Reject a production site whose API settings are insecure."""
    if not settings.IS_PRODUCTION:
        return []
    return [
        Error(
            f"The API is not secure: {setting}.",
            hint="Restore REST_FRAMEWORK and CORS_… in config/api.py.",
            id="d0010.E011",
        )
        for setting in _insecure_api_settings()
    ]


def _insecure_api_settings() -> Iterator[str]:
    # Imported here because they take 15 MB, which an import does not need.
    from rest_framework.authentication import BasicAuthentication
    from rest_framework.permissions import AllowAny
    from rest_framework.renderers import BrowsableAPIRenderer
    from rest_framework.settings import api_settings

    # The stubs type these settings as strings.
    classes = cast(Any, api_settings)
    if _has(classes.DEFAULT_AUTHENTICATION_CLASSES, BasicAuthentication):
        yield "it accepts Basic authentication"
    permissions = classes.DEFAULT_PERMISSION_CLASSES
    if not permissions or _has(permissions, AllowAny):
        yield "it answers unauthenticated requests"
    schema_permissions = settings.SPECTACULAR_SETTINGS.get("SERVE_PERMISSIONS", [])
    if not schema_permissions or any(
        name.endswith("AllowAny") for name in schema_permissions
    ):
        yield "its schema is public"
    if _has(classes.DEFAULT_RENDERER_CLASSES, BrowsableAPIRenderer):
        yield "it has browsable pages"
    if getattr(settings, "CORS_ALLOW_ALL_ORIGINS", False):
        yield "every other site may use it from a browser"


def _has(classes: Sequence[type], base: type) -> bool:
    return any(issubclass(cls, base) for cls in classes)


def check_sqlite_version(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Reject a production site on a version of SQLite that can corrupt the database.

    Two processes that write while the WAL is reset can corrupt it (sqlite.org/wal.html,
    "the WAL-reset bug").
    """
    if (
        not settings.IS_PRODUCTION
        or settings.ACCEPT_SQLITE_RISK
        or connections["default"].vendor != "sqlite"
        or has_wal_fix(sqlite3.sqlite_version_info)
    ):
        return []
    return [
        Error(
            f"SQLite {sqlite3.sqlite_version} can, in rare cases, corrupt a database "
            "that two processes write to at once.",
            hint="Use PostgreSQL, or a Python with SQLite 3.51.3 or newer (or 3.50.7, "
            "or 3.44.6); or set ACCEPT_SQLITE_RISK=1 and make backups.",
            id="d0010.E010",
        )
    ]


def check_sqlite_filesystem(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Reject a production site whose SQLite database is on a network file system.

    WAL mode needs shared memory and reliable locks, which network file systems lack.
    """
    if not settings.IS_PRODUCTION or connections["default"].vendor != "sqlite":
        return []
    kind = filesystem_type(Path(settings.SQLITE_PATH), _mounts())
    if kind not in _NETWORK_FILESYSTEMS:
        return []
    return [
        Error(
            f"The SQLite database is on a network file system ({kind}), where "
            "concurrent writes can corrupt it.",
            hint="Set SQLITE_PATH to a local disk, or use PostgreSQL.",
            id="d0010.E012",
        )
    ]


def filesystem_type(path: Path, mounts: str) -> str:
    """Return the type of the file system of a path; `mounts` is /proc/mounts."""
    kinds = {
        # Spaces in a name are written as \040.
        Path(mount_point.replace(r"\040", " ")): kind
        for _, mount_point, kind, *_ in map(str.split, mounts.splitlines())
    }
    resolved = path.resolve()
    folders = (resolved, *resolved.parents)
    return next((kinds[folder] for folder in folders if folder in kinds), "")


def _mounts() -> str:
    """Return /proc/self/mounts; it exists on Linux only."""
    path = Path("/proc/self/mounts")
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _has_users() -> bool:
    """Return whether the users table exists: not before the first migration."""
    return User._meta.db_table in connections["default"].introspection.table_names()


def has_wal_fix(version: tuple[int, ...]) -> bool:
    """Return whether a version of SQLite has the fix of the WAL-reset bug."""
    return (
        version >= (3, 51, 3)
        or (3, 50, 7) <= version < (3, 51)
        or (3, 44, 6) <= version < (3, 45)
    )


def _enforces_foreign_keys(alias: str) -> bool:
    with connections[alias].cursor() as cursor:
        cursor.execute("PRAGMA foreign_keys")
        return bool(cursor.fetchone()[0])
