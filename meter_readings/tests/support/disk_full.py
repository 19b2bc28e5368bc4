"""Simulates a full database, and takes the lock of an import."""

from __future__ import annotations

import errno
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from django.db import OperationalError, connection

from meter_readings.importer.staging import base


def disk_full_error() -> OSError:
    """Return the error of a full disk."""
    return OSError(errno.ENOSPC, "No space left on device")


@contextmanager
def full_database(at: str = "meter_readings_reading") -> Iterator[None]:
    """Let every statement that writes to a table fail with a full disk."""

    def fail(execute: Any, statement: str, *rest: Any) -> Any:
        writes = statement.lstrip().startswith(("INSERT", "UPDATE", "DELETE"))
        if writes and at in statement:
            raise _full()
        return execute(statement, *rest)

    with connection.execute_wrapper(fail):
        yield


def _full() -> OperationalError:
    """Return the error of this database when it is full."""
    if connection.vendor == "sqlite":
        return OperationalError("database or disk is full")
    from psycopg2.errors import DiskFull

    error = OperationalError("could not extend file: No space left on device")
    error.__cause__ = DiskFull()
    return error


@contextmanager
def limited_file_size(size: int) -> Iterator[None]:
    """Let the operating system refuse to write more than `size` bytes to a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def taken_import_lock(lock_timeout: float = 0.05) -> Iterator[None]:
    """Take the import lock by another connection, and shorten the lock timeout."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("BEGIN IMMEDIATE")
            else:
                cursor.execute("BEGIN")
                number = int.from_bytes(b"D0010")
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
            with patch.object(base, "DEFAULT_LOCK_TIMEOUT", lock_timeout):
                yield
    finally:
        other.close()
