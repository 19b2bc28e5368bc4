"""Tests of the system checks."""

from pathlib import Path
from unittest.mock import patch

from django.conf import settings
from django.contrib.auth.models import User
from django.core import checks
from django.db import connection, connections
from django.test import SimpleTestCase, TestCase, override_settings

from meter_readings import demo
from meter_readings.checks import (
    check_api_is_closed,
    check_demo_users,
    check_postgresql_driver,
    check_published_password,
    check_sqlite_filesystem,
    check_sqlite_foreign_keys,
    check_sqlite_version,
    filesystem_type,
    has_wal_fix,
)


class PostgresqlDriverCheckTests(SimpleTestCase):
    def found_with(self, *, vendor: str, is_psycopg3: bool) -> list[str | None]:
        """Return the ids of the errors."""
        with (
            patch.object(connection, "vendor", vendor),
            patch("django.db.backends.postgresql.psycopg_any.is_psycopg3", is_psycopg3),
        ):
            return [message.id for message in check_postgresql_driver(None)]

    def test_postgresql_driver_check_accepts_psycopg2(self) -> None:
        self.assertEqual(self.found_with(vendor="postgresql", is_psycopg3=False), [])

    def test_postgresql_driver_check_rejects_psycopg_3(self) -> None:
        self.assertEqual(
            self.found_with(vendor="postgresql", is_psycopg3=True), ["d0010.E001"]
        )

    def test_postgresql_driver_check_ignores_drivers_that_sqlite_does_not_use(
        self,
    ) -> None:
        self.assertEqual(self.found_with(vendor="sqlite", is_psycopg3=True), [])

    def test_postgresql_driver_check_names_a_remedy(self) -> None:
        with (
            patch.object(connection, "vendor", "postgresql"),
            patch("django.db.backends.postgresql.psycopg_any.is_psycopg3", True),
        ):
            [error] = check_postgresql_driver(None)
        self.assertIn("pip uninstall psycopg", error.hint or "")

    def test_postgresql_driver_check_is_registered(self) -> None:
        self.assertIn(check_postgresql_driver, checks.registry.registry.get_checks())

    def test_postgresql_driver_check_finds_nothing_in_this_installation(self) -> None:
        self.assertEqual(check_postgresql_driver(None), [])


class SqliteForeignKeysCheckTests(TestCase):
    def test_sqlite_foreign_keys_check_finds_nothing_in_this_installation(self) -> None:
        self.assertEqual(check_sqlite_foreign_keys(["default"]), [])

    def test_sqlite_foreign_keys_check_queries_only_the_given_databases(self) -> None:
        with self.assertNumQueries(0):
            check_sqlite_foreign_keys(None)

    def test_sqlite_foreign_keys_check_is_registered_among_the_database_checks(
        self,
    ) -> None:
        self.assertIn(
            check_sqlite_foreign_keys,
            checks.registry.registry.get_checks(include_deployment_checks=True),
        )

    def errors_when_pragma_is(self, foreign_keys: int) -> list[str | None]:
        """Return the ids of the errors for this value of the pragma."""
        with (
            patch.object(connection, "vendor", "sqlite"),
            patch.object(connections["default"], "cursor") as cursor,
        ):
            ask = cursor.return_value.__enter__.return_value
            ask.fetchone.return_value = (foreign_keys,)
            messages = check_sqlite_foreign_keys(["default"])
        ask.execute.assert_called_once_with("PRAGMA foreign_keys")
        return [message.id for message in messages]

    def test_sqlite_foreign_keys_check_accepts_a_connection_with_foreign_keys(
        self,
    ) -> None:
        self.assertEqual(self.errors_when_pragma_is(foreign_keys=1), [])

    def test_sqlite_foreign_keys_check_rejects_a_connection_without_foreign_keys(
        self,
    ) -> None:
        self.assertEqual(self.errors_when_pragma_is(foreign_keys=0), ["d0010.E002"])


class DemoUsersCheckTests(TestCase):
    def test_demo_users_check_accepts_them_in_development(self) -> None:
        demo.create_demo_user()
        self.assertEqual(check_demo_users(["default"]), [])

    @override_settings(IS_PRODUCTION=False)
    def test_demo_users_check_is_registered_among_the_database_checks(self) -> None:
        self.assertIn(check_demo_users, checks.registry.registry.get_checks())

    @override_settings(IS_PRODUCTION=True)
    def test_demo_users_check_rejects_them_in_production_by_name(self) -> None:
        with override_settings(IS_PRODUCTION=False):
            demo.create_demo_user()
        [error] = check_demo_users(["default"])
        self.assertEqual(error.id, "d0010.E003")
        self.assertIn("demo_admin, demo_auditor, demo_operations", error.msg)
        self.assertIn("create_demo_user --remove", error.hint or "")

    @override_settings(IS_PRODUCTION=True)
    def test_demo_users_check_accepts_a_production_without_them(self) -> None:
        self.assertEqual(check_demo_users(["default"]), [])

    @override_settings(IS_PRODUCTION=True)
    def test_demo_users_check_queries_only_the_given_databases(self) -> None:
        with self.assertNumQueries(0):
            self.assertEqual(check_demo_users(None), [])

    @override_settings(IS_PRODUCTION=True)
    def test_demo_users_check_accepts_a_database_without_tables(self) -> None:
        with patch.object(connection.introspection, "table_names", return_value=[]):
            self.assertEqual(check_demo_users(["default"]), [])


@override_settings(IS_PRODUCTION=True)
class PublishedPasswordCheckTests(TestCase):
    def check(self) -> list[str]:
        return [error.msg for error in check_published_password(["default"])]

    def test_published_password_check_rejects_a_superuser_with_it(self) -> None:
        User.objects.create_superuser("alice", password=demo.DEMO_PASSWORD)
        User.objects.create_superuser("bob", password="another one altogether")
        [message] = self.check()
        self.assertIn("published demo password: alice.", message)

    def test_published_password_check_accepts_superusers_with_other_passwords_or_none(
        self,
    ) -> None:
        User.objects.create_superuser("bob", password="another one altogether")
        User.objects.create_superuser("carol")
        self.assertEqual(self.check(), [])

    def test_published_password_check_applies_in_production_only(self) -> None:
        User.objects.create_superuser("alice", password=demo.DEMO_PASSWORD)
        with override_settings(IS_PRODUCTION=False):
            self.assertEqual(self.check(), [])


@override_settings(IS_PRODUCTION=True)
class ApiCheckTests(SimpleTestCase):
    def found_with(self, **values: object) -> list[str]:
        """Return the messages of the check with other API settings."""
        ours = {
            **settings.REST_FRAMEWORK,
            "DEFAULT_AUTHENTICATION_CLASSES": [],
            **values,
        }
        with self.settings(REST_FRAMEWORK=ours):
            return [error.msg for error in check_api_is_closed(None)]

    def test_api_check_accepts_the_production_settings(self) -> None:
        self.assertEqual(self.found_with(), [])

    def test_api_check_rejects_basic_authentication(self) -> None:
        name = "rest_framework.authentication.BasicAuthentication"
        [message] = self.found_with(DEFAULT_AUTHENTICATION_CLASSES=[name])
        self.assertIn("Basic authentication", message)

    def test_api_check_rejects_unauthenticated_access(self) -> None:
        for names in [], ["rest_framework.permissions.AllowAny"]:
            [message] = self.found_with(DEFAULT_PERMISSION_CLASSES=names)
            self.assertIn("unauthenticated requests", message)

    def test_api_check_rejects_browsable_pages(self) -> None:
        name = "rest_framework.renderers.BrowsableAPIRenderer"
        [message] = self.found_with(DEFAULT_RENDERER_CLASSES=[name])
        self.assertIn("browsable pages", message)

    def test_api_check_rejects_a_public_schema(self) -> None:
        for names in [], ["rest_framework.permissions.AllowAny"]:
            with self.settings(SPECTACULAR_SETTINGS={"SERVE_PERMISSIONS": names}):
                [message] = self.found_with()
            self.assertIn("schema is public", message)

    def test_api_check_rejects_access_by_every_other_site(self) -> None:
        with self.settings(CORS_ALLOW_ALL_ORIGINS=True):
            [message] = self.found_with()
        self.assertIn("every other site", message)

    def test_api_check_applies_in_production_only(self) -> None:
        with self.settings(IS_PRODUCTION=False, CORS_ALLOW_ALL_ORIGINS=True):
            self.assertEqual(self.found_with(), [])

    def test_api_check_is_registered(self) -> None:
        self.assertIn(check_api_is_closed, checks.registry.registry.get_checks())


MOUNTS = r"""
/dev/vda / ext4 rw,relatime 0 0
nas:/readings /mnt/nas nfs4 rw 0 0
nas:/more /mnt/a\040name cifs rw 0 0
/dev/vdb /mnt/nas/local ext4 rw 0 0
""".strip()


@override_settings(IS_PRODUCTION=True)
class SqliteFilesystemCheckTests(SimpleTestCase):
    def check(self, path: str, vendor: str = "sqlite") -> list[str]:
        """Return the messages of the check for this path."""
        with (
            self.settings(SQLITE_PATH=path),
            patch.object(connection, "vendor", vendor),
            patch("meter_readings.checks._mounts", return_value=MOUNTS),
        ):
            return [error.msg for error in check_sqlite_filesystem(None)]

    def test_sqlite_filesystem_check_rejects_a_network_file_system(self) -> None:
        for path, kind in [
            ("/mnt/nas/db.sqlite3", "nfs4"),
            ("/mnt/a name/d0010/db.sqlite3", "cifs"),
        ]:
            [message] = self.check(path)
            self.assertIn(f"on a network file system ({kind})", message)

    def test_sqlite_filesystem_check_accepts_a_local_disk(self) -> None:
        for path in ["/var/lib/d0010/db.sqlite3", "/mnt/nas/local/db.sqlite3"]:
            self.assertEqual(self.check(path), [])

    def test_sqlite_filesystem_check_applies_to_sqlite_in_production_only(self) -> None:
        self.assertEqual(self.check("/mnt/nas/x", vendor="postgresql"), [])
        with self.settings(IS_PRODUCTION=False):
            self.assertEqual(self.check("/mnt/nas/x"), [])

    def test_sqlite_filesystem_check_passes_without_mounts(self) -> None:
        self.assertEqual(filesystem_type(Path("/mnt/nas/x"), ""), "")

    def test_sqlite_filesystem_check_passes_on_this_machine(self) -> None:
        with patch.object(connection, "vendor", "sqlite"):
            self.assertEqual(check_sqlite_filesystem(None), [])

    def test_sqlite_filesystem_check_passes_without_proc_mounts(self) -> None:
        with (
            patch.object(connection, "vendor", "sqlite"),
            patch.object(Path, "exists", return_value=False),
        ):
            self.assertEqual(check_sqlite_filesystem(None), [])

    def test_sqlite_filesystem_check_is_registered(self) -> None:
        self.assertIn(check_sqlite_filesystem, checks.registry.registry.get_checks())


class SqliteVersionCheckTests(SimpleTestCase):
    def test_sqlite_version_check_recognises_versions_with_the_fix(self) -> None:
        for version in [(3, 44, 6), (3, 44, 9), (3, 50, 7), (3, 51, 3), (3, 52, 0)]:
            self.assertIs(has_wal_fix(version), True, version)

    def test_sqlite_version_check_recognises_versions_without_the_fix(self) -> None:
        for version in [(3, 40, 1), (3, 44, 5), (3, 45, 9), (3, 50, 6), (3, 51, 2)]:
            self.assertIs(has_wal_fix(version), False, version)

    def check(
        self,
        version: tuple[int, ...] = (3, 40, 1),
        vendor: str = "sqlite",
        **settings: bool,
    ) -> list[str | None]:
        """Return the ids of the errors in production."""
        values = {"IS_PRODUCTION": True, "ACCEPT_SQLITE_RISK": False, **settings}
        with (
            override_settings(**values),
            patch.object(connection, "vendor", vendor),
            patch("sqlite3.sqlite_version_info", version),
        ):
            return [message.id for message in check_sqlite_version(None)]

    def test_sqlite_version_check_rejects_a_version_with_the_bug(self) -> None:
        self.assertEqual(self.check(), ["d0010.E010"])

    def test_sqlite_version_check_accepts_a_version_without_it(self) -> None:
        self.assertEqual(self.check((3, 51, 3)), [])

    def test_sqlite_version_check_accepts_it_if_the_risk_is_accepted(
        self,
    ) -> None:
        self.assertEqual(self.check(ACCEPT_SQLITE_RISK=True), [])

    def test_sqlite_version_check_applies_to_sqlite_in_production_only(
        self,
    ) -> None:
        self.assertEqual(self.check(IS_PRODUCTION=False), [])
        self.assertEqual(self.check(vendor="postgresql"), [])

    def test_sqlite_version_check_is_registered(self) -> None:
        self.assertIn(check_sqlite_version, checks.registry.registry.get_checks())
