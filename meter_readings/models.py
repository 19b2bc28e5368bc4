"""The shelves: what files said, kept as they said it.

FlowFile ◄─ Reading ─► Meter ─► MeterPoint, with SiteVisit and Finding beside them and
ImportJob for each attempt; apart from them, ApiToken. Readings and site visits are
received facts: rows are added by an import and taken away by its undoing, by age or by
an erasure, and never edited; only `standing`, which is derived, changes. SubjectRequest
tells what was erased or handed over. Integrity is the database's, so that bulk loading
cannot pass it by.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import reduce
from operator import or_

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual
from django.urls import reverse

from meter_readings import d0010
from meter_readings.d0010 import codes

# The shelf for J0040, NUM(9,1): 12 digits with 3 places.
VALUE_DIGITS, VALUE_PLACES = 12, 3
_VALUE_LIMIT = Decimal(10) ** (VALUE_DIGITS - VALUE_PLACES)

# The catalogue's years for a date and time (DateTime domain).
_EARLIEST = datetime(1949, 12, 31, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def _fits(**lengths: int) -> Q:
    """Return that each text is no longer than it may be: SQLite does not see to it."""
    condition = Q()
    for name, length in lengths.items():
        condition &= Q(LessThanOrEqual(Length(F(name)), length))
    return condition


class Severity(models.TextChoices):
    """How much a finding matters."""

    ERROR = "error", "Error"
    WARNING = "warning", "Warning"
    NOTE = "note", "Note"


class Policy(models.TextChoices):
    """How strictly a file is judged."""

    STANDARD = "standard", "Standard"
    STRICT = "strict", "Strict"
    SALVAGE = "salvage", "Salvage"


class FlowFile(models.Model):
    """One file as it was received, known by its bytes.

    The header's fields are here as the catalogue names them, the first and last line
    as they came. Counts are of the latest attempt to import it.
    """

    class Status(models.TextChoices):
        """What became of the file."""

        IMPORTED = "imported", "Imported"
        REJECTED = "rejected", "Rejected"
        UNDONE = "undone", "Undone"

    filename = models.CharField(max_length=255, db_index=True)
    sha256 = models.CharField("SHA-256", max_length=64, unique=True)
    size = models.PositiveBigIntegerField("size in bytes")
    content = models.FileField("original bytes", max_length=120)
    status = models.CharField(max_length=10, choices=Status, db_index=True)
    policy = models.CharField(max_length=10, choices=Policy)
    received_at = models.DateTimeField(db_index=True)

    file_identifier = models.CharField(max_length=20, blank=True, db_index=True)
    flow_and_version = models.CharField(max_length=8, blank=True)
    from_role = models.CharField(max_length=1, blank=True)
    from_participant = models.CharField(max_length=4, blank=True)
    to_role = models.CharField(max_length=1, blank=True)
    to_participant = models.CharField(max_length=4, blank=True)
    file_created_at = models.DateTimeField("created by sender", null=True, blank=True)
    test_data_flag = models.CharField(max_length=4, blank=True)
    header_text = models.TextField(blank=True)
    trailer_text = models.TextField(blank=True)
    line_end = models.CharField(max_length=2, default="\n")
    ends_with_newline = models.BooleanField(default=True)

    line_count = models.PositiveBigIntegerField(default=0)
    group_count = models.PositiveBigIntegerField(default=0)
    flow_count = models.PositiveBigIntegerField("026 groups", default=0)
    trailer_group_count = models.PositiveBigIntegerField(null=True, blank=True)
    trailer_flow_count = models.PositiveBigIntegerField(null=True, blank=True)
    readings_read = models.PositiveBigIntegerField(default=0)
    readings_loaded = models.PositiveBigIntegerField(default=0)
    readings_rejected = models.PositiveBigIntegerField(default=0)
    # Of those loaded: erased, or older than readings are kept
    readings_removed = models.PositiveBigIntegerField(default=0)
    # When lines were taken out of the original bytes that are kept
    redacted_at = models.DateTimeField(null=True, blank=True)
    error_count = models.PositiveBigIntegerField(default=0)
    warning_count = models.PositiveBigIntegerField(default=0)
    note_count = models.PositiveBigIntegerField(default=0)
    finding_counts = models.JSONField(default=dict, blank=True)

    class Meta:
        # What people may do, by verb, beside looking
        permissions = [
            ("import_flowfile", "Can import flow files"),
            ("undo_flowfile", "Can undo the import of flow files"),
            ("use_testing_dashboard", "Can use the testing dashboard"),
            ("clear_database", "Can clear the database of all that was imported"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    readings_read=F("readings_loaded") + F("readings_rejected")
                ),
                name="every_reading_is_loaded_or_rejected",
            ),
            models.CheckConstraint(
                condition=~Q(status="imported") | Q(file_created_at__isnull=False),
                name="imported_file_says_when_it_was_created",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.filename} ({self.file_identifier or 'no identifier'})"

    def get_absolute_url(self) -> str:
        """Return the address of the file's page."""
        return reverse("admin:meter_readings_flowfile_change", args=(self.pk,))


class MeterPoint(models.Model):
    """A metering point, known by its MPAN core (J0003)."""

    mpan = models.CharField("MPAN", max_length=13, unique=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(mpan__regex=r"^[0-9]{13}\Z"), name="mpan_is_13_digits"
            ),
        ]

    def __str__(self) -> str:
        return d0010.mpan.shown(self.mpan)

    def get_absolute_url(self) -> str:
        """Return the address of the meter point's page."""
        return reverse("admin:meter_readings_meterpoint_change", args=(self.pk,))

    @property
    def distributor(self) -> d0010.mpan.Distributor | None:
        """Return whose network the point is on, or None where the id is unknown."""
        return d0010.mpan.distributor_of(self.mpan)


class Meter(models.Model):
    """A meter at a metering point, known by its serial number (J0004)."""

    meter_point = models.ForeignKey(
        MeterPoint, models.PROTECT, related_name="meters", db_index=False
    )
    serial_number = models.CharField(max_length=20, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["meter_point", "serial_number"],
                name="one_meter_per_meter_point_and_serial_number",
            ),
            models.CheckConstraint(
                condition=~Q(serial_number="") & _fits(serial_number=20),
                name="serial_number_is_1_to_20_characters",
            ),
        ]

    def __str__(self) -> str:
        return self.serial_number

    def get_absolute_url(self) -> str:
        """Return the address of the meter's page."""
        return reverse("admin:meter_readings_meter_change", args=(self.pk,))


class Standing(models.TextChoices):
    """Which version of a reading event counts (one meter, register and time)."""

    CURRENT = "current", "Current"
    DUPLICATE = "duplicate", "Duplicate"
    SUPERSEDED = "superseded", "Superseded"
    WITHDRAWN = "withdrawn", "Withdrawn"


# Readings of which there are few have indexes of their own by time. On SQLite one
# answers only a query that says its condition in the same words.
NOT_CURRENT = ~Q(standing=Standing.CURRENT)
NOT_VALIDATED = ~Q(bsc_validation_status=codes.BscValidationStatus.VALIDATED.value)
NOT_ROUTINE = ~Q(reading_type=codes.ReadingType.ROUTINE.value)
ESTIMATED = reduce(
    or_,
    (Q(reading_type=code) for code in codes.reading_types_of(codes.Basis.ESTIMATED)),
)


def resting_on(basis: str) -> Q:
    """Return that a reading rests on `basis`; one with no listed type is actual."""
    if basis == codes.Basis.ACTUAL:
        actual = codes.reading_types_of(basis)
        others = [code.value for code in codes.ReadingType if code not in actual]
        return ~Q(reading_type__in=others)
    return Q(reading_type__in=codes.reading_types_of(basis))


class ReadingQuerySet(models.QuerySet["Reading"]):
    """Questions about many readings."""

    def current(self) -> ReadingQuerySet:
        """Return the readings that count."""
        return self.filter(standing=Standing.CURRENT)

    def with_basis(self, basis: str) -> ReadingQuerySet:
        """Return the readings that rest on `basis` (actual, customer, estimated …)."""
        return self.filter(resting_on(basis))


class Reading(models.Model):
    """What one register of one meter said at one time (group 030), and who said so.

    On PostgreSQL the table is partitioned by the year of `read_at` (migration 0001);
    its keys have the time in them there.
    `value` is the raw register reading (J0040), the multiplier not applied.
    `received_text` is filled only where these columns alone would not write the lines
    back: a time the clock never showed, more than one 032, or one with empty cells.
    """

    flow_file = models.ForeignKey(
        FlowFile, models.PROTECT, related_name="readings", db_index=False
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
    standing = models.CharField(max_length=10, choices=Standing)
    received_text = models.TextField(blank=True)

    objects = ReadingQuerySet.as_manager()

    class Meta:
        permissions = [("export_reading", "Can export readings and original files")]
        indexes = [
            models.Index(
                fields=["meter", "register_id", "read_at"], name="reading_event"
            ),
            models.Index(fields=["read_at", "id"], name="reading_by_time"),
            # Few readings have a reset, and one of them makes a demand register.
            models.Index(
                fields=["meter", "register_id"],
                condition=Q(md_reset_at__isnull=False)
                | Q(md_reset_count__isnull=False),
                name="reading_of_demand",
            ),
            models.Index(
                fields=["standing", "read_at", "id"],
                condition=NOT_CURRENT,
                name="reading_not_current",
            ),
            models.Index(
                fields=["bsc_validation_status", "read_at", "id"],
                condition=NOT_VALIDATED,
                name="reading_not_validated",
            ),
            models.Index(
                fields=["reading_type", "read_at", "id"],
                condition=NOT_ROUTINE,
                name="reading_not_routine",
            ),
            models.Index(
                fields=["read_at", "id"], condition=ESTIMATED, name="reading_estimated"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["flow_file", "line_number"], name="one_reading_per_file_line"
            ),
            models.CheckConstraint(
                condition=Q(value__gte=0), name="reading_is_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(value__lt=_VALUE_LIMIT), name="reading_has_at_most_9_digits"
            ),
            models.CheckConstraint(
                condition=Q(read_at__gte=_EARLIEST, read_at__lt=_LATEST),
                name="reading_is_of_the_catalogues_years",
            ),
            models.CheckConstraint(
                condition=Q(standing__in=Standing.values), name="standing_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(register_id="")
                & _fits(
                    register_id=2,
                    reading_type=1,
                    bsc_validation_status=1,
                    reading_method=1,
                    reason_code=2,
                ),
                name="reading_codes_are_no_longer_than_the_catalogues",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.register_id} {self.value} ({self.get_standing_display()})"

    @property
    def basis(self) -> codes.Basis:
        """Return what the reading rests on; no or an unlisted type counts as actual."""
        return codes.basis_of(self.reading_type)

    @property
    def is_suspect(self) -> bool:
        """Return whether it is not valid: by its 032, or else its flag, or J0022."""
        for verdict in (self.meter_reading_status, self.meter_reading_flag):
            if verdict is not None:
                return not verdict
        return self.bsc_validation_status == codes.BscValidationStatus.FAILED


class SiteVisit(models.Model):
    """What was found on site (groups 027, 029 and 033).

    A 026 or 028 with nothing beneath it stands here too, with no code: the visit that
    brought neither a reading nor a reason.
    """

    flow_file = models.ForeignKey(
        FlowFile, models.PROTECT, related_name="site_visits", db_index=False
    )
    line_number = models.PositiveBigIntegerField()
    group = models.CharField(max_length=3)
    mpan_line_number = models.PositiveBigIntegerField("line of its 026")
    meter_line_number = models.PositiveBigIntegerField(
        "line of its 028", null=True, blank=True
    )
    reading_line_number = models.PositiveBigIntegerField(
        "line of its 030", null=True, blank=True
    )
    meter_point = models.ForeignKey(
        MeterPoint, models.PROTECT, related_name="site_visits"
    )
    meter = models.ForeignKey(
        Meter, models.PROTECT, related_name="site_visits", null=True, blank=True
    )
    check_code = models.CharField(
        max_length=2, choices=codes.SiteVisitCheckCode.choices, blank=True
    )
    additional_information = models.CharField(max_length=200, blank=True)
    bsc_validation_status = models.CharField(
        "BSC validation",
        max_length=1,
        choices=codes.BscValidationStatus.choices,
        blank=True,
    )
    reading_type = models.CharField(
        max_length=1, choices=codes.ReadingType.choices, blank=True
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["flow_file", "line_number"], name="one_visit_per_file_line"
            ),
            models.CheckConstraint(
                condition=_fits(
                    group=3,
                    check_code=2,
                    additional_information=200,
                    bsc_validation_status=1,
                    reading_type=1,
                ),
                name="visit_codes_are_no_longer_than_the_catalogues",
            ),
        ]

    def __str__(self) -> str:
        label = codes.SiteVisitCheckCode.label_of(self.check_code)
        return label or "Visit without a code"


class Finding(models.Model):
    """Something a person should know about a file or one of its lines.

    Stored up to a limit for each rule; `FlowFile.finding_counts` counts them all.
    """

    flow_file = models.ForeignKey(
        FlowFile, models.CASCADE, related_name="findings", db_index=False
    )
    code = models.CharField("rule", max_length=40)
    severity = models.CharField(max_length=8, choices=Severity)
    line_number = models.PositiveBigIntegerField(null=True, blank=True)
    group = models.CharField(max_length=3, blank=True)
    field = models.CharField(max_length=60, blank=True)
    found = models.CharField(max_length=400, blank=True)
    expected = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["flow_file", "code", "line_number"], name="finding_by_rule"
            ),
            models.Index(fields=["flow_file", "line_number"], name="finding_by_line"),
        ]

    def __str__(self) -> str:
        return f"{self.code} on line {self.line_number or '–'}"


class ImportJob(models.Model):
    """One attempt to import, or to undo an import: who, by which door, what came of it.

    Doors and pages read these rows; nothing else tells them how far an import is.
    """

    class Door(models.TextChoices):
        """Where the file came in."""

        COMMAND = "command", "Command line"
        UPLOAD = "upload", "Upload page"
        API = "api", "API"
        FOLDER = "folder", "Folder"
        ADMIN = "admin", "Admin"

    class State(models.TextChoices):
        """Whether the attempt is over."""

        RUNNING = "running", "Running"
        FINISHED = "finished", "Finished"
        FAILED = "failed", "Broken off"

    class Phase(models.TextChoices):
        """How far a running attempt is."""

        RECEIVING = "receiving", "Receiving"
        CHECKING = "checking", "Checking"
        LOADING = "loading", "Loading"

    flow_file = models.ForeignKey(
        FlowFile, models.SET_NULL, related_name="jobs", null=True, blank=True
    )
    filename = models.CharField(max_length=255)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    door = models.CharField(max_length=10, choices=Door)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True
    )
    policy = models.CharField(max_length=10, choices=Policy)
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    phase = models.CharField(max_length=10, choices=Phase, default=Phase.RECEIVING)
    outcome = models.CharField(max_length=20, blank=True)
    bytes_checked = models.PositiveBigIntegerField(default=0)
    started_at = models.DateTimeField(db_index=True)
    heartbeat_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    counts = models.JSONField(default=dict, blank=True)
    message = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.filename}: {self.outcome or self.get_state_display()}"


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
    door = models.CharField(max_length=10, choices=ImportJob.Door)
    reason = models.CharField(max_length=200, blank=True)
    counts = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pseudonym[:12]}…"


class KeptAnswer(models.Model):
    """What a program was answered that may ask again, under a key of its own making.

    Without a status there is no answer yet: the request goes on, or was broken off.
    """

    KEPT_FOR = timedelta(days=2)

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False
    )
    key = models.CharField("Idempotency-Key", max_length=255)
    asked_at = models.DateTimeField(db_index=True)
    fingerprint = models.CharField(
        "SHA-256 of what was sent", max_length=64, blank=True
    )
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    headers = models.JSONField(default=dict, blank=True)
    body = models.TextField(blank=True)

    class Meta:
        # It is no business of people: nobody gets permissions for it.
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["user", "key"], name="one_answer_per_user_and_key"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.status or 'not answered yet'}"
