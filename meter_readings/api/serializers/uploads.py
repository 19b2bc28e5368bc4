"""Serializers of uploads: their options and the import report."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from meter_readings import exports
from meter_readings.api.query_parameters import BOOLEANS
from meter_readings.importer import ImportIssueCode, ImportResult, result_messages
from meter_readings.models import ImportJob, Policy, Severity

from .errors import LineErrorSerializer, ProblemSerializer
from .fields import LinksField
from .flow_files import FlowFileSerializer

# How many findings a response has; the flow file's own list has all.
MAX_FINDINGS = 100

_RULES_OF_IMPORTER = set(ImportIssueCode)

_OTHER_OUTCOMES = (
    ImportJob.Outcome.UNDONE,
    ImportJob.Outcome.CLEARED,
    ImportJob.Outcome.EXPORTED,
    ImportJob.Outcome.ERASED,
)
_OUTCOMES = [
    (outcome.value, outcome.label)
    for outcome in ImportJob.Outcome
    if outcome not in _OTHER_OUTCOMES
]


class _ChoiceField(serializers.ChoiceField):
    """A choice whose error does not repeat the value that was sent."""

    def __init__(self, choices: Any, **options: Any) -> None:
        super().__init__(choices, **options)
        values = ", ".join(map(str, self.choices))
        self.error_messages["invalid_choice"] = f"Choose one of: {values}."


@extend_schema_field(bool)
class _BooleanField(_ChoiceField):
    """The text `true` or `false`; BooleanField accepts others, such as `y`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(list(BOOLEANS), **options)
        self.error_messages["invalid_choice"] = "Choose one of: true, false."

    def to_internal_value(self, data: Any) -> Any:
        return BOOLEANS[super().to_internal_value(data)]


@extend_schema_field(OpenApiTypes.BINARY)
class _FileField(serializers.FileField):
    """An uploaded file."""


class UploadOptionsSerializer(serializers.Serializer):
    """The options of an upload."""

    filename = serializers.CharField(
        required=False,
        max_length=255,
        help_text="Filename; by default that of the form or of Content-Disposition. "
        "Folders are removed.",
    )
    policy = _ChoiceField(
        Policy.choices,
        default=Policy.STANDARD.value,
        help_text="Import policy: how strictly the file is validated.",
    )
    dry_run = _BooleanField(
        default=False, help_text="Validate the file only, and store nothing."
    )
    allow_same_name = _BooleanField(
        default=False,
        help_text="Import although other content was imported under this filename.",
    )


class ReprocessOptionsSerializer(UploadOptionsSerializer):
    """The options of importing an original file again."""

    # Declared fields that are None are removed.
    filename = None  # type: ignore[assignment]
    policy = _ChoiceField(
        Policy.choices,
        required=False,
        help_text="Import policy; by default that of the previous attempt.",
    )


class UploadFormSerializer(serializers.Serializer):
    """The form of an upload, for the OpenAPI schema.

    The form may have the options too. They are described once, as parameters of the
    query string: a generated client would send its defaults in both.
    """

    file = _FileField(help_text="The file, with its filename.")


class LoadCountsSerializer(serializers.Serializer):
    """Counts of the rows that an import added."""

    meter_points = serializers.IntegerField(help_text="New meter points.")
    meters = serializers.IntegerField(help_text="New meters.")
    site_visits = serializers.IntegerField(help_text="Site visits.")
    readings = serializers.IntegerField(help_text="All readings.")
    current = serializers.IntegerField(help_text="Current readings.")
    duplicate = serializers.IntegerField(help_text="Duplicate readings.")
    superseded = serializers.IntegerField(help_text="Superseded readings.")
    withdrawn = serializers.IntegerField(help_text="Withdrawn readings.")
    superseding = serializers.IntegerField(
        help_text="Readings that replace an earlier version."
    )


class RuleSerializer(serializers.Serializer):
    """The findings of one rule in a file."""

    code = serializers.CharField(help_text="Code of the rule.")
    severity = serializers.ChoiceField(Severity.choices, help_text="Severity.")
    count = serializers.IntegerField(help_text="Number of findings.")
    message = serializers.CharField(help_text="Description.")
    remedy = serializers.CharField(help_text="How to correct the file.")


class UploadFindingSerializer(serializers.Serializer):
    """One finding."""

    line_number = serializers.IntegerField(
        allow_null=True, help_text="Line; null for the whole file."
    )
    group = serializers.CharField(help_text="Group of the line.")
    field = serializers.CharField(help_text="The catalogue's name of the field.")
    severity = serializers.ChoiceField(Severity.choices, help_text="Severity.")
    code = serializers.CharField(source="rule", help_text="Code of the rule.")
    message = serializers.CharField(help_text="Description.")
    found = serializers.CharField(help_text="Value in the file.")
    expected = serializers.CharField(help_text="Expected value.")


class UploadSerializer(serializers.Serializer):
    """The result of an upload that was accepted, or of a dry run."""

    outcome = serializers.ChoiceField(_OUTCOMES, help_text="Result.")
    outcome_label = serializers.CharField(
        source="outcome.label", help_text="Label of the result."
    )
    duplicate = serializers.SerializerMethodField(
        help_text="Whether the same bytes were imported before, as `flow_file`."
    )
    filename = serializers.CharField(help_text="Filename.")
    sha256 = serializers.CharField(help_text="SHA-256 of the uncompressed content.")
    policy = serializers.ChoiceField(Policy.choices, help_text="Import policy.")
    line_count = serializers.IntegerField(help_text="Number of lines.")
    readings_read = serializers.IntegerField(help_text="Readings in the file.")
    readings_loaded = serializers.IntegerField(help_text="Readings loaded.")
    readings_rejected = serializers.IntegerField(help_text="Readings rejected.")
    loaded = LoadCountsSerializer(
        allow_null=True, help_text="Rows added; null if nothing was loaded."
    )
    error_count = serializers.IntegerField(help_text="Number of errors.")
    warning_count = serializers.IntegerField(help_text="Number of warnings.")
    note_count = serializers.IntegerField(help_text="Number of notes.")
    rules = serializers.SerializerMethodField(
        help_text="Rules with findings, errors first."
    )
    findings = serializers.SerializerMethodField(
        help_text=f"The first {MAX_FINDINGS} findings by line; "
        "`flow_file.links.findings` has all."
    )
    flow_file = FlowFileSerializer(
        allow_null=True,
        help_text="The stored file; null if it is not stored, or if it was imported "
        "before and the token or its user may not view flow files.",
    )

    def get_duplicate(self, result: ImportResult) -> bool:
        return result.outcome == ImportJob.Outcome.ALREADY_IMPORTED

    @extend_schema_field(RuleSerializer(many=True))
    def get_rules(self, result: ImportResult) -> Any:
        return RuleSerializer(
            result_messages.findings_by_rule(result, 0), many=True
        ).data

    def to_representation(self, result: ImportResult) -> dict[str, Any]:
        data = super().to_representation(result)
        if self.get_duplicate(result) and not self.context["may_view_flow_files"]:
            data["flow_file"] = None
        return data

    @extend_schema_field(UploadFindingSerializer(many=True))
    def get_findings(self, result: ImportResult) -> Any:
        rows = [
            exports.finding_row(file=result.filename, finding=issue, severity=severity)
            for issue, severity in result.findings[:MAX_FINDINGS]
        ]
        if not self.context["may_view_flow_files"]:
            # Findings of the importer name other files.
            rows = [
                row._replace(found="") if row.rule in _RULES_OF_IMPORTER else row
                for row in rows
            ]
        return UploadFindingSerializer(rows, many=True).data


class UndoCountsSerializer(serializers.Serializer):
    """Counts of the rows that an undo deleted or changed."""

    readings = serializers.IntegerField(help_text="Readings deleted.")
    site_visits = serializers.IntegerField(help_text="Site visits deleted.")
    meters = serializers.IntegerField(help_text="Meters deleted.")
    meter_points = serializers.IntegerField(help_text="Meter points deleted.")
    versions_changed = serializers.IntegerField(
        help_text="Readings of other files whose version status changed."
    )


class UndoSerializer(serializers.Serializer):
    """The result of undoing an import."""

    deleted = UndoCountsSerializer(
        help_text="What was deleted; zeros if the import had been undone before."
    )
    flow_file = FlowFileSerializer(help_text="The flow file, now undone.")


class StoredReportSerializer(serializers.Serializer):
    """The validation report of a rejected file, which is stored."""

    error_count = serializers.IntegerField(help_text="Number of errors.")
    warning_count = serializers.IntegerField(help_text="Number of warnings.")
    note_count = serializers.IntegerField(help_text="Number of notes.")
    links = LinksField(
        flow_file=("flow-file-detail", "pk"), findings=("flow-file-findings", "pk")
    )


class RejectionSerializer(ProblemSerializer):
    """The error response for a file that was not accepted (RFC 9457)."""

    errors = LineErrorSerializer(
        many=True,
        help_text=f"The first {MAX_FINDINGS} errors by line, without the values "
        "found; `report.links.findings` has all, with values.",
    )
    report = StoredReportSerializer(
        required=False, help_text="Validation report of a rejected file."
    )
