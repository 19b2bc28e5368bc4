"""What the commands have in common: data on stdout, words on stderr, exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError, OutputWrapper
from django.core.management.color import Style, no_style
from django.db import DatabaseError, InterfaceError, connection

from meter_readings import importer

FAILED, USAGE, NOTHING_MATCHED, INTERRUPTED = 1, 2, 3, 130


class ConsoleCommand(BaseCommand):
    """A command for a person and for a program: it says what went wrong, in one line.

    NO_COLOR (no-color.org) is honoured as --no-color is.
    """

    is_colored = False

    def execute(self, *args: Any, **options: Any) -> Any:
        """Run the command; turn what stops it into a sentence and an exit code."""
        if os.environ.get("NO_COLOR") and not options["force_color"]:
            options["no_color"] = True
        self.is_colored = options["force_color"]
        try:
            with database_errors_as_command_errors():
                return super().execute(*args, **options)
        except BrokenPipeError:
            # Whoever reads has seen enough, as "head" has; nothing is left to say.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except OSError as error:
            place = f" ({error.filename})" if error.filename else ""
            raise CommandError(
                f"{error.strerror or error}{place}.", returncode=FAILED
            ) from error
        except KeyboardInterrupt:
            self.say("Interrupted.")
            sys.exit(INTERRUPTED)

    def say(self, text: str) -> None:
        """Write words for a person, which are no part of the data."""
        self.stderr.write(text, style_func=str)

    def style_on(self, stream: OutputWrapper) -> Style:
        """Return the colours for a stream: none where nobody sees them."""
        return self.style if self.is_colored or stream.isatty() else no_style()


@contextmanager
def database_errors_as_command_errors() -> Iterator[None]:
    """Turn what stops the database or a load into one sentence that says what to do."""
    try:
        # Loading speaks to the drivers themselves, past Django's own wrapping.
        with connection.wrap_database_errors:
            yield
    except importer.ImportLockTimeout as error:
        raise CommandError(f"{_BUSY} Nothing was changed. {_WAIT}") from error
    except importer.StorageFull as error:
        raise CommandError(f"{_FULL} ({error}) {_MAKE_ROOM}") from error
    except (DatabaseError, InterfaceError) as error:
        raise CommandError(_sentence(error), returncode=FAILED) from error


_BUSY = "The database is busy: another program is writing to it."
_WAIT = "Wait until it has finished, then run the command again."
_FULL = "The storage is full, and nothing was half done."
_MAKE_ROOM = "Make room, then run the command again."

# What a driver says, what that means, and what a person can do about it.
_MEANINGS = (
    (
        ("connect", "terminat", "closed", "password", "authentication"),
        "The database cannot be reached.",
        "Check that it runs, and DB_HOST, DB_PORT, DB_NAME, DB_USER and DB_PASSWORD.",
    ),
    (
        ("locked", "lock timeout"),
        _BUSY,
        _WAIT,
    ),
    (
        ("no such table", "no such column", "does not exist"),
        "The database is not ready for this version of the program.",
        "Check DB_NAME or SQLITE_PATH, then run: python manage.py migrate",
    ),
    (
        ("full", "no space left"),
        _FULL,
        _MAKE_ROOM,
    ),
    (
        ("readonly", "read-only", "unable to open", "not a database"),
        "The database file cannot be written.",
        "Check SQLITE_PATH and who may write there.",
    ),
)
_OTHERWISE = "The database refused.", "More is said with --traceback."


def _sentence(error: Exception) -> str:
    """Return what happened, in the driver's words too, and what to do."""
    # The first line alone: those after it can hold what a row says.
    said = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
    meaning, remedy = next(
        (
            (meaning, remedy)
            for marks, meaning, remedy in _MEANINGS
            if any(mark in said.lower() for mark in marks)
        ),
        _OTHERWISE,
    )
    return f"{meaning} ({said}) {remedy}"
