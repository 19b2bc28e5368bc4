"""Raw loading: the rows of an import go into the same tables without any checks."""

from __future__ import annotations

import gc
import sqlite3
import tempfile
from functools import cache
from itertools import batched, chain
from typing import Any

import psycopg2
from django.db import connection
from django.db.models import Field

from meter_readings.models import FlowFile, Meter, MeterPoint, Reading

from .measurements import Stopwatch, Times
from .temp_database import server_parameters

EXECUTEMANY = "executemany"
MANY_ROWS = "many-row INSERT"
COPY = "COPY"
METHODS = {"sqlite": (EXECUTEMANY, MANY_ROWS), "postgresql": (COPY,)}

# SQLite is not quicker with more rows in one statement.
_ROWS_PER_INSERT = 100

# Tables by name with their columns that are not generated, in the order of their
# foreign keys
_COLUMNS = {
    model._meta.db_table: ", ".join(
        f'"{field.column}"'
        for field in model._meta.get_fields()
        if isinstance(field, Field) and not field.generated
    )
    for model in (FlowFile, MeterPoint, Meter, Reading)
}
*_REFERENCED, _READING = _COLUMNS

_YEARS = (
    "SELECT DISTINCT EXTRACT(year FROM read_at AT TIME ZONE 'UTC')::integer"
    f" FROM {_READING} WHERE flow_file_id = %s"
)
_ADD_YEAR = "SELECT reading_create_year_partition(%s)"


def load_raw(*, source: str, flow_file: int, method: str) -> Times:
    """Load the readings of a file from another database without any checks.

    The very same rows go into the table that Django created, by one of the METHODS of
    the database. The rows they refer to are loaded before.
    """
    connection.ensure_connection()
    if method == COPY:
        return _copy(source, flow_file)  # postgresql only
    return _insert_from(source, flow_file, method)  # sqlite only


def _insert_from(source: str, flow_file: int, method: str) -> Times:  # sqlite only
    target: sqlite3.Connection = connection.connection
    with sqlite3.connect(source) as database:
        for table in _REFERENCED:
            rows = database.execute(f"SELECT {_COLUMNS[table]} FROM {table}").fetchall()
            _insert_each(target, table, rows)
        query = f"SELECT {_COLUMNS[_READING]} FROM {_READING} WHERE flow_file_id = ?"
        rows = database.execute(query, [flow_file]).fetchall()
    insert = {EXECUTEMANY: _insert_each, MANY_ROWS: _insert_many}[method]
    gc.freeze()  # Collecting garbage among the rows is no part of the loading.
    stopwatch = Stopwatch()
    insert(target, _READING, rows)
    return stopwatch.read()


def _insert_each(target: Any, table: str, rows: Any) -> None:  # sqlite only
    target.execute("BEGIN IMMEDIATE")
    target.executemany(_insert_statement(table, 1), rows)
    target.execute("COMMIT")


def _insert_many(target: Any, table: str, rows: Any) -> None:  # sqlite only
    target.execute("BEGIN IMMEDIATE")
    for several in batched(rows, _ROWS_PER_INSERT):
        statement = _insert_statement(table, len(several))
        target.execute(statement, [*chain.from_iterable(several)])
    target.execute("COMMIT")


@cache
def _insert_statement(table: str, row_count: int) -> str:  # sqlite only
    columns = _COLUMNS[table]
    row = f"({', '.join('?' for _ in columns.split(', '))})"
    values = ", ".join([row] * row_count)
    return f"INSERT OR IGNORE INTO {table} ({columns}) VALUES {values}"


def _copy(source: str, flow_file: int) -> Times:  # postgresql only
    database = psycopg2.connect(**server_parameters(), dbname=source)
    with (
        tempfile.TemporaryFile() as file,
        connection.cursor() as target,
        database.cursor() as cursor,
    ):
        for table in _REFERENCED:
            target.execute(f"SELECT COALESCE(MAX(id), 0) FROM {table}")
            (latest,) = target.fetchone()
            columns = _COLUMNS[table]
            query = f"SELECT {columns} FROM {table} WHERE id > {latest}"
            _copy_out(cursor, query, file)
            target.copy_expert(f"COPY {table} ({columns}) FROM STDIN", file)
        cursor.execute(_YEARS, [flow_file])
        target.executemany(_ADD_YEAR, cursor.fetchall())
        columns = _COLUMNS[_READING]
        query = (
            f"SELECT {columns} FROM {_READING} WHERE flow_file_id = {flow_file}"
            " ORDER BY id"
        )
        _copy_out(cursor, query, file)
        copy = f"COPY {_READING} ({columns}) FROM STDIN"
        stopwatch = Stopwatch()
        target.copy_expert(copy, file, 1 << 20)
        return stopwatch.read()


def _copy_out(cursor: Any, query: str, file: Any) -> None:  # postgresql only
    file.seek(0)
    file.truncate()
    cursor.copy_expert(f"COPY ({query}) TO STDOUT", file)
    file.seek(0)
