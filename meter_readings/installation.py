"""Is this installation as it must be? Each thing that is looked at, and what to do.

`readiness` is what a request needs, `refusals` what keeps production from starting,
`examine` all there is, for a person who asks.
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
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from meter_readings import importer, metrics

_MIGRATE = "Run: python manage.py migrate"
_COLLECT = "Run: python manage.py collectstatic --noinput"
_OWN_STYLES = "meter_readings/kraken.css"
_FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO

# Made up, and the same each time: it must be taken.
_SAMPLE = """\
ZHV|DEPLOYMENT|D0010002|C|TEST|X|TEST|20240401120000||||OPER|
026|1000000000003|V|
028|CHECKED001|R|
030|S|20240401000000|1.0|||T|N|
ZPT|DEPLOYMENT|3||1|20240401120000|
"""


class Finding(NamedTuple):
    """One thing that was looked at: what was found, and the remedy where it is bad."""

    name: str
    is_failure: bool
    found: str
    remedy: str = ""


type Look = Callable[[], Finding]


def readiness() -> list[Finding]:
    """Return whether requests can be served: database, migrations and disk."""
    return [*_look_at(_database, _migrations, _disk)]


def refusals() -> list[Finding]:
    """Return what production must not start with."""
    found = _look_at(_system_checks, _database, _migrations, _static_files)
    return [finding for finding in found if finding.is_failure]


def examine() -> Iterator[Finding]:
    """Yield everything that can be looked at from inside, one after another."""
    yield from _look_at(
        _system_checks,
        _database,
        _migrations,
        _static_files,
        _disk,
        _permissions,
        _dry_run,
    )


def _look_at(*looks: Look) -> Iterator[Finding]:
    """Yield what each finds; what cannot be looked at is a failure as well."""
    for look in looks:
        name = look.__name__.strip("_").replace("_", " ")
        try:
            yield look()._replace(name=name)
        except (DatabaseError, InterfaceError, OSError) as error:
            said = str(error).strip().partition("\n")[0] or type(error).__name__
            yield _bad(
                f"cannot be looked at: {said}",
                "Check that the database runs, and DB_HOST, DB_PORT, DB_NAME, DB_USER "
                "and DB_PASSWORD, or SQLITE_PATH and who may read there.",
            )._replace(name=name)


def _good(found: str) -> Finding:
    return Finding("", False, found)


def _bad(found: str, remedy: str) -> Finding:
    return Finding("", True, found, remedy)


def _system_checks() -> Finding:
    """Ask Django's checks and ours, in production those for deployment too."""
    messages = [
        message
        for message in checks.run_checks(
            include_deployment_checks=settings.IS_PRODUCTION, databases=["default"]
        )
        if message.level >= checks.WARNING and not message.is_silenced()
    ]
    if messages:
        return _bad(
            " ".join(f"{message.id}: {message.msg}" for message in messages),
            " ".join(message.hint for message in messages if message.hint),
        )
    return _good("nothing to improve")


def _database() -> Finding:
    """See that the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return _good(f"{connection.display_name} answers")


def _migrations() -> Finding:
    """See that the tables are those of this version."""
    missing = _needed_migrations() - set(
        MigrationRecorder(connection).applied_migrations()
    )
    if missing:
        first = ".".join(min(missing))
        return _bad(f"{len(missing)} to be applied, {first} among them", _MIGRATE)
    return _good("all applied")


@cache
def _needed_migrations() -> set[tuple[str, str]]:
    """Return the migrations of this version, which change only with its files."""
    return set(MigrationLoader(None).graph.nodes)


def _static_files() -> Finding:
    """See that style sheets and scripts are where the site serves them from."""
    if not settings.IS_PRODUCTION:
        return _good("served from the source in development")
    try:
        staticfiles_storage.url(_OWN_STYLES)
        with staticfiles_storage.open(_OWN_STYLES) as collected:
            is_same = collected.read() == Path(str(find(_OWN_STYLES))).read_bytes()
    except (ValueError, OSError):
        return _bad("not collected", _COLLECT)
    if not is_same:
        return _bad("collected from another version", _COLLECT)
    return _good(f"collected in {settings.STATIC_ROOT}")


def _disk() -> Finding:
    """See that there is room for files to come."""
    least = settings.MIN_FREE_MEGABYTES
    free = {
        name: metrics.free_bytes(path) >> 20 for name, path in metrics.disks().items()
    }
    short = [name for name, megabytes in free.items() if megabytes < least]
    said = ", ".join(f"{megabytes:,} MB for {name}" for name, megabytes in free.items())
    if short:
        return _bad(
            f"{said}; {least:,} MB are needed",
            "Make room, or set MIN_FREE_MEGABYTES to less.",
        )
    return _good(said)


def _permissions() -> Finding:
    """See that this user can write what is ours, and that nobody else can read it."""
    media = Path(settings.MEDIA_ROOT)
    private = [Path(settings.BASE_DIR) / ".env", Path(settings.CACHE_DIR)]
    private += [media / "incoming", media / "flow_files", *_database_files()]
    folders = [Path(settings.CACHE_DIR), *metrics.disks().values()]
    for path in map(_existing, [*folders, *_database_files()]):
        if not os.access(path, os.W_OK):
            return _bad(
                f"{path} cannot be written by this user",
                f"Let the user of the site own it: chown USER {path}",
            )
    for path in private:
        if path.exists() and path.stat().st_mode & _FOR_OTHERS:
            return _bad(f"{path} is open to other users", f"Close it: chmod go= {path}")
    return _good("ours to write, and nobody else's to read")


def _database_files() -> list[Path]:
    """Return the files of the database that are ours to keep."""
    if connection.vendor == "postgresql":  # postgresql only
        return []
    return [Path(connection.settings_dict["NAME"])]  # sqlite only


def _existing(path: Path) -> Path:
    """Return a folder, or the nearest one above it that exists."""
    return path if path.exists() else _existing(path.parent)


def _dry_run() -> Finding:
    """Check a small flow file by the one way in, and keep nothing of it."""
    result = importer.import_flow_file(
        stream=io.BytesIO(_SAMPLE.encode()),
        filename="deployment-check.uff",
        now=timezone.now(),
        dry_run=True,
    )
    if result.outcome != importer.Outcome.CHECKED:
        rules = ", ".join(result.finding_counts)
        return _bad(
            f"a good flow file was not taken ({result.outcome}: {rules})",
            "Is this the whole of one version? Unpack it again.",
        )
    return _good("a flow file was checked, and nothing of it kept")
