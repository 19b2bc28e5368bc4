"""Staging on SQLite: executemany into temporary tables, batch by batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from django.db import OperationalError, connection, transaction

from meter_readings.models import DataVersion

from .base import StagingArea
from .encoding import Encoder


class SqliteEncoder(Encoder):
    """Encodes values as parameters of the sqlite3 driver."""

    null = None
    true = 1
    false = 0
    utc_suffix = ""

    def encode_ints(self, numbers: Iterable[int]) -> Iterable[object]:
        return numbers

    def quote(self, text: str) -> str:
        return text


class SqliteStagingArea(StagingArea):
    """The staging area on SQLite, where one connection at a time can write."""

    column_types = {
        "integer": "bigint",
        "primary_key": "integer PRIMARY KEY",
        "smallint": "smallint",
        "text": "text",
        "timestamp": "datetime",
        "decimal": "decimal",
        "boolean": "bool",
    }
    encoder = SqliteEncoder()

    def stage_rows(
        self, table: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]
    ) -> None:
        """Insert rows in one transaction.

        The transaction is deferred and writes to temporary tables only, so it does not
        lock the database.
        """
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"
        connection.ensure_connection()
        database = connection.connection
        with connection.wrap_database_errors:
            if database.in_transaction:
                database.executemany(statement, rows)
            else:
                database.execute("BEGIN")
                with database:  # commits, or rolls back after an exception
                    database.executemany(statement, rows)

    @contextmanager
    def connection_free(self) -> Iterator[None]:
        """Let statements fail at once while another connection writes."""
        _set_busy_timeout(0)
        try:
            yield
        finally:
            _set_busy_timeout(self._timeout_ms)

    def __enter__(self) -> Self:
        """Wait for the lock as long as `lock_timeout` says, until the end."""
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout")
            (self._previous_timeout_ms,) = cursor.fetchone()
        _set_busy_timeout(self._timeout_ms)
        return super().__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            super().__exit__(kind, error, traceback)
        finally:
            _set_busy_timeout(self._previous_timeout_ms)

    @property
    def _timeout_ms(self) -> int:
        return int(self.lock_timeout * 1000)

    def is_lock_error(self, error: OperationalError) -> bool:
        return "locked" in str(error)

    def is_disk_full_error(self, error: OperationalError) -> bool:
        return "is full" in str(error)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Open a transaction, which holds the one write lock of the database."""
        with transaction.atomic(durable=True):
            DataVersion.objects.renew()
            yield


def _set_busy_timeout(milliseconds: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {milliseconds}")
