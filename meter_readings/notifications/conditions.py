"""Whether what a notification is about is still open."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from meter_readings.models import FlowFile, ImportJob, Notification, NotificationRule
from meter_readings.queries import attention

_Event = NotificationRule.Event

# Nothing is reported again for longer than it is counted on the home page.
REPEAT_FOR = timedelta(days=attention.ATTENTION_DAYS)


def find_resolved(notifications: Iterable[Notification]) -> set[int]:
    """Return the ids of those whose object needs no attention, with a query each kind.

    Late files are resolved by `late_files.record_late_files`.
    """
    keys: dict[str, dict[int, int]] = {}
    for each in notifications:
        if each.event in _OPEN:
            keys.setdefault(each.event, {})[each.pk] = int(each.object_key)
    resolved = set()
    for event, objects in keys.items():
        rows = _OPEN[event]().filter(pk__in=set(objects.values()))
        still_open = set(rows.values_list("pk", flat=True))
        resolved |= {pk for pk, key in objects.items() if key not in still_open}
    return resolved


def open_failed_jobs(*, since: datetime | None = None) -> QuerySet[ImportJob]:
    """Return failed jobs that were not tried again, and whose file did not change.

    An erasure cannot be tried again; it is asked for again.
    """
    erasures = ImportJob.objects.filter(
        kind=ImportJob.Kind.ERASE, pseudonym=OuterRef("pseudonym")
    )
    later = FlowFile.objects.filter(changed_at__gte=OuterRef("started_at"))
    jobs = ImportJob.objects.filter(
        ~Exists(later.filter(filename=OuterRef("filename"))),
        ~Exists(later.filter(sha256=OuterRef("sha256"))),
        ~Exists(erasures.filter(pk__gt=OuterRef("pk"))),
        state=ImportJob.State.FAILED,
        is_retried=False,
    )
    return jobs if since is None else jobs.filter(started_at__gte=since)


def _rejected() -> QuerySet[FlowFile]:
    return FlowFile.objects.filter(
        attention.needs_attention_q(attention.Reason.REJECTED)
    )


def _with_findings() -> QuerySet[FlowFile]:
    return FlowFile.objects.filter(
        Q(status=FlowFile.Status.IMPORTED), attention.needs_attention_q()
    )


_OPEN: dict[str, Callable[[], QuerySet[Any]]] = {
    _Event.FILE_REJECTED: _rejected,
    _Event.FINDINGS: _with_findings,
    _Event.JOB_FAILED: open_failed_jobs,
}
