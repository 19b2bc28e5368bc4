"""Free disk space: how much there is; the exceptions of full and read-only disks."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection

# A full disk, an exhausted quota, a file of the largest size the file system allows
_DISK_FULL_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

# A disk that is mounted read-only, a folder of another owner
_NOT_WRITABLE_ERRNOS = {errno.EROFS, errno.EACCES, errno.EPERM}


class StorageFull(Exception):
    """A disk or the database has no free space left; nothing was stored."""


class StorageNotWritable(Exception):
    """The folder of received files cannot be written; nothing was stored."""


def data_directories() -> dict[str, Path]:
    """Return the directories that grow with the data, by what they contain."""
    directories = {"files": Path(settings.MEDIA_ROOT)}
    if connection.vendor == "postgresql":  # postgresql only
        return directories
    database = Path(connection.settings_dict["NAME"])  # sqlite only
    return directories | {"database": database.parent}  # sqlite only


def free_bytes(path: Path) -> int:
    """Return the free disk space of a directory, which need not exist yet."""
    while not os.path.exists(path):
        path = path.parent
    return shutil.disk_usage(path).free


def is_disk_full_error(error: OSError) -> bool:
    """Return whether an operating system error means that a disk is full."""
    return error.errno in _DISK_FULL_ERRNOS


def is_not_writable_error(error: OSError) -> bool:
    """Return whether an operating system error means that a folder is read-only."""
    return error.errno in _NOT_WRITABLE_ERRNOS


def require_free_space() -> None:
    """Raise StorageFull in production if less than MIN_FREE_DISK_MB are free.

    A database on a disk without any free space may stop working altogether.
    """
    minimum = settings.MIN_FREE_DISK_MB if settings.IS_PRODUCTION else 0
    for name, directory in data_directories().items():
        if free_bytes(directory) < minimum << 20:
            raise StorageFull(f"Less than {minimum:,} MB are free for {name}.")


@contextmanager
def disk_full_as(what: str) -> Iterator[None]:
    """Raise StorageFull, which names what was written, instead of a disk-full error."""
    try:
        yield
    except OSError as error:
        if is_disk_full_error(error):
            raise StorageFull(f"There is no free space for {what}.") from error
        raise
