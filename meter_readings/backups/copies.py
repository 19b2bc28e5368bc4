"""A backup as a folder: made whole or not at all, looked at before it is put back."""

from __future__ import annotations

import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection

from meter_readings.models import FlowFile

from . import databases, fingerprints
from .databases import ToolFailed
from .fingerprints import Fingerprint

_FORMAT = 1
_MANIFEST, _FILES = "manifest.json", "files.tar.gz"
# Beneath MEDIA_ROOT. What is being received just now is nobody's yet.
_KEPT = "flow_files"
_FILES_SAID = "received files"

__all__ = [
    "Backup",
    "BackupBroken",
    "NotEmpty",
    "RestoreIncomplete",
    "ToolFailed",
    "back_up",
    "complete_backups",
    "restore",
]


class BackupBroken(Exception):
    """A backup is not what its manifest says, so that nothing was put back."""


class NotEmpty(Exception):
    """There is something already that a restore would overwrite."""


class RestoreIncomplete(Exception):
    """What was put back is not what the manifest says."""


@dataclass(frozen=True)
class Backup:
    """A complete backup: where it is, when it was made, and what it holds."""

    path: Path
    made_at: datetime
    vendor: str
    tables: dict[str, Fingerprint]
    files: Fingerprint
    parts: dict[str, str]

    @property
    def row_count(self) -> int:
        """Return how many rows it holds in all."""
        return sum(table.number for table in self.tables.values())


def back_up(*, folder: Path, now: datetime) -> Backup:
    """Make a backup in a folder of its own within `folder`, and look at it.

    The database is copied first and the files after it, so that every file that the
    copy names is there. Raises ToolFailed where the database's own tools do, OSError
    where there is no room.
    """
    path = folder / f"d0010-{now.astimezone(UTC):%Y%m%dT%H%M%S%fZ}"
    making = path.with_suffix(".partial")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    making.mkdir(mode=0o700)
    try:
        tables = databases.copy_to(making / databases.file_name())
        files = _pack(making / _FILES)
        parts = {part.name: fingerprints.of_file(part) for part in making.iterdir()}
        manifest = {
            "format": _FORMAT,
            "made_at": now.isoformat(),
            "vendor": connection.vendor,
            "tables": tables,
            "files": files,
            "parts": parts,
        }
        for part in making.iterdir():
            _sync(part)
        (making / _MANIFEST).write_text(json.dumps(manifest, indent=1), "utf-8")
        _sync(making / _MANIFEST)
        for part in making.iterdir():
            part.chmod(0o600)
        making.rename(path)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    return read(path)


def complete_backups(*, folder: Path) -> list[Path]:
    """Return the backups within a folder, the oldest first."""
    return sorted(path.parent for path in folder.glob(f"d0010-*Z/{_MANIFEST}"))


def read(path: Path) -> Backup:
    """Return a backup after a look at every byte of it; raises BackupBroken."""
    try:
        told: dict[str, Any] = json.loads((path / _MANIFEST).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BackupBroken(f"{path} has no manifest that can be read.") from error
    if told.get("format") != _FORMAT:
        raise BackupBroken(f"{path} was made by another version of this program.")
    for name, sha256 in told["parts"].items():
        part = path / name
        if not part.is_file() or fingerprints.of_file(part) != sha256:
            raise BackupBroken(f"{part} is missing, or not as it was written.")
    return Backup(
        path=path,
        made_at=datetime.fromisoformat(told["made_at"]),
        vendor=told["vendor"],
        tables={name: Fingerprint(*each) for name, each in told["tables"].items()},
        files=Fingerprint(*told["files"]),
        parts=told["parts"],
    )


def restore(*, path: Path, is_forced: bool = False) -> Backup:
    """Put a backup back, and prove that all of it is there.

    Raises BackupBroken before anything is touched, NotEmpty where something is there
    already and `is_forced` is not set, RestoreIncomplete where the proof fails.
    """
    backup = read(path)
    if backup.vendor != connection.vendor:
        raise BackupBroken(
            f"{path} is of {backup.vendor}, and this database is {connection.vendor}."
        )
    if not is_forced and (found := next(_found(), "")):
        raise NotEmpty(f"There is something here already: {found}.")
    databases.put_back(path / databases.file_name())
    _unpack(path / _FILES)
    wrong = [
        *_differences(backup.tables, databases.contents()),
        *([] if fingerprints.of_files(_media()) == backup.files else [_FILES_SAID]),
    ]
    if wrong:
        raise RestoreIncomplete(f"Not as they were: {', '.join(wrong)}.")
    # Who was signed in when the backup was made need not be so now.
    Session.objects.all().delete()
    return backup


def _found() -> Iterator[str]:
    """Yield what a restore would overwrite."""
    tables = connection.introspection.table_names()
    for model in (FlowFile, User):
        if model._meta.db_table in tables and model._default_manager.exists():
            yield str(model._meta.verbose_name_plural)
    if next(fingerprints.files(_media()), None):
        yield f"files in {_media()}"


def _differences(
    expected: dict[str, Fingerprint], found: dict[str, Fingerprint]
) -> Iterator[str]:
    """Yield the tables that are not as they were."""
    for table, fingerprint in expected.items():
        if found.get(table) != fingerprint:
            yield table


def _media() -> Path:
    return Path(settings.MEDIA_ROOT) / _KEPT


def _pack(target: Path) -> Fingerprint:
    """Pack all received files; return what was packed."""
    paths = list(fingerprints.files(_media()))
    with tarfile.open(target, "w:gz", compresslevel=1) as archive:
        for path in paths:
            archive.add(path, path.relative_to(_media()))
    return fingerprints.of_files(_media(), paths)


def _unpack(source: Path) -> None:
    """Put the received files where they were; others are taken away."""
    folder = _media()
    new = folder.with_name(f"{_KEPT}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700, parents=True)
    with tarfile.open(source) as archive:
        # The filter refuses members that would land elsewhere.
        archive.extractall(new, filter="data")
    for path in new.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    old = folder.with_name(f"{_KEPT}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _sync(path: Path) -> None:
    """See to it that a file is on the disk itself."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
