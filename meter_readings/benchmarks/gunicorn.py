"""A gunicorn server on a free port, with the configuration of production."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.conf import settings

HOST = "127.0.0.1"
_CONFIGURATION = Path("deployment_scripts", "gunicorn.conf.py")


@contextmanager
def run_gunicorn(environment: Mapping[str, str], *, log: IO[Any]) -> Iterator[int]:
    """Serve the site of an environment; yield its port.

    The port accepts connections at once; they wait until the server has started.
    """
    with socket.create_server((HOST, 0)) as listening:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--config", str(_CONFIGURATION)],
            cwd=settings.BASE_DIR,
            env={**environment, "GUNICORN_BIND": f"fd://{listening.fileno()}"},
            pass_fds=[listening.fileno()],
            stdout=log,
            stderr=log,
        )
        port: int = listening.getsockname()[1]
    # Only the server has the socket now: if the server dies, connections are refused.
    try:
        yield port
    finally:
        process.terminate()
        process.wait()
