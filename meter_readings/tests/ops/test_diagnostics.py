"""Tests of the checks of an installation and of the command check_installation."""

from __future__ import annotations

import errno
import os
import tempfile
from io import StringIO
from pathlib import Path
from typing import Any
from unittest import skipUnless
from unittest.mock import patch

from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.test import TestCase, override_settings

from meter_readings import demo, importer
from meter_readings.models import ImportJob
from meter_readings.ops import diagnostics
from meter_readings.ops.checks import services
from meter_readings.ops.checks.results import CheckResult

CHECKS = (
    "environment",
    "setting names",
    "system checks",
    "static files",
    "disk",
    "permissions",
    "owner",
    "units",
    "database",
    "migrations",
    "schema version",
    "clock",
    "import jobs",
    "worker",
    "watched folders",
    "originals",
    "backups",
    "dry run",
)


class DiagnosticsTestCase(TestCase):
    def setUp(self) -> None:
        """Use empty directories with the right permissions."""
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.enterContext(
            self.settings(
                BASE_DIR=self.folder,
                MEDIA_ROOT=self.folder / "media",
                SESSION_FILE_PATH=self.folder / "sessions",
                STATIC_ROOT=self.folder / "static",
            )
        )
        if connection.vendor == "sqlite":
            Path(str(connection.settings_dict["NAME"])).chmod(0o600)

    def result(self, name: str) -> CheckResult:
        """Return the result of one check."""
        [result] = [
            result for result in diagnostics.run_all_checks() if result.name == name
        ]
        return result

    def assert_ok(self, name: str) -> None:
        self.assertIs(self.result(name).is_failure, False, self.result(name))

    def assert_failed(self, name: str, message: str, remedy: str) -> None:
        result = self.result(name)
        self.assertIs(result.is_failure, True)
        self.assertIn(message, result.message)
        self.assertIn(remedy, result.remedy)


class RunAllChecksTests(DiagnosticsTestCase):
    def test_all_checks_pass_in_the_test_installation(self) -> None:
        self.assertEqual(
            [
                (result.name, result.is_failure)
                for result in diagnostics.run_all_checks()
            ],
            [(name, False) for name in CHECKS],
        )

    @override_settings(IS_PRODUCTION=True, ACCEPT_SQLITE_RISK=True)
    def test_system_checks_report_the_demo_user_in_production(self) -> None:
        with override_settings(IS_PRODUCTION=False):
            demo.create_demo_user()
        self.assert_failed("system checks", "d0010.E003", "create_demo_user --remove")

    @skipUnless(connection.vendor == "sqlite", "PostgreSQL has no database file")
    def test_a_database_that_does_not_exist_is_reported_and_not_created(self) -> None:
        path = self.folder / "new.sqlite3"
        with patch.dict(connection.settings_dict, {"NAME": path}):
            results = {each.name: each for each in diagnostics.run_all_checks()}
            self.assert_failed("database", f"there is none at {path}", "migrate")
        self.assertNotIn("migrations", results)
        self.assertNotIn("dry run", results)
        self.assertIs(path.exists(), False)

    @skipUnless(connection.vendor == "sqlite", "PostgreSQL has no database file")
    def test_permissions_report_a_database_that_is_not_writable(self) -> None:
        with patch.object(os, "access", return_value=False):
            self.assert_failed("permissions", "is not writable", "chown")

    def test_a_missing_or_unwritable_session_folder_is_reported(self) -> None:
        engine = "django.contrib.sessions.backends.file"
        (self.folder / "sessions").touch()
        with self.settings(SESSION_ENGINE=engine):
            self.assert_failed("permissions", "Not a directory", "chown -R USER")

    def test_permissions_report_a_directory_open_to_other_users(self) -> None:
        for name in ["media/flow_files", "media/incoming", "sessions"]:
            with self.subTest(name):
                folder = self.folder / name
                folder.mkdir(parents=True, exist_ok=True)
                folder.chmod(0o750)
                self.assert_failed("permissions", f"can open {folder}", f"go= {folder}")
                folder.chmod(0o700)
                self.assert_ok("permissions")

    def test_dry_run_validates_a_flow_file_and_stores_nothing(self) -> None:
        self.assert_ok("dry run")
        self.assertIs(ImportJob.objects.exists(), False)

    def test_dry_run_reports_a_valid_file_that_is_rejected(self) -> None:
        with patch.object(services, "_SAMPLE_FILE", "ZHV|1|\n"):
            self.assert_failed("dry run", "rejected", "unpack the release again")

    def test_a_check_that_raises_an_error_has_a_remedy(self) -> None:
        for error, remedy in [
            (OSError(errno.ENOSPC, "full"), "Free some disk space"),
            (OSError(errno.EROFS, "read-only"), "mount -o remount,rw"),
            (PermissionError(errno.EACCES, "no", "/media"), "chown -R USER /media"),
            (PermissionError(), "Make the site's user the owner of the folder"),
            (importer.StorageFull("Full."), "Free some disk space"),
            (importer.StorageNotWritable("Closed."), "the row permissions says"),
            (OperationalError("something else"), "Check that the database runs"),
        ]:
            with (
                self.subTest(repr(error)),
                patch.object(importer, "import_flow_file", side_effect=error),
            ):
                self.assert_failed("dry run", "", remedy)


class StartupErrorsTests(DiagnosticsTestCase):
    def errors(self, **settings: Any) -> list[str]:
        """Return the names of the startup errors."""
        with self.settings(**settings):
            return [error.name for error in diagnostics.startup_errors()]

    def test_there_are_no_startup_errors_in_the_test_installation(self) -> None:
        self.assertEqual(self.errors(), [])

    def test_too_little_free_disk_space_is_no_startup_error(self) -> None:
        self.assertEqual(self.errors(MIN_FREE_DISK_MB=1 << 40), [])

    def test_a_missing_folder_of_session_files_is_a_startup_error(self) -> None:
        errors = self.errors(
            SESSION_ENGINE="django.contrib.sessions.backends.file",
            SESSION_FILE_PATH=str(self.folder / "missing"),
        )
        self.assertEqual(errors, ["sessions"])


class CheckInstallationTests(DiagnosticsTestCase):
    def run_command(self, **options: str) -> str:
        """Return the output of the command."""
        stream = StringIO()
        call_command("check_installation", stdout=stream, **options)
        return stream.getvalue()

    def test_check_installation_prints_a_line_for_each_check_and_the_totals(
        self,
    ) -> None:
        lines = self.run_command().splitlines()
        self.assertEqual(len(lines), len(CHECKS) + 1)
        self.assertRegex(lines[8], r"^    ✓ ok      database        \w+ answers$")
        self.assertEqual(lines[-1], f"All good: {len(CHECKS)} ok, 0 failed.")

    def test_check_installation_prints_the_remedy_and_exits_with_1(self) -> None:
        stream = StringIO()
        with (
            self.assertRaises(SystemExit) as ended,
            self.settings(MIN_FREE_DISK_MB=1 << 40),
        ):
            call_command("check_installation", stdout=stream)
        self.assertEqual(ended.exception.code, 1)
        self.assertIn("✕ FAILED  disk", stream.getvalue())
        self.assertIn("What to do: Free some disk space", stream.getvalue())
        self.assertIn(f"{len(CHECKS) - 1} ok, 1 failed.", stream.getvalue())

    def test_check_installation_checks_the_running_site_with_url(self) -> None:
        with self.assertRaises(SystemExit):
            self.run_command(url="http://127.0.0.1:1")

    def test_check_installation_refuses_host_without_url(self) -> None:
        with self.assertRaisesMessage(CommandError, "--host needs --url."):
            self.run_command(host="readings.example")
