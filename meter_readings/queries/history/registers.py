"""Registers of meters. No table lists them; the index of reading keys does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.db import connections
from django.db.models import Q

from meter_readings.d0010 import codes
from meter_readings.models import Meter, Reading

# How many of the latest readings are searched for a valid measured one.
_MAX_SKIPPED = 200

_NOT_MEASURED = sorted(
    code
    for basis in (codes.Basis.ESTIMATED, codes.Basis.TEST, codes.Basis.WITHDRAWN)
    for code in codes.reading_types_of(basis)
)

_READINGS, _METERS = Reading._meta.db_table, Meter._meta.db_table
_OF_REGISTER = "r.meter_id = register.meter_id AND r.register_id = register.register_id"
_CURRENT = f"FROM {_READINGS} r WHERE {_OF_REGISTER} AND r.version_status = 'current'"

# Steps through the index from register to register, then to both ends of each.
_REGISTERS_SQL = f"""
    WITH RECURSIVE register (meter_id, register_id) AS (
        SELECT m.id, (
            SELECT MIN(r.register_id) FROM {_READINGS} r WHERE r.meter_id = m.id
        )
        FROM {_METERS} m
        WHERE m.id IN ({{meters}})
        UNION ALL
        SELECT register.meter_id, (
            SELECT MIN(r.register_id) FROM {_READINGS} r
            WHERE r.meter_id = register.meter_id
            AND r.register_id > register.register_id
        )
        FROM register
        WHERE register.register_id IS NOT NULL
    )
    SELECT meter_id, register_id,
        EXISTS (
            SELECT 1 FROM {_READINGS} r
            WHERE {_OF_REGISTER}
            AND (r.md_reset_at IS NOT NULL OR r.md_reset_count IS NOT NULL)
        ),
        (SELECT r.id {_CURRENT} ORDER BY r.read_at LIMIT 1),
        (SELECT r.id {_CURRENT} ORDER BY r.read_at DESC LIMIT 1),
        (
            SELECT recent.id
            FROM (
                SELECT r.* {_CURRENT} ORDER BY r.read_at DESC LIMIT {_MAX_SKIPPED}
            ) recent
            WHERE recent.reading_type NOT IN ({{not_measured}})
            AND COALESCE(
                recent.meter_reading_status,
                recent.meter_reading_flag,
                recent.bsc_validation_status <> '{codes.BscValidationStatus.FAILED}'
            )
            ORDER BY recent.read_at DESC
            LIMIT 1
        )
    FROM register
    WHERE register_id IS NOT NULL
    LIMIT %s
"""


class RegisterKey(NamedTuple):
    """One register of one meter."""

    meter_id: int
    register_id: str


class Register(NamedTuple):
    """A register with its earliest and latest current readings.

    `latest_measured` is the latest one that is valid and neither an estimate nor a
    test. All three are None if every reading was withdrawn.
    """

    meter: Meter
    register_id: str
    is_demand: bool
    earliest: Reading | None
    latest: Reading | None
    latest_measured: Reading | None

    @property
    def key(self) -> RegisterKey:
        return RegisterKey(self.meter.pk, self.register_id)


def registers_of(*, meters: Sequence[Meter], limit: int) -> list[Register]:
    """Return up to `limit` registers of these meters.

    A register is a demand register if any of its readings has an MD reset; nothing else
    in a D0010 identifies one.
    """
    if not meters:
        return []
    by_id = {meter.pk: meter for meter in meters}
    with connections[Reading.objects.db].cursor() as cursor:
        cursor.execute(
            _REGISTERS_SQL.format(
                meters=", ".join(["%s"] * len(by_id)),
                not_measured=", ".join(["%s"] * len(_NOT_MEASURED)),
            ),
            [*by_id, *_NOT_MEASURED, limit],
        )
        rows = cursor.fetchall()
    ids = {
        reading_id for row in rows for reading_id in row[3:] if reading_id is not None
    }
    readings = Reading.objects.select_related("flow_file").in_bulk(list(ids))
    for reading in readings.values():
        reading.meter = by_id[reading.meter_id]
    return [
        Register(
            by_id[meter_id], register_id, bool(is_demand), *map(readings.get, ends)
        )
        for meter_id, register_id, is_demand, *ends in rows
    ]


def is_demand_register(*, key: RegisterKey) -> bool:
    """Return whether any reading of the register has an MD reset."""
    has_reset = Q(md_reset_at__isnull=False) | Q(md_reset_count__isnull=False)
    return Reading.objects.filter(has_reset, **key._asdict()).exists()
