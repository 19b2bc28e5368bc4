"""Throttling: 429 and Retry-After above a rate."""

from __future__ import annotations

import logging
from typing import Any
from unittest.mock import patch

from django.contrib.auth.models import Group, User
from django.core.cache import caches
from django.http import HttpResponse
from django.test import Client, SimpleTestCase, TestCase, override_settings
from django.utils import timezone
from rest_framework.throttling import SimpleRateThrottle

from meter_readings.accounts import api_tokens
from meter_readings.models import ApiToken
from meter_readings.tests.api.base import PROBLEM, V1

READINGS = V1 + "readings/"
RATES = {"read": "3/min", "import": "1/min", "anon": "3/min"}
NOW = 1_790_000_055.0


class ThrottleTestCase(SimpleTestCase):
    """Low rates and a clock that stands still."""

    def setUp(self) -> None:
        super().setUp()
        self.enterContext(patch.dict(SimpleRateThrottle.THROTTLE_RATES, RATES))
        self.set_clock(NOW)
        for cache in caches.all():
            cache.clear()
            self.addCleanup(cache.clear)
        logging.disable(logging.ERROR)
        self.addCleanup(logging.disable, logging.NOTSET)

    def set_clock(self, now: float) -> None:
        self.enterContext(patch.object(SimpleRateThrottle, "timer", lambda _: now))

    def expect_throttled(self, response: HttpResponse) -> None:
        """Expect 429, with Retry-After a minute after the first request."""
        self.assertEqual(response.status_code, 429)
        self.assertEqual(response["Content-Type"], PROBLEM)
        self.assertEqual(response["Retry-After"], "60")
        self.assertEqual(
            response.json()["detail"],
            "Too many requests. Wait as many seconds as Retry-After says.",
        )


def secret_of(
    user: User, name: str = "one", scope: ApiToken.Scope = ApiToken.Scope.READ
) -> str:
    """Return the secret of a new token."""
    now = timezone.now()
    return api_tokens.create_token(user=user, name=name, scope=scope, days=1, now=now)[
        1
    ]


class UserThrottleTests(ThrottleTestCase, TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.user = User.objects.create_user("program")
        cls.user.groups.set(Group.objects.filter(name="Integration"))
        cls.secret = secret_of(cls.user)

    def get(self, secret: str = "", url: str = READINGS, **more: str) -> HttpResponse:
        """Return the response to a request with a token."""
        headers = {"Authorization": f"Bearer {secret or self.secret}", **more}
        return Client().get(url, headers=headers)

    def statuses(self, times: int, **options: str) -> list[int]:
        """Return the statuses of several requests."""
        return [self.get(**options).status_code for _ in range(times)]

    def upload(self) -> HttpResponse:
        """Return the response to an upload without a file, with an import token."""
        secret = secret_of(self.user, timezone.now().isoformat(), ApiToken.Scope.IMPORT)
        headers = {"Authorization": f"Bearer {secret}"}
        return Client().post(V1 + "flow-files/", headers=headers)

    def test_a_user_above_the_read_rate_gets_429(self) -> None:
        self.assertEqual(self.statuses(3), [200, 200, 200])
        self.expect_throttled(self.get())

    def test_a_user_may_read_again_after_a_minute(self) -> None:
        self.statuses(4)
        self.set_clock(NOW + 59)
        self.assertEqual(self.statuses(1), [429])
        self.set_clock(NOW + 60)
        self.assertEqual(self.statuses(4), [200, 200, 200, 429])

    def test_all_tokens_of_a_user_share_one_rate(self) -> None:
        self.statuses(3)
        self.expect_throttled(self.get(secret_of(self.user, "other")))

    def test_a_session_shares_the_rate_of_its_user(self) -> None:
        self.statuses(3)
        client = Client()
        client.force_login(self.user)
        self.expect_throttled(client.get(READINGS))

    def test_each_user_has_a_rate_of_its_own(self) -> None:
        self.statuses(4)
        secret = secret_of(User.objects.create_superuser("other"))
        self.assertEqual(self.statuses(1, secret=secret), [200])

    def test_reading_and_importing_have_separate_rates(self) -> None:
        self.assertEqual(self.statuses(3), [200, 200, 200])
        self.assertEqual(self.upload().status_code, 400)
        self.expect_throttled(self.upload())

    def test_requests_with_invalid_parameters_count(self) -> None:
        url = READINGS + "?colour=red"
        self.assertEqual(self.statuses(4, url=url), [400, 400, 400, 429])

    def test_requests_for_the_schema_count(self) -> None:
        self.statuses(3, url=V1 + "schema/")
        self.expect_throttled(self.get())

    def test_a_forwarded_address_does_not_change_the_rate_of_a_user(self) -> None:
        self.statuses(3)
        self.expect_throttled(self.get(**{"X-Forwarded-For": "192.0.2.9"}))


class EvictionTests(ThrottleTestCase, TestCase):
    """Local memory has a largest number of entries, and evicts others above it."""

    def test_clients_without_credentials_cannot_evict_the_counters_of_users(
        self,
    ) -> None:
        client = Client()
        client.force_login(User.objects.create_superuser("alice"))
        for _ in range(3):
            self.assertEqual(client.get(READINGS).status_code, 200)
        with self.settings(BEHIND_PROXY=True):
            Client().get(READINGS, headers={"X-Forwarded-For": "192.0.2.1"})
        [key] = caches["anonymous"]._cache
        for number in range(20_000):
            caches["anonymous"].set(f"{key}{number}", [NOW])
        self.expect_throttled(client.get(READINGS))


@override_settings(BEHIND_PROXY=True)
class AnonymousThrottleTests(ThrottleTestCase, TestCase):
    def get(self, forwarded_for: str = "192.0.2.1", **headers: str) -> HttpResponse:
        """Return the response to a client whose address the proxy appends."""
        return Client().get(
            READINGS, headers={"X-Forwarded-For": forwarded_for, **headers}
        )

    def statuses(self, times: int, **options: Any) -> list[int]:
        """Return the statuses of several requests."""
        return [self.get(**options).status_code for _ in range(times)]

    def test_a_client_without_credentials_gets_429_above_the_rate(self) -> None:
        self.assertEqual(self.statuses(3), [401, 401, 401])
        self.expect_throttled(self.get())

    def test_a_client_that_guesses_tokens_gets_429_above_the_rate(self) -> None:
        for number in range(3):
            self.get(Authorization=f"Bearer d0010_{number:064x}")
        self.expect_throttled(self.get(Authorization=f"Bearer d0010_{4:064x}"))

    def test_each_client_ip_has_a_rate_of_its_own(self) -> None:
        self.statuses(4)
        self.assertEqual(self.statuses(1, forwarded_for="192.0.2.2"), [401])

    def test_addresses_written_by_the_client_do_not_change_its_rate(self) -> None:
        for number in range(3):
            self.get(f"198.51.100.{number}, 192.0.2.1")
        self.expect_throttled(self.get("203.0.113.7, 192.0.2.1"))

    def test_a_valid_token_is_accepted_from_a_throttled_address(self) -> None:
        self.statuses(4)
        secret = secret_of(User.objects.create_superuser("alice"))
        self.assertEqual(self.statuses(1, Authorization=f"Bearer {secret}"), [200])

    def test_clients_without_a_known_ip_share_one_rate(self) -> None:
        self.statuses(3, forwarded_for="")
        self.expect_throttled(self.get("nonsense"))
