"""Registers of meters: no table has them, the index of events knows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.db import connections
from django.db.models import Q

from meter_readings.d0010 import codes
from meter_readings.models import Meter, Reading

# How many readings that are not measured, or not valid, are passed over at most.
_PASSED_OVER = 200

_NOT_MEASURED = sorted(
    code
    for basis in (codes.Basis.ESTIMATED, codes.Basis.TEST, codes.Basis.WITHDRAWN)
    for code in codes.reading_types_of(basis)
)

_READINGS, _METERS = Reading._meta.db_table, Meter._meta.db_table
_OF_REGISTER = "r.meter_id = register.meter_id AND r.register_id = register.register_id"
_CURRENT = f"FROM {_READINGS} r WHERE {_OF_REGISTER} AND r.version_status = 'current'"

# Steps from register to register in the index, and from each to its ends.
_STATEMENT = f"""
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
            SELECT near.id
            FROM (
                SELECT r.* {_CURRENT} ORDER BY r.read_at DESC LIMIT {_PASSED_OVER}
            ) near
            WHERE near.reading_type NOT IN ({{not_measured}})
            AND COALESCE(
                near.meter_reading_status,
                near.meter_reading_flag,
                near.bsc_validation_status <> '{codes.BscValidationStatus.FAILED}'
            )
            ORDER BY near.read_at DESC
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
    """A register, and the ends of what was read on it.

    `measured` is the latest current reading that is valid and neither an estimate nor
    a test. Where all was withdrawn there are none.
    """

    meter: Meter
    register_id: str
    is_demand: bool
    first: Reading | None
    latest: Reading | None
    measured: Reading | None

    @property
    def key(self) -> RegisterKey:
        """Return which register it is."""
        return RegisterKey(self.meter.pk, self.register_id)


def registers_of(*, meters: Sequence[Meter], limit: int) -> list[Register]:
    """Return up to `limit` registers of these meters.

    A register is one of demand where any reading of it tells of an MD reset: nothing
    else in a D0010 gives it away.
    """
    if not meters:
        return []
    of_number = {meter.pk: meter for meter in meters}
    with connections[Reading.objects.db].cursor() as cursor:
        cursor.execute(
            _STATEMENT.format(
                meters=", ".join(["%s"] * len(of_number)),
                not_measured=", ".join(["%s"] * len(_NOT_MEASURED)),
            ),
            [*of_number, *_NOT_MEASURED, limit],
        )
        rows = cursor.fetchall()
    wanted = {number for row in rows for number in row[3:] if number is not None}
    held = Reading.objects.select_related("flow_file").in_bulk(list(wanted))
    for reading in held.values():
        reading.meter = of_number[reading.meter_id]
    return [
        Register(of_number[meter], name, bool(is_demand), *map(held.get, numbers))
        for meter, name, is_demand, *numbers in rows
    ]


def is_demand_register(*, key: RegisterKey) -> bool:
    """Return whether any reading of a register tells of an MD reset."""
    has_reset = Q(md_reset_at__isnull=False) | Q(md_reset_count__isnull=False)
    return Reading.objects.filter(has_reset, **key._asdict()).exists()
