"""Application configuration."""

from contextlib import suppress
from pathlib import Path

from django.apps import AppConfig
from django.conf import settings
from django.contrib.auth.signals import (
    user_logged_in,
    user_logged_out,
    user_login_failed,
)
from django.core import checks
from django.db.backends.signals import connection_created


class MeterReadingsConfig(AppConfig):
    name = "meter_readings"
    verbose_name = "Meter readings"

    def ready(self) -> None:
        from meter_readings.accounts.login import update_last_login_unless_locked
        from meter_readings.accounts.sign_in_log import (
            log_failed_sign_in,
            log_sign_in,
            log_sign_out,
        )
        from meter_readings.checks import (
            check_api_is_closed,
            check_demo_users,
            check_postgresql_driver,
            check_postgresql_sessions,
            check_published_password,
            check_sqlite_filesystem,
            check_sqlite_foreign_keys,
            check_sqlite_version,
        )
        from meter_readings.ops.postgresql_sessions import set_session_parameters

        connection_created.connect(set_session_parameters)

        if settings.SESSION_ENGINE.endswith(".file"):
            # Django's session files need an existing folder. Commands also run for
            # users who cannot create it; `ops.diagnostics` reports that it is missing.
            with suppress(OSError):
                folder = Path(settings.SESSION_FILE_PATH)
                folder.mkdir(0o700, parents=True, exist_ok=True)

        checks.register(check_postgresql_driver)
        checks.register(check_sqlite_version)
        checks.register(check_sqlite_filesystem)
        checks.register(check_api_is_closed)
        checks.register(check_postgresql_sessions, checks.Tags.database)
        checks.register(check_demo_users, checks.Tags.database)
        checks.register(check_published_password, checks.Tags.database)
        checks.register(check_sqlite_foreign_keys, checks.Tags.database)
        # Django's own receiver would wait for an import on SQLite. It connects with the
        # same dispatch_uid, and later, because this application is the first in
        # INSTALLED_APPS: so it is ignored. There is no public way to replace it.
        user_logged_in.connect(
            update_last_login_unless_locked, dispatch_uid="update_last_login"
        )
        user_logged_in.connect(log_sign_in)
        user_login_failed.connect(log_failed_sign_in)
        user_logged_out.connect(log_sign_out)
