"""How rows look: values exact, times with their offset, codes with what they mean.

Addresses of what belongs to a row stand in `links`. Readings are in
`reading_serializers`.
"""

from __future__ import annotations

from rest_framework import serializers

from meter_readings import importer
from meter_readings.d0010.codes import MarketRole
from meter_readings.models import (
    Finding,
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    SiteVisit,
)

from . import examples
from .fields import Coded, Label, Links, Row, shown

_SENTENCES = {str(code): code.sentence for code in importer.RULES}


@shown(examples.FLOW_FILE)
class FlowFileSerializer(Row):
    """A file as it came, and what became of it."""

    status_label = Label("status")
    from_role_label = serializers.SerializerMethodField(help_text="What it means.")
    to_role_label = serializers.SerializerMethodField(help_text="What it means.")
    finding_counts = serializers.DictField(
        child=serializers.IntegerField(), help_text="How many findings each rule has."
    )
    links = Links(
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
            "flow_count",
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
        """Return what the sender is."""
        return MarketRole.label_of(row.from_role)

    def get_to_role_label(self, row: FlowFile) -> str:
        """Return what the recipient is."""
        return MarketRole.label_of(row.to_role)


@shown(examples.IMPORT)
class ImportSerializer(Row):
    """One attempt to import a file, or to undo an import."""

    state_label = Label("state")
    phase_label = Label("phase")
    channel_label = Label("channel")
    requested_by = serializers.CharField(
        source="requested_by.username",
        default=None,
        allow_null=True,
        help_text="Who asked for it; null for the command line.",
    )
    counts = serializers.DictField(help_text="What was counted, by its name.")
    links = Links(
        self=("import-detail", "pk"), flow_file=("flow-file-detail", "flow_file_id")
    )

    class Meta:
        model = ImportJob
        fields = [
            "id",
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
            "bytes_processed",
            "counts",
            "message",
            "started_at",
            "heartbeat_at",
            "finished_at",
            "links",
        ]


@shown(examples.FINDING)
class FindingSerializer(Row):
    """Something a person should know about a file or one of its lines."""

    severity_label = Label("severity")
    message = serializers.SerializerMethodField(help_text="What the rule is about.")
    links = Links(
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
        """Return the sentence of its rule."""
        return _SENTENCES.get(row.code, "")


class DistributorSerializer(serializers.Serializer):
    """Whose network a meter point is on."""

    distributor_id = serializers.CharField(help_text="The MPAN's first two digits.")
    participant = serializers.CharField(help_text="Market participant id.")
    area = serializers.CharField(help_text="Where, or who.")
    gsp_group = serializers.CharField(help_text="GSP group; empty for independents.")


@shown(examples.METER)
class MeterSerializer(Row):
    """A meter, at its meter point."""

    mpan = serializers.CharField(
        source="meter_point.mpan", help_text="Where it is (J0003)."
    )
    links = Links(
        self=("meter-detail", "pk"),
        meter_point=("meter-point-detail", "meter_point_id"),
        readings=("meter-readings", "pk"),
        site_visits=("site-visit-list?meter", "pk"),
    )

    class Meta:
        model = Meter
        fields = ["id", "serial_number", "mpan", "meter_point_id", "links"]


@shown(examples.METER_POINT)
class MeterPointSerializer(Row):
    """A place that is supplied, known by its MPAN."""

    distributor = DistributorSerializer(allow_null=True)
    links = Links(
        self=("meter-point-detail", "pk"),
        readings=("meter-point-readings", "pk"),
        advances=("meter-point-advances", "pk"),
        meters=("meter-list?meter_point", "pk"),
        site_visits=("site-visit-list?meter_point", "pk"),
    )

    class Meta:
        model = MeterPoint
        fields = ["id", "mpan", "distributor", "links"]


@shown(examples.SITE_VISIT)
class SiteVisitSerializer(Row):
    """What was found on site (groups 027, 029 and 033)."""

    mpan = serializers.CharField(source="meter_point.mpan", help_text="J0003.")
    meter_serial = serializers.CharField(
        source="meter.serial_number",
        default=None,
        allow_null=True,
        help_text="The meter's serial number (J0004), where one was visited.",
    )
    check_code = Coded("What was found (J0024); empty where nothing is said.")
    check_code_label = Label("check_code")
    bsc_validation_status = Coded("As the group 026 above it says (J0022).")
    bsc_validation_status_label = Label("bsc_validation_status")
    reading_type = Coded("As the group 028 above it says (J0171).")
    reading_type_label = Label("reading_type")
    links = Links(
        self=("site-visit-detail", "pk"),
        meter_point=("meter-point-detail", "meter_point_id"),
        meter=("meter-detail", "meter_id"),
        flow_file=("flow-file-detail", "flow_file_id"),
    )

    class Meta:
        model = SiteVisit
        fields = [
            "id",
            "mpan",
            "meter_serial",
            "group",
            "check_code",
            "check_code_label",
            "additional_information",
            "bsc_validation_status",
            "bsc_validation_status_label",
            "reading_type",
            "reading_type_label",
            "meter_point_id",
            "meter_id",
            "flow_file_id",
            "line_number",
            "links",
        ]


# Refusals


class ComplaintSerializer(serializers.Serializer):
    """What is wrong with one part of a request."""

    field = serializers.CharField(help_text="The parameter.")
    code = serializers.CharField(help_text="What kind of mistake it is, for programs.")
    message = serializers.CharField(help_text="What is wrong, for people.")


class LineComplaintSerializer(ComplaintSerializer):
    """What is wrong with one line of a file, or with the request."""

    line = serializers.IntegerField(
        required=False, allow_null=True, help_text="Its line; null for the whole file."
    )
    group = serializers.CharField(required=False, help_text="The group of the line.")
    field = serializers.CharField(help_text="The field, or the parameter.")
    expected = serializers.CharField(
        required=False, help_text="What should stand there."
    )


class ProblemSerializer(serializers.Serializer):
    """A refusal (RFC 9457)."""

    type = serializers.CharField(help_text="The kind of problem, as a URI.")
    title = serializers.CharField(help_text="The status in words.")
    status = serializers.IntegerField(help_text="The HTTP status.")
    detail = serializers.CharField(help_text="What is wrong, for people.")
    instance = serializers.CharField(help_text="This one refusal, as a URI.")
    request_id = serializers.CharField(help_text="The number of the request.")
    # The name is that of a property of all serializers, which is of no use here.
    errors = ComplaintSerializer(  # type: ignore[assignment]
        many=True, help_text="What is wrong, part by part."
    )
