"""Processes that tests start. They share only the test database."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from config.environment import PROJECT_ROOT
from meter_readings.tests.support.environments import environment_without_coverage

# Memory is faster than a disk.
_MEMORY = Path("/dev/shm")


def folder() -> tempfile.TemporaryDirectory[str]:
    """Return a temporary folder, in memory if possible."""
    parent = _MEMORY if _MEMORY.is_dir() else None
    return tempfile.TemporaryDirectory(prefix="d0010_robustness_", dir=parent)


class Program:
    """A context manager: runs `main` of a module of this package in a process.

    Requests and answers are lines of JSON. Leaving it waits for the program's end.
    """

    def __init__(self, module: str, *arguments: object, **environment: str) -> None:
        start = (
            "import django; django.setup();"
            f"from {__package__}.{module} import main; main()"
        )
        self._process = subprocess.Popen(
            [sys.executable, "-c", start, *map(str, arguments)],
            cwd=PROJECT_ROOT,
            env=environment_without_coverage() | {"D0010_ENV": "test"} | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        with self._process:
            if any(error):
                self._process.kill()

    def ask(self, **request: Any) -> None:
        """Send a request."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()

    def answers(self) -> Iterator[dict[str, Any]]:
        """Yield the answers of the program until it ends."""
        assert self._process.stdout is not None
        return map(json.loads, iter(self._process.stdout.readline, ""))

    def answer(self) -> dict[str, Any]:
        """Return the next answer; there must be one."""
        answer = next(self.answers(), None)
        assert answer is not None, "The program ended without an answer."
        return answer


def say(**answer: Any) -> None:
    """Answer the test, from within a program."""
    print(json.dumps(answer), flush=True)
