"""Flow files that need attention: one definition for pages, lists, API and metrics.

A file needs attention if it was rejected, or imported with errors or warnings. It no
longer does when a user acknowledged it, or when a corrected version of a rejected file
was imported. Another import of the file itself ends its acknowledgement.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import (
    Case,
    Count,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextChoices,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.http import urlencode

from meter_readings.d0010 import LONDON, midnight
from meter_readings.models import FlowFile, Severity

# Files that need attention are counted for this long after they were received.
ATTENTION_DAYS = 30

_RECENT_DAYS = 7

_STATUS = FlowFile.Status


class Reason(TextChoices):
    """Why a file needs attention, the most severe first; no file has two reasons."""

    REJECTED = "rejected", "Rejected"
    ERRORS = "errors", "Imported with errors"
    WARNINGS = "warnings", "Imported with warnings"

    @property
    def severity(self) -> Severity:
        return Severity.WARNING if self is Reason.WARNINGS else Severity.ERROR


class AttentionItem(NamedTuple):
    """How many files need attention for one reason, by the age of the file.

    `days` counts the files of today, of the six days before, and of the days before
    those, up to 30. `query_string` filters the admin list of files to them.
    """

    reason: Reason
    days: tuple[int, int, int]
    query_string: str


def attention_items(*, now: datetime) -> list[AttentionItem]:
    """Return the reasons that have files of the last 30 days, with one query."""
    today, week, month = (
        _midnight(now, days_before=days - 1)
        for days in (1, _RECENT_DAYS, ATTENTION_DAYS)
    )
    rows = {
        row["reason"]: row
        for row in FlowFile.objects.filter(needs_attention_q(), received_at__gte=month)
        .values(reason=_REASON)
        .annotate(
            today=Count("pk", filter=Q(received_at__gte=today)),
            week=Count("pk", filter=Q(received_at__gte=week)),
            month=Count("pk"),
        )
    }
    return [
        AttentionItem(
            reason,
            (row["today"], row["week"] - row["today"], row["month"] - row["week"]),
            urlencode({"attention": reason, "received_at__gte": month.isoformat()}),
        )
        for reason in Reason
        if (row := rows.get(reason))
    ]


def rejected_files(*, now: datetime, limit: int) -> QuerySet[FlowFile]:
    """Return the latest rejected files of the last 30 days that need attention."""
    since = _midnight(now, days_before=ATTENTION_DAYS - 1)
    files = FlowFile.objects.filter(
        needs_attention_q(Reason.REJECTED), received_at__gte=since
    )
    return files.order_by("-received_at", "-pk")[:limit]


def needs_attention_q(reason: Reason | None = None) -> Q:
    """Return the condition that a file needs attention, for any or for one reason."""
    condition = reason_q(reason) & ~acknowledged_q()
    if reason in (None, Reason.REJECTED):
        condition &= ~corrected_q()
    return condition


def reason_q(reason: Reason | None = None) -> Q:
    """Return the condition that a file has a reason, whatever was done about it."""
    if reason is not None:
        return _CONDITIONS[reason]
    return Q(*_CONDITIONS.values(), _connector=Q.OR)


def acknowledged_q() -> Q:
    """Return the condition that a file was acknowledged since it was received."""
    return Q(acknowledged_at__gte=F("received_at"))


def corrected_q() -> Q:
    """Return the condition that a corrected version of a rejected file was imported."""
    return Q(status=_STATUS.REJECTED) & (
        Q(received_at__lt=_latest_import("filename"))
        | ~Q(file_identifier="")
        & Q(received_at__lt=_latest_import("file_identifier", "from_participant"))
    )


def _latest_import(*columns: str) -> Coalesce:
    """Return when a file with the same values was imported last.

    It is the file's own time if there is none. The order lets an index find the one
    row; with EXISTS, PostgreSQL may read all files of the same name for each.
    """
    same = {column: OuterRef(column) for column in columns}
    imports = FlowFile.objects.filter(status=_STATUS.IMPORTED, **same)
    latest = imports.order_by("-received_at").values("received_at")[:1]
    return Coalesce(Subquery(latest), F("received_at"))


def is_acknowledged(file: FlowFile) -> bool:
    """Return what `acknowledged_q` says of one file."""
    return file.acknowledged_at is not None and file.acknowledged_at >= file.received_at


def is_open_rejection(file: FlowFile) -> bool:
    """Return whether one file needs attention because it was rejected."""
    return (
        file.status == _STATUS.REJECTED
        and not is_acknowledged(file)
        and correction_of(file) is None
    )


def correction_of(file: FlowFile) -> FlowFile | None:
    """Return the earliest import of a corrected version, or None if there is none.

    It is a file with the same name, or with the same sender and file identifier, that
    was received after a rejected one.
    """
    if file.status != _STATUS.REJECTED:
        return None
    later = FlowFile.objects.filter(
        status=_STATUS.IMPORTED, received_at__gt=file.received_at
    ).order_by("received_at")
    found = list(later.filter(filename=file.filename)[:1])
    if file.file_identifier:
        found += later.filter(
            file_identifier=file.file_identifier, from_participant=file.from_participant
        )[:1]
    return min(found, key=lambda each: each.received_at, default=None)


_IMPORTED = Q(status=_STATUS.IMPORTED)
_CONDITIONS = {
    Reason.REJECTED: Q(status=_STATUS.REJECTED),
    Reason.ERRORS: _IMPORTED & Q(error_count__gt=0),
    Reason.WARNINGS: _IMPORTED & Q(error_count=0, warning_count__gt=0),
}
_REASON = Case(
    *[When(condition, Value(reason)) for reason, condition in _CONDITIONS.items()]
)


def _midnight(now: datetime, *, days_before: int) -> datetime:
    """Return the UK local midnight of an earlier day."""
    today = timezone.localtime(now, LONDON).date()
    return midnight(today - timedelta(days=days_before))
