"""Dumps of the database by its own tools: SQLite's backup API, or pg_dump."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
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
    """Replace the database by a dump, in one transaction.

    What is not in the dump, such as a table of a newer version, is dropped.
    """
    if connection.vendor == "postgresql":  # postgresql only
        connection.close()
        _restore_postgresql(path)
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


_DROP_SQL = Path(__file__).with_name("sql") / "drop_owned.sql"


def _restore_postgresql(path: Path) -> None:  # postgresql only
    """Drop everything and restore a dump, all of it or nothing."""
    options = ["--no-owner", "--no-privileges", "--no-comments", "--file=-"]
    quiet = ["-X", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
    with (
        _start("pg_restore", *options, str(path), stdout=subprocess.PIPE) as dump,
        _start("psql", *quiet, _database_name(), stdin=subprocess.PIPE) as target,
    ):
        assert dump.stdout and target.stdin
        # psql ends early after an error.
        with suppress(BrokenPipeError), target.stdin as statements:
            statements.write(_DROP_SQL.read_bytes())
            shutil.copyfileobj(dump.stdout, statements)
            # Without it, psql rolls everything back.
            if not dump.wait():
                statements.write(b"COMMIT;\n")
        dump.stdout.close()
        for process in (target, dump):
            _raise_if_failed(process)


def _run(program: str, *arguments: str) -> None:  # postgresql only
    with _start(program, *arguments) as process:
        _raise_if_failed(process)


def _start(  # postgresql only
    program: str,
    *arguments: str,
    stdin: int | None = None,
    stdout: int | None = None,
) -> subprocess.Popen[bytes]:
    """Start a PostgreSQL client; the password is passed in its environment."""
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
    return subprocess.Popen(
        [program, "--no-password", *arguments],
        env=os.environ | {name: str(value) for name, value in variables.items()},
        stderr=subprocess.PIPE,
        stdin=stdin,
        stdout=stdout,
    )


def _raise_if_failed(process: subprocess.Popen[bytes]) -> None:  # postgresql only
    """Wait for a program; raise ToolFailed with the first line of its error."""
    assert process.stderr and isinstance(process.args, list)
    message = process.stderr.read().decode(errors="replace").strip().partition("\n")[0]
    if process.wait():
        raise ToolFailed(f"{process.args[0]} failed: {message}")
