"""Flow files."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from .correction import Correction
from .search_text import search_column


class Policy(models.TextChoices):
    """How strictly a file is validated: which issues are errors, what they reject."""

    STANDARD = "standard", "Standard"
    STRICT = "strict", "Strict"
    PARTIAL = "partial", "Partial"


_MICROSECOND = timedelta(microseconds=1)


class FlowFileQuerySet(models.QuerySet["FlowFile"]):
    """Under the import lock, gives changes times in the order of their commits."""

    def next_change_time(self) -> datetime:
        """Return the present time, but later than every earlier change."""
        latest = (
            model._default_manager.order_by("-changed_at")
            .values_list("changed_at", flat=True)
            .first()
            for model in (FlowFile, Correction)
        )
        earlier = [changed_at + _MICROSECOND for changed_at in latest if changed_at]
        return max([timezone.now(), *earlier])

    def mark_changed(self) -> None:
        """Give each file of the queryset a time of change of its own."""
        first = self.next_change_time()
        files = list(self.order_by("pk"))
        for number, file in enumerate(files):
            file.changed_at = first + number * _MICROSECOND
        FlowFile.objects.bulk_update(files, ["changed_at"], batch_size=500)


class FlowFile(models.Model):
    """One received file, identified by its SHA-256.

    The fields of the header have the catalogue's names; the whole first and last line
    are in `header_text` and `trailer_text`. The counts are of the latest import, those
    with the prefix `trailer_` are the sender's.
    """

    class Status(models.TextChoices):
        """Whether rows of the file are stored: only if it is imported."""

        IMPORTED = "imported", "Imported"
        REJECTED = "rejected", "Rejected"
        UNDONE = "undone", "Undone"

    filename = models.CharField(max_length=255, db_index=True)
    filename_search = search_column("filename", max_length=255)
    sha256 = models.CharField("SHA-256", max_length=64, unique=True)
    size = models.PositiveBigIntegerField("size in bytes")
    content = models.FileField("original file", max_length=120)
    status = models.CharField(max_length=10, choices=Status, db_index=True)
    policy = models.CharField(max_length=10, choices=Policy)
    received_at = models.DateTimeField(db_index=True)
    # When its status or its stored readings last changed. No two files have the same.
    changed_at = models.DateTimeField(default=timezone.now, db_index=True)

    file_identifier = models.CharField(max_length=20, blank=True, db_index=True)
    flow_and_version = models.CharField(max_length=8, blank=True)
    from_role = models.CharField(max_length=1, blank=True)
    from_participant = models.CharField(max_length=4, blank=True)
    to_role = models.CharField(max_length=1, blank=True)
    to_participant = models.CharField(max_length=4, blank=True)
    file_created_at = models.DateTimeField("file created", null=True, blank=True)
    test_data_flag = models.CharField(max_length=4, blank=True)
    header_text = models.TextField(blank=True)
    trailer_text = models.TextField(blank=True)
    line_ending = models.CharField(max_length=2, default="\n")
    ends_with_newline = models.BooleanField(default=True)

    line_count = models.PositiveBigIntegerField(default=0)
    group_count = models.PositiveBigIntegerField(default=0)
    mpan_group_count = models.PositiveBigIntegerField("026 groups", default=0)
    trailer_group_count = models.PositiveBigIntegerField(null=True, blank=True)
    trailer_flow_count = models.PositiveBigIntegerField(null=True, blank=True)
    readings_read = models.PositiveBigIntegerField(default=0)
    readings_loaded = models.PositiveBigIntegerField(default=0)
    readings_rejected = models.PositiveBigIntegerField(default=0)
    # Loaded, then deleted by an erasure or by the retention schedule
    readings_deleted = models.PositiveBigIntegerField(default=0)
    # When an erasure removed lines from the original file
    redacted_at = models.DateTimeField(null=True, blank=True)
    error_count = models.PositiveBigIntegerField(default=0)
    warning_count = models.PositiveBigIntegerField(default=0)
    note_count = models.PositiveBigIntegerField(default=0)
    finding_counts = models.JSONField(default=dict, blank=True)

    # It applies to the import before it: a later one has a later `received_at`.
    acknowledged_at = models.DateTimeField("acknowledged", null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        related_name="+",
        null=True,
        blank=True,
    )
    acknowledgement_note = models.CharField(max_length=200, blank=True)

    objects = FlowFileQuerySet.as_manager()

    class Meta:
        # Actions that need more than the permission to view
        permissions = [
            ("import_flowfile", "Can import flow files"),
            ("undo_flowfile", "Can undo the import of flow files"),
            ("acknowledge_flowfile", "Can acknowledge flow files that need attention"),
            ("use_testing_dashboard", "Can use the testing dashboard"),
            ("clear_database", "Can delete all imported data"),
        ]
        # Each finds the later imports of a corrected file.
        indexes = [
            models.Index(
                fields=["filename", "status", "received_at"],
                name="flow_file_name_idx",
            ),
            models.Index(
                fields=[
                    "file_identifier",
                    "from_participant",
                    "status",
                    "received_at",
                ],
                name="flow_file_identifier_idx",
            ),
            # A sender may use one identifier for all files.
            models.Index(
                fields=["file_identifier", "file_created_at"],
                name="flow_file_message_idx",
            ),
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
                name="imported_file_has_creation_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.filename} ({self.file_identifier or 'no identifier'})"

    @property
    def is_shortened(self) -> bool:
        """Whether only the beginning is stored, because this is no flow file."""
        return not self.redacted_at and self.sha256 not in str(self.content.name)

    def get_absolute_url(self) -> str:
        return reverse("admin:meter_readings_flowfile_change", args=(self.pk,))
