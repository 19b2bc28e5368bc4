"""Serializers of failed reads and of their counts."""

from __future__ import annotations

from datetime import date
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from meter_readings.api.openapi.examples import with_example
from meter_readings.d0010 import codes
from meter_readings.d0010.mpan import DISTRIBUTORS, distributor_of
from meter_readings.queries.failed_reads import (
    FailedRead,
    FailedReadCounts,
    FailedRegister,
    band_of,
)

from .fields import CodeField, LinksField, RegisterValueField
from .meter_points import DistributorSerializer

_SENDER = "Market participant id of the sender; empty if a user entered the reading."
_REASON = "Reason code: the failed check (J0332); empty if none was given."
_LABEL = "Label of the code."
_COUNT = "Number of failed reads."


class AgeBandSerializer(serializers.Serializer):
    """A range of ages."""

    min_age_days = serializers.IntegerField(
        source="min_age", min_value=0, help_text="First day of the band."
    )
    max_age_days = serializers.IntegerField(
        source="max_age",
        allow_null=True,
        help_text="Last day of the band; null if it has none.",
    )


class ReasonSerializer(serializers.Serializer):
    """A reason with its explanation."""

    reason_code = CodeField(_REASON)
    reason_code_label = serializers.CharField(help_text=_LABEL)


class FailedRegisterSerializer(serializers.Serializer):
    """The failed reading of one register."""

    meter_serial = serializers.CharField(
        source="serial_number", help_text="Serial number of the meter (J0004)."
    )
    register_id = serializers.CharField(help_text="Meter register id (J0010).")
    read_at = serializers.DateTimeField(
        help_text="When the reading was taken (J0016), in UK local time."
    )
    value = RegisterValueField()
    reading_type = CodeField("Reading type: why or by whom it was taken (J0171).")
    reading_type_label = serializers.SerializerMethodField(help_text=_LABEL)
    reason_code = CodeField(_REASON)
    reason_code_label = serializers.SerializerMethodField(help_text=_LABEL)
    from_participant = serializers.CharField(source="sender", help_text=_SENDER)
    links = LinksField(
        reading=("reading-detail", "reading_id"), meter=("meter-detail", "meter_id")
    )

    def get_reading_type_label(self, register: FailedRegister) -> str:
        return codes.ReadingType.label_of(register.reading_type)

    def get_reason_code_label(self, register: FailedRegister) -> str:
        return codes.ReasonCode.label_of(register.reason_code)


@with_example("failed_read")
class FailedReadSerializer(serializers.Serializer):
    """A visit to a meter point with failed readings that are outstanding."""

    mpan = serializers.CharField(help_text="MPAN (J0003).")
    visit_date = serializers.DateField(help_text="UK local date of the readings.")
    age_days = serializers.SerializerMethodField(help_text="Days since the visit.")
    age_band = serializers.SerializerMethodField(help_text="Age band of the visit.")
    distributor = serializers.SerializerMethodField(
        help_text="Distributor, by the first two digits of the MPAN."
    )
    reasons = serializers.SerializerMethodField(
        help_text="Reasons of the registers, each once; empty if none was given."
    )
    registers = FailedRegisterSerializer(
        many=True, help_text="Failed readings, by serial number and register."
    )
    links = LinksField(meter_point=("meter-point-detail", "meter_point_id"))

    def get_age_days(self, read: FailedRead) -> int:
        as_of: date = self.context["as_of"]
        return read.age(as_of)

    @extend_schema_field(AgeBandSerializer)
    def get_age_band(self, read: FailedRead) -> Any:
        band = band_of(self.get_age_days(read), self.context["bands"])
        return AgeBandSerializer(band).data

    @extend_schema_field(DistributorSerializer(allow_null=True))
    def get_distributor(self, read: FailedRead) -> Any:
        found = distributor_of(read.mpan)
        return found and DistributorSerializer(found).data

    @extend_schema_field(ReasonSerializer(many=True))
    def get_reasons(self, read: FailedRead) -> list[dict[str, str]]:
        return [_reason(code) for code in read.reason_codes]


class CountOfAgeBandSerializer(AgeBandSerializer):
    """Number of failed reads of one age band."""

    count = serializers.IntegerField(min_value=0, help_text=_COUNT)


class CountOfSenderSerializer(serializers.Serializer):
    """Number of failed reads from one sender."""

    from_participant = serializers.CharField(help_text=_SENDER)
    count = serializers.IntegerField(min_value=0, help_text=_COUNT)


class CountOfReasonSerializer(ReasonSerializer):
    """Number of failed reads with one reason."""

    count = serializers.IntegerField(min_value=0, help_text=_COUNT)


class CountOfDistributorSerializer(serializers.Serializer):
    """Number of failed reads of one distributor."""

    distributor_id = serializers.CharField(help_text="First two digits of the MPANs.")
    area = serializers.CharField(
        help_text="Distribution area, or the company's name; empty if unknown."
    )
    count = serializers.IntegerField(min_value=0, help_text=_COUNT)


@with_example("failed_read_summary")
class FailedReadSummarySerializer(serializers.Serializer):
    """Counts of the failed reads that match."""

    as_of = serializers.SerializerMethodField(
        help_text="UK local date of which the counts are."
    )
    count = serializers.IntegerField(source="total", min_value=0, help_text=_COUNT)
    by_age_band = serializers.SerializerMethodField(
        help_text="Counts per age band, the latest visits first."
    )
    by_sender = serializers.SerializerMethodField(help_text="Counts per sender.")
    by_reason = serializers.SerializerMethodField(help_text="Counts per reason.")
    by_distributor = serializers.SerializerMethodField(
        help_text="Counts per distributor."
    )

    @extend_schema_field(serializers.DateField)
    def get_as_of(self, counts: FailedReadCounts) -> str:
        as_of: date = self.context["as_of"]
        return as_of.isoformat()

    @extend_schema_field(CountOfAgeBandSerializer(many=True))
    def get_by_age_band(self, counts: FailedReadCounts) -> list[dict[str, Any]]:
        return [
            {**AgeBandSerializer(band).data, "count": count}
            for band, count in counts.by_band.items()
        ]

    @extend_schema_field(CountOfSenderSerializer(many=True))
    def get_by_sender(self, counts: FailedReadCounts) -> list[dict[str, Any]]:
        return [
            {"from_participant": sender, "count": count}
            for sender, count in counts.by_sender.items()
        ]

    @extend_schema_field(CountOfReasonSerializer(many=True))
    def get_by_reason(self, counts: FailedReadCounts) -> list[dict[str, Any]]:
        return [
            {**_reason(code), "count": count}
            for code, count in counts.by_reason.items()
        ]

    @extend_schema_field(CountOfDistributorSerializer(many=True))
    def get_by_distributor(self, counts: FailedReadCounts) -> list[dict[str, Any]]:
        return [
            {
                "distributor_id": distributor_id,
                "area": (
                    DISTRIBUTORS[distributor_id].area
                    if distributor_id in DISTRIBUTORS
                    else ""
                ),
                "count": count,
            }
            for distributor_id, count in counts.by_distributor.items()
        ]


def _reason(code: str) -> dict[str, str]:
    label = codes.ReasonCode.label_of(code)
    return {"reason_code": code, "reason_code_label": label}
