"""gunicorn with a socket of systemd is restarted while clients send requests."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sysconfig
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import Event
from unittest import skipUnless

from django.test import SimpleTestCase

from config.environment import PROJECT_ROOT
from meter_readings.tests.support.environments import environment_without_coverage

_CLIENTS, _RESTARTS = 4, 1
# systemd passes the socket as file 3 of the process that LISTEN_PID names.
_ACTIVATED = """
exec 3<&"$1" && export LISTEN_FDS=1 LISTEN_PID=$$
exec "$2" --config deployment_scripts/gunicorn.conf.py --log-level warning"""


@skipUnless(find_spec("gunicorn"), "gunicorn is not installed")
class RestartTests(SimpleTestCase):
    def test_every_request_is_answered_over_a_restart(self) -> None:
        results: Counter[str] = Counter()
        ended = Event()
        with (
            socket.create_server(("127.0.0.1", 0), backlog=2048) as listener,
            ThreadPoolExecutor(_CLIENTS) as clients,
        ):
            port = listener.getsockname()[1]
            for _ in range(_CLIENTS):
                clients.submit(_request_until, ended, port, results)
            try:
                for number in range(1 + _RESTARTS):
                    with _gunicorn(listener):
                        self._wait_for_more(results, number)
            finally:
                ended.set()
                # Requests that nothing answers fail and do not wait.
                listener.shutdown(socket.SHUT_RDWR)
        self.assertEqual(results.keys() - {"200", "after the end"}, set(), results)

    def _wait_for_more(self, results: Counter[str], number: int) -> None:
        """Wait until this gunicorn has answered many requests."""
        expected, deadline = results["200"] + 50, time.monotonic() + 120
        while results["200"] < expected:
            self.assertLess(time.monotonic(), deadline, f"{results}, start {number}")
            time.sleep(0.05)


def _request_until(ended: Event, port: int, results: Counter[str]) -> None:
    while not ended.is_set():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        try:
            connection.request("GET", "/healthz")
            result = str(connection.getresponse().status)
        except (OSError, http.client.HTTPException) as error:
            result = "after the end" if ended.is_set() else repr(error)
        finally:
            connection.close()
        results[result] += 1


@contextmanager
def _gunicorn(listener: socket.socket) -> Iterator[None]:
    """Start gunicorn as systemd does, and stop it as systemd does."""
    program = Path(sysconfig.get_path("scripts"), "gunicorn")
    file = listener.fileno()
    with subprocess.Popen(
        ["bash", "-c", _ACTIVATED, "bash", str(file), str(program)],
        cwd=PROJECT_ROOT,
        env=environment_without_coverage()
        | {"D0010_ENV": "test", "GUNICORN_WORKERS": "1"},
        pass_fds=[file],
    ) as process:
        try:
            yield
        finally:
            process.terminate()
