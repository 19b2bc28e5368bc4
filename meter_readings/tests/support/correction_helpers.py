"""Corrections of readings in tests."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User

from meter_readings import importer
from meter_readings.models import Correction, Meter, Reading

from .import_helpers import NOW

REASON = "Customer sent a photo"


def values_of(reading: Reading, **changes: Any) -> importer.ReadingValues:
    """Return what a user states about a reading, with changes to what is stored."""
    stated = {
        "register_id": reading.register_id,
        "read_at": reading.read_at,
        "value": reading.value,
        "is_valid": not reading.is_suspect,
    }
    return importer.ReadingValues(**stated | changes)


def correct(
    reading: Reading,
    *,
    reason: str = REASON,
    user: User | None = None,
    dry_run: bool = False,
    expected: str | None = None,
    **changes: Any,
) -> importer.CorrectionResult:
    """Correct a reading; `value` may be text."""
    if "value" in changes:
        changes["value"] = Decimal(changes["value"])
    return importer.correct_reading(
        reading=reading,
        values=values_of(reading, **changes),
        reason=reason,
        user=user,
        now=NOW,
        dry_run=dry_run,
        expected=expected,
    )


def add(
    meter: Meter,
    value: str,
    read_at: datetime,
    *,
    register_id: str = "S",
    is_valid: bool = True,
    reading_type: str = "C",
    reason: str = REASON,
    user: User | None = None,
) -> importer.CorrectionResult:
    """Add a reading that a customer phoned in."""
    return importer.add_reading(
        meter=meter,
        values=importer.ReadingValues(register_id, read_at, Decimal(value), is_valid),
        reading_type=reading_type,
        reason=reason,
        user=user,
        now=NOW,
    )


def withdraw(
    reading: Reading, *, reason: str = REASON, user: User | None = None
) -> importer.CorrectionResult:
    return importer.withdraw_reading(reading=reading, reason=reason, user=user, now=NOW)


def undo(
    correction: Correction, *, user: User | None = None
) -> importer.CorrectionResult:
    return importer.undo_correction(correction=correction, user=user, now=NOW)
