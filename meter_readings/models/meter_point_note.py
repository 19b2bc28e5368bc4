"""Notes about meter points."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class MeterPointNote(models.Model):
    """A note that a user wrote about a meter point.

    It has the MPAN and no reference to the meter point: undoing an import deletes meter
    points, but not what users wrote about them.
    """

    mpan = models.CharField("MPAN", max_length=13)
    text = models.TextField()
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        related_name="+",
        null=True,
        blank=True,
    )
    written_at = models.DateTimeField(db_index=True)

    class Meta:
        # A note is not changed.
        default_permissions = ("add", "delete", "view")
        indexes = [models.Index(fields=["mpan", "written_at"], name="note_mpan_idx")]

    def __str__(self) -> str:
        return f"Note {self.pk}"
