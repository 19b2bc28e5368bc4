"""Serializers of latest readings and advances."""

from __future__ import annotations

from rest_framework import serializers

from meter_readings.api.openapi.examples import with_example
from meter_readings.queries.advances import Direction

from .fields import LinksField, RegisterValueField, UnitsField
from .readings import ReadingSerializer

_DIRECTIONS = [
    (Direction.FORWARD.value, "The register went up."),
    (Direction.CORRECTION.value, "The earlier reading is an estimate, too high."),
    (Direction.BACKWARD.value, "A rollover, another meter, or a wrong reading."),
]


@with_example("latest_readings")
class LatestReadingsSerializer(serializers.Serializer):
    """The latest current reading of each register."""

    results = ReadingSerializer(many=True, help_text="One reading per register.")


class AdvanceSerializer(serializers.Serializer):
    """The advance from one reading to the next of the same register."""

    mpan = serializers.CharField(
        source="later.meter.meter_point.mpan", help_text="MPAN (J0003)."
    )
    meter_serial = serializers.CharField(
        source="later.meter.serial_number", help_text="Serial number of the meter."
    )
    register_id = serializers.CharField(
        source="later.register_id", help_text="Meter register id (J0010)."
    )
    from_read_at = serializers.DateTimeField(
        source="earlier.read_at", help_text="Time of the earlier reading."
    )
    to_read_at = serializers.DateTimeField(
        source="later.read_at", help_text="Time of the later reading."
    )
    from_value = RegisterValueField(source="earlier.value")
    to_value = RegisterValueField(source="later.value")
    days = serializers.IntegerField(
        min_value=0, help_text="Local days between the readings."
    )
    direction = serializers.ChoiceField(
        choices=_DIRECTIONS,
        source="direction.value",
        help_text="Forward, a correction of an estimate, or backward.",
    )
    units = UnitsField(
        help_text="Advance in units; null if the register went backward."
    )
    per_day = UnitsField(help_text="Units per day, if the register went forward.")
    units_if_rollover = UnitsField(
        help_text="Advance in units if the register rolled over."
    )
    is_estimate = serializers.BooleanField(
        help_text="Whether one of the two readings is an estimate."
    )
    is_corrected = serializers.BooleanField(
        help_text="Whether a user entered one of the two readings."
    )
    links = LinksField(
        earlier=("reading-detail", "earlier.pk"), later=("reading-detail", "later.pk")
    )


@with_example("advances")
class AdvancesSerializer(serializers.Serializer):
    """Advances at one meter point."""

    is_complete = serializers.BooleanField(
        help_text="False if there were too many readings to use them all."
    )
    results = AdvanceSerializer(many=True, help_text="Ordered by time.")
