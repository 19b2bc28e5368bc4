"""The API token: the credential of a program that uses the API."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse


class ApiToken(models.Model):
    """A credential that acts for its user, within its scope, until it expires.

    The secret is not stored. A row has its SHA-256, by which it is looked up, and its
    first characters, by which people tell tokens apart.
    """

    class Scope(models.TextChoices):
        """What a token permits of what its user may do (RFC 6749, section 3.3)."""

        READ = "read", "Read only"
        IMPORT = "import", "Upload only"
        BOTH = "read import", "Read and upload"

    class State(models.TextChoices):
        """Whether a token is accepted: the first two are, the others are not."""

        ACTIVE = "active", "Active"
        EXPIRING = "expiring", "Expires soon"
        EXPIRED = "expired", "Expired"
        USER_INACTIVE = "user_inactive", "User inactive"
        REVOKED = "revoked", "Revoked"

    # "Expires soon" is shown for this long before the end.
    EXPIRY_WARNING = timedelta(days=14)
    # "d0010_" and 24 of the secret's 256 bits
    PREFIX_LENGTH = 12
    MAX_NAME_LENGTH = 100

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="api_tokens",
        help_text="The token can do no more than this user. "
        "Choose a service user with the role Integration for a program.",
    )
    name = models.CharField(
        max_length=MAX_NAME_LENGTH,
        help_text="What the token is for, such as “nightly export”. "
        "Token names must be unique per user.",
    )
    sha256 = models.CharField("SHA-256", max_length=64, unique=True)
    prefix = models.CharField(max_length=PREFIX_LENGTH)
    scope = models.CharField(max_length=11, choices=Scope, default=Scope.READ)
    created_at = models.DateTimeField("created")
    expires_at = models.DateTimeField("expires")
    # Written once an hour at most: writing at every request would make requests with
    # one token wait for each other.
    last_used_at = models.DateTimeField("last used", null=True, blank=True)
    revoked_at = models.DateTimeField("revoked", null=True, blank=True)

    class Meta:
        verbose_name = "API token"
        # Tokens are never changed, and end by being revoked.
        default_permissions = ("add",)
        constraints = [
            models.UniqueConstraint(
                fields=["user", "name"],
                condition=Q(revoked_at__isnull=True),
                name="token_name_is_unique_per_user_unless_revoked",
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
        return reverse("admin:meter_readings_apitoken_change", args=(self.pk,))

    @property
    def scopes(self) -> frozenset[str]:
        """The words of the scope: "read", "import" or both."""
        return frozenset(self.scope.split())

    def state_at(self, now: datetime) -> State:
        if self.revoked_at:
            return self.State.REVOKED
        if now >= self.expires_at:
            return self.State.EXPIRED
        if not self.user.is_active:
            return self.State.USER_INACTIVE
        expires_soon = self.expires_at - now <= self.EXPIRY_WARNING
        return self.State.EXPIRING if expires_soon else self.State.ACTIVE
