"""What is measured, each in a process of its own on the database it is given."""

from __future__ import annotations

import gc
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg2
from django.db import connection
from django.utils import timezone

from meter_readings import d0010, importer
from meter_readings.models import FlowFile, Meter, MeterPoint, Policy, Reading

from .asking import tidy
from .exporting import compare_exports, measure_export
from .pages import measure_pages
from .resources import measure_resources, questions
from .serving import known
from .throwaway import peak_megabytes, server_parameters

_READING = Reading._meta.db_table
# In the order in which one refers to the other
_REFERRED_TO = [model._meta.db_table for model in (FlowFile, MeterPoint, Meter)]

_YEARS = (
    "SELECT DISTINCT EXTRACT(year FROM read_at AT TIME ZONE 'UTC')::integer"
    f" FROM {_READING} WHERE flow_file_id = %s"
)
_ADD_YEAR = "SELECT meter_readings_add_year(%s)"

# With all that the partitioned table has, but that its years need not be added.
_IN_ONE_TABLE = rf"""
ALTER TABLE {_READING} RENAME TO in_partitions;
CREATE TABLE {_READING} (LIKE in_partitions INCLUDING ALL);
DO $$
DECLARE
    made record;
BEGIN
    FOR made IN
        SELECT pg_get_triggerdef(oid) AS definition FROM pg_trigger
        WHERE tgrelid = 'in_partitions'::regclass AND NOT tgisinternal
    LOOP
        EXECUTE regexp_replace(made.definition, ' ON \S+ ', ' ON {_READING} ');
    END LOOP;
END $$;
DROP TABLE in_partitions;
CREATE OR REPLACE FUNCTION meter_readings_add_year(year integer) RETURNS void
LANGUAGE sql AS 'SELECT';
"""


def import_file(*, path: str, policy: str = "standard") -> dict[str, Any]:
    """Import one file; return the seconds, the outcome and the peak memory in MB."""
    begin = time.perf_counter()
    with open(path, "rb") as stream:
        result = importer.import_flow_file(
            stream=stream,
            filename=Path(path).name,
            now=timezone.now(),
            policy=Policy(policy),
        )
    seconds = time.perf_counter() - begin
    return {
        "seconds": seconds,
        "outcome": result.outcome,
        "readings": result.readings_loaded,
        "peak": peak_megabytes(),
        "flow_file": result.flow_file.pk if result.flow_file else None,
    }


def undo(*, flow_file: int) -> dict[str, Any]:  # postgresql only
    """Undo the import of a file; return the seconds."""
    begin = time.perf_counter()
    importer.undo_import(
        flow_file=FlowFile.objects.get(pk=flow_file), now=timezone.now()
    )
    return {"seconds": time.perf_counter() - begin}


def load_raw(*, source: str, flow_file: int) -> dict[str, Any]:
    """Load the readings of a file held in another database, with nothing around it.

    Bare executemany on SQLite, bare COPY on PostgreSQL, of the very rows, into the
    table that Django made; what the rows refer to is there before the clock starts.
    """
    connection.ensure_connection()
    if connection.vendor == "sqlite":  # sqlite only
        return {"seconds": _executemany(source, flow_file)}
    return {"seconds": _copy(source, flow_file)}  # postgresql only


def _executemany(source: str, flow_file: int) -> float:  # sqlite only
    database: sqlite3.Connection = connection.connection
    with sqlite3.connect(source) as held:
        for table in _REFERRED_TO:
            rows = held.execute(f"SELECT * FROM {table}").fetchall()
            _insert(database, table, rows)
        rows = held.execute(
            f"SELECT * FROM {_READING} WHERE flow_file_id = ?", [flow_file]
        ).fetchall()
    gc.freeze()  # the rows lie ready: they are no part of the loading
    begin = time.perf_counter()
    _insert(database, _READING, rows)
    return time.perf_counter() - begin


def _insert(
    database: sqlite3.Connection, table: str, rows: list[Any]
) -> None:  # sqlite only
    marks = ", ".join("?" * len(rows[0]))
    database.execute("BEGIN IMMEDIATE")
    database.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", rows)
    database.execute("COMMIT")


def _copy(source: str, flow_file: int) -> float:  # postgresql only
    held = psycopg2.connect(**server_parameters(), dbname=source)
    with tempfile.TemporaryFile() as file, connection.cursor() as cursor:
        for table in _REFERRED_TO:
            cursor.execute(f"SELECT COALESCE(MAX(id), 0) FROM {table}")
            (latest,) = cursor.fetchone()
            # The source may be of a later migration, with columns more.
            cursor.execute(f"SELECT * FROM {table} LIMIT 0")
            columns = ", ".join(f'"{column.name}"' for column in cursor.description)
            query = f"SELECT {columns} FROM {table} WHERE id > {latest} ORDER BY id"
            _copy_out(held, query, file)
            cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN", file)
        query = f"SELECT * FROM {_READING} WHERE flow_file_id = {flow_file} ORDER BY id"
        cursor.executemany(_ADD_YEAR, _years(held, flow_file))
        _copy_out(held, query, file)
        begin = time.perf_counter()
        cursor.copy_expert(f"COPY {_READING} FROM STDIN", file, 1 << 20)
        return time.perf_counter() - begin


def _years(held: Any, flow_file: int) -> list[tuple[int]]:  # postgresql only
    with held.cursor() as cursor:
        cursor.execute(_YEARS, [flow_file])
        years: list[tuple[int]] = cursor.fetchall()
    return years


def put_in_one_table() -> dict[str, Any]:  # postgresql only
    """Exchange the partitioned table of readings, empty as yet, for a plain one."""
    with connection.cursor() as cursor:
        cursor.execute(_IN_ONE_TABLE)
    return {}


def _copy_out(held: Any, query: str, file: Any) -> None:  # postgresql only
    file.seek(0)
    file.truncate()
    with held.cursor() as cursor:
        cursor.copy_expert(f"COPY ({query}) TO STDOUT", file)
    file.seek(0)


def parse(*, path: str) -> dict[str, Any]:
    """Read and split a file, then parse and validate it; return both times."""
    begin = time.perf_counter()
    with open(path, encoding="ascii") as lines:
        for line in lines:
            line.split("|")
    bare = time.perf_counter() - begin
    begin = time.perf_counter()
    with open(path, "rb") as stream:
        parser = d0010.FlowFileParser(
            stream, report=lambda fault: None, not_after=timezone.now()
        )
        for _ in parser.batches():
            pass
    return {"bare": bare, "seconds": time.perf_counter() - begin}


STEPS: dict[str, Callable[..., dict[str, Any]]] = {
    "import": import_file,
    "undo": undo,
    "raw": load_raw,
    "one table": put_in_one_table,
    "parse": parse,
    "tidy": tidy,
    "pages": measure_pages,
    "resources": measure_resources,
    "export": measure_export,
    "exports": compare_exports,
    "known": known,
    "questions": questions,
}
