"""What was read on registers: what is latest, and how far they went on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from meter_readings.models import Meter, MeterPoint, Reading
from meter_readings.queries import advances, history
from meter_readings.queries.history import Register

from .history_serializers import AdvancesSerializer, LatestSerializer
from .parameters import Mpans, Text, TimeFrom, TimeUntil
from .permissions import visible
from .query import Query, refusal
from .views import Asked

MOST_METERS, MOST_REGISTERS = 1000, 5000
# How many readings are looked at for advances, in all and at least of each register.
MOST_READINGS, MOST_OF_EACH = 20_000, 100
# Advances without a beginning begin so long before the latest reading.
_THIRTEEN_MONTHS = timedelta(days=400)


class LatestQuery(Query):
    """Some meter points."""

    mpan = Mpans("The MPANs, separated by commas.")


class AdvancesQuery(Query):
    """Some of what was read at a meter point."""

    meter_serial = Text(20, "Of meters with this whole serial number.")
    register_id = Text(2, "Of registers with this id (J0010).")
    date_from = TimeFrom(
        "Between readings from then on; without it, of the latest thirteen months.",
        "read_at",
    )
    date_to = TimeUntil("Up to readings of then.", "read_at")


class _Histories(Asked):
    """Base: registers of some meters, of which there may be only so many."""

    model = Reading
    allow_stale_reads = True
    pagination_class = None

    def registers(self, name: str, **of: Any) -> list[Register]:
        """Return the registers of meters; the parameter is to blame for too many."""
        meters = visible(Meter, self.request.user).filter(**of)
        in_order = meters.select_related("meter_point").order_by("pk")
        rows = list(in_order[: MOST_METERS + 1])
        if len(rows) > MOST_METERS:
            raise refusal(name, f"That is more than {MOST_METERS} meters.")
        found = history.registers_of(meters=rows, limit=MOST_REGISTERS + 1)
        if len(found) > MOST_REGISTERS:
            raise refusal(name, f"That is more than {MOST_REGISTERS} registers.")
        return sorted(found, key=_place)


def _place(register: Register) -> tuple[str, str, int, str]:
    meter = register.meter
    mpan = meter.meter_point.mpan
    return mpan, meter.serial_number, meter.pk, register.register_id


class LatestReadings(_Histories):
    """The latest reading that counts, of each register of up to 200 meter points."""

    permissions: tuple[str, ...] = ("view_reading",)
    query_class = LatestQuery
    serializer_class = LatestSerializer

    def get(self, request: Request) -> Response:
        """Return the readings, by MPAN, serial number and register."""
        mpans = self.query().asked["mpan"]
        registers = self.registers("mpan", meter_point__mpan__in=mpans)
        latest = [register.latest for register in registers if register.latest]
        return Response(self.get_serializer({"results": latest}).data)


class AdvancesOfMeterPoint(_Histories):
    """By how much each register at a meter point went on from reading to reading.

    In units of the register: what one is worth, a D0010 does not say. Left out are
    suspect readings, proving tests, reconciliations, and registers of demand. Where
    there are too many readings the latest are taken, and `is_complete` is false.
    """

    permissions: tuple[str, ...] = ("view_reading", "view_meterpoint")
    parent = MeterPoint
    parent_name = "meter_point"
    query_class = AdvancesQuery
    serializer_class = AdvancesSerializer

    def get(self, request: Request, pk: int) -> Response:
        """Return the advances, in time."""
        query = self.query(pk)
        asked = query.asked
        of = dict(query.within)
        if "meter_serial" in asked:
            of["serial_number"] = asked["meter_serial"]
        registers = [
            register
            for register in self.registers("meter_serial", **of)
            if asked.get("register_id") in (None, register.register_id)
        ]
        found, is_complete = _advances(registers, since=_beginning(asked, registers))
        if "date_to" in asked:
            _, end = asked["date_to"]
            found = [advance for advance in found if advance.later.read_at < end]
        data = {"is_complete": is_complete, "results": found}
        return Response(self.get_serializer(data).data)


def _beginning(asked: dict[str, Any], registers: list[Register]) -> datetime | None:
    """Return from when on readings are looked at; None where there are none."""
    if "date_from" in asked:
        beginning: datetime = asked["date_from"][0]
        return beginning
    times = [register.latest.read_at for register in registers if register.latest]
    return max(times) - _THIRTEEN_MONTHS if times else None


def _advances(
    registers: list[Register], *, since: datetime | None
) -> tuple[list[advances.Advance], bool]:
    """Return the advances, and whether they are of all readings since then."""
    if since is None or not registers:
        return [], True
    limit = max(MOST_READINGS // len(registers), MOST_OF_EACH)
    keys = [register.key for register in registers]
    readings = history.current_readings(registers=keys, since=since, limit=limit)
    meters = {register.meter.pk: register.meter for register in registers}
    counts = dict.fromkeys(keys, 0)
    for reading in readings:
        reading.meter = meters[reading.meter_id]
        counts[history.RegisterKey(reading.meter_id, reading.register_id)] += 1
    of_demand = {register.key for register in registers if register.is_demand}
    found = advances.advances_between(readings=readings, demand_registers=of_demand)
    return found, max(counts.values()) < limit
