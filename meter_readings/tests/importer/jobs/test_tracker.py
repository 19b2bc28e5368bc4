"""Tests of import jobs: their rows, progress and heartbeats."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any
from unittest import skipUnless
from unittest.mock import patch

from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.db import DatabaseError, OperationalError, connection, transaction
from django.test import TestCase, TransactionTestCase
from django.utils import timezone

from meter_readings.importer import UnreadableFile, undo_import
from meter_readings.importer.staging import open_staging
from meter_readings.models import FlowFile, ImportJob, ImportJobQuerySet, Policy
from meter_readings.ops import metrics
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP, flow_file
from meter_readings.tests.support.import_helpers import NOW, import_text, imported

BAD = EVERY_GROUP.replace("12345.0", "-1.0")

# A heartbeat after every block, and short blocks.
BEATING = patch("meter_readings.importer.jobs.tracker._HEARTBEAT_SECONDS", -1.0)
IN_BLOCKS = patch("meter_readings.d0010.lines.BLOCK_SIZE", 100)


class JobTests(TestCase):
    def job(self) -> ImportJob:
        return ImportJob.objects.latest("pk")

    def assert_job(self, outcome: str, flow_file: FlowFile | None) -> None:
        """Assert that the latest job is finished with this outcome."""
        job = self.job()
        self.assertEqual((job.state, job.outcome), ("finished", outcome))
        self.assertEqual(job.flow_file, flow_file)
        self.assertIsNotNone(job.finished_at)

    def test_imported_file_has_a_finished_job(self) -> None:
        self.assert_job("imported", imported(EVERY_GROUP))

    def test_rejected_file_has_a_finished_job(self) -> None:
        self.assert_job("rejected", import_text(BAD).flow_file)

    def test_already_imported_file_has_a_finished_job(self) -> None:
        first = imported(EVERY_GROUP)
        import_text(EVERY_GROUP)
        self.assert_job("already-imported", first)

    def test_refused_file_has_a_finished_job(self) -> None:
        imported(EVERY_GROUP)
        import_text(BAD)
        self.assert_job("refused", None)

    def test_dry_run_has_no_job(self) -> None:
        import_text(EVERY_GROUP, dry_run=True)
        self.assertFalse(ImportJob.objects.exists())

    def test_every_attempt_has_a_job(self) -> None:
        for _ in range(3):
            import_text(BAD)
        self.assertEqual(ImportJob.objects.count(), 3)

    def test_job_has_the_user_channel_and_policy(self) -> None:
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

    def test_job_has_the_name_hash_and_time(self) -> None:
        result = import_text(EVERY_GROUP, "april.uff")
        job = self.job()
        self.assertEqual(
            (job.filename, job.sha256, job.started_at),
            ("april.uff", result.sha256, NOW),
        )
        self.assertEqual(job.bytes_processed, len(EVERY_GROUP))

    def test_job_of_an_imported_file_has_its_counts(self) -> None:
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

    def test_job_of_a_rejected_file_has_its_counts(self) -> None:
        import_text(BAD)
        counts = self.job().counts
        self.assertEqual((counts["readings_rejected"], counts["errors"]), (3, 1))

    def test_job_stores_a_sanitised_filename(self) -> None:
        import_text(EVERY_GROUP, "a\0\udce9.uff" + "x" * 300)
        self.assertEqual(self.job().filename, "a\ufffd\ufffd.uff" + "x" * 248)


class InterruptedTests(TestCase):
    def interrupt(self, error: BaseException) -> ImportJob:
        """Return the job of an import whose on_finding raises this error."""

        def fail(*_: object) -> None:
            raise error

        with self.assertRaises(type(error)) as caught:
            import_text(EVERY_GROUP, on_finding=fail)
        self.assertIs(caught.exception, error)
        return ImportJob.objects.get()

    def test_exception_is_raised_again_and_the_job_is_failed(self) -> None:
        job = self.interrupt(ZeroDivisionError("secret"))
        self.assertEqual((job.state, job.outcome), ("failed", ""))
        self.assertIsNotNone(job.finished_at)

    def test_job_message_has_the_type_of_the_exception_and_not_its_text(self) -> None:
        job = self.interrupt(ZeroDivisionError("secret"))
        self.assertEqual(job.message, "Interrupted by ZeroDivisionError.")

    def test_keyboard_interrupt_is_saved_with_the_job(self) -> None:
        job = self.interrupt(KeyboardInterrupt())
        self.assertEqual(job.message, "Interrupted by KeyboardInterrupt.")

    def test_interrupted_import_leaves_no_flow_file(self) -> None:
        self.interrupt(ZeroDivisionError())
        self.assertFalse(FlowFile.objects.exists())

    def test_job_of_an_unreadable_file_is_failed(self) -> None:
        class Broken:
            def read(self, size: int) -> bytes:
                raise UnreadableFile("It is truncated.")

        with (
            patch(
                "meter_readings.tests.support.import_helpers.io.BytesIO",
                lambda _: Broken(),
            ),
            self.assertRaises(UnreadableFile),
        ):
            import_text(EVERY_GROUP)
        self.assertEqual(ImportJob.objects.get().state, "failed")

    def test_job_has_no_outcome_if_the_commit_fails(
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

    def test_first_exception_is_raised_if_the_job_cannot_be_saved(
        self,
    ) -> None:
        def fail(*_: object) -> None:
            patcher.start()
            raise ZeroDivisionError

        patcher = patch.object(
            ImportJobQuerySet, "update", side_effect=DatabaseError("gone")
        )
        self.addCleanup(patcher.stop)
        with self.assertRaises(ZeroDivisionError):
            import_text(EVERY_GROUP, on_finding=fail)

    def test_import_succeeds_after_an_interrupted_one(self) -> None:
        self.interrupt(ZeroDivisionError())
        self.assertEqual(import_text(EVERY_GROUP).outcome, ImportJob.Outcome.IMPORTED)


class InterruptedAfterCommitTests(TransactionTestCase):
    """Ctrl-C at the commit, or just after it: what is stored counts."""

    def press_after_commit(self, act: Callable[[], object]) -> ImportJob:
        """Press Ctrl-C when an import or undo has committed; return its job."""
        commit = connection.commit

        def commit_and_press() -> None:
            is_over = not ImportJob.objects.running().exists()
            commit()
            if is_over:
                raise KeyboardInterrupt

        with (
            patch.object(connection, "commit", commit_and_press),
            self.assertRaises(KeyboardInterrupt),
        ):
            act()
        return ImportJob.objects.latest("pk")

    def test_job_of_a_committed_import_is_finished(self) -> None:
        job = self.press_after_commit(lambda: import_text(EVERY_GROUP))
        self.assertEqual((job.state, job.outcome), ("finished", "imported"))
        self.assertEqual(job.flow_file, FlowFile.objects.get())
        self.assertEqual(job.counts["readings_loaded"], 3)

    def test_job_of_a_committed_undo_is_finished(self) -> None:
        file = imported(EVERY_GROUP)
        job = self.press_after_commit(lambda: undo_import(flow_file=file, now=NOW))
        self.assertEqual((job.state, job.outcome), ("finished", "undone"))

    def test_original_of_a_committed_import_stays(self) -> None:
        self.press_after_commit(lambda: import_text(EVERY_GROUP))
        self.assertTrue(default_storage.exists(str(FlowFile.objects.get().content)))

    def test_job_agrees_with_the_file_after_an_interrupt_before_the_commit(
        self,
    ) -> None:
        # Django's driver of SQLite then commits by itself, psycopg2 does not.
        commit = connection.commit

        def press() -> None:
            if FlowFile.objects.exists():
                raise KeyboardInterrupt
            commit()

        with patch.object(connection, "commit", press), suppress(BaseException):
            import_text(EVERY_GROUP)
        connection.close()
        state = "finished" if FlowFile.objects.exists() else "failed"
        self.assertEqual(ImportJob.objects.get().state, state)


class LostJobTests(TestCase):
    """The process of a job was killed."""

    def state_after(self, act: Callable[[], object], **fields: Any) -> str:
        """Return the state of a running job after another import or undo."""
        self.job = ImportJob.objects.create(
            filename="killed.uff",
            policy=Policy.STANDARD,
            channel=ImportJob.Channel.COMMAND,
            started_at=NOW,
            **{"heartbeat_at": timezone.now() - timedelta(minutes=11)} | fields,
        )
        act()
        self.job.refresh_from_db()
        return str(self.job.state)

    def test_next_import_closes_a_lost_job(self) -> None:
        self.assertEqual(self.state_after(lambda: imported(EVERY_GROUP)), "failed")
        self.assertEqual(self.job.message, "Its process ended during the job.")
        self.assertIsNotNone(self.job.finished_at)

    def test_next_rejected_file_closes_a_lost_job(self) -> None:
        self.assertEqual(self.state_after(lambda: import_text(BAD)), "failed")

    def test_next_undo_closes_a_lost_job(self) -> None:
        file = imported(EVERY_GROUP)
        state = self.state_after(lambda: undo_import(flow_file=file, now=NOW))
        self.assertEqual(state, "failed")

    def test_closed_job_is_no_stalled_job_in_the_metrics(self) -> None:
        self.state_after(lambda: imported(EVERY_GROUP))
        text = metrics.render_prometheus(now=timezone.now())
        self.assertIn("d0010_stalled_import_jobs 0", text)

    def test_job_that_may_wait_for_the_lock_is_not_closed(self) -> None:
        state = self.state_after(
            lambda: imported(EVERY_GROUP),
            phase=ImportJob.Phase.LOADING,
            heartbeat_at=timezone.now() - timedelta(minutes=9),
        )
        self.assertEqual(state, "running")

    def test_job_that_is_closed_meanwhile_says_what_interrupted_it(self) -> None:
        def close_and_fail(*_: object) -> None:
            ImportJob.objects.update(state=ImportJob.State.FAILED, message="Ended.")
            raise ZeroDivisionError

        with self.assertRaises(ZeroDivisionError):
            import_text(EVERY_GROUP, on_finding=close_and_fail)
        message = ImportJob.objects.get().message
        self.assertEqual(message, "Interrupted by ZeroDivisionError.")


class ProgressTests(TestCase):
    def progress_of(self, text: str) -> list[tuple[str, int, int]]:
        """Return the arguments of each call of on_progress."""
        reports: list[tuple[str, int, int]] = []
        with IN_BLOCKS:
            import_text(text, on_progress=lambda *progress: reports.append(progress))
        return reports

    def test_progress_reports_the_phases_in_order(self) -> None:
        phases = [phase for phase, _, _ in self.progress_of(EVERY_GROUP)]
        self.assertEqual(list(dict.fromkeys(phases)), ["validating", "loading"])

    def test_progress_never_decreases(self) -> None:
        done = [done for _, done, _ in self.progress_of(EVERY_GROUP)]
        self.assertGreater(len(set(done)), 3)
        self.assertEqual(done, sorted(done))

    def test_progress_ends_with_all_bytes(self) -> None:
        _, done, whole = self.progress_of(EVERY_GROUP)[-1]
        self.assertEqual((done, whole), (len(EVERY_GROUP), len(EVERY_GROUP)))

    def test_progress_reports_the_size_from_the_beginning(self) -> None:
        wholes = {whole for _, _, whole in self.progress_of(EVERY_GROUP)}
        self.assertEqual(wholes, {len(EVERY_GROUP)})

    def test_progress_is_reported_in_a_dry_run(self) -> None:
        reports: list[object] = []
        import_text(EVERY_GROUP, dry_run=True, on_progress=lambda *_: reports.append(_))
        self.assertTrue(reports)


class HeartbeatTests(TestCase):
    def test_heartbeat_is_saved_during_validation(self) -> None:
        checked = []

        def look(*_: object) -> None:
            checked.append(ImportJob.objects.get().bytes_processed)

        with IN_BLOCKS, BEATING, patch.object(type(open_staging()), "stage"):
            with patch("meter_readings.importer.pipeline.merge_staged_rows") as load:
                load.return_value = None
                import_text(EVERY_GROUP, on_progress=look)
        self.assertEqual(checked, sorted(checked))
        self.assertGreater(len(set(checked)), 3)

    def test_heartbeat_is_not_saved_before_its_interval(self) -> None:
        update = patch.object(
            ImportJobQuerySet,
            "update",
            autospec=True,
            side_effect=ImportJobQuerySet.update,
        )
        with IN_BLOCKS, update as updated:
            import_text(EVERY_GROUP)
        saved = [call for call in updated.mock_calls if "phase" in call.kwargs]
        # Received, loading, finished
        self.assertEqual(len(saved), 3)

    def test_failed_heartbeat_does_not_stop_the_import(self) -> None:
        update = ImportJobQuerySet.update
        failed = []

        def update_sometimes(rows: ImportJobQuerySet, **values: Any) -> int:
            done = values.get("bytes_processed", 0)
            if values.get("phase") == "validating" and 0 < done < len(EVERY_GROUP):
                failed.append(done)
                raise OperationalError("database is locked")
            return update(rows, **values)

        with (
            IN_BLOCKS,
            BEATING,
            patch.object(ImportJobQuerySet, "update", update_sometimes),
        ):
            result = import_text(EVERY_GROUP)
        self.assertEqual(result.outcome, ImportJob.Outcome.IMPORTED)
        self.assertGreater(len(failed), 1)


@skipUnless(connection.vendor == "sqlite", "Only SQLite has one write lock.")
class LockedDatabaseTests(TransactionTestCase):
    def test_heartbeat_does_not_wait_for_a_locked_database(self) -> None:
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

    def test_busy_timeout_is_restored_after_an_import(self) -> None:
        imported(EVERY_GROUP)
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout")
            self.assertEqual(cursor.fetchone(), (20_000,))
