"""Notifications of watched folders in error."""

from __future__ import annotations

from datetime import timedelta

from django.core import mail
from django.test import TestCase

from meter_readings.models import Notification, WatchedFolderStatus
from meter_readings.notifications import record_folder_errors, send_due, write_digests
from meter_readings.tests.management.run_command import run
from meter_readings.tests.support.import_helpers import create_folder_status

from .rules import DUE, Event, email_rule, statuses

MINUTE = timedelta(minutes=1)


class FolderErrorTests(TestCase):
    def setUp(self) -> None:
        self.folder = create_folder_status(
            polled_at=DUE, error="host is down", error_since=DUE - 9 * MINUTE
        )

    def mend(self) -> None:
        WatchedFolderStatus.objects.update(error="", error_since=None)

    def test_error_is_reported_once(self) -> None:
        email_rule(Event.FOLDER_ERROR)
        for minutes in (0, 1, 2):
            record_folder_errors(now=DUE + minutes * MINUTE)
        send_due(DUE + 3 * MINUTE)
        [message] = mail.outbox
        self.assertEqual(message.subject, "[Kraken D0010] Watched folder in error")
        self.assertIn("No file is taken from /srv/in since 1 December", message.body)
        self.assertIn(": host is down.", message.body)

    def test_next_error_of_the_folder_is_reported_again(self) -> None:
        email_rule(Event.FOLDER_ERROR)
        record_folder_errors(now=DUE)
        WatchedFolderStatus.objects.update(error_since=DUE - 7 * MINUTE)
        record_folder_errors(now=DUE)
        self.assertEqual(Notification.objects.count(), 2)

    def test_folder_that_is_in_order_within_the_delay_is_not_reported(self) -> None:
        email_rule(Event.FOLDER_ERROR, delay=30)
        record_folder_errors(now=DUE)
        self.mend()
        record_folder_errors(now=DUE + MINUTE)
        self.assertEqual(statuses(), ["not-sent"])

    def test_one_query_is_made_without_a_rule(self) -> None:
        with self.assertNumQueries(1):
            record_folder_errors(now=DUE)

    def test_command_records_and_sends(self) -> None:
        email_rule(Event.FOLDER_ERROR)
        self.assertIn("1 sent", run("send_notifications").stdout)

    def test_digest_counts_the_folders(self) -> None:
        email_rule(Event.DIGEST)
        write_digests(now=DUE)
        send_due(DUE)
        self.assertIn("  Watched folders in error: 1\n", mail.outbox[0].body)
