"""Notifications: the rules for them, the outbox, and the log of deliveries."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q

# The receiver has this long to store a new secret.
PREVIOUS_SECRET_SIGNS = timedelta(hours=24)


class NotificationRule(models.Model):
    """What is reported to whom: one kind of event, by e-mail or to one webhook."""

    class Event(models.TextChoices):
        FILE_REJECTED = "file-rejected", "File rejected"
        FINDINGS = "findings", "File imported with findings"
        JOB_FAILED = "job-failed", "Import job failed"
        FILE_LATE = "file-late", "File late or missing"
        FOLDER_ERROR = "folder-error", "Watched folder in error"
        DIGEST = "digest", "Daily digest of what is open"

    class Channel(models.TextChoices):
        EMAIL = "email", "E-mail"
        WEBHOOK = "webhook", "Webhook"

    name = models.CharField(max_length=100, unique=True)
    event = models.CharField(max_length=20, choices=Event)
    threshold = models.PositiveIntegerField(
        default=1,
        help_text="For files imported with findings: "
        "the number of errors and warnings from which a file is reported.",
    )
    delay = models.PositiveIntegerField(
        "delay in minutes",
        default=0,
        help_text="With a delay, nothing is sent if it is resolved by then.",
    )
    repeat_days = models.PositiveSmallIntegerField(
        "repeat after days",
        default=0,
        help_text="Send again every so many days while it is still open, "
        "for 30 days at most; 0: never.",
    )
    channel = models.CharField(max_length=10, choices=Channel, default=Channel.EMAIL)
    users = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        help_text="Active users of these with an e-mail address receive the e-mail.",
    )
    groups = models.ManyToManyField("auth.Group", blank=True)
    webhook_url = models.URLField("webhook URL", max_length=500, blank=True)
    # It signs each request, so a hash would not do. A request of the first day after a
    # change has a signature by the previous secret too.
    webhook_secret = models.CharField(max_length=100, blank=True)
    previous_webhook_secret = models.CharField(max_length=100, blank=True)
    webhook_secret_changed_at = models.DateTimeField(null=True, blank=True)
    is_active = models.BooleanField("active", default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(channel="webhook") | ~Q(webhook_url=""),
                name="webhook_rule_has_a_url",
            ),
        ]

    def change_secret(self, secret: str, *, now: datetime) -> None:
        """Sign with another secret from now on; the caller saves the rule."""
        self.previous_webhook_secret = self.webhook_secret
        self.webhook_secret, self.webhook_secret_changed_at = secret, now

    def signing_secrets(self, *, now: datetime) -> list[str]:
        """Return the secret, and the previous one on the day after a change."""
        changed_at = self.webhook_secret_changed_at
        is_recent = changed_at is not None and now < changed_at + PREVIOUS_SECRET_SIGNS
        previous = [self.previous_webhook_secret] if is_recent else []
        return [self.webhook_secret, *filter(None, previous)]

    def __str__(self) -> str:
        return self.name


class Notification(models.Model):
    """A row of the outbox: one message about one change of state, for one rule.

    It is written in the transaction of the change and sent later. `object_key` names
    what the message is about, such as a flow file by its id; `state` is different for
    each change of its state. `uuid` is the same in all attempts to send it, so that
    the receiver can recognise a repeated one.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"
        NOT_SENT = "not-sent", "Not sent"

    # A waiting one is overdue this long after it was due.
    OVERDUE_AFTER = timedelta(minutes=30)

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    rule = models.ForeignKey(NotificationRule, models.SET_NULL, null=True)
    event = models.CharField(max_length=20, choices=NotificationRule.Event)
    object_key = models.CharField(max_length=100, blank=True)
    state = models.CharField(max_length=64, blank=True)
    reminder = models.PositiveSmallIntegerField("repeat", default=0)
    # What the message says, with MPANs masked
    data = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    created_at = models.DateTimeField("created", db_index=True)
    due_at = models.DateTimeField("due")
    # Until then no sender takes it: it waits for its next attempt, or is being sent.
    next_attempt_at = models.DateTimeField("next attempt")
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField("sent", null=True, blank=True)
    message = models.CharField("reason", max_length=200, blank=True)

    class Meta:
        default_permissions = ("view",)
        permissions = [("resend_notification", "Can send notifications again")]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(status="waiting"),
                name="notification_due_idx",
            ),
            models.Index(
                fields=["status", "created_at"], name="notification_status_idx"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "event", "object_key", "state", "reminder"],
                name="one_notification_per_rule_and_change_of_state",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_event_display()} {self.pk}"


class NotificationDelivery(models.Model):
    """One attempt to send a notification."""

    notification = models.ForeignKey(
        Notification, models.CASCADE, related_name="deliveries"
    )
    attempted_at = models.DateTimeField("attempted")
    is_delivered = models.BooleanField("delivered")
    # What the server answered, or the kind of error
    result = models.CharField(max_length=200)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.result
