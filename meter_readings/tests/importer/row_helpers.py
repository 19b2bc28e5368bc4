"""Rows of the database without ids and times of change, to compare two states."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import F, Model

from meter_readings.importer.staging import open_staging
from meter_readings.importer.version_resolution import resolve_versions
from meter_readings.models import (
    Finding,
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    Reading,
    SiteVisit,
)

# Ids are replaced by the natural keys of the rows that they refer to.
_NAMES = {
    "flow_file": ["flow_file__sha256"],
    "meter": ["meter__meter_point__mpan", "meter__serial_number"],
    "meter_point": ["meter_point__mpan"],
    "requested_by": ["requested_by__username"],
}

LOADED = MeterPoint, Meter, Reading, SiteVisit
ALL = *LOADED, FlowFile, Finding, ImportJob


def rows_of(*models: type[Model]) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of these models, by default those a load inserts, without ids."""
    return {model.__name__: _rows(model) for model in models or LOADED}


def _rows(model: type[Model]) -> list[tuple[Any, ...]]:
    names = []
    for field in model._meta.concrete_fields:
        if not field.primary_key and field.name != "changed_at":
            names += _NAMES.get(field.name, [field.name])
    return sorted(model._default_manager.values_list(*names), key=repr)


def versions(*names: str) -> list[Any]:
    """Return the version status and these fields of all readings, in version order."""
    order = "flow_file__file_created_at", "flow_file__file_identifier"
    readings = Reading.objects.order_by(
        F("correction").asc(nulls_first=True),
        *order,
        "flow_file__sha256",
        "line_number",
    )
    return list(readings.values_list("version_status", *names, flat=not names))


def resolve_everything() -> int:
    """Resolve all reading keys again; return how many readings changed status."""
    with open_staging() as staging, connection.cursor() as cursor:
        staging.begin()
        cursor.execute(
            "INSERT INTO reading_key_to_resolve SELECT DISTINCT"
            " meter_id, register_id, read_at FROM meter_readings_reading"
        )
        return resolve_versions(cursor)
