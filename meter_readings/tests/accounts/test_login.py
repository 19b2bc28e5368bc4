"""Login: limits on wrong passwords, the demo password, logins during an import."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from unittest import skipUnless
from unittest.mock import patch

from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.file import SessionStore
from django.core.cache import caches
from django.db import connection
from django.http import HttpResponse
from django.test import Client, TestCase, TransactionTestCase, override_settings

from meter_readings.accounts import login
from meter_readings.accounts.login import (
    ThrottledLoginForm,
    update_last_login_unless_locked,
)
from meter_readings.demo import DEMO_PASSWORD

PASSWORD = "correct horse battery"


class LoginTestCase(TestCase):
    def setUp(self) -> None:
        super().setUp()
        caches["login_attempts"].clear()
        self.addCleanup(caches["login_attempts"].clear)
        User.objects.create_user("alice", password=PASSWORD, is_staff=True)
        self.enterContext(self.settings(BEHIND_PROXY=True))

    def log_in(
        self, username: str, password: str, ip: str = "192.0.2.1"
    ) -> HttpResponse:
        """Return the response to the sign-in form sent from an IP address."""
        return Client().post(
            "/admin/login/?next=/",
            {"username": username, "password": password},
            headers={"X-Forwarded-For": ip},
        )

    def assert_logged_in(self, response: HttpResponse) -> None:
        self.assertEqual(response.status_code, 302)

    def assert_too_many(self, response: HttpResponse) -> None:
        self.assertContains(
            response,
            "Too many attempts to sign in. Wait a quarter of an hour, then try again.",
        )


class LoginAttemptTests(LoginTestCase):
    def guess(self, times: int, username: str = "alice", **options: str) -> None:
        """Send wrong passwords."""
        with self.assertNoLogs("meter_readings"):
            for _ in range(times):
                self.log_in(username, "wrong", **options)

    def expect_warning(self) -> None:
        """Expect log lines that do not name the account."""
        logs = self.enterContext(self.assertLogs("meter_readings.accounts.login"))
        self.addCleanup(
            lambda: self.assertNotIn("alice", str(logs.output) + str(logs.records))
        )

    def test_the_right_password_logs_in(self) -> None:
        self.assert_logged_in(self.log_in("alice", PASSWORD))

    def test_a_user_logs_in_after_four_wrong_passwords(self) -> None:
        self.guess(4)
        self.assert_logged_in(self.log_in("alice", PASSWORD))

    def test_after_five_wrong_passwords_the_right_one_is_rejected_too(self) -> None:
        self.guess(5)
        self.expect_warning()
        self.assert_too_many(self.log_in("alice", PASSWORD))

    def test_a_username_in_another_case_counts_as_the_same_account(self) -> None:
        self.guess(5, "ALICE")
        self.expect_warning()
        self.assert_too_many(self.log_in("alice", PASSWORD))

    def test_a_user_logs_in_again_after_a_quarter_of_an_hour(self) -> None:
        with patch.object(login.time, "time", return_value=0):
            self.guess(5)
        self.expect_warning()
        with patch.object(login.time, "time", return_value=15 * 60 - 1):
            self.assert_too_many(self.log_in("alice", PASSWORD))
        with patch.object(login.time, "time", return_value=15 * 60):
            self.assert_logged_in(self.log_in("alice", PASSWORD))

    def test_wrong_passwords_of_one_account_do_not_lock_another(self) -> None:
        User.objects.create_user("bob", password=PASSWORD, is_staff=True)
        self.guess(5)
        self.assert_logged_in(self.log_in("bob", PASSWORD))

    def test_an_unknown_account_is_limited_like_a_known_one(self) -> None:
        self.guess(5, "nobody")
        self.expect_warning()
        self.assert_too_many(self.log_in("nobody", "wrong"))

    def test_a_login_uncounts_its_own_attempt_only(self) -> None:
        self.guess(4)
        self.log_in("alice", PASSWORD)
        self.guess(1)
        self.expect_warning()
        self.assert_too_many(self.log_in("alice", PASSWORD))

    def test_logins_are_not_limited(self) -> None:
        for _ in range(7):
            self.assert_logged_in(self.log_in("alice", PASSWORD))

    def test_one_ip_address_may_try_fifty_accounts(self) -> None:
        for number in range(50):
            self.guess(1, f"name{number}")
        self.expect_warning()
        self.assert_too_many(self.log_in("alice", PASSWORD))
        self.assert_logged_in(self.log_in("alice", PASSWORD, "192.0.2.2"))

    def guess_from_a_hundred_addresses(self) -> None:
        for number in range(100):
            self.guess(1, ip=f"198.51.100.{number}")

    def test_an_account_may_be_tried_from_a_hundred_addresses(self) -> None:
        self.guess_from_a_hundred_addresses()
        self.expect_warning()
        self.assert_too_many(self.log_in("alice", "wrong", "203.0.113.1"))

    def test_attempts_from_elsewhere_do_not_lock_out_a_known_client(self) -> None:
        self.log_in("alice", PASSWORD)
        self.guess_from_a_hundred_addresses()
        self.assert_logged_in(self.log_in("alice", PASSWORD))

    def test_a_form_without_a_password_is_no_attempt(self) -> None:
        for _ in range(6):
            self.assertNotContains(self.log_in("alice", ""), "Too many attempts")

    def test_a_user_logs_in_when_the_cache_drops_a_counter(self) -> None:
        cache = type(caches["login_attempts"])
        with patch.object(cache, "incr", side_effect=ValueError):
            self.assert_logged_in(self.log_in("alice", PASSWORD))

    def test_cache_keys_do_not_reveal_the_account(self) -> None:
        with patch.object(
            login.caches["login_attempts"], "add", wraps=caches["login_attempts"].add
        ) as add:
            self.guess(1)
        self.assertEqual(add.call_count, 3)
        self.assertNotIn("alice", str(add.call_args_list))

    def test_a_form_without_a_request_counts_by_account(self) -> None:
        form = ThrottledLoginForm(None, {"username": "alice", "password": PASSWORD})
        self.assertIs(form.is_valid(), True)


class PublishedPasswordTests(LoginTestCase):
    def setUp(self) -> None:
        super().setUp()
        User.objects.create_user("eve", password=DEMO_PASSWORD, is_staff=True)

    def test_the_demo_password_logs_in_in_development(self) -> None:
        self.assert_logged_in(self.log_in("eve", DEMO_PASSWORD))

    @override_settings(IS_PRODUCTION=True)
    def test_the_demo_password_is_rejected_in_production(self) -> None:
        response = self.log_in("eve", DEMO_PASSWORD)
        self.assertContains(response, "This password is published")


class LastLoginTests(TestCase):
    def test_last_login_stores_the_time_of_a_login(self) -> None:
        user = User.objects.create_user("alice")
        update_last_login_unless_locked(user=user)
        user.refresh_from_db()
        self.assertIsNotNone(user.last_login)

    def test_no_other_receiver_stores_the_time_of_a_login(self) -> None:
        receivers = [receiver[1]() for receiver in user_logged_in.receivers]
        self.assertEqual(receivers, [update_last_login_unless_locked])


@skipUnless(connection.vendor == "sqlite", "only SQLite has one lock for all writers")
class LoginDuringAnImportTests(TransactionTestCase):
    def setUp(self) -> None:
        caches["login_attempts"].clear()
        User.objects.create_user("alice", password=PASSWORD, is_staff=True)
        self.other = connection.copy()
        self.addCleanup(self.other.close)
        folder = self.enterContext(tempfile.TemporaryDirectory())
        # The class caches the folder; a later change of the setting has no effect.
        self.enterContext(
            patch.object(SessionStore, "_storage_path", folder, create=True)
        )
        self.enterContext(
            self.settings(
                SESSION_ENGINE="django.contrib.sessions.backends.file",
                SESSION_FILE_PATH=Path(folder),
            )
        )

    def test_users_log_in_without_waiting_for_the_import(self) -> None:
        with self.other.cursor() as load:
            load.execute("BEGIN IMMEDIATE")
            started = time.monotonic()
            with self.assertLogs("meter_readings.accounts.login", "INFO"):
                response = self.client.post(
                    "/admin/login/?next=/", {"username": "alice", "password": PASSWORD}
                )
            self.assertEqual(response.status_code, 302)
            self.assertContains(self.client.get("/"), "alice")
            self.assertLess(time.monotonic() - started, 10)
            load.execute("ROLLBACK")

    def test_the_lock_timeout_is_unchanged_afterwards(self) -> None:
        update_last_login_unless_locked(user=User.objects.get())
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout")
            self.assertEqual(cursor.fetchone(), (20_000,))
