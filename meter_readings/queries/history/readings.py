"""Readings of registers: the latest, those before, and their versions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from meter_readings.d0010 import codes
from meter_readings.models import Reading, VersionStatus

from .registers import RegisterKey
from .top_n import top_n_per_key

# Later than any reading can be.
_AFTER_ALL = datetime(2200, 1, 1, tzinfo=UTC)

# How many readings are looked through for those of some types, and of one register at
# the least.
_LOOKED_THROUGH, _LOOKED_THROUGH_OF_EACH = 20_000, 50

_OF_REGISTER = "r.meter_id = key.meter_id AND r.register_id = key.register_id"
_IS_CURRENT = f"r.version_status = '{VersionStatus.CURRENT}'"

# The one version that stands for an event: of what was withdrawn, the one that came
# last, unless another version counts.
_STANDS_FOR_EVENT = f"""(
    {_IS_CURRENT}
    OR r.version_status = '{VersionStatus.WITHDRAWN}' AND NOT EXISTS (
        SELECT 1 FROM {Reading._meta.db_table} other
        WHERE other.meter_id = r.meter_id
        AND other.register_id = r.register_id
        AND other.read_at = r.read_at
        AND (
            other.version_status = '{VersionStatus.CURRENT}'
            OR other.version_status = '{VersionStatus.WITHDRAWN}' AND other.id > r.id
        )
    )
)"""


class Event(NamedTuple):
    """One register of one meter at one time, of which there may be many versions."""

    meter_id: int
    register_id: str
    read_at: datetime


def reading_key(reading: Reading) -> Event:
    """Return the event that a reading is a version of."""
    return Event(reading.meter_id, reading.register_id, reading.read_at)


def current_readings(
    *, registers: Collection[RegisterKey], since: datetime, limit: int
) -> list[Reading]:
    """Return up to `limit` of the latest current readings of each since a time."""
    return top_n_per_key(
        Reading,
        keys=[(*key, since) for key in registers],
        names=Event._fields,
        where=f"{_OF_REGISTER} AND r.read_at >= key.read_at AND {_IS_CURRENT}",
        order="r.read_at DESC",
        limit=limit,
    )


def previous_current_readings(
    *, events: Collection[Event], limit: int
) -> list[Reading]:
    """Return up to `limit` of the latest current readings before each event."""
    return top_n_per_key(
        Reading,
        keys=list(events),
        names=Event._fields,
        where=f"{_OF_REGISTER} AND r.read_at < key.read_at AND {_IS_CURRENT}",
        order="r.read_at DESC",
        limit=limit,
    )


def versions_per_key(*, events: Collection[Event], limit: int) -> list[Reading]:
    """Return up to `limit` versions of each event, those stored last first."""
    found = top_n_per_key(
        Reading,
        keys=list(events),
        names=Event._fields,
        where=f"{_OF_REGISTER} AND r.read_at = key.read_at",
        # Not by id alone, for which PostgreSQL might go through all readings of a time.
        order="r.id + 0 DESC",
        limit=limit,
    )
    return sorted(found, key=lambda version: -version.pk)


def latest_reading_keys(
    *,
    registers: Sequence[RegisterKey],
    basis: codes.Basis | None = None,
    before: Event | None = None,
    limit: int,
) -> list[Reading]:
    """Return one reading for each of the latest events, latest first.

    It is the version that counts, or else what was withdrawn last. `before` is the
    event at which the last page ended; at one time, registers come in the order given.
    With a `basis`, only versions that count and rest on it are returned, from among
    the latest `looked_through` readings of each register.
    """
    keys = [
        (*key, place, _bound(registers, place, before))
        for place, key in enumerate(registers)
    ]
    return top_n_per_key(
        Reading,
        keys=keys,
        names=("meter_id", "register_id", "place", "read_at"),
        where=f"{_OF_REGISTER} AND r.read_at < key.read_at AND "
        + (_IS_CURRENT if basis else _STANDS_FOR_EVENT),
        order="r.read_at DESC",
        chosen=_rests_on(basis) if basis else "",
        looking_through=looked_through(len(registers)),
        limit=limit,
        in_all="found.read_at DESC, key.place",
    )


def looked_through(register_count: int) -> int:
    """Return how many readings of each register are looked through for a basis."""
    return max(_LOOKED_THROUGH // max(register_count, 1), _LOOKED_THROUGH_OF_EACH)


def _bound(
    registers: Sequence[RegisterKey], place: int, before: Event | None
) -> datetime:
    """Return the time before which a register's readings have not been shown."""
    if before is None:
        return _AFTER_ALL
    comes_later = place > _place_of(before, registers)
    return before.read_at + timedelta(microseconds=1) * comes_later


def _place_of(event: Event, registers: Sequence[RegisterKey]) -> int:
    """Return where the event's register stands, or before all where it is not there."""
    key = RegisterKey(event.meter_id, event.register_id)
    return registers.index(key) if key in registers else -1


def _rests_on(basis: codes.Basis) -> str:
    """Return that a reading has this basis; none or an unlisted type is actual."""
    types = codes.reading_types_of(basis)
    if basis is codes.Basis.ACTUAL:
        types = [code.value for code in codes.ReadingType if code not in types]
        return f"r.reading_type NOT IN ({_quoted(types)})"
    return f"r.reading_type IN ({_quoted(types)})"


def _quoted(types: list[str]) -> str:
    return ", ".join(f"'{code}'" for code in types)
