"""Notifications of files that are late or missing."""

from __future__ import annotations

from datetime import timedelta

from django.core import mail
from django.test import TestCase

from meter_readings.models import Notification, SenderSchedule
from meter_readings.notifications import record_late_files, send_due, write_digests
from meter_readings.tests.management.run_command import run
from meter_readings.tests.queries.test_expected_files import file_of, files_on, noon

from .rules import Event, email_rule, statuses

DAY = timedelta(days=1)
# Files came on four Mondays; the next one is due on Monday, 29 June.
MONDAYS = [1, 8, 15, 22]
DUE = noon(29)


class LateFileTests(TestCase):
    def at(self, day: int) -> None:
        """Record so many days after the file was due."""
        record_late_files(now=DUE + day * DAY)

    def states(self) -> list[str]:
        rows = Notification.objects.order_by("pk")
        return [f"{row.object_key} {row.state}" for row in rows]

    def test_file_that_is_due_today_is_not_recorded(self) -> None:
        email_rule(Event.FILE_LATE)
        files_on(MONDAYS)
        self.at(0)
        self.assertEqual(self.states(), [])

    def test_late_file_is_recorded_once_and_once_more_when_it_is_missing(self) -> None:
        email_rule(Event.FILE_LATE)
        files_on(MONDAYS)
        for day in (1, 2, 7, 8, 9, 30):
            self.at(day)
        self.assertEqual(
            self.states(), ["UDMS late-2026-06-29", "UDMS missing-2026-06-29"]
        )

    def test_next_file_that_is_late_is_recorded_again(self) -> None:
        email_rule(Event.FILE_LATE)
        files_on(MONDAYS)
        self.at(1)
        file_of("UDMS", received_at=noon(30))
        # The interval is now eight days.
        for day in (2, 9, 10):
            self.at(day)
        self.assertEqual(
            self.states(), ["UDMS late-2026-06-29", "UDMS late-2026-07-08"]
        )

    def test_file_that_comes_within_the_delay_is_not_reported(self) -> None:
        email_rule(Event.FILE_LATE, delay=600)
        files_on(MONDAYS)
        self.at(1)
        self.assertEqual(statuses(), ["waiting"])
        file_of("UDMS", received_at=noon(30))
        self.at(1)
        self.assertEqual(statuses(), ["not-sent"])

    def test_file_that_does_not_come_within_the_delay_is_reported(self) -> None:
        email_rule(Event.FILE_LATE, delay=600)
        files_on(MONDAYS)
        self.at(1)
        send_due(DUE + 2 * DAY)
        self.assertEqual(statuses(), ["sent"])

    def test_late_file_is_not_reported_late_when_it_is_missing(self) -> None:
        email_rule(Event.FILE_LATE, delay=600)
        files_on(MONDAYS)
        self.at(1)
        self.at(8)
        self.assertEqual(statuses(), ["not-sent", "waiting"])

    def test_email_says_when_the_file_was_due_and_when_the_latest_came(self) -> None:
        email_rule(Event.FILE_LATE)
        files_on(MONDAYS)
        self.at(1)
        send_due(DUE + DAY)
        [message] = mail.outbox
        self.assertEqual(message.subject, "[Kraken D0010] File late or missing: UDMS")
        self.assertIn(
            "A file of UDMS was due on 29 June 2026. The latest came on 22 June 2026.",
            message.body,
        )

    def test_email_says_that_no_file_has_ever_come(self) -> None:
        email_rule(Event.FILE_LATE)
        SenderSchedule.objects.create(participant="NEEB", interval_days=7)
        self.at(1)
        send_due(DUE + DAY)
        [message] = mail.outbox
        self.assertIn("No file of NEEB has come in the last 400 days.", message.body)

    def test_webhook_gets_the_dates(self) -> None:
        email_rule(Event.FILE_LATE)
        files_on(MONDAYS)
        self.at(1)
        data = Notification.objects.get().data
        self.assertEqual(
            (data["sender"], data["state"], data["due_date"], data["latest_date"]),
            ("UDMS", "late", "2026-06-29", "2026-06-22"),
        )

    def test_one_query_is_made_without_a_rule(self) -> None:
        files_on(MONDAYS)
        with self.assertNumQueries(1):
            self.at(1)

    def test_number_of_senders_does_not_change_the_number_of_queries(self) -> None:
        email_rule(Event.FILE_LATE)
        for number in range(20):
            SenderSchedule.objects.create(participant=f"S{number}", interval_days=1)
        with self.assertNumQueries(6):
            self.at(1)
        self.assertEqual(Notification.objects.count(), 20)

    def test_command_records_and_sends(self) -> None:
        email_rule(Event.FILE_LATE)
        SenderSchedule.objects.create(participant="NEEB", interval_days=7)
        self.assertIn("1 sent", run("send_notifications").stdout)

    def test_digest_counts_the_senders(self) -> None:
        email_rule(Event.DIGEST)
        files_on(MONDAYS)
        write_digests(now=DUE + DAY)
        send_due(DUE + DAY)
        self.assertIn(
            "  Senders whose files are late or missing: 1\n", mail.outbox[0].body
        )
