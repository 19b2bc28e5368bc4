"""Corrections: readings that users added, corrected or withdrew."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from .constraints import VALUE_DIGITS, VALUE_PLACES


class Correction(models.Model):
    """One act of a user, with its reason: a reading added, corrected or withdrawn.

    Its readings are its effect. There are two if the reading key changes: a withdrawal
    with the old key and the reading with the new one. An undo keeps them, as withdrawn.
    """

    class Kind(models.TextChoices):
        ADD = "add", "Added"
        CORRECT = "correct", "Corrected"
        WITHDRAW = "withdraw", "Withdrawn"

    kind = models.CharField(max_length=10, choices=Kind)
    reason = models.TextField()
    # The value that was current before; nothing if the reading was added
    corrected_value = models.DecimalField(
        max_digits=VALUE_DIGITS, decimal_places=VALUE_PLACES, null=True, blank=True
    )
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        related_name="+",
        null=True,
        blank=True,
    )
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        related_name="+",
        null=True,
        blank=True,
    )
    # When it was made or undone, later than every earlier change of readings
    changed_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        default_permissions = ("view",)
        permissions = [
            ("correct_reading", "Can add, correct and withdraw single readings")
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(reason=""), name="correction_has_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

    @property
    def is_undone(self) -> bool:
        return self.undone_at is not None
