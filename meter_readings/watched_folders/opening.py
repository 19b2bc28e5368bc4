"""Opening: plain files only, and their bytes only as long as nobody changes them."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO, NamedTuple

from meter_readings.importer import os_error_reason

# Windows lacks some of them. A FIFO that is opened with O_NONBLOCK does not wait.
_FLAGS = os.O_RDONLY
for _name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):
    _FLAGS |= getattr(os, _name, 0)


class FileStamp(NamedTuple):
    """What changes when a file is written to. Inodes of network drives may change."""

    size: int
    modified_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> FileStamp:
        return cls(status.st_size, status.st_mtime_ns)


class NotPlainFile(Exception):
    """It is a link, a pipe, a device or a folder."""


class FileChanged(Exception):
    """Its sender has written to a file since it was opened."""


def open_plain_file(path: Path) -> BinaryIO:
    """Open a file, not what a link points to; raises NotPlainFile."""
    try:
        handle = os.open(path, _FLAGS)
    except OSError as error:
        # A symbolic link, a socket
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise NotPlainFile("it is not a file") from error
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise NotPlainFile("it is not a file")
    return os.fdopen(handle, "rb")


class ReadFailed(Exception):
    """The drive of a file does not return its bytes at present."""


class UnchangedFile:
    """A stream that raises FileChanged at its end if the file has another stamp.

    It raises ReadFailed instead of OSError, which would mean that an archive is broken.
    """

    def __init__(self, file: BinaryIO, stamp: FileStamp | None = None) -> None:
        self._file = file
        self.stamp = stamp or FileStamp.of(os.fstat(file.fileno()))

    def read(self, size: int = -1) -> bytes:
        try:
            data = self._file.read(size)
        except OSError as error:
            raise ReadFailed(os_error_reason(error)) from error
        if not data:
            self.require_unchanged()
        return data

    def require_unchanged(self) -> None:
        if FileStamp.of(os.fstat(self._file.fileno())) != self.stamp:
            raise FileChanged
