"""Findings: what a person should know about a file."""

from __future__ import annotations

from django.db import models

from .flow_file import FlowFile


class Severity(models.TextChoices):
    """How much a finding matters."""

    ERROR = "error", "Error"
    WARNING = "warning", "Warning"
    NOTE = "note", "Note"


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
