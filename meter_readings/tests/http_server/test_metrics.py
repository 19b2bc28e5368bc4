"""Metrics of several web processes."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from urllib.request import Request, urlopen

from django.test import TransactionTestCase

from meter_readings.benchmarks.gunicorn import run_gunicorn

from .base import environment

TOKEN = "a token that is known to these tests"
COUNT = re.compile(
    r"^d0010_http_request_duration_seconds_count"
    r'{method="GET",route="admin:login",status="200"} (\S+)$',
    re.MULTILINE,
)


class SeveralProcessesTests(TransactionTestCase):
    def get(self, path: str) -> str:
        request = Request(
            f"http://127.0.0.1:{self.port}{path}",
            headers={"Authorization": f"Bearer {TOKEN}"},
        )
        with urlopen(request, timeout=120) as response:
            return str(response.read().decode())

    def test_every_process_answers_with_the_requests_of_all(self) -> None:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        variables = {
            "METRICS_TOKEN": TOKEN,
            "GUNICORN_WORKERS": "2",
            "TMPDIR": str(folder),
        }
        with (
            tempfile.TemporaryFile("w+") as log,
            run_gunicorn(environment() | variables, log=log) as self.port,
        ):
            request_count = 0
            # Each of the two processes has two files once it has answered.
            while len([*folder.glob("d0010-metrics-*/*.db")]) < 4:
                self.assertLess(request_count, 1000)
                self.get("/admin/login/")
                request_count += 1
            counts = {COUNT.findall(self.get("/metrics"))[0] for _ in range(8)}
        self.assertEqual(counts, {f"{request_count}.0"})
        self.assertEqual([*folder.glob("d0010-metrics-*")], [])
