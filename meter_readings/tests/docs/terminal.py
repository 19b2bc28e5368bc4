"""A terminal at which somebody follows a page: what was set there stays set."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import shlex
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

_PATIENCE = 120.0

# What is said when a command is over is remembered for the next, as a shell would.
_AS_BEFORE = """\
. {memory}
trap '{{ export -p; printf "cd %q\\n" "$PWD"; }} > {memory}' EXIT
{command}"""


class Ended(NamedTuple):
    """How a command ended, and what it said on both streams together."""

    code: int
    said: str


class Terminal:
    """A context manager; leaving it stops what is served."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder, self._environment = folder, dict(environment)
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._kept = tempfile.TemporaryDirectory(prefix="d0010_terminal_")
        self._memory = Path(self._kept.name, "memory")
        self._log = Path(self._kept.name, "log")
        self.open_anew()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
        self._kept.cleanup()

    def open_anew(self) -> None:
        """Begin in the folder, with nothing set by hand."""
        self._memory.write_text(f"cd {shlex.quote(str(self._folder))}\n", "utf-8")

    def run(self, command: str, *, typed: Iterable[tuple[str, str]] = ()) -> Ended:
        """Run a command to its end; `typed` is what is asked and what is answered."""
        if answers := list(typed):
            return self._answer(command, answers)
        with subprocess.Popen(
            self._words(command),
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                said, _ = process.communicate(timeout=_PATIENCE)
            except subprocess.TimeoutExpired:
                _kill(process)
                raise
        return Ended(process.returncode, said)

    def serve(self, command: str, address: str) -> str:
        """Start a command that serves, after the end of another; return a page."""
        self.stop()
        with self._log.open("wb") as log:
            self._server = subprocess.Popen(
                ["bash", "-c", f". {self._memory}\nexec {command}"],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + _PATIENCE
        while self._server.poll() is None and time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(address, timeout=_PATIENCE) as answer:
                    page: bytes = answer.read()
                    return page.decode()
            except urllib.error.HTTPError as refusal:
                with refusal:
                    return f"{refusal.code} {refusal.read().decode()}"
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"Nobody answers at {address}.\n{self._log.read_text()}")

    def stop(self) -> None:
        """Interrupt what is served; it must come to its end.

        The program alone is told: a worker of gunicorn's that is interrupted by the
        terminal and by gunicorn too can hang until it is killed.
        """
        if self._server is None:
            return
        server, self._server = self._server, None
        server.send_signal(signal.SIGINT)
        try:
            server.wait(timeout=20)
        finally:
            _kill(server)

    def _words(self, command: str) -> list[str]:
        said = _AS_BEFORE.format(memory=self._memory, command=command)
        return ["bash", "-c", said]

    def _answer(self, command: str, answers: list[tuple[str, str]]) -> Ended:
        """Run a command at a terminal, and answer what it asks."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            self._words(command),
            env=self._environment,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        said, data, answered = b"", b" ", 0
        while data:
            if answers and answers[0][0].encode() in said[answered:]:
                answered = len(said)
                os.write(ours, f"{answers.pop(0)[1]}\n".encode())
            data = _read(ours)
            said += data
        os.close(ours)
        try:
            code = process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            _kill(process)
            code = process.wait()
        return Ended(code, said.decode().replace("\r\n", "\n"))


def _kill(process: subprocess.Popen[Any]) -> None:
    """End a process, and whatever it has started, at once."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _read(terminal: int) -> bytes:
    """Return what comes next; nothing at the end, or when nothing comes for long."""
    if not select.select([terminal], [], [], _PATIENCE)[0]:
        return b""
    try:
        return os.read(terminal, 4096)
    except OSError:
        # This is how Linux says that nobody is at the other end any more.
        return b""
