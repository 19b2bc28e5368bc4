"""Recording of audit events."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import DatabaseError, InterfaceError
from django.db.models import Model
from django.utils import timezone

from meter_readings.models import (
    ApiToken,
    AuditEvent,
    FlowFile,
    ImportJob,
    MeterPoint,
    SubjectRequest,
)
from meter_readings.write_lock import write_unless_locked

from .actors import Actor, current_actor

logger = logging.getLogger(__name__)

# Seconds that a page waits for SQLite's write lock to record that it was opened
_LOCK_TIMEOUT = 1.0

# The field by which people know an object
_LABELS: dict[type[Model], str] = {
    ApiToken: "name",
    FlowFile: "filename",
    MeterPoint: "mpan",
    SubjectRequest: "pseudonym",
    User: "username",
}


def record(
    action: AuditEvent.Action,
    target: Model | type[Model] | None = None,
    *,
    label: str = "",
    details: Mapping[str, Any] | None = None,
    channel: ImportJob.Channel | None = None,
    user: User | None = None,
) -> None:
    """Record a change, in the transaction of the change.

    `target` is the object that was changed, or the model of several; `label` names it
    where it has no name of its own. `channel` and `user` are those of the current
    actor unless they are given. An error of the database is raised, so that nothing is
    changed without an event.
    """
    _event(action, target, label, details, channel, user, current_actor()).save()


def record_access(
    action: AuditEvent.Action,
    target: Model | type[Model] | None = None,
    *,
    label: str = "",
    details: Mapping[str, Any] | None = None,
    user: User | None = None,
    actor: Actor | None = None,
) -> None:
    """Record that something was read, or a sign-in, by `actor` or the current one.

    It must not fail or wait for an import: if the database cannot be written, or SQLite
    stays locked for a second, the event is logged instead, without the texts that can
    name an MPAN.
    """
    event = _event(action, target, label, details, None, user, actor or current_actor())
    try:
        is_stored = write_unless_locked(event.save, seconds=_LOCK_TIMEOUT)
    except (DatabaseError, InterfaceError):
        is_stored = False
    if not is_stored:
        fields = {
            "action": str(event.action),
            "channel": str(event.channel),
            "user": event.username,
            "token": event.token,
            "object_type": event.object_type,
            "object_id": event.object_id or "",
        }
        logger.warning("An audit event was not stored.", extra={"fields": fields})


def _event(
    action: AuditEvent.Action,
    target: Model | type[Model] | None,
    label: str,
    details: Mapping[str, Any] | None,
    channel: ImportJob.Channel | None,
    user: User | None,
    actor: Actor,
) -> AuditEvent:
    if user is not None:
        actor = actor._replace(username=user.get_username(), user_id=user.pk)
    row = target if isinstance(target, Model) else None
    if row is not None and not label:
        label = str(getattr(row, _LABELS.get(type(row), ""), row))
    return AuditEvent(
        at=timezone.now(),
        action=action,
        channel=channel or actor.channel,
        username=actor.username[:150],
        user_id=actor.user_id,
        token=actor.token,
        request_id=actor.request_id or None,
        object_type=str(target._meta.model_name) if target else "",
        object_id=row.pk if row else None,
        object_label=label[:255],
        details=dict(details or {}),
    )
