"""What came of a file that was sent: the report, or the refusal with its reasons.

A refusal does not tell what was found in a line, which may be somebody's MPAN: that is
among the findings of the file, which are kept.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.utils.text import capfirst
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from meter_readings import importer
from meter_readings.exports import findings as reports
from meter_readings.importer import ImportResult, Outcome, result_messages
from meter_readings.models import Policy, Severity

from .errors import Complaint, LineComplaint, problem
from .fields import Links
from .serializers import (
    FlowFileSerializer,
    LineComplaintSerializer,
    ProblemSerializer,
)

# How many findings stand in an answer; the file's own list has them all.
MOST_FINDINGS = 100

# What may come of a file that is not refused
_OUTCOMES = [
    (outcome.value, outcome.label) for outcome in Outcome if outcome != Outcome.UNDONE
]


class LoadedSerializer(serializers.Serializer):
    """What a load added, and what became of it."""

    meter_points = serializers.IntegerField(help_text="New meter points.")
    meters = serializers.IntegerField(help_text="New meters.")
    site_visits = serializers.IntegerField(help_text="Visits without a reading.")
    readings = serializers.IntegerField(help_text="All readings.")
    current = serializers.IntegerField(help_text="Those that count.")
    duplicate = serializers.IntegerField(help_text="Those that said nothing new.")
    superseded = serializers.IntegerField(help_text="Those that others had replaced.")
    withdrawn = serializers.IntegerField(help_text="Those that take a reading back.")
    superseding = serializers.IntegerField(help_text="Those that replace another.")


class RuleSerializer(serializers.Serializer):
    """How often a rule found something in the file."""

    code = serializers.CharField(help_text="The rule, for programs.")
    severity = serializers.ChoiceField(Severity.choices, help_text="How bad it is.")
    count = serializers.IntegerField(help_text="How many findings it has.")
    message = serializers.CharField(source="sentence", help_text="What it found.")
    remedy = serializers.CharField(help_text="What a person can do about it.")


class ToldSerializer(serializers.Serializer):
    """One finding."""

    line_number = serializers.IntegerField(
        allow_null=True, help_text="Its line; null for the whole file."
    )
    group = serializers.CharField(help_text="The group of the line.")
    field = serializers.CharField(help_text="The catalogue's name of the field.")
    severity = serializers.ChoiceField(Severity.choices, help_text="How bad it is.")
    code = serializers.CharField(source="rule", help_text="The rule, for programs.")
    message = serializers.CharField(source="sentence", help_text="What it found.")
    found = serializers.CharField(help_text="What stands there.")
    expected = serializers.CharField(help_text="What should stand there.")


class UploadSerializer(serializers.Serializer):
    """What came of a file, or would."""

    outcome = serializers.ChoiceField(_OUTCOMES, help_text="What came of it.")
    outcome_label = serializers.CharField(
        source="outcome.label", help_text="What it means."
    )
    duplicate = serializers.SerializerMethodField(
        help_text="Whether the same bytes had been imported: `flow_file` is the first."
    )
    filename = serializers.CharField(help_text="What it is called here.")
    sha256 = serializers.CharField(help_text="SHA-256 of its bytes, unpacked.")
    policy = serializers.ChoiceField(Policy.choices, help_text="How it was judged.")
    line_count = serializers.IntegerField(help_text="How many lines were read.")
    readings_read = serializers.IntegerField(help_text="How many readings are in it.")
    readings_loaded = serializers.IntegerField(help_text="How many of them are good.")
    readings_rejected = serializers.IntegerField(help_text="How many are not.")
    loaded = LoadedSerializer(
        allow_null=True, help_text="What is new; null where nothing was loaded."
    )
    error_count = serializers.IntegerField(help_text="How many errors it has.")
    warning_count = serializers.IntegerField(help_text="How many warnings.")
    note_count = serializers.IntegerField(help_text="How many notes.")
    rules = serializers.SerializerMethodField(
        help_text="The rules that found something, errors first."
    )
    findings = serializers.SerializerMethodField(
        help_text=f"What they found, line by line, up to {MOST_FINDINGS}; "
        "`flow_file.links.findings` has them all."
    )
    flow_file = FlowFileSerializer(
        allow_null=True, help_text="The file as it is held; null where it is not."
    )

    def get_duplicate(self, result: ImportResult) -> bool:
        """Return whether the bytes were held before."""
        return result.outcome == Outcome.ALREADY_IMPORTED

    @extend_schema_field(RuleSerializer(many=True))
    def get_rules(self, result: ImportResult) -> Any:
        """Return what each rule found."""
        return RuleSerializer(
            result_messages.findings_by_rule(result, 0), many=True
        ).data

    @extend_schema_field(ToldSerializer(many=True))
    def get_findings(self, result: ImportResult) -> Any:
        """Return the first findings."""
        rows = (
            reports.row(file=result.filename, said=issue, severity=severity)
            for issue, severity in result.findings[:MOST_FINDINGS]
        )
        return ToldSerializer(rows, many=True).data


class KeptReportSerializer(serializers.Serializer):
    """What there is to say about a rejected file, which is kept."""

    error_count = serializers.IntegerField(help_text="How many errors it has.")
    warning_count = serializers.IntegerField(help_text="How many warnings.")
    note_count = serializers.IntegerField(help_text="How many notes.")
    links = Links(
        flow_file=("flow-file-detail", "pk"), findings=("flow-file-findings", "pk")
    )


class RejectionSerializer(ProblemSerializer):
    """A refusal of a file (RFC 9457)."""

    errors = LineComplaintSerializer(
        many=True,
        help_text=f"What is wrong, line by line, up to {MOST_FINDINGS}; "
        "`report.links.findings` has all there is to say, and what stands there.",
    )
    report = KeptReportSerializer(
        required=False, help_text="The report, where the file was rejected."
    )


def report(request: Request, result: ImportResult, *, status: int) -> HttpResponse:
    """Return what came of a file that was not refused."""
    data = UploadSerializer(result, context={"request": request}).data
    body = JSONRenderer().render(data)
    return HttpResponse(body, status=status, content_type="application/json")


def rejection(request: Request, result: ImportResult) -> JsonResponse:
    """Return why a file was rejected."""
    said = result_messages.outcome_message(result, is_dry_run=False)
    errors = [
        issue for issue, severity in result.findings if severity == Severity.ERROR
    ]
    serializer = KeptReportSerializer(result.flow_file, context={"request": request})
    return problem(
        request,
        status=422,
        detail=f"{capfirst(said)}. The report is kept: see report.links.",
        errors=[
            LineComplaint(
                line=issue.line_number,
                group=issue.group,
                field=issue.field,
                code=str(issue.code),
                message=issue.code.sentence,
                expected=issue.expected,
            )
            for issue in errors[:MOST_FINDINGS]
        ],
        more={"report": serializer.data},
    )


def name_taken(request: Request) -> JsonResponse:
    """Return that other content has been imported under the name of a file."""
    code = importer.ImportIssueCode.DUPLICATE_FILENAME
    return problem(
        request,
        status=409,
        detail="Nothing was kept of this file. Rename it, or say allow_same_name=true.",
        errors=[Complaint("filename", str(code), code.sentence)],
    )


def unreadable(request: Request, reason: str) -> JsonResponse:
    """Return that an archive could not be read."""
    return problem(
        request,
        status=422,
        detail="The archive cannot be taken, and nothing was kept of it.",
        errors=[Complaint("file", "unreadable", reason)],
    )
