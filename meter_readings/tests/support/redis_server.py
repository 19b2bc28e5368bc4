"""A temporary Redis server that a test can stop and delay."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Self

from django.test import SimpleTestCase

from config.caches import cache_settings

IS_REQUIRED = bool(os.environ.get("D0010_PROGRAMS_REQUIRED"))
IS_INSTALLED = bool(shutil.which("redis-server") and importlib.util.find_spec("redis"))
REQUIREMENT = (
    "needs redis-server, and redis-py (deployment_scripts/requirements-tools.txt)"
)


class RedisServer:
    """A server without persistence, on a socket in a temporary folder."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="d0010_redis_")
        self._socket = Path(self._folder.name, "socket")
        self.url = f"unix://{self._socket}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
        self._folder.cleanup()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = ["--port", "0", "--unixsocket", str(self._socket), "--save", ""]
        self._process = subprocess.Popen(
            ["redis-server", *options],
            cwd=self._folder.name,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._process.stdout
        lines = []
        for line in self._process.stdout:
            lines.append(line)
            if "ready to accept connections" in line.lower():
                return
        raise AssertionError("".join(lines))

    def stop(self) -> None:
        """Stop it at once; its data are lost."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()

    def pause(self) -> None:
        """Let it accept connections without answering."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it answer again."""
        self._process.send_signal(signal.SIGCONT)


class RedisTestCase(SimpleTestCase):
    """Tests with the caches in Redis."""

    def setUp(self) -> None:
        self.server = self.enterContext(RedisServer())
        url = self.server.url
        self.enterContext(self.settings(CACHES=cache_settings(url), REDIS_URL=url))
        super().setUp()
