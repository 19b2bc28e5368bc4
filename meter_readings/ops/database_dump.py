"""Dumps of the database by its own tools: SQLite's backup API, or pg_dump."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from itertools import takewhile
from pathlib import Path

from django.db import connection

from meter_readings.models import FlowFile

_FLOW_FILE = FlowFile._meta.db_table


class ToolFailed(Exception):
    """The database could not be dumped or restored; the message has the reason."""


def dump_database(path: Path) -> None:
    if connection.vendor == "postgresql":  # postgresql only
        options = ["--format=custom", "--no-owner", "--no-privileges"]
        _run("pg_dump", *options, f"--file={path}", _database_name())
        return
    with connection.cursor() as cursor:  # sqlite only
        cursor.execute("PRAGMA integrity_check")
        (result,) = cursor.fetchone()
    if result != "ok":  # sqlite only
        raise ToolFailed(f"SQLite reports a damaged database: {result}")
    with closing(sqlite3.connect(path)) as copy:  # sqlite only
        connection.connection.backup(copy)
        # The copy is one file, without a write-ahead log.
        copy.execute("PRAGMA journal_mode = DELETE")


def original_names(path: Path) -> set[str]:
    """Return the names of original files in the table of flow files of a dump."""
    if connection.vendor == "postgresql":  # postgresql only
        rows = path.with_name("rows")
        table = f"--table={_FLOW_FILE}"
        _run("pg_restore", "--data-only", table, f"--file={rows}", str(path))
        with rows.open("rb") as lines:
            return _copied_values(lines, b"content")
    with closing(sqlite3.connect(path)) as copy:  # sqlite only
        found = copy.execute(f"SELECT content FROM {_FLOW_FILE} WHERE content <> ''")
        return {name for (name,) in found}


def _copied_values(  # postgresql only
    lines: Iterator[bytes], column: bytes
) -> set[str]:
    """Return the values of a column, except blank ones, from a COPY in text format."""
    header = next(line for line in lines if line.startswith(b"COPY "))
    columns = header.partition(b"(")[2].partition(b")")[0].split(b", ")
    index = columns.index(column)
    rows = takewhile(lambda line: line != b"\\.\n", lines)
    return {value.decode() for row in rows if (value := row.split(b"\t")[index])}


def restore_database(path: Path) -> None:
    """Replace the database by a dump, in one transaction."""
    if connection.vendor == "postgresql":  # postgresql only
        _rename_partition_keys()
        connection.close()
        options = ["--clean", "--if-exists", "--no-owner", "--no-privileges"]
        atomic = ["--single-transaction", "--exit-on-error"]
        database = f"--dbname={_database_name()}"
        _run("pg_restore", *options, *atomic, database, str(path))
        return
    connection.close()  # sqlite only
    # Created first, so that no other user can read it at any time.
    Path(_database_name()).touch(0o600)  # sqlite only
    with (  # sqlite only
        closing(sqlite3.connect(path)) as copy,
        closing(sqlite3.connect(_database_name(), timeout=30)) as target,
    ):
        copy.backup(target)


def _database_name() -> str:
    return str(connection.settings_dict["NAME"])


# `pg_restore --clean` drops the keys of partitions before those of the partitioned
# table, which PostgreSQL refuses. It does not find keys whose names are in no dump, and
# they are dropped with the key of the table. If the restore fails, only these names
# have changed.
_RENAME_KEYS_SQL = """
SELECT format('ALTER INDEX %s RENAME TO %I', conindid::regclass, gen_random_uuid())
FROM pg_constraint WHERE conparentid <> 0 AND contype IN ('p', 'u')
    AND connamespace = current_schema()::regnamespace
"""


def _rename_partition_keys() -> None:  # postgresql only
    with connection.cursor() as cursor:
        cursor.execute(_RENAME_KEYS_SQL)
        for (statement,) in cursor.fetchall():
            cursor.execute(statement)


def _run(program: str, *arguments: str) -> None:  # postgresql only
    """Run a PostgreSQL client; the password is passed in its environment."""
    if shutil.which(program) is None:
        raise ToolFailed(
            f"{program} is not installed. Run: deployment_scripts/"
            "setup_system_dependencies.sh --postgresql"
        )
    database = connection.settings_dict
    variables = {
        "PGHOST": database["HOST"],
        "PGPORT": database["PORT"],
        "PGUSER": database["USER"],
        "PGPASSWORD": database["PASSWORD"],
    }
    result = subprocess.run(
        [program, "--no-password", *arguments],
        env=os.environ | {name: str(value) for name, value in variables.items()},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        message = result.stderr.strip().partition("\n")[0]
        raise ToolFailed(f"{program} failed: {message}")
