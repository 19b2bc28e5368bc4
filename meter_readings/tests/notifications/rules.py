"""Rules and outbox rows for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import User

from meter_readings import notifications
from meter_readings.models import Notification, NotificationRule
from meter_readings.notifications import Occurrence

Event = NotificationRule.Event
DUE = datetime(2026, 12, 1, 9, tzinfo=UTC)


def email_rule(
    event: str = Event.FILE_REJECTED, *, to: str = "bob@example.org", **values: Any
) -> NotificationRule:
    """Return a rule that sends e-mail to one user."""
    user, _ = User.objects.get_or_create(
        username=to.partition("@")[0], defaults={"email": to}
    )
    number = NotificationRule.objects.count()
    values = {"name": f"Rule {number}", "event": event} | values
    rule = NotificationRule.objects.create(**values)
    rule.users.add(user)
    return rule


def webhook_rule(url: str, event: str = Event.FILE_REJECTED) -> NotificationRule:
    return NotificationRule.objects.create(
        name=f"Webhook {NotificationRule.objects.count()}",
        event=event,
        channel=NotificationRule.Channel.WEBHOOK,
        webhook_url=url,
        webhook_secret=notifications.generate_secret(),
    )


def record(count: int = 1, event: Event = Event.FILE_REJECTED, **data: Any) -> None:
    """Record that some files were rejected; no such files are stored."""
    data = {"filename": "april.uff", "errors": 3, "warnings": 0, "rules": {}} | data
    occurrences = [Occurrence(str(number), "new", data) for number in range(count)]
    notifications.record(event, occurrences, now=DUE)


def statuses() -> list[str]:
    return list(Notification.objects.order_by("pk").values_list("status", flat=True))
