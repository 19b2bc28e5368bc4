"""gunicorn on a port of its own, set up as production runs it."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from meter_readings import tokens
from meter_readings.models import ApiToken

HOST = "127.0.0.1"
_CONFIGURATION = Path("deployment_scripts", "gunicorn.conf.py")


def known() -> dict[str, str]:
    """Return the header that makes somebody known who may do anything."""
    _, secret = tokens.make_token(
        user=User.objects.create_superuser("crowd"),
        name="benchmark",
        scope=ApiToken.Scope.BOTH,
        days=1,
        now=timezone.now(),
    )
    return {"Authorization": f"Bearer {secret}"}


@contextmanager
def served(environment: Mapping[str, str], *, log: IO[Any]) -> Iterator[int]:
    """Serve the site of an environment, and yield the port that it is at.

    The port takes connections from the first moment; they wait for the server.
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
    # From here on the server alone holds the port: if it is gone, nobody waits for it.
    try:
        yield port
    finally:
        process.terminate()
        process.wait()
