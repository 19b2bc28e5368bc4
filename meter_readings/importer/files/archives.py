"""Archives: yields the flow files in a stream that is plain, .gz or .zip."""

from __future__ import annotations

import gzip
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple, cast

from meter_readings.models import FlowFile

from .disk_space import disk_full_as

_CHUNK_BYTES = 1 << 20
_GZIP = b"\x1f\x8b"
_ZIP, _EMPTY_ZIP = b"PK\x03\x04", b"PK\x05\x06"

_ENCRYPTED_FLAG = 0x1
# Python decompresses other methods without a limit: a few bytes can fill the memory.
_COMPRESSION_METHODS = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED

# Members of Microsoft and OpenDocument files, which are ZIP archives too.
_DOCUMENT_MEMBERS = {"[Content_Types].xml", "META-INF/manifest.xml"}

# Flow files compress to about a tenth. What unpacks to more is a decompression bomb.
_MAX_RATIO = 500
_ALWAYS_ALLOWED_BYTES = 64 << 20

_MAX_FILENAME_LENGTH = cast(int, FlowFile._meta.get_field("filename").max_length)


class UnreadableFile(Exception):
    """A file cannot be read: its archive is broken, encrypted or a bomb."""


def sanitise_filename(filename: str) -> str:
    """Return a sender's file name as printable text that fits its column.

    It is shown and never used as a path.
    """
    printable = "".join(c if c.isprintable() else "\ufffd" for c in filename)
    return printable[:_MAX_FILENAME_LENGTH]


def iter_flow_files(
    stream: BinaryIO, filename: str, *, max_members: int | None = None
) -> Iterator[tuple[str, BinaryIO]]:
    """Yield the name and bytes of each file in a stream: the file or archive members.

    The first bytes decide what it is, not its name. Raises UnreadableFile if an archive
    cannot be read or has more than `max_members` files, and StorageFull if there is no
    space to unpack it.
    """
    filename = sanitise_filename(filename)
    start = _first_bytes(stream, len(_ZIP))
    whole = _PeekedStream(start, stream)
    if start.startswith(_GZIP):
        unpacked = gzip.GzipFile(fileobj=cast(BinaryIO, whole), mode="rb")
        limited = _LimitedStream(unpacked, whole, filename)
        yield filename.removesuffix(".gz"), cast(BinaryIO, limited)
    elif start in (_ZIP, _EMPTY_ZIP):
        with tempfile.TemporaryFile() as archive:
            with disk_full_as("an archive to be unpacked"):
                while chunk := whole.read(_CHUNK_BYTES):
                    archive.write(chunk)
                archive.flush()
            yield from _zip_members(archive, filename, max_members)
    else:
        yield filename, cast(BinaryIO, whole)


def _first_bytes(stream: BinaryIO, size: int) -> bytes:
    """Read `size` bytes, or all there are: one read of a pipe may return fewer."""
    start = b""
    while len(start) < size and (chunk := stream.read(size - len(start))):
        start += chunk
    return start


def _zip_members(
    archive: IO[bytes], filename: str, max_members: int | None
) -> Iterator[tuple[str, BinaryIO]]:
    with _unreadable_if_broken(filename):
        unpacked = zipfile.ZipFile(archive)
    members = [
        member
        for member in unpacked.infolist()
        if not member.is_dir() and not _is_system_file(member.filename)
    ]
    if not members:
        raise UnreadableFile(f"{filename} contains no files.")
    if max_members is not None and len(members) > max_members:
        raise UnreadableFile(
            f"{filename} contains {len(members):,} files; the limit is "
            f"{max_members:,}."
        )
    if not _DOCUMENT_MEMBERS.isdisjoint(member.filename for member in members):
        raise UnreadableFile(f"{filename} is a spreadsheet or another document.")
    for member in members:
        if member.flag_bits & _ENCRYPTED_FLAG:
            raise UnreadableFile(f"{filename} is encrypted.")
        if member.compress_type not in _COMPRESSION_METHODS:
            raise UnreadableFile(f"{filename} uses an unsupported compression method.")
        with _unreadable_if_broken(filename):
            stream = unpacked.open(member)
        packed = _PackedSize(member.compress_size)
        limited = _LimitedStream(stream, packed, filename)
        yield Path(member.filename).name, cast(BinaryIO, limited)


def _is_system_file(name: str) -> bool:
    """Return whether an operating system added this archive member by itself."""
    return name.startswith("__MACOSX/") or Path(name).name.startswith(".")


_ARCHIVE_ERRORS = zipfile.BadZipFile, OSError, EOFError, ValueError, zlib.error


@contextmanager
def _unreadable_if_broken(filename: str) -> Iterator[None]:
    """Raise UnreadableFile for every error that a broken archive can cause."""
    try:
        yield
    except _ARCHIVE_ERRORS as error:
        raise UnreadableFile(
            f"{filename} is not a complete archive: {error}"
        ) from error
    except NotImplementedError as error:
        raise UnreadableFile(f"{filename} cannot be unpacked: {error}") from error


class _PackedSize(NamedTuple):
    byte_count: int


class _PeekedStream:
    """A stream whose first bytes were read before; counts the bytes read."""

    def __init__(self, start: bytes, stream: BinaryIO) -> None:
        self.byte_count = len(start)
        self._start = start
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        start = self._start if size < 0 else self._start[:size]
        if start and size >= 0:
            self._start = self._start[size:]
            return start
        self._start = b""
        chunk = self._stream.read(size)
        self.byte_count += len(chunk)
        return start + chunk


class _LimitedStream:
    """The unpacked bytes of a file; raises UnreadableFile if it is a bomb."""

    def __init__(
        self,
        stream: IO[bytes] | gzip.GzipFile,
        packed: _PeekedStream | _PackedSize,
        filename: str,
    ) -> None:
        self._stream = stream
        self._packed = packed
        self._filename = filename
        self._size = 0

    def read(self, size: int = -1) -> bytes:
        with _unreadable_if_broken(self._filename):
            chunk = self._stream.read(size)
        self._size += len(chunk)
        limit = max(_ALWAYS_ALLOWED_BYTES, self._packed.byte_count * _MAX_RATIO)
        if self._size > limit:
            raise UnreadableFile(
                f"{self._filename} unpacks to far more than a flow file does."
            )
        return chunk
