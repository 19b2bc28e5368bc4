"""Staging on PostgreSQL: COPY into temporary tables, while the next batch is read."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from types import TracebackType
from typing import Any

from django.db import OperationalError, connection, transaction
from psycopg2.errors import DiskFull, LockNotAvailable

from meter_readings.models import Reading

from .base import STAGING_TABLES, ImportLockTimeout, StagingArea

_READING = Reading._meta.db_table

# CSV with marks that no field can hold: a flow file has neither pipes nor control
# characters in its cells, so only a text of whole lines needs quoting.
_COPY = (
    "COPY {table} ({columns}) FROM STDIN WITH"
    " (FORMAT csv, DELIMITER '|', QUOTE E'\\x01', NULL E'\\x02')"
)

# How many characters are handed to COPY together.
_COPIED_AT_ONCE = 1 << 20

# One lock for all loads and undoings: "D0010" as a number.
_LOCK = int.from_bytes(b"D0010")

# The years whose readings have a partition each (migration 0001); the default one takes
# all others.
YEARS_WITH_PARTITIONS = range(2010, 2100)

_YEARS_TO_ADD = f"""
SELECT year FROM unnest(%s::int[]) AS year WHERE NOT EXISTS (
    SELECT FROM pg_inherits WHERE inhparent = '{_READING}'::regclass
        AND inhrelid = to_regclass('{_READING}_' || year)
)
"""
_ADD_YEARS = "SELECT meter_readings_add_year(year) FROM unnest(%s::int[]) AS year"

# A partition is attached when nobody reads the default one. Whoever comes to read
# meanwhile has to wait too: so it is tried for a moment, and after a while again.
_ATTACHING_MILLISECONDS = 100
_SECONDS_BETWEEN = 1.0

# Nobody but us analyses a partitioned table as a whole. Without that PostgreSQL takes
# any column to have 200 values, and sorts what lies in order. It is told when the
# table is no longer small and, at some 150 bytes a reading, four times what it knows;
# once a minute at most, for a table is large too where much of it was undone.
_SMALL_TABLE = 16 << 20
_KNOWN_BYTES = 4 * 150
_REST_SECONDS = 60
_TABLE_SIZE = f"""
SELECT COALESCE(SUM(pg_relation_size(inhrelid)), 0), GREATEST(MAX(reltuples), 0)
FROM pg_class JOIN pg_inherits ON inhparent = pg_class.oid
WHERE pg_class.oid = '{_READING}'::regclass AND COALESCE(
    pg_stat_get_last_analyze_time(pg_class.oid) < now() - %s * interval '1 s', true
)
"""
_ANALYZE = f"ANALYZE {_READING} (flow_file_id, meter_id)"

# Staging tables up to this size, in bytes, are emptied row by row: a new file for each
# takes longer. Their space is not used again, so in the end they do get new ones.
_SMALL = 1 << 20

_STAGED_SIZE = """
SELECT COALESCE(SUM(pg_relation_size(oid)), 0) FROM pg_class
WHERE relnamespace = pg_my_temp_schema() AND relkind = 'r'
"""


class PostgresqlLoader(StagingArea):
    """Loads into PostgreSQL, whose server copies while this process reads on."""

    null = "\x02"
    true = "t"
    false = "f"
    utc_suffix = "+00"
    types = {
        "number": "bigint",
        "key": "bigint PRIMARY KEY",
        "small": "smallint",
        "text": "text",
        "time": "timestamptz",
        "amount": "numeric(12, 3)",
        "truth": "boolean",
    }

    def __init__(self, lock_timeout: float | None = None) -> None:
        super().__init__(lock_timeout)
        self._copier = ThreadPoolExecutor(max_workers=1)
        self._latest: Future[None] | None = None
        # What waits to be copied, by the statement that copies it
        self._waiting: defaultdict[str, list[str]] = defaultdict(list)
        self._waiting_size = 0

    def numbers(self, numbers: Iterable[int]) -> Iterable[object]:
        """Return whole numbers as text."""
        return map(str, numbers)

    def quoted(self, text: str) -> str:
        """Return a text between the marks that let it hold lines and pipes."""
        return f"\x01{text}\x01"

    def stage_rows(
        self, table: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]
    ) -> None:
        """Hand rows to COPY, a few thousand being copied while the next are read.

        The connection copies and can do nothing else until `finish_staging`.
        """
        text = "\n".join(map("|".join, rows))
        if text:
            statement = _COPY.format(table=table, columns=", ".join(columns))
            self._waiting[statement].append(text)
            self._waiting_size += len(text)
        if self._waiting_size >= _COPIED_AT_ONCE:
            self._copy_waiting()

    def finish_staging(self) -> None:
        """Copy what waits, to the end; raise what went wrong with it."""
        self._copy_waiting()
        self._wait()

    def _copy_waiting(self) -> None:
        """Begin to copy what waits, when the latest copy is over."""
        if self._waiting_size:
            self._wait()
            waiting, self._waiting = self._waiting, defaultdict(list)
            self._waiting_size = 0
            connection.ensure_connection()
            self._latest = self._copier.submit(_copy, connection.connection, waiting)

    def _wait(self) -> None:
        if self._latest is not None:
            # Forgotten only when it is over: this wait may itself be broken off.
            with connection.wrap_database_errors:
                self._latest.result()
            self._latest = None

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Wait for the latest copy: the connection does one thing at a time."""
        self.finish_staging()
        yield

    def clear(self) -> None:
        """Empty the staging tables, in the way that is quicker for their size."""
        with connection.cursor() as cursor:
            cursor.execute(_STAGED_SIZE)
            (size,) = cursor.fetchone()
        if size <= _SMALL:
            super().clear()
        else:
            self.run(f"TRUNCATE {', '.join(STAGING_TABLES)}")

    def run(self, *statements: str) -> None:
        """Run some statements on one way to the server and back."""
        super().run(";".join(statements))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Wait for the latest copy, come what may, and let what was put aside go."""
        self._copier.shutdown()
        super().__exit__(kind, error, traceback)

    def is_lock_error(self, error: OperationalError) -> bool:
        """Return whether an error says that a lock was not to be had in time."""
        return isinstance(error.__cause__, LockNotAvailable)

    def is_disk_full_error(self, error: OperationalError) -> bool:
        """Return whether an error says that the database has no free space left."""
        return isinstance(error.__cause__, DiskFull)

    def ensure_partitions(self) -> None:
        """Add the partitions that years of this file have not; mostly there are all.

        In a transaction of its own, long before that of the load is over: where a
        partition is added, nobody can read until the transaction ends.
        """
        years = sorted(self.years.intersection(YEARS_WITH_PARTITIONS))
        with connection.cursor() as cursor:
            cursor.execute(_YEARS_TO_ADD, [years])
            to_add = [year for (year,) in cursor.fetchall()]
        begin = time.monotonic()
        while to_add and not self._have_added(to_add):
            if time.monotonic() > begin + self.lock_timeout:
                raise ImportLockTimeout("The readings are being read; try again later.")
            time.sleep(_SECONDS_BETWEEN)

    def _have_added(self, years: list[int]) -> bool:
        """Add partitions, or return that somebody reads just now.

        Alone among loads: none is going on, and no other adds the same ones.
        """
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            cursor.execute(self._alone)
            try:
                with transaction.atomic():
                    cursor.execute(
                        f"SET LOCAL lock_timeout = {_ATTACHING_MILLISECONDS}"
                    )
                    cursor.execute(_ADD_YEARS, [years])
            except OperationalError as error:
                if self.is_lock_error(error):
                    return False
                raise
        return True

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the lock that no two loads hold at once, until the end."""
        self.finish_staging()
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            # One load at a time: it may take memory and time, and pays no compilation.
            cursor.execute(
                f"SET LOCAL jit = off; SET LOCAL work_mem = '256MB'; {self._alone}"
            )
            if self.is_begun:
                cursor.execute(f"ANALYZE {', '.join(STAGING_TABLES)}")
            yield
            if self.years:
                cursor.execute(_TABLE_SIZE, [_REST_SECONDS])
                size, known = cursor.fetchone()
                if size > _SMALL_TABLE and size > known * _KNOWN_BYTES:
                    cursor.execute(_ANALYZE)

    @property
    def _alone(self) -> str:
        """Return what begins a transaction that no load goes on beside."""
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
