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

from django.conf import settings

from meter_readings.importer.formatting import printable
from meter_readings.models import FlowFile

from .disk_space import disk_full_as, require_free_space
from .spooling import spool_folder

_CHUNK_BYTES = 1 << 20
_GZIP = b"\x1f\x8b"
_ZIP, _EMPTY_ZIP = b"PK\x03\x04", b"PK\x05\x06"

# The central directory of a ZIP archive, its list of members. Python needs about ten
# times as much memory for it: 530 bytes for each member.
_MAX_DIRECTORY_BYTES = 8 << 20

_ENCRYPTED_FLAG = 0x1
# Python decompresses other methods without a limit: a few bytes can fill the memory.
_COMPRESSION_METHODS = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED

# Members of Microsoft and OpenDocument files, which are ZIP archives too.
_DOCUMENT_MEMBERS = {"[Content_Types].xml", "META-INF/manifest.xml"}

_MAX_FILENAME_LENGTH = cast(int, FlowFile._meta.get_field("filename").max_length)


class UnreadableFile(Exception):
    """A file cannot be read: its archive is broken, encrypted or a bomb."""


class ArchiveMember(NamedTuple):
    """A file in a stream; `is_last` if no file follows it in its archive."""

    filename: str
    stream: BinaryIO
    is_last: bool = True


def sanitise_filename(filename: str) -> str:
    """Return a sender's file name as printable text that fits its column.

    It is shown and never used as a path.
    """
    return printable(filename)[:_MAX_FILENAME_LENGTH]


def iter_flow_files(
    stream: BinaryIO, filename: str, *, max_members: int | None = None
) -> Iterator[ArchiveMember]:
    """Yield each file in a stream: the file itself or the members of an archive.

    The first bytes decide what it is, not its name. A member's name includes its
    folder. Raises UnreadableFile if an archive cannot be read, unpacks to more than
    ARCHIVE_MAX_MEGABYTES, has more than `max_members` files or a list of files that is
    larger than 8 MB, and StorageFull if there is no space for it.
    """
    filename = sanitise_filename(filename)
    start = _first_bytes(stream, len(_ZIP))
    whole = cast(BinaryIO, _PeekedStream(start, stream))
    if start.startswith(_GZIP):
        unpacked = gzip.GzipFile(fileobj=whole, mode="rb")
        name = filename.removesuffix(".gz")
        yield ArchiveMember(name, cast(BinaryIO, _UnpackedStream(unpacked, filename)))
    elif start in (_ZIP, _EMPTY_ZIP):
        with (
            disk_full_as("an archive to be unpacked"),
            tempfile.TemporaryFile(dir=spool_folder()) as archive,
        ):
            while chunk := whole.read(_CHUNK_BYTES):
                require_free_space()
                archive.write(chunk)
            archive.flush()
            yield from _zip_members(archive, filename, max_members)
    else:
        yield ArchiveMember(filename, whole)


def _first_bytes(stream: BinaryIO, size: int) -> bytes:
    """Read `size` bytes, or all there are: one read of a pipe may return fewer."""
    start = b""
    while len(start) < size and (chunk := stream.read(size - len(start))):
        start += chunk
    return start


def _zip_members(
    archive: IO[bytes], filename: str, max_members: int | None
) -> Iterator[ArchiveMember]:
    limited = _DirectoryLimitedFile(archive, filename)
    with _unreadable_if_broken(filename):
        unpacked = zipfile.ZipFile(cast(IO[bytes], limited))
    limited.is_directory_read = True
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
    # No member unpacks to more than its stated size: it is cut off there.
    _require_within_limit(sum(member.file_size for member in members), filename)
    for member in members:
        if member.flag_bits & _ENCRYPTED_FLAG:
            raise UnreadableFile(f"{filename} is encrypted.")
        if member.compress_type not in _COMPRESSION_METHODS:
            raise UnreadableFile(f"{filename} uses an unsupported compression method.")
        with _unreadable_if_broken(filename):
            stream = unpacked.open(member)
        yield ArchiveMember(
            _member_name(member.filename),
            cast(BinaryIO, _UnpackedStream(stream, filename)),
            is_last=member is members[-1],
        )


def _require_within_limit(size: int, filename: str) -> None:
    limit = settings.ARCHIVE_MAX_MEGABYTES
    if size > limit << 20:
        raise UnreadableFile(
            f"{filename} unpacks to more than {limit:,} MB (ARCHIVE_MAX_MEGABYTES)."
        )


def _member_name(name: str) -> str:
    """Return the path of a member in its archive, without "..", "." and a root."""
    parts = name.replace("\\", "/").split("/")
    return "/".join(part for part in parts if part not in ("", ".", "..")) or name


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


class _DirectoryLimitedFile:
    """The file of a ZIP archive; raises UnreadableFile if its directory is too large.

    Python reads a directory at once when it opens an archive.
    """

    def __init__(self, file: IO[bytes], filename: str) -> None:
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable
        self.is_directory_read = False
        self._file = file
        self._filename = filename

    def read(self, size: int = -1) -> bytes:
        if size > _MAX_DIRECTORY_BYTES and not self.is_directory_read:
            raise UnreadableFile(
                f"{self._filename} contains too many files: the list of them is larger "
                f"than {_MAX_DIRECTORY_BYTES >> 20} MB."
            )
        return self._file.read(size)


class _PeekedStream:
    """A stream whose first bytes were read before."""

    def __init__(self, start: bytes, stream: BinaryIO) -> None:
        self._start = start
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        start = self._start if size < 0 else self._start[:size]
        if start and size >= 0:
            self._start = self._start[size:]
            return start
        self._start = b""
        return start + self._stream.read(size)


class _UnpackedStream:
    """The unpacked bytes of a file; raises UnreadableFile if it is broken or a bomb."""

    def __init__(self, stream: IO[bytes] | gzip.GzipFile, filename: str) -> None:
        self._stream = stream
        self._filename = filename
        self._size = 0

    def read(self, size: int = -1) -> bytes:
        with _unreadable_if_broken(self._filename):
            chunk = self._stream.read(size)
        self._size += len(chunk)
        _require_within_limit(self._size, self._filename)
        return chunk
