"""Tests of the runner: what becomes of one attempt of a job."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

from django.conf import settings
from django.db import IntegrityError, OperationalError

from meter_readings import importer, jobs
from meter_readings.importer import pipeline
from meter_readings.importer.staging import StagingArea
from meter_readings.jobs import stopping
from meter_readings.jobs.tasks import run_job
from meter_readings.models import FlowFile, ImportJob, Reading
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP
from meter_readings.tests.support.import_helpers import NOW

from .job_helpers import (
    QueueTestCase,
    enqueue,
    run_tasks,
    uploads,
    waiting_tasks,
)

IN_BLOCKS = patch("meter_readings.d0010.lines.BLOCK_SIZE", 100)
BEATING = patch("meter_readings.importer.jobs.tracker._HEARTBEAT_SECONDS", -1.0)
LOAD = "meter_readings.importer.pipeline.merge_staged_rows"
BAD = EVERY_GROUP.replace("12345.0", "-1.0")


def at_stage(act: Callable[[], object]) -> object:
    """Return a patch that does something when rows of a file are staged."""
    stage = StagingArea.stage

    def act_and_stage(*args: object) -> None:
        act()
        stage(*args)

    return patch.object(StagingArea, "stage", act_and_stage)


def at_load(act: Callable[[], object]) -> object:
    """Return a patch that does something before the rows of a file are loaded."""
    load = pipeline.merge_staged_rows

    def act_and_load(*args: object) -> object:
        act()
        return load(*args)

    return patch(LOAD, act_and_load)


class RunTests(QueueTestCase):
    def test_file_is_imported(self) -> None:
        job = enqueue()
        run_tasks()
        job.refresh_from_db()
        self.assertEqual((job.state, job.outcome), ("finished", "imported"))
        self.assertEqual(job.flow_file, FlowFile.objects.get())
        self.assertEqual(job.flow_file.received_at, NOW)
        self.assertEqual((job.upload, uploads()), ("", []))

    def test_rejected_file_has_a_finished_job(self) -> None:
        job = enqueue(BAD)
        run_tasks()
        job.refresh_from_db()
        self.assertEqual((job.state, job.outcome), ("finished", "rejected"))

    def test_second_delivery_finds_nothing_to_do(self) -> None:
        job = enqueue()
        run_job.call(job.pk, 1)
        run_job.call(job.pk, 1)
        run_tasks()
        self.assertEqual(ImportJob.objects.count(), 1)
        self.assertEqual(Reading.objects.count(), 3)

    def test_job_that_another_worker_claims_meanwhile_is_left_to_it(self) -> None:
        job = enqueue()
        open_upload = importer.open_upload

        def claim_and_open(**names: str) -> object:
            ImportJob.objects.update(state="running", phase="receiving")
            return open_upload(**names)

        with patch.object(importer, "open_upload", claim_and_open):
            run_job.call(job.pk, 1)
        job.refresh_from_db()
        self.assertEqual((job.state, job.phase), ("running", "receiving"))
        self.assertEqual(uploads(), [job.upload])

    def test_worker_that_was_taken_for_dead_cannot_commit(self) -> None:
        job = enqueue()
        with at_load(lambda: ImportJob.objects.update(attempt=2)):
            run_job.call(job.pk, 1)
        job.refresh_from_db()
        # The patch took part in the transaction that was rolled back.
        self.assertEqual((job.state, job.attempt), ("running", 1))
        self.assertFalse(Reading.objects.exists())

    def test_running_job_is_cancelled_at_its_next_heartbeat(self) -> None:
        job = enqueue()
        load = patch(LOAD, side_effect=AssertionError)
        with IN_BLOCKS, BEATING, load, at_stage(lambda: jobs.cancel(job=job)):
            run_job.call(job.pk, 1)
        job.refresh_from_db()
        self.assertEqual(
            (job.state, job.message),
            ("cancelled", "Cancelled. Nothing was changed."),
        )
        self.assertEqual(uploads(), [job.upload])


class FailureTests(QueueTestCase):
    def job_after(self, error: Exception, *, attempt: int = 1) -> ImportJob:
        """Return a job whose load raised an error."""
        job = enqueue()
        ImportJob.objects.update(attempt=attempt)
        with patch(LOAD, side_effect=error):
            run_job.call(job.pk, attempt)
        job.refresh_from_db()
        return job

    def test_file_that_is_no_longer_stored_fails_the_job(self) -> None:
        job = enqueue()
        Path(settings.MEDIA_ROOT, "uploads", job.upload).unlink()
        run_tasks()
        job.refresh_from_db()
        self.assertEqual(
            (job.state, job.message),
            ("failed", "The received file is no longer stored. Upload it again."),
        )

    def test_database_error_is_attempted_again(self) -> None:
        job = self.job_after(OperationalError("gone"))
        self.assertEqual((job.state, job.attempt), ("queued", 2))
        self.assertEqual(job.message, "The database was unavailable during the job.")
        self.assertIn([job.pk, 2], waiting_tasks())

    def test_third_database_error_fails_the_job(self) -> None:
        job = self.job_after(OperationalError("gone"), attempt=3)
        self.assertEqual((job.state, job.attempt), ("failed", 3))

    def test_import_that_waited_too_long_is_attempted_again(self) -> None:
        job = self.job_after(importer.ImportLockTimeout())
        self.assertEqual(
            job.message,
            "It waited too long: another file is being imported or undone.",
        )

    def test_reasons_are_words(self) -> None:
        for error, message in (
            (
                importer.StorageFull("/data"),
                "The storage is full. Nothing was changed. Try again when there "
                "is free space.",
            ),
            (
                importer.StorageNotWritable("/data"),
                "The storage cannot be written. Nothing was changed. Try again.",
            ),
            (
                IntegrityError("2000000000015"),
                "The database could not store it. Nothing was changed. Try " "again.",
            ),
            (
                ZeroDivisionError("2000000000015"),
                "Interrupted by ZeroDivisionError. Nothing was changed. Try " "again.",
            ),
        ):
            with self.subTest(message):
                job = self.job_after(error)
                self.assertEqual((job.state, job.message), ("failed", message))
                ImportJob.objects.all().delete()

    def test_failed_job_keeps_its_file(self) -> None:
        job = self.job_after(ZeroDivisionError())
        self.assertEqual(uploads(), [job.upload])


class StopTests(QueueTestCase):
    """A signal to stop: the worker gives its job back, and the attempt counts not."""

    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(stopping.stop_requested.clear)

    def stopped(self) -> ImportJob:
        """Return a job whose worker was told to stop while it validated the file."""
        job = enqueue()
        with IN_BLOCKS, at_stage(lambda: signal.raise_signal(signal.SIGTERM)):
            run_job.call(job.pk, 1)
        job.refresh_from_db()
        return job

    def test_job_waits_again(self) -> None:
        previous = signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self.addCleanup(signal.signal, signal.SIGTERM, previous)
        job = self.stopped()
        self.assertEqual((job.state, job.attempt), ("queued", 1))
        self.assertEqual(waiting_tasks(), [[job.pk, 1], [job.pk, 1]])
        stopping.stop_requested.clear()
        run_tasks()
        job.refresh_from_db()
        self.assertEqual(job.outcome, "imported")

    def test_handler_of_the_worker_is_called(self) -> None:
        calls = []
        previous = signal.signal(signal.SIGTERM, lambda *_: calls.append("stop"))
        self.addCleanup(signal.signal, signal.SIGTERM, previous)
        self.stopped()
        self.assertEqual(calls, ["stop"])

    def test_a_thread_runs_jobs_without_signals(self) -> None:
        job = enqueue()
        with patch.object(stopping.threading, "main_thread"):
            run_job.call(job.pk, 1)
        job.refresh_from_db()
        self.assertEqual(job.outcome, "imported")
