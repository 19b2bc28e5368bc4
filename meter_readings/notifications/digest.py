"""The daily digest of what is open."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from meter_readings.d0010 import LONDON
from meter_readings.d0010.mpan import mask_mpans
from meter_readings.models import Notification, NotificationRule
from meter_readings.queries import (
    attention,
    expected_files,
    overdue_readings,
    watched_folders,
)

from .conditions import REPEAT_FOR, open_failed_jobs
from .outbox import Occurrence, record

_EVENT = NotificationRule.Event.DIGEST
_FILES_LISTED = 20


def write_digests(*, now: datetime, at_any_hour: bool = False) -> int:
    """Write today's digest for each rule, once a day; return their number.

    Nothing is written before NOTIFICATION_DIGEST_HOUR, and if nothing is open.
    """
    local = timezone.localtime(now, LONDON)
    if local.hour < settings.NOTIFICATION_DIGEST_HOUR and not at_any_hour:
        return 0
    state = local.date().isoformat()
    rules = NotificationRule.objects.filter(event=_EVENT, is_active=True)
    written = Notification.objects.filter(event=_EVENT, state=state)
    if not rules.exclude(pk__in=written.values("rule")).exists():
        return 0
    data = open_items(now=now)
    if not data["items"]:
        return 0
    data["date"] = f"{local.day} {local:%B %Y}"
    return record(_EVENT, [Occurrence("", state, data)], now=now)


def open_items(*, now: datetime) -> dict[str, Any]:
    """Return what is open, by kind, and the latest rejected files."""
    counts = {
        item.reason.label: sum(item.days) for item in attention.attention_items(now=now)
    }
    counts["Import jobs that failed"] = open_failed_jobs(since=now - REPEAT_FOR).count()
    overdue = expected_files.overdue_senders(now=now)
    counts["Senders whose files are late or missing"] = len(overdue)
    silent = overdue_readings.overdue_counts()
    counts["Meter points and registers whose readings are late or missing"] = sum(
        silent.values()
    )
    folders = watched_folders.folder_problems(now=now)
    counts["Watched folders in error"] = len(folders)
    failed = Notification.objects.filter(
        status=Notification.Status.FAILED, created_at__gte=now - timedelta(days=7)
    )
    counts["Notifications that could not be sent"] = failed.count()
    files = attention.rejected_files(now=now, limit=_FILES_LISTED)
    return {
        "items": [
            {"label": label, "count": count} for label, count in counts.items() if count
        ],
        "files": [
            {"filename": mask_mpans(file.filename), "path": file.get_absolute_url()}
            for file in files
        ],
    }
