"""Gunicorn on the test database, which has the sample files."""

from __future__ import annotations

import tempfile
from typing import IO, ClassVar

from django.core.management import call_command
from django.test import TransactionTestCase
from django.utils import timezone

from config.environment import PROJECT_ROOT
from meter_readings.benchmarks.client import auth_headers
from meter_readings.benchmarks.gunicorn import run_gunicorn
from meter_readings.tests.support.environments import environment_without_coverage
from meter_readings.tests.support.import_helpers import import_text

SAMPLES = sorted((PROJECT_ROOT / "sample_data").glob("*.uff"))


class HttpServerTestCase(TransactionTestCase):
    """The site at `port`; `headers` authenticate a superuser.

    The database is filled once for the class, so a test must not delete what another
    needs.
    """

    headers: ClassVar[dict[str, str]]
    port: ClassVar[int]
    log: ClassVar[IO[str]]

    @classmethod
    def setUpClass(cls) -> None:
        cls.addClassCleanup(call_command, "flush", verbosity=0, interactive=False)
        super().setUpClass()
        for path in SAMPLES:
            import_text(path.read_bytes(), path.name, now=timezone.now())
        cls.headers = auth_headers()
        cls.log = cls.enterClassContext(tempfile.TemporaryFile("w+"))
        cls.port = cls.enterClassContext(run_gunicorn(environment(), log=cls.log))

    def _fixture_teardown(self) -> None:
        """Do not delete the rows that `setUpClass` created."""

    def assert_no_error_was_logged(self) -> None:
        """Expect no error in the log, apart from requests that Django rejects."""
        self.log.seek(0)
        errors = (line for line in self.log if "ERROR" in line)
        unexpected = [line for line in errors if "django.security" not in line]
        self.assertEqual(unexpected, [])


def environment() -> dict[str, str]:
    """Return the environment of this process without coverage measurement."""
    return environment_without_coverage() | {"D0010_ENV": "test"}
