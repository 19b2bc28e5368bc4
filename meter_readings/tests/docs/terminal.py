"""A terminal whose commands share their variables and current folder."""

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

_TIMEOUT = 120.0

# Each command saves its variables and folder for the next.
_WITH_STATE = """\
. {state}
trap '{{ export -p; printf "cd %q\\n" "$PWD"; }} > {state}' EXIT
{command}"""


class CommandResult(NamedTuple):
    """The exit code of a command, and its output on both streams."""

    code: int
    output: str


class Terminal:
    """A context manager; leaving it stops the server."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder, self._environment = folder, dict(environment)
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._temporary = tempfile.TemporaryDirectory(prefix="d0010_terminal_")
        self._state = Path(self._temporary.name, "state")
        self._log = Path(self._temporary.name, "log")
        self.restart()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
        self._temporary.cleanup()

    def restart(self) -> None:
        """Return to the folder and the original environment."""
        self._state.write_text(f"cd {shlex.quote(str(self._folder))}\n", "utf-8")

    def run(
        self, command: str, *, typed: Iterable[tuple[str, str]] = ()
    ) -> CommandResult:
        """Run a command to its end; `typed` has its prompts and their answers."""
        if answers := list(typed):
            return self._answer(command, answers)
        with subprocess.Popen(
            self._bash_arguments(command),
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                output, _ = process.communicate(timeout=_TIMEOUT)
            except subprocess.TimeoutExpired:
                _kill(process)
                raise
        return CommandResult(process.returncode, output)

    def serve(self, command: str, address: str) -> str:
        """Start a server, stop the one before it, and return a page."""
        self.stop()
        with self._log.open("wb") as log:
            self._server = subprocess.Popen(
                ["bash", "-c", f". {self._state}\nexec {command}"],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + _TIMEOUT
        while self._server.poll() is None and time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(address, timeout=_TIMEOUT) as answer:
                    page: bytes = answer.read()
                    return page.decode()
            except urllib.error.HTTPError as error:
                with error:
                    return f"{error.code} {error.read().decode()}"
            except OSError:
                time.sleep(0.1)
        raise AssertionError(
            f"No server answers at {address}.\n{self._log.read_text()}"
        )

    def stop(self) -> None:
        """Interrupt the server and wait for its end.

        Only the main process is interrupted: a gunicorn worker that is interrupted by
        the terminal and by gunicorn can hang until it is killed.
        """
        if self._server is None:
            return
        server, self._server = self._server, None
        server.send_signal(signal.SIGINT)
        try:
            server.wait(timeout=20)
        finally:
            _kill(server)

    def _bash_arguments(self, command: str) -> list[str]:
        script = _WITH_STATE.format(state=self._state, command=command)
        return ["bash", "-c", script]

    def _answer(self, command: str, answers: list[tuple[str, str]]) -> CommandResult:
        """Run a command at a pseudo-terminal, and answer its prompts."""
        own_end, command_end = pty.openpty()
        process = subprocess.Popen(
            self._bash_arguments(command),
            env=self._environment,
            stdin=command_end,
            stdout=command_end,
            stderr=command_end,
            start_new_session=True,
        )
        os.close(command_end)
        output, data, answered = b"", b" ", 0
        while data:
            if answers and answers[0][0].encode() in output[answered:]:
                answered = len(output)
                os.write(own_end, f"{answers.pop(0)[1]}\n".encode())
            data = _read(own_end)
            output += data
        os.close(own_end)
        try:
            code = process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            _kill(process)
            code = process.wait()
        return CommandResult(code, output.decode().replace("\r\n", "\n"))


def _kill(process: subprocess.Popen[Any]) -> None:
    """Kill a process and its children."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _read(terminal: int) -> bytes:
    """Return the next output; nothing at the end or after the timeout."""
    if not select.select([terminal], [], [], _TIMEOUT)[0]:
        return b""
    try:
        return os.read(terminal, 4096)
    except OSError:
        # Linux reports the end of a pseudo-terminal by an error.
        return b""
