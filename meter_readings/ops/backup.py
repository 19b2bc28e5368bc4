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
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import IO, Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection

from meter_readings.models import DataVersion, FlowFile

from .database_dump import dump_database, original_names, restore_database

_FORMAT = 2
# Names of members. Original files are below MEDIA_ROOT; files still being received are
# in another directory, and are not part of a backup.
_MANIFEST, _DATABASE, _FILES = "manifest.json", "database", "flow_files"
# An erasure deletes files once, at its end.
_MAX_ATTEMPTS = 3


class InvalidBackup(Exception):
    """An archive is damaged, or of another database or version."""


class TargetNotEmpty(Exception):
    """A restore would overwrite existing data."""


@dataclass(frozen=True)
class Backup:
    """A verified backup; `vendor` is the Django name of its database.

    `sha256` has the original files. `missing` has those that the database names and
    the archive does not contain, or contains damaged.
    """

    path: Path
    created_at: datetime
    vendor: str
    sha256: dict[str, str]
    missing: frozenset[str] = frozenset()

    @property
    def file_count(self) -> int:
        return len(self.sha256)

    @property
    def missing_text(self) -> str:
        names = sorted(self.missing)
        more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
        return f"missing or damaged originals: {', '.join(names[:3])}{more}."


def create_backup(*, folder: Path, now: datetime) -> Backup:
    """Write a backup to a new file in `folder`, and verify it.

    If an erasure or clearing deletes files between the dump and their reading, another
    dump is made. Files that are lost in the storage are `missing`. Raises ToolFailed if
    the dump fails, OSError if a file cannot be read or written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"d0010-{now.astimezone(UTC):%Y%m%dT%H%M%S%fZ}.tar.gz"
    with tempfile.TemporaryDirectory(dir=folder, prefix=".partial-") as scratch:
        partial = Path(scratch, path.name)
        for _ in range(_MAX_ATTEMPTS):
            names = _write_archive(partial, now)
            backup = verify_backup(partial)
            missing = _missing(names, backup)
            if missing <= {*FlowFile.objects.values_list("content", flat=True)}:
                break
        partial.rename(path)
    return replace(backup, path=path, missing=missing)


def _write_archive(path: Path, now: datetime) -> set[str]:
    """Write an archive; return the names of the original files in its dump."""
    dump = path.with_name(_DATABASE)
    dump.unlink(missing_ok=True)
    dump_database(dump)
    names = original_names(dump)
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        sha256 = {_DATABASE: _add(archive, dump, _DATABASE)}
        for name in sorted(names):
            with suppress(FileNotFoundError):
                sha256[name] = _add(archive, Path(settings.MEDIA_ROOT, name), name)
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
    path.chmod(0o600)
    # Windows syncs files that are open for writing only.
    with path.open("rb+") as written:
        os.fsync(written.fileno())
    return names


def _missing(names: set[str], backup: Backup) -> frozenset[str]:
    """Return which original files a backup lacks; each is named by its SHA-256."""
    return frozenset(
        name for name in names if backup.sha256.get(name) != PurePath(name).stem
    )


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
    actual.pop(_DATABASE, None)
    return Backup(
        path=path,
        created_at=datetime.fromisoformat(manifest["created_at"]),
        vendor=manifest["vendor"],
        sha256=actual,
    )


def restore_backup(*, path: Path, force: bool = False) -> Backup:
    """Replace the database and the original files by those of a backup.

    Raises InvalidBackup before anything is changed, TargetNotEmpty if there is data
    already and `force` is not set, and OSError if that cannot be read. All users have
    to sign in again. A backup with missing files is restored.
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
        missing = _missing(original_names(Path(scratch, _DATABASE)), backup)
        restore_database(Path(scratch, _DATABASE))
        _replace_files(Path(scratch, _FILES), media / _FILES)
    Session.objects.all().delete()
    _renew_data_version()
    return replace(backup, missing=missing)


def _renew_data_version() -> None:
    """Let no answer be used that was cached before; an old backup has no version."""
    if DataVersion._meta.db_table in connection.introspection.table_names():
        DataVersion.objects.renew()


def _existing_data() -> Iterator[str]:
    """Yield the names of what a restore would overwrite."""
    tables = connection.introspection.table_names()
    for model in (FlowFile, User):
        if model._meta.db_table in tables and model._default_manager.exists():
            yield str(model._meta.verbose_name_plural)
    folder = Path(settings.MEDIA_ROOT, _FILES)
    if os.path.lexists(folder):
        walk = os.walk(folder, onerror=_raise)
        if any(filenames for _, _, filenames in walk):
            yield f"files in {folder}"


def _raise(error: OSError) -> None:
    raise error


def _add(archive: tarfile.TarFile, path: Path, name: str) -> str:
    """Add a file to an archive; return its SHA-256."""
    # Opened once: it stays readable if it is deleted meanwhile.
    with path.open("rb") as file:
        archive.addfile(archive.gettarinfo(arcname=name, fileobj=file), file)
        file.seek(0)
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
