"""How the latest readings and advances look."""

from __future__ import annotations

from rest_framework import serializers

from meter_readings.queries.advances import Direction

from . import examples
from .fields import Links, RegisterValue, Units, shown
from .reading_serializers import ReadingSerializer

_COURSES = [(course.value, course.value) for course in Direction]


@shown(examples.LATEST)
class LatestSerializer(serializers.Serializer):
    """The latest readings of some registers."""

    results = ReadingSerializer(many=True, help_text="One for each register.")


class AdvanceSerializer(serializers.Serializer):
    """From one reading to the next of the same register."""

    mpan = serializers.CharField(
        source="later.meter.meter_point.mpan", help_text="J0003."
    )
    meter_serial = serializers.CharField(
        source="later.meter.serial_number", help_text="The meter's serial number."
    )
    register_id = serializers.CharField(
        source="later.register_id", help_text="The register (J0010)."
    )
    from_read_at = serializers.DateTimeField(
        source="earlier.read_at", help_text="When it begins."
    )
    to_read_at = serializers.DateTimeField(
        source="later.read_at", help_text="When it ends."
    )
    from_value = RegisterValue(source="earlier.value")
    to_value = RegisterValue(source="later.value")
    days = serializers.IntegerField(min_value=0, help_text="Local days between them.")
    course = serializers.ChoiceField(
        choices=_COURSES,
        source="course.value",
        help_text="Onward, or a correction of an estimate, or backwards.",
    )
    units = Units(help_text="The advance; null where the register went backwards.")
    per_day = Units(help_text="Units a day, where the register went onward.")
    units_if_rollover = Units(help_text="The advance if the register began anew.")
    is_estimate = serializers.BooleanField(
        help_text="Whether one of the two readings is an estimate."
    )
    links = Links(
        earlier=("reading-detail", "earlier.pk"), later=("reading-detail", "later.pk")
    )


@shown(examples.ADVANCES)
class AdvancesSerializer(serializers.Serializer):
    """Advances at one meter point."""

    is_complete = serializers.BooleanField(
        help_text="False where there were too many readings to look at them all."
    )
    results = AdvanceSerializer(many=True, help_text="In time.")
