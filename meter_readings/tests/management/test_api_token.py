"""The commands that make tokens of the API, list them and end them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.test import TestCase
from django.utils import timezone

from meter_readings import tokens
from meter_readings.models import ApiToken

from .run_command import Ran, run


class TokenCommandTestCase(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.user = User.objects.create_user("billing")

    def create(self, *arguments: str, name: str = "nightly", **options: Any) -> Ran:
        """Make a token; one that reads, unless other arguments are given."""
        rest = arguments or ("--scope", "read")
        return run("create_api_token", name, "--user", "billing", *rest, **options)


class CreateTests(TokenCommandTestCase):
    def test_prints_the_token_alone(self) -> None:
        ran = self.create()
        self.assertRegex(ran.stdout, r"^d0010_[0-9a-f]{64}\n$")
        secret = ran.stdout.strip()
        token = tokens.token_of(secret=secret, now=timezone.now())
        self.assertEqual((token.user, token.name), (self.user, "nightly"))

    def test_says_beside_it_what_it_is(self) -> None:
        said = self.create("--scope", "read", "--days", "1").stderr
        self.assertRegex(
            said,
            r"^nightly of billing: read, until \d+ \w+ \d{4}\. It is not shown again\.",
        )

    def test_may_be_silent(self) -> None:
        self.assertEqual(self.create("--scope", "read", "-v", "0").stderr, "")

    def test_takes_one_scope_or_both(self) -> None:
        self.create("--scope", "import", name="one")
        self.create("--scope", "import", "--scope", "read", name="both")
        scopes = ApiToken.objects.order_by("pk").values_list("scope", flat=True)
        self.assertEqual([*scopes], ["import", "read import"])

    def test_is_good_for_ninety_days_unless_said(self) -> None:
        self.create()
        self.create("--scope", "read", "--days", "7", name="week")
        lives = [
            token.expires_at - token.created_at
            for token in ApiToken.objects.order_by("pk")
        ]
        self.assertEqual(lives, [timedelta(days=90), timedelta(days=7)])

    def expect_refusal(self, ran: Ran, words: str) -> None:
        """Expect that nothing was made, and that it is said why."""
        self.assertEqual((ran.stdout, ApiToken.objects.count()), ("", 0))
        self.assertIn(words, ran.stderr)

    def test_refuses_a_scope_that_there_is_not(self) -> None:
        self.expect_refusal(self.create("--scope", "write"), "invalid choice: 'write'")

    def test_refuses_days_that_make_no_sense(self) -> None:
        for days in ("0", "367", "1.5", "٣"):
            with self.subTest(days):
                ran = self.create("--scope", "read", "--days", days)
                self.expect_refusal(ran, "a token is good for 1 to 366 days")

    def test_refuses_a_name_that_is_none(self) -> None:
        for name in ("", "  ", "a\nb", "n" * 101):
            with self.subTest(name):
                ran = self.create(name=name)
                self.expect_refusal(ran, "a name has 1 to 100 characters")

    def test_refuses_a_name_that_is_taken_and_says_what_to_do(self) -> None:
        self.create()
        ran = self.create()
        self.assertEqual((ran.code, ran.stdout), (1, ""))
        self.assertIn("choose another name, or revoke that one first", ran.stderr)

    def test_refuses_a_user_who_does_not_exist(self) -> None:
        ran = run("create_api_token", "a", "--user", "nobody", "--scope", "read")
        self.assertEqual((ran.code, ran.stdout), (3, ""))
        self.assertIn('There is no user "nobody"', ran.stderr)


class RevokeTests(TokenCommandTestCase):
    def revoke(self, name: str = "nightly") -> Ran:
        """Revoke a token."""
        return run("revoke_api_token", name, "--user", "billing")

    def test_ends_the_token(self) -> None:
        self.create()
        self.assertEqual(self.revoke().stdout, "nightly of billing: revoked.\n")
        state = ApiToken.objects.get().state_at(timezone.now())
        self.assertEqual(state, ApiToken.State.REVOKED)

    def test_ends_no_other(self) -> None:
        self.create(name="other")
        self.assertEqual(self.revoke().code, 3)
        self.assertIsNone(ApiToken.objects.get().revoked_at)

    def test_says_that_there_was_nothing_to_end(self) -> None:
        self.create()
        self.revoke()
        ran = self.revoke()
        self.assertEqual(ran.code, 3)
        self.assertIn("list_api_tokens shows them all", ran.stderr)


class ListTests(TokenCommandTestCase):
    def rows(self, *arguments: str) -> list[list[str]]:
        """Return the lines of the list, word by word."""
        lines = run("list_api_tokens", *arguments).stdout.splitlines()
        return [line.split("  ") for line in lines]

    def test_says_how_each_stands(self) -> None:
        secret = self.create("--scope", "read", "--days", "7").stdout.strip()
        _, row = self.rows()
        cells = [cell.strip() for cell in row if cell]
        self.assertEqual(cells[:3], ["billing", "nightly", f"{secret[:12]}…"])
        self.assertEqual(cells[3:5], ["read", "Expires soon"])
        self.assertEqual(cells[-1], "never")

    def test_says_when_it_was_used(self) -> None:
        self.create()
        ApiToken.objects.update(last_used_at=timezone.now())
        self.assertNotIn("never", run("list_api_tokens").stdout)

    def test_shows_neither_the_secret_nor_its_hash(self) -> None:
        secret = self.create().stdout.strip()
        shown = run("list_api_tokens").stdout
        self.assertNotIn(secret, shown)
        self.assertNotIn(ApiToken.objects.get().sha256, shown)

    def test_of_one_user_are_his_alone(self) -> None:
        self.create()
        User.objects.create_user("other")
        self.assertEqual(len(self.rows("--user", "other")), 1)
        self.assertEqual(len(self.rows("--user", "billing")), 2)

    def test_takes_one_query(self) -> None:
        for number in range(5):
            self.create(name=f"token {number}")
        with self.assertNumQueries(1):
            self.rows()
