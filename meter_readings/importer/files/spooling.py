"""Spooling: writes a received stream to a temporary file and hashes it."""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from django.conf import settings

from .disk_space import require_free_space

_CHUNK_BYTES = 1 << 20
_ABANDONED_AFTER_SECONDS = 24 * 60 * 60

# What is stored of a file that is no flow file: enough to see what it is
BEGINNING_BYTES = 64 * 1024


class SpooledFile(NamedTuple):
    """A received file: its path, the SHA-256 of its bytes and their number."""

    path: Path
    sha256: str
    size: int


@contextmanager
def spool(stream: BinaryIO) -> Iterator[SpooledFile]:
    """Write a stream to a file, which is deleted at the end unless it was moved.

    Raises UnreadableFile if an archive is truncated or a bomb, and StorageFull if the
    file would use the disk space that must stay free.
    """
    folder = spool_folder()
    _delete_abandoned()
    # The name is chosen first: an interrupt may come as soon as the file exists.
    path = folder / uuid.uuid4().hex
    try:
        digest, size = hashlib.sha256(), 0
        with open(path, "xb", opener=create_for_owner) as file:
            while chunk := stream.read(_CHUNK_BYTES):
                require_free_space()
                digest.update(chunk)
                size += len(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        yield SpooledFile(path, digest.hexdigest(), size)
    finally:
        path.unlink(missing_ok=True)


def keep_beginning(spooled: SpooledFile) -> SpooledFile:
    """Cut a spooled file to its first BEGINNING_BYTES; return it with their hash."""
    if spooled.size <= BEGINNING_BYTES:
        return spooled
    os.truncate(spooled.path, BEGINNING_BYTES)
    digest = hashlib.sha256(spooled.path.read_bytes())
    return SpooledFile(spooled.path, digest.hexdigest(), BEGINNING_BYTES)


def spool_folder() -> Path:
    """Return the folder of files that are being received, which exists from now on.

    It is on the disk of the original files, whose free space is monitored.
    """
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def abandoned_spool_files(*, silent_seconds: float) -> Iterator[Path]:
    """Yield files that were not written to for so long: their process has ended."""
    latest = time.time() - silent_seconds
    if _folder().is_dir():
        for path in _folder().iterdir():
            # Another process may delete it meanwhile.
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < latest:
                    yield path


def _delete_abandoned() -> None:
    for path in abandoned_spool_files(silent_seconds=_ABANDONED_AFTER_SECONDS):
        path.unlink(missing_ok=True)


def create_for_owner(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)


def _folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "incoming"
