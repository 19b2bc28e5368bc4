"""Notifications of files that are late or missing, one for each sender and state."""

from __future__ import annotations

from datetime import date, datetime

from django.utils.formats import date_format

from meter_readings.models import NotificationRule
from meter_readings.queries import expected_files
from meter_readings.queries.expected_files import ExpectedSender

from .outbox import Occurrence, drop_resolved, record

_EVENT = NotificationRule.Event.FILE_LATE


def record_late_files(*, now: datetime) -> None:
    """Record which senders' files are late or missing, once for each change of state.

    What waits for a sender whose file has come, or whose state has changed since, is
    not sent. It takes one query if no rule is active.
    """
    if not NotificationRule.objects.filter(event=_EVENT, is_active=True).exists():
        return
    overdue = [
        _occurrence(sender) for sender in expected_files.overdue_senders(now=now)
    ]
    drop_resolved(_EVENT, still_open=overdue)
    record(_EVENT, overdue, now=now)


def _occurrence(sender: ExpectedSender) -> Occurrence:
    """Return what is reported; another due date is another state."""
    due, latest = sender.due_date, sender.latest_date
    if due and latest:
        text = (
            f"A file of {sender.participant} was due on {_day(due)}. "
            f"The latest came on {_day(latest)}."
        )
    else:
        days = expected_files.DAYS_LOOKED_AT
        text = f"No file of {sender.participant} has come in the last {days} days."
    data = {
        "sender": sender.participant,
        "state": sender.state.value,
        "due_date": due and due.isoformat(),
        "latest_date": latest and latest.isoformat(),
        "text": text,
    }
    return Occurrence(sender.participant, f"{sender.state}-{due or ''}", data)


def _day(day: date) -> str:
    return date_format(day, "j F Y")
