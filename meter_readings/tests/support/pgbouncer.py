"""A temporary PgBouncer before the test database."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

from meter_readings.tests.robustness.pg_cluster import free_port, own

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")

_INI = """
[databases]
* = host={HOST} port={PORT} user={USER} password='{PASSWORD}'
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
logfile = {folder}/log
{options}
"""


@contextmanager
def pooled(options: str) -> Iterator[None]:
    """Let this process connect to the test database through PgBouncer."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="d0010_pgbouncer_") as name:
        folder = Path(name)
        own(folder)
        original = dict(connection.settings_dict)
        ini = folder / "pgbouncer.ini"
        ini.write_text(
            _INI.format(port=port, folder=folder, options=options, **original)
        )
        own(ini)
        # As root it changes to a user without rights.
        user = ["-u", "postgres"] if os.geteuid() == 0 else []
        process = subprocess.Popen(
            [str(PGBOUNCER), "-q", *user, str(ini)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        connection.close()
        connection.settings_dict.update(HOST="127.0.0.1", PORT=port)
        try:
            _wait(folder / "log")
            yield
        finally:
            connection.close()
            connection.settings_dict.update(original)
            process.terminate()
            process.wait()


def _wait(log: Path) -> None:
    """Wait until PgBouncer listens."""
    deadline = time.monotonic() + 60
    while not log.exists() or "process up" not in log.read_text():
        assert time.monotonic() < deadline, "PgBouncer does not start."
        time.sleep(0.05)
