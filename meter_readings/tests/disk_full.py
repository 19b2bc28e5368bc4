"""What a test can run short of: room in the database, and the lock of a load."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from django.db import OperationalError, connection

from meter_readings.importer.staging import base


def no_room() -> OSError:
    """Return what a full disk says."""
    return OSError(errno.ENOSPC, "No space left on device")


@contextmanager
def full_database(at: str = "meter_readings_reading") -> Iterator[None]:
    """Leave no room for whatever a statement that speaks of a table writes to it."""

    def fail(execute: Any, statement: str, *rest: Any) -> Any:
        writes = statement.lstrip().startswith(("INSERT", "UPDATE", "DELETE"))
        if writes and at in statement:
            raise _full()
        return execute(statement, *rest)

    with connection.execute_wrapper(fail):
        yield


def _full() -> OperationalError:
    """Return what the database in use says where it is full."""
    if connection.vendor == "sqlite":
        return OperationalError("database or disk is full")
    from psycopg2.errors import DiskFull

    error = OperationalError("could not extend file: No space left on device")
    error.__cause__ = DiskFull()
    return error


@contextmanager
def held_lock(lock_timeout: float = 0.05) -> Iterator[None]:
    """Hold the lock of a load by another connection; loads are patient no longer."""
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
