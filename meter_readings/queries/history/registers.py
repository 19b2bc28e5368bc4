"""Registers of meters. No table lists them; the index of reading keys does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.db import connections
from django.db.models import Q

from meter_readings.d0010 import codes
from meter_readings.models import Meter, Reading

# How many of the latest readings are searched for a valid one.
_MAX_SKIPPED = 200

_TESTS = [
    *codes.reading_types_of(codes.Basis.TEST),
    *codes.reading_types_of(codes.Basis.WITHDRAWN),
]
_ESTIMATES = codes.reading_types_of(codes.Basis.ESTIMATED)

_READINGS, _METERS = Reading._meta.db_table, Meter._meta.db_table
_OF_REGISTER = "r.meter_id = register.meter_id AND r.register_id = register.register_id"
_CURRENT = f"FROM {_READINGS} r WHERE {_OF_REGISTER} AND r.version_status = 'current'"

# Reads back from the latest reading to a valid one that is not of these types.
_LATEST_VALID_SQL = f"""(
    SELECT recent.id
    FROM (
        SELECT r.* {_CURRENT} ORDER BY r.read_at DESC LIMIT {_MAX_SKIPPED}
    ) recent
    WHERE recent.reading_type NOT IN ({{types}})
    AND COALESCE(
        recent.meter_reading_status,
        recent.meter_reading_flag,
        recent.bsc_validation_status <> '{codes.BscValidationStatus.FAILED}'
    )
    ORDER BY recent.read_at DESC
    LIMIT 1
)"""

# Steps through the index from register to register.
_REGISTER_KEYS_SQL = f"""
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
"""

# Then to the latest reading of each register.
_LATEST_SQL = f"""
    {_REGISTER_KEYS_SQL}
    SELECT (SELECT r.id {_CURRENT} ORDER BY r.read_at DESC LIMIT 1)
    FROM register
    WHERE register_id IS NOT NULL
    LIMIT %s
"""

# Then to both ends of each register.
_REGISTERS_SQL = f"""
    {_REGISTER_KEYS_SQL}
    SELECT meter_id, register_id,
        EXISTS (
            SELECT 1 FROM {_READINGS} r
            WHERE {_OF_REGISTER}
            AND (r.md_reset_at IS NOT NULL OR r.md_reset_count IS NOT NULL)
        ),
        (SELECT r.id {_CURRENT} ORDER BY r.read_at LIMIT 1),
        (SELECT r.id {_CURRENT} ORDER BY r.read_at DESC LIMIT 1),
        {{latest_valid}},
        {{latest_measured}}
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

    `latest_valid` is the latest one that is valid and no test, `latest_measured` the
    latest of these that is no estimate. All four are None if every reading was
    withdrawn.
    """

    meter: Meter
    register_id: str
    is_demand: bool
    earliest: Reading | None
    latest: Reading | None
    latest_valid: Reading | None
    latest_measured: Reading | None

    @property
    def best(self) -> Reading | None:
        """The latest valid reading or, if there is none, the latest one."""
        return self.latest_valid or self.latest

    @property
    def is_removed(self) -> bool:
        """Whether the latest current reading is a final one, or there is none."""
        latest = self.latest
        return latest is None or latest.reading_type == codes.ReadingType.FINAL

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
                latest_valid=_latest_valid_sql(_TESTS),
                latest_measured=_latest_valid_sql(_TESTS + _ESTIMATES),
            ),
            [*by_id, *_TESTS, *_TESTS, *_ESTIMATES, limit],
        )
        rows = cursor.fetchall()
    ids = {
        reading_id for row in rows for reading_id in row[3:] if reading_id is not None
    }
    related = "flow_file", "correction__created_by"
    readings = Reading.objects.select_related(*related).in_bulk(list(ids))
    for reading in readings.values():
        reading.meter = by_id[reading.meter_id]
    return [
        Register(
            by_id[meter_id], register_id, bool(is_demand), *map(readings.get, ends)
        )
        for meter_id, register_id, is_demand, *ends in rows
    ]


def latest_reading_ids(*, meter_ids: Sequence[int], limit: int) -> list[int | None]:
    """Return the id of the latest current reading of each register of these meters.

    It is None for a register whose readings were all withdrawn. No more than `limit`
    registers are looked at.
    """
    if not meter_ids:
        return []
    meters = ", ".join(["%s"] * len(meter_ids))
    with connections[Reading.objects.db].cursor() as cursor:
        cursor.execute(_LATEST_SQL.format(meters=meters), [*meter_ids, limit])
        return [reading_id for (reading_id,) in cursor.fetchall()]


def _latest_valid_sql(types: list[str]) -> str:
    return _LATEST_VALID_SQL.format(types=", ".join(["%s"] * len(types)))


def is_demand_register(*, key: RegisterKey) -> bool:
    """Return whether any reading of the register has an MD reset."""
    has_reset = Q(md_reset_at__isnull=False) | Q(md_reset_count__isnull=False)
    return Reading.objects.filter(has_reset, **key._asdict()).exists()
