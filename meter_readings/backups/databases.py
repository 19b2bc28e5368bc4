"""The database alone: copied at one moment, put back, and told by its fingerprints.

SQLite copies itself, while others read and write. PostgreSQL's own pg_dump copies what
one snapshot shows, and the fingerprints are taken from the same snapshot.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import connection, transaction
from django.db.backends.sqlite3 import (  # type: ignore[attr-defined]
    _functions as django_functions,
)

from . import fingerprints
from .fingerprints import Fingerprint

type Fingerprints = dict[str, Fingerprint]


class ToolFailed(Exception):
    """A program of the database's could not do its work; it says why."""


def file_name() -> str:
    """Return what the copy of a database of this kind is called."""
    return "database.dump" if _is_postgresql() else "database.sqlite3"


def copy_to(path: Path) -> Fingerprints:
    """Copy the database to a file; return the fingerprints of what was copied."""
    if _is_postgresql():  # postgresql only
        return _dump(path)
    with (  # sqlite only
        closing(sqlite3.connect(_sqlite_path())) as source,
        closing(sqlite3.connect(path)) as copy,
    ):
        source.backup(copy)
        # A copy stands alone, without a log beside it.
        copy.execute("PRAGMA journal_mode = DELETE")
        # Constraints that Django wrote use functions of its own.
        django_functions.register(copy)
        (verdict,) = copy.execute("PRAGMA integrity_check").fetchone()
        if verdict != "ok":
            raise ToolFailed(f"SQLite finds its own database damaged: {verdict}")
        return _sqlite_fingerprints(copy)


def put_back(path: Path) -> None:
    """Replace what is in the database by a copy, all of it or nothing."""
    if _is_postgresql():  # postgresql only
        _hide_keys_of_partitions()
        connection.close()
        options = ["--clean", "--if-exists", "--no-owner", "--no-privileges"]
        safely = ["--single-transaction", "--exit-on-error"]
        _run("pg_restore", *options, *safely, f"--dbname={_name()}", str(path))
        return
    connection.close()  # sqlite only
    # Made beforehand, so that others can at no moment read it.
    Path(_sqlite_path()).touch(0o600)  # sqlite only
    with (  # sqlite only
        closing(sqlite3.connect(path)) as copy,
        closing(sqlite3.connect(_sqlite_path(), timeout=30)) as target,
    ):
        copy.backup(target)


def contents() -> Fingerprints:
    """Return the fingerprints of what is in the database now."""
    if _is_postgresql():  # postgresql only
        with _snapshot():
            return _postgresql_fingerprints()
    with closing(sqlite3.connect(_sqlite_path())) as database:  # sqlite only
        return _sqlite_fingerprints(database)


def _is_postgresql() -> bool:
    return connection.vendor == "postgresql"


def _name() -> str:
    return str(connection.settings_dict["NAME"])


# SQLite


def _sqlite_path() -> str:  # sqlite only
    return _name()


def _sqlite_fingerprints(database: sqlite3.Connection) -> Fingerprints:  # sqlite only
    cursor = database.cursor()
    cursor.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    tables = [name for (name,) in cursor.fetchall() if fingerprints.is_kept(name)]
    found = {}
    for table in tables:
        cursor.execute("SELECT name FROM pragma_table_info(?) WHERE pk > 0", (table,))
        # Tables of a text search have no key but the number of the row.
        key = [name for (name,) in cursor.fetchall()] or ["rowid"]
        found[table] = fingerprints.of_rows(cursor, table, key)
    return found


# PostgreSQL


def _dump(path: Path) -> Fingerprints:  # postgresql only
    """Dump what one snapshot shows, and tell it by the same snapshot."""
    with _snapshot() as snapshot:
        options = ["--format=custom", "--no-owner", "--no-privileges"]
        _run("pg_dump", *options, f"--snapshot={snapshot}", f"--file={path}", _name())
        _run("pg_restore", "--list", str(path))
        return _postgresql_fingerprints()


@contextmanager
def _snapshot() -> Iterator[str]:  # postgresql only
    """See the database as it is at one moment; yield the name others see it by."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        yield cursor.fetchone()[0]


# A partitioned table is told as a whole, whatever its parts are.
_TABLES_AND_KEYS = """
SELECT class.relname, ARRAY(
    SELECT attribute.attname::text FROM pg_index
    JOIN pg_attribute AS attribute
        ON attribute.attrelid = class.oid AND attribute.attnum = ANY(indkey)
    WHERE indrelid = class.oid AND indisprimary ORDER BY attribute.attnum
)
FROM pg_class AS class
WHERE relkind IN ('r', 'p') AND NOT relispartition
    AND relnamespace = current_schema()::regnamespace
ORDER BY class.relname
"""


# pg_restore drops the keys of partitions before those of the whole table, which is
# refused. Under a name that is in no copy it does not find them, and they go with the
# table's. Should the restore fail after that, nothing has changed but these names.
_OTHER_NAMES = """
SELECT format('ALTER INDEX %s RENAME TO %I', conindid::regclass, gen_random_uuid())
FROM pg_constraint WHERE conparentid <> 0 AND contype IN ('p', 'u')
    AND connamespace = current_schema()::regnamespace
"""


def _hide_keys_of_partitions() -> None:  # postgresql only
    with connection.cursor() as cursor:
        cursor.execute(_OTHER_NAMES)
        for (statement,) in cursor.fetchall():
            cursor.execute(statement)


def _postgresql_fingerprints() -> Fingerprints:  # postgresql only
    with connection.cursor() as cursor:
        cursor.execute(_TABLES_AND_KEYS)
        keys = {table: key for table, key in cursor.fetchall()}
    found = {}
    for table in filter(fingerprints.is_kept, keys):
        with connection.chunked_cursor() as cursor:
            found[table] = fingerprints.of_rows(cursor, table, keys[table])
    return found


def _run(program: str, *arguments: str) -> None:  # postgresql only
    """Run one of PostgreSQL's programs; its password is no argument of it."""
    if shutil.which(program) is None:
        raise ToolFailed(
            f"{program} is not here. Run: deployment_scripts/"
            "setup_system_dependencies.sh --postgresql"
        )
    where = connection.settings_dict
    variables = {
        "PGHOST": where["HOST"],
        "PGPORT": where["PORT"],
        "PGUSER": where["USER"],
        "PGPASSWORD": where["PASSWORD"],
    }
    result = subprocess.run(
        [program, "--no-password", *arguments],
        env=os.environ | {name: str(value) for name, value in variables.items()},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        said = result.stderr.strip().partition("\n")[0]
        raise ToolFailed(f"{program} failed: {said}")
