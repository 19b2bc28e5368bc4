"""Subject requests, and the pseudonyms of their MPANs."""

from __future__ import annotations

import hmac

from django.conf import settings
from django.db import models

from .import_job import PSEUDONYM_LENGTH_SHOWN, ImportJob


class SubjectRequest(models.Model):
    """An answered request of the person behind an MPAN (UK GDPR, articles 15 and 17).

    The MPAN is not stored. Its `pseudonym` can be computed from the MPAN and the
    setting PSEUDONYM_KEY.
    """

    class Kind(models.TextChoices):
        ACCESS = "access", "Access"
        ERASURE = "erasure", "Erasure"

    kind = models.CharField(max_length=10, choices=Kind)
    pseudonym = models.CharField(max_length=64, db_index=True)
    answered_at = models.DateTimeField(db_index=True)
    answered_by = models.CharField(max_length=150)
    channel = models.CharField(max_length=10, choices=ImportJob.Channel)
    reason = models.CharField(max_length=200, blank=True)
    counts = models.JSONField(default=dict, blank=True)

    class Meta:
        permissions = [("erase_mpan", "Can erase an MPAN")]

    def __str__(self) -> str:
        pseudonym = self.pseudonym[:PSEUDONYM_LENGTH_SHOWN]
        return f"{self.get_kind_display()} {pseudonym}…"


def pseudonymise_mpan(mpan: str) -> str:
    """Return the HMAC-SHA-256 of an MPAN core, as 64 hexadecimal digits.

    A plain hash would not be enough: all possible MPANs can be tried in a short time.
    Another PSEUDONYM_KEY gives other pseudonyms.
    """
    key = settings.PSEUDONYM_KEY.encode()
    return hmac.digest(key, b"mpan:" + mpan.encode(), "sha256").hex()
