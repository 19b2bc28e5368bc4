"""Tests of the API and of the admin with a real replica of PostgreSQL."""

from __future__ import annotations

import json
import os
import re
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple
from unittest import skipUnless

from django.db import connection
from django.test import SimpleTestCase

from meter_readings.tests.support.flow_file_builder import mpan_core

from .pg_cluster import Cluster, Replica, programs
from .large_files import large_file
from .subprocesses import Program

IS_REQUIRED = bool(os.environ.get("D0010_PROGRAMS_REQUIRED"))
V1 = "/api/v1/"
READINGS = V1 + "readings/?page_size=1000"
METERS, DAYS = 3, 4
OF_A_FILE = METERS * DAYS


class Answer(NamedTuple):
    """A response of the site."""

    status: int
    text: str

    @property
    def rows(self) -> int:
        """Return the number of rows in the page or in the CSV file."""
        if self.text.startswith("{"):
            return len(json.loads(self.text)["results"])
        return len(self.text.splitlines()) - 1


def answer_of(program: Program, **request: Any) -> Answer:
    """Send a request to a process of the site; return its answer."""
    program.ask(**request)
    return Answer(**program.answer())


@skipUnless(
    connection.vendor == "postgresql" and (IS_REQUIRED or programs()),
    "needs PostgreSQL's own programs: initdb, pg_ctl and pg_basebackup",
)
class ReplicaTests(SimpleTestCase):
    """The replica has one file; others are imported while its replay is paused."""

    primary: Cluster
    # None before the first test and after the test that promotes it
    shared_replica: Replica | None = None

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.primary = cls.enterClassContext(Cluster())
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.environment = {
            **os.environ,
            **cls.primary.environment,
            "D0010_ENV": "development",
            "ALLOWED_HOSTS": "127.0.0.1",
            "MEDIA_ROOT": str(folder / "media"),
            "SESSION_FILE_PATH": str(folder / "sessions"),
            "DJANGO_SUPERUSER_PASSWORD": "a password for these tests",
        }
        cls.folder = folder
        cls.number = 0
        cls.console = cls.start_site()
        cls.manage("migrate", "--verbosity", "0")
        user = ["--username", "alice", "--email", "alice@example.org"]
        cls.manage("createsuperuser", "--noinput", *user)
        cls.secret = cls.token("one")

    @classmethod
    def start_site(cls, **settings: str) -> Program:
        """Start a process of the site."""
        program = Program("site_program", **cls.environment | settings)
        return cls.enterClassContext(program)

    @classmethod
    def manage(cls, *arguments: str) -> str:
        """Run a command without a replica, which must succeed; return its output."""
        answer = answer_of(cls.console, do="command", arguments=arguments)
        assert not answer.status, answer.text
        return answer.text

    @classmethod
    def token(cls, name: str) -> str:
        """Return the secret of a new token."""
        options = ["--user", "alice", "--scope", "read"]
        return cls.manage("api_token", "create", name, *options).strip()

    @classmethod
    def import_file(cls) -> None:
        """Import a file with new meters."""
        cls.number += 1
        first = cls.number * METERS
        path = cls.folder / f"replica{cls.number}.uff"
        path.write_bytes(
            large_file(
                identifier=f"REPLICA{cls.number:03}",
                meters=range(first, first + METERS),
                days=range(DAYS),
                steps=10,
            )
        )
        cls.manage("import_d0010", str(path))

    @classmethod
    def make_replica(cls) -> None:
        """Create a replica, and a process of the site that reads from it."""
        cls.shared_replica = cls.enterClassContext(Replica(cls.primary))
        cls.site = cls.start_site(
            DB_REPLICA_HOST="127.0.0.1",
            DB_REPLICA_PORT=str(cls.shared_replica.port),
        )

    def setUp(self) -> None:
        self.import_file()
        self.row_count = OF_A_FILE * self.number
        if self.shared_replica is None:
            self.make_replica()
        assert self.shared_replica is not None
        self.replica = self.shared_replica
        self.wait()
        # A user who has sent no form yet
        answer_of(self.site, do="sign in", username="alice")

    def request(self, path: str, method: str, token: str) -> Answer:
        return answer_of(self.site, do="request", path=path, method=method, token=token)

    def ask(self, path: str = READINGS, secret: str = "") -> Answer:
        """Return what the site answers to a program with a token."""
        token = secret or self.secret
        return self.request(path, "get", token)

    def browse(self, path: str, method: str = "get") -> Answer:
        """Return what the site answers to the user who is signed in."""
        return self.request(path, method, "")

    def check_installation(self) -> str:
        """Return what check_installation prints about the replica."""
        command = ["check_installation"]
        output = answer_of(self.site, do="command", arguments=command).text
        return output[output.index(" replica") :]

    def wait(self) -> None:
        """Wait until the replica has replayed everything."""
        for _ in range(300):
            if self.replica.has_all():
                return
            time.sleep(0.1)
        self.fail("The replica does not follow.")

    def pause_replay(self) -> None:
        """Pause the replica, and import a file that it does not receive."""
        self.replica.execute("SELECT pg_wal_replay_pause()")
        self.addCleanup(self.replica.execute, "SELECT pg_wal_replay_resume()")
        for _ in range(100):
            with self.replica.connect() as replica, replica.cursor() as cursor:
                cursor.execute("SELECT pg_get_wal_replay_pause_state()")
                if cursor.fetchone() == ("paused",):
                    break
            time.sleep(0.1)
        self.import_file()

    def test_stale_reads_come_from_the_replica_and_all_others_do_not(self) -> None:
        self.assertEqual(self.ask().rows, self.row_count)
        self.assertIn("the replica answers", self.check_installation())
        self.pause_replay()
        with self.subTest("readings, meters and meter points: replica"):
            self.assertEqual(self.ask().rows, self.row_count)
            for kind in ("meters", "meter-points"):
                answer = self.ask(f"{V1}{kind}/?page_size=1000")
                self.assertEqual(answer.rows, METERS * (self.number - 1), kind)
        with self.subTest("summary: replica"):
            summary = json.loads(self.ask(V1 + "readings/summary/").text)
            self.assertEqual(summary["count"], self.row_count)
        with self.subTest("streamed export: replica throughout"):
            answer = self.ask(V1 + "readings/?format=csv")
            self.assertEqual((answer.status, answer.rows), (200, self.row_count))
        with self.subTest("latest readings, which are raw SQL: replica"):
            mpan = json.loads(self.ask(V1 + "meter-points/").text)["results"][0]["mpan"]
            answer = self.ask(f"{V1}readings/latest/?mpan={mpan}")
            self.assertEqual((answer.status, answer.rows), (200, 1))
        with self.subTest("uploaded files and their readings: primary"):
            self.assertEqual(self.ask(V1 + "flow-files/").rows, self.number)
            newest = json.loads(self.ask(V1 + "flow-files/").text)["results"][0]["id"]
            answer = self.ask(f"{V1}flow-files/{newest}/readings/")
            self.assertEqual(answer.rows, OF_A_FILE)
        with self.subTest("a token that the replica does not have: primary"):
            answer = self.ask(secret=self.token(f"new {self.number}"))
            self.assertEqual((answer.status, answer.rows), (200, self.row_count))
        with self.subTest("the replica has everything after it resumes"):
            self.replica.execute("SELECT pg_wal_replay_resume()")
            self.wait()
            self.assertEqual(self.ask().rows, self.row_count + OF_A_FILE)

    def test_answer_of_a_replica_that_lags_is_not_used_when_it_has_followed(
        self,
    ) -> None:
        """It is cached under the old version, which the replica has as well."""
        mpan = mpan_core(METERS * (self.number + 1))
        new = f"{V1}meter-points/?mpan={mpan}"
        self.pause_replay()
        for _ in range(2):
            self.assertEqual(self.ask(new).rows, 0)
        self.replica.execute("SELECT pg_wal_replay_resume()")
        self.wait()
        self.assertEqual(self.ask(new).rows, 1)

    def test_admin_pages_come_from_the_replica_until_the_user_sends_a_form(
        self,
    ) -> None:
        old, new = (f"LF{METERS * each:06}" for each in (self.number, self.number + 1))
        self.pause_replay()
        meters = "/admin/meter_readings/meter/"
        with self.subTest("list, search and page of a meter: replica"):
            page = self.browse(meters).text
            self.assertIn(old, page)
            self.assertNotIn(new, page)
            self.assertIn("0 meters", self.browse(f"{meters}?q={new}").text)
            pk = re.search(r"/meter/(\d+)/change/", page)
            assert pk
            self.assertEqual(self.browse(f"{meters}{pk[1]}/change/").status, 200)
        with self.subTest("flow files: primary"):
            page = self.browse("/admin/meter_readings/flowfile/").text
            self.assertIn(f"replica{self.number}.uff", page)
            pk = re.search(r"/flowfile/(\d+)/change/", page)
            assert pk
            readings = f"/admin/meter_readings/reading/?flow_file={pk[1]}"
            self.assertIn(new, self.browse(readings).text)
        with self.subTest("after a form was sent: primary"):
            self.assertEqual(self.browse(meters, "post").status, 200)
            self.assertIn(new, self.browse(meters).text)

    def test_stale_reads_answer_503_while_the_replica_is_stopped(self) -> None:
        self.replica.stop()
        self.addCleanup(self.replica.start)
        self.assertEqual(self.ask().status, 503)
        self.assertEqual(self.browse("/admin/meter_readings/meter/").status, 503)
        self.assertEqual(self.ask(V1 + "flow-files/").status, 200)
        self.assertEqual(self.browse("/").status, 200)
        self.assertIn("the check failed", self.check_installation())

    def test_check_installation_reports_a_replica_that_was_promoted(self) -> None:
        type(self).shared_replica = None
        self.replica.promote()
        self.assertIn("it is a primary itself", self.check_installation())
