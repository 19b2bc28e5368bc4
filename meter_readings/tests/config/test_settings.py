"""Settings: defaults of development, validation of production."""

import os
import re
import runpy
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest import skipIf, skipUnless
from unittest.mock import patch

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import Client, SimpleTestCase, TestCase, TransactionTestCase, tag

from config import environment
from config.production import validate_production_settings
from meter_readings import demo
from meter_readings.checks import has_wal_fix

# A blank value counts as unset, and overrides a developer's own .env.
NOTHING_SET = dict.fromkeys(
    [
        "ACCEPT_SQLITE_RISK",
        "ALLOWED_HOSTS",
        "API_RATE_IMPORT",
        "API_RATE_READ",
        "API_RATE_ANONYMOUS",
        "ARCHIVE_MAX_MEGABYTES",
        "AUDIT_API_LOOKUPS",
        "BACKUP_ROOT",
        "BEHIND_PROXY",
        "CELERY_BROKER_URL",
        "CELERY_QUEUE",
        "CORS_ALLOWED_ORIGINS",
        "D0010_ENV",
        "DB_HOST",
        "DB_NAME",
        "DB_PASSWORD",
        "DB_PORT",
        "DB_REPLICA_HOST",
        "DB_REPLICA_PORT",
        "DB_USER",
        "DEBUG",
        "RETENTION_AUDIT_EVENTS_DAYS",
        "DEFAULT_FROM_EMAIL",
        "EMAIL_HOST",
        "EMAIL_HOST_PASSWORD",
        "EMAIL_HOST_USER",
        "EMAIL_PORT",
        "EMAIL_USE_SSL",
        "EMAIL_USE_TLS",
        "RETENTION_EXPORTS_DAYS",
        "RETENTION_IMPORT_JOBS_DAYS",
        "RETENTION_NOTIFICATIONS_DAYS",
        "RETENTION_ORIGINALS_DAYS",
        "RETENTION_READINGS_DAYS",
        "RETENTION_REJECTED_DAYS",
        "MARKET_PARTICIPANT",
        "MEDIA_ROOT",
        "METRICS_TOKEN",
        "MIN_FREE_DISK_MB",
        "NOTIFICATION_DIGEST_HOUR",
        "PARTICIPANT_TELEPHONES",
        "PSEUDONYM_KEY",
        "QUALITY_ESTIMATES_DAYS",
        "QUALITY_HIGH_FACTOR",
        "QUALITY_LONG_PERIOD_MONTHS",
        "QUALITY_MAX_DIGITS",
        "QUALITY_MAX_PERIOD_MONTHS",
        "QUALITY_MIN_DAYS",
        "QUALITY_MIN_UNITS",
        "QUALITY_NEW_POINT_DAYS",
        "QUALITY_REPEATED_ZEROS",
        "QUALITY_SILENT_CYCLES",
        "QUALITY_SILENT_DAYS",
        "QUALITY_SPIKE_FACTOR",
        "REDIS_URL",
        "SECRET_KEY",
        "SESSION_FILE_PATH",
        "SITE_URL",
        "SQLITE_PATH",
        "STATIC_ROOT",
        "TASKS_BACKEND",
        "TRUSTED_PROXIES",
        "UPLOAD_MAX_MEGABYTES",
        "USE_POSTGRESQL",
        "WEBHOOK_NETWORKS",
    ],
    "",
)
PRODUCTION = {
    "D0010_ENV": "production",
    "SECRET_KEY": "a long random text that was made up for these tests alone",
    "ALLOWED_HOSTS": "readings.example, www.readings.example",
}


def settings_with(**values: str) -> dict[str, Any]:
    """Return the settings with only these variables set."""
    with patch.dict(os.environ, {**NOTHING_SET, **values}):
        return runpy.run_path(str(environment.PROJECT_ROOT / "config" / "settings.py"))


class NotificationSettingsTests(SimpleTestCase):
    def test_in_development_without_a_mail_server_emails_are_printed(self) -> None:
        mailer = settings_with(D0010_ENV="development")["MAILERS"]["default"]
        self.assertIn("console", mailer["BACKEND"])

    def test_in_production_the_mail_server_is_on_this_machine_by_default(self) -> None:
        options = settings_with(**PRODUCTION)["MAILERS"]["default"]["OPTIONS"]
        self.assertEqual((options["host"], options["port"]), ("localhost", 25))

    def test_links_of_production_begin_with_the_first_host_name(self) -> None:
        settings = settings_with(**PRODUCTION)
        self.assertEqual(settings["SITE_URL"], "https://readings.example")
        self.assertEqual(
            settings["DEFAULT_FROM_EMAIL"], "kraken-d0010@readings.example"
        )

    def test_the_address_of_the_site_can_be_chosen(self) -> None:
        settings = settings_with(**PRODUCTION, SITE_URL="https://www.example.org/")
        self.assertEqual(settings["SITE_URL"], "https://www.example.org")


class DevelopmentSettingsTests(SimpleTestCase):
    def setUp(self) -> None:
        self.settings = settings_with(D0010_ENV="development")

    def test_development_has_debug_on(self) -> None:
        self.assertIs(self.settings["DEBUG"], True)

    def test_development_allows_local_hosts_only(self) -> None:
        self.assertEqual(
            self.settings["ALLOWED_HOSTS"], ["localhost", "127.0.0.1", "[::1]"]
        )

    def test_the_database_is_sqlite_in_the_project(self) -> None:
        self.assertEqual(
            self.settings["DATABASES"]["default"]["NAME"],
            environment.PROJECT_ROOT / "db.sqlite3",
        )

    def test_the_sqlite_path_can_be_chosen(self) -> None:
        settings = settings_with(D0010_ENV="development", SQLITE_PATH="/data/d.sqlite3")
        self.assertEqual(
            settings["DATABASES"]["default"]["NAME"], Path("/data/d.sqlite3")
        )

    def test_a_relative_path_starts_from_the_project(self) -> None:
        settings = settings_with(D0010_ENV="development", SQLITE_PATH="data/d.sqlite3")
        self.assertEqual(
            settings["SQLITE_PATH"], environment.PROJECT_ROOT / "data" / "d.sqlite3"
        )

    def test_the_media_folder_can_be_chosen(self) -> None:
        settings = settings_with(D0010_ENV="development", MEDIA_ROOT="/data/media")
        self.assertEqual(settings["MEDIA_ROOT"], Path("/data/media"))

    def test_development_without_debug_is_refused(self) -> None:
        with self.assertRaisesMessage(
            ImproperlyConfigured,
            "DEBUG must be on in development: remove it."
            " A site for users needs D0010_ENV=production.",
        ):
            settings_with(D0010_ENV="development", DEBUG="False")

    def test_test_environment_has_debug_off_and_answers_this_machine_only(self) -> None:
        settings = settings_with(D0010_ENV="test", ALLOWED_HOSTS="readings.example")
        self.assertIs(settings["DEBUG"], False)
        self.assertEqual(settings["ALLOWED_HOSTS"], ["localhost", "127.0.0.1", "[::1]"])

    def test_an_unknown_environment_is_an_error(self) -> None:
        with self.assertRaisesMessage(
            ImproperlyConfigured, "D0010_ENV must be development, test or production."
        ):
            settings_with(D0010_ENV="staging")


class PostgresqlSettingsTests(SimpleTestCase):
    def test_postgresql_uses_the_db_variables(self) -> None:
        settings = settings_with(
            D0010_ENV="development",
            USE_POSTGRESQL="1",
            DB_NAME="readings",
            DB_USER="reader",
            DB_PASSWORD="secret",
            DB_HOST="db.example",
            DB_PORT="6432",
        )
        database = settings["DATABASES"]["default"]
        self.assertEqual(
            [database[key] for key in ["NAME", "USER", "PASSWORD", "HOST", "PORT"]],
            ["readings", "reader", "secret", "db.example", 6432],
        )

    def test_the_replica_has_the_name_user_and_password_of_the_primary(self) -> None:
        settings = settings_with(
            D0010_ENV="development",
            USE_POSTGRESQL="1",
            DB_PASSWORD="secret",
            DB_PORT="6432",
            DB_REPLICA_HOST="copy.example",
        )
        database = settings["DATABASES"]["replica"]
        self.assertEqual(
            [database[key] for key in ["NAME", "USER", "PASSWORD", "HOST", "PORT"]],
            ["d0010", "d0010", "secret", "copy.example", 6432],
        )
        self.assertEqual(
            settings["DATABASE_ROUTERS"], ["meter_readings.ops.db_router.ReplicaRouter"]
        )
        self.assertIn(
            "meter_readings.ops.db_router.ReadYourWritesMiddleware",
            settings["MIDDLEWARE"],
        )

    def test_the_replica_can_have_another_port(self) -> None:
        settings = settings_with(
            D0010_ENV="development",
            USE_POSTGRESQL="1",
            DB_REPLICA_HOST="localhost",
            DB_REPLICA_PORT="5433",
        )
        self.assertEqual(settings["DATABASES"]["replica"]["PORT"], 5433)

    def test_there_is_no_replica_without_a_host(self) -> None:
        for names in ({"USE_POSTGRESQL": "1"}, {"DB_REPLICA_HOST": "copy.example"}):
            settings = settings_with(D0010_ENV="development", **names)
            self.assertEqual(
                ([*settings["DATABASES"]], settings["DATABASE_ROUTERS"]),
                (["default"], []),
            )

    def test_every_db_variable_has_a_default(self) -> None:
        settings = settings_with(D0010_ENV="development", USE_POSTGRESQL="1")
        database = settings["DATABASES"]["default"]
        self.assertEqual(
            [database[key] for key in ["NAME", "USER", "PASSWORD", "HOST", "PORT"]],
            ["d0010", "d0010", "", "localhost", 5432],
        )


class ProductionSettingsTests(SimpleTestCase):
    def assert_refused(self, message: str, **values: str) -> None:
        """Expect an error in production with these values."""
        with self.assertRaisesMessage(ImproperlyConfigured, message):
            settings_with(**{**PRODUCTION, **values})

    def test_production_accepts_a_complete_environment(self) -> None:
        self.assertIs(settings_with(**PRODUCTION)["DEBUG"], False)

    def test_production_is_the_default_environment(self) -> None:
        self.assert_refused("SECRET_KEY must be", D0010_ENV="", SECRET_KEY="")

    def test_production_rejects_debug(self) -> None:
        self.assert_refused("DEBUG must be off in production", DEBUG="1")

    def test_production_rejects_a_missing_secret_key(self) -> None:
        self.assert_refused("SECRET_KEY must be", SECRET_KEY="")

    def test_production_rejects_a_short_secret_key(self) -> None:
        self.assert_refused(
            "SECRET_KEY must be", SECRET_KEY=PRODUCTION["SECRET_KEY"][:49]
        )

    def test_production_rejects_a_repetitive_secret_key(self) -> None:
        self.assert_refused("SECRET_KEY must be", SECRET_KEY="abcd" * 20)

    def test_production_rejects_the_development_secret_key(self) -> None:
        key = settings_with(D0010_ENV="development")["SECRET_KEY"]
        self.assert_refused("SECRET_KEY must be", SECRET_KEY=key)

    def test_errors_do_not_show_the_secret_key(self) -> None:
        with self.assertRaises(ImproperlyConfigured) as caught:
            settings_with(**{**PRODUCTION, "SECRET_KEY": "short-and-secret"})
        self.assertNotIn("short-and-secret", str(caught.exception))

    def test_production_rejects_a_short_pseudonym_key(self) -> None:
        self.assert_refused("PSEUDONYM_KEY must be", PSEUDONYM_KEY="x" * 31)

    def test_the_pseudonym_key_defaults_to_the_secret_key(self) -> None:
        key = settings_with(**PRODUCTION)["PSEUDONYM_KEY"]
        self.assertEqual(key, PRODUCTION["SECRET_KEY"])

    def test_production_rejects_empty_allowed_hosts(self) -> None:
        self.assert_refused("ALLOWED_HOSTS must list", ALLOWED_HOSTS=" , ")

    def test_production_rejects_wildcard_hosts(self) -> None:
        for hosts in ["*", "readings.example,*", ".example", "*.example", "-"]:
            with self.subTest(hosts=hosts):
                self.assert_refused("ALLOWED_HOSTS must list", ALLOWED_HOSTS=hosts)

    def test_production_rejects_hosts_with_a_scheme_port_or_path(self) -> None:
        for hosts in ["https://readings.example", "readings.example:443", "a.example/"]:
            with self.subTest(hosts=hosts):
                self.assert_refused("ALLOWED_HOSTS must list", ALLOWED_HOSTS=hosts)

    def test_production_rejects_a_secret_key_from_the_repository(self) -> None:
        readme = (environment.PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
        self.assert_refused("not one that is published", SECRET_KEY=readme[2:60])

    def test_the_search_for_a_published_key_skips_folders(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        Path(folder, "deployment_scripts", "__pycache__").mkdir(parents=True)
        validate_production_settings(
            project=Path(folder),
            secret_key=PRODUCTION["SECRET_KEY"],
            allowed_hosts=["readings.example"],
            metrics_token="",
            pseudonym_key=PRODUCTION["SECRET_KEY"],
        )

    def test_production_rejects_a_short_metrics_token(self) -> None:
        self.assert_refused("METRICS_TOKEN must be", METRICS_TOKEN="guess-me")

    def test_production_needs_no_metrics_token(self) -> None:
        self.assertEqual(settings_with(**PRODUCTION)["METRICS_TOKEN"], "")

    def test_allowed_hosts_are_separated_by_commas(self) -> None:
        self.assertEqual(
            settings_with(**PRODUCTION)["ALLOWED_HOSTS"],
            ["readings.example", "www.readings.example"],
        )

    def test_csrf_trusts_the_allowed_hosts_over_https_only(self) -> None:
        self.assertEqual(
            settings_with(**PRODUCTION)["CSRF_TRUSTED_ORIGINS"],
            ["https://readings.example", "https://www.readings.example"],
        )

    def test_production_redirects_to_https_with_hsts_for_a_year(self) -> None:
        settings = settings_with(**PRODUCTION)
        self.assertIs(settings["SECURE_SSL_REDIRECT"], True)
        self.assertEqual(settings["SECURE_HSTS_SECONDS"], 31_536_000)

    def test_production_sends_cookies_over_https_only(self) -> None:
        settings = settings_with(**PRODUCTION)
        self.assertIs(settings["SESSION_COOKIE_SECURE"], True)
        self.assertIs(settings["CSRF_COOKIE_SECURE"], True)

    def test_proxy_headers_are_ignored_without_a_proxy(self) -> None:
        self.assertNotIn("SECURE_PROXY_SSL_HEADER", settings_with(**PRODUCTION))

    def test_proxy_headers_are_trusted_behind_a_proxy(self) -> None:
        settings = settings_with(**PRODUCTION, BEHIND_PROXY="1")
        self.assertEqual(
            settings["SECURE_PROXY_SSL_HEADER"], ("HTTP_X_FORWARDED_PROTO", "https")
        )


class StaticFilesTests(SimpleTestCase):
    def production_settings(self, *, has_whitenoise: bool) -> dict[str, Any]:
        """Return the production settings as if WhiteNoise were installed or not."""
        spec = object() if has_whitenoise else None
        with patch("importlib.util.find_spec", return_value=spec):
            return settings_with(**PRODUCTION)

    def test_whitenoise_serves_static_files_if_it_is_installed(self) -> None:
        settings = self.production_settings(has_whitenoise=True)
        middleware = settings["MIDDLEWARE"]
        self.assertEqual(
            middleware.index("whitenoise.middleware.WhiteNoiseMiddleware"),
            middleware.index("django.middleware.security.SecurityMiddleware") + 1,
        )
        self.assertIn("whitenoise", settings["STORAGES"]["staticfiles"]["BACKEND"])

    def test_the_web_server_serves_static_files_without_whitenoise(self) -> None:
        settings = self.production_settings(has_whitenoise=False)
        self.assertNotIn("whitenoise", str(settings["MIDDLEWARE"]))
        self.assertNotIn("whitenoise", str(settings["STORAGES"]))

    def test_static_files_are_readable_by_everyone(self) -> None:
        options = settings_with(**PRODUCTION)["STORAGES"]["staticfiles"]["OPTIONS"]
        self.assertEqual(options["file_permissions_mode"], 0o644)


class RestFrameworkSettingsTests(SimpleTestCase):
    def test_production_accepts_no_password_with_a_request(self) -> None:
        self.assertEqual(
            settings_with(**PRODUCTION)["REST_FRAMEWORK"][
                "DEFAULT_AUTHENTICATION_CLASSES"
            ],
            settings_with(D0010_ENV="development")["REST_FRAMEWORK"][
                "DEFAULT_AUTHENTICATION_CLASSES"
            ][:-1],
        )

    def test_development_accepts_a_password_with_a_request(self) -> None:
        rest_framework = settings_with(D0010_ENV="development")["REST_FRAMEWORK"]
        self.assertEqual(
            rest_framework["DEFAULT_AUTHENTICATION_CLASSES"][-1],
            "rest_framework.authentication.BasicAuthentication",
        )

    def test_the_api_answers_in_json_without_browsable_pages(self) -> None:
        rest_framework = settings_with(**PRODUCTION)["REST_FRAMEWORK"]
        self.assertEqual(
            rest_framework["DEFAULT_RENDERER_CLASSES"],
            ["rest_framework.renderers.JSONRenderer"],
        )

    def test_throttle_rates_come_from_the_environment(self) -> None:
        settings = settings_with(**PRODUCTION, API_RATE_IMPORT="5")
        self.assertEqual(
            settings["REST_FRAMEWORK"]["DEFAULT_THROTTLE_RATES"],
            {"read": "1000/min", "import": "5/min", "anon": "60/min"},
        )


class SessionSettingsTests(SimpleTestCase):
    def test_sessions_are_files_on_sqlite_and_rows_on_postgresql(self) -> None:
        for use_postgresql, engine in (("0", "file"), ("1", "db")):
            settings = settings_with(**PRODUCTION, USE_POSTGRESQL=use_postgresql)
            self.assertEqual(
                settings["SESSION_ENGINE"],
                f"django.contrib.sessions.backends.{engine}",
            )


class StartingTests(TransactionTestCase):
    """manage.py and the WSGI application, each in a separate process."""

    def run_python(
        self, *arguments: str, **values: str
    ) -> subprocess.CompletedProcess[str]:
        """Run Python in the project with only these variables set."""
        variables = {**os.environ, **NOTHING_SET, **values}
        variables.pop("DJANGO_SETTINGS_MODULE", None)
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=environment.PROJECT_ROOT,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )

    @tag("database_independent")
    def test_manage_py_starts_with_nothing_set(self) -> None:
        result = self.run_python("manage.py", "check")
        self.assertEqual(result.returncode, 0, result.stderr)

    @tag("database_independent")
    def test_starting_creates_the_folder_of_session_files_on_sqlite_only(self) -> None:
        for use_postgresql, is_created in (("0", True), ("1", False)):
            with self.subTest(use_postgresql), tempfile.TemporaryDirectory() as name:
                folder = Path(name, "sessions")
                result = self.run_python(
                    *["manage.py", "shell", "--no-imports", "--command", "pass"],
                    SESSION_FILE_PATH=str(folder),
                    USE_POSTGRESQL=use_postgresql,
                )
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertIs(folder.is_dir(), is_created)
                if is_created:
                    self.assertEqual(folder.stat().st_mode & 0o777, 0o700)

    @tag("database_independent")
    def test_manage_py_starts_if_the_folder_of_session_files_cannot_be_created(
        self,
    ) -> None:
        with tempfile.NamedTemporaryFile() as file:
            result = self.run_python(
                *["manage.py", "shell", "--no-imports", "--command", "pass"],
                SESSION_FILE_PATH=f"{file.name}/sessions",
                USE_POSTGRESQL="0",
            )
        self.assertEqual(result.returncode, 0, result.stderr)

    @tag("database_independent")
    def test_manage_py_explains_a_wrong_setting_without_a_traceback(self) -> None:
        result = self.run_python("manage.py", "check", DEBUG="maybe")
        self.assertEqual(result.returncode, 1)
        self.assertIn("Configuration error: DEBUG must be one of", result.stderr)
        self.assertNotIn("Traceback", result.stderr)

    @tag("database_independent")
    def test_manage_py_shows_a_traceback_with_the_option(self) -> None:
        result = self.run_python("manage.py", "check", "--traceback", DEBUG="maybe")
        self.assertIn("Traceback", result.stderr)

    @tag("database_independent")
    def test_the_web_application_does_not_start_with_nothing_set(self) -> None:
        result = self.run_python("-c", "import config.wsgi")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("SECRET_KEY must be", result.stderr)

    @tag("database_independent")
    def test_the_web_application_starts_in_development_without_checks(self) -> None:
        result = self.run_python("-c", "import config.wsgi", D0010_ENV="development")
        self.assertEqual(result.returncode, 0, result.stderr)

    def production(self) -> dict[str, str]:
        """Return the variables of a production on the test database."""
        folder = self.enterContext(tempfile.TemporaryDirectory())
        where = {
            "SQLITE_PATH",
            "USE_POSTGRESQL",
            *(n for n in os.environ if n[:3] == "DB_"),
        }
        return {
            **{name: os.environ[name] for name in where if name in os.environ},
            **PRODUCTION,
            "ACCEPT_SQLITE_RISK": "1",
            "STATIC_ROOT": folder,
        }

    def test_the_web_application_starts_in_complete_production(self) -> None:
        production = self.production()
        collected = self.run_python(
            "manage.py", "collectstatic", "--noinput", **production
        )
        self.assertEqual(collected.returncode, 0, collected.stderr)
        result = self.run_python(
            "-c", "from config.wsgi import application", **production
        )
        self.assertEqual(result.returncode, 0, result.stderr)

    def limits(self, *how: str, **production: str) -> str:
        """Return the statement timeout and the idle transaction timeout."""
        code = (
            "from django.db import connection as c; cursor = c.cursor();"
            "cursor.execute(\"SELECT current_setting('statement_timeout'),"
            " current_setting('idle_in_transaction_session_timeout')\");"
            "print(*cursor.fetchone())"
        )
        result = self.run_python(*how[:-1], how[-1] + code, **production)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout.strip()

    @skipUnless(connection.vendor == "postgresql", "SQLite has no server")
    def test_the_web_application_has_timeouts_on_postgresql(self) -> None:
        production = self.production()
        self.run_python("manage.py", "collectstatic", "--noinput", **production)
        code = "from config.wsgi import application;"
        limits = self.limits("-c", code, **production)
        self.assertEqual(limits, "30s 1min")

    @skipUnless(connection.vendor == "postgresql", "SQLite has no server")
    def test_commands_have_no_timeouts_on_postgresql(self) -> None:
        code = ["manage.py", "shell", "--no-imports", "--command", ""]
        limits = self.limits(*code, **self.production())
        self.assertEqual(limits, "0 0")

    @tag("database_independent")
    def test_production_reports_every_startup_error(self) -> None:
        demo.create_demo_user()
        result = self.run_python("-c", "import config.wsgi", **self.production())
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("create_demo_user --remove", result.stderr)
        self.assertIn("is not collected", result.stderr)

    def startup_error(self, **values: str) -> str:
        """Return the error output of a production site that does not start."""
        result = self.run_python(
            "-c", "import config.wsgi", **{**self.production(), **values}
        )
        self.assertNotEqual(result.returncode, 0)
        return result.stderr

    @tag("database_independent")
    def test_production_does_not_start_with_a_wrong_setting(self) -> None:
        for values, message in [
            ({"SECRET_KEY": ""}, "Make one: python -c"),
            ({"DEBUG": "1"}, "DEBUG must be off in production: remove it."),
            ({"ALLOWED_HOSTS": "*"}, "must list this site's exact names"),
        ]:
            with self.subTest(message):
                self.assertIn(message, self.startup_error(**values))

    @tag("database_independent")
    def test_production_does_not_start_without_tables(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        path = str(Path(folder, "new.sqlite3"))
        message = self.startup_error(USE_POSTGRESQL="0", SQLITE_PATH=path)
        self.assertIn(f"database: there is none at {path}", message)
        self.assertIn("Run: python manage.py migrate", message)

    @tag("database_independent")
    @skipIf(has_wal_fix(sqlite3.sqlite_version_info), "this SQLite has the fix")
    def test_production_does_not_start_on_an_sqlite_with_the_bug(self) -> None:
        message = self.startup_error(USE_POSTGRESQL="0", ACCEPT_SQLITE_RISK="")
        self.assertIn("d0010.E010", message)
        self.assertIn("or set ACCEPT_SQLITE_RISK=1 and make backups", message)

    @tag("database_independent")
    def test_production_does_not_start_with_the_demo_password(self) -> None:
        # Hashed as in production; tests use a faster hasher.
        password = PBKDF2PasswordHasher().encode(demo.DEMO_PASSWORD, "salt", 1000)
        User.objects.create(username="alice", is_superuser=True, password=password)
        message = self.startup_error()
        self.assertIn("d0010.E004", message)
        self.assertIn("python manage.py changepassword NAME", message)

    @tag("database_independent")
    def test_django_deployment_checks_pass_in_production(self) -> None:
        result = self.run_python(
            *["manage.py", "check", "--deploy", "--fail-level", "WARNING"],
            **self.production(),
        )
        self.assertEqual(result.returncode, 0, result.stderr)


class ExampleFileTests(SimpleTestCase):
    """`.env.example`: every variable, with values that work."""

    def setUp(self) -> None:
        root = environment.PROJECT_ROOT
        self.settings = (root / "config" / "settings.py").read_text(encoding="utf-8")
        self.example = (root / ".env.example").read_text(encoding="utf-8")

    def test_the_example_has_every_variable_that_the_settings_read(self) -> None:
        read = re.findall(r"\benv_\w+\(\s*\"(\w+)\"", self.settings)
        explained = re.findall(r"^#(\w+)=", self.example, flags=re.MULTILINE)
        read_by_postgresql = ["PGSSLMODE", "PGSSLROOTCERT"]
        self.assertEqual(sorted(explained), sorted(read + read_by_postgresql))

    def test_nothing_set_has_every_variable_that_the_settings_read(self) -> None:
        read = re.findall(r"\benv_\w+\(\s*\"(\w+)\"", self.settings)
        self.assertEqual(sorted(NOTHING_SET), sorted(read))

    def test_the_example_works_as_it_is_and_with_every_line_on(self) -> None:
        every_line_on = re.sub(r"^#(\w+=)", r"\1", self.example, flags=re.MULTILINE)
        for content in [self.example, every_line_on]:
            with (
                self.subTest(content=content),
                patch.dict(os.environ, clear=True),
                tempfile.TemporaryDirectory() as folder,
            ):
                path = Path(folder, ".env")
                path.write_text(content, encoding="utf-8")
                environment.load_dotenv(path)
                settings = settings_with(**{"D0010_ENV": "development", **os.environ})
                self.assertIs(settings["DEBUG"], True)


@skipUnless(connection.vendor == "sqlite", "settings of SQLite")
class SqliteConnectionTests(TestCase):
    def pragma(self, name: str) -> object:
        """Return the value of a pragma."""
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA {name}")
            return cursor.fetchone()[0]

    def test_sqlite_uses_write_ahead_logging(self) -> None:
        self.assertEqual(self.pragma("journal_mode"), "wal")

    def test_sqlite_syncs_at_checkpoints(self) -> None:
        self.assertEqual(self.pragma("synchronous"), 1)

    def test_sqlite_enforces_foreign_keys(self) -> None:
        self.assertEqual(self.pragma("foreign_keys"), 1)

    def test_sqlite_waits_twenty_seconds_for_a_lock(self) -> None:
        self.assertEqual(self.pragma("busy_timeout"), 20_000)

    def test_sqlite_caches_16_megabytes(self) -> None:
        self.assertEqual(self.pragma("cache_size"), -16_384)

    def test_sqlite_truncates_the_wal_file_to_64_megabytes(self) -> None:
        self.assertEqual(self.pragma("journal_size_limit"), 64 * 1024 * 1024)

    def test_sqlite_takes_the_write_lock_when_a_transaction_starts(self) -> None:
        self.assertEqual(
            getattr(connection, "transaction_mode", None),
            "IMMEDIATE",
        )

    def test_sqlite_maps_no_file_into_memory(self) -> None:
        self.assertEqual(self.pragma("mmap_size"), 0)

    def test_the_test_database_is_a_file(self) -> None:
        self.assertIs(Path(str(connection.settings_dict["NAME"])).is_file(), True)


class ContentSecurityPolicyTests(SimpleTestCase):
    def test_pages_may_load_files_of_this_site_only(self) -> None:
        response = Client().get("/admin/login/no-such-page/")
        policy = response.headers["Content-Security-Policy"]
        self.assertIn("default-src 'none'", policy)
        self.assertIn("script-src 'self'", policy)
        self.assertNotIn("unsafe", policy)
