"""The admin of API tokens."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.contrib.sessions.models import Session
from django.db.models.signals import pre_save
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from meter_readings.accounts import api_tokens
from meter_readings.models import ApiToken

from .testcases import AdminTestCase, list_address

ADD = reverse("admin:meter_readings_apitoken_add")
SECRET = re.compile(r"d0010_[0-9a-f]{64}")
SCOPE = ApiToken.Scope


def create(user: User, name: str = "nightly", **fields: Any) -> ApiToken:
    """Return a token with some of its fields changed."""
    token, _ = api_tokens.create_token(
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

    def post_form(self, **changed: Any) -> HttpResponse:
        data = {"name": "nightly", "user": self.program.pk, "scope": "read", "days": 30}
        return self.client.post(ADD, data | changed)

    def assert_rejected(self, response: HttpResponse, message: str) -> None:
        """Assert that no token was created, and the error message."""
        self.assertContains(response, message)
        self.assertIs(ApiToken.objects.exists(), False)


class CreateTests(TokenAdminTestCase):
    def test_response_shows_the_secret_of_the_new_token(self) -> None:
        response = self.post_form(scope="read import")
        (secret,) = SECRET.findall(response.content.decode())
        token = api_tokens.authenticate_token(secret=secret, now=timezone.now())
        self.assertEqual((token.user, token.name), (self.program, "nightly"))
        self.assertEqual(token.scope, SCOPE.BOTH)
        self.assertEqual(token.expires_at - token.created_at, timedelta(days=30))

    def test_response_with_the_secret_is_not_cached(self) -> None:
        self.assertIn("no-store", self.post_form()["Cache-Control"])

    def test_secret_is_not_in_session_history_or_cookies(self) -> None:
        response = self.post_form()
        (secret,) = SECRET.findall(response.content.decode())
        sessions = [row.get_decoded() for row in Session.objects.all()]
        entries = [*LogEntry.objects.values()]
        self.assertEqual((len(sessions), len(entries)), (1, 1))
        self.assertNotIn(secret, f"{sessions} {entries} {response.cookies}")

    def test_creation_is_logged_in_the_admin_history(self) -> None:
        self.post_form()
        entry = LogEntry.objects.get()
        self.assertEqual(entry.object_repr, "nightly of billing")
        self.assertIs(entry.is_addition(), True)

    def test_history_page_shows_who_created_the_token(self) -> None:
        self.post_form()
        token = ApiToken.objects.get()
        history = reverse("admin:meter_readings_apitoken_history", args=(token.pk,))
        self.assertContains(self.client.get(history), "alice")

    def test_create_form_proposes_read_only_for_90_days(self) -> None:
        form = self.client.get(ADD).context["adminform"].form
        self.assertEqual((form["scope"].value(), form["days"].value()), ("read", 90))

    def test_form_has_the_buttons_create_token_and_cancel(self) -> None:
        response = self.client.get(ADD)
        self.assertContains(response, 'value="Create token"')
        self.assertContains(response, ">Cancel</a>")
        self.assertNotContains(response, "Save")

    def test_create_rejects_a_name_that_the_user_has_used(self) -> None:
        self.post_form()
        response = self.post_form()
        self.assertContains(response, "Token names must be unique per user.")
        self.assertEqual(ApiToken.objects.count(), 1)

    def test_create_rejects_a_name_taken_between_check_and_save(self) -> None:
        def take_name(instance: ApiToken, **options: Any) -> None:
            pre_save.disconnect(take_name, ApiToken)
            create(self.program)

        pre_save.connect(take_name, ApiToken)
        response = self.post_form()
        self.assertRedirects(response, ADD, fetch_redirect_response=False)
        self.assertContains(
            self.client.get(ADD), "Token names must be unique per user.", 2
        )

    def test_every_field_is_required(self) -> None:
        for name in ("name", "user", "scope", "days"):
            with self.subTest(name):
                response = self.post_form(**{name: ""})
                self.assert_rejected(response, "This field is required.")

    def test_create_rejects_more_than_366_days(self) -> None:
        self.assert_rejected(self.post_form(days=367), "less than or equal to 366")

    def test_create_rejects_an_inactive_user(self) -> None:
        User.objects.filter(pk=self.program.pk).update(is_active=False)
        self.assert_rejected(self.post_form(), "Select a valid choice.")

    def test_create_rejects_a_null_character_in_the_name(self) -> None:
        self.assert_rejected(self.post_form(name="a\0b"), "Null characters")

    def test_create_rejects_a_name_of_more_than_100_characters(self) -> None:
        self.assert_rejected(self.post_form(name="n" * 101), "at most 100 characters")

    def test_create_rejects_an_unknown_scope(self) -> None:
        self.assert_rejected(self.post_form(scope="write"), "Select a valid choice.")


class ListTests(TokenAdminTestCase):
    def test_list_shows_each_state_as_a_badge(self) -> None:
        now = timezone.now()
        past = {"created_at": now - timedelta(2), "expires_at": now - timedelta(1)}
        create(self.program, "active")
        create(self.program, "soon", expires_at=now + timedelta(1))
        create(self.program, "old", **past)
        create(self.program, "revoked", revoked_at=now)
        create(User.objects.create_user("gone", is_active=False))
        html = self.get_list("apitoken").content.decode()
        for shape, label in [
            ("✓", "Active"),
            ("▲", "Expires soon"),
            ("✕", "Expired"),
            ("●", "Revoked"),
            ("✕", "User inactive"),
        ]:
            with self.subTest(label):
                self.assertIn(f"{shape}</span> {label}</span>", html)

    def test_list_shows_never_for_an_unused_token(self) -> None:
        create(self.program)
        self.assertContains(self.get_list("apitoken"), "Never")

    def test_list_shows_when_a_token_was_last_used(self) -> None:
        create(self.program, last_used_at=timezone.now())
        self.assertNotContains(self.get_list("apitoken"), "Never")

    def test_search_finds_a_token_by_its_whole_secret(self) -> None:
        response = self.post_form()
        (secret,) = SECRET.findall(response.content.decode())
        create(self.program, "other")
        self.assertEqual(self.listed("apitoken", q=secret), ["nightly of billing"])

    def test_search_finds_tokens_by_user_or_name(self) -> None:
        create(self.program, "nightly")
        create(self.superuser, "daily")
        self.assertEqual(self.listed("apitoken", q="bill"), ["nightly of billing"])
        self.assertEqual(self.listed("apitoken", q="dail"), ["daily of alice"])

    def test_neither_list_nor_page_shows_the_hash(self) -> None:
        token = create(self.program)
        for response in (self.get_list("apitoken"), self.page(token)):
            self.assertNotContains(response, token.sha256)

    def test_query_count_does_not_depend_on_the_number_of_tokens(self) -> None:
        create(self.program, "one")
        few = self.query_count(list_address("apitoken"))
        for number in range(20):
            create(User.objects.create_user(f"program {number}"))
        self.assertEqual(self.query_count(list_address("apitoken")), few)


class RevokeTests(TokenAdminTestCase):
    def revoke(self, *selected: ApiToken, **data: Any) -> HttpResponse:
        """Return the answer to the action for selected tokens."""
        keys = [token.pk for token in selected]
        data |= {"action": "revoke_selected", "_selected_action": keys}
        return self.client.post(list_address("apitoken"), data, follow=True)

    def test_revoke_asks_for_confirmation_of_the_selected_tokens(self) -> None:
        token, other = create(self.program), create(self.superuser, "unselected")
        response = self.revoke(token)
        self.assertContains(response, "Are you sure")
        self.assertContains(response, "nightly of billing")
        self.assertNotContains(response, other.name)
        token.refresh_from_db()
        self.assertIsNone(token.revoked_at)

    def test_revokes_several_tokens_when_confirmed(self) -> None:
        token, second = create(self.program), create(self.superuser, "second")
        create(self.superuser, "third")
        response = self.revoke(token, second, post="yes")
        self.assertContains(response, "2 tokens revoked.")
        revoked = ApiToken.objects.filter(revoked_at__isnull=False)
        self.assertEqual({*revoked}, {token, second})

    def test_revoking_a_revoked_token_changes_nothing(self) -> None:
        token = create(self.program, revoked_at=timezone.now())
        for confirmed in ({}, {"post": "yes"}):
            with self.subTest(confirmed):
                response = self.revoke(token, **confirmed)
                self.assertContains(response, "0 tokens revoked.")

    def test_revoke_answers_400_to_a_malformed_selection(self) -> None:
        self.silence_request_log()
        data = {"action": "revoke_selected", "_selected_action": ["x"]}
        response = self.client.post(list_address("apitoken"), data)
        self.assertEqual(response.status_code, 400)


class StaffWithAddPermissionTests(TokenAdminTestCase):
    """Staff with `add_apitoken` and no other permission."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.bob = User.objects.create_user("bob", is_staff=True)
        cls.bob.user_permissions.set(Permission.objects.filter(codename="add_apitoken"))

    def setUp(self) -> None:
        self.client.force_login(self.bob)
        self.silence_request_log()

    def test_staff_with_add_permission_form_offers_only_the_user_themselves(
        self,
    ) -> None:
        form = self.client.get(ADD).context["adminform"].form
        self.assertEqual(
            [str(label) for _, label in form["user"].field.choices], ["bob"]
        )

    def test_staff_with_add_permission_creates_a_token_of_their_own(self) -> None:
        self.post_form(user=self.bob.pk)
        self.assertEqual(ApiToken.objects.get().user, self.bob)

    def test_staff_with_add_permission_cannot_create_a_token_of_another_user(
        self,
    ) -> None:
        response = self.post_form(user=self.superuser.pk)
        self.assert_rejected(response, "Select a valid choice.")

    def test_staff_with_add_permission_list_shows_only_their_own_tokens(self) -> None:
        create(self.superuser, "hers")
        own = create(self.bob, "his")
        self.assertEqual(self.listed("apitoken"), [str(own)])

    def test_staff_with_add_permission_cannot_open_the_page_of_another_users_token(
        self,
    ) -> None:
        token = create(self.superuser)
        response = self.client.get(token.get_absolute_url())
        self.assertNotContains(response, token.prefix, status_code=302)

    def test_staff_with_add_permission_cannot_revoke_another_users_token(self) -> None:
        token = create(self.superuser)
        data = {
            "action": "revoke_selected",
            "_selected_action": [token.pk],
            "post": "yes",
        }
        self.client.post(list_address("apitoken"), data)
        token.refresh_from_db()
        self.assertIsNone(token.revoked_at)

    def test_staff_with_add_permission_cannot_delete_or_change_their_own_token(
        self,
    ) -> None:
        token = create(self.bob)
        for page in ("delete", "change"):
            with self.subTest(page):
                address = reverse(
                    f"admin:meter_readings_apitoken_{page}", args=(token.pk,)
                )
                response = self.client.post(address, {"post": "yes", "name": "b"})
                self.assertEqual(response.status_code, 403)

    def test_without_the_permission_every_page_answers_403(self) -> None:
        token = create(self.superuser)
        self.bob.user_permissions.clear()
        history = reverse("admin:meter_readings_apitoken_history", args=(token.pk,))
        for address in (ADD, list_address("apitoken"), history):
            with self.subTest(address):
                self.assertEqual(self.client.get(address).status_code, 403)


class DeleteTests(TokenAdminTestCase):
    def test_deleting_a_user_deletes_their_tokens(self) -> None:
        create(self.program)
        address = reverse("admin:auth_user_delete", args=(self.program.pk,))
        self.client.post(address, {"post": "yes"})
        self.assertIs(ApiToken.objects.exists(), False)

    def test_superuser_cannot_delete_a_token_without_its_user(self) -> None:
        self.silence_request_log()
        token = create(self.program)
        address = reverse("admin:meter_readings_apitoken_delete", args=(token.pk,))
        self.assertEqual(self.client.post(address, {"post": "yes"}).status_code, 403)
