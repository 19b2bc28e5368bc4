"""Staging on PostgreSQL: COPY into temporary tables while the next batch is parsed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from types import TracebackType
from typing import Any

from django.db import OperationalError, connection, transaction
from psycopg2.errors import DiskFull, LockNotAvailable

from meter_readings.models import DataVersion

from . import postgresql_partitions, postgresql_statistics
from .base import StagingArea
from .encoding import Encoder
from .tables import ANALYZED_COLUMNS, STAGING_TABLES

# CSV whose quote and null are control characters. No field of a flow file contains
# those or a pipe, so only texts of whole lines are quoted.
_COPY_SQL = (
    "COPY {table} ({columns}) FROM STDIN WITH"
    " (FORMAT csv, DELIMITER '|', QUOTE E'\\x01', NULL E'\\x02')"
)

# How many characters are copied at once.
_COPY_CHARACTERS = 1 << 20

# The import lock, held by every load and undo: "D0010" as a number.
_LOCK = int.from_bytes(b"D0010")

# Up to this size the staging tables are emptied by DELETE, which is faster than
# TRUNCATE but does not free their space; larger ones are truncated.
_MAX_DELETE_BYTES = 1 << 20

_STAGED_BYTES_SQL = """
SELECT COALESCE(SUM(pg_relation_size(oid)), 0) FROM pg_class
WHERE relnamespace = pg_my_temp_schema() AND relkind = 'r'
"""


class CopyEncoder(Encoder):
    """Encodes values as fields of COPY."""

    null = "\x02"
    true = "t"
    false = "f"
    utc_suffix = "+00"

    def encode_ints(self, numbers: Iterable[int]) -> Iterable[object]:
        return map(str, numbers)

    def quote(self, text: str) -> str:
        return f"\x01{text}\x01"


class PostgresqlStagingArea(StagingArea):
    """The staging area on PostgreSQL; a thread copies while this one parses."""

    column_types = {
        "integer": "bigint",
        "primary_key": "bigint PRIMARY KEY",
        "smallint": "smallint",
        "text": "text",
        "timestamp": "timestamptz",
        "decimal": "numeric(12, 3)",
        "boolean": "boolean",
    }
    encoder = CopyEncoder()

    def __init__(self, lock_timeout: float | None = None) -> None:
        super().__init__(lock_timeout)
        self._copier = ThreadPoolExecutor(max_workers=1)
        self._running: Future[None] | None = None
        # Texts that wait for the next copy, by their COPY statement
        self._waiting: defaultdict[str, list[str]] = defaultdict(list)
        self._waiting_size = 0

    def stage_rows(
        self, table: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]
    ) -> None:
        """Copy rows, some thousands at once, while the next are parsed.

        The connection can be used for nothing else until `finish_staging`.
        """
        text = "\n".join(map("|".join, rows))
        if text:
            statement = _COPY_SQL.format(table=table, columns=", ".join(columns))
            self._waiting[statement].append(text)
            self._waiting_size += len(text)
        if self._waiting_size >= _COPY_CHARACTERS:
            self._start_copy()

    def finish_staging(self) -> None:
        self._start_copy()
        self._wait()

    def _start_copy(self) -> None:
        """Start to copy the waiting texts, once the running copy has ended."""
        if self._waiting_size:
            self._wait()
            waiting, self._waiting = self._waiting, defaultdict(list)
            self._waiting_size = 0
            connection.ensure_connection()
            self._running = self._copier.submit(_copy, connection.connection, waiting)

    def _wait(self) -> None:
        if self._running is not None:
            with connection.wrap_database_errors:
                self._running.result()
            # Not before: Ctrl-C may interrupt the wait while the copy still runs.
            self._running = None

    @contextmanager
    def connection_free(self) -> Iterator[None]:
        """Wait for the running copy: a connection does one thing at a time."""
        self.finish_staging()
        yield

    def clear(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_STAGED_BYTES_SQL)
            (size,) = cursor.fetchone()
        if size <= _MAX_DELETE_BYTES:
            super().clear()
        else:
            self.run(f"TRUNCATE {', '.join(STAGING_TABLES)}")

    def run(self, *statements: str) -> None:
        """Run statements in one round trip to the server."""
        super().run(";".join(statements))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # The connection can be used again when the running copy has ended.
        self._copier.shutdown()
        super().__exit__(kind, error, traceback)

    def is_lock_error(self, error: OperationalError) -> bool:
        return isinstance(error.__cause__, LockNotAvailable)

    def is_disk_full_error(self, error: OperationalError) -> bool:
        return isinstance(error.__cause__, DiskFull)

    def ensure_partitions(self, years: Collection[int] = ()) -> None:
        postgresql_partitions.ensure_partitions(
            self._batches.years.union(years),
            lock_sql=self._lock_sql,
            lock_timeout=self.lock_timeout,
        )

    def reading_tables(self) -> list[str]:
        return postgresql_partitions.partitions()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.finish_staging()
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            # Only one load runs at a time, so it may use much memory. Compiling its
            # statements takes longer than it saves.
            cursor.execute(
                f"SET LOCAL jit = off; SET LOCAL work_mem = '256MB'; {self._lock_sql}"
            )
            if self.is_begun:
                cursor.execute(f"ANALYZE {', '.join(ANALYZED_COLUMNS)}")
            DataVersion.objects.renew()
            yield
            if self._batches.years:
                postgresql_statistics.analyze_if_grown(cursor)

    @property
    def _lock_sql(self) -> str:
        """The statements that acquire the import lock until the transaction ends."""
        return (
            "SET LOCAL statement_timeout = 0;"
            f"SET LOCAL lock_timeout = {int(self.lock_timeout * 1000)};"
            f"SELECT pg_advisory_xact_lock({_LOCK})"
        )


def _copy(database: Any, waiting: dict[str, list[str]]) -> None:
    with database.cursor() as cursor:
        for statement, texts in waiting.items():
            text = "\n".join((*texts, ""))
            cursor.copy_expert(statement, BytesIO(text.encode()), size=1 << 20)
