"""Check of the backups: is the latest recent enough."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Min
from django.utils import timezone

from meter_readings.models import FlowFile
from meter_readings.ops.backup import list_backups

from .results import CheckResult, failed, ok

# A timer makes one every night.
_MAX_AGE = timedelta(hours=26)


def backups() -> CheckResult:
    """Compare the time of the latest backup with that of the first file."""
    if not settings.IS_PRODUCTION:
        return ok("not needed in development")
    folder, now = Path(settings.BACKUP_ROOT), timezone.now()
    paths = list_backups(folder=folder)
    first = FlowFile.objects.aggregate(first=Min("received_at"))["first"]
    latest = _time_of(paths[-1]) if paths else None
    if now - (latest or first or now) > _MAX_AGE:
        age = f"the latest is of {latest:%d %B %Y}" if latest else "there is none"
        return failed(
            f"{age} in {folder}",
            "Run: systemctl start d0010-backup; journalctl -u d0010-backup shows why "
            "it failed. The timer is d0010-backup.timer.",
        )
    return ok(f"the latest is of {latest:%d %B %Y %H:%M} UTC" if latest else "none yet")


def _time_of(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
