"""Conditions on the versions of one reading key, which may be any number."""

from __future__ import annotations

from . import READING


def same_key(version: str, meter_id: str, reading: str) -> str:
    """Return the condition that a version has the key of a meter and a reading.

    BETWEEN, because PostgreSQL may answer an equality by the index of the times alone,
    if its statistics have no time twice, and read all readings of that time.
    """
    return (
        f"{version}.meter_id = {meter_id}"
        f" AND {version}.register_id = {reading}.register_id"
        f" AND {version}.read_at BETWEEN {reading}.read_at AND {reading}.read_at"
    )


def has_another_version(reading: str) -> str:
    """Return the condition that the key of a reading has a version besides it.

    A scalar subquery is answered for each reading apart. EXISTS may become a join with
    all readings.
    """
    return f"""(
        SELECT 1 FROM {READING} AS version
        WHERE {same_key("version", f"{reading}.meter_id", reading)}
            AND version.id <> {reading}.id LIMIT 1
    ) IS NOT NULL"""
