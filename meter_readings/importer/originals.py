"""Original files of imported flow files: opening, importing again, redacting."""

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

from .files.original_files import store
from .files.spooling import spool
from .jobs import OnProgress
from .pipeline import import_flow_file
from .result import ImportResult


class OriginalMissing(Exception):
    """The original file of a flow file is deleted, missing or changed."""


def open_original(*, flow_file: FlowFile) -> BinaryIO:
    """Open the original file: the bytes received, without lines redacted since.

    Raises OriginalMissing.
    """
    if not flow_file.content:
        raise OriginalMissing(
            f"The original of {flow_file.filename} was deleted after its retention "
            "period."
        )
    try:
        file = default_storage.open(str(flow_file.content.name), "rb")
        return cast(BinaryIO, file.file)
    except OSError as error:
        raise OriginalMissing(
            f"The original of {flow_file.filename} is missing from the storage."
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
    on_progress: OnProgress | None = None,
    queued_job: ImportJob | None = None,
) -> ImportResult:
    """Import the original of a rejected or undone file again, by `import_flow_file`.

    An imported file is not changed: the outcome says so. Raises OriginalMissing,
    ImportLockTimeout and StorageFull.
    """
    with open_original(flow_file=flow_file) as stream:
        digest = hashlib.file_digest(cast(BufferedReader, stream), "sha256")
        if digest.hexdigest() != content_sha256(flow_file):
            raise OriginalMissing(
                f"The original of {flow_file.filename} has changed in the storage."
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
            original=flow_file,
            on_progress=on_progress,
            queued_job=queued_job,
        )


def content_sha256(flow_file: FlowFile) -> str:
    """Return the SHA-256 of the stored bytes, which may be redacted."""
    return PurePath(str(flow_file.content.name)).stem


def store_redacted(*, chunks: Iterator[bytes]) -> str:
    """Store redacted bytes under their own hash; return their name in the storage.

    The flow file keeps the hash of the bytes received.
    """
    with spool(cast(BinaryIO, _ChunkReader(chunks))) as spooled:
        return store(spooled)


class _ChunkReader:
    """Reads an iterator of chunks as a stream.

    Chunks are whole lines and shorter than what a reader asks for. Each read has many
    of them: free disk space is checked once for each.
    """

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks

    def read(self, size: int) -> bytes:
        """Return at least `size` bytes unless the chunks end."""
        read = bytearray()
        while len(read) < size and (chunk := next(self._chunks, b"")):
            read += chunk
        return bytes(read)
