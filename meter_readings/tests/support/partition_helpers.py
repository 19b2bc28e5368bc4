"""Partitions of the readings on PostgreSQL. SQLite has one table."""

from __future__ import annotations

from django.db import connection


def ensure_partitions(*years: int) -> None:
    """Create partitions for readings that no import creates."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for year in years:
                cursor.execute("SELECT reading_create_year_partition(%s)", [year])


def drop_years(*years: int) -> None:
    """Drop the partitions of years, with their readings."""
    with connection.cursor() as cursor:
        for year in years:
            cursor.execute(f"DROP TABLE IF EXISTS meter_readings_reading_{year}")


def partitions() -> set[str]:
    """Return the suffixes of the partitions: a year, or "default"."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT replace(inhrelid::regclass::text, inhparent::regclass || '_', '')"
            " FROM pg_inherits WHERE inhparent = 'meter_readings_reading'::regclass"
        )
        return {name for (name,) in cursor.fetchall()}
