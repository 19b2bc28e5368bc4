"""Databases that are made for one measurement and thrown away after it."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from django.conf import settings


class Throwaway:
    """One empty, migrated database, and how to run a step of the benchmark on it."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.name = environment.get("DB_NAME") or environment["SQLITE_PATH"]
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(settings.BASE_DIR),
            "D0010_ENV": "development",
            "MEDIA_ROOT": str(folder),
            "CACHE_DIR": str(folder / "cache"),
            # A benchmark asks more in a minute than a program may.
            "API_RATE_READ": "1000000",
            **environment,
        }
        self.manage("migrate", "--verbosity=0")

    def manage(self, *arguments: str) -> str:
        """Run a management command on this database and return what it printed."""
        return subprocess.run(
            [*_MANAGE, *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout

    def step(self, name: str, **options: Any) -> dict[str, Any]:
        """Run one step of the benchmark in a process of its own."""
        answer: dict[str, Any] = json.loads(self.manage(*_command(name, options)))
        return answer

    def start(self, name: str, **options: Any) -> subprocess.Popen[str]:
        """Start a step and return its process, to be watched while it runs."""
        return subprocess.Popen(
            [*_MANAGE, *_command(name, options)],
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        )


def _command(step: str, options: dict[str, Any]) -> tuple[str, str]:
    told = json.dumps({"name": step, "options": options})
    return "benchmark_import", f"--step={told}"


_MANAGE = [sys.executable, "-m", "django"]
_BYTES_IN_MAXRSS = 1 if sys.platform == "darwin" else 1024


def peak_megabytes() -> float:
    """Return the most memory that this process has taken."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _BYTES_IN_MAXRSS
    return peak / 2**20


@contextmanager
def throwaway(vendor: str) -> Iterator[Throwaway]:
    """Make an empty database of a vendor (sqlite, postgresql); drop it afterwards."""
    with tempfile.TemporaryDirectory(prefix="d0010_benchmark_") as name:
        folder = Path(name)
        if vendor == "sqlite":
            path = str(folder / "benchmark.sqlite3")
            yield Throwaway({"USE_POSTGRESQL": "0", "SQLITE_PATH": path}, folder)
        else:  # postgresql only
            with _database_on_server() as database:
                chosen = {"USE_POSTGRESQL": "1", "DB_NAME": database}
                yield Throwaway(chosen, folder)


@contextmanager
def _database_on_server() -> Iterator[str]:  # postgresql only
    database = f"d0010_benchmark_{uuid.uuid4().hex[:12]}"
    server = psycopg2.connect(**server_parameters(), dbname="postgres")
    server.autocommit = True
    with closing(server), server.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{database}"')
        try:
            yield database
        finally:
            cursor.execute(f'DROP DATABASE "{database}" WITH (FORCE)')


def server_parameters() -> dict[str, Any]:  # postgresql only
    """Return how to reach the PostgreSQL server that the settings name."""
    server = settings.POSTGRESQL
    return {
        "host": server["HOST"],
        "port": server["PORT"],
        "user": server["USER"],
        "password": server["PASSWORD"],
    }
