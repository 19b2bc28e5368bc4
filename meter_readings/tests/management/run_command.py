"""Helpers that run commands and capture their output."""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import TestCase

from meter_readings.tests.support.environments import environment_without_coverage
from meter_readings.tests.support.flow_file_builder import flow_file_of_readings

READING = "030|S|20240401000000|99.0|||T|N|"
NEGATIVE = "030|S|20240401000000|-5.0|||T|N|"
GOOD = flow_file_of_readings(READING)
BAD = flow_file_of_readings(NEGATIVE)


class Ran(NamedTuple):
    """The exit code and output of a command."""

    code: int
    stdout: str
    stderr: str


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def run(
    name: str,
    *arguments: str,
    stdin: str | bytes = b"",
    is_terminal: bool = False,
) -> Ran:
    """Run a command in this process."""
    stdout, stderr = (Terminal() if is_terminal else io.StringIO() for _ in range(2))
    data = stdin.encode("ascii") if isinstance(stdin, str) else stdin
    typed = io.TextIOWrapper(io.BytesIO(data))
    typed.isatty = lambda: is_terminal  # type: ignore[method-assign]
    code = 0
    with patch("sys.stdin", typed):
        try:
            call_command(name, *arguments, stdout=stdout, stderr=stderr)
        except SystemExit as end:
            code = int(end.code or 0)
        except CommandError as error:
            code = error.returncode
            stderr.write(f"{error}\n")
    return Ran(code, stdout.getvalue(), stderr.getvalue())


def start(
    *arguments: str, env: dict[str, str] | None = None, **options: object
) -> subprocess.Popen[bytes]:
    """Start manage.py in a separate process, without coverage unless `env` has it."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen(
        [sys.executable, str(Path(settings.BASE_DIR, "manage.py")), *arguments],
        env=env or environment_without_coverage(),
        **(pipes | options),  # type: ignore[call-overload]
    )


class FolderTestCase(TestCase):
    """Tests with a temporary folder of files."""

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()

    def file(self, name: str, content: str | bytes = GOOD) -> str:
        """Write a file into the folder; return its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(
            content.encode("utf-8") if isinstance(content, str) else content
        )
        return str(path)
