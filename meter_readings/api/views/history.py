"""Latest readings and advances of the registers of meters."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet

from meter_readings.api.permissions import visible_rows
from meter_readings.api.query_parameters import parameter_error
from meter_readings.api.serializers.reading_rows import reading_rows
from meter_readings.d0010.codes import ReadingType
from meter_readings.models import Meter, MeterPoint, Reading
from meter_readings.queries import advances, history
from meter_readings.queries.history import Register

MAX_METERS, MAX_REGISTERS = 1000, 5000
# How many readings advances are computed from, in all and at least per register.
MAX_READINGS, MAX_READINGS_PER_REGISTER = 20_000, 100
# Without a date, advances start so long before the latest reading.
_THIRTEEN_MONTHS = timedelta(days=400)

type ApiUser = User | AnonymousUser


def latest_readings(
    mpans: list[str], user: ApiUser, *, include_removed: bool
) -> list[Any]:
    """Return the latest current reading of each register, as `reading_rows`.

    They are ordered by MPAN, serial number and register. Raises ValidationError.
    """
    meters = _meters(user, meter_point__mpan__in=mpans)
    meter_ids = list(meters.values_list("pk", flat=True))
    _check_meters("mpan", meter_ids)
    ids = history.latest_reading_ids(meter_ids=meter_ids, limit=MAX_REGISTERS + 1)
    _check_registers("mpan", ids)
    latest = Reading.objects.filter(pk__in=[pk for pk in ids if pk is not None])
    rows = [
        row
        for row in reading_rows(latest)
        if include_removed or row.reading_type != ReadingType.FINAL
    ]
    return sorted(rows, key=_row_sort_key)


def _row_sort_key(row: Any) -> tuple[str, str, int, str]:
    mpan, serial_number = row.meter__meter_point__mpan, row.meter__serial_number
    return mpan, serial_number, row.meter_id, row.register_id


def meter_point_advances(
    meter_point: MeterPoint, filters: Mapping[str, Any], user: ApiUser
) -> dict[str, Any]:
    """Return the data of AdvancesSerializer; raises ValidationError."""
    meters: dict[str, Any] = {"meter_point": meter_point}
    if "meter_serial" in filters:
        meters["serial_number"] = filters["meter_serial"]
    registers = [
        register
        for register in _registers(user, "meter_serial", **meters)
        if filters.get("register_id") in (None, register.register_id)
    ]
    found, is_complete = _advances(registers, since=_start(filters, registers))
    if "date_to" in filters:
        _, end = filters["date_to"]
        found = [advance for advance in found if advance.later.read_at < end]
    return {"is_complete": is_complete, "results": found}


def _registers(user: ApiUser, parameter: str, **meter_filters: Any) -> list[Register]:
    """Return the registers of some meters by MPAN, serial number and register.

    Raises ValidationError that names the parameter if there are too many.
    """
    meters = list(_meters(user, **meter_filters).select_related("meter_point"))
    _check_meters(parameter, meters)
    registers = history.registers_of(meters=meters, limit=MAX_REGISTERS + 1)
    _check_registers(parameter, registers)
    return sorted(registers, key=_sort_key)


def _meters(user: ApiUser, **filters: Any) -> QuerySet[Meter]:
    """Return the meters of a filter, up to one more than are accepted."""
    meters = visible_rows(Meter.objects.filter(**filters), user)
    return meters.order_by("pk")[: MAX_METERS + 1]


def _check_meters(parameter: str, meters: Sized) -> None:
    if len(meters) > MAX_METERS:
        raise parameter_error(parameter, f"These are more than {MAX_METERS} meters.")


def _check_registers(parameter: str, registers: Sized) -> None:
    if len(registers) > MAX_REGISTERS:
        message = f"These are more than {MAX_REGISTERS} registers."
        raise parameter_error(parameter, message)


def _sort_key(register: Register) -> tuple[str, str, int, str]:
    meter = register.meter
    mpan = meter.meter_point.mpan
    return mpan, meter.serial_number, meter.pk, register.register_id


def _start(filters: Mapping[str, Any], registers: list[Register]) -> datetime | None:
    """Return the time of the first readings to use; None if there are none."""
    if "date_from" in filters:
        start: datetime = filters["date_from"][0]
        return start
    times = [register.latest.read_at for register in registers if register.latest]
    return max(times) - _THIRTEEN_MONTHS if times else None


def _advances(
    registers: list[Register], *, since: datetime | None
) -> tuple[list[advances.Advance], bool]:
    """Return the advances, and whether all readings since then were used."""
    if since is None or not registers:
        return [], True
    limit = max(MAX_READINGS // len(registers), MAX_READINGS_PER_REGISTER)
    keys = [register.key for register in registers]
    readings = history.current_readings(registers=keys, since=since, limit=limit)
    meters = {register.meter.pk: register.meter for register in registers}
    counts = dict.fromkeys(keys, 0)
    for reading in readings:
        reading.meter = meters[reading.meter_id]
        counts[history.RegisterKey(reading.meter_id, reading.register_id)] += 1
    demand = {register.key for register in registers if register.is_demand}
    found = advances.advances_between(readings=readings, demand_registers=demand)
    return found, max(counts.values()) < limit
