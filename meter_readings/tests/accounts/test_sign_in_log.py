"""Log lines and counter of sign-ins."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.test import Client
from prometheus_client import REGISTRY

from meter_readings.accounts import sign_in_log
from meter_readings.models import AuditEvent

from .test_login import LOG, PASSWORD, LoginTestCase

IP = "192.0.2.1"


class SignInLogTests(LoginTestCase):
    def logged(self, username: str, password: str) -> list[tuple[str, Any]]:
        """Return the messages and fields that a sign-in writes."""
        with self.assertLogs(LOG) as logs:
            self.log_in(username, password)
        return [(each.getMessage(), vars(each)["fields"]) for each in logs.records]

    def test_a_sign_in_is_logged_with_user_and_address(self) -> None:
        fields = {"user": "alice", "client_ip": IP}
        self.assertEqual(
            self.logged("alice", PASSWORD), [("Sign-in succeeded.", fields)]
        )

    def test_a_failed_sign_in_is_logged_with_the_name_of_a_known_user(self) -> None:
        fields = {"user": "alice", "client_ip": IP}
        self.assertEqual(self.logged("alice", "wrong"), [("Sign-in failed.", fields)])

    def test_a_password_in_the_field_of_the_name_is_not_logged(self) -> None:
        fields = {"user": "", "client_ip": IP}
        self.assertEqual(self.logged(PASSWORD, "alice"), [("Sign-in failed.", fields)])

    def test_a_blocked_sign_in_is_logged(self) -> None:
        for _ in range(5):
            self.logged("alice", "wrong")
        fields = {"user": "alice", "client_ip": IP}
        self.assertEqual(
            self.logged("alice", PASSWORD), [("Too many attempts to sign in.", fields)]
        )

    def test_a_sign_out_is_logged(self) -> None:
        client = Client()
        client.force_login(User.objects.get())
        with self.assertLogs(LOG) as logs:
            client.post("/admin/logout/")
        self.assertEqual(vars(logs.records[0])["fields"]["user"], "alice")

    def test_a_sign_out_without_a_session_is_not_logged(self) -> None:
        with self.assertNoLogs(LOG):
            sign_in_log.log_sign_out(user=None, request=None)

    def test_a_failed_sign_in_without_a_request_has_no_address(self) -> None:
        with self.assertLogs(LOG) as logs:
            authenticate(username="alice", password="wrong")
        self.assertEqual(vars(logs.records[0])["fields"]["client_ip"], "")

    def test_sign_ins_are_counted_by_result(self) -> None:
        def count() -> float:
            labels = {"result": "failed"}
            return REGISTRY.get_sample_value("d0010_sign_ins_total", labels) or 0

        before = count()
        self.logged("alice", "wrong")
        self.assertEqual(count(), before + 1)


class SignInAuditTests(LoginTestCase):
    def setUp(self) -> None:
        super().setUp()
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)

    def recorded(self) -> list[tuple[str, str, str, Any]]:
        events = AuditEvent.objects.order_by("pk")
        return [
            (event.action, event.username, event.object_label, event.details)
            for event in events
        ]

    def test_sign_ins_and_sign_outs_are_recorded_with_user_and_address(self) -> None:
        self.log_in("alice", PASSWORD)
        self.client.force_login(User.objects.get())
        self.client.post("/admin/logout/")
        self.assertEqual(
            self.recorded(),
            [
                ("sign-in", "alice", "alice", {"client_ip": IP}),
                ("sign-in", "alice", "alice", {}),
                ("sign-out", "alice", "alice", {}),
            ],
        )

    def test_a_failed_sign_in_has_no_actor_and_names_a_known_user(self) -> None:
        self.log_in("alice", "wrong")
        self.assertEqual(
            self.recorded(), [("sign-in-failed", "", "alice", {"client_ip": IP})]
        )

    def test_a_name_that_is_no_user_is_not_recorded(self) -> None:
        self.log_in(PASSWORD, "alice")
        self.assertEqual(
            self.recorded(), [("sign-in-failed", "", "", {"client_ip": IP})]
        )

    def test_a_blocked_sign_in_is_not_recorded(self) -> None:
        for _ in range(6):
            self.log_in("alice", "wrong")
        self.assertEqual(len(self.recorded()), 5)
