"""The bytes that were kept: to look at, to give away, and to import once more."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from io import BufferedReader
from pathlib import PurePath
from typing import BinaryIO, cast

from django.contrib.auth.models import User
from django.core.files.storage import default_storage

from meter_readings.models import FlowFile, ImportJob, Policy

from . import files
from .pipeline import ImportResult, import_flow_file


class OriginalMissing(Exception):
    """The bytes are not where they were kept, or are not those that were received."""


def open_original(*, flow_file: FlowFile) -> BinaryIO:
    """Open the bytes of a file as they were received, for reading.

    They lack what was taken out of them since (`redacted_at`). Raises OriginalMissing
    where they are not there.
    """
    if not flow_file.content:
        raise OriginalMissing(
            f"The original of {flow_file.filename} was removed: it was older than "
            "originals are kept."
        )
    try:
        kept = default_storage.open(str(flow_file.content.name), "rb")
        return cast(BinaryIO, kept.file)
    except OSError as error:
        raise OriginalMissing(
            f"The original of {flow_file.filename} is not where it was kept."
        ) from error


def import_original(
    *,
    flow_file: FlowFile,
    now: datetime,
    policy: Policy,
    channel: ImportJob.Channel,
    requested_by: User | None = None,
    dry_run: bool = False,
    allow_same_name: bool = False,
    lock_timeout: float | None = None,
) -> ImportResult:
    """Import the bytes of a rejected or undone file again, as `import_flow_file` does.

    A file that is held as imported stays as it is: the result says so. Raises
    OriginalMissing where its bytes are not there or are not what they were, Busy, and
    StorageFull.
    """
    with open_original(flow_file=flow_file) as stream:
        digest = hashlib.file_digest(cast(BufferedReader, stream), "sha256")
        if digest.hexdigest() != content_sha256(flow_file):
            raise OriginalMissing(
                f"The original of {flow_file.filename} has changed where it is kept."
            )
        stream.seek(0)
        return import_flow_file(
            stream=stream,
            filename=flow_file.filename,
            now=now,
            policy=policy,
            channel=channel,
            requested_by=requested_by,
            dry_run=dry_run,
            allow_same_name=allow_same_name,
            lock_timeout=lock_timeout,
            original_sha256=flow_file.sha256,
        )


def content_sha256(flow_file: FlowFile) -> str:
    """Return the SHA-256 of the bytes that are kept: those received, or redacted."""
    return PurePath(str(flow_file.content.name)).stem


def store_redacted(*, pieces: Iterator[bytes]) -> str:
    """Keep other bytes in the place of an original; return the name in the storage.

    They lie under their own hash, as all do: the file that names them goes on being
    known by the hash of what was received.
    """
    with files.receive(cast(BinaryIO, _Pieces(pieces))) as received:
        return files.keep(received)


class _Pieces:
    """Pieces of bytes, none of them empty, to be read one after another."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def read(self, size: int) -> bytes:
        return next(self._pieces, b"")
