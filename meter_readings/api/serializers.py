"""How rows look: values exact, times with their offset, codes with what they mean.

Addresses of what belongs to a row stand in `links`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from operator import attrgetter
from typing import Any

from django.db.models import Model
from drf_spectacular.utils import (
    OpenApiExample,
    extend_schema_field,
    extend_schema_serializer,
)
from rest_framework import serializers
from rest_framework.reverse import reverse

from meter_readings import importer
from meter_readings.d0010 import D0010, codes
from meter_readings.d0010.codes import MarketRole
from meter_readings.models import (
    Finding,
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    Reading,
    SiteVisit,
)

from . import examples

_VALUE = next(field for field in D0010.reading.fields if field.name == "value").format
_SENTENCES = {str(code): code.sentence for code in importer.RULES}
# It stands in an address for the number of a row.
_ANY_NUMBER = "900090009000900090"


class Label(serializers.ReadOnlyField):
    """What a code means; one that the catalogue does not list means itself."""

    def __init__(self, of: str) -> None:
        super().__init__(source=f"get_{of}_display", help_text="What it means.")


class Coded(serializers.CharField):
    """A code as it came, listed in the catalogue or not; empty where there is none."""

    def __init__(self, meaning: str) -> None:
        super().__init__(read_only=True, allow_blank=True, help_text=meaning)


@extend_schema_field({"type": "string", "pattern": r"^[0-9]{1,9}\.[0-9]{1,3}$"})
class RegisterValue(serializers.Field):
    """What a register said, as text, so that no digit is lost."""

    def __init__(self) -> None:
        super().__init__(
            read_only=True,
            help_text="What the register said, its multiplier not applied (J0040).",
        )

    def to_representation(self, value: Decimal) -> str:
        """Return it as the flow writes it."""
        return _VALUE.write(value)


class Links(serializers.Field):
    """Addresses of what belongs to a row, each by a view and the number it takes.

    A view with a parameter is a list: `meter-list?meter_point`.
    """

    def __init__(self, /, **views: tuple[str, str]) -> None:
        super().__init__(source="*", read_only=True, help_text="Where to find them.")
        self.views = views
        self._patterns: dict[str, str] = {}

    def to_representation(self, row: Model) -> dict[str, str | None]:
        """Return the addresses; null where the row has no such thing."""
        return {
            name: self._address(view, attrgetter(attribute)(row))
            for name, (view, attribute) in self.views.items()
        }

    def _address(self, view: str, number: int | None) -> str | None:
        if number is None:
            return None
        if view not in self._patterns:
            self._patterns[view] = self._pattern(view)
        return self._patterns[view].replace(_ANY_NUMBER, str(number))

    def _pattern(self, view: str) -> str:
        name, _, parameter = view.partition("?")
        numbers = [] if parameter else [_ANY_NUMBER]
        address = reverse(f"api:{name}", numbers, request=self.context["request"])
        return f"{address}?{parameter}={_ANY_NUMBER}" if parameter else address


def _shown(example: Mapping[str, Any]) -> Any:
    return extend_schema_serializer(examples=[OpenApiExample("Example", example)])


class _Row(serializers.ModelSerializer):
    """Base of all: nothing is written by them."""

    def get_fields(self) -> dict[str, serializers.Field]:
        """Return the fields; those that were asked for, where some were."""
        fields = super().get_fields()
        wanted = self.context.get("fields")
        if wanted:
            fields = {name: fields[name] for name in fields if name in wanted}
        for field in fields.values():
            field.read_only = True
        return fields


@_shown(examples.FLOW_FILE)
class FlowFileSerializer(_Row):
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


@_shown(examples.IMPORT)
class ImportSerializer(_Row):
    """One attempt to import a file, or to undo an import."""

    state_label = Label("state")
    phase_label = Label("phase")
    door_label = Label("door")
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
            "door",
            "door_label",
            "policy",
            "requested_by",
            "bytes_checked",
            "counts",
            "message",
            "started_at",
            "heartbeat_at",
            "finished_at",
            "links",
        ]


@_shown(examples.FINDING)
class FindingSerializer(_Row):
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


@_shown(examples.METER)
class MeterSerializer(_Row):
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


@_shown(examples.METER_POINT)
class MeterPointSerializer(_Row):
    """A place that is supplied, known by its MPAN."""

    distributor = DistributorSerializer(allow_null=True)
    links = Links(
        self=("meter-point-detail", "pk"),
        readings=("meter-point-readings", "pk"),
        meters=("meter-list?meter_point", "pk"),
        site_visits=("site-visit-list?meter_point", "pk"),
    )

    class Meta:
        model = MeterPoint
        fields = ["id", "mpan", "distributor", "links"]


@_shown(examples.READING)
class ReadingSerializer(_Row):
    """What one register of one meter said at one time."""

    mpan = serializers.CharField(source="meter.meter_point.mpan", help_text="J0003.")
    meter_serial = serializers.CharField(
        source="meter.serial_number", help_text="The meter's serial number (J0004)."
    )
    value = RegisterValue()
    reading_type = Coded("Why or by whom it was taken (J0171).")
    reading_type_label = Label("reading_type")
    basis = serializers.ChoiceField(
        choices=codes.Basis.choices(), help_text="What it rests on."
    )
    basis_label = serializers.CharField(source="basis.label", help_text="In words.")
    bsc_validation_status = Coded("Whether it is validated for Settlement (J0022).")
    bsc_validation_status_label = Label("bsc_validation_status")
    meter_reading_flag = serializers.BooleanField(
        allow_null=True, help_text="Whether it is valid, as first judged (J0045)."
    )
    reading_method = Coded("Whether an agent saw the meter (J1888).")
    reading_method_label = Label("reading_method")
    reason_code = Coded("Which check it failed (J0332).")
    reason_code_label = Label("reason_code")
    meter_reading_status = serializers.BooleanField(
        allow_null=True, help_text="The verdict after checking (J0047)."
    )
    # The limits of the column are other ones in another database.
    md_reset_count = serializers.IntegerField(
        allow_null=True, min_value=0, help_text="How many times (J1013)."
    )
    standing_label = Label("standing")
    is_suspect = serializers.BooleanField(
        help_text="Whether it is not valid, by all that is said of it."
    )
    meter_point_id = serializers.IntegerField(source="meter.meter_point_id")
    links = Links(
        self=("reading-detail", "pk"),
        meter_point=("meter-point-detail", "meter.meter_point_id"),
        meter=("meter-detail", "meter_id"),
        flow_file=("flow-file-detail", "flow_file_id"),
    )

    class Meta:
        model = Reading
        fields = [
            "id",
            "mpan",
            "meter_serial",
            "register_id",
            "read_at",
            "value",
            "standing",
            "standing_label",
            "basis",
            "basis_label",
            "reading_type",
            "reading_type_label",
            "bsc_validation_status",
            "bsc_validation_status_label",
            "is_suspect",
            "meter_reading_flag",
            "reading_method",
            "reading_method_label",
            "reason_code",
            "reason_code_label",
            "meter_reading_status",
            "md_reset_at",
            "md_reset_count",
            "meter_point_id",
            "meter_id",
            "flow_file_id",
            "line_number",
            "links",
        ]


@_shown(examples.SITE_VISIT)
class SiteVisitSerializer(_Row):
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
