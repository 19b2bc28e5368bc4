"""Tests of job locks: whether the process of a job lives."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.db import DatabaseError
from django.test import TestCase, TransactionTestCase
from django.utils import timezone

from meter_readings.importer import clear_database, undo_import
from meter_readings.importer.jobs import locks
from meter_readings.importer.jobs.locks import JobLock, find_locked_jobs
from meter_readings.models import ImportJob, ImportJobQuerySet, Policy
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP
from meter_readings.tests.support.import_helpers import NOW, import_text, imported

# Locks the file of a job until it is killed.
HOLDER = """
import fcntl, sys, time
file = open(sys.argv[1], "wb")
fcntl.flock(file, fcntl.LOCK_EX)
print("locked", flush=True)
time.sleep(600)
"""


class JobLockTestCase(TestCase):
    def setUp(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(self.settings(MEDIA_ROOT=folder))
        self.folder = Path(folder, "running_jobs")

    def running_job(self, **fields: Any) -> ImportJob:
        """Return a running job of another process, with a recent heartbeat."""
        return ImportJob.objects.create(
            filename="killed.uff",
            policy=Policy.STANDARD,
            channel=ImportJob.Channel.COMMAND,
            started_at=NOW,
            **{"heartbeat_at": timezone.now()} | fields,
        )

    def lock_in_process(self, job: ImportJob) -> subprocess.Popen[str]:
        """Lock the file of a job in a process, which is killed at the end."""
        self.folder.mkdir(exist_ok=True)
        path = str(self.folder / str(job.pk))
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, path], stdout=subprocess.PIPE, text=True
        )
        self.addCleanup(kill, process)
        assert process.stdout is not None
        self.assertEqual(process.stdout.readline(), "locked\n")
        return process

    def state_after(self, act: Callable[[], object], job: ImportJob) -> str:
        with self.captureOnCommitCallbacks(execute=True):
            act()
        job.refresh_from_db()
        return str(job.state)

    def files(self) -> list[str]:
        return [path.name for path in self.folder.iterdir()]


def kill(process: subprocess.Popen[str]) -> None:
    with process:
        process.kill()


class KilledProcessTests(JobLockTestCase):
    """The process of a job was killed a moment ago."""

    def setUp(self) -> None:
        super().setUp()
        self.job = self.running_job()
        kill(self.lock_in_process(self.job))

    def test_next_import_closes_the_job_at_once(self) -> None:
        state = self.state_after(lambda: imported(EVERY_GROUP), self.job)
        self.assertEqual(state, "failed")
        self.assertEqual(self.job.message, "Its process ended during the job.")

    def test_next_undo_closes_the_job_at_once(self) -> None:
        file = imported(EVERY_GROUP)
        self.job = self.running_job()
        kill(self.lock_in_process(self.job))
        state = self.state_after(lambda: undo_import(flow_file=file, now=NOW), self.job)
        self.assertEqual(state, "failed")

    def test_job_does_not_prevent_a_clearing(self) -> None:
        self.assertEqual(clear_database(now=timezone.now()).import_jobs, 1)

    def test_file_of_the_job_is_deleted(self) -> None:
        self.state_after(lambda: imported(EVERY_GROUP), self.job)
        self.assertEqual(self.files(), [])

    def test_file_stays_if_the_load_that_closed_the_job_is_rolled_back(self) -> None:
        broken = patch("meter_readings.importer.pipeline.merge_staged_rows")
        with broken as merge, self.assertRaises(ZeroDivisionError):
            merge.side_effect = ZeroDivisionError
            with self.captureOnCommitCallbacks(execute=True):
                import_text(EVERY_GROUP)
        self.assertIn(str(self.job.pk), self.files())


class LivingProcessTests(JobLockTestCase):
    def test_job_is_not_closed_however_old_its_heartbeat_is(self) -> None:
        job = self.running_job(heartbeat_at=timezone.now() - timedelta(days=1))
        self.lock_in_process(job)
        self.assertEqual(
            self.state_after(lambda: imported(EVERY_GROUP), job), "running"
        )
        self.assertEqual(self.files(), [str(job.pk)])

    def test_import_holds_a_lock_until_its_end(self) -> None:
        found = []
        import_text(
            EVERY_GROUP, on_progress=lambda *_: found.append(find_locked_jobs())
        )
        job = ImportJob.objects.get()
        self.assertEqual(
            {frozenset(jobs.living) for jobs in found}, {frozenset([job.pk])}
        )
        self.assertEqual(find_locked_jobs(), (set(), set()))
        self.assertEqual(self.files(), [])

    def test_failed_import_deletes_its_file(self) -> None:
        def fail(*_: object) -> None:
            raise ZeroDivisionError

        with self.assertRaises(ZeroDivisionError):
            import_text(EVERY_GROUP, on_progress=fail)
        self.assertEqual(self.files(), [])

    def test_dry_run_has_no_file(self) -> None:
        import_text(EVERY_GROUP, dry_run=True)
        self.assertFalse(self.folder.exists())

    def test_job_that_could_not_be_saved_as_failed_is_closed_by_the_next(self) -> None:
        def fail(*_: object) -> None:
            patcher.start()
            raise ZeroDivisionError

        patcher = patch.object(
            ImportJobQuerySet, "update", side_effect=DatabaseError("gone")
        )
        with self.assertRaises(ZeroDivisionError):
            import_text(EVERY_GROUP, on_progress=fail)
        patcher.stop()
        job = ImportJob.objects.get()
        self.assertEqual(job.state, "running")
        self.assertEqual(self.state_after(lambda: imported(EVERY_GROUP), job), "failed")


class UnavailableLockTests(JobLockTestCase):
    """Nothing is known of a process: its job is closed when it is stalled."""

    def states_after_import(self) -> list[str]:
        """Return the states of a job with a recent heartbeat and of a stalled one."""
        jobs = [
            self.running_job(heartbeat_at=timezone.now() - timedelta(minutes=minutes))
            for minutes in (9, 11)
        ]
        imported(EVERY_GROUP)
        return [ImportJob.objects.get(pk=job.pk).state for job in jobs]

    def test_job_without_a_file_is_closed_when_it_is_stalled(self) -> None:
        self.assertEqual(self.states_after_import(), ["running", "failed"])

    def test_jobs_are_closed_when_they_are_stalled_on_windows(self) -> None:
        with patch.object(locks, "fcntl", None):
            self.assertEqual(self.states_after_import(), ["running", "failed"])
        self.assertFalse(self.folder.exists())

    def test_file_that_does_not_name_a_job_is_ignored(self) -> None:
        self.folder.mkdir()
        for name in (".nfs0001", "new-0001"):
            (self.folder / name).touch()
        self.assertEqual(find_locked_jobs(), (set(), set()))

    def test_import_needs_no_lock(self) -> None:
        unsupported = OSError("No locks available")
        with patch.object(locks.fcntl, "flock", side_effect=unsupported):
            self.assertEqual(import_text(EVERY_GROUP).outcome, "imported")
        self.assertEqual(list(Path(settings.MEDIA_ROOT, "incoming").iterdir()), [])

    def test_release_of_a_lock_that_was_not_acquired_does_nothing(self) -> None:
        JobLock().release(is_over=True)
        self.assertFalse(self.folder.exists())


class KilledImportTests(TransactionTestCase):
    def test_row_of_a_job_is_not_visible_before_its_lock(self) -> None:
        class Killed(BaseException):
            """The process ends without any cleaning."""

        with (
            patch.object(JobLock, "acquire", side_effect=Killed),
            self.assertRaises(Killed),
        ):
            import_text(EVERY_GROUP)
        self.assertFalse(ImportJob.objects.exists())
