"""Watched folders that are in error, or that no watcher polls any more."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import TextChoices

from meter_readings.models import ImportJob, WatchedFolderStatus

# An error that ends before is only in the log.
ERROR_AFTER = timedelta(minutes=5)
NOT_POLLED_AFTER = timedelta(minutes=30)

_NOT_POLLED = "no watcher has looked at it"


class FolderState(TextChoices):
    """Whether files are taken from a watched folder."""

    FINE = "fine", "Fine"
    ERROR = "error", "In error"
    NOT_POLLED = "not-polled", "Not watched"


class FolderStatus(NamedTuple):
    """The state of a watched folder; `since` and `reason` say what is wrong."""

    pk: int
    path: str
    state: FolderState
    since: datetime
    reason: str


def folder_statuses(*, now: datetime) -> list[FolderStatus]:
    """Return the watched folders by path, with one query, or two if one is old."""
    rows = list(WatchedFolderStatus.objects.order_by("path", "host"))
    old = {row.pk for row in rows if now - row.polled_at > NOT_POLLED_AFTER}
    if old and _is_importing():
        old = set()
    return [_status(row, now, is_old=row.pk in old) for row in rows]


def folder_problems(*, now: datetime) -> list[FolderStatus]:
    """Return the watched folders from which no file is taken."""
    statuses = folder_statuses(now=now)
    return [each for each in statuses if each.state != FolderState.FINE]


def _is_importing() -> bool:
    """Return whether a watcher imports a file, during which it polls no folder."""
    jobs = ImportJob.objects.running().filter(channel=ImportJob.Channel.FOLDER)
    return jobs.exists()


def _status(row: WatchedFolderStatus, now: datetime, *, is_old: bool) -> FolderStatus:
    if is_old:
        state = FolderState.NOT_POLLED
        return FolderStatus(row.pk, row.path, state, row.polled_at, _NOT_POLLED)
    since = row.error_since
    if since is None or now - since < ERROR_AFTER:
        return FolderStatus(row.pk, row.path, FolderState.FINE, row.polled_at, "")
    return FolderStatus(row.pk, row.path, FolderState.ERROR, since, row.error)
