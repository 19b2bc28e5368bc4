"""Who asks too much in a minute is told to wait, and for how long."""

from __future__ import annotations

import logging
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.contrib.auth.models import Group, User
from django.core.cache import caches
from django.http import HttpResponse
from django.test import Client, SimpleTestCase, TestCase, override_settings
from django.utils import timezone

from config.caches import settings as cache_settings
from meter_readings import tokens
from meter_readings.api import rates
from meter_readings.models import ApiToken
from meter_readings.tests.api.base import PROBLEM, V1

READINGS = V1 + "readings/"
# A minute begins at each multiple of 60; this is 15 seconds into one.
NOW = 1_790_000_055.0


class RateTestCase(SimpleTestCase):
    """The clock stands still."""

    def setUp(self) -> None:
        self.enterContext(patch.object(rates.time, "time", return_value=NOW))
        for name in ("rates", "strangers"):
            caches[name].clear()
            self.addCleanup(caches[name].clear)
        logging.disable(logging.ERROR)
        self.addCleanup(logging.disable, logging.NOTSET)

    def later(self, seconds: int) -> None:
        """Let time go by."""
        self.enterContext(patch.object(rates.time, "time", return_value=NOW + seconds))

    def expect_to_wait(self, response: HttpResponse) -> None:
        """Expect that who asked is told to wait until the minute is over."""
        self.assertEqual(response.status_code, 429)
        self.assertEqual(response["Content-Type"], PROBLEM)
        self.assertEqual(response["Retry-After"], "45")
        self.assertEqual(
            response.json()["detail"],
            "Too many requests. Wait as many seconds as Retry-After says.",
        )


@override_settings(API_RATE_READ=3, API_RATE_IMPORT=1)
class UserTests(RateTestCase, TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.user = User.objects.create_user("program")
        cls.user.groups.set(Group.objects.filter(name="Integration"))
        cls.secret = cls.secret_of(cls.user)

    @staticmethod
    def secret_of(
        user: User, name: str = "one", scope: ApiToken.Scope = ApiToken.Scope.READ
    ) -> str:
        """Return the secret of a new token."""
        now = timezone.now()
        return tokens.make_token(user=user, name=name, scope=scope, days=1, now=now)[1]

    def ask(self, secret: str = "", address: str = READINGS) -> HttpResponse:
        """Return what a program is answered."""
        headers = {"Authorization": f"Bearer {secret or self.secret}"}
        return Client().get(address, headers=headers)

    def statuses(self, times: int, **asked: str) -> list[int]:
        """Return with which statuses so many requests are answered."""
        return [self.ask(**asked).status_code for _ in range(times)]

    def test_after_so_many_requests_a_program_has_to_wait(self) -> None:
        self.assertEqual(self.statuses(3), [200, 200, 200])
        self.expect_to_wait(self.ask())

    def test_when_the_minute_is_over_it_may_go_on(self) -> None:
        self.statuses(4)
        self.later(44)
        self.assertEqual(self.statuses(1), [429])
        self.later(45)
        self.assertEqual(self.statuses(4), [200, 200, 200, 429])

    def test_all_tokens_of_a_user_count_together(self) -> None:
        self.statuses(3)
        self.expect_to_wait(self.ask(self.secret_of(self.user, "other")))

    def test_a_session_of_the_user_counts_with_them(self) -> None:
        self.statuses(3)
        client = Client()
        client.force_login(self.user)
        self.expect_to_wait(client.get(READINGS))

    def test_users_do_not_count_together(self) -> None:
        self.statuses(4)
        secret = self.secret_of(User.objects.create_superuser("other"))
        self.assertEqual(self.statuses(1, secret=secret), [200])

    def test_scopes_do_not_count_together(self) -> None:
        self.assertEqual(rates.of_user(self.user, "import").asked, 1)
        self.assertEqual(self.statuses(3), [200, 200, 200])
        self.assertIs(rates.of_user(self.user, "import").is_exceeded, True)

    def test_what_is_refused_counts_as_well(self) -> None:
        self.user.groups.clear()
        self.assertEqual(self.statuses(4), [403, 403, 403, 429])

    def test_what_makes_no_sense_counts_as_well(self) -> None:
        wrong = READINGS + "?colour=red"
        self.assertEqual(self.statuses(4, address=wrong), [400, 400, 400, 429])

    def test_the_description_counts_as_well(self) -> None:
        self.statuses(3, address=V1 + "schema/")
        self.expect_to_wait(self.ask())

    def test_each_answer_says_how_much_is_left(self) -> None:
        response = self.ask()
        self.assertEqual(response["RateLimit-Policy"], '"read";q=3;w=60')
        self.assertEqual(response["RateLimit"], '"read";r=2;t=45')

    def test_a_refusal_says_that_nothing_is_left(self) -> None:
        self.statuses(5)
        self.assertEqual(self.ask()["RateLimit"], '"read";r=0;t=45')

    def test_an_address_that_somebody_writes_down_changes_nothing(self) -> None:
        self.statuses(3)
        headers = {
            "Authorization": f"Bearer {self.secret}",
            "X-Forwarded-For": "192.0.2.9",
        }
        self.expect_to_wait(Client().get(READINGS, headers=headers))

    def test_where_nothing_can_be_counted_all_are_let_in(self) -> None:
        file = self.enterContext(tempfile.NamedTemporaryFile())
        kept = cache_settings(Path(file.name, "no-folder"), is_production=True)
        with self.settings(CACHES=kept):
            self.assertEqual(self.statuses(5), [200] * 5)

    def test_a_count_that_was_pushed_out_begins_anew(self) -> None:
        with patch.object(type(caches["rates"]), "incr", side_effect=ValueError):
            self.assertEqual(self.statuses(5), [200] * 5)


@override_settings(API_RATE_UNKNOWN=3, BEHIND_PROXY=True)
class StrangerTests(RateTestCase, TestCase):
    def ask(self, forwarded_for: str = "192.0.2.1", **headers: str) -> HttpResponse:
        """Return what somebody unknown is answered, and what the proxy says of him."""
        return Client().get(
            READINGS, headers={"X-Forwarded-For": forwarded_for, **headers}
        )

    def statuses(self, times: int, **asked: Any) -> list[int]:
        """Return with which statuses so many requests are answered."""
        return [self.ask(**asked).status_code for _ in range(times)]

    def test_who_shows_nothing_again_and_again_has_to_wait(self) -> None:
        self.assertEqual(self.statuses(3), [401, 401, 401])
        self.expect_to_wait(self.ask())

    def test_who_tries_tokens_has_to_wait(self) -> None:
        for number in range(3):
            self.ask(Authorization=f"Bearer d0010_{number:064x}")
        self.expect_to_wait(self.ask(Authorization=f"Bearer d0010_{4:064x}"))

    def test_another_address_does_not(self) -> None:
        self.statuses(4)
        self.assertEqual(self.statuses(1, forwarded_for="192.0.2.2"), [401])

    def test_the_address_is_what_the_proxy_says_last(self) -> None:
        for made_up in range(3):
            self.ask(f"198.51.100.{made_up}, 192.0.2.1")
        self.expect_to_wait(self.ask("203.0.113.7, 192.0.2.1"))

    def test_who_is_known_is_never_held_up_by_them(self) -> None:
        self.statuses(4)
        user = User.objects.create_superuser("alice")
        secret = UserTests.secret_of(user)
        self.assertEqual(self.statuses(1, Authorization=f"Bearer {secret}"), [200])

    def test_those_whose_address_is_not_known_count_together(self) -> None:
        self.statuses(3, forwarded_for="")
        self.expect_to_wait(self.ask("nonsense"))


@override_settings(API_RATE_UNKNOWN=10)
class AtOnceTests(RateTestCase):
    """Fifty requests at once, counted in files as in production."""

    def test_no_more_get_in_than_may(self) -> None:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        kept = cache_settings(folder, is_production=True)
        with self.settings(CACHES=kept), ThreadPoolExecutor(50) as threads:
            answers = threads.map(lambda _: Client().get(READINGS), range(50))
            statuses = [answer.status_code for answer in answers]
        self.assertEqual((statuses.count(401), statuses.count(429)), (10, 40))
