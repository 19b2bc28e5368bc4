"""Signing in: not by guessing, not with a published password, never behind a load."""

from __future__ import annotations

import time
from unittest import skipUnless
from unittest.mock import patch

from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.core.cache import caches
from django.db import connection
from django.http import HttpResponse
from django.test import (
    Client,
    TestCase,
    TransactionTestCase,
    override_settings,
)

from meter_readings import signing_in
from meter_readings.demo import DEMO_PASSWORD
from meter_readings.signing_in import SignInForm, note_last_login

PASSWORD = "correct horse battery"
PROXY = {"BEHIND_PROXY": True}


class SignInTestCase(TestCase):
    def setUp(self) -> None:
        caches["sign_ins"].clear()
        self.addCleanup(caches["sign_ins"].clear)
        User.objects.create_user("alice", password=PASSWORD, is_staff=True)
        self.enterContext(self.settings(BEHIND_PROXY=True))

    def sign_in(
        self, username: str, password: str, address: str = "192.0.2.1"
    ) -> HttpResponse:
        """Return what is answered to a browser at this address."""
        return Client().post(
            "/admin/login/?next=/",
            {"username": username, "password": password},
            headers={"X-Forwarded-For": address},
        )

    def assert_in(self, response: HttpResponse) -> None:
        self.assertEqual(response.status_code, 302)

    def assert_too_many(self, response: HttpResponse) -> None:
        self.assertContains(response, "Too many attempts to sign in.")


class GuessingTests(SignInTestCase):
    def guess(self, times: int, username: str = "alice", **where: str) -> None:
        """Guess wrongly so many times."""
        with self.assertNoLogs("meter_readings"):
            for _ in range(times):
                self.sign_in(username, "wrong", **where)

    def expect_warning(self) -> None:
        """Expect one line in the log that names nobody."""
        seen = self.enterContext(self.assertLogs("meter_readings.signing_in"))
        self.addCleanup(
            lambda: self.assertNotIn("alice", str(seen.output) + str(seen.records))
        )

    def test_the_right_password_opens(self) -> None:
        self.assert_in(self.sign_in("alice", PASSWORD))

    def test_four_mistakes_are_forgiven(self) -> None:
        self.guess(4)
        self.assert_in(self.sign_in("alice", PASSWORD))

    def test_after_five_even_the_right_password_has_to_wait(self) -> None:
        self.guess(5)
        self.expect_warning()
        self.assert_too_many(self.sign_in("alice", PASSWORD))

    def test_a_name_written_otherwise_is_the_same_account(self) -> None:
        self.guess(5, "ALICE")
        self.expect_warning()
        self.assert_too_many(self.sign_in("alice", PASSWORD))

    def test_it_opens_again_after_a_quarter_of_an_hour(self) -> None:
        with patch.object(signing_in.time, "time", return_value=0):
            self.guess(5)
        self.expect_warning()
        with patch.object(signing_in.time, "time", return_value=15 * 60 - 1):
            self.assert_too_many(self.sign_in("alice", PASSWORD))
        with patch.object(signing_in.time, "time", return_value=15 * 60):
            self.assert_in(self.sign_in("alice", PASSWORD))

    def test_one_persons_mistakes_shut_nobody_else_out(self) -> None:
        User.objects.create_user("bob", password=PASSWORD, is_staff=True)
        self.guess(5)
        self.assert_in(self.sign_in("bob", PASSWORD))

    def test_an_account_that_does_not_exist_is_treated_alike(self) -> None:
        self.guess(5, "nobody")
        self.expect_warning()
        self.assert_too_many(self.sign_in("nobody", "wrong"))

    def test_signing_in_gives_back_only_its_own_attempt(self) -> None:
        self.guess(4)
        self.sign_in("alice", PASSWORD)
        self.guess(1)
        self.expect_warning()
        self.assert_too_many(self.sign_in("alice", PASSWORD))

    def test_signing_in_often_is_no_guessing(self) -> None:
        for _ in range(7):
            self.assert_in(self.sign_in("alice", PASSWORD))

    def test_one_address_may_not_try_name_after_name(self) -> None:
        for number in range(50):
            self.guess(1, f"name{number}")
        self.expect_warning()
        self.assert_too_many(self.sign_in("alice", PASSWORD))
        self.assert_in(self.sign_in("alice", PASSWORD, "192.0.2.2"))

    def guess_from_everywhere(self) -> None:
        """Guess as many machines do together."""
        for number in range(100):
            self.guess(1, address=f"198.51.100.{number}")

    def test_many_addresses_may_not_try_one_account(self) -> None:
        self.guess_from_everywhere()
        self.expect_warning()
        self.assert_too_many(self.sign_in("alice", "wrong", "203.0.113.1"))

    def test_they_do_not_shut_out_its_owner_where_he_has_been_before(self) -> None:
        self.sign_in("alice", PASSWORD)
        self.guess_from_everywhere()
        self.assert_in(self.sign_in("alice", PASSWORD))

    def test_half_a_form_is_no_attempt(self) -> None:
        for _ in range(6):
            self.assertNotContains(self.sign_in("alice", ""), "Too many attempts")

    def test_an_evicted_count_is_no_fault(self) -> None:
        with patch.object(type(caches["sign_ins"]), "incr", side_effect=ValueError):
            self.assert_in(self.sign_in("alice", PASSWORD))

    def test_no_name_of_the_cache_tells_who_it_was(self) -> None:
        self.guess(1)
        self.assertNotIn("alice", str(list(caches["sign_ins"]._cache)))

    def test_a_form_without_a_request_counts_by_account(self) -> None:
        form = SignInForm(None, {"username": "alice", "password": PASSWORD})
        self.assertIs(form.is_valid(), True)


class PublishedPasswordTests(SignInTestCase):
    def setUp(self) -> None:
        super().setUp()
        User.objects.create_user("eve", password=DEMO_PASSWORD, is_staff=True)

    def test_opens_a_demonstration(self) -> None:
        self.assert_in(self.sign_in("eve", DEMO_PASSWORD))

    @override_settings(IS_PRODUCTION=True)
    def test_opens_nothing_in_production(self) -> None:
        response = self.sign_in("eve", DEMO_PASSWORD)
        self.assertContains(response, "This password is published")


class LastLoginTests(TestCase):
    def test_is_put_down(self) -> None:
        user = User.objects.create_user("alice")
        note_last_login(user=user)
        user.refresh_from_db()
        self.assertIsNotNone(user.last_login)

    def test_is_ours_to_put_down_alone(self) -> None:
        receivers = [receiver[1]() for receiver in user_logged_in.receivers]
        self.assertEqual(receivers, [note_last_login])


@skipUnless(connection.vendor == "sqlite", "only SQLite has one lock for all")
class WhileALoadGoesOnTests(TransactionTestCase):
    def setUp(self) -> None:
        caches["sign_ins"].clear()
        User.objects.create_user("alice", password=PASSWORD, is_staff=True)
        self.other = connection.copy()
        self.addCleanup(self.other.close)
        self.enterContext(
            self.settings(SESSION_ENGINE="django.contrib.sessions.backends.cache")
        )

    def test_people_sign_in_without_waiting(self) -> None:
        with self.other.cursor() as load:
            load.execute("BEGIN IMMEDIATE")
            started = time.monotonic()
            with self.assertLogs("meter_readings.signing_in", "INFO"):
                response = self.client.post(
                    "/admin/login/?next=/", {"username": "alice", "password": PASSWORD}
                )
            self.assertEqual(response.status_code, 302)
            self.assertContains(self.client.get("/"), "alice")
            self.assertLess(time.monotonic() - started, 10)
            load.execute("ROLLBACK")

    def test_others_are_as_patient_afterwards_as_before(self) -> None:
        note_last_login(user=User.objects.get())
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout")
            self.assertEqual(cursor.fetchone(), (20_000,))
