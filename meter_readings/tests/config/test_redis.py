"""Redis: the same limits in Redis as in local memory, and Redis being unavailable."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from unittest import skipUnless

from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponse
from django.test import Client, TestCase, TransactionTestCase

from meter_readings.ops.diagnostics import run_all_checks
from meter_readings.tests.accounts import test_login
from meter_readings.tests.api import test_throttling
from meter_readings.tests.api.base import PROBLEM
from meter_readings.tests.support.redis_server import (
    IS_INSTALLED,
    IS_REQUIRED,
    REQUIREMENT,
    RedisTestCase,
)

PASSWORD = "correct horse battery"

needs_redis = skipUnless(IS_REQUIRED or IS_INSTALLED, REQUIREMENT)


@needs_redis
class LoginAttemptTests(RedisTestCase, test_login.LoginAttemptTests):
    """The limits on wrong passwords, counted in Redis."""


@needs_redis
class UserThrottleTests(RedisTestCase, test_throttling.UserThrottleTests):
    """The rates of users, counted in Redis."""


@needs_redis
class AnonymousThrottleTests(RedisTestCase, test_throttling.AnonymousThrottleTests):
    """The rates of anonymous clients, counted in Redis."""


@needs_redis
class ParallelLoginTests(RedisTestCase, TransactionTestCase):
    def guess(self, number: int) -> bool:
        """Return whether the password of an attempt was checked."""
        response = Client().post(
            "/admin/login/?next=/", {"username": "alice", "password": str(number)}
        )
        connection.close()
        return b"Too many attempts" not in response.content

    def test_twenty_parallel_attempts_check_five_passwords(self) -> None:
        logging.disable(logging.ERROR)
        self.addCleanup(logging.disable, logging.NOTSET)
        with ThreadPoolExecutor(20) as threads:
            checked = [*threads.map(self.guess, range(20))]
        self.assertEqual(checked.count(True), 5)


@needs_redis
class RedisUnavailableTests(RedisTestCase, TestCase):
    def setUp(self) -> None:
        super().setUp()
        User.objects.create_superuser("alice", password=PASSWORD)

    def log_in(self) -> HttpResponse:
        """Return the response to the right password."""
        return self.client.post(
            "/admin/login/?next=/", {"username": "alice", "password": PASSWORD}
        )

    def assert_unavailable(self, response: HttpResponse) -> None:
        self.assertContains(
            response, "The cache cannot be reached at the moment.", status_code=503
        )
        self.assertEqual(response.headers["Retry-After"], "30")

    def test_signing_in_answers_503_while_redis_is_stopped(self) -> None:
        self.server.stop()
        with self.assertLogs("meter_readings.middleware", "ERROR") as logs:
            self.assert_unavailable(self.log_in())
        self.assertIn("Redis cannot be used (ConnectionError).", logs.output[0])
        self.assertNotIn(self.server.url, str(logs.output))

    def test_users_sign_in_as_soon_as_redis_is_back(self) -> None:
        self.log_in()
        self.server.stop()
        with self.assertLogs("meter_readings.middleware", "ERROR"):
            self.assert_unavailable(self.log_in())
        self.server.start()
        self.assertEqual(self.log_in().status_code, 302)

    def test_a_signed_in_user_stays_signed_in_while_redis_is_stopped(self) -> None:
        self.log_in()
        self.server.stop()
        self.assertContains(self.client.get("/"), "alice")

    def test_a_request_waits_two_seconds_for_a_redis_that_does_not_answer(self) -> None:
        self.server.pause()
        self.addCleanup(self.server.resume)
        started = time.monotonic()
        with self.assertLogs("meter_readings.middleware", "ERROR"):
            self.assert_unavailable(self.log_in())
        self.assertLess(time.monotonic() - started, 10)

    def test_the_api_answers_503_while_redis_is_stopped(self) -> None:
        self.client.force_login(User.objects.get())
        self.server.stop()
        logging.disable(logging.ERROR)
        self.addCleanup(logging.disable, logging.NOTSET)
        for client in (self.client, Client()):
            response = client.get(test_throttling.READINGS)
            self.assertEqual(response.status_code, 503)
            self.assertEqual(response["Content-Type"], PROBLEM)

    def test_the_site_is_not_ready_while_redis_is_stopped(self) -> None:
        self.assertEqual(self.client.get("/readyz").status_code, 200)
        self.server.stop()
        response = self.client.get("/readyz")
        self.assertEqual(response.status_code, 503)
        self.assertEqual(response.json(), {"ready": False, "missing": ["redis"]})

    def test_the_diagnostics_report_that_redis_is_unavailable(self) -> None:
        result = {check.name: check for check in run_all_checks()}["redis"]
        self.assertEqual((result.is_failure, result.message), (False, "Redis answers"))
        self.server.stop()
        result = {check.name: check for check in run_all_checks()}["redis"]
        self.assertIs(result.is_failure, True)
        self.assertIn("Redis cannot be used (ConnectionError)", result.message)
        self.assertIn("Check that it runs, and REDIS_URL", result.remedy)
