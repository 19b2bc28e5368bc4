"""How readings look, and what there is to say of many of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.timezone import localtime
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from meter_readings.d0010 import codes
from meter_readings.models import Reading, VersionStatus

from . import examples
from .fields import Coded, Label, Links, RegisterValue, Row, shown


@shown(examples.READING)
class ReadingSerializer(Row):
    """What one register of one meter said at one time.

    In lists, `fields` may leave any of it out.
    """

    is_cut = True

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
    version_status_label = Label("version_status")
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
            "version_status",
            "version_status_label",
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


class CountOfTypeSerializer(serializers.Serializer):
    """How many readings are of one type."""

    reading_type = Coded("Why or by whom they were taken (J0171).")
    reading_type_label = serializers.CharField(help_text="What it means.")
    basis = serializers.ChoiceField(
        choices=codes.Basis.choices(), help_text="What they rest on."
    )
    count = serializers.IntegerField(min_value=1)


class CountOfStandingSerializer(serializers.Serializer):
    """How many readings have one standing."""

    version_status = serializers.ChoiceField(choices=VersionStatus.choices)
    version_status_label = serializers.CharField(help_text="What it means.")
    count = serializers.IntegerField(min_value=1)


@shown(examples.SUMMARY)
class SummarySerializer(serializers.Serializer):
    """How many readings match, and of which kinds they are."""

    count = serializers.SerializerMethodField(help_text="How many match.")
    count_is_exact = serializers.BooleanField(
        help_text="False where there are too many to count them all."
    )
    earliest_read_at = serializers.SerializerMethodField(help_text="When it begins.")
    latest_read_at = serializers.SerializerMethodField(help_text="When it ends.")
    by_reading_type = serializers.SerializerMethodField(help_text="By their types.")
    by_version_status = serializers.SerializerMethodField(
        help_text="By their standings."
    )

    def get_count(self, summary: Mapping[str, Any]) -> int:
        """Return how many there are."""
        return sum(group["count"] for group in summary["groups"])

    def get_earliest_read_at(self, summary: Mapping[str, Any]) -> datetime | None:
        """Return when the earliest was taken."""
        times = [group["earliest"] for group in summary["groups"]]
        return localtime(min(times)) if times else None

    def get_latest_read_at(self, summary: Mapping[str, Any]) -> datetime | None:
        """Return when the latest was taken."""
        times = [group["latest"] for group in summary["groups"]]
        return localtime(max(times)) if times else None

    @extend_schema_field(CountOfTypeSerializer(many=True))
    def get_by_reading_type(self, summary: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return how many there are of each type."""
        return [
            {
                "reading_type": code,
                "reading_type_label": codes.ReadingType.label_of(code),
                "basis": codes.basis_of(code),
                "count": count,
            }
            for code, count in _counted(summary, "reading_type")
        ]

    @extend_schema_field(CountOfStandingSerializer(many=True))
    def get_by_standing(self, summary: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return how many there are of each standing."""
        return [
            {
                "version_status": version_status,
                "version_status_label": VersionStatus(version_status).label,
                "count": count,
            }
            for version_status, count in _counted(summary, "version_status")
        ]


def _counted(summary: Mapping[str, Any], name: str) -> list[tuple[str, int]]:
    """Return the values of a column with how many rows have each, by value."""
    counts: Counter[str] = Counter()
    for group in summary["groups"]:
        counts[group[name]] += group["count"]
    return sorted(counts.items())
