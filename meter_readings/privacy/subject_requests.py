"""Records of erasure and subject access requests, without the MPAN."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from meter_readings import audit
from meter_readings.models import AuditEvent, ImportJob, SubjectRequest
from meter_readings.models import pseudonymise_mpan

_ACTIONS = {
    SubjectRequest.Kind.ACCESS: AuditEvent.Action.SUBJECT_ACCESS,
    SubjectRequest.Kind.ERASURE: AuditEvent.Action.ERASURE,
}


@transaction.atomic
def record_request(
    *,
    kind: SubjectRequest.Kind,
    mpan: str,
    answered_by: str,
    now: datetime,
    channel: ImportJob.Channel,
    reason: str,
    counts: Mapping[str, int],
) -> SubjectRequest:
    """Record a request that was answered, with a pseudonym of the MPAN.

    Its event in the audit trail refers to it.
    """
    request = SubjectRequest.objects.create(
        kind=kind,
        pseudonym=pseudonymise_mpan(mpan),
        answered_at=now,
        answered_by=answered_by[:150],
        channel=channel,
        reason=reason[:200],
        counts=dict(counts),
    )
    audit.record(_ACTIONS[kind], request, channel=channel)
    return request


def previous_requests(*, mpan: str) -> QuerySet[SubjectRequest]:
    """Return the requests about an MPAN, earliest first."""
    requests = SubjectRequest.objects.filter(pseudonym=pseudonymise_mpan(mpan))
    return requests.order_by("answered_at", "pk")
