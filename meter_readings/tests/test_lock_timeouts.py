"""Lock timeouts and full disks: commands and pages end with a message."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path
from unittest import skipUnless
from unittest.mock import patch

from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import TransactionTestCase

from meter_readings.models import FlowFile, Reading
from meter_readings.tests.management.run_command import run
from meter_readings.tests.support.disk_full import (
    full_database,
    limited_file_size,
    taken_import_lock,
)
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP
from meter_readings.tests.support.import_helpers import imported

IS_BUSY = (
    "The database is busy: another file is being imported or undone. Nothing was "
    "changed. Wait until it has finished, then run the command again."
)


class CommandTests(TransactionTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.path = self.folder / "a.uff"
        self.path.write_text(EVERY_GROUP, encoding="cp1252")

    def test_import_command_ends_with_a_message_while_the_database_is_locked(
        self,
    ) -> None:
        with taken_import_lock():
            ran = run("import_d0010", str(self.path))
        self.assertEqual((ran.code, ran.stderr.strip()), (1, IS_BUSY))
        self.assertEqual(FlowFile.objects.count(), 0)
        self.assertEqual(run("import_d0010", str(self.path)).code, 0)

    def test_undo_command_ends_with_a_message_while_the_database_is_locked(
        self,
    ) -> None:
        imported(EVERY_GROUP, "a.uff")
        with taken_import_lock():
            ran = run("undo_import", "a.uff", "--yes")
        self.assertEqual((ran.code, ran.stderr.strip()), (1, IS_BUSY))
        self.assertEqual(Reading.objects.count(), 3)

    def test_full_database_ends_the_import_command_and_keeps_earlier_files(
        self,
    ) -> None:
        other = self.folder / "b.uff"
        other.write_text(EVERY_GROUP.replace("99.0", "98.0"), encoding="cp1252")
        imported(EVERY_GROUP, "a.uff")
        with full_database():
            ran = run("import_d0010", str(self.path), str(other))
        self.assertEqual(ran.code, 1)
        self.assertIn("a.uff: already imported", ran.stdout)
        self.assertIn(
            "The storage is full, and the last change was rolled back.", ran.stderr
        )
        self.assertEqual(FlowFile.objects.count(), 1)
        self.assertEqual(run("import_d0010", str(other)).code, 0)

    def test_full_disk_ends_the_import_of_an_archive_with_the_same_message(
        self,
    ) -> None:
        path = self.folder / "a.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.uff", bytes(1 << 20))
        with limited_file_size(1 << 16):
            ran = run("import_d0010", str(path))
        self.assertEqual(ran.code, 1)
        self.assertEqual(
            ran.stderr,
            "The storage is full, and the last change was rolled back. (There is no "
            "free space for an archive to be unpacked.) Free some disk space, then run "
            "the command again.\n",
        )


class PageTests(TransactionTestCase):
    def setUp(self) -> None:
        self.client.force_login(User.objects.create_superuser("alice"))

    def test_upload_page_answers_503_while_another_file_is_loaded(self) -> None:
        data = {
            "flow_files": SimpleUploadedFile("a.uff", EVERY_GROUP.encode("cp1252")),
            "policy": "standard",
            "import": "1",
        }
        lock_timeout = patch("meter_readings.admin.pages.upload.LOCK_TIMEOUT", 0.05)
        with taken_import_lock(), lock_timeout, self.assertLogs("meter_readings"):
            with self.assertLogs("django.request"):
                page = self.client.post("/admin/upload/", data)
        self.assertContains(
            page, "another file is being imported or undone", status_code=503
        )
        self.assertEqual(FlowFile.objects.count(), 0)

    @skipUnless(connection.vendor == "postgresql", "SQLite has no such limit")
    def test_page_answers_503_after_a_statement_timeout(self) -> None:
        def ask() -> None:
            with connection.cursor() as cursor:
                cursor.execute("SET statement_timeout = '50ms'; SELECT pg_sleep(60)")

        self.addCleanup(connection.close)
        slow = patch("meter_readings.queries.totals.row_totals", side_effect=ask)
        with slow, self.assertLogs("meter_readings"):
            with self.assertLogs("django.request"):
                page = self.client.get("/")
        self.assertEqual(page.status_code, 503)
        self.assertEqual(page.headers["Retry-After"], "30")

    @skipUnless(connection.vendor == "postgresql", "readers do not wait on SQLite")
    def test_page_answers_503_after_a_lock_timeout(self) -> None:
        other = connection.copy()
        self.addCleanup(other.close)
        with connection.cursor() as cursor:
            cursor.execute("SHOW lock_timeout")
            self.assertEqual(cursor.fetchone(), ("20s",))
            cursor.execute("SET lock_timeout = '50ms'")
        with other.cursor() as cursor:
            cursor.execute("BEGIN; LOCK TABLE meter_readings_flowfile")
            with self.assertLogs("meter_readings"), self.assertLogs("django.request"):
                page = self.client.get("/")
        self.assertEqual(page.status_code, 503)
        self.assertEqual(page.headers["Retry-After"], "30")
        connection.close()
