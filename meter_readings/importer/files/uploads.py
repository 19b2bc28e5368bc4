"""Uploads: received files that wait for a worker, named by random numbers.

An upload is kept until its job is finished, and for a day if the job failed or was
cancelled, so that it can be tried again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from django.conf import settings

from .spooling import spool

KEPT_SECONDS = 24 * 60 * 60


class UploadMissing(Exception):
    """The file of a job is no longer stored."""


class Upload(NamedTuple):
    """A stored upload: its name, the SHA-256 of its bytes and their number."""

    name: str
    sha256: str
    size: int


def store_upload(*, stream: BinaryIO) -> Upload:
    """Store the bytes of a stream; raises as `spool` does."""
    with spool(stream) as spooled:
        _folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        spooled.path.rename(_folder() / spooled.path.name)
        return Upload(spooled.path.name, spooled.sha256, spooled.size)


def open_upload(*, name: str) -> BinaryIO:
    """Open a stored upload. Raises UploadMissing."""
    try:
        return (_folder() / name).open("rb")
    except FileNotFoundError as error:
        raise UploadMissing("The received file is no longer stored.") from error


def delete_upload(*, name: str) -> None:
    """Delete an upload; one that cannot be deleted is deleted later as an old one."""
    with suppress(OSError):
        (_folder() / name).unlink()


def old_uploads(*, seconds: float = KEPT_SECONDS) -> Iterator[str]:
    """Yield the names of uploads that were stored so long ago: by default, a day."""
    latest = time.time() - seconds
    if _folder().is_dir():
        for path in _folder().iterdir():
            # Another process may delete it meanwhile.
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < latest:
                    yield path.name


def _folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "uploads"
