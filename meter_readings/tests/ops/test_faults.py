"""Faults of an installation: each is found, and has the right remedy.

`test_faults_of_running_site` and `test_faults_of_postgresql` have the other faults of
the table in OPERATIONS.md, and `test_validate_deployment` those of the environment.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from datetime import timedelta
from pathlib import Path
from unittest import skipUnless
from unittest.mock import patch

from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.backends.utils import CursorWrapper
from django.db.migrations.recorder import MigrationRecorder
from django.test import TestCase, override_settings, tag
from django.utils import timezone

from meter_readings.models import ImportJob
from meter_readings.tests.robustness.small_disk import SmallDisk, can_mount
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP
from meter_readings.tests.support.import_helpers import import_text, imported

from .findings import Finding, assert_only, findings, installed_program

MANIFEST = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    },
}


class FaultTestCase(TestCase):
    def setUp(self) -> None:
        """Install the site in a folder, without faults."""
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.media = self.folder / "media"
        self.media.mkdir(0o700)
        self.enterContext(
            self.settings(
                BASE_DIR=self.folder,
                MEDIA_ROOT=self.media,
                SESSION_FILE_PATH=self.folder / "sessions",
            )
        )
        if connection.vendor == "sqlite":
            Path(str(connection.settings_dict["NAME"])).chmod(0o600)

    def assert_finding(self, name: str, message: str, remedy: str) -> None:
        assert_only(self, findings(), name, message, remedy)


class DatabaseFaultTests(FaultTestCase):
    def test_without_a_fault_nothing_is_found(self) -> None:
        imported(EVERY_GROUP)
        (self.media / "incoming" / "being received").touch(0o600)
        self.assertEqual(findings(), {})

    def test_a_missing_migration(self) -> None:
        recorder = MigrationRecorder(connection)
        recorder.record_unapplied("meter_readings", "0003_roles")
        self.assert_finding(
            "migrations",
            "1 not applied, meter_readings.0003_roles first",
            "Run: python manage.py migrate",
        )

    def test_a_schema_that_is_newer_than_the_program(self) -> None:
        recorder = MigrationRecorder(connection)
        recorder.record_applied("meter_readings", "9999_later")
        recorder.record_applied("removed_application", "0001_initial")
        self.assert_finding(
            "schema version",
            "newer than this version: meter_readings.9999_later",
            "or restore the backup from before the upgrade",
        )

    def test_an_import_whose_process_has_ended(self) -> None:
        hour_ago = timezone.now() - timedelta(hours=1)
        ImportJob.objects.create(
            filename="x.uff",
            channel="command",
            policy="standard",
            phase="loading",
            started_at=hour_ago,
            heartbeat_at=hour_ago,
        )
        self.assert_finding(
            "import jobs", "has stopped at Loading", "Import its file again"
        )

    @skipUnless(connection.vendor == "postgresql", "SQLite has no replicas")
    def test_a_database_that_is_read_only(self) -> None:
        with connection.cursor() as cursor:
            # A replica and a server in recovery have only such transactions.
            cursor.execute("SET TRANSACTION READ ONLY")
        self.assert_finding(
            "database", "it is read-only", "Set DB_HOST to the primary."
        )

    @skipUnless(connection.vendor == "sqlite", "PostgreSQL has no database file")
    def test_a_damaged_database(self) -> None:
        damaged = DatabaseError("database disk image is malformed")
        with patch.object(CursorWrapper, "execute", side_effect=damaged):
            self.assertIn("restore a backup", findings()["database"].remedy)


class ClockFaultTests(FaultTestCase):
    def test_a_clock_that_is_behind_the_latest_import(self) -> None:
        imported(EVERY_GROUP)
        earlier = timezone.now() - timedelta(days=1000)
        with patch.object(timezone, "now", return_value=earlier):
            found = findings()["clock"]
        if connection.vendor == "sqlite":
            self.assertIn(f"it is {earlier:%d %B %Y}", found.message)
        self.assertIn("timedatectl set-ntp true", found.remedy)

    @skipUnless(connection.vendor == "postgresql", "SQLite has no clock of its own")
    def test_a_clock_that_is_ahead_of_that_of_postgresql(self) -> None:
        later = timezone.now() + timedelta(hours=2)
        with patch.object(timezone, "now", return_value=later):
            self.assert_finding("clock", " ahead of PostgreSQL's clock", "set-ntp true")

    def test_a_clock_that_no_time_server_sets(self) -> None:
        with installed_program("timedatectl", "echo NTPSynchronized=no") as path:
            with patch.dict(os.environ, PATH=path):
                self.assert_finding("clock", "no time server", "set-ntp true")


class StorageFaultTests(FaultTestCase):
    def test_an_original_that_is_lost(self) -> None:
        file = imported(EVERY_GROUP)
        Path(file.content.path).unlink()
        self.assert_finding(
            "originals",
            f"1 of 1 are missing: {file.content.name}",
            "Import those files again, or take them from a backup",
        )

    def test_all_originals_that_are_lost_are_counted(self) -> None:
        for number in range(5):
            import_text(f"no flow file, number {number}", f"{number}.txt")
        (self.media / "flow_files").rename(self.folder / "elsewhere")
        self.assertIn("5 of 5 are missing", findings()["originals"].message)
        self.assertIn(" and 2 more", findings()["originals"].message)

    def test_a_folder_of_originals_that_cannot_be_read(self) -> None:
        folder = Path(imported(EVERY_GROUP).content.path).parent
        folder.rename(self.folder / "elsewhere")
        folder.symlink_to(folder)
        self.assertIn("symbolic links", findings()["originals"].message)
        self.assertIn(str(folder), findings()["originals"].remedy)

    @skipUnless(can_mount(), "needs the right to mount a disk")
    def test_a_read_only_folder_of_received_files(self) -> None:
        mount = ["mount", "-t", "tmpfs", "-o", "ro,mode=700", "d0010", str(self.media)]
        subprocess.run(mount, check=True)
        self.addCleanup(subprocess.run, ["umount", str(self.media)], check=True)
        found = findings()
        self.assertIn("Read-only file system", found["permissions"].message)
        self.assertIn("mount -o remount,rw", found["permissions"].remedy)
        self.assertIn("row permissions", found["dry run"].remedy)

    @skipUnless(can_mount(), "needs the right to mount a disk")
    def test_a_full_disk(self) -> None:
        with SmallDisk(4) as disk, self.settings(MEDIA_ROOT=disk.path):
            disk.path.chmod(0o700)
            disk.fill(leaving=0)
            self.assertIn("Free some disk", findings()["disk"].remedy)

    def test_a_file_of_another_user(self) -> None:
        original = Path(imported(EVERY_GROUP).content.path)
        if os.geteuid() == 0:
            os.chown(original, 65534, -1)
            self.assert_finding(
                "owner",
                f"{original} belongs to nobody, and the site runs as root",
                f"Run: chown -R root {self.media}",
            )
        with self.subTest("for another user it is the folder itself"):
            with patch.object(os, "geteuid", return_value=12345):
                self.assert_finding(
                    "owner", "the site runs as 12345", f"chown 12345 {self.media}"
                )

    def test_commands_of_root_act_for_the_owner_of_the_settings(self) -> None:
        (self.folder / ".env").touch(0o600)
        with patch.object(os, "geteuid", return_value=0):
            self.assertEqual(findings(), {})

    def test_settings_that_others_can_read(self) -> None:
        path = self.folder / ".env"
        path.touch()
        path.chmod(0o644)
        self.assert_finding(
            "permissions",
            f"others can open {path}".replace("others", "other users"),
            f"Run: chmod go= {path}",
        )


@override_settings(IS_PRODUCTION=True, ACCEPT_SQLITE_RISK=True, STORAGES=MANIFEST)
class BackupFaultTests(FaultTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.backups = self.folder / "backups"
        self.enterContext(self.settings(BACKUP_ROOT=self.backups))

    def backup_finding(self) -> Finding | None:
        return findings().get("backups")

    def test_files_without_any_backup(self) -> None:
        file = imported(EVERY_GROUP)
        file.received_at = timezone.now()
        file.save()
        with self.subTest("on the first day none is expected"):
            self.assertIsNone(self.backup_finding())
        file.received_at -= timedelta(days=2)
        file.save()
        found = self.backup_finding()
        assert found is not None
        self.assertIn(f"there is none in {self.backups}", found.message)
        self.assertIn("Run: systemctl start d0010-backup", found.remedy)

    def test_a_backup_that_is_too_old(self) -> None:
        self.backups.mkdir()
        path = self.backups / "d0010-20240101T023000000000Z.tar.gz"
        path.touch()
        self.assertIsNone(self.backup_finding())
        os.utime(path, (0, 0))
        found = self.backup_finding()
        assert found is not None
        self.assertIn("the latest is of 01 January 1970", found.message)


class SettingFaultTests(FaultTestCase):
    def write_env(self, text: str) -> None:
        path = self.folder / ".env"
        path.touch(0o600)
        path.write_text(text)
        example = "# The largest file\n#UPLOAD_MAX_MEGABYTES=1024\n"
        (self.folder / ".env.example").write_text(example)

    def test_a_misspelt_setting(self) -> None:
        self.write_env("UPLOAD_MAX_MEGABYTE=10\nTMPDIR=/tmp\n")
        self.assert_finding(
            "setting names",
            ".env has UPLOAD_MAX_MEGABYTE, which is no setting",
            "Write UPLOAD_MAX_MEGABYTES, or remove the line",
        )

    def test_a_name_that_resembles_no_setting(self) -> None:
        self.write_env("  export COLOUR=blue\n#UPLOAD=1\nUPLOAD_MAX_MEGABYTES=10\n")
        self.assert_finding(
            "setting names", ".env has COLOUR, ", "Correct the name, or remove the line"
        )

    @override_settings(D0010_ENV="development", ALLOWED_HOSTS=["readings.example"])
    def test_development_settings_on_a_site_for_users(self) -> None:
        self.assert_finding(
            "environment",
            "D0010_ENV is development, and ALLOWED_HOSTS has readings.example",
            "Set D0010_ENV=production",
        )


class UnitFaultTests(FaultTestCase):
    """systemd's programs are replaced: they answer as those of a server do."""

    def unit_findings(self, *states: str) -> dict[str, Finding]:
        files = "\\n".join(
            f"{state.partition(' ')[0]} enabled enabled" for state in states
        )
        blocks = "\\n\\n".join(
            "Type={1}\\nId={0}\\nActiveState={2}".format(*state.split())
            for state in states
        )
        script = f'[ "$1" = show ] && printf "{blocks}" || printf "{files}"'
        with installed_program("systemctl", script) as path:
            with patch.dict(os.environ, PATH=path):
                return findings()

    def test_a_web_service_that_has_stopped(self) -> None:
        found = self.unit_findings(
            "d0010-web.service simple inactive", "d0010-backup.service oneshot inactive"
        )
        assert_only(
            self,
            found,
            "units",
            "d0010-web.service is inactive",
            "Run: systemctl start d0010-web.service. The reason: journalctl -u "
            "d0010-web.service",
        )

    def test_a_nightly_task_that_failed(self) -> None:
        found = self.unit_findings(
            "d0010-web.service simple active", "d0010-backup.service oneshot failed"
        )
        assert_only(self, found, "units", "d0010-backup.service is failed", "start")

    def test_units_that_run_are_no_finding(self) -> None:
        self.assertEqual(self.unit_findings("d0010-web.service simple active"), {})


@tag("database_independent")
@override_settings(IS_PRODUCTION=True, STORAGES=MANIFEST, DEBUG=False)
class StaticFileFaultTests(FaultTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.static = self.folder / "static"
        self.enterContext(self.settings(STATIC_ROOT=self.static))

    def assert_static_files(self, message: str) -> None:
        found = findings()["static files"]
        self.assertIn(message, found.message)
        self.assertIn("Run: python manage.py collectstatic", found.remedy)

    def test_static_files_that_are_not_collected(self) -> None:
        self.assert_static_files("is not collected")

    def test_a_static_file_that_is_missing_or_of_another_version(self) -> None:
        call_command("collectstatic", interactive=False, verbosity=0)
        self.assertNotIn("static files", findings())
        name = "admin/js/core.js"
        hashed = self.static / staticfiles_storage.stored_name(name)
        hashed.unlink()
        self.assert_static_files(f"{hashed} is missing")
        (self.static / name).write_text("// old")
        self.assert_static_files(f"{name} is that of another version")
        (self.static / name).unlink()
        self.assert_static_files(f"{name} is not collected")
