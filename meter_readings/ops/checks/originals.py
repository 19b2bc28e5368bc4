"""Check of the original files: is each that the database names in the storage."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from meter_readings.models import FlowFile

from .results import CheckResult, failed, ok

_FOLDER = "flow_files"
_SHOWN = 3


def originals() -> CheckResult:
    """Compare the names in the database with a listing of the folder.

    No file is opened: a backup reads them all.
    """
    names = FlowFile.objects.exclude(content="").values_list("content", flat=True)
    expected = set(names.iterator())
    # A file that arrives meanwhile is in the listing only.
    lost = _not_deleted_meanwhile(expected - set(_stored_names()))
    if lost:
        more = f" and {len(lost) - _SHOWN:,} more" if len(lost) > _SHOWN else ""
        return failed(
            f"{len(lost):,} of {len(expected):,} are missing: "
            f"{', '.join(sorted(lost)[:_SHOWN])}{more}",
            "Import those files again, or take them from a backup: tar xzf BACKUP "
            f"--directory {settings.MEDIA_ROOT} NAME",
        )
    return ok(f"all {len(expected):,} that the database names are stored")


def _stored_names() -> Iterator[str]:
    """Yield the names of the stored files. Raises OSError for an unreadable folder."""
    root = Path(settings.MEDIA_ROOT, _FOLDER)
    if not root.exists():
        return
    with os.scandir(root) as folders:
        for folder in folders:
            with os.scandir(folder) as files:
                yield from (f"{_FOLDER}/{folder.name}/{file.name}" for file in files)


def _not_deleted_meanwhile(names: set[str]) -> set[str]:
    """Return the names that the database still has, if some are missing."""
    if not names:
        return names
    return names & set(FlowFile.objects.values_list("content", flat=True).iterator())
