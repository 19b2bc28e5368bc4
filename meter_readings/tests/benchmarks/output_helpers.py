"""The benchmarks as the page on the command line shows them, on fewer readings."""

from __future__ import annotations

import shlex

from django.db import connection

from meter_readings.tests.docs import markdown

PAGE = "documentation/COMMAND_LINE.md"


def as_shown(name: str, *smaller: str) -> list[str]:
    """Return the command that the page shows, with other sizes, on this database."""
    [command] = [
        shown.command
        for shown in markdown.shown(PAGE, "sh")
        if shown.command.startswith(f"python manage.py {name} ")
    ]
    words = shlex.split(command)[2:]
    here = [connection.vendor if word == "sqlite" else word for word in words]
    return [*here, *smaller]
