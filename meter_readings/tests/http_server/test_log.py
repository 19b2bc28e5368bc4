"""What the server says of requests that never come to the site."""

from __future__ import annotations

import json
from typing import Any

from meter_readings.tests.malicious_values import READINGS, Request

from .base import ServedTestCase
from .raw_http import sent

MPAN = "1200023305967"

UNREADABLE = [
    Request(target=f"{READINGS}?mpan={MPAN} more"),
    Request(target=f"{READINGS}?mpan={MPAN}{'x' * 9000}"),
    Request(headers={f"A {MPAN}": "1"}),
    Request(headers={"Transfer-Encoding": MPAN}),
    Request("POST", headers={"Transfer-Encoding": "chunked"}, body=MPAN.encode()),
]


class LogTests(ServedTestCase):
    def said(self) -> list[dict[str, Any]]:
        """Return what gunicorn has said of its own; each line must be an object."""
        self.log.seek(0)
        return [json.loads(line) for line in self.log if "gunicorn.error" in line]

    def test_server_log_has_one_json_object_per_line(self) -> None:
        sent(Request(), port=self.port)
        [started, *_] = self.said()
        self.assertEqual(started["level"], "INFO")
        self.assertIn("Starting gunicorn", started["message"])

    def test_server_log_has_no_mpan_of_unreadable_requests(self) -> None:
        for request in UNREADABLE:
            with self.subTest(str(request)):
                self.assertGreaterEqual(sent(request, port=self.port).status, 400)
        warnings = [said["message"] for said in self.said() if said["level"] != "INFO"]
        self.assertGreaterEqual(len(warnings), 4)
        self.log.seek(0)
        self.assertNotIn(MPAN, self.log.read())
