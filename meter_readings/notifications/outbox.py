"""The outbox: notifications are recorded, resolved, sent again and deleted.

Recording takes one query if no rule applies, and two if any does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet
from django.utils import timezone

from meter_readings.d0010.mpan import mask_mpans
from meter_readings.models import (
    FlowFile,
    ImportJob,
    Notification,
    NotificationRule,
)

_Event = NotificationRule.Event
_Status = Notification.Status


class Occurrence(NamedTuple):
    """Something that a rule may report.

    `key` names the object, `state` its new state: the same key and state are reported
    once. `data` is what the message says; it must contain no MPAN.
    """

    key: str
    state: str
    data: dict[str, Any]


def record(
    event: NotificationRule.Event,
    occurrences: Sequence[Occurrence],
    *,
    now: datetime | None = None,
    up_to_threshold: int | None = None,
) -> int:
    """Write a notification for each occurrence and active rule; return their number.

    Call it in the transaction of the change. `up_to_threshold` leaves out the rules
    with a higher threshold.
    """
    rules = NotificationRule.objects.filter(event=event, is_active=True)
    if up_to_threshold is not None:
        rules = rules.filter(threshold__lte=up_to_threshold)
    if not occurrences or not (found := list(rules.order_by("pk"))):
        return 0
    now = now or timezone.now()
    rows = [
        Notification(
            rule=rule,
            event=event,
            object_key=occurrence.key,
            state=occurrence.state,
            data=occurrence.data,
            created_at=now,
            due_at=now + timedelta(minutes=rule.delay),
            next_attempt_at=now + timedelta(minutes=rule.delay),
        )
        for rule in found
        for occurrence in occurrences
    ]
    Notification.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)
    return len(rows)


def record_flow_file(file: FlowFile, *, was_open: bool) -> None:
    """Record that a file was rejected, or imported with errors or warnings.

    `was_open` is whether the same file needed attention for its rejection before: its
    state has then not changed.
    """
    count = file.error_count + file.warning_count
    is_rejected = file.status == FlowFile.Status.REJECTED
    if (is_rejected and was_open) or not (is_rejected or count):
        return
    data = {
        "filename": mask_mpans(file.filename),
        "sender": file.from_participant,
        "errors": file.error_count,
        "warnings": file.warning_count,
        "rules": file.finding_counts,
    }
    occurrence = Occurrence(str(file.pk), file.changed_at.isoformat(), data)
    if is_rejected:
        record(_Event.FILE_REJECTED, [occurrence])
    else:
        record(_Event.FINDINGS, [occurrence], up_to_threshold=count)


def record_failed_jobs(jobs: Iterable[ImportJob], *, reason: str = "") -> None:
    """Record that jobs have failed; a job that fails again is recorded again."""
    record(
        _Event.JOB_FAILED,
        [
            Occurrence(
                str(job.pk),
                job.finished_at.isoformat() if job.finished_at else "failed",
                {
                    "filename": mask_mpans(job.subject),
                    "reason": mask_mpans(reason or job.message),
                },
            )
            for job in jobs
        ],
    )


def drop_resolved(
    event: NotificationRule.Event, *, still_open: Iterable[Occurrence]
) -> int:
    """Drop what waits, repeats too, for an object that is not in that state now."""
    states = {(each.key, each.state) for each in still_open}
    resolved = [
        row.pk
        for row in waiting().filter(event=event)
        if (row.object_key, row.state) not in states
    ]
    return (
        waiting()
        .filter(pk__in=resolved)
        .update(status=_Status.NOT_SENT, message="It was resolved before.")
    )


def resend(notifications: QuerySet[Notification], *, now: datetime) -> int:
    """Make notifications due again, with new attempts; those waiting wait no longer."""
    return notifications.filter(~Q(rule=None)).update(
        status=_Status.WAITING,
        due_at=now,
        next_attempt_at=now,
        attempts=0,
        sent_at=None,
        message="",
    )


def waiting() -> QuerySet[Notification]:
    return Notification.objects.filter(status=_Status.WAITING)


def delete_old(*, before: datetime) -> int:
    """Delete notifications that were created earlier and do not wait."""
    old = Notification.objects.filter(created_at__lt=before)
    _, deleted = old.exclude(status=_Status.WAITING).delete()
    return deleted.get(Notification._meta.label, 0)
