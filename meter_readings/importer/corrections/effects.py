"""Effects of a correction: every number that it changes, before and after."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, Self

from meter_readings.models import Meter, Reading, VersionStatus
from meter_readings.queries import history
from meter_readings.queries.advances import Advance, advances_between
from meter_readings.queries.history import ReadingKey, RegisterKey

# As many current readings before a reading decide on its advance.
_PREVIOUS_READINGS = 14
_MAX_VERSIONS = 50
_MAX_REGISTERS = 400


class VersionChange(NamedTuple):
    """A version whose status changes; `old` is None if it is new."""

    reading: Reading
    old: VersionStatus | None
    new: VersionStatus


class AdvanceChange(NamedTuple):
    """An advance that begins, ends or differs."""

    register_id: str
    from_read_at: datetime
    to_read_at: datetime
    old: Advance | None
    new: Advance | None


class EndChange(NamedTuple):
    """The first or latest current reading of a register, if it is another one."""

    register_id: str
    is_latest: bool
    old: Reading | None
    new: Reading | None


class TotalChange(NamedTuple):
    """The units of the changed advances of a register; None if one is negative."""

    register_id: str
    old: Decimal | None
    new: Decimal | None


class Effects(NamedTuple):
    """Everything that a correction changes."""

    versions: list[VersionChange]
    advances: list[AdvanceChange]
    ends: list[EndChange]

    @property
    def totals(self) -> list[TotalChange]:
        """The total of the changed advances, for each register."""
        return [
            TotalChange(
                register_id,
                _total(each.old for each in self._of(register_id)),
                _total(each.new for each in self._of(register_id)),
            )
            for register_id in dict.fromkeys(each.register_id for each in self.advances)
        ]

    def _of(self, register_id: str) -> list[AdvanceChange]:
        return [each for each in self.advances if each.register_id == register_id]

    @property
    def digest(self) -> str:
        """The SHA-256 of the numbers, without ids: equal if the same is changed."""
        numbers = (
            [(_numbers(each.reading), each.old, each.new) for each in self.versions],
            [
                (*each[:3], _advance_numbers(each.old), _advance_numbers(each.new))
                for each in self.advances
            ],
            [(*each[:2], *map(_numbers, each[2:])) for each in self.ends],
        )
        return hashlib.sha256(repr(numbers).encode()).hexdigest()


class Snapshot(NamedTuple):
    """The numbers around some reading keys of one meter."""

    versions: dict[int, Reading]
    advances: dict[tuple[str, datetime, datetime], Advance]
    ends: dict[tuple[str, bool], Reading | None]

    @classmethod
    def of(cls, meter: Meter, keys: Collection[ReadingKey]) -> Self:
        versions = history.versions_per_key(reading_keys=keys, limit=_MAX_VERSIONS)
        advances = {
            (
                advance.later.register_id,
                advance.earlier.read_at,
                advance.later.read_at,
            ): (advance)
            for key in keys
            for advance in _advances_at(key)
        }
        own = {key.register_id for key in keys}
        registers = history.registers_of(meters=[meter], limit=_MAX_REGISTERS)
        ends = {
            (register.register_id, is_latest): end
            for register in registers
            if register.register_id in own
            for is_latest, end in ((False, register.earliest), (True, register.latest))
        }
        return cls({version.pk: version for version in versions}, advances, ends)


def effects_between(before: Snapshot, after: Snapshot) -> Effects:
    """Return what differs; a correction deletes nothing."""
    versions = [
        VersionChange(
            reading,
            VersionStatus(old.version_status) if old else None,
            VersionStatus(reading.version_status),
        )
        for pk, reading in sorted(after.versions.items())
        if (old := before.versions.get(pk)) is None
        or old.version_status != reading.version_status
    ]
    advances = [
        AdvanceChange(*key, first, second)
        for key in sorted({*before.advances, *after.advances}, key=_by_register_and_end)
        if _advance_numbers(first := before.advances.get(key))
        != _advance_numbers(second := after.advances.get(key))
    ]
    ends = [
        EndChange(*key, earlier, later)
        for key in sorted({*before.ends, *after.ends})
        if _numbers(earlier := before.ends.get(key))
        != _numbers(later := after.ends.get(key))
    ]
    return Effects(versions, advances, ends)


def _advances_at(key: ReadingKey) -> list[Advance]:
    """Return the advances that end at a key or are the first to end after it."""
    previous = history.previous_current_readings(
        reading_keys=[key], limit=_PREVIOUS_READINGS
    )
    register = RegisterKey(key.meter_id, key.register_id)
    current = Reading.objects.current().filter(**register._asdict())
    is_demand = history.is_demand_register(key=register)
    advances = advances_between(
        readings=[
            *previous,
            *current.filter(read_at=key.read_at),
            *current.filter(read_at__gt=key.read_at).order_by("read_at")[:1],
        ],
        demand_registers={register} if is_demand else (),
    )
    return [each for each in advances if each.later.read_at >= key.read_at]


def _total(advances: Iterable[Advance | None]) -> Decimal | None:
    """Return the sum of the units; None if an advance has none."""
    units = [advance.units for advance in advances if advance]
    known = [each for each in units if each is not None]
    return sum(known, Decimal(0)) if len(known) == len(units) else None


def _by_register_and_end(
    key: tuple[str, datetime, datetime],
) -> tuple[str, datetime, datetime]:
    register_id, from_read_at, to_read_at = key
    return register_id, to_read_at, from_read_at


def _numbers(reading: Reading | None) -> tuple[Any, ...]:
    if reading is None:
        return ()
    return (
        reading.register_id,
        reading.read_at.isoformat(),
        str(reading.value.normalize()),
        reading.reading_type,
        reading.is_suspect,
    )


def _advance_numbers(advance: Advance | None) -> tuple[Any, ...]:
    if advance is None:
        return ()
    numbers = advance.units, advance.units_if_rollover
    return (
        advance.direction.value,
        advance.days,
        *(number if number is None else str(number.normalize()) for number in numbers),
    )
