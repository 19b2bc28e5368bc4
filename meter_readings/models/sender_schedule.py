"""When the files of a sender are expected."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

MAX_INTERVAL_DAYS = 366


class SenderSchedule(models.Model):
    """How often a sender's files come and its readings are taken, set by hand.

    A sender without a row is expected at the interval of its earlier files, and a
    meter point at the interval of its earlier readings.
    """

    participant = models.CharField(
        "sender",
        max_length=4,
        unique=True,
        validators=[RegexValidator(r"^[A-Z0-9]{1,4}\Z", "Enter a market participant.")],
        help_text="The From Market Participant of its files, for example UDMS.",
    )
    is_expected = models.BooleanField(
        "files expected",
        default=True,
        help_text="Clear it if the sender sends no more files.",
    )
    interval_days = models.PositiveSmallIntegerField(
        "interval in days",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_INTERVAL_DAYS)],
        help_text="The longest interval between two files. Leave it empty to use the "
        "interval of earlier files.",
    )

    reading_interval_days = models.PositiveSmallIntegerField(
        "interval of readings in days",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_INTERVAL_DAYS)],
        help_text="The longest interval between two readings of a meter point that the "
        "sender reads. Leave it empty to use the interval of earlier readings.",
    )

    def __str__(self) -> str:
        return self.participant
