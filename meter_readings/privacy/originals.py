"""The original bytes that mention an MPAN: found, and kept without it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import BinaryIO, NamedTuple

from meter_readings import importer
from meter_readings.d0010.redaction import Identifiers, Redaction
from meter_readings.models import FlowFile

_PIECE = 1 << 20
# Longer than anything that is looked for
_OVERLAP = 100


class Mention(NamedTuple):
    """A file whose original says something of an MPAN, and where."""

    flow_file: FlowFile
    redaction: Redaction


def find_files_mentioning(
    traces: Identifiers, *, clean: Collection[str] = ()
) -> tuple[set[str], ...]:
    """Return the originals that have traces in them, and those that have none.

    They are looked through byte by byte, but for those known to be `clean`: a name
    always means the same bytes.
    """
    found, without = set[str](), set(clean)
    for file in (
        FlowFile.objects.exclude(content="")
        .only("filename", "content")
        .iterator(chunk_size=2000)
    ):
        name = str(file.content.name)
        if name not in without:
            (found if _is_in(file, traces) else without).add(name)
    return found, without


def _is_in(file: FlowFile, traces: Identifiers) -> bool:
    try:
        with importer.open_original(flow_file=file) as stream:
            return is_in_stream(stream, traces)
    except importer.OriginalMissing:
        return False


def is_in_stream(stream: BinaryIO, traces: Identifiers) -> bool:
    """Return whether there are traces in a stream, read piece by piece."""
    latest = b""
    while piece := stream.read(_PIECE):
        if traces.are_in(latest[-_OVERLAP:] + piece):
            return True
        latest = piece
    return False


def mentions(names: Collection[str], traces: Identifiers) -> Iterator[Mention]:
    """Yield what these originals say, read line by line; nothing is changed."""
    for file in FlowFile.objects.filter(content__in=names).order_by("pk"):
        redaction = Redaction(traces, remembers=True)
        with importer.open_original(flow_file=file) as stream:
            for _ in redaction.pieces(stream):
                pass
        yield Mention(file, redaction)


def redacted(names: Collection[str], traces: Identifiers) -> Iterator[Mention]:
    """Keep these originals without the traces; yield the files with their new bytes.

    The old ones stay until nothing names them: the caller saves the files first.
    """
    for file in FlowFile.objects.filter(content__in=names).order_by("pk"):
        redaction = Redaction(traces)
        with importer.open_original(flow_file=file) as stream:
            pieces = redaction.pieces(stream)
            file.content.name = importer.store_redacted(chunks=pieces)
        if redaction.is_changed:
            yield Mention(file, redaction)
