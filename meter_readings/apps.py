"""The application as Django sees it."""

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.core import checks


class MeterReadingsConfig(AppConfig):
    """Register what must be true of an installation before it runs."""

    name = "meter_readings"
    verbose_name = "Meter readings"

    def ready(self) -> None:
        """Register the system checks."""
        from meter_readings.checks import (
            check_api_is_closed,
            check_demo_users,
            check_postgresql_driver,
            check_published_password,
            check_sqlite_foreign_keys,
            check_sqlite_place,
            check_sqlite_version,
        )
        from meter_readings.signing_in import note_last_login

        checks.register(check_postgresql_driver)
        checks.register(check_sqlite_version)
        checks.register(check_sqlite_place)
        checks.register(check_api_is_closed)
        checks.register(check_demo_users, checks.Tags.database)
        checks.register(check_published_password, checks.Tags.database)
        checks.register(check_sqlite_foreign_keys, checks.Tags.database)
        # Under the name by which Django would connect its own, which waits for a load:
        # it finds the place taken, because this application comes first.
        user_logged_in.connect(note_last_login, dispatch_uid="update_last_login")
