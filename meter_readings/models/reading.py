"""Readings and their version status."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import reduce
from operator import or_

from django.db import models
from django.db.models import Q

from meter_readings.d0010 import codes

from .constraints import VALUE_DIGITS, VALUE_PLACES, max_length_q
from .correction import Correction
from .flow_file import FlowFile
from .meter import Meter

_VALUE_LIMIT = Decimal(10) ** (VALUE_DIGITS - VALUE_PLACES)

# The catalogue's years for a date and time (DateTime domain).
_EARLIEST = datetime(1949, 12, 31, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


class VersionStatus(models.TextChoices):
    """Whether a version of a reading counts.

    The versions of a reading have the same meter, register and time. At most one is
    current. The rule is in `importer.version_resolution`.
    """

    CURRENT = "current", "Current"
    DUPLICATE = "duplicate", "Duplicate"
    SUPERSEDED = "superseded", "Superseded"
    WITHDRAWN = "withdrawn", "Withdrawn"


# The order of lists of readings: by time, then by the rest of the reading key. Versions
# of one reading share a place, so a list that is read page by page misses no reading
# that is corrected meanwhile.
READING_ORDER = ("read_at", "meter_id", "register_id", "id")
READING_ORDER_REVERSED = ("-read_at", "-meter_id", "-register_id", "-id")

# Conditions that few readings meet; each has a partial index. SQLite uses a partial
# index only if the query has the condition of the index literally.
NOT_CURRENT_Q = ~Q(version_status=VersionStatus.CURRENT)
NOT_VALIDATED_Q = ~Q(bsc_validation_status=codes.BscValidationStatus.VALIDATED.value)
NOT_ROUTINE_Q = ~Q(reading_type=codes.ReadingType.ROUTINE.value)
ESTIMATED_Q = reduce(
    or_,
    (Q(reading_type=code) for code in codes.reading_types_of(codes.Basis.ESTIMATED)),
)

ENTERED_Q = Q(correction__isnull=False)


class ReadingSource(models.TextChoices):
    """Where a reading is from: a line of a flow file, or what a user entered."""

    FILE = "file", "File"
    USER = "user", "User"


def basis_q(basis: str) -> Q:
    """Return the condition for a basis; a reading without a listed type is actual."""
    if basis == codes.Basis.ACTUAL:
        actual = codes.reading_types_of(basis)
        others = [code.value for code in codes.ReadingType if code not in actual]
        return ~Q(reading_type__in=others)
    return Q(reading_type__in=codes.reading_types_of(basis))


def is_suspect(
    *, status: bool | None, flag: bool | None, bsc_validation_status: str
) -> bool:
    """Return whether a reading is not valid: by its 032, else its flag, else J0022."""
    if status is not None:
        return not status
    if flag is not None:
        return not flag
    return bsc_validation_status == codes.BscValidationStatus.FAILED


class ReadingQuerySet(models.QuerySet["Reading"]):
    def current(self) -> ReadingQuerySet:
        return self.filter(version_status=VersionStatus.CURRENT)

    def with_basis(self, basis: str) -> ReadingQuerySet:
        """Filter by basis: actual, customer, estimated …"""
        return self.filter(basis_q(basis))


class Reading(models.Model):
    """One register reading (group 030) of a file, with its 032 and its 026's J0022.

    Or one that a user entered: then it has a correction and no flow file, and the line
    numbers are its number within the correction.

    `value` is the raw register reading (J0040); the multiplier is not applied.
    `source_lines` is filled only if the columns alone could not reproduce the lines: a
    time that does not exist, more than one 032, or one with empty cells.

    On PostgreSQL the table is partitioned by the year of `read_at` (migration 0002), so
    its unique keys include the time.
    """

    flow_file = models.ForeignKey(
        FlowFile,
        models.PROTECT,
        related_name="readings",
        db_index=False,
        null=True,
        blank=True,
    )
    correction = models.ForeignKey(
        Correction,
        models.PROTECT,
        related_name="readings",
        db_index=False,
        null=True,
        blank=True,
    )
    line_number = models.PositiveBigIntegerField()
    mpan_line_number = models.PositiveBigIntegerField("line of its 026")
    meter_line_number = models.PositiveBigIntegerField("line of its 028")
    meter = models.ForeignKey(
        Meter, models.PROTECT, related_name="readings", db_index=False
    )
    register_id = models.CharField("register", max_length=2)
    read_at = models.DateTimeField()
    value = models.DecimalField(
        "reading", max_digits=VALUE_DIGITS, decimal_places=VALUE_PLACES
    )
    reading_type = models.CharField(
        max_length=1, choices=codes.ReadingType.choices, blank=True
    )
    bsc_validation_status = models.CharField(
        "BSC validation",
        max_length=1,
        choices=codes.BscValidationStatus.choices,
        blank=True,
    )
    md_reset_at = models.DateTimeField("MD reset at", null=True, blank=True)
    md_reset_count = models.PositiveSmallIntegerField(
        "MD resets", null=True, blank=True
    )
    meter_reading_flag = models.BooleanField("flag", null=True, blank=True)
    reading_method = models.CharField(
        "method", max_length=1, choices=codes.ReadingMethod.choices, blank=True
    )
    reason_code = models.CharField(
        "reason", max_length=2, choices=codes.ReasonCode.choices, blank=True
    )
    meter_reading_status = models.BooleanField("status", null=True, blank=True)
    version_status = models.CharField(max_length=10, choices=VersionStatus)
    # When it was loaded, or its version status changed since
    changed_at = models.DateTimeField()
    source_lines = models.TextField(blank=True)

    objects = ReadingQuerySet.as_manager()

    class Meta:
        permissions = [("export_reading", "Can export readings and original files")]
        indexes = [
            models.Index(
                fields=["meter", "register_id", "read_at"], name="reading_key_idx"
            ),
            models.Index(fields=[*READING_ORDER], name="reading_time_idx"),
            models.Index(fields=["changed_at", "id"], name="reading_change_idx"),
            # Few readings have an MD reset; one makes its register a demand register.
            models.Index(
                fields=["meter", "register_id"],
                condition=Q(md_reset_at__isnull=False)
                | Q(md_reset_count__isnull=False),
                name="reading_demand_idx",
            ),
            models.Index(
                fields=["correction"],
                condition=ENTERED_Q,
                name="reading_correction_idx",
            ),
            models.Index(
                fields=["version_status", *READING_ORDER],
                condition=NOT_CURRENT_Q,
                name="reading_not_current_idx",
            ),
            models.Index(
                fields=["bsc_validation_status", *READING_ORDER],
                condition=NOT_VALIDATED_Q,
                name="reading_not_validated_idx",
            ),
            models.Index(
                fields=["reading_type", *READING_ORDER],
                condition=NOT_ROUTINE_Q,
                name="reading_not_routine_idx",
            ),
            models.Index(
                fields=[*READING_ORDER],
                condition=ESTIMATED_Q,
                name="reading_estimated_idx",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["flow_file", "line_number"], name="one_reading_per_file_line"
            ),
            models.CheckConstraint(
                condition=Q(flow_file__isnull=False, correction__isnull=True)
                | Q(flow_file__isnull=True, correction__isnull=False),
                name="reading_is_from_a_file_or_a_correction",
            ),
            models.CheckConstraint(
                condition=Q(value__gte=0), name="reading_is_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(value__lt=_VALUE_LIMIT), name="reading_has_at_most_9_digits"
            ),
            models.CheckConstraint(
                condition=Q(read_at__gte=_EARLIEST, read_at__lt=_LATEST),
                name="reading_year_in_dtc_range",
            ),
            models.CheckConstraint(
                condition=Q(version_status__in=VersionStatus.values),
                name="version_status_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(register_id="")
                & max_length_q(
                    register_id=2,
                    reading_type=1,
                    bsc_validation_status=1,
                    reading_method=1,
                    reason_code=2,
                ),
                name="reading_code_lengths",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.register_id} {self.value} ({self.get_version_status_display()})"

    @property
    def source(self) -> ReadingSource:
        return ReadingSource.FILE if self.correction_id is None else ReadingSource.USER

    @property
    def file_line_number(self) -> int | None:
        """The line in the flow file; None if a user entered the reading."""
        return self.line_number if self.correction_id is None else None

    @property
    def basis(self) -> codes.Basis:
        """The basis of the reading type; no type or an unlisted one is actual."""
        return codes.basis_of(self.reading_type)

    @property
    def is_suspect(self) -> bool:
        """Whether the reading is not valid."""
        return is_suspect(
            status=self.meter_reading_status,
            flag=self.meter_reading_flag,
            bsc_validation_status=self.bsc_validation_status,
        )
