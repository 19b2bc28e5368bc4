"""API tokens: creation, authentication, last use, revocation."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from unittest import skipUnless

from django.contrib.auth.models import User
from django.db import connection
from django.test import TestCase, TransactionTestCase

from meter_readings.accounts import api_tokens
from meter_readings.models import ApiToken

NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)
READ, BOTH, STATE = ApiToken.Scope.READ, ApiToken.Scope.BOTH, ApiToken.State


def create(
    user: User,
    name: str = "billing",
    *,
    scope: ApiToken.Scope = READ,
    days: int = 90,
    now: datetime = NOW,
) -> tuple[ApiToken, str]:
    """Return a token and its secret."""
    return api_tokens.create_token(
        user=user, name=name, scope=scope, days=days, now=now
    )


class TokenTestCase(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.user = User.objects.create_user("program")

    def rejected_state(self, secret: str, now: datetime = NOW) -> ApiToken.State | None:
        """Return the state for which a token is rejected."""
        with self.assertRaises(api_tokens.InvalidToken) as rejection:
            api_tokens.authenticate_token(secret=secret, now=now)
        return rejection.exception.state


class CreateTokenTests(TokenTestCase):
    def test_secret_has_a_prefix_and_64_hexadecimal_digits(self) -> None:
        _, secret = create(self.user)
        self.assertRegex(secret, r"^d0010_[0-9a-f]{64}$")

    def test_every_token_has_another_secret(self) -> None:
        secrets = {create(self.user, f"token {number}")[1] for number in range(50)}
        self.assertEqual(len(secrets), 50)

    def test_create_token_stores_only_hash_and_prefix_of_the_secret(self) -> None:
        token, secret = create(self.user)
        row = ApiToken.objects.values().get(pk=token.pk)
        self.assertEqual(row["sha256"], hashlib.sha256(secret.encode()).hexdigest())
        self.assertEqual(row["prefix"], secret[:12])
        self.assertNotIn(secret[12:], str(row))

    def test_token_expires_after_the_given_days(self) -> None:
        token, _ = create(self.user, days=30)
        self.assertEqual(token.expires_at, NOW + timedelta(days=30))

    def test_create_token_rejects_less_than_one_day_and_more_than_366(self) -> None:
        for days in (0, -1, 367):
            with self.subTest(days), self.assertRaises(ValueError):
                create(self.user, days=days)

    def test_create_token_accepts_366_days(self) -> None:
        token, _ = create(self.user, days=366)
        self.assertEqual(token.state_at(NOW), STATE.ACTIVE)

    def test_create_token_rejects_a_second_token_of_the_same_name_and_user(
        self,
    ) -> None:
        create(self.user)
        with self.assertRaises(api_tokens.NameTaken):
            create(self.user)

    def test_two_users_can_use_the_same_token_name(self) -> None:
        create(self.user)
        create(User.objects.create_user("other program"))
        self.assertEqual(ApiToken.objects.count(), 2)

    def test_name_of_a_revoked_token_can_be_used_again(self) -> None:
        token, _ = create(self.user)
        api_tokens.revoke_tokens(tokens=[token], now=NOW)
        create(self.user)
        self.assertEqual(ApiToken.objects.count(), 2)


class AuthenticateTokenTests(TokenTestCase):
    def test_authenticate_token_returns_the_token_with_its_user_in_one_query(
        self,
    ) -> None:
        token, secret = create(self.user)
        with self.assertNumQueries(1):
            token = api_tokens.authenticate_token(secret=secret, now=NOW)
            self.assertEqual((token, token.user), (token, self.user))

    def test_authenticate_token_rejects_malformed_secrets_without_a_query(self) -> None:
        _, secret = create(self.user)
        for wrong in [
            "",
            "d0010_",
            secret[:-1],
            secret + "0",
            secret.upper(),
            "\udc80",
        ]:
            with self.subTest(wrong), self.assertNumQueries(0):
                self.assertIsNone(self.rejected_state(wrong))

    def test_authenticate_token_rejects_an_unknown_secret(self) -> None:
        create(self.user)
        self.assertIsNone(self.rejected_state("d0010_" + "0" * 64))

    def test_authenticate_token_rejects_the_stored_hash_as_a_secret(self) -> None:
        token, _ = create(self.user)
        self.assertIsNone(self.rejected_state("d0010_" + token.sha256))

    def test_authenticate_token_accepts_a_token_until_the_second_before_it_expires(
        self,
    ) -> None:
        token, secret = create(self.user, days=1)
        just_before = NOW + timedelta(days=1, seconds=-1)
        token = api_tokens.authenticate_token(secret=secret, now=just_before)
        self.assertEqual(token, token)

    def test_authenticate_token_rejects_an_expired_token(self) -> None:
        _, secret = create(self.user, days=1)
        end = NOW + timedelta(days=1)
        self.assertEqual(self.rejected_state(secret, now=end), STATE.EXPIRED)

    def test_authenticate_token_rejects_a_revoked_token(self) -> None:
        token, secret = create(self.user)
        api_tokens.revoke_tokens(tokens=[token], now=NOW)
        self.assertEqual(self.rejected_state(secret), STATE.REVOKED)

    def test_authenticate_token_rejects_a_token_of_an_inactive_user(self) -> None:
        _, secret = create(self.user)
        User.objects.update(is_active=False)
        self.assertEqual(self.rejected_state(secret), STATE.USER_INACTIVE)


class TouchLastUsedTests(TokenTestCase):
    def last_used_at(self, *times: datetime) -> datetime | None:
        """Return the stored time after a token was used at these times."""
        token, _ = create(self.user)
        for time in times:
            token.refresh_from_db()
            api_tokens.touch_last_used(token=token, now=time)
        token.refresh_from_db()
        return token.last_used_at

    def test_touch_last_used_records_the_first_use(self) -> None:
        self.assertEqual(self.last_used_at(NOW), NOW)

    def test_touch_last_used_does_not_record_a_second_use_within_the_hour(self) -> None:
        self.assertEqual(self.last_used_at(NOW, NOW + timedelta(minutes=59)), NOW)

    def test_touch_last_used_records_the_next_use_after_an_hour(self) -> None:
        later = NOW + timedelta(hours=1)
        self.assertEqual(self.last_used_at(NOW, later), later)

    def test_touch_last_used_takes_no_query_within_the_hour(self) -> None:
        token, _ = create(self.user)
        token.last_used_at = NOW
        with self.assertNumQueries(0):
            api_tokens.touch_last_used(token=token, now=NOW)

    def test_only_one_of_two_concurrent_requests_records_the_use(self) -> None:
        token, _ = create(self.user)
        # Another request records its use after `token` was read.
        ApiToken.objects.update(last_used_at=NOW)
        api_tokens.touch_last_used(token=token, now=NOW + timedelta(minutes=1))
        token.refresh_from_db()
        self.assertEqual(token.last_used_at, NOW)


@skipUnless(connection.vendor == "sqlite", "only SQLite has one lock for all")
class DuringAnImportTests(TransactionTestCase):
    def test_token_is_accepted_and_its_use_not_recorded_while_sqlite_is_locked(
        self,
    ) -> None:
        _, secret = create(User.objects.create_user("program"))
        other = connection.copy()
        self.addCleanup(other.close)
        with other.cursor() as load:
            load.execute("BEGIN IMMEDIATE")
            token = api_tokens.authenticate_token(secret=secret, now=NOW)
            api_tokens.touch_last_used(token=token, now=NOW)
            load.execute("ROLLBACK")
        token.refresh_from_db()
        self.assertIsNone(token.last_used_at)


class RevokeTokensTests(TokenTestCase):
    def test_revoke_tokens_counts_only_tokens_that_were_not_revoked_before(
        self,
    ) -> None:
        old, _ = create(self.user, "old")
        new, _ = create(self.user, "new")
        api_tokens.revoke_tokens(tokens=[old], now=NOW)
        self.assertEqual(api_tokens.revoke_tokens(tokens=[old, new], now=NOW), 1)

    def test_revoke_tokens_keeps_the_time_of_the_first_revocation(self) -> None:
        token, _ = create(self.user)
        for day in (0, 1):
            api_tokens.revoke_tokens(tokens=[token], now=NOW + timedelta(days=day))
        token.refresh_from_db()
        self.assertEqual(token.revoked_at, NOW)


class VisibleTokensTests(TokenTestCase):
    def test_users_see_only_their_own_tokens(self) -> None:
        token, _ = create(self.user)
        create(User.objects.create_user("other program"))
        self.assertEqual([*api_tokens.visible_tokens(self.user)], [token])

    def test_superusers_see_the_tokens_of_all_users(self) -> None:
        create(self.user)
        superuser = User.objects.create_superuser("alice")
        self.assertEqual(api_tokens.visible_tokens(superuser).count(), 1)


class ApiTokenTests(TokenTestCase):
    def test_token_expires_soon_in_its_last_fourteen_days(self) -> None:
        token, _ = create(self.user, days=30)
        before = token.expires_at - timedelta(days=14)
        self.assertEqual(token.state_at(before), STATE.EXPIRING)
        self.assertEqual(token.state_at(before - timedelta(seconds=1)), STATE.ACTIVE)

    def test_token_for_reading_and_importing_has_both_scopes(self) -> None:
        token, _ = create(self.user, scope=BOTH)
        self.assertEqual(token.scopes, {"read", "import"})

    def test_deleting_a_user_deletes_their_tokens(self) -> None:
        create(self.user)
        self.user.delete()
        self.assertIs(ApiToken.objects.exists(), False)
