"""Gunicorn's log of requests that never reach Django."""

from __future__ import annotations

import json
from typing import Any

from meter_readings.tests.support.malicious_values import READINGS, Request

from .base import HttpServerTestCase
from .raw_http import send

MPAN = "1200023305967"

UNREADABLE = [
    Request(target=f"{READINGS}?mpan={MPAN} more"),
    Request(target=f"{READINGS}?mpan={MPAN}{'x' * 9000}"),
    Request(headers={f"A {MPAN}": "1"}),
    Request(headers={"Transfer-Encoding": MPAN}),
    Request("POST", headers={"Transfer-Encoding": "chunked"}, body=MPAN.encode()),
]


class LogTests(HttpServerTestCase):
    def log_lines(self) -> list[dict[str, Any]]:
        """Return gunicorn's own log lines; each must be a JSON object."""
        self.log.seek(0)
        return [json.loads(line) for line in self.log if "gunicorn.error" in line]

    def test_server_log_has_one_json_object_per_line(self) -> None:
        send(Request(), port=self.port)
        [started, *_] = self.log_lines()
        self.assertEqual(started["level"], "INFO")
        self.assertIn("Starting gunicorn", started["message"])

    def test_server_log_has_no_mpan_of_unreadable_requests(self) -> None:
        for request in UNREADABLE:
            with self.subTest(str(request)):
                self.assertGreaterEqual(send(request, port=self.port).status, 400)
        warnings = [
            line["message"] for line in self.log_lines() if line["level"] != "INFO"
        ]
        self.assertGreaterEqual(len(warnings), 4)
        self.log.seek(0)
        self.assertNotIn(MPAN, self.log.read())
