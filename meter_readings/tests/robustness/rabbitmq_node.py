"""A temporary RabbitMQ node for tests."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

from .pg_cluster import free_port

# Debian's script on PATH starts the server of the machine as another user.
_DEBIAN = Path("/usr/lib/rabbitmq/bin")

_TIMEOUT_SECONDS = 60


def program() -> str | None:
    """Return the path of RabbitMQ's server, if it is installed."""
    path = _DEBIAN / "rabbitmq-server"
    return str(path) if path.exists() else shutil.which("rabbitmq-server")


class Node:
    """A context manager: a node with its own folder and ports."""

    def __init__(self) -> None:
        self._port = free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{self._port}//"

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="d0010_rabbitmq_")
        folder = self._folder.name
        Path(folder, "enabled_plugins").write_text("[].\n")
        Path(folder, "rabbitmq.conf").write_text(
            f"listeners.tcp.local = 127.0.0.1:{self._port}\n"
        )
        self._environment = os.environ | {
            "HOME": folder,
            "RABBITMQ_NODENAME": f"d0010_{self._port}@localhost",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": folder,
            "RABBITMQ_LOG_BASE": folder,
            "RABBITMQ_PID_FILE": f"{folder}/pid",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/enabled_plugins",
            "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq.conf",
        }
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
        self._folder.cleanup()

    def start(self) -> None:
        """Start the node and wait until it answers."""
        with Path(self._folder.name, "output").open("ab") as output:
            self._process = subprocess.Popen(
                [str(program())],
                cwd=self._folder.name,
                env=self._environment,
                stdout=output,
                stderr=output,
            )
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while not self._answers():
            assert time.monotonic() < deadline, "RabbitMQ does not start."
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop the node; it keeps what it has stored."""
        self._process.terminate()
        self._process.wait()

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self._port), timeout=2).close()
        except OSError:
            return False
        return True
