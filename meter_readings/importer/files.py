"""Where the bytes come from: plain, .gz or .zip, as one stream, hashed as it is read.

What is received is kept in a file of our own until it is known what becomes of it. A
client's file name is text to show, never a path.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple, cast

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage

from meter_readings.models import FlowFile

from .storage import disk_full_as, require_free_space

_PIECE = 1 << 20
_GZIP = b"\x1f\x8b"
_ZIP, _EMPTY_ZIP = b"PK\x03\x04", b"PK\x05\x06"

_ENCRYPTED = 0x1
# Python unpacks others by whole pieces: a small piece can fill the memory.
_METHODS = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED

# What is in documents of Microsoft's and OpenDocument's kinds, which are archives too.
_DOCUMENTS = {"[Content_Types].xml", "META-INF/manifest.xml"}

# Flow files shrink to a tenth or so. More than this is not one.
_LARGEST_RATIO = 500
_SMALL = 64 << 20

_LONGEST_NAME = cast(int, FlowFile._meta.get_field("filename").max_length)

_KEPT, _FOLDER = "flow_files", "incoming"
_LEFT_BEHIND_SECONDS = 24 * 60 * 60


class UnreadableFile(Exception):
    """The bytes could not be had: the archive is broken, encrypted or a bomb."""


def shown(filename: str) -> str:
    """Return a client's name for a file as it can be kept and shown: printable text."""
    printable = "".join(c if c.isprintable() else "\ufffd" for c in filename)
    return printable[:_LONGEST_NAME]


class SpooledFile(NamedTuple):
    """A file as it was received: where its bytes are, their SHA-256 and count."""

    path: Path
    sha256: str
    size: int


def flow_files(
    stream: BinaryIO, filename: str, *, most: int | None = None
) -> Iterator[tuple[str, BinaryIO]]:
    """Yield the name and bytes of each file in a stream: itself, or what it packs.

    Told by its first bytes, not its name. Raises UnreadableFile where an archive
    cannot be read, or has more than `most` files, and StorageFull where there is no
    room for one.
    """
    filename = shown(filename)
    start = _first_bytes(stream, len(_ZIP))
    whole = _Rest(start, stream)
    if start.startswith(_GZIP):
        unpacked = gzip.GzipFile(fileobj=cast(BinaryIO, whole), mode="rb")
        yield filename.removesuffix(".gz"), cast(
            BinaryIO, _Unpacked(unpacked, whole, filename)
        )
    elif start in (_ZIP, _EMPTY_ZIP):
        with tempfile.TemporaryFile() as archive:
            with disk_full_as("an archive to be unpacked"):
                while piece := whole.read(_PIECE):
                    archive.write(piece)
                archive.flush()
            yield from _members(archive, filename, most)
    else:
        yield filename, cast(BinaryIO, whole)


def _first_bytes(stream: BinaryIO, size: int) -> bytes:
    """Return so many bytes, or all there are: a pipe gives fewer than it is asked."""
    start = b""
    while len(start) < size and (piece := stream.read(size - len(start))):
        start += piece
    return start


def _members(
    archive: IO[bytes], filename: str, most: int | None
) -> Iterator[tuple[str, BinaryIO]]:
    with _readable(filename):
        unpacked = zipfile.ZipFile(archive)
    members = [
        member
        for member in unpacked.infolist()
        if not member.is_dir() and not _is_clutter(member.filename)
    ]
    if not members:
        raise UnreadableFile(f"{filename} holds no files.")
    if most is not None and len(members) > most:
        raise UnreadableFile(
            f"{filename} holds {len(members):,} files, and at most {most:,} may come."
        )
    if not _DOCUMENTS.isdisjoint(member.filename for member in members):
        raise UnreadableFile(f"{filename} is a spreadsheet or another document.")
    for member in members:
        if member.flag_bits & _ENCRYPTED:
            raise UnreadableFile(f"{filename} is encrypted.")
        if member.compress_type not in _METHODS:
            raise UnreadableFile(f"{filename} is packed by a method not known here.")
        with _readable(filename):
            stream = unpacked.open(member)
        size = _Size(member.compress_size)
        yield Path(member.filename).name, cast(
            BinaryIO, _Unpacked(stream, size, filename)
        )


def _is_clutter(name: str) -> bool:
    """Return whether an archive's member is what a desktop adds, not a person."""
    return name.startswith("__MACOSX/") or Path(name).name.startswith(".")


_BROKEN = zipfile.BadZipFile, OSError, EOFError, ValueError, zlib.error


@contextmanager
def _readable(filename: str) -> Iterator[None]:
    """Turn every way an archive can be broken into one exception with a sentence."""
    try:
        yield
    except _BROKEN as error:
        raise UnreadableFile(f"{filename} is not a whole archive: {error}") from error
    except NotImplementedError as error:
        raise UnreadableFile(f"{filename} cannot be unpacked: {error}") from error


class _Size(NamedTuple):
    """How many packed bytes there are."""

    byte_count: int


class _Rest:
    """A stream whose first bytes have been looked at already."""

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
        piece = self._stream.read(size)
        self.byte_count += len(piece)
        return start + piece


class _Unpacked:
    """What an archive holds, as long as it is no more than it can be."""

    def __init__(
        self, stream: IO[bytes] | gzip.GzipFile, packed: _Rest | _Size, filename: str
    ) -> None:
        self._stream = stream
        self._packed = packed
        self._filename = filename
        self._size = 0

    def read(self, size: int = -1) -> bytes:
        with _readable(self._filename):
            piece = self._stream.read(size)
        self._size += len(piece)
        if self._size > max(_SMALL, self._packed.byte_count * _LARGEST_RATIO):
            raise UnreadableFile(
                f"{self._filename} unpacks to far more than a flow file does."
            )
        return piece


@contextmanager
def receive(stream: BinaryIO) -> Iterator[SpooledFile]:
    """Write a stream down as it is hashed; what is left at the end is removed.

    Raises UnreadableFile where an archive breaks off or unpacks without end, and
    StorageFull where it would take the room that is to stay free.
    """
    folder = Path(settings.MEDIA_ROOT) / _FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _remove_left_behind(folder)
    handle, name = tempfile.mkstemp(dir=folder)
    path = Path(name)
    try:
        digest, size = hashlib.sha256(), 0
        with os.fdopen(handle, "wb") as file:
            while piece := stream.read(_PIECE):
                require_free_space()
                digest.update(piece)
                size += len(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        yield SpooledFile(path, digest.hexdigest(), size)
    finally:
        path.unlink(missing_ok=True)


def _remove_left_behind(folder: Path) -> None:
    """Remove what a killed process left: nothing refers to it any more."""
    oldest = time.time() - _LEFT_BEHIND_SECONDS
    for path in folder.iterdir():
        try:
            if path.stat().st_mtime < oldest:
                path.unlink()
        except FileNotFoundError:
            pass  # another process was quicker


def abandoned_spool_files(*, silent_seconds: float) -> Iterator[Path]:
    """Yield what processes received that ended before it came to anything.

    It is what nobody has written to for so long.
    """
    latest = time.time() - silent_seconds
    folder = Path(settings.MEDIA_ROOT) / _FOLDER
    if folder.is_dir():
        yield from (path for path in folder.iterdir() if path.stat().st_mtime < latest)


def keep(received: SpooledFile) -> str:
    """Move received bytes to where their hash says, and return the storage name."""
    name = _name_of(received)
    if default_storage.exists(name):
        return name
    with received.path.open("rb") as file:
        return default_storage.save(name, _Movable(file, received.path))


def _name_of(received: SpooledFile) -> str:
    return f"{_KEPT}/{received.sha256[:2]}/{received.sha256}.uff"


def forget(received: SpooledFile) -> None:
    """Remove the kept bytes of a load that broke off, unless a flow file names them.

    Under the lock of a load, for another may keep the same bytes.
    """
    name = _name_of(received)
    if not FlowFile.objects.filter(content=name).exists():
        default_storage.delete(name)


def delete_unreferenced() -> None:
    """Remove the kept bytes that no flow file names.

    Under the lock of a load, for a load keeps bytes before its row can be seen.
    """
    named = set(FlowFile.objects.values_list("content", flat=True))
    for folder in _listed(_KEPT)[0]:
        for filename in _listed(f"{_KEPT}/{folder}")[1]:
            name = f"{_KEPT}/{folder}/{filename}"
            if name not in named:
                default_storage.delete(name)


def _listed(folder: str) -> tuple[list[str], list[str]]:
    """Return the folders and files in a folder of the storage, none if it is not."""
    try:
        return default_storage.listdir(folder)
    except FileNotFoundError:
        return [], []


class _Movable(File):  # type: ignore[type-arg]
    """A file that the storage may move instead of copying it."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        super().__init__(file)
        self._path = path

    def temporary_file_path(self) -> str:
        return str(self._path)
