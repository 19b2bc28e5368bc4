"""Celery over RabbitMQ: workers in processes of their own, killed and stopped."""

from __future__ import annotations

import io
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from importlib.util import find_spec
from unittest import skipUnless

from django.db import connection
from django.test import TransactionTestCase, override_settings
from django.utils import timezone

from config.environment import PROJECT_ROOT
from config.tasks import task_settings
from meter_readings import jobs
from meter_readings.models import FlowFile, ImportJob, Reading
from meter_readings.ops import worker_heartbeat
from meter_readings.tests.support.environments import environment_without_coverage

from . import NOW, SEED, amount, only_long, rabbitmq_node, say, worker_program
from .large_files import large_file
from .worker_program import IMPORT_CRASH_POINTS

BROKER_URL = "amqp://guest:guest@127.0.0.1:5672//"
QUEUE = f"d0010_test_{os.getpid()}"

KILLED_JOBS = max(1, amount("D0010_KILLS", 3) // 3)

_TIMEOUT_SECONDS = 120

_WORKER_THAT_CRASHES = f"""
import signal
import sys
import django
django.setup()
from django.core.management import call_command
from {worker_program.__name__} import send_at
send_at(signal.SIGKILL, sys.argv[1])
call_command("run_worker")
"""


def has_rabbitmq() -> bool:
    try:
        socket.create_connection(("127.0.0.1", 5672), timeout=2).close()
    except OSError:
        return False
    return True


@skipUnless(find_spec("celery"), "Celery is not installed")
@skipUnless(has_rabbitmq(), "RabbitMQ does not run on this machine")
@override_settings(
    TASKS_BACKEND="celery",
    TASKS=task_settings("celery", BROKER_URL) if find_spec("celery") else {},
)
class CeleryTests(TransactionTestCase):
    """A file waits; Celery's workers import it, whatever becomes of them."""

    def setUp(self) -> None:
        from config.celery import app

        app.conf.update(broker_url=BROKER_URL, task_default_queue=QUEUE)
        self.app = app
        self.workers: list[subprocess.Popen[str]] = []
        self.addCleanup(self._clean)

    @classmethod
    def tearDownClass(cls) -> None:
        from config.celery import app

        with app.connection() as connection:
            connection.default_channel.queue_delete(QUEUE)
        super().tearDownClass()

    def test_worker_imports_what_was_enqueued(self) -> None:
        job = self.enqueue(1)
        self.start_worker()
        self.assert_imported(job)
        self.assertTrue(worker_heartbeat.has_living_worker())

    def test_job_of_a_killed_worker_is_imported_by_another(self) -> None:
        job = self.enqueue(2, meters=400)
        worker = self.start_worker()
        self.wait_until(lambda: job.state == "running", job)
        worker.kill()
        worker.communicate()
        self.start_worker()
        self.assert_imported(job)
        self.assertEqual(job.attempt, 2)

    def test_stopped_worker_gives_its_job_back(self) -> None:
        job = self.enqueue(3, meters=400)
        worker = self.start_worker()
        self.wait_until(lambda: job.state == "running", job)
        worker.send_signal(signal.SIGTERM)
        _, errors = worker.communicate(timeout=_TIMEOUT_SECONDS)
        self.assertEqual(worker.returncode, 0, errors)
        self.start_worker()
        self.assert_imported(job)
        self.assertEqual(job.attempt, 1)

    def test_second_delivery_imports_nothing(self) -> None:
        job = self.enqueue(4)
        from meter_readings.jobs.tasks import run_job

        for _ in range(3):
            run_job.enqueue(job.pk, 1)
        self.start_worker()
        self.assert_imported(job)
        last = self.enqueue(5)
        self.assert_imported(last)
        self.assertEqual(ImportJob.objects.count(), 2)

    def test_message_that_the_broker_lost_is_sent_again(self) -> None:
        job = self.enqueue(6)
        with self.app.connection() as connection:
            connection.default_channel.queue_purge(QUEUE)
        # The sweep sends it again after a minute.
        long_ago = timezone.now() - timedelta(minutes=2)
        ImportJob.objects.update(heartbeat_at=long_ago)
        self.start_worker()
        self.assert_imported(job)

    @only_long
    def test_worker_killed_at_any_point_loses_nothing(self) -> None:
        for number, point in enumerate(IMPORT_CRASH_POINTS):
            with self.subTest(point):
                job = self.enqueue(100 + number)
                killed = self.start("-c", _WORKER_THAT_CRASHES, point)
                killed.communicate(timeout=_TIMEOUT_SECONDS)
                self.assertEqual(killed.returncode, -signal.SIGKILL)
                worker = self.start_worker()
                self.assert_imported(job)
                self.end(worker, signal.SIGTERM)

    @only_long
    def test_workers_killed_at_random_moments_lose_nothing(self) -> None:
        rng = random.Random(SEED)
        kills = Counter[str]()
        for number in range(KILLED_JOBS):
            job = self.enqueue(200 + number, meters=400)
            for _ in range(2):
                worker = self.start_worker()
                # It starts for about a second and imports for about another.
                time.sleep(rng.uniform(0.5, 3))
                self.end(worker, signal.SIGKILL)
                job.refresh_from_db()
                kills[job.phase if job.state == "running" else job.state] += 1
            worker = self.start_worker()
            self.assert_imported(job)
            self.end(worker, signal.SIGTERM)
        say(f"Celery workers killed on {connection.vendor}: {dict(kills)}")

    @only_long
    @skipUnless(rabbitmq_node.program(), "needs RabbitMQ's own program")
    def test_restart_of_rabbitmq_loses_nothing(self) -> None:
        with rabbitmq_node.Node() as node:
            self.use_broker(node.url)
            running = self.enqueue(300, meters=400)
            waiting = [self.enqueue(301 + number) for number in range(3)]
            self.start_worker(CELERY_BROKER_URL=node.url)
            self.wait_until(lambda: running.state == "running", running)
            node.stop()
            # The site keeps what it cannot send.
            waiting.append(self.enqueue(310))
            node.start()
            # The sweep sends it again after a minute.
            for job in (running, *waiting):
                self.assert_imported(job)
            self.end(self.workers[-1], signal.SIGTERM)
            self.use_broker(BROKER_URL)

    def use_broker(self, url: str) -> None:
        """Send the messages of this process to a broker."""
        self.app.conf.broker_url = url
        # It keeps the connections of its messages.
        del self.app.amqp

    def enqueue(self, number: int, *, meters: int = 50) -> ImportJob:
        """Enqueue the import of a file with 30 readings of each meter."""
        data = large_file(
            identifier=f"CELERY{number}",
            meters=range(meters),
            days=range(30),
            steps=number,
        )
        return jobs.enqueue_import(
            stream=io.BytesIO(data),
            filename=f"celery-{number}.uff",
            channel=ImportJob.Channel.API,
            now=NOW,
        )

    def start_worker(self, **environment: str) -> subprocess.Popen[str]:
        return self.start("manage.py", "run_worker", **environment)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        worker = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=PROJECT_ROOT,
            env=environment_without_coverage()
            | {
                "D0010_ENV": "test",
                "TASKS_BACKEND": "celery",
                "CELERY_BROKER_URL": BROKER_URL,
                "CELERY_QUEUE": QUEUE,
            }
            | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.workers.append(worker)
        return worker

    def end(self, worker: subprocess.Popen[str], number: int) -> None:
        """Send a signal to a worker and wait for its end."""
        worker.send_signal(number)
        worker.communicate(timeout=_TIMEOUT_SECONDS)
        self.workers.remove(worker)

    def wait_until(self, is_reached: Callable[[], bool], job: ImportJob) -> None:
        """Reload the job until a condition is reached."""
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while not is_reached():
            self.assertLess(time.monotonic(), deadline, vars(job))
            ended = [each.poll() for each in self.workers]
            self.assertNotIn(1, ended, "A worker did not start.")
            time.sleep(0.01)
            job.refresh_from_db()

    def assert_imported(self, job: ImportJob) -> None:
        """Wait for the end of a job, and count what is stored of its file."""
        self.wait_until(lambda: job.state not in ImportJob.ACTIVE_STATES, job)
        self.assertEqual((job.state, job.outcome), ("finished", "imported"))
        file = FlowFile.objects.get(sha256=job.sha256)
        count = Reading.objects.filter(flow_file=file).count()
        self.assertEqual(count, file.readings_loaded)

    def _clean(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                worker.terminate()
            worker.communicate()
        # A producer declares a queue once: it is emptied, and deleted at the end.
        with self.app.connection() as connection:
            self.app.amqp.queues[QUEUE](connection).declare()
            connection.default_channel.queue_purge(QUEUE)
