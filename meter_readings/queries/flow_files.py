"""Finding flow files by a reference, and the latest ones."""

from __future__ import annotations

import re

from django.db.models import QuerySet

from meter_readings.models import FlowFile

_NUMBER = re.compile(r"#?([0-9]{1,18})")
# Fewer hexadecimal digits could be a word.
_SHA256_PREFIX = re.compile(r"[0-9a-f]{8,64}")


def find_flow_files(*, reference: str) -> list[FlowFile]:
    """Return the files that a reference can mean, latest first.

    A reference is a file's number (`12` or `#12`), or else its name, or else the first
    eight or more digits of its SHA-256. If imported files match a name or a SHA-256,
    files of another status are not returned.
    """
    files = FlowFile.objects.order_by("-received_at", "-pk")
    if number := _NUMBER.fullmatch(reference):
        if file := files.filter(pk=int(number[1])).first():
            return [file]
    if matches := _prefer_imported(files.filter(filename=reference)):
        return matches
    prefix = reference.lower()
    if _SHA256_PREFIX.fullmatch(prefix):
        return _prefer_imported(files.filter(sha256__startswith=prefix))
    return []


def _prefer_imported(files: QuerySet[FlowFile]) -> list[FlowFile]:
    imported = files.filter(status=FlowFile.Status.IMPORTED)
    return list(imported) or list(files)


def latest_flow_files(*, limit: int) -> QuerySet[FlowFile]:
    """Return the files received latest, of any status."""
    return FlowFile.objects.order_by("-received_at", "-pk")[:limit]
