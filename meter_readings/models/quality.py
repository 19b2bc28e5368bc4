"""Quality runs, and the items that they raise about readings."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from .constraints import max_length_q
from .finding import Severity
from .meter import Meter


class QualityRun(models.Model):
    """One application of the quality rules, to all readings or to what changed.

    A run that failed has no `changes_until`, so the next one examines the same changes.
    `counts` has, for each rule that raises something, the numbers of items `open`,
    `new` and `gone`.
    """

    class Scope(models.TextChoices):
        """Which readings a run examines."""

        CHANGES = "changes", "Meter points with changed readings"
        ALL = "all", "All readings"

    scope = models.CharField(max_length=10, choices=Scope)
    started_at = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    # The latest change of readings that it examined
    changes_until = models.DateTimeField(null=True, blank=True)
    readings_examined = models.PositiveBigIntegerField(default=0)
    items_open = models.PositiveBigIntegerField("open items", default=0)
    items_new = models.PositiveBigIntegerField("new items", default=0)
    items_gone = models.PositiveBigIntegerField("gone items", default=0)
    counts = models.JSONField(default=dict, blank=True)
    # The type of the exception by which it failed
    error = models.CharField(max_length=100, blank=True)

    class Meta:
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"Quality run {self.pk}"


class QualityItem(models.Model):
    """What one rule says about one reading: open until the rule no longer raises it.

    The reading is named by its key, as it may have several versions. The rules are in
    `quality.RULES`. Undoing an import deletes meters; the next run deletes their items.
    """

    class State(models.TextChoices):
        """Whether the rule still raises it."""

        OPEN = "open", "Open"
        GONE = "gone", "Gone"

    rule = models.CharField(max_length=30)
    severity = models.CharField(max_length=8, choices=Severity)
    meter = models.ForeignKey(
        Meter,
        models.DO_NOTHING,
        related_name="quality_items",
        db_index=False,
        db_constraint=False,
    )
    register_id = models.CharField("register", max_length=2)
    read_at = models.DateTimeField()
    # The sender of the reading's file; empty if a user entered the reading
    from_participant = models.CharField("sender", max_length=4, blank=True)
    explanation = models.CharField(max_length=200)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(
        QualityRun, models.PROTECT, related_name="items_opened"
    )
    gone_at = models.DateTimeField(null=True, blank=True)
    gone_by = models.ForeignKey(
        QualityRun,
        models.PROTECT,
        related_name="items_gone_by_it",
        null=True,
        blank=True,
    )

    class Meta:
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["meter", "register_id", "read_at", "rule"],
                name="one_quality_item_per_reading_and_rule",
            ),
            models.CheckConstraint(
                condition=Q(state="open", gone_at=None)
                | Q(state="gone", gone_at__isnull=False),
                name="gone_quality_item_says_when",
            ),
            models.CheckConstraint(
                condition=max_length_q(
                    rule=30, register_id=2, from_participant=4, explanation=200
                ),
                name="quality_item_text_lengths",
            ),
        ]
        indexes = [
            models.Index(fields=["-opened_at", "-id"], name="quality_item_time_idx"),
            models.Index(
                fields=["state", "rule", "-opened_at", "-id"],
                name="quality_item_rule_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule} ({self.get_state_display()})"


class DisabledQualityRule(models.Model):
    """A quality rule that is not applied to the readings of one sender."""

    participant = models.CharField(
        "sender",
        max_length=4,
        validators=[RegexValidator(r"^[A-Z0-9]{1,4}\Z", "Enter a market participant.")],
        help_text="The From Market Participant of its files, for example UDMS.",
    )
    rule = models.CharField(max_length=30)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "rule"],
                name="one_disabled_quality_rule_per_sender",
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule}, {self.participant}"
