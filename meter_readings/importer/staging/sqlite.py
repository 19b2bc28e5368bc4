"""Staging on SQLite: executemany into temporary tables, batch by batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Any, Self

from django.db import OperationalError, connection, transaction

from .base import StagingArea


class SqliteLoader(StagingArea):
    """Loads into SQLite, which lets one connection write at a time."""

    null = None
    true = 1
    false = 0
    utc_suffix = ""
    types = {
        "number": "bigint",
        "key": "integer PRIMARY KEY",
        "small": "smallint",
        "text": "text",
        "time": "datetime",
        "amount": "decimal",
        "truth": "bool",
    }

    def numbers(self, numbers: Iterable[int]) -> Iterable[object]:
        """Return whole numbers as they are."""
        return numbers

    def quoted(self, text: str) -> str:
        """Return a text as it is."""
        return text

    def stage_rows(
        self, table: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]
    ) -> None:
        """Pour rows into a staging table in one transaction.

        It is a deferred one and touches temporary tables only: the database itself is
        not locked.
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
                with database:  # commits, or rolls back what broke off
                    database.executemany(statement, rows)

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Leave the connection free for something that must not wait for a load."""
        self._wait_for(0)
        try:
            yield
        finally:
            self._wait_for(self._wait)

    def __enter__(self) -> Self:
        """Be patient with other loads for as long as this one lasts."""
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout")
            (self._usual_wait,) = cursor.fetchone()
        self._wait_for(self._wait)
        return super().__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let what was put aside go, and be as patient as before."""
        try:
            super().__exit__(kind, error, traceback)
        finally:
            self._wait_for(self._usual_wait)

    @property
    def _wait(self) -> int:
        """Return how long this one waits for another, in milliseconds."""
        return int(self.lock_timeout * 1000)

    def _wait_for(self, milliseconds: int) -> None:
        """Be so patient when another connection writes."""
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {milliseconds}")

    def is_lock_error(self, error: OperationalError) -> bool:
        """Return whether an error says that another writes."""
        return "locked" in str(error)

    def is_disk_full_error(self, error: OperationalError) -> bool:
        """Return whether an error says that the database has no free space left."""
        return "is full" in str(error)

    def transaction(self) -> AbstractContextManager[None]:
        """Hold the database's one write lock from the beginning to the end."""
        return transaction.atomic(durable=True)
