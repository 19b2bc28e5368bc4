"""Tests of the actor: who acts, through which channel, in which request."""

from __future__ import annotations

from unittest.mock import patch

from django.contrib.auth.models import AnonymousUser, User
from django.test import RequestFactory, SimpleTestCase, TestCase

from meter_readings import audit
from meter_readings.audit.actors import request_actor
from meter_readings.models import ApiToken, AuditEvent
from meter_readings.tests.management.run_command import GOOD, FolderTestCase, run
from meter_readings.tests.support.import_helpers import imported


class CurrentActorTests(SimpleTestCase):
    def test_outside_of_requests_and_commands_it_is_the_system_user(self) -> None:
        with patch("getpass.getuser", lambda: "operator"):
            actor = audit.current_actor()
        self.assertEqual(actor, audit.Actor("command", "operator"))

    def test_a_system_user_without_a_name_has_an_empty_one(self) -> None:
        with patch("getpass.getuser", side_effect=OSError):
            self.assertEqual(audit.current_actor().username, "")

    def test_an_actor_ends_with_its_context(self) -> None:
        alice = audit.Actor("admin", "alice")
        with audit.acting_as(lambda: alice):
            self.assertEqual(audit.current_actor(), alice)
        self.assertNotEqual(audit.current_actor(), alice)


class RequestActorTests(TestCase):
    def test_a_user_of_the_admin_has_name_and_id(self) -> None:
        request = RequestFactory().get("/admin/")
        request.user = User.objects.create_user("alice")
        request.request_id = "4b0b6e5e-2f0d-4a9b-8a3e-0c2f5d1c7b11"
        expected = audit.Actor(
            "admin", "alice", request.user.pk, "", request.request_id
        )
        self.assertEqual(request_actor(request), expected)

    def test_a_token_of_the_api_is_named_with_its_prefix(self) -> None:
        request = RequestFactory().get("/api/v1/readings/")
        request.user = User.objects.create_user("billing")
        request.auth = ApiToken(name="nightly", prefix="d0010_abcdef")
        actor = request_actor(request)
        self.assertEqual(
            (actor.channel, actor.token), ("api", "nightly (d0010_abcdef)")
        )

    def test_nobody_is_signed_in_before_the_authentication(self) -> None:
        request = RequestFactory().get("/")
        self.assertEqual(request_actor(request), audit.Actor("admin", ""))
        request.user = AnonymousUser()
        self.assertEqual(request_actor(request), audit.Actor("admin", ""))


class CommandActorTests(FolderTestCase):
    def test_all_files_of_one_command_have_the_same_request_id(self) -> None:
        with patch("getpass.getuser", lambda: "operator"):
            run("import_d0010", self.file("good.uff", GOOD), self.file("bad.uff", "x"))
        events = AuditEvent.objects.order_by("pk")
        self.assertEqual(
            [(event.username, event.channel, event.object_label) for event in events],
            [
                ("operator", "command", "good.uff"),
                ("operator", "command", "bad.uff"),
            ],
        )
        self.assertEqual(len({event.request_id for event in events} - {None}), 1)

    def test_two_commands_have_different_request_ids(self) -> None:
        file = imported(GOOD)
        for _ in range(2):
            run("export_readings", "--file", str(file.pk))
        ids = AuditEvent.objects.filter(action="export").values_list("request_id")
        self.assertEqual(len({*ids}), 2)
