"""Serializers of flow files, import jobs and findings."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from meter_readings import importer
from meter_readings.api.openapi.examples import with_example
from meter_readings.api.permissions import may_view_flow_files
from meter_readings.d0010.codes import MarketRole
from meter_readings.models import Finding, FlowFile, ImportJob

from .fields import CodeLabelField, LinksField, ReadOnlyModelSerializer

_RULE_MESSAGES = {str(code): code.message for code in importer.RULES}


@with_example("flow_file")
class FlowFileSerializer(ReadOnlyModelSerializer):
    """A flow file: its header, its counts and its status."""

    status_label = CodeLabelField("status")
    from_role_label = serializers.SerializerMethodField(help_text="Label of the code.")
    to_role_label = serializers.SerializerMethodField(help_text="Label of the code.")
    finding_counts = serializers.DictField(
        child=serializers.IntegerField(), help_text="Number of findings per rule."
    )
    links = LinksField(
        self=("flow-file-detail", "pk"),
        content=("flow-file-content", "pk"),
        findings=("flow-file-findings", "pk"),
        readings=("flow-file-readings", "pk"),
        site_visits=("flow-file-site-visits", "pk"),
        imports=("import-list?flow_file", "pk"),
    )

    class Meta:
        model = FlowFile
        fields = [
            "id",
            "filename",
            "status",
            "status_label",
            "sha256",
            "size",
            "policy",
            "received_at",
            "changed_at",
            "file_identifier",
            "flow_and_version",
            "from_role",
            "from_role_label",
            "from_participant",
            "to_role",
            "to_role_label",
            "to_participant",
            "file_created_at",
            "test_data_flag",
            "header_text",
            "trailer_text",
            "line_count",
            "group_count",
            "mpan_group_count",
            "trailer_group_count",
            "trailer_flow_count",
            "readings_read",
            "readings_loaded",
            "readings_rejected",
            "readings_deleted",
            "redacted_at",
            "error_count",
            "warning_count",
            "note_count",
            "finding_counts",
            "links",
        ]

    def get_from_role_label(self, row: FlowFile) -> str:
        return MarketRole.label_of(row.from_role)

    def get_to_role_label(self, row: FlowFile) -> str:
        return MarketRole.label_of(row.to_role)


@with_example("import_job")
class ImportJobSerializer(ReadOnlyModelSerializer):
    """An import job: a request to import, delete or export data."""

    kind_label = CodeLabelField("kind")
    state_label = CodeLabelField("state")
    phase_label = CodeLabelField("phase")
    channel_label = CodeLabelField("channel")
    requested_by = serializers.CharField(
        source="requested_by.username",
        default=None,
        allow_null=True,
        help_text="Username; null for the command line.",
    )
    counts = serializers.DictField(help_text="Counts by name.")
    links = LinksField(
        self=("import-detail", "pk"),
        flow_file=("flow-file-detail", "flow_file_id"),
        download=("import-download", "downloadable_id"),
    )

    def to_representation(self, job: ImportJob) -> dict[str, Any]:
        data = super().to_representation(job)
        is_of_others = job.outcome == ImportJob.Outcome.ALREADY_IMPORTED
        if is_of_others and not may_view_flow_files(self.context["request"]):
            data["flow_file_id"] = data["links"]["flow_file"] = None
        return data

    class Meta:
        model = ImportJob
        fields = [
            "id",
            "kind",
            "kind_label",
            "flow_file_id",
            "filename",
            "sha256",
            "state",
            "state_label",
            "phase",
            "phase_label",
            "outcome",
            "channel",
            "channel_label",
            "policy",
            "requested_by",
            "attempt",
            "size",
            "bytes_processed",
            "counts",
            "message",
            "queued_at",
            "started_at",
            "heartbeat_at",
            "finished_at",
            "links",
        ]


@with_example("finding")
class FindingSerializer(ReadOnlyModelSerializer):
    """A finding: one issue of a file or of one of its lines."""

    severity_label = CodeLabelField("severity")
    message = serializers.SerializerMethodField(help_text="Description of the rule.")
    links = LinksField(
        self=("finding-detail", "pk"), flow_file=("flow-file-detail", "flow_file_id")
    )

    class Meta:
        model = Finding
        fields = [
            "id",
            "flow_file_id",
            "line_number",
            "group",
            "field",
            "severity",
            "severity_label",
            "code",
            "message",
            "found",
            "expected",
            "links",
        ]

    def get_message(self, row: Finding) -> str:
        return _RULE_MESSAGES.get(row.code, "")
