"""Readings of long lists as JSON: from rows of the database, without model instances.

`ReadingSerializer` describes the fields, and writes a single reading. To write a page
with it, field after field of one model instance after another, takes most of the time
of a request.
"""

from __future__ import annotations

from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework import serializers

from meter_readings.d0010 import codes
from meter_readings.models import Reading, ReadingSource, VersionStatus, is_suspect

from .fields import UrlPattern, write_value

LINKS = {
    "self": ("reading-detail", "pk"),
    "meter_point": ("meter-point-detail", "meter.meter_point_id"),
    "meter": ("meter-detail", "meter_id"),
    "flow_file": ("flow-file-detail", "flow_file_id"),
}

_COLUMNS = (
    "id",
    "meter__meter_point__mpan",
    "meter__serial_number",
    "register_id",
    "read_at",
    "value",
    "version_status",
    "changed_at",
    "reading_type",
    "bsc_validation_status",
    "meter_reading_flag",
    "reading_method",
    "reason_code",
    "meter_reading_status",
    "md_reset_at",
    "md_reset_count",
    "meter__meter_point_id",
    "meter_id",
    "flow_file_id",
    "line_number",
    "correction_id",
)


def _labels(name: str) -> dict[Any, str]:
    """Return the labels of a column's codes."""
    choices: Any = Reading._meta.get_field(name)
    return {code: str(label) for code, label in choices.flatchoices}


_READING_TYPES = _labels("reading_type")
_BSC_VALIDATION_STATUSES = _labels("bsc_validation_status")
_READING_METHODS = _labels("reading_method")
_REASON_CODES = _labels("reason_code")
_FILE, _USER = ReadingSource.FILE.value, ReadingSource.USER.value
_VERSION_STATUSES = {status.value: str(status.label) for status in VersionStatus}


def reading_rows(readings: QuerySet) -> QuerySet:
    """Return the rows of readings that `ReadingListSerializer` writes."""
    return readings.values_list(*_COLUMNS, named=True)


class ReadingListSerializer(serializers.ListSerializer):
    """Writes `reading_rows` as `ReadingSerializer` writes readings."""

    def to_representation(self, data: Any) -> list[dict[str, Any]]:
        """Return the readings with the fields that the context names."""
        request = self.context["request"]
        patterns = [UrlPattern(request, view) for view, _ in LINKS.values()]
        zone = timezone.get_current_timezone()
        written = [_write(row, zone, *patterns) for row in data]
        if wanted := self.context.get("fields"):
            return [
                {name: value for name, value in reading.items() if name in wanted}
                for reading in written
            ]
        return written


def _write(
    row: Any,
    zone: tzinfo,
    reading_url: UrlPattern,
    meter_point_url: UrlPattern,
    meter_url: UrlPattern,
    flow_file_url: UrlPattern,
) -> dict[str, Any]:
    reading_type = row.reading_type
    bsc_validation_status = row.bsc_validation_status
    reading_method, reason_code = row.reading_method, row.reason_code
    flag, status = row.meter_reading_flag, row.meter_reading_status
    meter_point_id, meter_id = row.meter__meter_point_id, row.meter_id
    basis = codes.basis_of(reading_type)
    md_reset_at = row.md_reset_at
    flow_file_id = row.flow_file_id
    is_of_file = flow_file_id is not None
    return {
        "id": row.id,
        "mpan": row.meter__meter_point__mpan,
        "meter_serial": row.meter__serial_number,
        "register_id": row.register_id,
        "register_meaning": codes.register_meaning(row.register_id),
        "read_at": _write_time(row.read_at, zone),
        "value": write_value(row.value),
        "version_status": row.version_status,
        "version_status_label": _VERSION_STATUSES[row.version_status],
        "changed_at": _write_time(row.changed_at, zone),
        "basis": basis.value,
        "basis_label": basis.label,
        "reading_type": reading_type,
        "reading_type_label": _READING_TYPES.get(reading_type, reading_type),
        "bsc_validation_status": bsc_validation_status,
        "bsc_validation_status_label": _BSC_VALIDATION_STATUSES.get(
            bsc_validation_status, bsc_validation_status
        ),
        "is_suspect": is_suspect(
            status=status, flag=flag, bsc_validation_status=bsc_validation_status
        ),
        "meter_reading_flag": flag,
        "reading_method": reading_method,
        "reading_method_label": _READING_METHODS.get(reading_method, reading_method),
        "reason_code": reason_code,
        "reason_code_label": _REASON_CODES.get(reason_code, reason_code),
        "meter_reading_status": status,
        "md_reset_at": None if md_reset_at is None else _write_time(md_reset_at, zone),
        "md_reset_count": row.md_reset_count,
        "meter_point_id": meter_point_id,
        "meter_id": meter_id,
        "source": _FILE if is_of_file else _USER,
        "flow_file_id": flow_file_id,
        "line_number": row.line_number if is_of_file else None,
        "correction_id": row.correction_id,
        "links": {
            "self": reading_url.write(row.id),
            "meter_point": meter_point_url.write(meter_point_id),
            "meter": meter_url.write(meter_id),
            "flow_file": flow_file_url.write(flow_file_id) if is_of_file else None,
        },
    }


# Most readings of a page have one of few times.
@lru_cache(maxsize=1024)
def _write_time(moment: datetime, zone: tzinfo) -> str:
    """Return a time as DateTimeField does: with Z instead of an offset of zero."""
    text = moment.astimezone(zone).isoformat()
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text
