"""Base class of the commands: data on stdout, messages on stderr, exit codes."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management import base
from django.core.management.base import CommandError, OutputWrapper
from django.core.management.color import Style, no_style
from django.db import DatabaseError, InterfaceError, connection

from meter_readings import audit, exports, importer, privacy
from meter_readings.d0010.mpan import mask_mpans

FAILED, USAGE, NOTHING_MATCHED, INTERRUPTED = 1, 2, 3, 130
# 128 and the number of SIGPIPE, as for other programs
CLOSED_PIPE = 141


class UsageError(CommandError):
    """The options or arguments are wrong."""

    def __init__(self, message: str) -> None:
        super().__init__(message, returncode=USAGE)


class NothingMatched(CommandError):
    """There is no such file, reading, user or import."""

    def __init__(self, message: str) -> None:
        super().__init__(message, returncode=NOTHING_MATCHED)


class BaseCommand(base.BaseCommand):
    """A command that reports errors as one line and an exit code.

    The environment variable NO_COLOR (no-color.org) has the effect of --no-color.
    """

    is_colored = False

    def execute(self, *args: Any, **options: Any) -> Any:
        if os.environ.get("NO_COLOR") and not options["force_color"]:
            options["no_color"] = True
        self.is_colored = options["force_color"]
        if options["verbosity"] == 0:
            for handler in logging.getLogger().handlers:
                handler.setLevel(max(handler.level, logging.WARNING))
        try:
            actor = audit.command_actor()
            with errors_as_command_errors(), audit.acting_as(lambda: actor):
                result = super().execute(*args, **options)
                sys.stdout.flush()
                return result
        except BrokenPipeError:
            # The reader has closed the pipe, as "head" does after its lines.
            discard_unwritten_output()
            sys.exit(CLOSED_PIPE)
        except OSError as error:
            discard_unwritten_output()
            filename = f" ({error.filename})" if error.filename else ""
            raise CommandError(f"{error.strerror or error}{filename}.") from error
        except KeyboardInterrupt:
            self.log("Interrupted.")
            sys.exit(INTERRUPTED)

    def log(self, text: str) -> None:
        """Write a message to stderr."""
        self.stderr.write(text, style_func=str)

    def require_tty(self) -> None:
        """Raise UsageError unless standard input is a terminal."""
        if not sys.stdin.isatty():
            raise UsageError("There is no terminal to ask on: use --yes or --dry-run.")

    def confirm(self, question: str) -> None:
        """Ask a question; raise CommandError unless the answer is "yes"."""
        self.stderr.write(f"{question} Type yes: ", style_func=str, ending="")
        self.stderr.flush()
        if sys.stdin.readline().strip().lower() != "yes":
            raise CommandError("Nothing was changed.")

    def style_for(self, stream: OutputWrapper) -> Style:
        """Return the colours for a stream: none unless it is a terminal."""
        return self.style if self.is_colored or stream.isatty() else no_style()


def discard_unwritten_output() -> None:
    """Discard output that cannot be written: at exit Python would fail again."""
    for stream in sys.stdout, sys.stderr:
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def errors_as_command_errors() -> Iterator[None]:
    """Raise CommandError, with a remedy, for errors of database and importer."""
    try:
        # Loading uses the drivers themselves, whose errors Django does not wrap.
        with connection.wrap_database_errors:
            yield
    except importer.ImportLockTimeout as error:
        raise CommandError(
            f"The database is busy: {error.reason}. Nothing was changed. {_WAIT}"
        ) from error
    except importer.ImportRunning as error:
        message = f"{error} Run the command again when it has ended."
        raise CommandError(message) from error
    except (importer.NotImported, exports.NotImported, privacy.NotImported) as error:
        raise NothingMatched(str(error)) from error
    except importer.StorageFull as error:
        raise CommandError(f"{_FULL} ({error}) {_FREE_SPACE}") from error
    except importer.StorageNotWritable as error:
        raise CommandError(f"{_NOT_WRITABLE} ({error}) {_MAKE_WRITABLE}") from error
    except (DatabaseError, InterfaceError) as error:
        raise CommandError(_database_error_message(error)) from error


_BUSY = "The database is busy: another program is writing to it."
_WAIT = "Wait until it has finished, then run the command again."
_FULL = "The storage is full, and the last change was rolled back."
_FREE_SPACE = "Free some disk space, then run the command again."
_NOT_WRITABLE = "The folder of received files cannot be written; nothing was changed."
_MAKE_WRITABLE = (
    "Check that the disk of MEDIA_ROOT is not mounted read-only and that this user "
    "owns the folder, then run the command again."
)

# Parts of a driver's message, its meaning, and the remedy
_MEANINGS = (
    (
        ("connect", "terminat", "closed", "password", "authentication"),
        "The database cannot be reached.",
        "Check that it runs, and DB_HOST, DB_PORT, DB_NAME, DB_USER and DB_PASSWORD.",
    ),
    (("locked", "lock timeout"), _BUSY, _WAIT),
    (
        ("no such table", "no such column", "does not exist"),
        "The database is not ready for this version of the program.",
        f"Check DB_NAME or SQLITE_PATH, then run: {settings.MANAGE_PY} migrate",
    ),
    (("full", "no space left"), _FULL, _FREE_SPACE),
    (
        ("read-only transaction",),
        "The database is read-only: the server is a replica or in recovery.",
        "Check DB_HOST, or wait for the end of the recovery.",
    ),
    (
        ("readonly", "unable to open", "not a database"),
        "The database file cannot be written.",
        "Check SQLITE_PATH and the permissions of the file.",
    ),
)
_UNKNOWN_ERROR = "The database reported an error.", "--traceback shows more."


def _database_error_message(error: Exception) -> str:
    """Return the meaning, the driver's own message, and the remedy."""
    # Only the first line: the others can contain values of a row.
    message = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
    meaning, remedy = next(
        (
            (meaning, remedy)
            for marks, meaning, remedy in _MEANINGS
            if any(mark in message.lower() for mark in marks)
        ),
        _UNKNOWN_ERROR,
    )
    return f"{meaning} ({mask_mpans(message)}) {remedy}"
