"""Subject requests: what was erased or handed over."""

from __future__ import annotations

from django.db import models

from .import_job import ImportJob


class SubjectRequest(models.Model):
    """What was done for the person behind an MPAN (UK GDPR, articles 15 and 17).

    The MPAN is not kept: `pseudonym` tells it to whoever has both it and the key.
    """

    class Kind(models.TextChoices):
        """What the person asked for."""

        ACCESS = "access", "Access"
        ERASURE = "erasure", "Erasure"

    kind = models.CharField(max_length=10, choices=Kind)
    pseudonym = models.CharField(max_length=64, db_index=True)
    answered_at = models.DateTimeField(db_index=True)
    answered_by = models.CharField(max_length=150)
    channel = models.CharField(max_length=10, choices=ImportJob.Channel)
    reason = models.CharField(max_length=200, blank=True)
    counts = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pseudonym[:12]}…"
