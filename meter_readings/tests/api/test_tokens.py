"""Tokens at the door: what they open, what they do not, and what is said of it."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Group, User
from django.http import HttpResponse
from django.test import Client, TestCase
from django.utils import timezone

from meter_readings.accounts import api_tokens
from meter_readings.models import ApiToken
from meter_readings.tests.api.base import EVERYTHING, PROBLEM, V1
from meter_readings.tests.import_helpers import imported

SCOPE = ApiToken.Scope
READINGS = V1 + "readings/"


class ByTokenTestCase(TestCase):
    """A program of the role Integration has a token, and nobody is signed in."""

    @classmethod
    def setUpTestData(cls) -> None:
        cls.user = User.objects.create_user("program")
        cls.user.groups.set(Group.objects.filter(name="Integration"))
        cls.token, cls.secret = cls.made(cls.user, SCOPE.READ)

    @staticmethod
    def made(user: User, scope: ApiToken.Scope) -> tuple[ApiToken, str]:
        """Return a new token with its secret."""
        now = timezone.now()
        return api_tokens.create_token(
            user=user, name=scope, scope=scope, days=1, now=now
        )

    def setUp(self) -> None:
        logging.disable(logging.ERROR)
        self.addCleanup(logging.disable, logging.NOTSET)

    def ask(
        self, authorization: str = "", /, address: str = READINGS, **asked: Any
    ) -> HttpResponse:
        """Return what is answered to who shows this, or else the token."""
        shown = authorization or f"Bearer {self.secret}"
        return Client().get(address, asked, headers={"Authorization": shown})

    def refused(self, *args: Any, **asked: Any) -> str:
        """Return what is said to who is not known."""
        response = self.ask(*args, **asked)
        self.assertEqual(response.status_code, 401)
        self.assertEqual(response["Content-Type"], PROBLEM)
        self.assertEqual(
            response["WWW-Authenticate"], 'Bearer realm="api", error="invalid_token"'
        )
        return str(response.json()["detail"])


class OpenTests(ByTokenTestCase):
    def test_a_token_opens_what_its_user_may(self) -> None:
        imported(EVERYTHING)
        response = self.ask()
        self.assertEqual(len(response.json()["results"]), 3)

    def test_the_scheme_is_written_in_any_case(self) -> None:
        for scheme in ["bearer", "BEARER", " Bearer "]:
            with self.subTest(scheme):
                response = self.ask(f"{scheme} {self.secret}")
                self.assertEqual(response.status_code, 200)

    def test_a_page_of_readings_asks_the_database_five_questions(self) -> None:
        imported(EVERYTHING)
        self.ask()
        # Who it is, what the user may by himself and by his roles, and the page
        with self.assertNumQueries(5):
            self.ask()

    def test_its_use_is_noted(self) -> None:
        self.ask()
        self.token.refresh_from_db()
        self.assertIsNotNone(self.token.last_used_at)

    def test_it_counts_before_a_session(self) -> None:
        client = Client()
        client.force_login(User.objects.create_superuser("alice"))
        headers = {"Authorization": "Bearer nonsense"}
        self.assertEqual(client.get(READINGS, headers=headers).status_code, 401)


class ShutTests(ByTokenTestCase):
    def test_without_one_it_is_asked_for(self) -> None:
        response = Client().get(READINGS)
        self.assertEqual(response.status_code, 401)
        self.assertEqual(response["WWW-Authenticate"], 'Bearer realm="api"')

    def test_who_may_not_is_refused_whatever_the_scope(self) -> None:
        self.user.groups.clear()
        self.assertEqual(self.ask().status_code, 403)

    def test_a_scope_that_lacks_something_is_named(self) -> None:
        _, secret = self.made(self.user, SCOPE.IMPORT)
        response = self.ask(f"Bearer {secret}")
        self.assertEqual(response.status_code, 403)
        said = "The token's scope does not include read."
        self.assertEqual(response.json()["detail"], said)

    def test_one_that_has_expired_is_told_so(self) -> None:
        past = timezone.now() - timedelta(days=2)
        ApiToken.objects.update(created_at=past, expires_at=past + timedelta(days=1))
        self.assertEqual(self.refused(), "The token has expired.")

    def test_one_that_was_revoked_is_told_so(self) -> None:
        api_tokens.revoke_tokens(tokens=[self.token], now=timezone.now())
        self.assertEqual(self.refused(), "The token was revoked.")

    def test_one_whose_user_is_locked_out_is_told_so(self) -> None:
        User.objects.update(is_active=False)
        self.assertEqual(self.refused(), "The user of the token is inactive.")

    def test_garbage_is_nobody(self) -> None:
        for garbage in [
            "Bearer",
            "Bearer ",
            "Bearer  a b c",
            "Bearer " + "d0010_" * 100_000,
            "Bearer d0010_\0",
            "Bearer é\xff",
            "Bearer d0010_" + "٣" * 64,
            f"Bearer {self.secret}\0",
            f"Bearer {self.secret} {self.secret}",
            f"Bearer,{self.secret}",
            f"Bearer\t{self.secret}",
            f"Token {self.secret}",
            self.secret,
            "Basic " + "=" * 1000,
            "Basic \xff\xfe",
            "Digest username=é",
            "\0",
            " ",
        ]:
            with self.subTest(garbage[:20]):
                response = self.ask(garbage)
                self.assertEqual(response.status_code, 401)
                self.assertEqual(response["Content-Type"], PROBLEM)

    def test_a_token_in_the_address_is_no_token(self) -> None:
        response = Client().get(READINGS, {"access_token": self.secret})
        self.assertEqual(response.status_code, 401)

    def test_a_token_opens_no_page_for_people(self) -> None:
        for address in ["/admin/", "/find/", V1 + "docs/"]:
            with self.subTest(address):
                self.assertEqual(self.ask(address=address).status_code, 302)


class SecrecyTests(ByTokenTestCase):
    """Wherever a token is put, the log has neither it nor its hash."""

    def logged(self, *args: Any, **asked: Any) -> str:
        """Return what is logged when this is asked."""
        logging.disable(logging.NOTSET)
        console = logging.getHandlerByName("console")
        assert console is not None
        with self.assertLogs("django", "DEBUG") as logs:
            self.ask(*args, **asked)
        for record in logs.records:
            console.filter(record)
        return "\n".join(map(console.format, logs.records))

    def expect_no_secret(self, text: str) -> None:
        """Expect a text that helps nobody in."""
        self.assertNotIn(self.secret, text)
        self.assertNotIn(self.token.sha256, text)

    def test_one_that_is_no_good(self) -> None:
        api_tokens.revoke_tokens(tokens=[self.token], now=timezone.now())
        self.expect_no_secret(self.logged())

    def test_one_that_is_not_good_enough(self) -> None:
        self.user.groups.clear()
        self.expect_no_secret(self.logged())

    def test_one_in_the_address(self) -> None:
        address = f"{V1}{self.secret}/"
        self.expect_no_secret(self.logged(address=address, token=self.secret))

    def test_secrecy_answers_do_not_have_it_either(self) -> None:
        for asked in [{}, {"token": self.secret}, {"mpan": self.secret}]:
            with self.subTest(asked):
                self.expect_no_secret(self.ask(**asked).content.decode())
