"""API tokens: made once, known by their hash, and ended."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from unittest import skipUnless

from django.contrib.auth.models import User
from django.db import connection
from django.test import TestCase, TransactionTestCase

from meter_readings import tokens
from meter_readings.models import ApiToken

NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)
READ, BOTH, STATE = ApiToken.Scope.READ, ApiToken.Scope.BOTH, ApiToken.State


def made(
    user: User,
    name: str = "billing",
    *,
    scope: ApiToken.Scope = READ,
    days: int = 90,
    now: datetime = NOW,
) -> tuple[ApiToken, str]:
    """Return a token and its secret."""
    return tokens.make_token(user=user, name=name, scope=scope, days=days, now=now)


class TokenTestCase(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.user = User.objects.create_user("program")

    def state(self, secret: str, now: datetime = NOW) -> ApiToken.State | None:
        """Return why a token is refused."""
        with self.assertRaises(tokens.TokenRefused) as refusal:
            tokens.token_of(secret=secret, now=now)
        return refusal.exception.state


class MakeTokenTests(TokenTestCase):
    def test_makes_a_secret_that_programs_recognize(self) -> None:
        _, secret = made(self.user)
        self.assertRegex(secret, r"^d0010_[0-9a-f]{64}$")

    def test_makes_another_secret_each_time(self) -> None:
        secrets = {made(self.user, f"token {number}")[1] for number in range(50)}
        self.assertEqual(len(secrets), 50)

    def test_keeps_of_the_secret_its_hash_and_how_it_begins(self) -> None:
        token, secret = made(self.user)
        row = ApiToken.objects.values().get(pk=token.pk)
        self.assertEqual(row["sha256"], hashlib.sha256(secret.encode()).hexdigest())
        self.assertEqual(row["beginning"], secret[:12])
        self.assertNotIn(secret[12:], str(row))

    def test_lasts_as_long_as_is_said(self) -> None:
        token, _ = made(self.user, days=30)
        self.assertEqual(token.expires_at, NOW + timedelta(days=30))

    def test_lasts_at_least_a_day_and_at_most_a_year(self) -> None:
        for days in (0, -1, 367):
            with self.subTest(days), self.assertRaises(ValueError):
                made(self.user, days=days)
        self.assertEqual(made(self.user, days=366)[0].state_at(NOW), STATE.ACTIVE)

    def test_refuses_a_name_that_the_user_has_given(self) -> None:
        made(self.user)
        with self.assertRaises(tokens.NameTaken):
            made(self.user)

    def test_takes_a_name_that_somebody_else_has_given(self) -> None:
        made(self.user)
        made(User.objects.create_user("other program"))
        self.assertEqual(ApiToken.objects.count(), 2)

    def test_takes_the_name_of_one_that_was_revoked(self) -> None:
        token, _ = made(self.user)
        tokens.revoke(tokens=[token], now=NOW)
        made(self.user)
        self.assertEqual(ApiToken.objects.count(), 2)


class TokenOfTests(TokenTestCase):
    def test_returns_the_token_with_its_user_in_one_query(self) -> None:
        token, secret = made(self.user)
        with self.assertNumQueries(1):
            found = tokens.token_of(secret=secret, now=NOW)
            self.assertEqual((found, found.user), (token, self.user))

    def test_refuses_what_is_none_and_does_not_look_for_it(self) -> None:
        _, secret = made(self.user)
        for wrong in [
            "",
            "d0010_",
            secret[:-1],
            secret + "0",
            secret.upper(),
            "\udc80",
        ]:
            with self.subTest(wrong), self.assertNumQueries(0):
                self.assertIsNone(self.state(wrong))

    def test_refuses_one_that_nobody_made(self) -> None:
        made(self.user)
        self.assertIsNone(self.state("d0010_" + "0" * 64))

    def test_refuses_the_hash_in_place_of_the_secret(self) -> None:
        token, _ = made(self.user)
        self.assertIsNone(self.state("d0010_" + token.sha256))

    def test_refuses_one_that_has_expired(self) -> None:
        _, secret = made(self.user, days=1)
        end = NOW + timedelta(days=1)
        tokens.token_of(secret=secret, now=end - timedelta(seconds=1))
        self.assertEqual(self.state(secret, now=end), STATE.EXPIRED)

    def test_refuses_one_that_was_revoked(self) -> None:
        token, secret = made(self.user)
        tokens.revoke(tokens=[token], now=NOW)
        self.assertEqual(self.state(secret), STATE.REVOKED)

    def test_refuses_one_whose_user_is_locked_out(self) -> None:
        _, secret = made(self.user)
        User.objects.update(is_active=False)
        self.assertEqual(self.state(secret), STATE.LOCKED_OUT)


class NoteUseTests(TokenTestCase):
    def used_at(self, *times: datetime) -> datetime | None:
        """Return what is noted after a token was used at these times."""
        token, _ = made(self.user)
        for time in times:
            token.refresh_from_db()
            tokens.note_use(token=token, now=time)
        token.refresh_from_db()
        return token.last_used_at

    def test_notes_the_first_use(self) -> None:
        self.assertEqual(self.used_at(NOW), NOW)

    def test_notes_none_within_the_hour(self) -> None:
        self.assertEqual(self.used_at(NOW, NOW + timedelta(minutes=59)), NOW)

    def test_notes_the_next_after_an_hour(self) -> None:
        later = NOW + timedelta(hours=1)
        self.assertEqual(self.used_at(NOW, later), later)

    def test_asks_nothing_while_none_is_due(self) -> None:
        token, _ = made(self.user)
        token.last_used_at = NOW
        with self.assertNumQueries(0):
            tokens.note_use(token=token, now=NOW)

    def test_of_uses_at_once_one_is_written(self) -> None:
        token, _ = made(self.user)
        ApiToken.objects.update(last_used_at=NOW)
        # As another request has read it before
        tokens.note_use(token=token, now=NOW + timedelta(minutes=1))
        token.refresh_from_db()
        self.assertEqual(token.last_used_at, NOW)


@skipUnless(connection.vendor == "sqlite", "only SQLite has one lock for all")
class WhileALoadGoesOnTests(TransactionTestCase):
    def test_a_token_is_known_and_its_use_is_not_noted(self) -> None:
        _, secret = made(User.objects.create_user("program"))
        other = connection.copy()
        self.addCleanup(other.close)
        with other.cursor() as load:
            load.execute("BEGIN IMMEDIATE")
            token = tokens.token_of(secret=secret, now=NOW)
            tokens.note_use(token=token, now=NOW)
            load.execute("ROLLBACK")
        token.refresh_from_db()
        self.assertIsNone(token.last_used_at)


class RevokeTests(TokenTestCase):
    def test_says_how_many_it_ended(self) -> None:
        old, _ = made(self.user, "old")
        new, _ = made(self.user, "new")
        tokens.revoke(tokens=[old], now=NOW)
        self.assertEqual(tokens.revoke(tokens=[old, new], now=NOW), 1)

    def test_leaves_the_time_of_the_first(self) -> None:
        token, _ = made(self.user)
        for day in (0, 1):
            tokens.revoke(tokens=[token], now=NOW + timedelta(days=day))
        token.refresh_from_db()
        self.assertEqual(token.revoked_at, NOW)


class TokensOfTests(TokenTestCase):
    def test_are_ones_own(self) -> None:
        token, _ = made(self.user)
        made(User.objects.create_user("other program"))
        self.assertEqual([*tokens.tokens_of(self.user)], [token])

    def test_of_a_superuser_are_all(self) -> None:
        made(self.user)
        superuser = User.objects.create_superuser("alice")
        self.assertEqual(tokens.tokens_of(superuser).count(), 1)


class ApiTokenTests(TokenTestCase):
    def test_soon_is_a_fortnight(self) -> None:
        token, _ = made(self.user, days=30)
        before = token.expires_at - timedelta(days=14)
        self.assertEqual(token.state_at(before), STATE.EXPIRING)
        self.assertEqual(token.state_at(before - timedelta(seconds=1)), STATE.ACTIVE)

    def test_has_the_words_of_its_scope(self) -> None:
        token, _ = made(self.user, scope=BOTH)
        self.assertEqual(token.scopes, {"read", "import"})

    def test_goes_with_its_user(self) -> None:
        made(self.user)
        self.user.delete()
        self.assertIs(ApiToken.objects.exists(), False)
