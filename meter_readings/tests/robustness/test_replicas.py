"""A replica answers what may be old; where it is away or late, the primary does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple
from unittest import skipUnless

from django.db import connection
from django.test import SimpleTestCase

from config.environment import PROJECT_ROOT

from .pg_cluster import Cluster, Replica, programs
from .large_files import large_file

IS_REQUIRED = bool(os.environ.get("D0010_DRILLS_REQUIRED"))
V1 = "/api/v1/"
FIGURES = "a-token-that-is-known-to-these-tests"
READINGS = V1 + "readings/?page_size=1000"
METERS, DAYS = 3, 4
OF_A_FILE = METERS * DAYS

# One process of the site, which keeps its connections from one request to the next.
SITE = """
import json, sys
from config import environment
environment.prepare(default_environment="development")
import django
django.setup()
from django.db import close_old_connections
from django.test import Client
for line in sys.stdin:
    secret, path = line.split()
    close_old_connections()
    headers = {"Authorization": "Bearer " + secret, "Host": "127.0.0.1"}
    answer = Client().get(path, headers=headers)
    text = b"".join(answer).decode()
    answer.close()
    print(json.dumps([answer.status_code, text]), flush=True)
"""


class Answer(NamedTuple):
    """What the site answers."""

    status: int
    text: str

    @property
    def rows(self) -> int:
        """Return how many rows come in it, in all of its pages or the first."""
        if self.text.startswith("{"):
            return len(json.loads(self.text)["results"])
        return len(self.text.splitlines()) - 1


@skipUnless(
    connection.vendor == "postgresql" and (IS_REQUIRED or programs()),
    "needs PostgreSQL's own programs: initdb, pg_ctl and pg_basebackup",
)
class ReplicaTests(SimpleTestCase):
    """Each with a file that the replica has, and others that it may not have yet."""

    primary: Cluster

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
            "CACHE_DIR": str(folder / "cache"),
            "METRICS_TOKEN": FIGURES,
        }
        cls.folder = folder
        cls.number = 0
        cls.manage("migrate", "--verbosity", "0")
        user = ["createsuperuser", "--noinput", "--username", "alice"]
        cls.manage(*user, "--email", "alice@example.org")
        cls.secret = cls.token("one")

    @classmethod
    def manage(cls, *words: str, **more: str) -> str:
        """Run a command of the site, which must succeed; return what it says."""
        result = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=PROJECT_ROOT,
            env=cls.environment | {"DJANGO_SUPERUSER_PASSWORD": "of a drill"} | more,
            capture_output=True,
            text=True,
            check=False,
        )
        assert not result.returncode, result.stderr
        return result.stdout

    @classmethod
    def token(cls, name: str) -> str:
        """Return the secret of a new token."""
        words = ["create_api_token", name, "--user", "alice", "--scope", "read"]
        made = cls.manage(*words)
        return made.split()[-1]

    @classmethod
    def import_file(cls) -> None:
        """Import a file of other meters than those before."""
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

    def setUp(self) -> None:
        self.import_file()
        self.held = OF_A_FILE * self.number
        self.replica = self.enterContext(Replica(self.primary))
        self.site = self.process()
        self.wait()

    def where(self, seconds: int) -> dict[str, str]:
        """Return the settings of a replica that may be so far behind."""
        return {
            "DB_REPLICA_HOST": "127.0.0.1",
            "DB_REPLICA_PORT": str(self.replica.port),
            "DB_REPLICA_MAX_LAG": str(seconds),
        }

    def process(self, seconds: int = 3600) -> Any:
        """Start a process of the site that takes a replica so far behind."""
        process = subprocess.Popen(
            [sys.executable, "-c", SITE],
            cwd=PROJECT_ROOT,
            env=self.environment | self.where(seconds),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.addCleanup(process.wait)
        self.addCleanup(process.communicate)
        return process

    def ask(self, path: str = READINGS, secret: str = "", site: Any = None) -> Answer:
        """Return what a process of the site answers."""
        site = site or self.site
        site.stdin.write(f"{secret or self.secret} {path}\n")
        site.stdin.flush()
        return Answer(*json.loads(site.stdout.readline()))

    def lag(self) -> str:
        """Return what is told of the replica in figures."""
        text = self.ask("/metrics", FIGURES).text
        return text.partition("\nd0010_replica_lag_seconds ")[2].split("\n")[0]

    def looked_at(self) -> str:
        """Return what is said of the replica to who looks at the installation."""
        words = [sys.executable, "manage.py", "validate_installation"]
        result = subprocess.run(
            words,
            cwd=PROJECT_ROOT,
            env=self.environment | self.where(seconds=1),
            capture_output=True,
            text=True,
            check=False,
        )
        said = result.stdout + result.stderr
        return said[said.index(" replica") :]

    def wait(self) -> None:
        """Wait until the replica has everything."""
        for _ in range(300):
            if self.replica.has_all():
                return
            time.sleep(0.1)
        self.fail("The replica does not follow.")

    def hold_up(self) -> None:
        """Let the replica stand still, and import a file that it does not get."""
        self.replica.tell("SELECT pg_wal_replay_pause()")
        for _ in range(100):
            with self.replica.connect() as asked, asked.cursor() as cursor:
                cursor.execute("SELECT pg_get_wal_replay_pause_state()")
                if cursor.fetchone() == ("paused",):
                    break
            time.sleep(0.1)
        self.import_file()

    def test_answers_what_may_be_old(self) -> None:
        self.assertEqual(self.ask().rows, self.held)
        self.hold_up()
        with self.subTest("readings, meters and meter points"):
            self.assertEqual(self.ask().rows, self.held)
            for kind in ("meters", "meter-points"):
                answer = self.ask(f"{V1}{kind}/?page_size=1000")
                self.assertEqual(answer.rows, METERS * (self.number - 1), kind)
        with self.subTest("a summary"):
            summary = json.loads(self.ask(V1 + "readings/summary/").text)
            self.assertEqual(summary["count"], self.held)
        with self.subTest("an export, which is one moment of the replica"):
            answer = self.ask(V1 + "readings/?format=csv")
            self.assertEqual((answer.status, answer.rows), (200, self.held))
        with self.subTest("registers, which are found by no model"):
            mpan = json.loads(self.ask(V1 + "meter-points/").text)["results"][0]["mpan"]
            answer = self.ask(f"{V1}readings/latest/?mpan={mpan}")
            self.assertEqual((answer.status, answer.rows), (200, 1))
        with self.subTest("files, which who sent them looks for"):
            self.assertEqual(self.ask(V1 + "flow-files/").rows, self.number)
            newest = json.loads(self.ask(V1 + "flow-files/").text)["results"][0]["id"]
            answer = self.ask(f"{V1}flow-files/{newest}/readings/")
            self.assertEqual(answer.rows, OF_A_FILE)
        with self.subTest("a token that the replica does not know"):
            answer = self.ask(secret=self.token(f"new {self.number}"))
            self.assertEqual((answer.status, answer.rows), (200, self.held))
        with self.subTest("that it may not be so old"):
            site = self.process(seconds=1)
            time.sleep(1)
            self.assertEqual(self.ask(site=site).rows, self.held + OF_A_FILE)
        with self.subTest("how far behind it is"):
            self.assertGreater(float(self.lag()), 1)
            self.assertIn("behind, and the primary answers alone", self.looked_at())
        with self.subTest("once it goes on, it has all"):
            self.replica.tell("SELECT pg_wal_replay_resume()")
            self.wait()
            self.assertEqual(self.ask().rows, self.held + OF_A_FILE)
            self.assertEqual(self.lag(), "0")
            self.assertIn("0 seconds behind", self.looked_at())

    def test_that_is_away_is_missed_by_nobody(self) -> None:
        self.assertEqual(self.ask().rows, self.held)
        self.replica.stop()
        self.addCleanup(self.replica.start)
        self.import_file()
        answer = self.ask()
        self.assertEqual((answer.status, answer.rows), (200, self.held + OF_A_FILE))
        answer = self.ask(V1 + "readings/?format=csv")
        self.assertEqual((answer.status, answer.rows), (200, self.held + OF_A_FILE))

        self.assertEqual(self.lag(), "inf")
        self.assertIn("it cannot be used", self.looked_at())

    def test_that_became_a_primary_itself_is_asked_no_more(self) -> None:
        self.replica.promote()
        self.import_file()
        self.assertEqual(self.ask().rows, self.held + OF_A_FILE)
