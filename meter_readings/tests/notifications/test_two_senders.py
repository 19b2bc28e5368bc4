"""Two senders at once, and a mail server that is back after an outage."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.db import connection
from django.test import TransactionTestCase

from meter_readings.models import Notification
from meter_readings.notifications import SendResult, send_due
from meter_readings.tests.robustness import IS_LONG, say
from meter_readings.tests.support.smtp_server import SmtpServer

from .rules import DUE, email_rule, record

AMOUNT = 10_000 if IS_LONG else 300
SENDERS = 2


def send_and_close(minutes: int) -> SendResult:
    try:
        return send_due(DUE + timedelta(minutes=minutes))
    finally:
        connection.close()


class TwoSendersTests(TransactionTestCase):
    def send_at_once(self, minutes: int) -> SendResult:
        """Run two senders at once and return the sum of their results."""
        with ThreadPoolExecutor(SENDERS) as pool:
            results = list(pool.map(send_and_close, [minutes] * SENDERS))
        return SendResult(*map(sum, zip(*results)))

    def test_after_an_outage_each_notification_is_sent_exactly_once(self) -> None:
        email_rule()
        record(AMOUNT)
        with SmtpServer() as server, self.settings(MAILERS=server.mailers):
            server.stop()
            self.assertEqual(self.send_at_once(0), SendResult(0, AMOUNT, 0, 0))
            server.start()
            self.assertEqual(self.send_at_once(5), SendResult(AMOUNT, 0, 0, 0))
            ids = Counter(message["Message-ID"] for message in server.messages)
        self.assertEqual((len(ids), max(ids.values())), (AMOUNT, 1))
        self.assertEqual(Notification.objects.filter(status="sent").count(), AMOUNT)
        say(f"{AMOUNT:,} notifications were sent once each by {SENDERS} senders")
