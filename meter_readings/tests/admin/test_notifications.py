"""Tests of the admin of notification rules and of the log of notifications."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from django.http import HttpResponse
from django.utils import timezone

from meter_readings.models import Notification, NotificationRule
from meter_readings.tests.admin.testcases import AdminTestCase, list_address
from meter_readings.tests.notifications.rules import (
    DUE,
    Event,
    email_rule,
    record,
    statuses,
    webhook_rule,
)
from meter_readings.tests.support.users import user_with_permissions

RULES = "/admin/meter_readings/notificationrule/"
LOG = "/admin/meter_readings/notification/"


class RuleTests(AdminTestCase):
    def add(self, **values: Any) -> str:
        """Send the form of a new rule, and return the page, "" if it was saved."""
        form = {
            "name": "Rejections",
            "is_active": "on",
            "event": "file-rejected",
            "threshold": 1,
            "delay": 0,
            "repeat_days": 0,
            "channel": "email",
            **values,
        }
        return self.client.post(f"{RULES}add/", form).content.decode()

    def test_a_superuser_adds_a_rule_for_a_user_and_a_group(self) -> None:
        group = Group.objects.create(name="Team")
        self.assertEqual(self.add(users=[self.superuser.pk], groups=[group.pk]), "")
        rule = NotificationRule.objects.get()
        self.assertEqual([*rule.users.all()], [self.superuser])
        self.assertEqual([*rule.groups.all()], [group])
        self.assertEqual(rule.webhook_secret, "")

    def test_an_email_rule_needs_users_or_groups(self) -> None:
        self.assertIn("Choose users or groups to send e-mail to.", self.add())

    def test_the_secret_of_a_new_webhook_is_shown_once(self) -> None:
        page = self.add(channel="webhook", webhook_url="https://example.org/hook")
        rule = NotificationRule.objects.get()
        self.assertIn(rule.webhook_secret, page)
        self.assertTrue(rule.webhook_secret.startswith("whsec_"))
        self.assertNotIn("previous secret", page)
        page = self.client.get(f"{RULES}{rule.pk}/change/").content.decode()
        self.assertNotIn(rule.webhook_secret, page)

    def test_a_webhook_rule_needs_a_url(self) -> None:
        page = self.add(channel="webhook")
        self.assertIn("The URL must begin with https://.", page)

    def test_a_url_that_is_none_has_one_message(self) -> None:
        page = self.add(channel="webhook", webhook_url="nonsense")
        self.assertIn("Enter a valid URL.", page)
        self.assertNotIn("must begin", page)

    def change(self, rule: NotificationRule, **values: Any) -> HttpResponse:
        """Send the form of a rule, and return the response."""
        form = {
            name: getattr(rule, name)
            for name in ("name", "event", "threshold", "delay", "repeat_days")
        }
        form |= {"channel": rule.channel, "webhook_url": rule.webhook_url} | values
        return self.client.post(f"{RULES}{rule.pk}/change/", form)

    def test_a_stored_secret_is_not_shown_and_is_kept(self) -> None:
        rule = webhook_rule("https://example.org/hook")
        page = self.client.get(f"{RULES}{rule.pk}/change/")
        self.assertContains(page, rule.webhook_secret[:10] + "…")
        self.assertNotContains(page, rule.webhook_secret)
        self.assertRedirects(self.change(rule, name="Renamed"), RULES)
        changed = NotificationRule.objects.get()
        self.assertEqual(changed.name, "Renamed")
        self.assertEqual(changed.webhook_secret, rule.webhook_secret)

    def test_a_new_secret_is_shown_and_the_previous_one_stays_for_a_day(self) -> None:
        rule = webhook_rule("https://example.org/hook")
        page = self.change(rule, new_secret="on")
        changed = NotificationRule.objects.get()
        self.assertNotEqual(changed.webhook_secret, rule.webhook_secret)
        self.assertContains(page, changed.webhook_secret)
        self.assertContains(page, "also signed with the previous secret")
        self.assertNotContains(page, rule.webhook_secret)
        self.assertEqual(
            changed.signing_secrets(now=timezone.now()),
            [changed.webhook_secret, rule.webhook_secret],
        )

    def test_an_email_rule_has_no_secret(self) -> None:
        rule = email_rule()
        self.change(rule, users=[self.superuser.pk], new_secret="on")
        self.assertEqual(NotificationRule.objects.get().webhook_secret, "")

    def test_the_list_links_to_the_form_of_a_new_rule(self) -> None:
        email_rule()
        page = self.get_list("notificationrule")
        self.assertContains(page, f"{RULES}add/")
        self.assertContains(page, "Rule 0")

    def test_a_user_who_may_only_view_rules_has_no_form(self) -> None:
        rule = webhook_rule("https://example.org/hook")
        viewer = user_with_permissions("view_notificationrule")
        self.client.force_login(viewer)
        self.assertNotContains(self.get_list("notificationrule"), f"{RULES}add/")
        page = self.client.get(f"{RULES}{rule.pk}/change/")
        self.assertNotContains(page, rule.webhook_secret)
        self.assertNotContains(page, 'name="new_secret"')

    def test_a_rule_with_notifications_can_be_deleted(self) -> None:
        rule = email_rule()
        record()
        self.client.post(f"{RULES}{rule.pk}/delete/", {"post": "yes"})
        self.assertFalse(NotificationRule.objects.exists())
        self.assertContains(self.get_list("notification"), "deleted rule")


class LogTests(AdminTestCase):
    def setUp(self) -> None:
        super().setUp()
        email_rule()
        record()
        self.row = Notification.objects.get()

    def send_again(self) -> None:
        action = {"action": "resend_selected", "_selected_action": self.row.pk}
        self.client.post(LOG, action)

    def test_the_list_shows_what_waits_and_why(self) -> None:
        Notification.objects.update(message="ConnectionRefusedError", reminder=2)
        page = self.get_list("notification")
        for text in ("april.uff", "File rejected, repeat 2", "Rule 0", "Waiting"):
            self.assertContains(page, text)
        self.assertContains(page, "ConnectionRefusedError")

    def test_the_page_shows_the_delivery_log(self) -> None:
        address = f"{LOG}{self.row.pk}/change/"
        self.assertContains(self.client.get(address), "No attempt")
        self.row.deliveries.create(
            attempted_at=DUE, is_delivered=True, result="Accepted for 1 recipients"
        )
        self.assertContains(self.client.get(address), "Accepted for 1 recipients")

    def test_a_late_file_and_a_digest_have_names_too(self) -> None:
        email_rule(Event.FILE_LATE)
        record(event=Event.FILE_LATE, filename="", sender="UDMS")
        Notification.objects.filter(pk=self.row.pk).update(data={}, status="sent")
        self.assertContains(self.get_list("notification"), "UDMS")

    def test_a_failed_one_is_made_due_again(self) -> None:
        Notification.objects.update(status="failed")
        self.send_again()
        self.assertEqual(statuses(), ["waiting"])

    def test_a_notification_of_a_deleted_rule_is_not(self) -> None:
        Notification.objects.update(status="failed", rule=None)
        self.send_again()
        self.assertEqual(statuses(), ["failed"])

    def test_a_user_who_may_only_view_cannot_send_again(self) -> None:
        Notification.objects.update(status="failed")
        self.client.force_login(user_with_permissions("view_notification"))
        self.assertNotContains(self.get_list("notification"), "resend_selected")
        self.send_again()
        self.assertEqual(statuses(), ["failed"])

    def test_lists_take_the_same_queries_with_many_rows(self) -> None:
        addresses = [list_address("notification"), list_address("notificationrule")]
        # The session, the user, the count and the rows
        self.assertEqual([self.query_count(each) for each in addresses], [4, 4])
        for _ in range(3):
            email_rule(Event.JOB_FAILED)
        record(10, Event.JOB_FAILED)
        self.assertEqual([self.query_count(each) for each in addresses], [4, 4])
