"""Notifications of watched folders from which no file is taken."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format

from meter_readings.models import NotificationRule
from meter_readings.queries import watched_folders
from meter_readings.queries.watched_folders import FolderStatus

from .outbox import Occurrence, drop_resolved, record

_EVENT = NotificationRule.Event.FOLDER_ERROR


def record_folder_errors(*, now: datetime) -> None:
    """Record which watched folders are in error, once for each time that one is.

    What waits for a folder that is in order again is not sent. It takes one query if
    no rule is active.
    """
    if not NotificationRule.objects.filter(event=_EVENT, is_active=True).exists():
        return
    problems = [_occurrence(each) for each in watched_folders.folder_problems(now=now)]
    drop_resolved(_EVENT, still_open=problems)
    record(_EVENT, problems, now=now)


def _occurrence(folder: FolderStatus) -> Occurrence:
    since = date_format(timezone.localtime(folder.since), "j F Y, H:i")
    data = {
        "folder": folder.path,
        "state": folder.state.value,
        "since": folder.since.isoformat(),
        "reason": folder.reason,
        "text": f"No file is taken from {folder.path} since {since}: {folder.reason}.",
    }
    return Occurrence(
        str(folder.pk), f"{folder.state}-{folder.since.isoformat()}", data
    )
