"""What check_installation prints about an installation with a fault."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import StringIO
from pathlib import Path
from typing import NamedTuple
from unittest import TestCase

from django.core.management import call_command

_ROW = re.compile(r"    ✕ FAILED  (?P<name>.+?)  +(?P<message>.*)")
_REMEDY = " " * 30 + "What to do: "


class Finding(NamedTuple):
    message: str
    remedy: str


def findings_in(output: str) -> dict[str, Finding]:
    """Return the failed checks that an output shows, by their name."""
    found = {}
    lines = output.splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if row := _ROW.fullmatch(line):
            remedy = following.removeprefix(_REMEDY) if _REMEDY in following else ""
            found[row["name"]] = Finding(row["message"], remedy)
    return found


def findings(**options: str) -> dict[str, Finding]:
    """Run the command, and return the failed checks."""
    stream = StringIO()
    with suppress(SystemExit):
        call_command("check_installation", stdout=stream, **options)
    return findings_in(stream.getvalue())


def assert_only(
    test: TestCase, found: dict[str, Finding], name: str, message: str, remedy: str
) -> None:
    """Fail unless one check failed, with these parts of its message and remedy."""
    test.assertEqual([*found], [name], found)
    test.assertIn(message, found[name].message)
    test.assertIn(remedy, found[name].remedy)


@contextmanager
def installed_program(name: str, text: str) -> Iterator[str]:
    """Install a shell script; yield the PATH that finds it before any other program."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        shell = Path(str(shutil.which("sh"))).parent
        yield f"{folder}:{shell}"
