"""Room for what comes: where there is none left, it is said in one way."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from meter_readings import metrics

# No space on the disk, a quota used up, a file as large as files may be
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class StorageFull(Exception):
    """There is no room left for what was to be kept; nothing of it was kept."""


def is_full(error: BaseException) -> bool:
    """Return whether an error says that a disk has no room left."""
    return isinstance(error, OSError) and error.errno in _NO_ROOM


def leave_room() -> None:
    """Raise StorageFull where production has less room left than it keeps free.

    A database whose disk is full to the last byte may not even go on as it is.
    """
    least = settings.MIN_FREE_MEGABYTES if settings.IS_PRODUCTION else 0
    for name, folder in metrics.disks().items():
        if metrics.free_bytes(folder) < least << 20:
            raise StorageFull(f"Less than {least:,} MB are free for {name}.")


@contextmanager
def room_for(what: str) -> Iterator[None]:
    """Turn the ways in which a disk says that it is full into StorageFull."""
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise StorageFull(f"There is no room left for {what}.") from error
        raise
