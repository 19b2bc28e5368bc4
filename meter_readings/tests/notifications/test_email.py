"""E-mail: what is sent, to whom, and what happens while the server is unavailable."""

from __future__ import annotations

import logging
from datetime import timedelta
from email.message import EmailMessage
from unittest.mock import patch

from django.contrib.auth.models import Group, User
from django.db import OperationalError
from django.test import TestCase

from meter_readings.models import (
    FlowFile,
    ImportJob,
    Notification,
    NotificationDelivery,
    NotificationRule,
)
from meter_readings.notifications import SendResult, resend, send_due, sender
from meter_readings.notifications.errors import DeliveryFailed
from meter_readings.tests.management.run_command import run
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP
from meter_readings.tests.support.import_helpers import NOW, import_text, imported
from meter_readings.tests.support.smtp_server import SmtpServer

from .rules import DUE, Event, email_rule, record, statuses
from .test_outbox import BAD, GOOD

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LATER = NOW + 100 * DAY


class MailTestCase(TestCase):
    def setUp(self) -> None:
        self.server = self.enterContext(SmtpServer())
        self.enterContext(
            self.settings(
                MAILERS=self.server.mailers, SITE_URL="https://readings.example.org"
            )
        )

    def message(self) -> EmailMessage:
        [message] = self.server.messages
        return message

    def text(self, kind: str = "plain") -> str:
        """Return the text of the only e-mail; `kind` may be "html"."""
        body = self.message().get_body((kind,))
        assert body is not None
        return str(body.get_content()).replace("\r\n", "\n")


class MessageTests(MailTestCase):
    def test_an_email_about_a_rejected_file(self) -> None:
        email_rule(name="Rejections")
        import_text(BAD, "april.uff")
        send_due(LATER)
        file = FlowFile.objects.get()
        message = self.message()
        self.assertEqual(message["Subject"], "[Kraken D0010] File rejected: april.uff")
        self.assertEqual(message["To"], "bob@example.org")
        self.assertEqual(message["From"], "kraken-d0010@127.0.0.1")
        self.assertIn("The flow file april.uff of UDMS was rejected", self.text())
        self.assertIn("  negative: 1\n", self.text())
        self.assertIn(
            "https://readings.example.org/admin/meter_readings/flowfile/"
            f"{file.pk}/change/",
            self.text(),
        )
        self.assertIn('by the rule "Rejections"', self.text())

    def test_the_html_of_an_email_has_the_same_text_and_links(self) -> None:
        email_rule()
        record(filename="<b>.example.com", errors=3)
        send_due(DUE)
        html = self.text("html")
        name = "&lt;b&gt;.example.com"
        self.assertIn(f"<title>[Kraken D0010] File rejected: {name}</title>", html)
        self.assertIn(f"The flow file {name} was rejected on", html)
        self.assertIn("Errors: 3<br>", html)
        path = "https://readings.example.org/admin/meter_readings/flowfile/0/change/"
        self.assertIn(f'<a href="{path}">{path}</a>', html)
        self.assertEqual(html.count("<a "), 1)

    def test_its_link_asks_to_sign_in(self) -> None:
        email_rule()
        import_text(BAD)
        response = self.client.get(FlowFile.objects.get().get_absolute_url())
        self.assertTrue(response["Location"].startswith("/admin/login/"))

    def test_the_message_id_is_that_of_the_row(self) -> None:
        email_rule()
        record()
        send_due(DUE)
        uuid = Notification.objects.get().uuid
        self.assertEqual(self.message()["Message-ID"], f"<{uuid}@readings.example.org>")

    def test_no_mpan_is_in_an_email(self) -> None:
        email_rule()
        import_text(BAD, "readings 2000000000015.uff")
        send_due(LATER)
        self.assertEqual(
            self.message()["Subject"],
            "[Kraken D0010] File rejected: readings [MPAN].uff",
        )
        for kind in ("plain", "html"):
            self.assertNotIn("2000000000015", self.text(kind))

    def test_a_filename_is_not_escaped_as_html(self) -> None:
        email_rule()
        record(filename="a&b.uff")
        send_due(DUE)
        self.assertIn("The flow file a&b.uff was rejected", self.text())

    def test_an_email_about_findings(self) -> None:
        email_rule(Event.FINDINGS)
        imported(EVERY_GROUP, "april.uff")
        send_due(LATER)
        self.assertIn("april.uff of UDMS was imported with findings", self.text())
        self.assertIn("Warnings: 1\n", self.text())

    def test_an_email_about_a_failed_job(self) -> None:
        email_rule(Event.JOB_FAILED)
        record(event=Event.JOB_FAILED, reason="Interrupted by MemoryError.")
        send_due(DUE)
        self.assertIn("/admin/meter_readings/importjob/0/change/", self.text())
        self.assertIn("Interrupted by MemoryError.", self.text())

    def test_an_email_about_a_late_file(self) -> None:
        email_rule(Event.FILE_LATE)
        text = "A file of UDMS was due on 3 November 2026."
        record(event=Event.FILE_LATE, filename="", sender="UDMS", text=text)
        send_due(DUE)
        self.assertEqual(
            self.message()["Subject"], "[Kraken D0010] File late or missing: UDMS"
        )
        self.assertIn(text, self.text())
        page = "https://readings.example.org/admin/expected-files/"
        self.assertIn(f"\n{page}\n", self.text())


class RecipientTests(MailTestCase):
    def recipients(self) -> list[str]:
        record()
        send_due(DUE)
        return [str(message["To"]) for message in self.server.messages]

    def test_members_of_groups_and_users_get_one_email(self) -> None:
        rule = email_rule()
        group = Group.objects.create(name="Team")
        for name in "alice", "carol":
            user = User.objects.create_user(name, f"{name}@example.org")
            user.groups.add(group)
        rule.users.add(User.objects.get(username="alice"))
        rule.groups.add(group)
        self.assertEqual(
            self.recipients(),
            ["alice@example.org, bob@example.org, carol@example.org"],
        )

    def test_a_rule_without_a_recipient_fails_with_the_reason(self) -> None:
        email_rule()
        User.objects.update(is_active=False)
        self.assertEqual(self.recipients(), [])
        row = Notification.objects.get()
        self.assertEqual(row.status, "waiting")
        self.assertEqual(
            row.message, "No recipient is active and has an e-mail address."
        )

    def test_a_refused_recipient_does_not_stop_the_next_email(self) -> None:
        email_rule(to="nobody@example.org")
        email_rule()
        self.server.refused = {"nobody@example.org"}
        self.assertEqual(self.recipients(), ["bob@example.org"])
        row = Notification.objects.earliest("pk")
        self.assertEqual(
            row.message, "SMTPRecipientsRefused: the mail server answered 550"
        )

    def test_a_connection_that_is_lost_is_opened_again_in_the_next_run(self) -> None:
        email_rule()
        self.server.loses_next = True
        self.assertEqual(self.recipients(), [])
        send_due(DUE + 2 * MINUTE)
        self.assertEqual((len(self.server.messages), statuses()), (1, ["sent"]))


class UnavailableServerTests(MailTestCase):
    def setUp(self) -> None:
        super().setUp()
        email_rule()

    def test_an_import_takes_no_notice_of_the_mail_server(self) -> None:
        self.server.stop()
        self.addCleanup(self.server.start)
        import_text(BAD)
        self.assertEqual(FlowFile.objects.get().status, "rejected")

    def test_what_waited_is_sent_once_when_the_server_is_back(self) -> None:
        record(120)
        self.server.stop()
        result = send_due(DUE)
        self.assertEqual(result, SendResult(0, 120, 0, 0))
        self.server.start()
        self.assertEqual(send_due(DUE + 2 * MINUTE), SendResult(120, 0, 0, 0))
        self.assertEqual(send_due(DUE + 3 * MINUTE), SendResult(0, 0, 0, 0))
        ids = [message["Message-ID"] for message in self.server.messages]
        self.assertEqual((len(ids), len({*ids})), (120, 120))

    def test_a_server_that_does_not_answer_is_tried_once_in_a_run(self) -> None:
        record(120)
        self.server.stop()
        self.addCleanup(self.server.start)
        send_due(DUE)
        log = NotificationDelivery.objects.values_list("result", flat=True)
        self.assertEqual([*log], ["ConnectionRefusedError: Connection refused"])

    def test_attempts_come_less_often_and_end_after_three_days(self) -> None:
        record()
        self.server.stop()
        self.addCleanup(self.server.start)
        now, times = DUE, list[timedelta]()
        while statuses() == ["waiting"]:
            send_due(now)
            times.append(now - DUE)
            now = Notification.objects.get().next_attempt_at + MINUTE
        self.assertEqual(len(times), sender.MAX_ATTEMPTS)
        self.assertTrue(2 * DAY < times[-1] < 4 * DAY, times[-1])
        self.assertEqual(statuses(), ["failed"])

    def test_a_failed_one_is_sent_when_it_is_sent_again(self) -> None:
        record()
        Notification.objects.update(status="failed", attempts=sender.MAX_ATTEMPTS)
        self.assertEqual(resend(Notification.objects.all(), now=DUE + DAY), 1)
        send_due(DUE + DAY)
        self.assertEqual((len(self.server.messages), statuses()), (1, ["sent"]))

    def test_a_template_with_an_error_undoes_no_import_and_loses_nothing(self) -> None:
        import_text(BAD)
        broken = patch("meter_readings.notifications.email.render_email")
        logging.disable(logging.ERROR)
        self.addCleanup(logging.disable, logging.NOTSET)
        with broken as render:
            render.side_effect = ZeroDivisionError
            send_due(LATER)
        self.assertEqual(FlowFile.objects.count(), 1)
        row = Notification.objects.get()
        self.assertEqual(row.message, "ZeroDivisionError in the message")
        send_due(LATER + 2 * MINUTE)
        self.assertEqual((len(self.server.messages), statuses()), (1, ["sent"]))


class StateTests(MailTestCase):
    def test_nothing_is_sent_before_its_time(self) -> None:
        email_rule(delay=10)
        record()
        send_due(DUE + 9 * MINUTE)
        self.assertEqual(self.server.messages, [])

    def test_nothing_is_sent_if_the_file_was_corrected_during_the_delay(self) -> None:
        email_rule(delay=10)
        import_text(BAD)
        imported(GOOD, now=NOW + MINUTE)
        self.assertEqual(send_due(LATER), SendResult(0, 0, 0, 1))
        row = Notification.objects.get()
        self.assertEqual(
            (row.status, row.message), ("not-sent", "It was resolved before.")
        )

    def test_it_is_sent_after_the_delay_if_the_file_is_still_rejected(self) -> None:
        email_rule(delay=10)
        import_text(BAD)
        send_due(LATER)
        self.assertEqual(statuses(), ["sent"])

    def test_a_rule_that_is_not_active_or_deleted_sends_nothing(self) -> None:
        email_rule()
        record()
        NotificationRule.objects.update(is_active=False)
        send_due(DUE)
        self.assertEqual((statuses(), self.server.messages), (["not-sent"], []))
        self.assertEqual(resend(Notification.objects.all(), now=DUE), 1)
        NotificationRule.objects.all().delete()
        send_due(DUE)
        self.assertEqual(statuses(), ["not-sent"])
        self.assertEqual(resend(Notification.objects.all(), now=DUE), 0)

    def test_it_is_sent_again_every_so_many_days_while_it_is_open(self) -> None:
        email_rule(repeat_days=7)
        import_text(BAD, "april.uff")
        start = Notification.objects.get().created_at
        for day in range(40):
            send_due(start + day * DAY + MINUTE)
        subjects = [message["Subject"] for message in self.server.messages]
        again = "[Kraken D0010] Still open: File rejected: april.uff"
        self.assertEqual(
            subjects, ["[Kraken D0010] File rejected: april.uff", *4 * [again]]
        )

    def test_it_is_not_sent_again_after_it_was_acknowledged(self) -> None:
        email_rule(repeat_days=7)
        import_text(BAD)
        start = Notification.objects.get().created_at
        send_due(start)
        FlowFile.objects.update(acknowledged_at=NOW)
        send_due(start + 8 * DAY)
        self.assertEqual(statuses(), ["sent", "not-sent"])

    def test_findings_are_not_sent_again_after_they_were_acknowledged(self) -> None:
        email_rule(Event.FINDINGS, repeat_days=1)
        imported(EVERY_GROUP)
        start = Notification.objects.get().created_at
        send_due(start)
        send_due(start + 2 * DAY)
        FlowFile.objects.update(acknowledged_at=NOW)
        send_due(start + 4 * DAY)
        self.assertEqual(statuses(), ["sent", "sent", "not-sent"])

    def test_a_failed_job_is_resolved_by_an_import_of_its_file(self) -> None:
        email_rule(Event.JOB_FAILED, delay=1)
        broken = patch("meter_readings.importer.pipeline.validate_file")
        with broken as validate, self.assertRaises(ZeroDivisionError):
            validate.side_effect = ZeroDivisionError
            import_text(GOOD, "failed.uff")
        self.assertEqual(ImportJob.objects.get().state, "failed")
        imported(GOOD, "again.uff")
        self.assertEqual(send_due(LATER), SendResult(0, 0, 0, 1))


class LostSenderTests(MailTestCase):
    def setUp(self) -> None:
        super().setUp()
        email_rule()
        record()

    def test_a_sender_killed_before_it_saves_repeats_one_with_the_same_id(self) -> None:
        lost = patch.object(sender._Run, "_save", side_effect=KeyboardInterrupt)
        with lost, self.assertRaises(KeyboardInterrupt):
            send_due(DUE)
        send_due(DUE + MINUTE)
        self.assertEqual(len(self.server.messages), 1)
        send_due(DUE + 30 * MINUTE)
        first, second = self.server.messages
        self.assertEqual(first["Message-ID"], second["Message-ID"])
        self.assertEqual(statuses(), ["sent"])

    def test_a_locked_database_does_not_make_it_send_again(self) -> None:
        errors = [OperationalError("database is locked")] * 2
        manager = "meter_readings.models.NotificationDelivery.objects.create"
        pause = patch("meter_readings.notifications.sender.time.sleep")
        with pause as sleep, patch(manager) as locked:
            locked.side_effect = [*errors, None]
            send_due(DUE)
        self.assertEqual((sleep.call_count, statuses()), (2, ["sent"]))
        self.assertEqual(len(self.server.messages), 1)

    def test_a_database_that_stays_locked_ends_the_run(self) -> None:
        manager = "meter_readings.models.NotificationDelivery.objects.create"
        spare = patch.object(sender, "_LEASE_TO_SPARE", timedelta())
        with spare, patch(manager) as locked, self.assertRaises(OperationalError):
            locked.side_effect = OperationalError("database is locked")
            send_due(DUE)

    def test_rows_whose_lease_has_run_out_are_left_to_another_run(self) -> None:
        with patch.object(sender, "_LEASE", sender._LEASE_TO_SPARE - DAY):
            # Its lease ended yesterday: the row is claimed again, and never sent.
            with patch.object(sender._Run, "_claim") as claim:
                claim.side_effect = [[Notification.objects.get()], []]
                send_due(DUE)
        self.assertEqual(self.server.messages, [])

    def test_a_row_that_another_sender_has_taken_over_is_not_marked_as_failed(
        self,
    ) -> None:
        def take_over(*_: object) -> None:
            Notification.objects.update(attempts=7)
            raise DeliveryFailed("too late")

        with patch("meter_readings.notifications.email.render_email", take_over):
            send_due(DUE)
        row = Notification.objects.get()
        self.assertEqual((row.attempts, row.message), (7, ""))


class CommandTests(MailTestCase):
    def test_the_command_sends_what_is_due(self) -> None:
        email_rule()
        record()
        ran = run("send_notifications")
        self.assertEqual(ran.code, 0)
        self.assertEqual(
            ran.stdout, "1 sent, 0 to be tried again, 0 failed, 0 not sent.\n"
        )

    def test_the_command_is_silent_if_nothing_is_due(self) -> None:
        self.assertEqual(run("send_notifications").stdout, "")


class ClosingTests(MailTestCase):
    def test_a_connection_that_breaks_while_it_is_closed_does_no_harm(self) -> None:
        email_rule()
        record()
        backend = "django.core.mail.backends.smtp.EmailBackend.close"
        with patch(backend, side_effect=OSError):
            send_due(DUE)
        self.assertEqual(statuses(), ["sent"])


class NoRuleTests(TestCase):
    def test_without_a_rule_nothing_is_sent(self) -> None:
        self.assertEqual(send_due(DUE), SendResult(0, 0, 0, 0))
