"""Temporary databases, and measurements in processes of their own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from django.conf import settings

type Log = Callable[[str], object]

# What shells add to the number of the signal that ended a process
_EXIT_CODE_OF_SIGNALS = 128

_BYTES_PER_MAXRSS = 1 if sys.platform == "darwin" else 1024


class TempDatabase:
    """A database, with the environment of processes that use it."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.name = environment.get("DB_NAME") or environment["SQLITE_PATH"]
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(settings.BASE_DIR),
            # With DEBUG, in development, Django would store every query.
            "D0010_ENV": "test",
            "MEDIA_ROOT": str(folder),
            "SESSION_FILE_PATH": str(folder / "sessions"),
            # A benchmark exceeds the rate limits of one client.
            "API_RATE_READ": "1000000",
            **environment,
        }

    def migrate(self) -> None:
        self._python("django", "migrate", "--verbosity=0")

    def run(self, function: Callable[..., Any], **arguments: Any) -> Any:
        """Call a module's function in a new process; its result passes as JSON."""
        name = f"{function.__module__}.{function.__name__}"
        return json.loads(self._python(__package__, name, json.dumps(arguments)))

    def _python(self, module: str, *arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", module, *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout


@contextmanager
def exit_on_sigterm() -> Iterator[None]:
    """Let SIGTERM raise SystemExit, so that temporary files and databases are removed.

    A second SIGTERM does not interrupt that.
    """

    def stop(number: int, frame: object) -> None:
        signal.signal(number, signal.SIG_IGN)
        sys.exit(_EXIT_CODE_OF_SIGNALS + number)

    previous = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


type NewDatabase = Callable[[], AbstractContextManager[TempDatabase]]


@contextmanager
def temp_database(vendor: str) -> Iterator[TempDatabase]:
    """Create an empty database of a vendor (sqlite, postgresql); drop it afterwards."""
    with temp_databases(vendor) as new_database, new_database() as database:
        yield database


@contextmanager
def temp_databases(vendor: str) -> Iterator[NewDatabase]:
    """Yield a function that creates databases as `temp_database` does.

    They are copies of one database, so only that one takes the time of the migrations.
    """
    with _new_database(vendor) as template:
        template.migrate()
        yield lambda: _new_database(vendor, template.name)


@contextmanager
def _new_database(vendor: str, template: str = "") -> Iterator[TempDatabase]:
    """Create a database without tables, or as a copy of another; drop it afterwards."""
    with tempfile.TemporaryDirectory(prefix="d0010_benchmark_") as name:
        folder = Path(name)
        if vendor == "sqlite":
            path = str(folder / "benchmark.sqlite3")
            if template:
                shutil.copyfile(template, path)
            yield TempDatabase({"USE_POSTGRESQL": "0", "SQLITE_PATH": path}, folder)
        else:  # postgresql only
            with _postgresql_database(template or "template1") as database:
                environment = {"USE_POSTGRESQL": "1", "DB_NAME": database}
                yield TempDatabase(environment, folder)


@contextmanager
def _postgresql_database(template: str) -> Iterator[str]:  # postgresql only
    database = f"d0010_benchmark_{os.getpid()}_{uuid.uuid4().hex[:12]}"
    server = psycopg2.connect(**server_parameters(), dbname="postgres")
    server.autocommit = True
    with closing(server), server.cursor() as cursor:
        try:
            cursor.execute(f'CREATE DATABASE "{database}" TEMPLATE "{template}"')
            yield database
        finally:
            cursor.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')


def server_parameters() -> dict[str, Any]:  # postgresql only
    """Return psycopg2's arguments for the PostgreSQL server of the settings."""
    names = ("host", "port", "user", "password")
    return {name: settings.POSTGRESQL[name.upper()] for name in names}


def peak_megabytes() -> float:
    """Return the peak resident memory of this process in MB."""
    # Imported here because Windows does not have it; only benchmarks need it.
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _BYTES_PER_MAXRSS
    return peak / 2**20
