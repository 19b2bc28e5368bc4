"""Authentication by token."""

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
from meter_readings.tests.support.import_helpers import imported

SCOPE = ApiToken.Scope
READINGS = V1 + "readings/"


class TokenTestCase(TestCase):
    """A user of the role Integration has a token; there is no session."""

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
        self, authorization: str = "", /, url: str = READINGS, **params: Any
    ) -> HttpResponse:
        """Return the response with this Authorization, by default the token."""
        shown = authorization or f"Bearer {self.secret}"
        return Client().get(url, params, headers={"Authorization": shown})

    def error_detail(self, *args: Any, **params: Any) -> str:
        """Return the detail of the 401 response."""
        response = self.ask(*args, **params)
        self.assertEqual(response.status_code, 401)
        self.assertEqual(response["Content-Type"], PROBLEM)
        self.assertEqual(
            response["WWW-Authenticate"], 'Bearer realm="api", error="invalid_token"'
        )
        return str(response.json()["detail"])


class TokenAuthenticationTests(TokenTestCase):
    def test_a_token_grants_the_permissions_of_its_user(self) -> None:
        imported(EVERYTHING)
        response = self.ask()
        self.assertEqual(len(response.json()["results"]), 3)

    def test_accepts_the_scheme_in_upper_and_lower_case(self) -> None:
        for scheme in ["bearer", "BEARER", " Bearer "]:
            with self.subTest(scheme):
                response = self.ask(f"{scheme} {self.secret}")
                self.assertEqual(response.status_code, 200)

    def test_a_page_of_readings_with_a_token_takes_five_queries(self) -> None:
        imported(EVERYTHING)
        self.ask()
        # Who it is, what the user may by himself and by his roles, and the page
        with self.assertNumQueries(5):
            self.ask()

    def test_records_the_last_use_of_a_token(self) -> None:
        self.ask()
        self.token.refresh_from_db()
        self.assertIsNotNone(self.token.last_used_at)

    def test_a_token_takes_precedence_over_a_session(self) -> None:
        client = Client()
        client.force_login(User.objects.create_superuser("alice"))
        headers = {"Authorization": "Bearer nonsense"}
        self.assertEqual(client.get(READINGS, headers=headers).status_code, 401)


class InvalidTokenTests(TokenTestCase):
    def test_a_request_without_a_token_gets_a_challenge(self) -> None:
        response = Client().get(READINGS)
        self.assertEqual(response.status_code, 401)
        self.assertEqual(response["WWW-Authenticate"], 'Bearer realm="api"')

    def test_a_scope_does_not_replace_a_missing_permission(self) -> None:
        self.user.groups.clear()
        self.assertEqual(self.ask().status_code, 403)

    def test_names_the_scope_that_a_token_lacks(self) -> None:
        _, secret = self.made(self.user, SCOPE.IMPORT)
        response = self.ask(f"Bearer {secret}")
        self.assertEqual(response.status_code, 403)
        detail = "The token's scope does not include read."
        self.assertEqual(response.json()["detail"], detail)

    def test_says_that_a_token_has_expired(self) -> None:
        past = timezone.now() - timedelta(days=2)
        ApiToken.objects.update(created_at=past, expires_at=past + timedelta(days=1))
        self.assertEqual(self.error_detail(), "The token has expired.")

    def test_says_that_a_token_was_revoked(self) -> None:
        api_tokens.revoke_tokens(tokens=[self.token], now=timezone.now())
        self.assertEqual(self.error_detail(), "The token was revoked.")

    def test_says_that_the_user_of_a_token_is_inactive(self) -> None:
        User.objects.update(is_active=False)
        self.assertEqual(self.error_detail(), "The user of the token is inactive.")

    def test_a_malformed_token_gets_401(self) -> None:
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

    def test_ignores_a_token_in_the_url(self) -> None:
        response = Client().get(READINGS, {"access_token": self.secret})
        self.assertEqual(response.status_code, 401)

    def test_a_token_does_not_sign_in_to_the_admin(self) -> None:
        for url in ["/admin/", "/search/"]:
            with self.subTest(url):
                self.assertEqual(self.ask(url=url).status_code, 302)


class SessionAuthenticationTests(TestCase):
    def test_get_with_a_session_needs_no_csrf_token(self) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(User.objects.create_superuser("alice"))
        for url in READINGS, V1 + "docs/":
            with self.subTest(url):
                self.assertEqual(client.get(url).status_code, 200)


class TokenSecrecyTests(TokenTestCase):
    """The log has neither a token nor its hash."""

    def logged(self, *args: Any, **params: Any) -> str:
        """Return what is logged for a request."""
        logging.disable(logging.NOTSET)
        console = logging.getHandlerByName("console")
        assert console is not None
        with self.assertLogs("django", "DEBUG") as logs:
            self.ask(*args, **params)
        for record in logs.records:
            console.filter(record)
        return "\n".join(map(console.format, logs.records))

    def expect_no_secret(self, text: str) -> None:
        """Expect a text without the token."""
        self.assertNotIn(self.secret, text)
        self.assertNotIn(self.token.sha256, text)

    def test_logs_no_invalid_token(self) -> None:
        api_tokens.revoke_tokens(tokens=[self.token], now=timezone.now())
        self.expect_no_secret(self.logged())

    def test_logs_no_token_with_an_insufficient_scope(self) -> None:
        self.user.groups.clear()
        self.expect_no_secret(self.logged())

    def test_logs_no_token_in_the_url(self) -> None:
        url = f"{V1}{self.secret}/"
        self.expect_no_secret(self.logged(url=url, token=self.secret))

    def test_no_response_contains_a_token(self) -> None:
        for params in [{}, {"token": self.secret}, {"mpan": self.secret}]:
            with self.subTest(params):
                self.expect_no_secret(self.ask(**params).content.decode())
