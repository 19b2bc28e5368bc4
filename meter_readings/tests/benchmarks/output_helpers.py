"""The benchmark commands as COMMAND_LINE.md shows them, with fewer readings."""

from __future__ import annotations

import shlex
from io import StringIO

from django.core.management import call_command
from django.db import connection

from meter_readings.tests.docs import markdown

PAGE = "documentation/COMMAND_LINE.md"


def as_shown(benchmark: str, *options: str) -> str:
    """Run a benchmark on this database with these options too; return its table."""
    [command] = [
        shown.command
        for shown in markdown.shown(PAGE, "sh")
        if shown.command.startswith(f"python manage.py benchmark {benchmark} ")
    ]
    output = StringIO()
    call_command(
        *shlex.split(command)[2:],
        f"--database={connection.vendor}",
        *options,
        stdout=output,
        stderr=StringIO(),
    )
    return output.getvalue()
