"""Serializers of readings and of their summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.timezone import localtime
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from meter_readings.api.openapi.examples import with_example
from meter_readings.d0010 import codes
from meter_readings.models import Reading, ReadingSource, VersionStatus

from .fields import (
    CodeField,
    CodeLabelField,
    LinksField,
    ReadOnlyModelSerializer,
    RegisterValueField,
)
from .reading_rows import LINKS, ReadingListSerializer


@with_example("reading")
class ReadingSerializer(ReadOnlyModelSerializer):
    """A reading of one register of one meter at one time.

    In lists, `fields` selects the fields to return.
    """

    mpan = serializers.CharField(
        source="meter.meter_point.mpan", help_text="MPAN (J0003)."
    )
    meter_serial = serializers.CharField(
        source="meter.serial_number", help_text="Serial number of the meter (J0004)."
    )
    register_meaning = serializers.SerializerMethodField(
        help_text="Usual meaning of the register id, by the habit of the trade: the "
        "catalogue defines none. Empty if there is none."
    )
    value = RegisterValueField()
    reading_type = CodeField("Reading type: why or by whom it was taken (J0171).")
    reading_type_label = CodeLabelField("reading_type")
    basis = serializers.ChoiceField(
        choices=codes.Basis.choices(), help_text="Reading basis."
    )
    basis_label = serializers.CharField(
        source="basis.label", help_text="Label of the basis."
    )
    bsc_validation_status = CodeField(
        "BSC validation status: validated for Settlement (J0022)."
    )
    bsc_validation_status_label = CodeLabelField("bsc_validation_status")
    meter_reading_flag = serializers.BooleanField(
        allow_null=True, help_text="Meter reading flag: valid or suspect (J0045)."
    )
    reading_method = CodeField("Reading method: viewed by an agent or not (J1888).")
    reading_method_label = CodeLabelField("reading_method")
    reason_code = CodeField("Reason code: the failed check (J0332).")
    reason_code_label = CodeLabelField("reason_code")
    meter_reading_status = serializers.BooleanField(
        allow_null=True, help_text="Meter reading status after checking (J0047)."
    )
    # The limits of the column differ between databases.
    md_reset_count = serializers.IntegerField(
        allow_null=True, min_value=0, help_text="Number of MD resets (J1013)."
    )
    version_status_label = CodeLabelField("version_status")
    source = serializers.ChoiceField(  # type: ignore[assignment]
        choices=ReadingSource.choices,
        help_text="Where it is from: a line of a flow file, or entered by a user.",
    )
    line_number = serializers.IntegerField(
        source="file_line_number",
        allow_null=True,
        help_text="Line in the flow file, from 1 on; null if a user entered it.",
    )
    flow_file_id = serializers.IntegerField(
        allow_null=True,
        help_text="Id of the flow file; null if a user entered it.",
    )
    correction_id = serializers.IntegerField(
        allow_null=True,
        help_text="Id of the correction by which a user entered it; null if it is from"
        " a file.",
    )
    is_suspect = serializers.BooleanField(
        help_text="Whether flag or status says that it is not valid."
    )
    meter_point_id = serializers.IntegerField(source="meter.meter_point_id")
    links = LinksField(**LINKS)

    class Meta:
        model = Reading
        list_serializer_class = ReadingListSerializer
        fields = [
            "id",
            "mpan",
            "meter_serial",
            "register_id",
            "register_meaning",
            "read_at",
            "value",
            "version_status",
            "version_status_label",
            "changed_at",
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
            "source",
            "flow_file_id",
            "line_number",
            "correction_id",
            "links",
        ]

    def get_register_meaning(self, row: Reading) -> str:
        return codes.register_meaning(row.register_id)


class CountOfTypeSerializer(serializers.Serializer):
    """Number of readings of one reading type."""

    reading_type = CodeField("Reading type (J0171).")
    reading_type_label = serializers.CharField(help_text="Label of the code.")
    basis = serializers.ChoiceField(
        choices=codes.Basis.choices(), help_text="Reading basis."
    )
    count = serializers.IntegerField(min_value=1, help_text="Number of readings.")


class CountOfStandingSerializer(serializers.Serializer):
    """Number of readings of one version status."""

    version_status = serializers.ChoiceField(
        choices=VersionStatus.choices, help_text="Version status."
    )
    version_status_label = serializers.CharField(help_text="Label of the code.")
    count = serializers.IntegerField(min_value=1, help_text="Number of readings.")


@with_example("summary")
class SummarySerializer(serializers.Serializer):
    """Counts of the readings that match.

    `rows_examined` is null if all were examined. If there was no time for that, the
    counts by type and status are those of the rows examined, and nothing is said of
    times.
    """

    count = serializers.IntegerField(
        min_value=0,
        allow_null=True,
        help_text="Number of matching readings; null if it is not known exactly.",
    )
    at_least = serializers.SerializerMethodField(
        help_text="Number of matching readings found; there may be more."
    )
    rows_examined = serializers.IntegerField(
        min_value=1,
        allow_null=True,
        help_text="Number of readings examined; null if all were.",
    )
    earliest_read_at = serializers.SerializerMethodField(
        help_text="Time of the earliest; null if not all were examined."
    )
    latest_read_at = serializers.SerializerMethodField(
        help_text="Time of the latest; null if not all were examined."
    )
    by_reading_type = serializers.SerializerMethodField(
        help_text="Counts per type, of the rows examined."
    )
    by_version_status = serializers.SerializerMethodField(
        help_text="Counts per version status, of the rows examined."
    )

    def get_at_least(self, summary: Mapping[str, Any]) -> int:
        found: int = sum(group["count"] for group in summary["groups"])
        stored: int = summary["count"] or 0
        return max(found, stored)

    def get_earliest_read_at(self, summary: Mapping[str, Any]) -> datetime | None:
        return summary["earliest"] and localtime(summary["earliest"])

    def get_latest_read_at(self, summary: Mapping[str, Any]) -> datetime | None:
        return summary["latest"] and localtime(summary["latest"])

    @extend_schema_field(CountOfTypeSerializer(many=True))
    def get_by_reading_type(self, summary: Mapping[str, Any]) -> list[dict[str, Any]]:
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
    def get_by_version_status(self, summary: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [
            {
                "version_status": version_status,
                "version_status_label": VersionStatus(version_status).label,
                "count": count,
            }
            for version_status, count in _counted(summary, "version_status")
        ]


def _counted(summary: Mapping[str, Any], name: str) -> list[tuple[str, int]]:
    """Return the values of a column with their counts, ordered by value."""
    counts: Counter[str] = Counter()
    for group in summary["groups"]:
        counts[group[name]] += group["count"]
    return sorted(counts.items())
