"""Serializers of meter points, meters and site visits."""

from __future__ import annotations

from rest_framework import serializers

from meter_readings.api.openapi.examples import with_example
from meter_readings.models import Meter, MeterPoint, OverdueReading, SiteVisit

from .fields import (
    CodeField,
    CodeLabelField,
    LinksField,
    ReadOnlyModelSerializer,
)


class DistributorSerializer(serializers.Serializer):
    """The distributor whose network a meter point is on."""

    distributor_id = serializers.CharField(help_text="First two digits of the MPAN.")
    participant = serializers.CharField(help_text="Market participant id.")
    area = serializers.CharField(help_text="Distribution area, or the company's name.")
    gsp_group = serializers.CharField(help_text="GSP group; empty for independents.")


@with_example("meter_point")
class MeterPointSerializer(ReadOnlyModelSerializer):
    """A meter point, identified by its MPAN."""

    distributor = DistributorSerializer(
        allow_null=True, help_text="Distributor, by the first two digits of the MPAN."
    )
    links = LinksField(
        self=("meter-point-detail", "pk"),
        readings=("meter-point-readings", "pk"),
        advances=("meter-point-advances", "pk"),
        meters=("meter-list?meter_point", "pk"),
        site_visits=("site-visit-list?meter_point", "pk"),
    )

    class Meta:
        model = MeterPoint
        fields = ["id", "mpan", "distributor", "links"]


@with_example("meter")
class MeterSerializer(ReadOnlyModelSerializer):
    """A meter at its meter point."""

    meter_serial = serializers.CharField(
        source="serial_number", help_text="Serial number of the meter (J0004)."
    )
    mpan = serializers.CharField(
        source="meter_point.mpan", help_text="MPAN of the meter point (J0003)."
    )
    links = LinksField(
        self=("meter-detail", "pk"),
        meter_point=("meter-point-detail", "meter_point_id"),
        readings=("meter-readings", "pk"),
        site_visits=("site-visit-list?meter", "pk"),
    )

    class Meta:
        model = Meter
        fields = ["id", "meter_serial", "mpan", "meter_point_id", "links"]


@with_example("site_visit")
class SiteVisitSerializer(ReadOnlyModelSerializer):
    """A site visit (groups 027, 029 and 033)."""

    mpan = serializers.CharField(source="meter_point.mpan", help_text="MPAN (J0003).")
    meter_serial = serializers.CharField(
        source="meter.serial_number",
        default=None,
        allow_null=True,
        help_text="Serial number of the visited meter (J0004); null for none.",
    )
    check_code = CodeField("Site visit check code (J0024); may be empty.")
    check_code_label = CodeLabelField("check_code")
    bsc_validation_status = CodeField("BSC validation status of the 026 (J0022).")
    bsc_validation_status_label = CodeLabelField("bsc_validation_status")
    reading_type = CodeField("Reading type of the 028 (J0171).")
    reading_type_label = CodeLabelField("reading_type")
    links = LinksField(
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


@with_example("overdue_reading")
class OverdueReadingSerializer(ReadOnlyModelSerializer):
    """A meter point, or one register, whose reading is late or missing."""

    level = serializers.ChoiceField(
        choices=OverdueReading.Level.choices,
        help_text="A meter point, or a register of a meter that is read otherwise.",
    )
    mpan = serializers.CharField(
        source="meter.meter_point.mpan", help_text="MPAN (J0003)."
    )
    meter_serial = serializers.CharField(
        source="meter.serial_number",
        help_text="Serial number of the meter in use (J0004).",
    )
    register_id = serializers.CharField(
        allow_blank=True,
        help_text="Meter register id (J0010); empty for a meter point.",
    )
    links = LinksField(
        meter_point=("meter-point-detail", "meter.meter_point_id"),
        meter=("meter-detail", "meter_id"),
    )

    class Meta:
        model = OverdueReading
        fields = [
            "level",
            "state",
            "mpan",
            "meter_serial",
            "register_id",
            "from_participant",
            "latest_date",
            "interval_days",
            "due_date",
            "as_of_date",
            "meter_id",
            "links",
        ]
        extra_kwargs = {
            "state": {"help_text": "Late; missing when the interval passed again."},
            "from_participant": {
                "help_text": "Sender of the latest reading, or empty."
            },
        }
