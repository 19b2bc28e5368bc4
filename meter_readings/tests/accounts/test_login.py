"""Login: limits on wrong passwords, the demo password, logins during an import."""

from __future__ import annotations

import logging
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from unittest import skipUnless
from unittest.mock import patch

from django.contrib.auth.models import User, update_last_login
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.file import SessionStore
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client, TestCase, TransactionTestCase, override_settings

from config.environment import PROJECT_ROOT
from meter_readings.accounts import login, login_attempts
from meter_readings.accounts.login import (
    ThrottledLoginForm,
    update_last_login_unless_locked,
)
from meter_readings.demo import DEMO_PASSWORD

PASSWORD = "correct horse battery"
LOG = "meter_readings.accounts.sign_in_log"


def forget_attempts() -> None:
    """Set all counters to the state of a new installation."""
    with login_attempts._statements() as execute:
        execute("DELETE FROM meter_readings_loginattempts")


def stored_counters() -> int:
    """Return the number of counters."""
    with login_attempts._statements() as execute:
        return execute("SELECT count(*) FROM meter_readings_loginattempts") or 0


@contextmanager
def in_one_transaction() -> Iterator[None]:
    """Count attempts without waiting for the disk after each."""
    with login_attempts._statements() as execute:
        with patch.object(login_attempts, "_statements", lambda: nullcontext(execute)):
            yield


class LoginTestCase(TestCase):
    def setUp(self) -> None:
        super().setUp()
        forget_attempts()
        self.addCleanup(forget_attempts)
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
        with self.assertLogs(LOG, "WARNING"):
            for _ in range(times):
                self.log_in(username, "wrong", **options)

    def expect_warning(self) -> None:
        """Expect a log line that an attempt was blocked."""
        logs = self.enterContext(self.assertLogs(LOG, "WARNING"))
        self.addCleanup(lambda: self.assertIn("Too many attempts", str(logs.output)))

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

    def test_thousands_of_attempts_free_neither_an_account_nor_an_address(self) -> None:
        self.guess(5)
        for number in range(50):
            self.guess(1, f"name{number}", ip="192.0.2.2")
        self.expect_warning()
        now = int(time.time())
        with in_one_transaction():
            for number in range(500):
                ip = f"10.0.{number >> 8}.{number & 255}"
                counters = login._attempt_counters(f"made up {number}", ip, now)
                self.assertIs(login_attempts.count_attempt(counters, now=now), True)
        self.assert_too_many(self.log_in("alice", PASSWORD))
        self.assert_too_many(self.log_in("alice", PASSWORD, "192.0.2.2"))

    def test_attempts_of_a_blocked_address_store_nothing(self) -> None:
        for number in range(50):
            self.guess(1, f"name{number}")
        stored = stored_counters()
        self.expect_warning()
        for number in range(5):
            self.log_in(f"other{number}", "wrong")
        self.assertEqual(stored_counters(), stored)

    def test_counters_are_deleted_after_their_quarter_of_an_hour(self) -> None:
        with patch.object(login.time, "time", return_value=0):
            self.guess(4)
            self.guess(4, "bob")
        self.assertEqual(stored_counters(), 5)
        with patch.object(login.time, "time", return_value=15 * 60):
            self.guess(1)
        self.assertEqual(stored_counters(), 3)

    def test_a_known_client_is_forgotten_after_thirty_days(self) -> None:
        with patch.object(login.time, "time", return_value=0):
            self.log_in("alice", PASSWORD)
        with patch.object(login.time, "time", return_value=30 * 24 * 60 * 60):
            self.guess(1, "bob")
        self.assertEqual(stored_counters(), 3)

    def test_counters_reveal_neither_account_nor_address(self) -> None:
        keys = [key for key, *_ in login._attempt_counters("alice", "192.0.2.1", 0)]
        self.assertEqual([len(key) for key in keys], [40, 40, 40])
        self.assertNotIn("alice", str(keys))

    def test_a_form_without_a_request_counts_by_account(self) -> None:
        form = ThrottledLoginForm(None, {"username": "alice", "password": PASSWORD})
        self.assertIs(form.is_valid(), True)


class SharedCounterTests(TransactionTestCase):
    """Counters that threads and processes share."""

    def setUp(self) -> None:
        forget_attempts()
        self.addCleanup(forget_attempts)
        logging.disable(logging.ERROR)
        self.addCleanup(logging.disable, logging.NOTSET)

    def is_checked(self, number: int) -> bool:
        """Return whether the password of an attempt was checked."""
        response = Client().post(
            "/admin/login/?next=/", {"username": "alice", "password": str(number)}
        )
        connection.close()
        return b"Too many attempts" not in response.content

    def test_twenty_parallel_attempts_check_five_passwords(self) -> None:
        with ThreadPoolExecutor(20) as threads:
            checked = [*threads.map(self.is_checked, range(20))]
        self.assertEqual(checked.count(True), 5)

    def test_a_restart_forgets_no_attempt(self) -> None:
        for number in range(5):
            self.assertIs(self.is_checked(number), True)
        program = (
            "from meter_readings.accounts.login import ThrottledLoginForm;"
            "data = {'username': 'alice', 'password': 'secret'};"
            "print(ThrottledLoginForm(None, data).errors)"
        )
        command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", program]
        new_process = subprocess.run(
            command, cwd=PROJECT_ROOT, check=True, capture_output=True, text=True
        )
        self.assertIn("Too many attempts", new_process.stdout)


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
        self.assertIn(update_last_login_unless_locked, receivers)
        self.assertNotIn(update_last_login, receivers)


@skipUnless(connection.vendor == "sqlite", "only SQLite has one lock for all writers")
class LoginDuringAnImportTests(TransactionTestCase):
    def setUp(self) -> None:
        forget_attempts()
        self.addCleanup(forget_attempts)
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

    def test_signing_in_is_an_outage_if_attempts_cannot_be_counted(self) -> None:
        with self.settings(SESSION_FILE_PATH=Path("/nonexistent")):
            with self.assertRaises(OperationalError):
                login_attempts.is_remembered("key")

    def test_the_lock_timeout_is_unchanged_afterwards(self) -> None:
        update_last_login_unless_locked(user=User.objects.get())
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout")
            self.assertEqual(cursor.fetchone(), (20_000,))
