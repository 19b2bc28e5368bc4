"""The application as Django sees it."""

from django.apps import AppConfig
from django.core import checks


class MeterReadingsConfig(AppConfig):
    """Register what must be true of an installation before it runs."""

    name = "meter_readings"
    verbose_name = "Meter readings"

    def ready(self) -> None:
        """Register the system checks."""
        from meter_readings.checks import (
            check_postgresql_driver,
            check_sqlite_foreign_keys,
        )

        checks.register(check_postgresql_driver)
        checks.register(check_sqlite_foreign_keys, checks.Tags.database)
