"""Import jobs: imports, undos, clearings, exports and erasures."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models

from .flow_file import FlowFile, Policy

# A running import updates its heartbeat every two seconds, but not while it loads or
# waits for another import, for ten minutes by default.
STALLED_AFTER = timedelta(minutes=10)


# How much of a pseudonym is shown
PSEUDONYM_LENGTH_SHOWN = 12


def stalled_q(now: datetime) -> models.Q:
    """Return the condition of running jobs whose heartbeat is too old."""
    return models.Q(heartbeat_at__lt=now - STALLED_AFTER)


class ImportJobQuerySet(models.QuerySet["ImportJob"]):
    """Jobs by whether they wait, run or are over."""

    def waiting(self) -> ImportJobQuerySet:
        """Filter by jobs that no worker has begun."""
        return self.filter(state=ImportJob.State.QUEUED)

    def active(self) -> ImportJobQuerySet:
        """Filter by jobs that are not over."""
        return self.filter(state__in=ImportJob.ACTIVE_STATES)

    def running(self) -> ImportJobQuerySet:
        """Filter by attempts that are not over; stalled ones are among them."""
        return self.filter(state=ImportJob.State.RUNNING)

    def stalled(self, *, now: datetime) -> ImportJobQuerySet:
        """Filter by running attempts without a heartbeat for STALLED_AFTER."""
        return self.running().filter(stalled_q(now))


class ImportJob(models.Model):
    """One request to import, delete or export data, with its outcome.

    Every interface reads the progress of an import from these rows. A job with
    `queued_at` is run by a worker. When a worker has died, `attempt` is one more; only
    the process that claimed the present attempt may change the row.
    """

    class Kind(models.TextChoices):
        """What the job does."""

        IMPORT = "import", "Import"
        REPROCESS = "reprocess", "Import again"
        UNDO = "undo", "Undo"
        CLEAR = "clear", "Clear the database"
        EXPORT = "export", "Export"
        ERASE = "erase", "Erase an MPAN"

    class Channel(models.TextChoices):
        """How the file or the request arrived."""

        COMMAND = "command", "Command line"
        UPLOAD = "upload", "Upload page"
        API = "api", "API"
        ADMIN = "admin", "Admin"
        FOLDER = "folder", "Watched folder"

    class State(models.TextChoices):
        """Whether the job waits, runs or is over."""

        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Running"
        FINISHED = "finished", "Finished"
        FAILED = "failed", "Interrupted"
        CANCELLED = "cancelled", "Cancelled"

    class Phase(models.TextChoices):
        """The step of a running attempt; a job that waits has none."""

        RECEIVING = "receiving", "Receiving"
        VALIDATING = "validating", "Validating"
        LOADING = "loading", "Loading"
        DELETING = "deleting", "Deleting"
        WRITING = "writing", "Writing"

    class Outcome(models.TextChoices):
        """The result of a finished attempt."""

        IMPORTED = "imported", "Imported"
        ALREADY_IMPORTED = "already-imported", "Already imported"
        REJECTED = "rejected", "Rejected"
        REFUSED = "refused", "Refused: the file name has been used"
        CHECKED = "checked", "Valid: it would be imported"
        UNDONE = "undone", "Undone"
        CLEARED = "cleared", "Cleared"
        EXPORTED = "exported", "Exported"
        ERASED = "erased", "Erased"

    ACTIVE_STATES = (State.QUEUED, State.RUNNING)
    # Kinds that validate a file, under an import policy
    IMPORT_KINDS = (Kind.IMPORT, Kind.REPROCESS)

    kind = models.CharField(max_length=10, choices=Kind, default=Kind.IMPORT)
    flow_file = models.ForeignKey(
        FlowFile, models.SET_NULL, related_name="jobs", null=True, blank=True
    )
    filename = models.CharField(max_length=255, blank=True)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    channel = models.CharField(max_length=10, choices=Channel)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True
    )
    # Of the request that queued the job, for the audit trail
    token = models.CharField("API token", max_length=120, blank=True)
    request_id = models.UUIDField("request id", null=True, blank=True)
    policy = models.CharField(max_length=10, choices=Policy, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    phase = models.CharField(
        max_length=10, choices=Phase, default=Phase.RECEIVING, blank=True
    )
    outcome = models.CharField(max_length=20, choices=Outcome, blank=True)
    allow_same_name = models.BooleanField(default=False)
    # The name of the received file in the folder of uploads while it may be needed
    upload = models.CharField(max_length=32, blank=True)
    # Of an export: its `format`, its `query` as its channel understands it, and its
    # `filter` in the words of the audit trail. Of an erasure: its `reason`, and what it
    # has `erased` so far
    parameters = models.JSONField(default=dict, blank=True)
    # Of an erasure: the MPAN while it waits or runs, and the MPAN's pseudonym
    mpan = models.CharField("MPAN", max_length=13, blank=True)
    pseudonym = models.CharField(max_length=64, blank=True)
    # The name of the written file in the folder of exports
    export_file = models.CharField(max_length=32, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    bytes_processed = models.PositiveBigIntegerField(default=0)
    attempt = models.PositiveSmallIntegerField(default=1)
    is_cancel_requested = models.BooleanField(default=False)
    # Whether a later job does what this one did not
    is_retried = models.BooleanField(default=False)
    queued_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(db_index=True)
    heartbeat_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    counts = models.JSONField(default=dict, blank=True)
    message = models.TextField(blank=True)

    objects = ImportJobQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(mpan="")
                | models.Q(kind="erase", state__in=["queued", "running"]),
                name="job_has_an_mpan_only_until_it_is_erased",
            )
        ]
        permissions = [
            ("download_any_export", "Can download the exports of other users")
        ]
        indexes = [
            models.Index(fields=["state", "heartbeat_at"], name="import_job_state_idx"),
            models.Index(
                fields=["finished_at"],
                condition=models.Q(kind="export"),
                name="import_job_export_idx",
            ),
            models.Index(
                fields=["pseudonym"],
                condition=models.Q(kind="erase"),
                name="import_job_erasure_idx",
            ),
        ]

    @property
    def subject(self) -> str:
        """What the job is about: a filename, readings, an MPAN, or the database."""
        match self.kind:
            case self.Kind.EXPORT:
                return "Readings"
            case self.Kind.ERASE:
                return f"MPAN {self.pseudonym[:PSEUDONYM_LENGTH_SHOWN]}…"
            case _:
                return self.filename or "Database"

    @property
    def downloadable_id(self) -> int | None:
        """The id of a job whose export is stored; None if there is none."""
        is_finished = self.state == self.State.FINISHED
        return self.pk if is_finished and self.export_file else None

    def __str__(self) -> str:
        return f"{self.subject}: {self.outcome or self.get_state_display()}"
