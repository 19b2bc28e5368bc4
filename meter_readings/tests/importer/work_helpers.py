"""Work of the database, counted: steps of SQLite, rows and pages of PostgreSQL.

Steps are those of SQLite's virtual machine, in hundreds. Pages count, because rows that
the same transaction has inserted are read but not seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.models import Model

_WORK_SQL = """
SELECT SUM(COALESCE(seq_tup_read, 0) + COALESCE(idx_tup_fetch, 0)
    + COALESCE(idx_scan, 0) + pg_stat_get_xact_blocks_fetched(relid))
FROM pg_stat_xact_user_tables
"""


@contextmanager
def counted_work(work: list[int]) -> Iterator[None]:
    """Append the work of the database within to a list."""
    if connection.vendor == "postgresql":
        before = _work_so_far()
        yield
        work.append(_work_so_far() - before)
        return
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    connection.connection.set_progress_handler(count, 100)
    yield
    connection.connection.set_progress_handler(None, 0)
    work.append(steps)


def _work_so_far() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_WORK_SQL)
        return int(cursor.fetchone()[0])


def analyze(*models: type[Model]) -> None:
    """Take the statistics of tables."""
    with connection.cursor() as cursor:
        for model in models:
            cursor.execute(f"ANALYZE {model._meta.db_table}")
