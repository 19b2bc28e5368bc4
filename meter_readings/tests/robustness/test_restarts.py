"""PostgreSQL restarts during an import: a file is stored whole or not at all."""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from unittest import skipUnless

from django.db import connection
from django.test import SimpleTestCase

from . import SEED, amount, say
from .pg_cluster import Cluster, programs
from .large_files import large_file
from .live_site import Answer, Site

RESTARTS = amount("D0010_RESTARTS", 1)

_METERS, _DAYS = 200, 50

_ROWS = """
SELECT (SELECT COUNT(*) FROM meter_readings_flowfile WHERE status = 'imported'),
    (SELECT COUNT(*) FROM meter_readings_reading),
    (SELECT COUNT(*) FROM meter_readings_sitevisit)
"""

IS_REQUIRED = bool(os.environ.get("D0010_PROGRAMS_REQUIRED"))


@skipUnless(
    connection.vendor == "postgresql" and (IS_REQUIRED or programs()),
    "needs PostgreSQL's own programs: initdb and pg_ctl",
)
class RestartTests(SimpleTestCase):
    """Files with 10,000 readings, each for the same meters and times."""

    def setUp(self) -> None:
        self.rng = random.Random(SEED)
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.cluster = self.enterContext(Cluster())
        self.site = Site(self.folder, **self.cluster.environment)
        self.site.prepare()
        self.enterContext(self.site.serving())
        self.site.sign_in()
        self.file_count = 0

    def test_postgresql_restart_leaves_all_of_a_file_or_none_and_the_site_recovers(
        self,
    ) -> None:
        results: Counter[str] = Counter()
        started = time.monotonic()
        self._import_undisturbed()
        length = time.monotonic() - started
        for number in range(1, RESTARTS + 1):
            delay = length * self.rng.uniform(0.2, 1)
            with self.subTest(seed=SEED, restart=number, delay=delay):
                results[self._restart_during_import(number, delay)] += 1
        say(f"{RESTARTS} restarts of PostgreSQL during imports: {dict(results)}")

    def _import_undisturbed(self) -> None:
        self.assertEqual(self.site.run("import_d0010", self._file(0)).returncode, 0)
        self.file_count += 1
        self._assert_stored()

    def _restart_during_import(self, number: int, delay: float) -> str:
        """Stop the server during an import, check all messages, and import again."""
        path = self._file(number)
        with self.site.start("import_d0010", path) as process:
            time.sleep(delay)
            self.cluster.stop()
            try:
                self._assert_unavailable(self.site.get("/admin/"))
            finally:
                self.cluster.start()
            out, err = process.communicate()
        self.assertEqual(self.site.get("/admin/").status, 200)
        result = self._assert_reported(process.returncode, out, err)
        if process.returncode == 0:
            self.file_count += 1
            self._assert_stored()
        again = self.site.run("import_d0010", path)
        self.assertEqual(again.returncode, 0, again.stderr)
        # The commit may have succeeded although the command failed.
        was_stored = "already imported" in again.stdout
        if process.returncode:
            self.file_count += 1
            result = "committed without a report" if was_stored else result
        else:
            self.assertTrue(was_stored)
        self._assert_stored()
        return result

    def _assert_unavailable(self, answer: Answer) -> None:
        self.assertEqual(answer.status, 503, answer.text)
        self.assertEqual(answer.headers["Retry-After"], "30")

    def _assert_reported(self, code: int, out: str, err: str) -> str:
        """Expect a message about the result; return the result."""
        self.assertNotIn("Traceback", err)
        if code == 0:
            self.assertIn("imported as #", out)
            return "imported"
        self.assertEqual(code, 1, err)
        self.assertIn("The database cannot be reached.", err)
        self.assertIn("Check that it runs", err)
        return "interrupted"

    def _assert_stored(self) -> None:
        """Expect every stored file to be complete, without repeated readings."""
        with closing(self.cluster.connect()) as database:
            with database.cursor() as cursor:
                cursor.execute(_ROWS)
                rows = cursor.fetchone()
        readings = self.file_count * _METERS * _DAYS
        self.assertEqual(rows, (self.file_count, readings, self.file_count * _METERS))

    def _file(self, number: int) -> str:
        path = self.folder / f"restart{number:03}.uff"
        data = large_file(
            identifier=f"RESTART{number:03}",
            meters=range(_METERS),
            days=range(_DAYS),
            steps=10 + number,
        )
        path.write_bytes(data)
        return str(path)
