"""Tests of clearing the database."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import User
from django.db import OperationalError, connection, connections
from django.test import SimpleTestCase, TestCase, TransactionTestCase
from django.test.utils import CaptureQueriesContext

from meter_readings.importer import (
    ClearResult,
    ImportRunning,
    clear_database,
    undo_import,
)
from meter_readings.importer.files import original_files
from meter_readings.models import (
    AuditEvent,
    DataVersion,
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    MeterPointNote,
    Reading,
)
from meter_readings.queries import totals
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP
from meter_readings.tests.support.import_helpers import (
    NOW,
    create_overdue_reading,
    create_quality_item,
    import_text,
    imported,
)

BAD = EVERY_GROUP.replace("12345.0", "-1.0").replace("TEST000001", "TEST000002")


def clear() -> ClearResult:
    return clear_database(now=NOW)


def running_job(*, silent_for: timedelta) -> ImportJob:
    """Return a running job whose latest heartbeat was so long ago."""
    return ImportJob.objects.create(
        filename="a.uff",
        channel=ImportJob.Channel.COMMAND,
        policy="standard",
        started_at=NOW - timedelta(hours=1),
        heartbeat_at=NOW - silent_for,
    )


class OwnMedia(SimpleTestCase):
    """Stores original files in a folder of its own."""

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.enterContext(self.settings(MEDIA_ROOT=folder.name))

    def stored(self) -> list[Path]:
        """Return the original files in the storage."""
        folder = Path(settings.MEDIA_ROOT, "flow_files")
        return [path for path in folder.rglob("*") if path.is_file()]


class ClearDatabaseTests(OwnMedia, TestCase):
    def test_clear_database_deletes_all_rows_of_imported_data(self) -> None:
        imported(EVERY_GROUP)
        create_overdue_reading()
        import_text(BAD, "bad.uff")
        MeterPointNote.objects.create(mpan="2000000000015", text="x", written_at=NOW)
        create_quality_item()
        clear()
        models = {*apps.get_app_config("meter_readings").get_models()}
        for model in models - {AuditEvent, DataVersion}:
            with self.subTest(model):
                self.assertEqual(model._default_manager.count(), 0)

    def test_clear_database_returns_the_number_of_deleted_rows(self) -> None:
        imported(EVERY_GROUP)
        import_text(BAD, "bad.uff")
        findings = FlowFile.objects.values_list("findings", flat=True)
        expected = ClearResult(
            readings=3,
            site_visits=3,
            findings=findings.exclude(findings=None).count(),
            import_jobs=2,
            meters=2,
            meter_points=2,
            flow_files=2,
        )
        self.assertEqual(clear(), expected)

    def test_clear_database_keeps_users(self) -> None:
        user = User.objects.create_user("alice")
        imported(EVERY_GROUP, requested_by=user)
        clear()
        self.assertEqual(User.objects.get(), user)

    def test_clear_database_of_an_empty_database_deletes_nothing(self) -> None:
        self.assertEqual(sum(clear()), 0)

    def test_clear_database_deletes_undone_files(self) -> None:
        undo_import(flow_file=imported(EVERY_GROUP), now=NOW)
        self.assertEqual(clear().flow_files, 1)

    def test_row_totals_are_zero_after_clear_database(self) -> None:
        for number in range(3):
            text = EVERY_GROUP.replace("TEST000001", f"TEST1{number:05}")
            imported(text, f"{number}.uff")
        clear()
        with patch.object(totals, "_EXACT_COUNT_LIMIT", -1):
            counts = [totals.row_count(model=each) for each in (MeterPoint, Meter)]
        self.assertEqual([count.number for count in counts], [0, 0])

    def test_same_file_can_be_imported_after_clear_database(self) -> None:
        imported(EVERY_GROUP)
        clear()
        self.assertEqual(import_text(EVERY_GROUP).outcome, ImportJob.Outcome.IMPORTED)

    def test_clear_database_needs_as_many_queries_for_many_rows_as_for_few(
        self,
    ) -> None:
        counts = []
        for file_count in 1, 20:
            for index in range(file_count):
                import_text(BAD.replace("000002", f"1{index:05}"), f"{index}.uff")
            with CaptureQueriesContext(connection) as queries:
                clear()
            counts.append(len(queries))
        self.assertEqual(*counts)

    def test_clear_database_raises_while_a_file_is_imported(self) -> None:
        imported(EVERY_GROUP)
        running_job(silent_for=timedelta(seconds=5))
        with self.assertRaises(ImportRunning):
            clear()
        self.assertEqual(Reading.objects.count(), 3)

    def test_clear_database_ignores_a_running_job_without_heartbeat(
        self,
    ) -> None:
        running_job(silent_for=timedelta(minutes=11))
        self.assertEqual(clear().import_jobs, 1)


class OriginalFilesTests(OwnMedia, TestCase):
    def test_clear_database_deletes_original_files(self) -> None:
        imported(EVERY_GROUP)
        import_text(BAD, "bad.uff")
        before = len(self.stored())
        clear()
        self.assertEqual([before, len(self.stored())], [2, 0])

    def test_clear_database_deletes_original_files_left_by_a_failed_clearing(
        self,
    ) -> None:
        imported(EVERY_GROUP)
        broken = patch(
            "meter_readings.importer.clear.delete_unreferenced", side_effect=OSError
        )
        with broken, suppress(OSError):
            clear()
        self.assertEqual(len(self.stored()), 1)
        clear()
        self.assertEqual(self.stored(), [])

    def test_original_files_stay_when_clearing_fails(self) -> None:
        imported(EVERY_GROUP)

        def fail(execute: Any, statement: str, *rest: Any) -> Any:
            if statement == "DELETE FROM meter_readings_meter":
                raise OperationalError("disk full")
            return execute(statement, *rest)

        with connection.execute_wrapper(fail), suppress(OperationalError):
            clear()
        self.assertEqual([Reading.objects.count(), len(self.stored())], [3, 1])

    def test_original_files_stay_while_an_import_is_running(self) -> None:
        imported(EVERY_GROUP)
        running_job(silent_for=timedelta(seconds=5))
        with suppress(ImportRunning):
            clear()
        self.assertEqual(len(self.stored()), 1)

    def test_delete_unreferenced_keeps_the_original_of_a_flow_file(self) -> None:
        imported(EVERY_GROUP)
        original_files.delete_unreferenced()
        self.assertEqual(len(self.stored()), 1)


class LockTests(OwnMedia, TransactionTestCase):
    def test_clear_database_raises_while_another_load_holds_the_lock(self) -> None:
        imported(EVERY_GROUP)
        other = connection.copy()
        self.addCleanup(other.close)
        with other.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("BEGIN")
                number = int.from_bytes(b"D0010")
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
            else:
                cursor.execute("BEGIN IMMEDIATE")
            with self.assertRaises(ImportRunning):
                clear()
            cursor.execute("ROLLBACK")
        self.assertEqual(Reading.objects.count(), 3)

    def test_file_validated_during_a_clearing_is_loaded_whole(self) -> None:
        imported(EVERY_GROUP, "earlier.uff")
        cleared = []

        def clear_once(*_: object) -> None:
            if not cleared:
                ImportJob.objects.update(heartbeat_at=NOW - timedelta(hours=1))
                cleared.append(in_another_thread(clear))

        later = EVERY_GROUP.replace("TEST000001", "TEST000002")
        imported(later, "later.uff", on_progress=clear_once)
        self.assertEqual(cleared[0].readings, 3)
        self.assertEqual(Reading.objects.count(), 3)
        self.assertEqual(ImportJob.objects.get().outcome, ImportJob.Outcome.IMPORTED)


def in_another_thread(function: Callable[[], ClearResult]) -> ClearResult:
    """Call a function with a connection of its own and return its result."""

    def run() -> ClearResult:
        try:
            return function()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()
