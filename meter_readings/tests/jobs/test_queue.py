"""Tests of the queue: jobs are enqueued, cancelled, retried and recovered."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import TestCase
from django.utils import timezone

from meter_readings import jobs
from meter_readings.importer import lost_queued_jobs
from meter_readings.jobs import queue, requests
from meter_readings.models import FlowFile, ImportJob, Notification
from meter_readings.tests.notifications.rules import Event, email_rule
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP
from meter_readings.tests.support.import_helpers import NOW, imported

from .job_helpers import (
    QueueTestCase,
    enqueue,
    run_tasks,
    uploads,
    waiting_tasks,
)

LONG_AGO = timedelta(minutes=11)


class EnqueueTests(QueueTestCase):
    def test_job_waits_with_its_file_and_its_task(self) -> None:
        job = enqueue()
        self.assertEqual((job.state, job.attempt), ("queued", 1))
        self.assertEqual(uploads(), [job.upload])
        self.assertEqual(waiting_tasks(), [[job.pk, 1]])

    def test_same_bytes_have_one_job_while_they_wait(self) -> None:
        self.assertEqual(enqueue(), enqueue(filename="b.uff"))
        self.assertEqual(len(uploads()), 1)
        self.assertEqual(len(waiting_tasks()), 1)

    def test_other_bytes_have_another_job(self) -> None:
        self.assertNotEqual(enqueue(), enqueue(EVERY_GROUP.replace("12345", "12346")))

    def test_nothing_is_left_if_the_task_cannot_be_stored(self) -> None:
        with (
            patch.object(requests, "send", side_effect=OperationalError),
            self.assertRaises(OperationalError),
        ):
            enqueue()
        self.assertFalse(ImportJob.objects.exists())
        self.assertEqual(uploads(), [])

    def test_filename_is_sanitised(self) -> None:
        self.assertEqual(enqueue(filename="a\0.uff").filename, "a\ufffd.uff")


class ImmediateTests(TestCase):
    def test_job_is_run_at_the_commit(self) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            job = enqueue()
            self.assertEqual(job.state, "queued")
        job.refresh_from_db()
        self.assertEqual((job.state, job.outcome), ("finished", "imported"))
        self.assertTrue(jobs.is_immediate())


class CancelTests(QueueTestCase):
    def test_waiting_job_is_cancelled_at_once(self) -> None:
        job = enqueue()
        jobs.cancel(job=job)
        run_tasks()
        job.refresh_from_db()
        self.assertEqual(
            (job.state, job.message),
            ("cancelled", "Cancelled. Nothing was changed."),
        )
        self.assertIsNotNone(job.finished_at)
        self.assertFalse(FlowFile.objects.exists())

    def test_finished_job_cannot_be_cancelled(self) -> None:
        job = enqueue()
        run_tasks()
        with self.assertRaises(jobs.CannotCancel):
            jobs.cancel(job=job)

    def test_running_job_is_cancelled_when_its_worker_died(self) -> None:
        job = running_job()
        jobs.cancel(job=job)
        jobs.sweep(now=timezone.now())
        job.refresh_from_db()
        self.assertEqual((job.state, waiting_tasks()), ("cancelled", []))

    def test_running_job_is_cancelled_when_its_worker_gives_it_back(self) -> None:
        job = running_job()
        jobs.cancel(job=job)
        queue.release(job=job)
        job.refresh_from_db()
        self.assertEqual(job.state, "cancelled")


class RetryTests(QueueTestCase):
    def test_cancelled_job_is_tried_again_as_a_new_job(self) -> None:
        job, alice = enqueue(), User.objects.create(username="alice")
        jobs.cancel(job=job)
        new = jobs.retry(job=job, requested_by=alice)
        run_tasks()
        new.refresh_from_db()
        self.assertEqual((new.outcome, new.requested_by), ("imported", alice))
        self.assertNotEqual(new, job)

    def test_job_is_tried_again_once(self) -> None:
        job = enqueue()
        jobs.cancel(job=job)
        jobs.retry(job=job, requested_by=None)
        with self.assertRaises(jobs.CannotRetry):
            jobs.retry(job=job, requested_by=None)

    def test_job_that_another_user_tries_again_meanwhile_is_left_to_them(self) -> None:
        job = enqueue()
        jobs.cancel(job=job)
        jobs.retry(job=job, requested_by=None)
        meanwhile = patch.object(queue, "can_retry", return_value=True)
        with meanwhile, self.assertRaises(jobs.CannotRetry):
            jobs.retry(job=job, requested_by=None)

    def test_job_without_its_file_is_not_tried_again(self) -> None:
        imported(EVERY_GROUP)
        with self.assertRaises(jobs.CannotRetry):
            jobs.retry(job=ImportJob.objects.get(), requested_by=None)


def running_job(**fields: Any) -> ImportJob:
    """Return a job whose worker was killed without any trace, long ago."""
    job = enqueue()
    ImportJob.objects.update(
        **{"state": "running", "heartbeat_at": timezone.now() - LONG_AGO} | fields
    )
    run_tasks_without_effect()
    job.refresh_from_db()
    return job


def run_tasks_without_effect() -> None:
    with patch("meter_readings.jobs.tasks.run"):
        run_tasks()


class SweepTests(QueueTestCase):
    def sweep(self) -> Iterator[Any]:
        jobs.sweep(now=timezone.now())
        return ImportJob.objects.values_list("state", "attempt").get()

    def test_job_of_a_dead_worker_is_attempted_again(self) -> None:
        job = running_job()
        self.assertEqual(self.sweep(), ("queued", 2))
        self.assertEqual(waiting_tasks(), [[job.pk, 2]])
        run_tasks()
        job.refresh_from_db()
        self.assertEqual(job.outcome, "imported")

    def test_job_fails_after_its_third_attempt(self) -> None:
        job = running_job(attempt=3)
        self.assertEqual(self.sweep(), ("failed", 3))
        job.refresh_from_db()
        self.assertEqual(
            job.message,
            "Its worker ended during the job. It was attempted 3 times.",
        )
        self.assertEqual(waiting_tasks(), [])

    def test_notification_is_written_when_the_third_attempt_has_failed(self) -> None:
        email_rule(Event.JOB_FAILED)
        for attempt in range(1, 4):
            job = running_job(attempt=attempt)
            queue.attempt_again(job=job, reason="Its worker ended.")
            job.delete()
        row = Notification.objects.get()
        self.assertIn("attempted 3 times", row.data["reason"])

    def test_nothing_is_written_for_a_job_that_another_process_has_ended(self) -> None:
        email_rule(Event.JOB_FAILED)
        job = running_job(attempt=3, state="finished")
        queue.attempt_again(job=job, reason="Its worker ended.")
        self.assertFalse(Notification.objects.exists())

    def test_job_with_a_heartbeat_stays(self) -> None:
        running_job(heartbeat_at=timezone.now())
        self.assertEqual(self.sweep(), ("running", 1))

    def test_task_that_was_lost_is_sent_again(self) -> None:
        job = running_job(state="queued")
        self.assertEqual(self.sweep(), ("queued", 1))
        self.sweep()
        self.assertEqual(waiting_tasks(), [[job.pk, 1]])

    def test_nothing_is_sent_for_an_attempt_that_is_over(self) -> None:
        job = running_job()
        ImportJob.objects.update(attempt=2)
        queue.attempt_again(job=job, reason="Its worker ended.")
        queue.release(job=job)
        self.assertEqual(waiting_tasks(), [])

    def test_no_task_is_sent_again_while_a_job_runs(self) -> None:
        job = running_job(heartbeat_at=timezone.now())
        ImportJob.objects.create(
            state="queued",
            upload="b",
            queued_at=NOW,
            channel="api",
            started_at=NOW,
            heartbeat_at=timezone.now() - LONG_AGO,
        )
        jobs.sweep(now=timezone.now())
        self.assertEqual(waiting_tasks(), [])
        self.assertEqual(list(ImportJob.objects.running()), [job])

    def test_next_import_leaves_the_job_to_the_sweep(self) -> None:
        running_job()
        imported(EVERY_GROUP)
        self.assertEqual(lost_queued_jobs(now=timezone.now()).count(), 1)


class OldUploadTests(QueueTestCase):
    def age(self, name: str, *, hours: int) -> None:
        moment = time.time() - hours * 3600
        os.utime(Path(settings.MEDIA_ROOT, "uploads", name), (moment, moment))

    def test_upload_of_a_cancelled_job_is_deleted_after_a_day(self) -> None:
        job = enqueue()
        jobs.cancel(job=job)
        self.age(job.upload, hours=25)
        queue.delete_old_uploads()
        job.refresh_from_db()
        self.assertEqual((job.upload, uploads()), ("", []))

    def test_upload_of_a_cancelled_job_is_kept_for_a_day(self) -> None:
        job = enqueue()
        jobs.cancel(job=job)
        self.age(job.upload, hours=23)
        queue.delete_old_uploads()
        self.assertEqual(uploads(), [job.upload])

    def test_upload_of_a_waiting_job_is_kept(self) -> None:
        job = enqueue()
        self.age(job.upload, hours=25)
        queue.delete_old_uploads()
        self.assertEqual(uploads(), [job.upload])

    def test_without_uploads_nothing_is_deleted(self) -> None:
        queue.delete_old_uploads()
        self.assertEqual(uploads(), [])
