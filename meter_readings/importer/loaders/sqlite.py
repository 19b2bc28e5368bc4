"""Staging on SQLite: executemany into temporary tables, batch by batch."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any, Self

from django.db import connection, transaction

from .base import Loader

# A load waits this long for another to end: a large one takes minutes.
_BUSY_MILLISECONDS = 10 * 60 * 1000


class SqliteLoader(Loader):
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
        is_alone = not database.in_transaction
        if is_alone:
            database.execute("BEGIN")
        database.executemany(statement, rows)
        if is_alone:
            database.execute("COMMIT")

    def __enter__(self) -> Self:
        """Be patient with other loads for as long as this one lasts."""
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout")
            (self._usual_wait,) = cursor.fetchone()
            cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
        return self

    def __exit__(self, *error: object) -> None:
        """Let what was put aside go, and be as patient as before."""
        super().__exit__(*error)
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {self._usual_wait}")

    def transaction(self) -> AbstractContextManager[None]:
        """Hold the database's one write lock from the beginning to the end."""
        return transaction.atomic(durable=True)
