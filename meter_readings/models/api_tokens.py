"""API tokens: by which programs are known."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse


class ApiToken(models.Model):
    """By which a program is known to the API, in place of its user's password.

    The secret is nowhere but with who was shown it: a row has its SHA-256, and how it
    begins, to tell one from another.
    """

    class Scope(models.TextChoices):
        """What it opens, of what its user may do; words as RFC 6749 writes scopes."""

        READ = "read", "Read"
        IMPORT = "import", "Import"
        BOTH = "read import", "Read and import"

    class State(models.TextChoices):
        """Whether it opens anything."""

        ACTIVE = "active", "Active"
        EXPIRING = "expiring", "Expires soon"
        EXPIRED = "expired", "Expired"
        LOCKED_OUT = "locked_out", "User locked out"
        REVOKED = "revoked", "Revoked"

    # How long before its end a token is said to expire soon
    SOON = timedelta(days=14)
    # How much of the secret is kept: "d0010_" and 24 of its 256 bits
    BEGINNING = 12
    LONGEST_NAME = 100

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens"
    )
    name = models.CharField(max_length=LONGEST_NAME)
    sha256 = models.CharField("SHA-256", max_length=64, unique=True)
    beginning = models.CharField("begins with", max_length=BEGINNING)
    scope = models.CharField(max_length=11, choices=Scope)
    created_at = models.DateTimeField("created")
    expires_at = models.DateTimeField("expires")
    # To the hour: a row that every request wrote to would hold them up.
    last_used_at = models.DateTimeField("last used", null=True, blank=True)
    revoked_at = models.DateTimeField("revoked", null=True, blank=True)

    class Meta:
        verbose_name = "API token"
        default_permissions = ()
        permissions = [("make_apitoken", "Can make and revoke API tokens of their own")]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "name"],
                condition=Q(revoked_at__isnull=True),
                name="one_token_of_a_name_unless_revoked",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")),
                name="token_expires_after_it_was_created",
            ),
            models.CheckConstraint(
                condition=Q(scope__in=["read", "import", "read import"]),
                name="token_scope_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.user}"

    def get_absolute_url(self) -> str:
        """Return the address of the token's page."""
        return reverse("admin:meter_readings_apitoken_change", args=(self.pk,))

    @property
    def scopes(self) -> frozenset[str]:
        """Return the words of its scope."""
        return frozenset(self.scope.split())

    def state_at(self, now: datetime) -> State:
        """Return whether it opens anything."""
        if self.revoked_at:
            return self.State.REVOKED
        if now >= self.expires_at:
            return self.State.EXPIRED
        if not self.user.is_active:
            return self.State.LOCKED_OUT
        is_soon = self.expires_at - now <= self.SOON
        return self.State.EXPIRING if is_soon else self.State.ACTIVE
