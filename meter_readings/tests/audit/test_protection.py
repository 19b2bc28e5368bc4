"""Tests of the protection of audit events in the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from unittest import skipUnless

from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import TestCase, TransactionTestCase
from django.utils import timezone

from meter_readings import audit
from meter_readings.models import AuditEvent
from meter_readings.tests.runner import allow_flush

NOW = timezone.now()


def forbid_flush() -> None:
    """Delete the row that lets the tests delete events; no other database has it."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM meter_readings_auditmaintenance")


def create_event(*, days_ago: int = 0, label: str = "sample.uff") -> AuditEvent:
    return AuditEvent.objects.create(
        at=NOW - timedelta(days=days_ago),
        action=AuditEvent.Action.IMPORT,
        channel="command",
        username="alice",
        object_label=label,
    )


class ProtectionTests(TestCase):
    def setUp(self) -> None:
        forbid_flush()
        self.event = create_event()

    @contextmanager
    def assert_refused(self) -> Iterator[None]:
        with self.assertRaisesMessage(IntegrityError, "Audit events are append-only."):
            with transaction.atomic():
                yield

    def test_an_event_cannot_be_updated(self) -> None:
        with self.assert_refused():
            AuditEvent.objects.update(username="bob")

    def test_an_event_cannot_be_deleted(self) -> None:
        with self.assert_refused():
            self.event.delete()

    @skipUnless(connection.vendor == "sqlite", "SQLite's own statement")
    def test_an_event_cannot_be_replaced(self) -> None:
        with self.assert_refused(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT OR REPLACE INTO meter_readings_auditevent"
                " (id, at, action, channel, username, token, object_type,"
                " object_label, details)"
                " VALUES (%s, '2026-01-01', 'undo', 'admin', 'bob', '', '', '', '{}')",
                [self.event.pk],
            )

    @skipUnless(connection.vendor == "postgresql", "PostgreSQL's own statement")
    def test_the_events_cannot_be_truncated(self) -> None:
        with self.assert_refused(), connection.cursor() as cursor:
            cursor.execute("TRUNCATE meter_readings_auditevent")

    def test_an_erasure_may_change_a_text(self) -> None:
        with audit.changing_texts():
            AuditEvent.objects.update(object_label="********")
        self.assertEqual(AuditEvent.objects.get().object_label, "********")

    def test_an_erasure_may_change_nothing_else(self) -> None:
        changes = {
            "at": NOW - timedelta(days=1),
            "action": "undo",
            "channel": "api",
            "user_id": 7,
            "request_id": "4b0b6e5e-2f0d-4a9b-8a3e-0c2f5d1c7b11",
            "object_type": "meter",
            "object_id": 7,
        }
        for name, value in changes.items():
            with self.subTest(name), self.assert_refused(), audit.changing_texts():
                AuditEvent.objects.update(**{name: value})

    def test_an_erasure_may_not_delete(self) -> None:
        with self.assert_refused(), audit.changing_texts():
            AuditEvent.objects.all().delete()

    def test_nothing_may_be_changed_after_the_erasure(self) -> None:
        with audit.changing_texts():
            pass
        with self.assert_refused():
            AuditEvent.objects.update(object_label="x")

    def test_retention_deletes_the_events_before_its_time(self) -> None:
        create_event(days_ago=11)
        self.assertEqual(audit.delete_events(before=NOW - timedelta(days=10)), 1)
        self.assertEqual([*AuditEvent.objects.all()], [self.event])

    def test_nothing_may_be_deleted_after_the_retention(self) -> None:
        create_event(days_ago=11)
        audit.delete_events(before=NOW - timedelta(days=12))
        with self.assert_refused():
            AuditEvent.objects.filter(at__lt=NOW).delete()


class FlushTests(TransactionTestCase):
    def test_the_command_flush_is_refused(self) -> None:
        create_event()
        forbid_flush()
        self.addCleanup(allow_flush)
        with self.assertRaises(CommandError):
            call_command("flush", interactive=False, verbosity=0)
        self.assertIs(AuditEvent.objects.exists(), True)
