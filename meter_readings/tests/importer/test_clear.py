"""Clearing the database: everything is as if no file had ever come."""

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
from meter_readings.models import FlowFile, ImportJob, Meter, MeterPoint, Reading
from meter_readings.queries import totals
from meter_readings.tests.flow_file_builder import EVERY_GROUP
from meter_readings.tests.import_helpers import NOW, import_text, imported

BAD = EVERY_GROUP.replace("12345.0", "-1.0").replace("TEST000001", "TEST000002")


def clear() -> ClearResult:
    """Clear the database by the test's clock."""
    return clear_database(now=NOW)


def running_job(*, silent_for: timedelta) -> ImportJob:
    """Return an attempt that has given its latest sign of life so long ago."""
    return ImportJob.objects.create(
        filename="a.uff",
        channel=ImportJob.Channel.COMMAND,
        policy="standard",
        started_at=NOW - timedelta(hours=1),
        heartbeat_at=NOW - silent_for,
    )


class OwnMedia(SimpleTestCase):
    """Keeps received bytes in a folder that no other test looks into."""

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.enterContext(self.settings(MEDIA_ROOT=folder.name))

    def stored(self) -> list[Path]:
        """Return the original bytes that are kept."""
        kept = Path(settings.MEDIA_ROOT, "flow_files")
        return [path for path in kept.rglob("*") if path.is_file()]


class ClearDatabaseTests(OwnMedia, TestCase):
    def test_clear_database_leaves_no_row_of_any_model_of_ours(self) -> None:
        imported(EVERY_GROUP)
        import_text(BAD, "bad.uff")
        clear()
        for model in apps.get_app_config("meter_readings").get_models():
            with self.subTest(model):
                self.assertEqual(model._default_manager.count(), 0)

    def test_clear_database_tells_how_much_was_removed(self) -> None:
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

    def test_clear_database_leaves_the_users(self) -> None:
        user = User.objects.create_user("alice")
        imported(EVERY_GROUP, requested_by=user)
        clear()
        self.assertEqual(User.objects.get(), user)

    def test_clear_database_finds_nothing_in_an_empty_database(self) -> None:
        self.assertEqual(sum(clear()), 0)

    def test_clear_database_clears_what_was_undone(self) -> None:
        undo_import(flow_file=imported(EVERY_GROUP), now=NOW)
        self.assertEqual(clear().flow_files, 1)

    def test_clear_database_leaves_no_idea_of_how_much_there_was(self) -> None:
        for number in range(3):
            text = EVERY_GROUP.replace("TEST000001", f"TEST1{number:05}")
            imported(text, f"{number}.uff")
        clear()
        with patch.object(totals, "_EXACT_COUNT_LIMIT", -1):
            counts = [totals.row_count(model=each) for each in (MeterPoint, Meter)]
        self.assertEqual([count.number for count in counts], [0, 0])

    def test_clear_database_lets_the_same_file_come_again(self) -> None:
        imported(EVERY_GROUP)
        clear()
        self.assertEqual(import_text(EVERY_GROUP).outcome, ImportJob.Outcome.IMPORTED)

    def test_clear_database_asks_as_much_for_many_rows_as_for_few(self) -> None:
        counts = []
        for file_count in 1, 20:
            for index in range(file_count):
                import_text(BAD.replace("000002", f"1{index:05}"), f"{index}.uff")
            with CaptureQueriesContext(connection) as queries:
                clear()
            counts.append(len(queries))
        self.assertEqual(*counts)

    def test_clear_database_refuses_while_a_file_is_imported(self) -> None:
        imported(EVERY_GROUP)
        running_job(silent_for=timedelta(seconds=5))
        with self.assertRaises(ImportRunning):
            clear()
        self.assertEqual(Reading.objects.count(), 3)

    def test_clear_database_takes_a_silent_attempt_for_one_that_was_killed(
        self,
    ) -> None:
        running_job(silent_for=timedelta(minutes=2))
        self.assertEqual(clear().import_jobs, 1)


class OriginalBytesTests(OwnMedia, TestCase):
    def test_original_bytes_are_removed(self) -> None:
        imported(EVERY_GROUP)
        import_text(BAD, "bad.uff")
        before = len(self.stored())
        clear()
        self.assertEqual([before, len(self.stored())], [2, 0])

    def test_original_bytes_are_removed_that_a_broken_clearing_left(self) -> None:
        imported(EVERY_GROUP)
        broken = patch(
            "meter_readings.importer.clear.delete_unreferenced", side_effect=OSError
        )
        with broken, suppress(OSError):
            clear()
        self.assertEqual(len(self.stored()), 1)
        clear()
        self.assertEqual(self.stored(), [])

    def test_original_bytes_stay_where_the_clearing_breaks_off(self) -> None:
        imported(EVERY_GROUP)

        def fail(execute: Any, statement: str, *rest: Any) -> Any:
            if statement == "DELETE FROM meter_readings_meter":
                raise OperationalError("disk full")
            return execute(statement, *rest)

        with connection.execute_wrapper(fail), suppress(OperationalError):
            clear()
        self.assertEqual([Reading.objects.count(), len(self.stored())], [3, 1])

    def test_original_bytes_stay_where_the_clearing_is_refused(self) -> None:
        imported(EVERY_GROUP)
        running_job(silent_for=timedelta(seconds=5))
        with suppress(ImportRunning):
            clear()
        self.assertEqual(len(self.stored()), 1)

    def test_original_bytes_stay_of_a_file_that_is_held(self) -> None:
        imported(EVERY_GROUP)
        original_files.delete_unreferenced()
        self.assertEqual(len(self.stored()), 1)


class LockTests(OwnMedia, TransactionTestCase):
    def test_is_refused_while_another_load_holds_the_lock(self) -> None:
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

    def test_a_file_that_is_checked_meanwhile_is_loaded_whole(self) -> None:
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
    """Return what a function returns that has a connection of its own."""

    def run() -> ClearResult:
        try:
            return function()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()
