"""Answers kept for programs that may ask again."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models


class KeptAnswer(models.Model):
    """What a program was answered that may ask again, under a key of its own making.

    Without a status there is no answer yet: the request goes on, or was broken off.
    """

    KEPT_FOR = timedelta(days=2)

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False
    )
    key = models.CharField("Idempotency-Key", max_length=255)
    asked_at = models.DateTimeField(db_index=True)
    fingerprint = models.CharField(
        "SHA-256 of what was sent", max_length=64, blank=True
    )
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    headers = models.JSONField(default=dict, blank=True)
    body = models.TextField(blank=True)

    class Meta:
        # It is no business of people: nobody gets permissions for it.
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["user", "key"], name="one_answer_per_user_and_key"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.status or 'not answered yet'}"
