"""API tokens in the admin: shown once, listed without their secrets, revoked."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from meter_readings import tokens
from meter_readings.models import ApiToken

from .base import AdminTestCase, list_address

ADD = reverse("admin:meter_readings_apitoken_add")
SECRET = re.compile(r"d0010_[0-9a-f]{64}")
SCOPE = ApiToken.Scope


def made(user: User, name: str = "nightly", **fields: Any) -> ApiToken:
    """Return a token, as it is after some of its fields were changed."""
    token, _ = tokens.make_token(
        user=user, name=name, scope=SCOPE.READ, days=90, now=timezone.now()
    )
    ApiToken.objects.filter(pk=token.pk).update(**fields)
    token.refresh_from_db()
    return token


class TokenAdminTestCase(AdminTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.program = User.objects.create_user("billing")

    def make(self, **changed: Any) -> HttpResponse:
        """Return what comes of filling in the form."""
        data = {"name": "nightly", "user": self.program.pk, "scope": "read", "days": 30}
        return self.client.post(ADD, data | changed)

    def expect_complaint(self, response: HttpResponse, words: str) -> None:
        """Expect that nothing was made, and that it is said why."""
        self.assertContains(response, words)
        self.assertIs(ApiToken.objects.exists(), False)


class MakeTests(TokenAdminTestCase):
    def test_shows_the_token_in_the_answer(self) -> None:
        response = self.make(scope="read import")
        (secret,) = SECRET.findall(response.content.decode())
        token = tokens.token_of(secret=secret, now=timezone.now())
        self.assertEqual((token.user, token.name), (self.program, "nightly"))
        self.assertEqual(token.scope, SCOPE.BOTH)
        self.assertEqual(token.expires_at - token.created_at, timedelta(days=30))

    def test_the_answer_is_kept_by_nobody(self) -> None:
        self.assertIn("no-store", self.make()["Cache-Control"])

    def test_neither_session_nor_history_nor_cookies_have_the_token(self) -> None:
        response = self.make()
        (secret,) = SECRET.findall(response.content.decode())
        kept = [*Session.objects.all(), *LogEntry.objects.all()]
        sessions = [row.get_decoded() for row in Session.objects.all()]
        entries = [*LogEntry.objects.values()]
        self.assertEqual(len(kept), 2)
        self.assertNotIn(secret, f"{sessions} {entries} {response.cookies}")

    def test_is_put_down_in_the_history(self) -> None:
        self.make()
        entry = LogEntry.objects.get()
        self.assertEqual(entry.object_repr, "nightly of billing")
        self.assertIs(entry.is_addition(), True)

    def test_the_history_of_a_token_says_who_made_it(self) -> None:
        self.make()
        token = ApiToken.objects.get()
        history = reverse("admin:meter_readings_apitoken_history", args=(token.pk,))
        self.assertContains(self.client.get(history), "alice")

    def test_proposes_to_read_for_ninety_days(self) -> None:
        form = self.client.get(ADD).context["form"]
        self.assertEqual((form["scope"].value(), form["days"].value()), ("read", 90))

    def test_takes_a_name_once(self) -> None:
        self.make()
        response = self.make()
        self.assertContains(response, "The user has a token of this name.")
        self.assertEqual(ApiToken.objects.count(), 1)

    def test_says_what_is_missing(self) -> None:
        for name, words in {
            "name": "Say what it is for.",
            "user": "Choose the user it belongs to.",
            "scope": "Choose what it opens.",
            "days": "Say for how many days it is good.",
        }.items():
            with self.subTest(name):
                self.expect_complaint(self.make(**{name: ""}), words)

    def test_refuses_too_long_a_life(self) -> None:
        words = "less than or equal to 366"
        self.expect_complaint(self.make(days=367), words)

    def test_refuses_a_user_who_is_locked_out(self) -> None:
        User.objects.filter(pk=self.program.pk).update(is_active=False)
        self.expect_complaint(self.make(), "Select a valid choice.")

    def test_refuses_what_no_column_holds(self) -> None:
        self.expect_complaint(self.make(name="a\0b"), "Null characters")
        self.expect_complaint(self.make(name="n" * 101), "at most 100 characters")
        self.expect_complaint(self.make(scope="write"), "Select a valid choice.")


class ListTests(TokenAdminTestCase):
    def test_says_in_word_and_shape_how_each_stands(self) -> None:
        now = timezone.now()
        past = {"created_at": now - timedelta(2), "expires_at": now - timedelta(1)}
        made(self.program, "active")
        made(self.program, "soon", expires_at=now + timedelta(1))
        made(self.program, "old", **past)
        made(self.program, "revoked", revoked_at=now)
        made(User.objects.create_user("gone", is_active=False))
        html = self.get_list("apitoken").content.decode()
        for shape, word in [
            ("✓", "Active"),
            ("▲", "Expires soon"),
            ("✕", "Expired"),
            ("●", "Revoked"),
            ("✕", "User locked out"),
        ]:
            with self.subTest(word):
                self.assertIn(f"{shape}</span> {word}</span>", html)

    def test_shows_when_it_was_used(self) -> None:
        made(self.program)
        self.assertContains(self.get_list("apitoken"), "Never")

    def test_finds_one_by_all_of_it(self) -> None:
        response = self.make()
        (secret,) = SECRET.findall(response.content.decode())
        made(self.program, "other")
        self.assertEqual(self.listed("apitoken", q=secret), ["nightly of billing"])

    def test_finds_those_of_a_user_or_name(self) -> None:
        made(self.program, "nightly")
        made(self.superuser, "daily")
        self.assertEqual(self.listed("apitoken", q="bill"), ["nightly of billing"])
        self.assertEqual(self.listed("apitoken", q="dail"), ["daily of alice"])

    def test_never_shows_the_hash(self) -> None:
        token = made(self.program)
        for response in (self.get_list("apitoken"), self.page(token)):
            self.assertNotContains(response, token.sha256)

    def test_asks_the_same_few_questions_however_many_there_are(self) -> None:
        made(self.program, "one")
        few = self.query_count(list_address("apitoken"))
        for number in range(20):
            made(User.objects.create_user(f"program {number}"))
        self.assertEqual(self.query_count(list_address("apitoken")), few)


class RevokeTests(TokenAdminTestCase):
    def revoke(self, *chosen: ApiToken, **data: str) -> HttpResponse:
        """Return what comes of choosing tokens and the action."""
        keys = [token.pk for token in chosen]
        data = {"action": "revoke", "_selected_action": keys, **data}  # type: ignore
        return self.client.post(list_address("apitoken"), data, follow=True)

    def test_asks_first_with_the_names(self) -> None:
        token, other = made(self.program), made(self.superuser, "unasked")
        response = self.revoke(token)
        self.assertContains(response, "Revoke 1 token?")
        self.assertContains(response, token.name)
        self.assertNotContains(response, other.name)
        token.refresh_from_db()
        self.assertIsNone(token.revoked_at)

    def test_revokes_when_confirmed(self) -> None:
        token, _ = made(self.program), made(self.superuser, "other")
        response = self.revoke(token, step="revoke")
        self.assertContains(
            response, "Revoked, and good for nothing any more: nightly of billing."
        )
        states = [
            each.state_at(timezone.now()) for each in ApiToken.objects.order_by("pk")
        ]
        self.assertEqual(states, [ApiToken.State.REVOKED, ApiToken.State.ACTIVE])

    def test_says_that_there_was_nothing_to_do(self) -> None:
        token = made(self.program, revoked_at=timezone.now())
        for step in ("", "revoke"):
            with self.subTest(step):
                response = self.revoke(token, step=step)
                self.assertContains(response, "Nothing was left to revoke.")

    def test_the_page_of_a_token_leads_there(self) -> None:
        token = made(self.program)
        self.assertContains(self.page(token), 'name="action" value="revoke"')
        ApiToken.objects.update(revoked_at=timezone.now())
        self.assertNotContains(self.page(token), 'name="action" value="revoke"')

    def test_refuses_what_names_no_token(self) -> None:
        self.expect_refusals()
        data = {"action": "revoke", "_selected_action": ["x"]}
        response = self.client.post(list_address("apitoken"), data)
        self.assertEqual(response.status_code, 400)


class WhoMayTests(TokenAdminTestCase):
    """Staff with the permission to make tokens of their own, and no other."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.bob = User.objects.create_user("bob", is_staff=True)
        cls.bob.user_permissions.set(
            Permission.objects.filter(codename="make_apitoken")
        )

    def setUp(self) -> None:
        self.client.force_login(self.bob)
        self.expect_refusals()

    def test_makes_tokens_of_his_own(self) -> None:
        self.assertNotContains(self.client.get(ADD), 'name="user"')
        self.make(user=self.superuser.pk)
        self.assertEqual(ApiToken.objects.get().user, self.bob)

    def test_sees_his_own_alone(self) -> None:
        made(self.superuser, "hers")
        mine = made(self.bob, "his")
        self.assertEqual(self.listed("apitoken"), [str(mine)])

    def test_does_not_open_the_page_of_anothers(self) -> None:
        token = made(self.superuser)
        response = self.client.get(token.get_absolute_url())
        self.assertNotContains(response, token.beginning, status_code=302)

    def test_does_not_revoke_anothers(self) -> None:
        token = made(self.superuser)
        data = {"action": "revoke", "_selected_action": [token.pk], "step": "revoke"}
        self.client.post(list_address("apitoken"), data)
        token.refresh_from_db()
        self.assertIsNone(token.revoked_at)

    def test_deletes_and_changes_none(self) -> None:
        token = made(self.bob)
        for page in ("delete", "change"):
            with self.subTest(page):
                address = reverse(
                    f"admin:meter_readings_apitoken_{page}", args=(token.pk,)
                )
                response = self.client.post(address, {"post": "yes", "name": "b"})
                self.assertEqual(response.status_code, 403)

    def test_without_the_permission_there_is_no_page(self) -> None:
        self.bob.user_permissions.clear()
        for address in (ADD, list_address("apitoken")):
            with self.subTest(address):
                self.assertEqual(self.client.get(address).status_code, 403)


class WithTheirUserTests(TokenAdminTestCase):
    def test_a_user_is_deleted_with_his_tokens(self) -> None:
        made(self.program)
        address = reverse("admin:auth_user_delete", args=(self.program.pk,))
        self.client.post(address, {"post": "yes"})
        self.assertIs(ApiToken.objects.exists(), False)

    def test_a_token_is_not_deleted_by_itself(self) -> None:
        self.expect_refusals()
        token = made(self.program)
        address = reverse("admin:meter_readings_apitoken_delete", args=(token.pk,))
        self.assertEqual(self.client.post(address, {"post": "yes"}).status_code, 403)
