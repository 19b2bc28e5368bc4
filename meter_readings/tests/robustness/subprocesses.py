"""Processes that tests start: they share the test's database and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from config.environment import PROJECT_ROOT

# Faster than a disk, where there is one.
_MEMORY = Path("/dev/shm")


def folder() -> tempfile.TemporaryDirectory[str]:
    """Return a folder that goes away, in memory if that is possible."""
    place = _MEMORY if _MEMORY.is_dir() else None
    return tempfile.TemporaryDirectory(prefix="d0010_robustness_", dir=place)


class Program:
    """A module of this folder whose `main` runs in a process of its own.

    It is asked by lines of JSON and answers by them. A context manager: leaving it
    lets the program come to its end.
    """

    def __init__(self, module: str, *arguments: object, **environment: str) -> None:
        start = (
            "import django; django.setup();"
            f"from {__package__}.{module} import main; main()"
        )
        self._process = subprocess.Popen(
            [sys.executable, "-c", start, *map(str, arguments)],
            cwd=PROJECT_ROOT,
            env=unmeasured() | {"DEBUG": "0"} | environment,
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
        """Yield what the program says until it ends."""
        assert self._process.stdout is not None
        return map(json.loads, iter(self._process.stdout.readline, ""))

    def answer(self) -> dict[str, Any]:
        """Return the next thing the program says; it must say one."""
        answer = next(self.answers(), None)
        assert answer is not None, "The program ended without an answer."
        return answer


def say(**answer: Any) -> None:
    """Say something to the test, from within a program."""
    print(json.dumps(answer), flush=True)


def unmeasured() -> dict[str, str]:
    """Return the environment without what makes a process measure its coverage."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("COVERAGE_PROCESS")
    }
