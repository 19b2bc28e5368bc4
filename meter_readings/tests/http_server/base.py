"""A gunicorn on the test's database, with the sample files in it."""

from __future__ import annotations

import os
import tempfile
from typing import IO, ClassVar

from django.core.management import call_command
from django.test import TransactionTestCase
from django.utils import timezone

from config.environment import PROJECT_ROOT
from meter_readings.benchmarks.client import auth_headers
from meter_readings.benchmarks.gunicorn import run_gunicorn
from meter_readings.tests.import_helpers import import_text

SAMPLES = sorted((PROJECT_ROOT / "sample_data").glob("*.uff"))


class ServedTestCase(TransactionTestCase):
    """The site at `port`; `headers` sign in somebody who may do anything.

    The database is filled once for the class, so its tests change nothing in it that
    another would miss.
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
        """Leave the database as it is: what the class needs is there once."""

    def assert_no_mistake_was_logged(self) -> None:
        """Look at what the server has said so far: what Django refuses is none."""
        self.log.seek(0)
        wrong = (line for line in self.log if "ERROR" in line)
        said = [line for line in wrong if "django.security" not in line]
        self.assertEqual(said, [])


def environment() -> dict[str, str]:
    """Return that of this process, without what makes one measure its coverage."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("COVERAGE_PROCESS")
    }
    return ours | {"DEBUG": "0"}
