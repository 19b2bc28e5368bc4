"""Sends what is due in the outbox.

Several senders may run at once. A sender claims rows by giving them a later time of
their next attempt, in one transaction, so no other takes them. If it is killed between
sending and saving that, another sends the row again after the lease, with the same
id: a message is sent at least once, and twice only then.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import OperationalError, transaction
from django.db.models import F

from meter_readings.models import (
    Notification,
    NotificationDelivery,
    NotificationRule,
)

from .conditions import REPEAT_FOR, find_resolved
from .email import EmailSender
from .errors import DeliveryFailed, Unreachable
from .outbox import waiting
from .webhooks import WebhookSender

logger = logging.getLogger(__name__)

_BATCH = 50
# A claimed row belongs to its sender for this long; it begins no row in the last
# minutes, and so waits for a locked database.
_LEASE, _LEASE_TO_SPARE = timedelta(minutes=20), timedelta(minutes=5)

# With these delays the last attempt is about three days after the first.
MAX_ATTEMPTS = 20
_FIRST_DELAY, _LONGEST_DELAY = timedelta(minutes=1), timedelta(hours=6)

_Status = Notification.Status
_Channel = NotificationRule.Channel


class SendResult(NamedTuple):
    """How many notifications were sent, failed for now, failed for good, or dropped."""

    sent: int
    retried: int
    failed: int
    not_sent: int


def send_due(now: datetime) -> SendResult:
    """Send every notification that is due; a worker or a timer calls it.

    A server that does not answer is not tried again in this run. Errors are logged and
    kept with their notification, never raised.
    """
    return _Run(now).send_all()


def backoff(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts."""
    return min(_FIRST_DELAY * (1 << min(attempts - 1, 20)), _LONGEST_DELAY)


class _Run:
    """One run of a sender."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._start = time.monotonic()
        self._counts: Counter[str] = Counter()
        self._unreachable: dict[str, str] = {}
        self._senders: dict[str, EmailSender | WebhookSender] = {
            _Channel.EMAIL: EmailSender(),
            _Channel.WEBHOOK: WebhookSender(),
        }

    def send_all(self) -> SendResult:
        try:
            while batch := self._claim():
                self._send_batch(batch)
        finally:
            for sender in self._senders.values():
                sender.close()
        counts = self._counts
        return SendResult(
            counts["sent"], counts["retried"], counts["failed"], counts["not sent"]
        )

    def _time(self) -> datetime:
        """Return the present time; `now` is that of the start."""
        return self._now + timedelta(seconds=time.monotonic() - self._start)

    def _claim(self) -> list[Notification]:
        """Take rows that are due, and count the attempt."""
        with transaction.atomic():
            # What this run has tried is due later than its start.
            due = waiting().filter(next_attempt_at__lte=self._now)
            rows = list(
                due.select_for_update(skip_locked=True, of=("self",))
                .select_related("rule")
                .order_by("next_attempt_at", "pk")[:_BATCH]
            )
            Notification.objects.filter(pk__in=[row.pk for row in rows]).update(
                next_attempt_at=self._time() + _LEASE, attempts=F("attempts") + 1
            )
        for row in rows:
            row.attempts += 1
        return rows

    def _send_batch(self, batch: list[Notification]) -> None:
        deadline = time.monotonic() + (_LEASE - _LEASE_TO_SPARE).total_seconds()
        may_be_resolved = [
            row for row in batch if row.rule and (row.rule.delay or row.reminder)
        ]
        resolved = find_resolved(may_be_resolved)
        for row in batch:
            if time.monotonic() > deadline:
                return  # Another run takes the rest after the lease.
            if row.rule is None or not row.rule.is_active:
                self._drop(row, "The rule was deleted or is not active.")
            elif row.pk in resolved:
                self._drop(row, "It was resolved before.")
            else:
                self._send(row, row.rule)

    def _send(self, row: Notification, rule: NotificationRule) -> None:
        sender = self._senders[rule.channel]
        target = sender.target(row)
        if target in self._unreachable:
            self._keep_trying(row, self._unreachable[target], is_tried=False)
            return
        try:
            result = sender.send(row, rule)
        except Unreachable as error:
            self._unreachable[target] = str(error)
            self._keep_trying(row, str(error))
        except DeliveryFailed as error:
            self._keep_trying(row, str(error))
        except Exception as error:
            # A template with an error, for example. The text may quote the message.
            logger.exception("Notification %s could not be made.", row.pk)
            self._keep_trying(row, f"{type(error).__name__} in the message")
        else:
            self._counts["sent"] += 1
            self._save(
                row, rule, result, status=_Status.SENT, sent_at=self._time(), message=""
            )

    def _keep_trying(
        self, row: Notification, reason: str, *, is_tried: bool = True
    ) -> None:
        """Save why an attempt failed, and when the next one is, if there is one."""
        is_last = row.attempts >= MAX_ATTEMPTS
        self._counts["failed" if is_last else "retried"] += 1
        self._save(
            row,
            None,
            reason if is_tried else "",
            status=_Status.FAILED if is_last else _Status.WAITING,
            message=reason[:200],
            next_attempt_at=self._time() + backoff(row.attempts),
        )

    def _drop(self, row: Notification, reason: str) -> None:
        self._counts["not sent"] += 1
        self._save(row, None, "", status=_Status.NOT_SENT, message=reason)

    def _save(
        self,
        row: Notification,
        rule: NotificationRule | None,
        result: str,
        **values: object,
    ) -> None:
        """Save an outcome; `rule` is given if it was sent."""

        def save() -> None:
            with transaction.atomic():
                # The number of attempts tells whether the row is still ours.
                ours = waiting().filter(pk=row.pk, attempts=row.attempts)
                if not ours.update(**values) and rule is None:
                    return
                if result:
                    NotificationDelivery.objects.create(
                        notification=row,
                        attempted_at=self._time(),
                        is_delivered=rule is not None,
                        result=result[:200],
                    )
                if rule is not None:
                    self._write_repeat(row, rule)

        _wait_for_lock(save)

    def _write_repeat(self, row: Notification, rule: NotificationRule) -> None:
        """Write the notification that is sent if the object is still open then."""
        step = timedelta(days=rule.repeat_days)
        now = self._time()
        due_at = row.due_at + step if row.due_at + step > now else now + step
        is_digest = row.event == NotificationRule.Event.DIGEST
        if not rule.repeat_days or is_digest or due_at > row.created_at + REPEAT_FOR:
            return
        repeat = Notification(
            rule=rule,
            event=row.event,
            object_key=row.object_key,
            state=row.state,
            reminder=row.reminder + 1,
            data=row.data,
            created_at=row.created_at,
            due_at=due_at,
            next_attempt_at=due_at,
        )
        Notification.objects.bulk_create([repeat], ignore_conflicts=True)


def _wait_for_lock(save: Callable[[], None]) -> None:
    """Save, and try again while another program has locked the database.

    On SQLite an import locks it for as long as it loads; what was sent meanwhile must
    not be sent again.
    """
    give_up_at = time.monotonic() + _LEASE_TO_SPARE.total_seconds()
    while True:
        try:
            save()
            return
        except OperationalError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.5)
