"""Readings of registers: the latest, the previous ones, and versions of a reading."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from meter_readings.d0010 import codes
from meter_readings.models import Reading, VersionStatus

from .registers import RegisterKey
from .top_n import top_n_per_key

# Later than the time of any reading.
_MAX_TIME = datetime(2200, 1, 1, tzinfo=UTC)

# How many readings are scanned for those with a basis: of all registers together, and
# of one register at least.
_SCAN_LIMIT, _MIN_SCAN_LIMIT_PER_REGISTER = 20_000, 50

_OF_REGISTER = "r.meter_id = key.meter_id AND r.register_id = key.register_id"
_IS_CURRENT = f"r.version_status = '{VersionStatus.CURRENT}'"

# One version represents each reading key: the current one or, if there is none, the
# withdrawn one that was stored last.
_REPRESENTATIVE_VERSION_SQL = f"""(
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


class ReadingKey(NamedTuple):
    """One register of one meter at one time, of which there may be many versions."""

    meter_id: int
    register_id: str
    read_at: datetime


def reading_key(reading: Reading) -> ReadingKey:
    return ReadingKey(reading.meter_id, reading.register_id, reading.read_at)


def current_readings(
    *, registers: Collection[RegisterKey], since: datetime, limit: int
) -> list[Reading]:
    """Return the latest current readings since a time, up to `limit` per register."""
    return top_n_per_key(
        Reading,
        keys=[(*key, since) for key in registers],
        names=ReadingKey._fields,
        where=f"{_OF_REGISTER} AND r.read_at >= key.read_at AND {_IS_CURRENT}",
        order="r.read_at DESC",
        limit=limit,
    )


def previous_current_readings(
    *, reading_keys: Collection[ReadingKey], limit: int
) -> list[Reading]:
    """Return the latest current readings before each key, up to `limit` per key."""
    return top_n_per_key(
        Reading,
        keys=list(reading_keys),
        names=ReadingKey._fields,
        where=f"{_OF_REGISTER} AND r.read_at < key.read_at AND {_IS_CURRENT}",
        order="r.read_at DESC",
        limit=limit,
    )


def versions_per_key(
    *, reading_keys: Collection[ReadingKey], limit: int
) -> list[Reading]:
    """Return up to `limit` versions per key, those stored last first."""
    versions = top_n_per_key(
        Reading,
        keys=list(reading_keys),
        names=ReadingKey._fields,
        where=f"{_OF_REGISTER} AND r.read_at = key.read_at",
        # Ordered by id alone, PostgreSQL might read all readings by their id.
        order="r.id + 0 DESC",
        limit=limit,
    )
    return sorted(versions, key=lambda version: -version.pk)


def latest_reading_keys(
    *,
    registers: Sequence[RegisterKey],
    basis: codes.Basis | None = None,
    before: ReadingKey | None = None,
    limit: int,
) -> list[Reading]:
    """Return the version that represents each of the latest reading keys, latest first.

    It is the current version or, if there is none, the withdrawn one stored last. At
    the same time, registers come in the order given. `before` is the last key of the
    previous page. With a `basis`, only current versions with that basis are returned,
    from among the latest `scan_limit` readings of each register.
    """
    keys = [
        (*key, position, _end(registers, position, before))
        for position, key in enumerate(registers)
    ]
    return top_n_per_key(
        Reading,
        keys=keys,
        names=("meter_id", "register_id", "position", "read_at"),
        where=f"{_OF_REGISTER} AND r.read_at < key.read_at AND "
        + (_IS_CURRENT if basis else _REPRESENTATIVE_VERSION_SQL),
        order="r.read_at DESC",
        post_filter=_basis_sql(basis) if basis else "",
        scan_limit=scan_limit(len(registers)),
        limit=limit,
        merge_order="found.read_at DESC, key.position",
    )


def scan_limit(register_count: int) -> int:
    """Return how many readings of each register are scanned for a basis."""
    return max(_SCAN_LIMIT // max(register_count, 1), _MIN_SCAN_LIMIT_PER_REGISTER)


def _end(
    registers: Sequence[RegisterKey], position: int, before: ReadingKey | None
) -> datetime:
    """Return the time before which a register's readings are on the next page."""
    if before is None:
        return _MAX_TIME
    is_after_in_order = position > _register_position(before, registers)
    return before.read_at + timedelta(microseconds=1) * is_after_in_order


def _register_position(key: ReadingKey, registers: Sequence[RegisterKey]) -> int:
    """Return the position of the key's register, or -1 if it is not in the list."""
    register = RegisterKey(key.meter_id, key.register_id)
    return registers.index(register) if register in registers else -1


def _basis_sql(basis: codes.Basis) -> str:
    """Return the condition in SQL that `models.basis_q` expresses as a Q."""
    types = codes.reading_types_of(basis)
    if basis is codes.Basis.ACTUAL:
        types = [code.value for code in codes.ReadingType if code not in types]
        return f"r.reading_type NOT IN ({_quoted(types)})"
    return f"r.reading_type IN ({_quoted(types)})"


def _quoted(types: list[str]) -> str:
    return ", ".join(f"'{code}'" for code in types)
