"""Redis: the same limits in Redis as in local memory, and Redis being unavailable."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import skipUnless

from django.contrib.auth.models import User
from django.test import Client, TestCase

from meter_readings.models import Meter
from meter_readings.ops.diagnostics import run_all_checks
from meter_readings.tests.answers.testcases import (
    import_reading,
    page_url,
    page_value,
)
from meter_readings.tests.api import test_throttling
from meter_readings.tests.api.base import PROBLEM
from meter_readings.tests.support.database_hooks import after_query
from meter_readings.tests.support.redis_server import (
    IS_INSTALLED,
    IS_REQUIRED,
    REQUIREMENT,
    RedisTestCase,
)

PASSWORD = "correct horse battery"
# Quoted, so that it is not the table of meter points
METERS = f'"{Meter._meta.db_table}"'

needs_redis = skipUnless(IS_REQUIRED or IS_INSTALLED, REQUIREMENT)


@needs_redis
class UserThrottleTests(RedisTestCase, test_throttling.UserThrottleTests):
    """The rates of users, counted in Redis."""


@needs_redis
class AnonymousThrottleTests(RedisTestCase, test_throttling.AnonymousThrottleTests):
    """The rates of anonymous clients, counted in Redis."""


@needs_redis
class RedisUnavailableTests(RedisTestCase, TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(User.objects.create_superuser("alice"))
        logging.disable(logging.ERROR)
        self.addCleanup(logging.disable, logging.NOTSET)

    def assert_unavailable(self, client: Client) -> None:
        """Expect the answer of the API while Redis is unavailable."""
        response = client.get(test_throttling.READINGS)
        self.assertEqual(response.status_code, 503)
        self.assertEqual(response["Content-Type"], PROBLEM)
        self.assertEqual(response["Retry-After"], "30")

    def test_the_api_answers_503_while_redis_is_stopped(self) -> None:
        self.server.stop()
        for client in (self.client, Client()):
            self.assert_unavailable(client)

    def test_the_log_names_the_error_and_not_the_url(self) -> None:
        self.server.stop()
        logging.disable(logging.NOTSET)
        with self.assertLogs("meter_readings.middleware", "ERROR") as logs:
            self.client.get(test_throttling.READINGS)
        self.assertIn("Redis cannot be used (ConnectionError).", logs.output[0])
        self.assertNotIn(self.server.url, str(logs.output))

    def test_the_api_answers_as_soon_as_redis_is_back(self) -> None:
        self.server.stop()
        self.assert_unavailable(self.client)
        self.server.start()
        response = self.client.get(test_throttling.READINGS)
        self.assertEqual(response.status_code, 200)

    def test_a_request_waits_two_seconds_for_a_redis_that_does_not_answer(self) -> None:
        self.server.pause()
        self.addCleanup(self.server.resume)
        started = time.monotonic()
        self.assert_unavailable(self.client)
        self.assertLess(time.monotonic() - started, 10)

    def test_users_sign_in_and_read_pages_while_redis_is_stopped(self) -> None:
        self.server.stop()
        User.objects.create_user("bob", password=PASSWORD, is_staff=True)
        client = Client()
        form = {"username": "bob", "password": PASSWORD}
        response = client.post("/admin/login/?next=/", form)
        self.assertEqual(response.status_code, 302)
        self.assertContains(client.get("/"), "bob")

    def test_the_page_of_a_meter_point_is_computed_while_redis_is_stopped(self) -> None:
        import_reading(1)
        self.assertEqual(page_value(self.client, page_url()), ["1.0"])
        self.server.stop()
        with self.assert_not_cached():
            self.assertEqual(page_value(self.client, page_url()), ["1.0"])

    def test_a_page_that_was_computed_is_shown_if_redis_stops_before_it_is_cached(
        self,
    ) -> None:
        import_reading(1)
        url = page_url()
        self.client.get(url)
        import_reading(2)
        with self.assert_not_cached(), after_query(METERS, self.server.stop):
            self.assertEqual(page_value(self.client, url), ["2.0"])

    def test_a_page_waits_once_for_a_redis_that_does_not_answer(self) -> None:
        import_reading(1)
        self.server.pause()
        self.addCleanup(self.server.resume)
        started = time.monotonic()
        with self.assert_not_cached():
            self.assertEqual(page_value(self.client, page_url()), ["1.0"])
        self.assertLess(time.monotonic() - started, 10)

    @contextmanager
    def assert_not_cached(self) -> Iterator[None]:
        """Expect one line in the log."""
        logging.disable(logging.NOTSET)
        with self.assertLogs("meter_readings.ops.answer_cache", "WARNING") as logs:
            yield
        self.assertEqual(len(logs.output), 1)
        self.assertRegex(logs.output[0], r"Answers are not cached \(\w+Error\)\.")

    def test_the_site_is_not_ready_while_redis_is_stopped(self) -> None:
        self.assertEqual(self.client.get("/readyz").status_code, 200)
        self.server.stop()
        response = self.client.get("/readyz")
        self.assertEqual(response.status_code, 503)
        self.assertEqual(
            response.json(), {"ready": False, "missing": ["redis"], "notices": []}
        )

    def test_the_diagnostics_report_that_redis_is_unavailable(self) -> None:
        result = {check.name: check for check in run_all_checks()}["redis"]
        self.assertEqual((result.is_failure, result.message), (False, "Redis answers"))
        self.server.stop()
        result = {check.name: check for check in run_all_checks()}["redis"]
        self.assertIs(result.is_failure, True)
        self.assertIn("Redis cannot be used (ConnectionError)", result.message)
        self.assertIn("Run: systemctl start redis-server", result.remedy)
