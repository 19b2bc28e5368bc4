"""Is this installation as it must be? Each thing that is looked at, and what to do.

`readiness` is what a request needs, `refusals` what keeps production from starting,
`examine` and `reach` all there is, from inside and outside, for a person who asks.
"""

from __future__ import annotations

import http.client
import io
import math
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from email.message import Message
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.staticfiles.finders import find
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core import checks
from django.core.cache import caches
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from meter_readings import importer, metrics, replicas
from meter_readings.absences import CacheAway

_MIGRATE = "Run: python manage.py migrate"
_COLLECT = "Run: python manage.py collectstatic --noinput"
_OWN_STYLES = "meter_readings/kraken.css"
_FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO

_SECONDS = 10
_SAFEGUARDS = (
    "Content-Security-Policy",
    "Permissions-Policy",
    "Referrer-Policy",
    "X-Content-Type-Options",
    "X-Frame-Options",
)

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
    """Return whether requests can be served: database, migrations, disk, Redis."""
    return [*_look_at(_database, _migrations, _disk, *_shared())]


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
        *_shared(),
        *_copies(),
        _dry_run,
    )


def _shared() -> list[Look]:
    """Return how to look at what several machines share, where they do."""
    return [_redis] if settings.REDIS_URL else []


def _copies() -> list[Look]:
    """Return how to look at what the site can do without."""
    return [_replica] if replicas.is_set_up() else []


def _look_at(*looks: Look) -> Iterator[Finding]:
    """Yield what each finds; what cannot be looked at is a failure as well."""
    for look in looks:
        name = look.__name__.strip("_").replace("_", " ")
        try:
            yield look()._replace(name=name)
        except importer.StorageFull as error:
            yield _bad(str(error), "Make room.")._replace(name=name)
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


def _redis() -> Finding:
    """See that Redis takes what is written, and gives it back."""
    try:
        caches["default"].set("looked-at", 1)
        caches["default"].get("looked-at")
    except CacheAway as error:
        return _bad(str(error), "Meanwhile nobody can sign in.")
    return _good("Redis answers")


def _replica() -> Finding:  # postgresql only
    """See that the replica follows."""
    seconds = replicas.seconds_behind()
    if seconds == math.inf:
        return _bad(
            "it cannot be used, and the primary answers alone",
            "Check that it runs and is a replica still; DB_REPLICA_HOST and "
            "DB_REPLICA_PORT.",
        )
    if seconds > settings.DB_REPLICA_MAX_LAG:
        return _bad(
            f"it is {seconds:,.0f} seconds behind, and the primary answers alone",
            "Look at its log: does it reach the primary?",
        )
    return _good(f"{seconds:,.0f} seconds behind")


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


def reach(*, url: str, host: str = "") -> Iterator[Finding]:
    """Yield what the running site answers at an address.

    `url` is its scheme, name and port. `host` is the name the site is asked for where
    that is not the one in `url`: a name of its own behind the proxy.
    """
    try:
        yield from _reach(url, host)
    except (OSError, http.client.HTTPException, ValueError) as error:
        yield _bad(
            f"{url} does not answer: {error}",
            "Is it running? Look at its log: journalctl -u d0010",
        )._replace(name="site")


def _reach(url: str, host: str) -> Iterator[Finding]:
    status, _, _ = _get(url, host, "/healthz")
    if status != HTTPStatus.OK:
        yield _bad(
            f"{url}/healthz answers {status}", "Is this the right address?"
        )._replace(name="site")
        return
    yield _good(f"{url} answers")._replace(name="site")
    status, headers, text = _get(url, host, "/admin/login/")
    missing = [name for name in _SAFEGUARDS if name not in headers]
    if settings.IS_PRODUCTION and "Strict-Transport-Security" not in headers:
        missing.append("Strict-Transport-Security")
    if status != HTTPStatus.OK or missing:
        what = f"comes without {', '.join(missing)}"
        if status != HTTPStatus.OK:
            what = f"answers {status}"
        yield _bad(
            f"the page to sign in {what}",
            "Is the name in ALLOWED_HOSTS? Behind a proxy that ends HTTPS, is "
            "BEHIND_PROXY=1 set, and X-Forwarded-Proto passed on?",
        )._replace(name="page")
        return
    yield _good("the page to sign in comes with its safeguards")._replace(name="page")
    yield _style_sheet(url, host, text)


def _style_sheet(url: str, host: str, page: str) -> Finding:
    """Ask for the style sheet that a page names."""
    named = re.search(r'href="([^"]*/kraken[^"]*\.css)"', page)
    path = named[1] if named else "/static/"
    status, headers, _ = _get(url, host, path)
    if status == HTTPStatus.OK and headers["Content-Type"].startswith("text/css"):
        return _good("the style sheet comes")._replace(name="style sheet")
    return _bad(
        f"{path} answers {status}",
        f"{_COLLECT}, then start the site again; whitenoise from "
        "deployment_scripts/requirements-production.txt serves it, or nginx does.",
    )._replace(name="style sheet")


def _get(url: str, host: str, path: str) -> tuple[int, Message, str]:
    """Return status, headers and text of a page, as the proxy would ask for it."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        open_to: type[http.client.HTTPConnection] = http.client.HTTPSConnection
    else:
        open_to = http.client.HTTPConnection
    asked = open_to(parts.hostname or "", parts.port, timeout=_SECONDS)
    headers = {"X-Forwarded-Proto": "https"} | ({"Host": host} if host else {})
    with closing(asked):
        asked.request("GET", path, headers=headers)
        answer = asked.getresponse()
        return answer.status, answer.headers, answer.read().decode(errors="replace")
