"""The command `api_token`."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import User
from django.test import TestCase
from django.utils import timezone

from meter_readings.accounts import api_tokens
from meter_readings.models import ApiToken

from .run_command import Ran, run


class TokenCommandTestCase(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.user = User.objects.create_user("billing")

    def create(self, *arguments: str, name: str = "nightly") -> Ran:
        """Run "create"; the scope is "read" unless arguments are given."""
        rest = arguments or ("--scope", "read")
        return run("api_token", "create", name, "--user", "billing", *rest)


class CreateTests(TokenCommandTestCase):
    def test_create_prints_only_the_secret_on_standard_output(self) -> None:
        ran = self.create()
        self.assertRegex(ran.stdout, r"^d0010_[0-9a-f]{64}\n$")
        token = api_tokens.authenticate_token(
            secret=ran.stdout.strip(), now=timezone.now()
        )
        self.assertEqual((token.user, token.name), (self.user, "nightly"))

    def test_create_prints_a_summary_on_standard_error(self) -> None:
        summary = self.create("--scope", "read", "--days", "1").stderr
        self.assertRegex(
            summary,
            r"^nightly of billing: read only, expires \d+ \w+ \d{4}\. "
            r"It cannot be shown again\.",
        )

    def test_verbosity_0_prints_no_summary(self) -> None:
        ran = run(*"api_token -v0 create nightly --user billing --scope read".split())
        self.assertEqual(ran.stderr, "")

    def test_create_accepts_one_scope(self) -> None:
        self.create("--scope", "import")
        self.assertEqual(ApiToken.objects.get().scope, "import")

    def test_create_accepts_both_scopes_in_any_order(self) -> None:
        self.create("--scope", "import", "--scope", "read")
        self.assertEqual(ApiToken.objects.get().scope, "read import")

    def test_token_is_valid_for_90_days_by_default(self) -> None:
        self.create()
        token = ApiToken.objects.get()
        self.assertEqual(token.expires_at - token.created_at, timedelta(days=90))

    def test_token_is_valid_for_the_days_given(self) -> None:
        self.create("--scope", "read", "--days", "7")
        token = ApiToken.objects.get()
        self.assertEqual(token.expires_at - token.created_at, timedelta(days=7))

    def assert_rejected(self, ran: Ran, message: str) -> None:
        """Assert that no token was created, and the error message."""
        self.assertEqual((ran.stdout, ApiToken.objects.count()), ("", 0))
        self.assertIn(message, ran.stderr)

    def test_create_rejects_an_unknown_scope(self) -> None:
        self.assert_rejected(self.create("--scope", "write"), "invalid choice: 'write'")

    def test_create_rejects_days_outside_1_to_366(self) -> None:
        for days in ("0", "367", "1.5", "٣"):
            with self.subTest(days):
                ran = self.create("--scope", "read", "--days", days)
                self.assert_rejected(ran, "a token is valid for 1 to 366 days")

    def test_create_rejects_empty_unprintable_and_long_names(self) -> None:
        for name in ("", "  ", "a\nb", "n" * 101):
            with self.subTest(name):
                ran = self.create(name=name)
                self.assert_rejected(ran, "a name has 1 to 100 characters")

    def test_create_rejects_a_name_in_use_and_says_what_to_do(self) -> None:
        self.create()
        ran = self.create()
        self.assertEqual((ran.code, ran.stdout), (1, ""))
        self.assertIn("choose another name, or revoke that one first", ran.stderr)

    def test_create_rejects_an_unknown_user(self) -> None:
        ran = run("api_token", "create", "a", "--user", "nobody", "--scope", "read")
        self.assertEqual((ran.code, ran.stdout), (3, ""))
        self.assertIn('There is no user "nobody"', ran.stderr)


class RevokeTests(TokenCommandTestCase):
    def revoke(self) -> Ran:
        return run("api_token", "revoke", "nightly", "--user", "billing")

    def test_revoke_revokes_the_named_token(self) -> None:
        self.create()
        self.assertEqual(self.revoke().stdout, "nightly of billing: revoked.\n")
        state = ApiToken.objects.get().state_at(timezone.now())
        self.assertEqual(state, ApiToken.State.REVOKED)

    def test_revoke_does_not_revoke_a_token_of_another_name(self) -> None:
        self.create(name="other")
        self.assertEqual(self.revoke().code, 3)
        self.assertIsNone(ApiToken.objects.get().revoked_at)

    def test_revoke_reports_a_token_that_is_already_revoked(self) -> None:
        self.create()
        self.revoke()
        ran = self.revoke()
        self.assertEqual(ran.code, 3)
        self.assertIn('"api_token list" shows all tokens', ran.stderr)


class ListTests(TokenCommandTestCase):
    def rows(self, *arguments: str) -> list[list[str]]:
        """Return the cells of each line."""
        lines = run("api_token", "list", *arguments).stdout.splitlines()
        return [[cell.strip() for cell in line.split("  ") if cell] for line in lines]

    def test_list_shows_user_name_prefix_scope_state_and_last_use(self) -> None:
        secret = self.create("--scope", "read", "--days", "7").stdout.strip()
        _, cells = self.rows()
        self.assertEqual(cells[:3], ["billing", "nightly", f"{secret[:12]}…"])
        self.assertEqual(cells[3:5], ["read", "Expires soon"])
        self.assertEqual(cells[-1], "never")

    def test_list_shows_the_day_of_the_last_use(self) -> None:
        self.create()
        ApiToken.objects.update(last_used_at=timezone.now())
        self.assertNotIn("never", run("api_token", "list").stdout)

    def test_list_shows_neither_the_secret_nor_its_hash(self) -> None:
        secret = self.create().stdout.strip()
        output = run("api_token", "list").stdout
        self.assertNotIn(secret, output)
        self.assertNotIn(ApiToken.objects.get().sha256, output)

    def test_user_option_lists_only_the_tokens_of_that_user(self) -> None:
        self.create()
        User.objects.create_user("other")
        self.assertEqual(len(self.rows("--user", "other")), 1)
        self.assertEqual(len(self.rows("--user", "billing")), 2)

    def test_list_takes_one_query_for_any_number_of_tokens(self) -> None:
        for number in range(5):
            self.create(name=f"token {number}")
        with self.assertNumQueries(1):
            self.rows()
