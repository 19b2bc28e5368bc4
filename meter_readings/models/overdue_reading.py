"""Readings that are late or missing, as they were found in a night."""

from __future__ import annotations

from django.db import models

from .meter import Meter

# The rows of one sender are in this order too.
OVERDUE_READING_ORDER = ("meter_id", "register_id")


class OverdueReading(models.Model):
    """A meter point without a reading in time or, if it has one, a register without.

    `find_overdue_readings` replaces all rows each night. The row of a meter point has
    the meter in use and no register. A row may outlive its meter until the next night;
    lists, which join the meter, leave it out.
    """

    class Level(models.TextChoices):
        METER_POINT = "meter-point", "Meter point silent"
        REGISTER = "register", "Register silent"

    class State(models.TextChoices):
        MISSING = "missing", "Missing"
        LATE = "late", "Late"

    meter = models.ForeignKey(
        Meter,
        models.DO_NOTHING,
        related_name="overdue_readings",
        db_constraint=False,
        db_index=False,
    )
    register_id = models.CharField("register", max_length=2, blank=True)
    state = models.CharField(max_length=7, choices=State)
    # The sender of the latest reading; empty if a user entered it
    from_participant = models.CharField("sender", max_length=4, blank=True)
    latest_date = models.DateField("latest reading")
    interval_days = models.PositiveIntegerField("interval in days")
    due_date = models.DateField("due")
    as_of_date = models.DateField("as of")

    class Meta:
        # Rows are replaced by the command only.
        default_permissions = ("view",)
        verbose_name = "late or missing reading"
        constraints = [
            models.UniqueConstraint(
                fields=["meter", "register_id"],
                name="one_overdue_reading_per_register",
            )
        ]
        indexes = [
            models.Index(
                fields=["from_participant", "meter", "register_id"],
                name="overdue_reading_sender_idx",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_level_display()}, {self.get_state_display().lower()}"

    @property
    def level(self) -> Level:
        return self.Level.REGISTER if self.register_id else self.Level.METER_POINT

    def get_level_display(self) -> str:
        return str(self.level.label)
