"""Original files: the bytes of flow files in Django's storage, named by their hash."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO

from django.core.files import File
from django.core.files.storage import default_storage

from meter_readings.models import FlowFile

from .spooling import SpooledFile

_FOLDER = "flow_files"


def store(spooled: SpooledFile) -> str:
    """Move a spooled file to the storage, and return its name there.

    A file of that name with other bytes is damaged, and is replaced.
    """
    name = _storage_name(spooled)
    if default_storage.exists(name):
        if _sha256_of(name) == spooled.sha256:
            return name
        default_storage.delete(name)
    with spooled.path.open("rb") as file:
        return default_storage.save(name, _MovableFile(file, spooled.path))


def restore_if_damaged(flow_file: FlowFile, spooled: SpooledFile) -> None:
    """Store the bytes of a flow file again if its original is missing or damaged.

    An original that was deleted or redacted on purpose stays as it is.
    """
    if flow_file.content.name == _storage_name(spooled):
        store(spooled)


def delete_if_unreferenced(spooled: SpooledFile) -> None:
    """Delete the stored bytes of a failed load unless a flow file refers to them.

    The caller holds the import lock, because another import may store the same bytes.
    """
    name = _storage_name(spooled)
    if not FlowFile.objects.filter(content=name).exists():
        default_storage.delete(name)


def delete_unreferenced() -> None:
    """Delete the stored bytes that no flow file refers to.

    The caller holds the import lock, because an import stores bytes before its row is
    visible.
    """
    referenced = set(FlowFile.objects.values_list("content", flat=True))
    for folder in _list_folder(_FOLDER)[0]:
        for filename in _list_folder(f"{_FOLDER}/{folder}")[1]:
            name = f"{_FOLDER}/{folder}/{filename}"
            if name not in referenced:
                default_storage.delete(name)


def _storage_name(spooled: SpooledFile) -> str:
    return f"{_FOLDER}/{spooled.sha256[:2]}/{spooled.sha256}.uff"


def _sha256_of(name: str) -> str:
    """Return the hash of a stored file, or "" if it cannot be read."""
    digest = hashlib.sha256()
    try:
        with default_storage.open(name) as file:
            for chunk in file.chunks():
                digest.update(chunk)
    except OSError:
        return ""
    return digest.hexdigest()


def _list_folder(folder: str) -> tuple[list[str], list[str]]:
    """Return the folders and the files in a storage folder, which may not exist."""
    try:
        return default_storage.listdir(folder)
    except FileNotFoundError:
        return [], []


class _MovableFile(File):  # type: ignore[type-arg]
    """A file that FileSystemStorage moves instead of copying."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        super().__init__(file)
        self._path = path

    def temporary_file_path(self) -> str:
        return str(self._path)
