"""Backup and restore: one archive with the database and the original files.

A backup is a .tar.gz file. Its members are the database (SQLite's backup API, or
`pg_dump --format=custom`), the original files, and a manifest with the SHA-256 of each
of them, which a restore verifies before it changes anything.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection

from meter_readings.models import FlowFile

_FORMAT = 2
# Names of members. Original files are below MEDIA_ROOT; files still being received are
# in another directory, and are not part of a backup.
_MANIFEST, _DATABASE, _FILES = "manifest.json", "database", "flow_files"


class ToolFailed(Exception):
    """The database could not be dumped or restored; the message has the reason."""


class InvalidBackup(Exception):
    """An archive is damaged, or of another database or version."""


class TargetNotEmpty(Exception):
    """A restore would overwrite existing data."""


@dataclass(frozen=True)
class Backup:
    """A verified backup; `vendor` is the Django name of its database."""

    path: Path
    created_at: datetime
    vendor: str
    file_count: int


def create_backup(*, folder: Path, now: datetime) -> Backup:
    """Write a backup to a new file in `folder`, and verify it.

    The database is dumped before the files are read, so a file that the dump names is
    missing only if it was deleted meanwhile. Raises ToolFailed if the dump fails,
    OSError if a file cannot be read or written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"d0010-{now.astimezone(UTC):%Y%m%dT%H%M%S%fZ}.tar.gz"
    with tempfile.TemporaryDirectory(dir=folder, prefix=".partial-") as scratch:
        dump, partial = Path(scratch, _DATABASE), Path(scratch, path.name)
        _dump_database(dump)
        sha256 = {}
        with tarfile.open(partial, "w:gz", compresslevel=1) as archive:
            sha256[_DATABASE] = _add(archive, dump, _DATABASE)
            for file in _original_files():
                name = str(file.relative_to(settings.MEDIA_ROOT))
                sha256[name] = _add(archive, file, name)
            manifest = {
                "format": _FORMAT,
                "created_at": now.isoformat(),
                "vendor": connection.vendor,
                "sha256": sha256,
            }
            content = json.dumps(manifest, indent=1).encode()
            member = tarfile.TarInfo(_MANIFEST)
            member.size, member.mtime = len(content), now.timestamp()
            archive.addfile(member, io.BytesIO(content))
        partial.chmod(0o600)
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        backup = verify_backup(partial)
        partial.rename(path)
    return Backup(path, backup.created_at, backup.vendor, backup.file_count)


def list_backups(*, folder: Path) -> list[Path]:
    """Return the complete backups in a folder, the oldest first."""
    return sorted(folder.glob("d0010-*Z.tar.gz"))


def verify_backup(path: Path) -> Backup:
    """Compare every member with the manifest; raise InvalidBackup if one differs."""
    actual: dict[str, str] = {}
    manifest: dict[str, Any] = {}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                content = archive.extractfile(member)
                if content is None:
                    raise InvalidBackup(f"{path} contains {member.name}, not a file.")
                if member.name == _MANIFEST:
                    manifest = json.load(content)
                else:
                    actual[member.name] = _sha256(content)
    except (OSError, EOFError, ValueError, tarfile.TarError, zlib.error) as error:
        raise InvalidBackup(f"{path} cannot be read: {error}") from error
    if manifest.get("format") != _FORMAT:
        raise InvalidBackup(f"{path} is not a backup of this version of the program.")
    expected = manifest["sha256"]
    different = sorted(
        name
        for name in expected.keys() | actual.keys()
        if expected.get(name) != actual.get(name)
    )
    if different:
        raise InvalidBackup(f"{path} is damaged: {', '.join(different[:5])}.")
    return Backup(
        path=path,
        created_at=datetime.fromisoformat(manifest["created_at"]),
        vendor=manifest["vendor"],
        file_count=len(actual) - 1,
    )


def restore_backup(*, path: Path, force: bool = False) -> Backup:
    """Replace the database and the original files by those of a backup.

    Raises InvalidBackup before anything is changed, and TargetNotEmpty if there is data
    already and `force` is not set. All users have to sign in again.
    """
    backup = verify_backup(path)
    if backup.vendor != connection.vendor:
        raise InvalidBackup(
            f"{path} is a backup of {backup.vendor}; this database is"
            f" {connection.vendor}."
        )
    if not force and (existing := next(_existing_data(), "")):
        raise TargetNotEmpty(f"There is data already: {existing}.")
    media = Path(settings.MEDIA_ROOT)
    media.mkdir(mode=0o700, parents=True, exist_ok=True)
    # On the file system of the original files, so that they can be renamed.
    with tempfile.TemporaryDirectory(dir=media, prefix=".restore-") as scratch:
        with tarfile.open(path) as archive:
            # The filter refuses members outside the directory.
            archive.extractall(scratch, filter="data")
        _restore_database(Path(scratch, _DATABASE))
        _replace_files(Path(scratch, _FILES), media / _FILES)
    Session.objects.all().delete()
    return backup


def _existing_data() -> Iterator[str]:
    """Yield the names of what a restore would overwrite."""
    tables = connection.introspection.table_names()
    for model in (FlowFile, User):
        if model._meta.db_table in tables and model._default_manager.exists():
            yield str(model._meta.verbose_name_plural)
    if next(_original_files(), None):
        yield f"files in {Path(settings.MEDIA_ROOT, _FILES)}"


def _original_files() -> Iterator[Path]:
    folder = Path(settings.MEDIA_ROOT, _FILES)
    yield from sorted(path for path in folder.rglob("*") if path.is_file())


def _add(archive: tarfile.TarFile, path: Path, name: str) -> str:
    """Add a file to an archive; return its SHA-256."""
    archive.add(path, name)
    with path.open("rb") as file:
        return _sha256(file)


def _sha256(file: IO[bytes]) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def _replace_files(new: Path, folder: Path) -> None:
    """Replace the original files; only this user can read the new ones."""
    new.mkdir(mode=0o700, exist_ok=True)
    for path in (new, *new.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    if folder.exists():
        # It is deleted with the temporary directory.
        folder.rename(new.with_name("replaced"))
    new.rename(folder)


def _dump_database(path: Path) -> None:
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


def _restore_database(path: Path) -> None:
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
