"""A temporary PostgreSQL cluster for tests, and a replica of it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any, Self

import psycopg2

# Debian's server programs are not on PATH.
_DEBIAN = Path("/usr/lib/postgresql")
_ROLE = "postgres"

# Small, so that a cluster fits on a small disk. The server does not wait for the disk:
# tests kill the server, not the machine, and the operating system keeps what it wrote.
_SETTINGS = (
    "-c max_wal_size=32MB -c shared_buffers=16MB -c listen_addresses=127.0.0.1"
    " -c fsync=off"
)


def programs() -> Path | None:
    """Return the folder of the newest `initdb` and `pg_ctl`, if there is one."""
    if path := shutil.which("initdb"):
        # Its other programs are in the folder of the file itself, not of a link to it.
        return Path(path).resolve().parent
    versions = sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda p: float(p.parts[-3]))
    return versions[-1].parent if versions else None


class Cluster:
    """A context manager: a server with its own folder and port."""

    def __init__(self) -> None:
        folder = programs()
        assert folder is not None
        self._programs = folder
        self.port = free_port()

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="d0010_cluster_")
        self._data = Path(self._folder.name, "data")
        own(Path(self._folder.name))
        self._fill()
        self.start()
        return self

    def _fill(self) -> None:
        self._run("initdb", "-D", str(self._data), "-U", _ROLE, "-A", "trust", "-N")

    def __exit__(self, *error: object) -> None:
        self.stop()
        self._folder.cleanup()

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables that select this server in the settings."""
        return {
            "USE_POSTGRESQL": "1",
            "DB_NAME": _ROLE,
            "DB_USER": _ROLE,
            "DB_PASSWORD": "unused",
            "DB_HOST": "127.0.0.1",
            "DB_PORT": str(self.port),
        }

    @property
    def log(self) -> Path:
        return Path(self._folder.name, "log")

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = f"-p {self.port} -k {self._folder.name} {_SETTINGS}"
        log = ["-l", self.log]
        self._run("pg_ctl", "start", "-w", "-D", self._data, *log, "-o", options)

    def stop(self) -> None:
        """Kill the server, which recovers from its log when it starts again."""
        self._run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", self._data)

    def store_on(self, disk: Path) -> None:
        """Store new tables and temporary files on another disk."""
        own(disk)
        self.execute(f"CREATE TABLESPACE small LOCATION '{disk}'")
        for name in ("default_tablespace", "temp_tablespaces"):
            self.execute(f"ALTER ROLE {_ROLE} SET {name} = 'small'")

    def execute(self, statement: str) -> None:
        with closing(self.connect()) as database:
            database.autocommit = True
            with database.cursor() as cursor:
                cursor.execute(statement)

    def connect(self) -> Any:
        return psycopg2.connect(host="127.0.0.1", port=self.port, user=_ROLE)

    def _run(self, program: str, *arguments: str | Path) -> None:
        command = [str(self._programs / program), *map(str, arguments)]
        if os.geteuid() == 0:
            # PostgreSQL does not run as root.
            command = ["runuser", "-u", _ROLE, "--", *command]
        result = subprocess.run(
            command,
            cwd="/",
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert not result.returncode, result.stdout


class Replica(Cluster):
    """A streaming replica of another server."""

    def __init__(self, primary: Cluster) -> None:
        super().__init__()
        self._primary = primary

    def _fill(self) -> None:
        options = ["-h", "127.0.0.1", "-p", str(self._primary.port), "-U", _ROLE]
        options += ["-R", "-c", "fast", "--no-sync"]
        self._run("pg_basebackup", "-D", self._data, *options)

    def promote(self) -> None:
        """Promote the replica to a primary."""
        self._run("pg_ctl", "promote", "-w", "-D", self._data)

    def has_all(self) -> bool:
        """Return whether the replica has everything that the primary flushed."""
        with closing(self._primary.connect()) as one, closing(self.connect()) as other:
            with one.cursor() as cursor:
                cursor.execute("SELECT pg_current_wal_flush_lsn()::text")
                position = cursor.fetchone()
            with other.cursor() as cursor:
                cursor.execute("SELECT pg_last_wal_replay_lsn() >= %s", position)
                (has_all,) = cursor.fetchone()
                return bool(has_all)


def own(folder: Path) -> None:
    """Give a folder to the user that the server runs as."""
    if os.geteuid() == 0:
        shutil.chown(folder, _ROLE, _ROLE)


def free_port() -> int:
    """Return a free TCP port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
