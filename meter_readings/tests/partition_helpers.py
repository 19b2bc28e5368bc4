"""The partitions of the readings on PostgreSQL; on SQLite there is but one table."""

from __future__ import annotations

from django.db import connection


def ensure_partitions(*years: int) -> None:
    """Make a place for readings that come by another way than an import."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for year in years:
                cursor.execute("SELECT meter_readings_add_year(%s)", [year])


def drop_years(*years: int) -> None:
    """Take years away, with all their readings."""
    with connection.cursor() as cursor:
        for year in years:
            cursor.execute(f"DROP TABLE IF EXISTS meter_readings_reading_{year}")


def partitions() -> set[str]:
    """Return what tells the partitions apart: a year, or "default"."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT replace(inhrelid::regclass::text, inhparent::regclass || '_', '')"
            " FROM pg_inherits WHERE inhparent = 'meter_readings_reading'::regclass"
        )
        return {name for (name,) in cursor.fetchall()}
