"""Findings: stored issues of flow files, weighed by the import policy."""

from __future__ import annotations

from django.db import models

from .flow_file import FlowFile


class Severity(models.TextChoices):
    ERROR = "error", "Error"
    WARNING = "warning", "Warning"
    NOTE = "note", "Note"


class Finding(models.Model):
    """An issue of a file or of one of its lines, with the severity of its rule.

    `found` is the value in the file, `expected` what the rule requires. The number of
    rows per rule is limited; `FlowFile.finding_counts` counts every finding.
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
                fields=["flow_file", "code", "line_number"], name="finding_rule_idx"
            ),
            models.Index(fields=["flow_file", "line_number"], name="finding_line_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.code} on line {self.line_number or '–'}"
