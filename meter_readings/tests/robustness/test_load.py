"""A site under load: large uploads beside other requests, and several workers."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import SimpleTestCase

from config.environment import PROJECT_ROOT
from meter_readings import jobs
from meter_readings.benchmarks.gunicorn import run_gunicorn
from meter_readings.benchmarks.measurements import write_flow_file
from meter_readings.benchmarks.temp_database import temp_database
from meter_readings.models import ImportJob, Reading
from meter_readings.synthetic import Shape

from . import NOW, only_long, say
from .large_files import large_file
from .live_site import Site
from .test_celery import BROKER_URL, has_rabbitmq

_READINGS = 1_000_000
_FILES, _METERS, _DAYS = 40, 200, 30
_WORKERS = 4


@only_long
class LargeUploadTests(SimpleTestCase):
    """A worker imports an upload of a million readings; gunicorn serves the site."""

    def setUp(self) -> None:
        resources = ExitStack()
        self.addCleanup(resources.close)
        database = resources.enter_context(temp_database(connection.vendor))
        self.environment = database.environment | {"TASKS_BACKEND": "database"}
        self.folder = Path(resources.enter_context(tempfile.TemporaryDirectory()))
        self.site = self.new_site()
        self.site.prepare()
        log = resources.enter_context((self.folder / "log").open("w"))
        self.port = resources.enter_context(run_gunicorn(self.environment, log=log))
        resources.enter_context(_worker(self.environment))
        self.site = self.sign_in()

    def test_other_requests_are_answered_during_the_import(self) -> None:
        path = self.folder / "large.uff"
        write_flow_file(
            path, shape=Shape.MIXED, readings=_READINGS, meter_points=83_333
        )
        started = time.monotonic()
        answer = self.site.upload_by_api("large.uff", path.read_bytes())
        answered = time.monotonic() - started
        self.assertEqual(answer.status, 202, answer.text)
        job = f"/api/v1/imports/{json.loads(answer.text)['id']}/"

        requests: Mapping[str, Callable[[], object]] = {
            "page": lambda: self.get("/admin/meter_readings/reading/"),
            "API read": lambda: self.get("/api/v1/readings/"),
            "sign-in": self.sign_in,
        }
        is_over = threading.Event()
        with ThreadPoolExecutor() as pool:
            clients = {
                title: pool.submit(_repeat, request, is_over)
                for title, request in requests.items()
            }
            try:
                ended = self.wait_for(job)
            finally:
                is_over.set()
        self.assertEqual((ended["state"], ended["outcome"]), ("finished", "imported"))
        imported = time.monotonic() - started
        slowest = {
            title: f"{len(client.result())}, slowest {max(client.result()):.2f} s"
            for title, client in clients.items()
        }
        say(
            f"{connection.vendor}: upload answered after {answered:.2f} s,"
            f" imported after {imported:.0f} s, meanwhile {slowest}"
        )

    def wait_for(self, path: str) -> dict[str, Any]:
        """Return a job that is over."""
        while True:
            job: dict[str, Any] = json.loads(self.get(path))
            if job["state"] not in ("queued", "running"):
                return job
            time.sleep(0.5)

    def get(self, path: str) -> str:
        answer = self.site.get(path)
        self.assertEqual(answer.status, 200, answer.text)
        return answer.text

    def sign_in(self) -> Site:
        site = self.new_site()
        site.connect(self.port)
        site.sign_in()
        return site

    def new_site(self) -> Site:
        return Site(self.folder, **self.environment)


@only_long
class SeveralWorkersTests(SimpleTestCase):
    """Each of forty files has other values for the same readings."""

    def test_several_workers_import_every_file_once(self) -> None:
        self.assert_imported({"TASKS_BACKEND": "database"})

    def test_several_celery_workers_import_every_file_once(self) -> None:
        if not (find_spec("celery") and has_rabbitmq()):
            self.skipTest("needs Celery and RabbitMQ")
        self.assert_imported(
            {"TASKS_BACKEND": "celery", "CELERY_BROKER_URL": BROKER_URL}
        )

    def assert_imported(self, environment: Mapping[str, str]) -> None:
        seconds = {}
        for workers in (1, _WORKERS):
            with temp_database(connection.vendor) as database:
                database.environment |= environment
                database.environment["CELERY_QUEUE"] = f"d0010_load_{database.name}"
                result = database.run(import_files, workers=workers)
            self.assertEqual(result["outcomes"], ["imported"] * _FILES)
            self.assertEqual(result["attempts"], [1] * _FILES)
            self.assertEqual(result["readings"], _FILES * _METERS * _DAYS)
            self.assertEqual(result["current"], {f"LOAD{_FILES - 1}": _METERS * _DAYS})
            seconds[workers] = result["seconds"]
        say(
            f"{_FILES} files, {environment['TASKS_BACKEND']} on {connection.vendor}:"
            f" one worker {seconds[1]:.1f} s, {_WORKERS} {seconds[_WORKERS]:.1f} s"
        )


def import_files(*, workers: int) -> dict[str, Any]:
    """Queue the files, let workers import them, and return what is stored."""
    for number in range(_FILES):
        data = large_file(
            identifier=f"LOAD{number}",
            meters=range(_METERS),
            days=range(1, _DAYS + 1),
            created_at=f"202404020915{number:02}",
            steps=number + 1,
        )
        jobs.enqueue_import(
            stream=io.BytesIO(data),
            filename=f"load-{number}.uff",
            channel=ImportJob.Channel.API,
            now=NOW,
        )
    started = time.monotonic()
    with ExitStack() as stack:
        for _ in range(workers):
            stack.enter_context(_worker(None))
        while ImportJob.objects.active().exists():
            time.sleep(0.1)
        seconds = time.monotonic() - started
    if settings.TASKS_BACKEND == "celery":
        _delete_queue()
    current = Reading.objects.current().values_list(
        "flow_file__file_identifier", flat=True
    )
    return {
        "seconds": seconds,
        "outcomes": [*ImportJob.objects.values_list("outcome", flat=True)],
        "attempts": [*ImportJob.objects.values_list("attempt", flat=True)],
        "readings": Reading.objects.count(),
        "current": Counter(current),
    }


def _delete_queue() -> None:
    from config.celery import app

    with app.connection() as broker:
        broker.default_channel.queue_delete(settings.CELERY_QUEUE)


@contextmanager
def _worker(environment: Mapping[str, str] | None) -> Iterator[None]:
    """Run a worker; without an environment it has that of this process."""
    with subprocess.Popen(
        [sys.executable, "manage.py", "run_worker"],
        cwd=PROJECT_ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield
        finally:
            process.terminate()


def _repeat(request: Callable[[], object], is_over: threading.Event) -> Sequence[float]:
    """Repeat a request until an event; return the seconds of each."""
    seconds = []
    while not is_over.is_set():
        started = time.monotonic()
        request()
        seconds.append(time.monotonic() - started)
    return seconds
