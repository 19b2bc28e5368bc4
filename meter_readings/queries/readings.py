"""Filtering readings in the same way for every interface."""

from __future__ import annotations

from datetime import date, timedelta

from meter_readings import d0010
from meter_readings.models import FlowFile, Reading, ReadingQuerySet


def filter_readings(
    *,
    mpan: str | None = None,
    serial_number: str | None = None,
    flow_file: FlowFile | None = None,
    date_from: date | None = None,
    date_to: date | None = None,
    current_only: bool = True,
) -> ReadingQuerySet:
    """Return the readings that match every argument that is given.

    An MPAN may have spaces. The dates are UK local dates, both inclusive.
    """
    readings = Reading.objects.all()
    if mpan is not None:
        readings = readings.filter(
            meter__meter_point__mpan=d0010.mpan.normalise_mpan(mpan)
        )
    if serial_number is not None:
        readings = readings.filter(meter__serial_number=serial_number)
    if flow_file is not None:
        readings = readings.filter(flow_file=flow_file)
    if date_from is not None:
        readings = readings.filter(read_at__gte=d0010.midnight(date_from))
    if date_to is not None:
        day_after = date_to + timedelta(days=1)
        readings = readings.filter(read_at__lt=d0010.midnight(day_after))
    return readings.current() if current_only else readings
