"""System checks: what must be true of an installation before it runs."""

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
from rest_framework.authentication import BasicAuthentication
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BrowsableAPIRenderer
from rest_framework.settings import api_settings

from meter_readings.demo import DEMO_PASSWORD, DEMO_USERNAMES

# The kinds of file systems that are shares of another machine's
_SHARES = {
    *("9p", "afs", "ceph", "cifs", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs"),
    *("fuse.sshfs", "glusterfs", "lustre", "nfs", "nfs4", "smb3", "smbfs", "virtiofs"),
}

# How many are looked at: each takes as long as signing in.
_MOST_SUPERUSERS = 10


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


def check_demo_users(
    databases: Sequence[str] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Refuse a production in which the users of the demonstration exist."""
    if not (settings.IS_PRODUCTION and databases and _has_users()):
        return []
    found = User.objects.filter(username__in=DEMO_USERNAMES).order_by("username")
    names = ", ".join(found.values_list("username", flat=True))
    if not names:
        return []
    return [
        Error(
            f"There are users of the demonstration: {names}. "
            "Everybody knows their password.",
            hint="Remove them: python manage.py create_demo_user --remove",
            id="d0010.E003",
        )
    ]


def check_published_password(
    databases: Sequence[str] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Refuse a production in which a superuser has the demonstration's password.

    It would open nothing, for signing in refuses it too; but whoever gave it did not
    know that everybody has it.
    """
    if not (settings.IS_PRODUCTION and databases and _has_users()):
        return []
    superusers = User.objects.filter(is_superuser=True, is_active=True)
    names = ", ".join(
        user.username
        for user in superusers.order_by("pk")[:_MOST_SUPERUSERS]
        if check_password(DEMO_PASSWORD, user.password)
    )
    if not names:
        return []
    return [
        Error(
            f"There are superusers with the password of the demonstration: {names}. "
            "Everybody knows it.",
            hint="Give each another one: python manage.py changepassword NAME",
            id="d0010.E004",
        )
    ]


def check_api_is_closed(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Refuse a production whose API is open where it must be closed."""
    if not settings.IS_PRODUCTION:
        return []
    return [
        Error(
            f"The API is open: {said}.",
            hint="Restore REST_FRAMEWORK and CORS_… in config/settings.py.",
            id="d0010.E011",
        )
        for said in _what_is_open()
    ]


def _what_is_open() -> Iterator[str]:
    """Yield in what way the API lets in who should stay outside."""
    # The stubs take the names in the settings for what they become.
    classes = cast(Any, api_settings)
    if _has(classes.DEFAULT_AUTHENTICATION_CLASSES, BasicAuthentication):
        yield "it takes a password with every request (Basic authentication)"
    permissions = classes.DEFAULT_PERMISSION_CLASSES
    if not permissions or _has(permissions, AllowAny):
        yield "it answers everybody"
    described_to = settings.SPECTACULAR_SETTINGS.get("SERVE_PERMISSIONS", [])
    if not described_to or any(name.endswith("AllowAny") for name in described_to):
        yield "everybody may read its schema"
    if _has(classes.DEFAULT_RENDERER_CLASSES, BrowsableAPIRenderer):
        yield "it has pages for browsing"
    if getattr(settings, "CORS_ALLOW_ALL_ORIGINS", False):
        yield "the pages of every other site may read it"


def _has(classes: Sequence[type], base: type) -> bool:
    """Tell whether one of the classes is of a kind."""
    return any(issubclass(each, base) for each in classes)


def check_sqlite_version(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Refuse a production on an SQLite that can damage its database.

    Two programs that write at the same moment as the log is started anew can leave a
    damaged database behind (sqlite.org/wal.html, "the WAL-reset bug").
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
            f"SQLite {sqlite3.sqlite_version} can, if rarely, damage a database that "
            "two programs write to at once.",
            hint="Use PostgreSQL, or a Python with SQLite 3.51.3 or newer (or 3.50.7, "
            "or 3.44.6); or set ACCEPT_SQLITE_RISK=1 and keep backups.",
            id="d0010.E010",
        )
    ]


def check_sqlite_place(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Refuse a production whose SQLite database is on a network share.

    Its log needs memory that all programs share, and locks that hold: a share has the
    one on no two machines, and the other not always.
    """
    if not settings.IS_PRODUCTION or connections["default"].vendor != "sqlite":
        return []
    kind = file_system_of(Path(settings.SQLITE_PATH), _mounts())
    if kind not in _SHARES:
        return []
    return [
        Error(
            f"The SQLite database is on a network share ({kind}), where programs that "
            "write to it at once can damage it.",
            hint="Let SQLITE_PATH be on a disk of this machine, or use PostgreSQL.",
            id="d0010.E012",
        )
    ]


def file_system_of(path: Path, mounts: str) -> str:
    """Return which kind of file system a path is on, by what /proc/mounts says."""
    kinds = {
        # Spaces in a name are written as \040.
        Path(place.replace(r"\040", " ")): kind
        for _, place, kind, *_ in map(str.split, mounts.splitlines())
    }
    there = path.resolve()
    return next((kinds[each] for each in (there, *there.parents) if each in kinds), "")


def _mounts() -> str:
    """Return what is mounted where, as Linux tells it; nothing elsewhere."""
    path = Path("/proc/self/mounts")
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _has_users() -> bool:
    """Tell whether there can be users: before the first migration there are none."""
    return User._meta.db_table in connections["default"].introspection.table_names()


def has_wal_fix(version: tuple[int, ...]) -> bool:
    """Return whether a version of SQLite is free of the bug in its log."""
    return (
        version >= (3, 51, 3)
        or (3, 50, 7) <= version < (3, 51)
        or (3, 44, 6) <= version < (3, 45)
    )


def _keeps_foreign_keys(alias: str) -> bool:
    """Tell whether the database refuses rows that point at nothing."""
    with connections[alias].cursor() as cursor:
        cursor.execute("PRAGMA foreign_keys")
        return bool(cursor.fetchone()[0])
