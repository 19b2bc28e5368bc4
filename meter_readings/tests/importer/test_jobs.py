"""The attempt as it goes on: its row, and the door's own progress."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import skipUnless
from unittest.mock import patch

from django.contrib.auth.models import User
from django.db import DatabaseError, OperationalError, connection, transaction
from django.test import TestCase, TransactionTestCase

from meter_readings.importer import UnreadableFile
from meter_readings.importer.staging import open_staging
from meter_readings.models import FlowFile, ImportJob, Policy
from meter_readings.tests.flow_file_builder import EVERY_GROUP, flow_file
from meter_readings.tests.import_helpers import NOW, import_text, imported

BAD = EVERY_GROUP.replace("12345.0", "-1.0")

# As if the time for a heartbeat had come after every block, and a block were short.
BEATING = patch("meter_readings.importer.jobs._HEARTBEAT_SECONDS", -1.0)
IN_BLOCKS = patch("meter_readings.d0010.lines.BLOCK_SIZE", 100)


class JobTests(TestCase):
    def job(self) -> ImportJob:
        """Return the latest job."""
        return ImportJob.objects.latest("pk")

    def assert_job(self, outcome: str, flow_file: FlowFile | None) -> None:
        """Assert that the latest attempt came to its end, with this outcome."""
        job = self.job()
        self.assertEqual((job.state, job.outcome), ("finished", outcome))
        self.assertEqual(job.flow_file, flow_file)
        self.assertIsNotNone(job.finished_at)

    def test_job_has_a_row_for_a_file_that_was_imported(self) -> None:
        self.assert_job("imported", imported(EVERY_GROUP))

    def test_job_has_a_row_for_a_file_that_was_rejected(self) -> None:
        self.assert_job("rejected", import_text(BAD).flow_file)

    def test_job_has_a_row_for_a_file_that_was_held_already(self) -> None:
        first = imported(EVERY_GROUP)
        import_text(EVERY_GROUP)
        self.assert_job("already-imported", first)

    def test_job_has_a_row_for_a_name_that_was_refused(self) -> None:
        imported(EVERY_GROUP)
        import_text(BAD)
        self.assert_job("refused", None)

    def test_job_has_no_row_for_a_dry_run(self) -> None:
        import_text(EVERY_GROUP, dry_run=True)
        self.assertFalse(ImportJob.objects.exists())

    def test_job_has_a_row_for_every_attempt(self) -> None:
        for _ in range(3):
            import_text(BAD)
        self.assertEqual(ImportJob.objects.count(), 3)

    def test_job_says_who_and_by_which_door(self) -> None:
        person = User.objects.create(username="someone")
        import_text(
            EVERY_GROUP,
            channel=ImportJob.Channel.UPLOAD,
            requested_by=person,
            policy=Policy.PARTIAL,
        )
        job = self.job()
        self.assertEqual(
            (job.channel, job.requested_by, job.policy), ("upload", person, "partial")
        )

    def test_job_says_of_which_bytes_and_when(self) -> None:
        result = import_text(EVERY_GROUP, "april.uff")
        job = self.job()
        self.assertEqual(
            (job.filename, job.sha256, job.started_at),
            ("april.uff", result.sha256, NOW),
        )
        self.assertEqual(job.bytes_processed, len(EVERY_GROUP))

    def test_job_counts_what_came_of_it(self) -> None:
        import_text(EVERY_GROUP)
        self.assertEqual(
            self.job().counts,
            {
                "readings_read": 3,
                "readings_loaded": 3,
                "readings_rejected": 0,
                "errors": 0,
                "warnings": 1,
                "meter_points": 2,
                "meters": 2,
                "site_visits": 3,
                "readings": 3,
                "duplicate": 0,
                "superseded": 0,
                "withdrawn": 0,
                "superseding": 0,
            },
        )

    def test_job_counts_what_was_rejected(self) -> None:
        import_text(BAD)
        counts = self.job().counts
        self.assertEqual((counts["readings_rejected"], counts["errors"]), (3, 1))

    def test_job_keeps_a_name_that_no_database_can_keep(self) -> None:
        import_text(EVERY_GROUP, "a\0\udce9.uff" + "x" * 300)
        self.assertEqual(self.job().filename, "a\ufffd\ufffd.uff" + "x" * 248)


class BrokenOffTests(TestCase):
    def break_off(self, error: BaseException) -> ImportJob:
        """Return the job of an attempt in which a door's own progress raises this."""

        def fail(*_: object) -> None:
            raise error

        with self.assertRaises(type(error)) as caught:
            import_text(EVERY_GROUP, on_finding=fail)
        self.assertIs(caught.exception, error)
        return ImportJob.objects.get()

    def test_broken_off_is_written_down_and_raised_again(self) -> None:
        job = self.break_off(ZeroDivisionError("secret"))
        self.assertEqual((job.state, job.outcome), ("failed", ""))
        self.assertIsNotNone(job.finished_at)

    def test_broken_off_tells_the_kind_of_error_and_not_its_words(self) -> None:
        job = self.break_off(ZeroDivisionError("secret"))
        self.assertEqual(job.message, "Interrupted by ZeroDivisionError.")

    def test_broken_off_is_written_down_when_a_person_breaks_it_off(self) -> None:
        job = self.break_off(KeyboardInterrupt())
        self.assertEqual(job.message, "Interrupted by KeyboardInterrupt.")

    def test_broken_off_leaves_no_row_of_the_file(self) -> None:
        self.break_off(ZeroDivisionError())
        self.assertFalse(FlowFile.objects.exists())

    def test_broken_off_is_written_down_where_the_bytes_cannot_be_had(self) -> None:
        class Broken:
            def read(self, size: int) -> bytes:
                raise UnreadableFile("It breaks off.")

        with (
            patch("meter_readings.tests.import_helpers.io.BytesIO", lambda _: Broken()),
            self.assertRaises(UnreadableFile),
        ):
            import_text(EVERY_GROUP)
        self.assertEqual(ImportJob.objects.get().state, "failed")

    def test_broken_off_says_nothing_of_what_the_database_would_not_commit(
        self,
    ) -> None:
        @contextmanager
        def transaction_that_fails(self: object) -> Iterator[None]:
            with transaction.atomic():
                yield
                raise OperationalError("disk full")

        with (
            patch.object(type(open_staging()), "transaction", transaction_that_fails),
            self.assertRaises(OperationalError),
        ):
            import_text(EVERY_GROUP)
        job = ImportJob.objects.get()
        self.assertEqual((job.state, job.outcome, job.counts), ("failed", "", {}))
        self.assertIsNone(job.flow_file)

    def test_broken_off_raises_what_broke_it_off_where_the_row_cannot_be_written(
        self,
    ) -> None:
        def fail(*_: object) -> None:
            patcher.start()
            raise ZeroDivisionError

        patcher = patch.object(ImportJob, "save", side_effect=DatabaseError("gone"))
        self.addCleanup(patcher.stop)
        with self.assertRaises(ZeroDivisionError):
            import_text(EVERY_GROUP, on_finding=fail)

    def test_the_next_attempt_is_not_hindered(self) -> None:
        self.break_off(ZeroDivisionError())
        self.assertEqual(import_text(EVERY_GROUP).outcome, ImportJob.Outcome.IMPORTED)


class ProgressTests(TestCase):
    def told_of(self, text: str) -> list[tuple[str, int, int]]:
        """Return the phases, bytes dealt with and bytes in all that a door is told."""
        told: list[tuple[str, int, int]] = []
        with IN_BLOCKS:
            import_text(text, on_progress=lambda *progress: told.append(progress))
        return told

    def test_progress_goes_through_the_phases_in_order(self) -> None:
        phases = [phase for phase, _, _ in self.told_of(EVERY_GROUP)]
        self.assertEqual(list(dict.fromkeys(phases)), ["checking", "loading"])

    def test_progress_never_goes_back(self) -> None:
        done = [done for _, done, _ in self.told_of(EVERY_GROUP)]
        self.assertGreater(len(set(done)), 3)
        self.assertEqual(done, sorted(done))

    def test_progress_comes_to_the_end(self) -> None:
        _, done, whole = self.told_of(EVERY_GROUP)[-1]
        self.assertEqual((done, whole), (len(EVERY_GROUP), len(EVERY_GROUP)))

    def test_progress_knows_the_whole_from_the_beginning(self) -> None:
        wholes = {whole for _, _, whole in self.told_of(EVERY_GROUP)}
        self.assertEqual(wholes, {len(EVERY_GROUP)})

    def test_progress_is_told_of_a_dry_run(self) -> None:
        told: list[object] = []
        import_text(EVERY_GROUP, dry_run=True, on_progress=lambda *_: told.append(_))
        self.assertTrue(told)


class HeartbeatTests(TestCase):
    def test_heartbeat_is_written_as_the_file_is_checked(self) -> None:
        checked = []

        def look(*_: object) -> None:
            checked.append(ImportJob.objects.get().bytes_processed)

        with IN_BLOCKS, BEATING, patch.object(type(open_staging()), "stage"):
            with patch("meter_readings.importer.pipeline.merge_staged_rows") as load:
                load.return_value = None
                import_text(EVERY_GROUP, on_progress=look)
        self.assertEqual(checked, sorted(checked))
        self.assertGreater(len(set(checked)), 3)

    def test_heartbeat_is_not_written_before_its_time(self) -> None:
        save = patch.object(
            ImportJob, "save", autospec=True, side_effect=ImportJob.save
        )
        with IN_BLOCKS, save as saved:
            import_text(EVERY_GROUP)
        # Begun, received, loading, finished
        self.assertEqual(saved.call_count, 4)

    def test_heartbeat_may_fail(self) -> None:
        save = ImportJob.save
        failed = []

        def save_sometimes(job: ImportJob) -> None:
            if job.phase == "checking" and 0 < job.bytes_processed < len(EVERY_GROUP):
                failed.append(job.bytes_processed)
                raise OperationalError("database is locked")
            save(job)

        with IN_BLOCKS, BEATING, patch.object(ImportJob, "save", save_sometimes):
            result = import_text(EVERY_GROUP)
        self.assertEqual(result.outcome, ImportJob.Outcome.IMPORTED)
        self.assertGreater(len(failed), 1)


@skipUnless(connection.vendor == "sqlite", "Only SQLite has one lock for all.")
class LockedDatabaseTests(TransactionTestCase):
    def test_a_heartbeat_does_not_wait_for_another_to_write(self) -> None:
        other = connection.copy()
        self.addCleanup(other.close)
        beginning = time.monotonic()

        def hold_the_lock(_: ImportJob.Phase, done: int, whole: int) -> None:
            if done == 0:
                other.cursor().execute("BEGIN IMMEDIATE")
            elif done == whole and other.connection.in_transaction:
                other.cursor().execute("COMMIT")

        with IN_BLOCKS, BEATING:
            text = flow_file(EVERY_GROUP.splitlines()[1:-1] * 10)
            result = import_text(text, on_progress=hold_the_lock)
        self.assertEqual(result.outcome, ImportJob.Outcome.IMPORTED)
        self.assertLess(time.monotonic() - beginning, 5)

    def test_the_connection_waits_as_usual_afterwards(self) -> None:
        imported(EVERY_GROUP)
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout")
            self.assertEqual(cursor.fetchone(), (20_000,))
