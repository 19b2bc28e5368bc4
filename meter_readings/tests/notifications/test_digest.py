"""The daily digest: what is open, once a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.core import mail
from django.test import TestCase

from meter_readings.models import FlowFile, Notification
from meter_readings.notifications import send_due, write_digests
from meter_readings.tests.management.run_command import run
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP
from meter_readings.tests.support.import_helpers import (
    create_overdue_reading,
    import_text,
    imported,
)

from .rules import Event, email_rule
from .test_outbox import BAD

# 07:30 in London, in summer
MORNING = datetime(2026, 7, 1, 6, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


class DigestTests(TestCase):
    def setUp(self) -> None:
        email_rule(Event.DIGEST)

    def reject(self) -> None:
        import_text(BAD, "2000000000015.uff", now=MORNING - HOUR)

    def test_a_digest_counts_what_is_open_and_lists_the_rejected_files(self) -> None:
        self.reject()
        imported(EVERY_GROUP, now=MORNING - HOUR)
        write_digests(now=MORNING)
        send_due(MORNING)
        [message] = mail.outbox
        self.assertEqual(message.subject, "[Kraken D0010] Daily digest of what is open")
        self.assertIn("Open on 1 July 2026:", message.body)
        self.assertIn("  Rejected: 1\n  Imported with warnings: 1\n", message.body)
        path = FlowFile.objects.earliest("pk").get_absolute_url()
        self.assertIn(f"  [MPAN].uff\n  http://127.0.0.1:8001{path}\n", message.body)
        self.assertNotIn("2000000000015", message.body)

    def test_a_digest_is_written_once_a_day_from_its_hour_on(self) -> None:
        self.reject()
        day = 24 * HOUR
        times = (-HOUR, 0 * HOUR, HOUR, day - HOUR, day)
        written = [write_digests(now=MORNING + time) for time in times]
        self.assertEqual(written, [0, 1, 0, 0, 1])
        self.assertEqual(Notification.objects.count(), 2)

    def test_no_digest_is_written_if_nothing_is_open(self) -> None:
        self.assertEqual(write_digests(now=MORNING), 0)

    def test_without_a_rule_one_query_is_made(self) -> None:
        self.reject()
        Notification.objects.all().delete()
        from meter_readings.models import NotificationRule

        NotificationRule.objects.all().delete()
        with self.assertNumQueries(1):
            write_digests(now=MORNING)

    def test_a_digest_takes_a_fixed_number_of_queries(self) -> None:
        for number in range(30):
            import_text(BAD + "|" * number, f"{number}.uff", now=MORNING - HOUR)
        with self.assertNumQueries(11):
            write_digests(now=MORNING)
        self.assertEqual(len(Notification.objects.get().data["files"]), 20)

    def test_a_digest_counts_late_and_missing_readings(self) -> None:
        imported(EVERY_GROUP, now=MORNING - 900 * HOUR)
        create_overdue_reading()
        create_overdue_reading(register_id="NT")
        write_digests(now=MORNING)
        send_due(MORNING)
        self.assertIn(
            "  Meter points and registers whose readings are late or missing: 2\n",
            mail.outbox[0].body,
        )

    def test_the_option_writes_it_at_any_hour_and_once(self) -> None:
        import_text(BAD)
        FlowFile.objects.update(received_at=datetime.now(UTC))
        run("send_notifications", "--digest")
        run("send_notifications", "--digest")
        self.assertEqual(len(mail.outbox), 1)
