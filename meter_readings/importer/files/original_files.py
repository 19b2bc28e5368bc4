"""Original files: the bytes of flow files in Django's storage, named by their hash."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from django.core.files import File
from django.core.files.storage import default_storage

from meter_readings.models import FlowFile

from .spooling import SpooledFile

_FOLDER = "flow_files"


def store(spooled: SpooledFile) -> str:
    """Move a spooled file to the storage, and return its name there."""
    name = _storage_name(spooled)
    if default_storage.exists(name):
        return name
    with spooled.path.open("rb") as file:
        return default_storage.save(name, _MovableFile(file, spooled.path))


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
