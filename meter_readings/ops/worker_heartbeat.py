"""Heartbeats of workers: files whose time says when a worker lived last.

A thread writes them, so they go on while the worker imports, and no lock of the
database stops them.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings

_BEAT_SECONDS = 5.0
# A worker without a heartbeat for so long is dead.
_DEAD_AFTER_SECONDS = 30.0


@contextmanager
def beating() -> Iterator[None]:
    """Write heartbeats of this process until the end."""
    path = _folder() / f"{socket.gethostname()}-{os.getpid()}"
    stopped = threading.Event()

    def beat() -> None:
        while not stopped.wait(_BEAT_SECONDS):
            _touch(path)

    _delete_dead()
    _touch(path)
    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
        with suppress(OSError):
            path.unlink()


def latest_heartbeat() -> float | None:
    """Return when a worker lived last, in seconds since 1970, or None."""
    return max((moment for _, moment in _heartbeats()), default=None)


def has_living_worker() -> bool:
    """Return whether a worker has lived in the last 30 seconds."""
    latest = latest_heartbeat()
    return latest is not None and time.time() - latest < _DEAD_AFTER_SECONDS


def _heartbeats() -> Iterator[tuple[Path, float]]:
    if _folder().is_dir():
        for path in _folder().iterdir():
            # A worker that ends meanwhile deletes its file.
            with suppress(OSError):
                yield path, path.stat().st_mtime


def _touch(path: Path) -> None:
    # A full or read-only disk does not stop the worker.
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch()


def _delete_dead() -> None:
    """Delete the files of workers that were killed a day ago or earlier."""
    for path, moment in _heartbeats():
        if time.time() - moment > 24 * 60 * 60:
            path.unlink(missing_ok=True)


def _folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "workers"
