"""The acts of users on single readings, each in one transaction under the import lock.

An act computes its effects from the database before and after it. A dry run rolls back,
so it shows what the act will do. `expected` is the digest of the effects that the user
has seen: an act with other effects raises ChangedSincePreview.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Q

from meter_readings import audit
from meter_readings.d0010 import codes
from meter_readings.importer.staging import open_staging
from meter_readings.importer.version_resolution import (
    INSERT_READING_KEY,
    resolve_versions,
)
from meter_readings.models import (
    AuditEvent,
    Correction,
    FlowFile,
    Meter,
    Reading,
    VersionStatus,
)
from meter_readings.queries.history import ReadingKey, reading_key

from .effects import Effects, Snapshot, effects_between
from .rules import (
    InvalidCorrection,
    ReadingValues,
    require_change,
    require_possible,
    require_reason,
    require_type,
)

# Seconds to wait for an import or an undo to end. A user is waiting.
_LOCK_TIMEOUT = 5.0

_ACTIONS = {
    Correction.Kind.ADD: AuditEvent.Action.ADD_READING,
    Correction.Kind.CORRECT: AuditEvent.Action.CORRECT_READING,
    Correction.Kind.WITHDRAW: AuditEvent.Action.WITHDRAW_READING,
}

# The columns of a reading that a correction leaves as they are.
_KEPT_COLUMNS = (
    "meter_id",
    "reading_type",
    "bsc_validation_status",
    "md_reset_at",
    "md_reset_count",
    "reading_method",
)


class CorrectionResult(NamedTuple):
    """A correction and what it changed, or in a dry run would change."""

    correction: Correction
    effects: Effects


class ChangedSincePreview(Exception):
    """Readings have changed, so that the act has other effects than the user saw."""


def add_reading(
    *,
    meter: Meter,
    values: ReadingValues,
    reading_type: str,
    reason: str,
    user: User | None,
    now: datetime,
    dry_run: bool = False,
    expected: str | None = None,
) -> CorrectionResult:
    """Add a reading to a meter, which no file has.

    Raises InvalidCorrection if it is not possible, ImportLockTimeout while a file is
    imported or undone, and ChangedSincePreview.
    """
    require_possible(values, now)
    require_type(reading_type)
    row = Reading(
        **_stated(values),
        meter=meter,
        reading_type=reading_type,
        bsc_validation_status=codes.BscValidationStatus.UNVALIDATED,
        meter_reading_flag=values.is_valid,
    )
    correction = _new(Correction.Kind.ADD, reason, user, now)

    def act() -> Correction:
        if not Meter.objects.filter(pk=meter.pk).exists():
            raise InvalidCorrection("The meter is no longer stored.")
        _require_free(row)
        return _save(correction, [row])

    return _apply(act, meter, [reading_key(row)], dry_run, expected)


def correct_reading(
    *,
    reading: Reading,
    values: ReadingValues,
    reason: str,
    user: User | None,
    now: datetime,
    dry_run: bool = False,
    expected: str | None = None,
) -> CorrectionResult:
    """Give a current reading another value, time, register or validity.

    With another time or register it is withdrawn where it is, and added there. Raises
    the same as `add_reading`.
    """
    require_possible(values, now)
    require_change(reading, values)
    kept = {column: getattr(reading, column) for column in _KEPT_COLUMNS}
    row = Reading(**_stated(values), **kept, **_validity(reading, values.is_valid))
    correction = _new(Correction.Kind.CORRECT, reason, user, now, reading)
    is_moved = reading_key(row) != reading_key(reading)

    def act() -> Correction:
        _require_current(reading)
        if is_moved:
            _require_free(row)
        rows = [_withdrawal(reading), row] if is_moved else [row]
        return _save(correction, rows)

    keys = dict.fromkeys(map(reading_key, (reading, row)))
    return _apply(act, reading.meter, keys, dry_run, expected)


def withdraw_reading(
    *,
    reading: Reading,
    reason: str,
    user: User | None,
    now: datetime,
    dry_run: bool = False,
    expected: str | None = None,
) -> CorrectionResult:
    """Withdraw a current reading with all its versions; raise as `add_reading`."""
    correction = _new(Correction.Kind.WITHDRAW, reason, user, now, reading)

    def act() -> Correction:
        _require_current(reading)
        return _save(correction, [_withdrawal(reading)])

    return _apply(act, reading.meter, [reading_key(reading)], dry_run, expected)


def undo_correction(
    *,
    correction: Correction,
    user: User | None,
    now: datetime,
    dry_run: bool = False,
    expected: str | None = None,
) -> CorrectionResult:
    """Undo a correction: its readings are withdrawn, and files' versions count again.

    Raises the same as `add_reading`.
    """
    rows = list(correction.readings.select_related("meter").order_by("line_number"))
    if not rows:
        raise InvalidCorrection("The reading is no longer stored.")
    keys = [reading_key(row) for row in rows]

    def act() -> Correction:
        undone = Correction.objects.get(pk=correction.pk)
        if undone.is_undone:
            raise InvalidCorrection("This correction is already undone.")
        later = Reading.objects.filter(
            _any_of(keys), correction__gt=correction.pk, correction__undone_at=None
        )
        if later.exists():
            raise InvalidCorrection("Undo the later correction of this reading first.")
        undone.undone_at, undone.undone_by = now, user
        undone.changed_at = FlowFile.objects.next_change_time()
        undone.save(update_fields=["undone_at", "undone_by", "changed_at"])
        return undone

    return _apply(act, rows[0].meter, keys, dry_run, expected)


def _apply(
    act: Callable[[], Correction],
    meter: Meter,
    keys: Iterable[ReadingKey],
    dry_run: bool,
    expected: str | None,
) -> CorrectionResult:
    """Run an act in a transaction and return its effects on these reading keys."""
    keys = list(keys)
    with open_staging(_LOCK_TIMEOUT) as staging:
        staging.begin()
        staging.ensure_partitions({key.read_at.astimezone(UTC).year for key in keys})
        with staging.transaction():
            before = Snapshot.of(meter, keys)
            correction = act()
            with connection.cursor() as cursor:
                adapt = connection.ops.adapt_datetimefield_value
                cursor.executemany(
                    INSERT_READING_KEY,
                    [(*key[:2], adapt(key.read_at)) for key in keys],
                )
                resolve_versions(cursor)
            effects = effects_between(before, Snapshot.of(meter, keys))
            if expected not in (None, effects.digest):
                raise ChangedSincePreview
            audit.record(
                (
                    AuditEvent.Action.UNDO_CORRECTION
                    if correction.is_undone
                    else _ACTIONS[Correction.Kind(correction.kind)]
                ),
                meter.meter_point,
                details={
                    "correction": correction.pk,
                    "register": keys[-1].register_id,
                    "read_at": keys[-1].read_at.isoformat(),
                },
            )
            if dry_run:
                transaction.set_rollback(True)
    return CorrectionResult(correction, effects)


def _new(
    kind: Correction.Kind,
    reason: str,
    user: User | None,
    now: datetime,
    reading: Reading | None = None,
) -> Correction:
    return Correction(
        kind=kind,
        reason=require_reason(reason),
        corrected_value=reading.value if reading else None,
        created_at=now,
        created_by=user,
    )


def _save(correction: Correction, rows: list[Reading]) -> Correction:
    """Save a correction with its readings, under the import lock."""
    correction.changed_at = FlowFile.objects.next_change_time()
    correction.save()
    for number, row in enumerate(rows, 1):
        row.correction = correction
        row.line_number = row.mpan_line_number = row.meter_line_number = number
        row.changed_at = correction.changed_at
        is_withdrawal = row.reading_type == codes.ReadingType.WITHDRAWN
        row.version_status = (
            VersionStatus.WITHDRAWN if is_withdrawal else VersionStatus.CURRENT
        )
    Reading.objects.bulk_create(rows)
    return correction


def _stated(values: ReadingValues) -> dict[str, object]:
    stated: dict[str, object] = values._asdict()
    del stated["is_valid"]
    return stated


def _withdrawal(reading: Reading) -> Reading:
    """Return the version that withdraws a reading; it repeats its values."""
    return Reading(
        meter_id=reading.meter_id,
        register_id=reading.register_id,
        read_at=reading.read_at,
        value=reading.value,
        reading_type=codes.ReadingType.WITHDRAWN,
        bsc_validation_status=reading.bsc_validation_status,
        reading_method=reading.reading_method,
    )


def _validity(reading: Reading, is_valid: bool) -> dict[str, object]:
    """Return the columns by which a reading is valid or suspect, unchanged if it is."""
    if is_valid != reading.is_suspect:
        return {
            "meter_reading_flag": reading.meter_reading_flag,
            "meter_reading_status": reading.meter_reading_status,
            "reason_code": reading.reason_code,
        }
    return {"meter_reading_flag": is_valid}


def _require_current(reading: Reading) -> None:
    if not Reading.objects.current().filter(pk=reading.pk).exists():
        raise InvalidCorrection(
            "This version is not current. Correct the current version of the reading."
        )


def _require_free(row: Reading) -> None:
    """Raise InvalidCorrection if the reading key of a row has a current version."""
    current = Reading.objects.current().filter(**reading_key(row)._asdict()).first()
    if current is not None:
        raise InvalidCorrection(
            f"Register {row.register_id} has a reading of"
            f" {current.value.normalize():f} at this time. Correct that reading"
            " instead.",
            "read_at",
        )


def _any_of(keys: Iterable[ReadingKey]) -> Q:
    condition = Q(pk__in=())
    for key in keys:
        condition |= Q(**key._asdict())
    return condition
