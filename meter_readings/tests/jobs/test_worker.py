"""Tests of run_worker: it runs all jobs, waits for the database, and stops."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from unittest.mock import patch

from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.test import TransactionTestCase, override_settings
from django.utils import timezone

from meter_readings.jobs import worker
from meter_readings.ops import metrics, worker_heartbeat

from .job_helpers import QueueTestCase, enqueue, with_queue


class WorkerTests(TransactionTestCase):
    def setUp(self) -> None:
        for each in signal.SIGTERM, signal.SIGINT, signal.SIGQUIT:
            self.addCleanup(signal.signal, each, signal.getsignal(each))
        self.addCleanup(worker.stop_requested.clear)

    def test_worker_runs_what_waits(self) -> None:
        with with_queue:
            job = enqueue()
            call_command("run_worker", until_idle=True)
        job.refresh_from_db()
        self.assertEqual(job.outcome, "imported")

    def test_worker_waits_for_jobs_until_it_is_told_to_stop(self) -> None:
        def stop(seconds: float) -> None:
            signal.raise_signal(signal.SIGTERM)

        with with_queue, patch.object(worker.stop_requested, "wait", stop):
            call_command("run_worker")
        self.assertTrue(worker.stop_requested.is_set())

    def test_worker_waits_for_the_database(self) -> None:
        sweep = patch("meter_readings.jobs.queue.sweep")
        with (
            with_queue,
            sweep as swept,
            patch.object(worker.stop_requested, "wait") as wait,
            self.assertLogs(worker.logger, "WARNING") as logs,
        ):
            swept.side_effect = [OperationalError("gone"), None]
            call_command("run_worker", until_idle=True)
        wait.assert_called_once_with(5.0)
        self.assertEqual(
            logs.records[0].getMessage(), "The worker waits: OperationalError."
        )

    @override_settings(TASKS_BACKEND="celery")
    def test_worker_of_celery_sweeps_between_its_tasks(self) -> None:
        backend = patch.object(worker, "default_task_backend")
        sweep = patch("meter_readings.jobs.queue.sweep")
        with backend as celery, sweep as swept, self.assertLogs(worker.logger) as logs:
            call_command("run_worker")
            [call] = celery.run_worker.mock_calls
            swept.side_effect = [None, OperationalError("gone")]
            call.kwargs["sweep"]()
            call.kwargs["sweep"]()
        self.assertEqual(
            [each.getMessage() for each in logs.records],
            ["The worker could not sweep: OperationalError."],
        )

    @override_settings(TASKS_BACKEND="celery")
    def test_worker_of_celery_does_not_know_when_it_is_idle(self) -> None:
        with self.assertRaisesMessage(CommandError, "Celery does not know"):
            call_command("run_worker", until_idle=True)

    def test_another_backend_needs_no_worker(self) -> None:
        with self.assertRaisesMessage(CommandError, "TASKS_BACKEND is immediate"):
            call_command("run_worker")


class HeartbeatTests(QueueTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(settings.MEDIA_ROOT, "workers")

    def test_worker_lives_while_its_heart_beats(self) -> None:
        self.assertFalse(worker_heartbeat.has_living_worker())
        with (
            patch.object(worker_heartbeat, "_BEAT_SECONDS", 0.01),
            worker_heartbeat.beating(),
        ):
            [path] = self.folder.iterdir()
            os.utime(path, (1, 1))
            deadline = time.monotonic() + 10
            while not worker_heartbeat.has_living_worker():
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)
        self.assertFalse(worker_heartbeat.has_living_worker())

    def test_file_of_a_worker_that_was_killed_is_deleted_after_a_day(self) -> None:
        self.folder.mkdir(exist_ok=True)
        killed, recent = self.folder / "killed", self.folder / "recent"
        killed.touch()
        recent.touch()
        self.addCleanup(recent.unlink)
        os.utime(killed, (time.time() - 90_000,) * 2)
        with worker_heartbeat.beating():
            self.assertFalse(killed.exists())
            self.assertTrue(recent.exists())

    def test_worker_without_a_writable_folder_works(self) -> None:
        with (
            patch.object(Path, "touch", side_effect=OSError),
            worker_heartbeat.beating(),
        ):
            self.assertFalse(worker_heartbeat.has_living_worker())


class MonitoringTests(QueueTestCase):
    """A job waits: without a worker, /readyz and the metrics say so."""

    def notices(self) -> list[str]:
        response = self.client.get("/readyz")
        self.assertEqual((response.status_code, response.json()["ready"]), (200, True))
        return list(response.json()["notices"])

    def test_readyz_reports_that_no_worker_is_running(self) -> None:
        self.assertEqual(self.notices(), [])
        enqueue()
        self.assertEqual(self.notices(), ["worker"])
        with worker_heartbeat.beating():
            self.assertEqual(self.notices(), [])

    def test_metrics_count_waiting_jobs(self) -> None:
        enqueue()
        text = metrics.render_prometheus(now=timezone.now())
        self.assertIn("\nd0010_jobs_waiting 1.0\n", text)
        self.assertNotIn("d0010_worker_heartbeat_age_seconds", text)

    def test_metrics_have_the_heartbeat_of_a_worker(self) -> None:
        with worker_heartbeat.beating():
            text = metrics.render_prometheus(now=timezone.now())
        self.assertIn("\nd0010_worker_heartbeat_age_seconds ", text)
