"""Original files that contain an MPAN: search and redaction."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import BinaryIO, NamedTuple

from meter_readings import importer
from meter_readings.d0010.redaction import Identifiers, Redaction
from meter_readings.models import FlowFile

_CHUNK_BYTES = 1 << 20
# Longer than any identifier, so that none is split between two chunks
_OVERLAP = 100


class FileMention(NamedTuple):
    """A file whose original contains an MPAN, with the lines."""

    flow_file: FlowFile
    redaction: Redaction


def find_files_mentioning(
    identifiers: Identifiers, *, clean: Collection[str] = ()
) -> tuple[set[str], ...]:
    """Return the names of originals that contain an identifier, and of the others.

    Originals in `clean` are not read again: the content of a name never changes.
    """
    found, without = set[str](), set(clean)
    for file in (
        FlowFile.objects.exclude(content="")
        .only("filename", "content")
        .iterator(chunk_size=2000)
    ):
        name = str(file.content.name)
        if name not in without:
            (found if _is_in(file, identifiers) else without).add(name)
    return found, without


def _is_in(file: FlowFile, identifiers: Identifiers) -> bool:
    try:
        with importer.open_original(flow_file=file) as stream:
            return is_in_stream(stream, identifiers)
    except importer.OriginalMissing:
        return False


def is_in_stream(stream: BinaryIO, identifiers: Identifiers) -> bool:
    """Return whether a stream contains an identifier."""
    latest = b""
    while chunk := stream.read(_CHUNK_BYTES):
        if identifiers.found_in(latest[-_OVERLAP:] + chunk):
            return True
        latest = chunk
    return False


def scan_files(
    names: Collection[str], identifiers: Identifiers
) -> Iterator[FileMention]:
    """Yield the lines about the MPAN in these originals; nothing is changed."""
    for file in FlowFile.objects.filter(content__in=names).order_by("pk"):
        redaction = Redaction(identifiers, keep_removed_lines=True)
        with importer.open_original(flow_file=file) as stream:
            for _ in redaction.redacted_chunks(stream):
                pass
        yield FileMention(file, redaction)


def redact_files(
    names: Collection[str], identifiers: Identifiers
) -> Iterator[FileMention]:
    """Store redacted copies of these originals; yield the files, not yet saved.

    The caller saves the files, and then deletes originals that no file refers to.
    """
    for file in FlowFile.objects.filter(content__in=names).order_by("pk"):
        redaction = Redaction(identifiers)
        with importer.open_original(flow_file=file) as stream:
            chunks = redaction.redacted_chunks(stream)
            file.content.name = importer.store_redacted(chunks=chunks)
        if redaction.is_changed:
            yield FileMention(file, redaction)
