"""Audit events: who did what to which object, through which channel."""

from __future__ import annotations

from django.apps import apps
from django.db import models

from .import_job import ImportJob

# Latest first; one index has this order.
AUDIT_EVENT_ORDER = ("-at", "-id")


class AuditEvent(models.Model):
    """One act of a user or a program.

    It refers to nothing, so it can be read when its user or its object is gone. The
    database refuses to change or delete a row: an erasure may replace an MPAN in its
    texts by a pseudonym, and retention may delete old rows.
    """

    class Action(models.TextChoices):
        """What was done."""

        IMPORT = "import", "Import"
        REPROCESS = "reprocess", "Imported again"
        UNDO = "undo", "Import undone"
        CLEAR = "clear", "Database cleared"
        CANCEL_JOB = "cancel-job", "Job cancelled"
        RETRY_JOB = "retry-job", "Job tried again"
        RETENTION = "retention", "Retention applied"
        ERASURE = "erasure", "Erased"
        SUBJECT_ACCESS = "subject-access", "Subject access"
        ACKNOWLEDGE = "acknowledge", "Acknowledged"
        REMOVE_ACKNOWLEDGEMENT = "remove-acknowledgement", "Acknowledgement removed"
        ADD_READING = "add-reading", "Reading added"
        CORRECT_READING = "correct-reading", "Reading corrected"
        WITHDRAW_READING = "withdraw-reading", "Reading withdrawn"
        UNDO_CORRECTION = "undo-correction", "Correction undone"
        DELETE_NOTE = "delete-note", "Note deleted"
        LOOK_UP = "look-up", "Opened"
        DOWNLOAD = "download", "Original downloaded"
        EXPORT = "export", "Exported"
        CREATE_TOKEN = "create-token", "Token created"
        REVOKE_TOKEN = "revoke-token", "Token revoked"
        SIGN_IN = "sign-in", "Signed in"
        SIGN_IN_FAILED = "sign-in-failed", "Sign-in failed"
        SIGN_OUT = "sign-out", "Signed out"

    at = models.DateTimeField("time")
    action = models.CharField(max_length=30, choices=Action)
    channel = models.CharField(max_length=10, choices=ImportJob.Channel)
    # The user of the site, or of the operating system: then there is no id.
    username = models.CharField("user", max_length=150, blank=True)
    user_id = models.BigIntegerField("user id", null=True, blank=True)
    token = models.CharField("API token", max_length=120, blank=True)
    # The events of one request, or of one command, have the same.
    request_id = models.UUIDField("request id", null=True, blank=True)
    # Name of a model, such as "flowfile"
    object_type = models.CharField(max_length=50, blank=True)
    object_id = models.BigIntegerField(null=True, blank=True)
    object_label = models.CharField("object", max_length=255, blank=True)
    details = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name_plural = "audit trail"
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["at", "id"], name="audit_event_at_idx"),
            models.Index(fields=["action", "at", "id"], name="audit_event_action_idx"),
            models.Index(fields=["username", "at", "id"], name="audit_event_user_idx"),
            models.Index(
                fields=["object_label", "at", "id"], name="audit_event_label_idx"
            ),
            models.Index(
                fields=["object_type", "object_id", "at", "id"],
                name="audit_event_object_idx",
            ),
            models.Index(fields=["request_id"], name="audit_event_request_idx"),
        ]

    @property
    def object_type_label(self) -> str:
        """The type in words, or as it is stored if there is no such model any more."""
        for config in apps.get_app_configs():
            if self.object_type in config.models:
                return str(config.models[self.object_type]._meta.verbose_name)
        return self.object_type

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.pk}"
