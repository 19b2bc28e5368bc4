"""What machines share is in Redis: they count together, and it may be away."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast
from unittest import skipUnless

from django.contrib.auth.models import User
from django.core.cache import caches
from django.db import connection
from django.http import HttpResponse
from django.test import Client, TestCase, TransactionTestCase, override_settings

from config.environment import PROJECT_ROOT
from meter_readings.ops.diagnostics import run_all_checks
from meter_readings.ops.exceptions import CacheUnavailable
from meter_readings.tests import test_signing_in
from meter_readings.tests.api import test_throttling
from meter_readings.tests.api.base import PROBLEM
from meter_readings.tests.importer.test_clear import OwnMedia
from meter_readings.tests.import_helpers import imported
from meter_readings.tests.management.run_command import GOOD, run

from .redis_server import IS_HERE, IS_REQUIRED, NEEDED, RedisTestCase

PASSWORD = "correct horse battery"
PROCESSES, TIMES = 4, 50
# What one machine does: begin the count where nobody has, and add to it.
PROGRAM = f"""
import sys
from config.sharing import SharedCache
cache = SharedCache([sys.argv[1]], {{"KEY_PREFIX": "d0010:rates"}})
cache.add("count", 0)
for _ in range({TIMES}):
    cache.incr("count")
"""

needs_redis = skipUnless(IS_REQUIRED or IS_HERE, NEEDED)


def seconds_left(cache: str, key: str) -> int:
    """Return for how long Redis keeps something."""
    shared = cast(Any, caches[cache])
    return int(shared._cache.get_client().ttl(shared.make_key(key)))


@needs_redis
class CountingTests(RedisTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.cache = caches["rates"]

    def test_many_processes_count_together(self) -> None:
        command = [sys.executable, "-c", PROGRAM, self.server.url]
        programs = [
            subprocess.Popen(command, cwd=PROJECT_ROOT) for _ in range(PROCESSES)
        ]
        self.assertEqual([program.wait() for program in programs], [0] * PROCESSES)
        self.assertEqual(self.cache.get("count"), PROCESSES * TIMES)

    def test_of_many_one_begins_a_count(self) -> None:
        with ThreadPoolExecutor(8) as threads:
            added = [*threads.map(lambda _: caches["rates"].add("n", 0), range(50))]
        self.assertEqual(added.count(True), 1)

    def test_what_was_never_begun_cannot_be_counted(self) -> None:
        with self.assertRaises(ValueError):
            self.cache.incr("count")
        self.assertIsNone(self.cache.get("count"))

    def test_counting_takes_away_as_well(self) -> None:
        self.cache.add("count", 0)
        self.assertEqual(
            [self.cache.incr("count", 2), self.cache.decr("count")], [2, 1]
        )

    def test_counting_does_not_prolong_an_entry(self) -> None:
        self.cache.add("count", 0, 1)
        time.sleep(0.7)
        self.cache.incr("count")
        time.sleep(0.7)
        with self.assertRaises(ValueError):
            self.cache.incr("count")


@needs_redis
class KindsTests(RedisTestCase):
    def test_push_out_nothing_of_each_other(self) -> None:
        for name in caches.settings:
            caches[name].set("what", name)
        caches["default"].clear()
        left = {name: caches[name].get("what") for name in caches.settings}
        self.assertEqual(left, {**{name: name for name in left}, "default": None})

    def test_leave_alone_what_others_keep_there(self) -> None:
        client = cast(Any, caches["default"])._cache.get_client()
        client.set("of another site", "kept")
        caches["default"].clear()
        self.assertEqual(client.get("of another site"), b"kept")

    def test_are_kept_for_as_long_as_in_files(self) -> None:
        for name, seconds in {"default": 300, "sign_ins": 1800, "rates": 60}.items():
            caches[name].set("what", "was said")
            self.assertAlmostEqual(seconds_left(name, "what"), seconds, delta=2)

    def test_are_all_emptied_of_as_much_as_they_hold(self) -> None:
        for number in range(2500):
            caches["default"].set(str(number), number)
        caches["default"].clear()
        client = cast(Any, caches["default"])._cache.get_client()
        self.assertEqual(client.dbsize(), 0)


@needs_redis
class GuessingTests(RedisTestCase, test_signing_in.GuessingTests):
    """All that is true of guessing with counts in files or in memory, in Redis."""

    def test_no_name_of_the_cache_tells_who_it_was(self) -> None:
        self.guess(1)
        client = cast(Any, caches["sign_ins"])._cache.get_client()
        names = str(client.keys())
        self.assertIn("d0010:sign_ins:", names)
        self.assertNotIn("alice", names)

    def test_counts_last_for_longer_than_they_count(self) -> None:
        self.guess(2)
        client = cast(Any, caches["sign_ins"])._cache.get_client()
        for key in client.keys():
            self.assertGreater(client.ttl(key), 15 * 60)


@needs_redis
class UserThrottleTests(RedisTestCase, test_throttling.UserThrottleTests):
    """The rates of users, counted in Redis."""


@needs_redis
class AnonymousThrottleTests(RedisTestCase, test_throttling.AnonymousThrottleTests):
    """The rates of anonymous clients, counted in Redis."""


@needs_redis
class GuessingAtOnceTests(RedisTestCase, TransactionTestCase):
    """Twenty guesses at once, by as many threads."""

    def guess(self, number: int) -> bool:
        """Return whether a guess was looked at."""
        answer = Client().post(
            "/admin/login/?next=/", {"username": "alice", "password": str(number)}
        )
        connection.close()
        return b"Too many attempts" not in answer.content

    def test_no_more_are_looked_at_than_may(self) -> None:
        logging.disable(logging.ERROR)
        self.addCleanup(logging.disable, logging.NOTSET)
        with ThreadPoolExecutor(20) as threads:
            looked_at = [*threads.map(self.guess, range(20))]
        self.assertEqual(looked_at.count(True), 5)


class AwayTestCase(RedisTestCase, TestCase):
    def setUp(self) -> None:
        super().setUp()
        User.objects.create_superuser("alice", password=PASSWORD)

    def sign_in(self) -> HttpResponse:
        """Return what is answered to the right password."""
        return self.client.post(
            "/admin/login/?next=/", {"username": "alice", "password": PASSWORD}
        )

    def assert_later(self, response: HttpResponse) -> None:
        self.assertContains(response, "cannot be reached", status_code=503)
        self.assertEqual(response.headers["Retry-After"], "30")


@needs_redis
class AwayTests(AwayTestCase):
    def test_nobody_signs_in_uncounted(self) -> None:
        self.server.stop()
        with self.assertLogs("meter_readings.middleware", "ERROR") as logs:
            self.assert_later(self.sign_in())
        said = "Redis cannot be used (ConnectionError): check that it runs"
        self.assertIn(said, logs.output[0])
        self.assertNotIn(self.server.url, str(logs.output))

    def test_they_do_again_as_soon_as_it_is_back(self) -> None:
        self.sign_in()
        self.server.stop()
        with self.assertLogs("meter_readings.middleware", "ERROR"):
            self.assert_later(self.sign_in())
        self.server.start()
        self.assertEqual(self.sign_in().status_code, 302)

    def test_nobody_waits_for_long(self) -> None:
        self.server.hold_up()
        self.addCleanup(self.server.let_go)
        started = time.monotonic()
        with self.assertLogs("meter_readings.middleware", "ERROR"):
            self.assert_later(self.sign_in())
        self.assertLess(time.monotonic() - started, 10)

    def test_the_api_answers_503_without_redis(self) -> None:
        self.client.force_login(User.objects.get())
        self.server.stop()
        logging.disable(logging.ERROR)
        self.addCleanup(logging.disable, logging.NOTSET)
        for client in (self.client, Client()):
            response = client.get(test_throttling.READINGS)
            self.assertEqual(response.status_code, 503)
            self.assertEqual(response["Content-Type"], PROBLEM)

    def test_the_site_is_not_ready(self) -> None:
        self.assertEqual(self.client.get("/readyz").status_code, 200)
        self.server.stop()
        response = self.client.get("/readyz")
        self.assertEqual(response.status_code, 503)
        self.assertEqual(response.json(), {"ready": False, "missing": ["redis"]})

    def test_check_installation_reports_that_redis_is_unavailable(self) -> None:
        found = {each.name: each for each in run_all_checks()}["redis"]
        self.assertEqual((found.is_failure, found.message), (False, "Redis answers"))
        self.server.stop()
        found = {each.name: each for each in run_all_checks()}["redis"]
        self.assertIs(found.is_failure, True)
        self.assertIn("check that it runs, and REDIS_URL", found.message)


@needs_redis
@override_settings(SESSION_ENGINE="config.sharing")
class SessionTests(AwayTestCase):
    """Sessions on SQLite, where they are not in the database."""

    def test_are_known_to_all_machines(self) -> None:
        self.assertEqual(self.sign_in().status_code, 302)
        self.assertContains(self.client.get("/"), "alice")

    def test_do_not_end_because_redis_is_away_for_a_while(self) -> None:
        self.sign_in()
        self.server.hold_up()
        with self.assertLogs("meter_readings.middleware", "ERROR"):
            self.assert_later(self.client.get("/"))
        self.server.let_go()
        self.assertContains(self.client.get("/"), "alice")


@needs_redis
class ErasureTests(OwnMedia, RedisTestCase, TransactionTestCase):
    MPAN = "2000000000015"

    def setUp(self) -> None:
        super().setUp()
        imported(GOOD)

    def erase(self) -> Any:
        """Run the command."""
        return run("erase_mpan", self.MPAN, "--reason", "Request 17", "--yes")

    def test_leaves_nothing_in_the_cache_and_everybody_signed_in(self) -> None:
        caches["default"].set("page", self.MPAN)
        caches["sessions"].set("who", "alice")
        self.assertEqual(self.erase().code, 0)
        self.assertIsNone(caches["default"].get("page"))
        self.assertEqual(caches["sessions"].get("who"), "alice")

    def test_says_that_it_did_not_come_to_its_end(self) -> None:
        self.server.stop()
        ran = self.erase()
        self.assertEqual(ran.code, 1)
        self.assertIn("Redis cannot be used", ran.stderr)

    def test_is_brought_to_its_end_by_the_same_command(self) -> None:
        self.server.stop()
        self.erase()
        self.server.start()
        self.assertEqual(self.erase().stderr, "Nothing is held of it.\n")


@needs_redis
class WordsTests(RedisTestCase):
    def test_of_an_error_do_not_tell_what_it_was_about(self) -> None:
        self.server.stop()
        with self.assertRaises(CacheUnavailable) as raised:
            caches["default"].set("2000000000015", "1")
        self.assertNotIn("2000000000015", str(raised.exception))
