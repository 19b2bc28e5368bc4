"""The status of watched folders, which pages, metrics and checks read."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from django.db import Error
from django.db.models import Q
from django.utils import timezone

from meter_readings.d0010.mpan import mask_mpans
from meter_readings.models import WatchedFolderStatus
from meter_readings.write_lock import write_unless_locked

_SAVE_SECONDS = 60.0
# Seconds to wait for SQLite's write lock
_LOCK_TIMEOUT = 1.0


class _Saved(NamedTuple):
    error: str
    error_since: datetime | None
    at: float


class StatusWriter:
    """Saves the status of the folders of one watcher: changes, and once a minute.

    It never raises an error of the database, which the folders report themselves.
    """

    def __init__(self) -> None:
        self._host = socket.gethostname()[:255]
        self._saved: dict[Path, _Saved] = {}

    def save(self, path: Path, error: str) -> None:
        saved = self._saved.get(path)
        if saved and error == saved.error:
            if time.monotonic() - saved.at < _SAVE_SECONDS:
                return
        with suppress(Error):
            now = timezone.now()
            since = (self._error_since(path, saved) or now) if error else None
            row = WatchedFolderStatus(
                host=self._host,
                path=_text(path),
                polled_at=now,
                error=error[:255],
                error_since=since,
            )
            if write_unless_locked(lambda: _write(row), seconds=_LOCK_TIMEOUT):
                self._saved[path] = _Saved(error, since, time.monotonic())

    def keep_only(self, paths: Iterable[Path]) -> None:
        """Delete the status of folders that are watched no longer."""
        for path in self._saved.keys() - set(paths):
            with suppress(Error):
                rows = WatchedFolderStatus.objects.filter(
                    host=self._host, path=_text(path)
                )
                if write_unless_locked(rows.delete, seconds=_LOCK_TIMEOUT):
                    del self._saved[path]

    def _error_since(self, path: Path, saved: _Saved | None) -> datetime | None:
        """Return since when it is in error; a watcher before this one may know it."""
        if saved:
            return saved.error_since
        rows = WatchedFolderStatus.objects.filter(host=self._host, path=_text(path))
        return rows.values_list("error_since", flat=True).first()


def forget(folder: Path) -> int:
    """Delete the status of a folder and of those in it; return their number."""
    path = _text(folder)
    below = Q(path=path) | Q(path__startswith=f"{path}{os.sep}")
    deleted, _ = WatchedFolderStatus.objects.filter(below).delete()
    return deleted


def _write(row: WatchedFolderStatus) -> None:
    WatchedFolderStatus.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["host", "path"],
        update_fields=["polled_at", "error", "error_since"],
    )


def _text(path: Path) -> str:
    """Return a path as text that a database can store, without an MPAN."""
    return mask_mpans(os.fsencode(path).decode("utf-8", "replace"))[:500]
