"""Killed workers: no file is lost, none is stored twice, and every job ends."""

from __future__ import annotations

import io
import os
import random
import signal
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase
from django.utils import timezone

from meter_readings import jobs
from meter_readings.models import (
    STALLED_AFTER,
    AuditEvent,
    FlowFile,
    ImportJob,
    Reading,
)
from meter_readings.tests.jobs.job_helpers import uploads, with_queue
from meter_readings.tests.support.import_helpers import imported

from . import NOW, SEED, amount, say
from .large_files import large_file
from .subprocesses import Program
from .worker_program import IMPORT_CRASH_POINTS, UNDO_CRASH_POINTS

KILLS = amount("D0010_KILLS", 3)

_TIMEOUT_SECONDS = 60


@with_queue
class KilledWorkerTests(TransactionTestCase):
    """A file of 3,000 readings waits; workers are killed until its job is over."""

    def setUp(self) -> None:
        self.rng = random.Random(SEED)
        resources = ExitStack()
        self.addCleanup(resources.close)
        program = Program("worker_program", TASKS_BACKEND="database")
        self.program = resources.enter_context(program)
        self.assertEqual(self.program.answer(), {"ready": True})

    def test_worker_killed_at_any_point_loses_nothing(self) -> None:
        for number, point in enumerate(IMPORT_CRASH_POINTS):
            with self.subTest(point):
                job = _enqueue(number)
                self._work(crash_at=point)
                self._wait_for_end()
                self._work(until_idle=True)
                self._wait_for_end()
                self._assert_imported_once(job)

    def test_workers_killed_at_random_moments_lose_nothing(self) -> None:
        kills = Counter[str]()
        for number in range(KILLS):
            job = _enqueue(100 + number)
            for _ in range(2):
                worker = self._work()
                time.sleep(self.rng.uniform(0, 1.5))
                # Its process id is not reused before it is reaped.
                os.kill(worker, signal.SIGKILL)
                self._wait_for_end()
                job.refresh_from_db()
                kills[job.phase if job.state == "running" else job.state] += 1
            self._work(until_idle=True)
            self._wait_for_end()
            self._assert_imported_once(job)
        say(f"{2 * KILLS} workers killed on {connection.vendor}: {dict(kills)}")

    def test_worker_killed_at_any_point_of_an_undo_undoes_it_once(self) -> None:
        for number, point in enumerate(UNDO_CRASH_POINTS):
            with self.subTest(point):
                job = _enqueue_undo(400 + number)
                self._work(crash_at=point)
                self._wait_for_end()
                self._work(until_idle=True)
                self._wait_for_end()
                self._assert_undone_once(job)

    def test_workers_killed_at_random_moments_of_an_undo_undo_it_once(self) -> None:
        kills = Counter[str]()
        for number in range(KILLS):
            job = _enqueue_undo(500 + number)
            worker = self._work()
            time.sleep(self.rng.uniform(0, 0.8))
            os.kill(worker, signal.SIGKILL)
            self._wait_for_end()
            job.refresh_from_db()
            kills[job.state] += 1
            self._work(until_idle=True)
            self._wait_for_end()
            self._assert_undone_once(job)
        say(f"{KILLS} undos killed on {connection.vendor}: {dict(kills)}")

    def test_file_that_kills_every_worker_fails_after_three_attempts(self) -> None:
        job = _enqueue(200)
        for _ in range(3):
            self._work(crash_at="loaded")
            self._wait_for_end()
        self._work(until_idle=True)
        self._wait_for_end()
        job.refresh_from_db()
        self.assertEqual((job.state, job.attempt), ("failed", 3))
        self.assertFalse(FlowFile.objects.exists())
        # The cause is gone: it is tried again.
        new = jobs.retry(job=job, requested_by=None)
        self._work(until_idle=True)
        self._wait_for_end()
        self._assert_imported_once(new)

    def test_stopped_worker_gives_its_job_back(self) -> None:
        job = _enqueue(300)
        worker = self._work()
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while ImportJob.objects.waiting().exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(worker, signal.SIGTERM)
        self._wait_for_end()
        job.refresh_from_db()
        # It may have been quicker than the signal.
        self.assertIn((job.state, job.attempt), [("queued", 1), ("finished", 1)])
        self._work(until_idle=True)
        self._wait_for_end()
        self._assert_imported_once(job)

    def test_worker_that_comes_back_finds_that_its_job_was_taken_over(self) -> None:
        job = _enqueue(600)
        worker = self._work(stop_at="validated", until_idle=True)
        self.program.ask(do="await stop")
        self.assertEqual(self.program.answer(), {"stopped": True})
        # As seen from another machine: no heartbeat, and nothing known of its process.
        late = ImportJob.objects.filter(pk=job.pk, attempt=1, state="running")
        silent_since = timezone.now() - 2 * STALLED_AFTER
        self.assertEqual(late.update(heartbeat_at=silent_since), 1)
        Path(settings.MEDIA_ROOT, "running_jobs", str(job.pk)).unlink()
        self._work(until_idle=True)
        self._wait_for_end()
        self._assert_imported_once(job)
        os.kill(worker, signal.SIGCONT)
        self._wait_for_end()
        self._assert_imported_once(job)
        self.assertEqual(job.attempt, 2)
        self.assertEqual(AuditEvent.objects.filter(action="import").count(), 1)

    def _work(self, **request: object) -> int:
        """Start a worker; return its process id."""
        self.program.ask(do="work", **request)
        return int(self.program.answer()["worker"])

    def _wait_for_end(self) -> None:
        self.program.ask(do="reap")
        self.assertEqual(self.program.answer(), {"ended": True})

    def _assert_imported_once(self, job: ImportJob) -> None:
        job.refresh_from_db()
        self.assertEqual((job.state, job.outcome), ("finished", "imported"))
        file = FlowFile.objects.get(sha256=job.sha256)
        self.assertEqual(file.readings_loaded, 3000)
        self.assertEqual(Reading.objects.filter(flow_file=file).count(), 3000)
        self.assertFalse(ImportJob.objects.active().exists())
        self.assertNotIn(job.upload or "none", uploads())

    def _assert_undone_once(self, job: ImportJob) -> None:
        job.refresh_from_db()
        self.assertEqual((job.state, job.outcome), ("finished", "undone"))
        self.assertEqual(job.counts["readings"], 300)
        file = FlowFile.objects.get(pk=job.flow_file_id)
        self.assertEqual(file.status, FlowFile.Status.UNDONE)
        self.assertFalse(Reading.objects.filter(flow_file=file).exists())
        undos = AuditEvent.objects.filter(action="undo", object_id=file.pk)
        self.assertEqual(undos.get().details["job"], job.pk)
        self.assertFalse(ImportJob.objects.active().exists())


def _enqueue_undo(number: int) -> ImportJob:
    """Return the job that waits to undo the import of 300 readings."""
    data = large_file(
        identifier=f"UNDO{number}", meters=range(100), days=range(3), steps=number
    )
    file = imported(data.decode(), f"undo-{number}.uff")
    return jobs.enqueue_undo(
        flow_file=file, channel=ImportJob.Channel.API, requested_by=None
    )


def _enqueue(number: int) -> ImportJob:
    data = large_file(
        identifier=f"WORKER{number}", meters=range(100), days=range(30), steps=number
    )
    return jobs.enqueue_import(
        stream=io.BytesIO(data),
        filename=f"worker-{number}.uff",
        channel=ImportJob.Channel.API,
        now=NOW,
    )
