"""The staging area: temporary tables, the import lock and the transaction of a load.

Temporary tables belong to one connection: nothing of the database is locked while a
file is validated, and nothing is left when it is rejected.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager, suppress
from types import TracebackType
from typing import Any, Self

from django.db import Error, OperationalError, connection

from meter_readings.d0010 import Batch
from meter_readings.importer.files.disk_space import (
    StorageFull,
    StorageNotWritable,
    is_disk_full_error,
    is_not_writable_error,
)
from meter_readings.importer.sql import READING

from .batches import BatchStager
from .encoding import Encoder
from .tables import STAGING_TABLES

# Seconds to wait for another import to end. A large one takes minutes.
DEFAULT_LOCK_TIMEOUT = 600.0


class ImportLockTimeout(Exception):
    """Another import or undo held the import lock for longer than the lock timeout."""

    # What was waited for, for a message
    reason = "another file is being imported or undone"


class ReadersTimeout(ImportLockTimeout):
    """Other programs read the readings for longer than the lock timeout."""

    reason = "the readings are being read by a long query, an export or a backup"


class StagingArea(ABC):
    """Stages the groups of one file and opens the transaction that merges them.

    A context manager. It raises ImportLockTimeout if another import holds the lock for
    more than `lock_timeout` seconds, and StorageFull if the database or a disk has no
    free space left.
    """

    # The type of each placeholder in STAGING_TABLES
    column_types: dict[str, str]
    encoder: Encoder

    def __init__(self, lock_timeout: float | None = None) -> None:
        self.lock_timeout = (
            DEFAULT_LOCK_TIMEOUT if lock_timeout is None else lock_timeout
        )
        self.is_begun = False
        self._batches = BatchStager(self.encoder, self.stage_rows)

    @abstractmethod
    def stage_rows(
        self, table: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]
    ) -> None:
        """Insert encoded rows into a staging table."""

    @abstractmethod
    def connection_free(self) -> AbstractContextManager[None]:
        """Free the connection for a short statement, which waits for no lock."""

    @abstractmethod
    def is_lock_error(self, error: OperationalError) -> bool:
        """Return whether another connection holds a lock."""

    @abstractmethod
    def is_disk_full_error(self, error: OperationalError) -> bool:
        """Return whether the database has no free space left."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[None]:
        """Open a transaction that holds the import lock until it ends.

        It renews the data version: whatever it changes, no cached answer is used after.
        """

    def finish_staging(self) -> None:
        """Wait until all rows are inserted, and raise the errors of that."""

    def ensure_partitions(self, years: Collection[int] = ()) -> None:
        """Create the partitions that the staged readings and these years lack."""

    def reading_tables(self) -> list[str]:
        """Return the tables that the readings are in: partitions, where there are."""
        return [READING]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Empty the tables, and raise lock and disk errors as exceptions of our own."""
        if self.is_begun:
            # Tables that cannot be emptied now are emptied before the next file.
            with suppress(Error):
                self.clear()
        if isinstance(error, OperationalError):
            if self.is_lock_error(error):
                raise ImportLockTimeout from error
            if self.is_disk_full_error(error):
                raise StorageFull("The database has no free space left.") from error
        if isinstance(error, OSError) and is_disk_full_error(error):
            raise StorageFull("A disk has no free space left.") from error
        if isinstance(error, OSError) and is_not_writable_error(error):
            raise StorageNotWritable(error.strerror) from error

    def begin(self) -> None:
        """Create the tables, once for a connection, and empty them.

        They are not dropped afterwards: to create them takes about 17 ms on PostgreSQL,
        which is as long as to import a small file.
        """
        if self.is_begun:
            return
        self.run(
            *(
                f"CREATE TEMPORARY TABLE IF NOT EXISTS {name}"
                f" ({columns.format(**self.column_types)})"
                for name, columns in STAGING_TABLES.items()
            )
        )
        self.is_begun = True
        self.clear()

    def clear(self) -> None:
        """Delete all staged rows."""
        self.run(*(f"DELETE FROM {name}" for name in STAGING_TABLES))

    def run(self, *statements: str) -> None:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def stage(self, batch: Batch) -> None:
        """Stage a batch of the parser."""
        if batch:
            self.begin()
            self._batches.stage(batch)
