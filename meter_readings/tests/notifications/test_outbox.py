"""The outbox: what is recorded with an import, and once per change of state."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from meter_readings import privacy
from meter_readings.importer import clear_database, undo_import
from meter_readings.models import (
    FlowFile,
    ImportJob,
    Notification,
    NotificationDelivery,
    NotificationRule,
    Policy,
)
from meter_readings.tests.support.flow_file_builder import (
    EVERY_GROUP,
    READING_LINE,
    flow_file_of_readings,
)
from meter_readings.tests.support.import_helpers import NOW, import_text, imported

from .rules import DUE, Event, email_rule, record, statuses

BAD = flow_file_of_readings("030|S|20240401000000|-1.0|||T|N|")
GOOD = flow_file_of_readings(READING_LINE)


def recorded() -> list[tuple[str, Any]]:
    """Return the events and filenames of the outbox."""
    rows = Notification.objects.order_by("pk")
    return [(row.event, row.data.get("filename")) for row in rows]


class RejectedFileTests(TestCase):
    def setUp(self) -> None:
        self.rule = email_rule(Event.FILE_REJECTED)

    def test_a_rejected_file_is_recorded_with_its_counts(self) -> None:
        import_text(BAD, "april.uff")
        row = Notification.objects.get()
        self.assertEqual((row.event, row.status), ("file-rejected", "waiting"))
        self.assertEqual(row.object_key, str(FlowFile.objects.get().pk))
        self.assertEqual(
            row.data,
            {
                "filename": "april.uff",
                "sender": "UDMS",
                "errors": 1,
                "warnings": 0,
                "rules": {"negative": 1},
            },
        )

    def test_an_imported_file_is_not_recorded(self) -> None:
        imported(EVERY_GROUP)
        self.assertEqual(recorded(), [])

    def test_a_dry_run_is_not_recorded(self) -> None:
        import_text(BAD, dry_run=True)
        self.assertEqual(recorded(), [])

    def test_an_mpan_in_the_filename_is_masked(self) -> None:
        import_text(BAD, "2000000000015.uff")
        self.assertEqual(recorded(), [("file-rejected", "[MPAN].uff")])

    def test_the_row_is_rolled_back_with_the_report_of_the_file(self) -> None:
        broken = patch("meter_readings.importer.jobs.JobTracker.finish")
        with broken as finish, self.assertRaises(ZeroDivisionError):
            finish.side_effect = ZeroDivisionError
            import_text(BAD)
        self.assertEqual((FlowFile.objects.count(), recorded()), (0, []))

    def test_the_same_file_rejected_again_is_not_recorded_again(self) -> None:
        import_text(BAD)
        import_text(BAD)
        self.assertEqual(len(recorded()), 1)

    def test_a_file_rejected_again_after_it_was_acknowledged_is_recorded(self) -> None:
        import_text(BAD)
        FlowFile.objects.update(acknowledged_at=NOW)
        import_text(BAD)
        self.assertEqual(len(recorded()), 2)

    def test_a_file_rejected_again_after_its_correction_is_recorded(self) -> None:
        import_text(BAD)
        imported(GOOD, now=NOW + timedelta(hours=1))
        import_text(BAD, now=NOW + timedelta(hours=2), allow_same_name=True)
        self.assertEqual(len(recorded()), 2)

    def test_each_active_rule_has_a_row(self) -> None:
        email_rule(Event.FILE_REJECTED)
        email_rule(Event.FILE_REJECTED, is_active=False)
        email_rule(Event.JOB_FAILED)
        import_text(BAD)
        rules = Notification.objects.values_list("rule__name", flat=True)
        self.assertEqual(sorted(rules), ["Rule 0", "Rule 1"])

    def test_a_delay_makes_it_due_later(self) -> None:
        NotificationRule.objects.update(delay=90)
        import_text(BAD)
        row = Notification.objects.get()
        self.assertEqual(row.due_at - row.created_at, timedelta(minutes=90))
        self.assertEqual(row.next_attempt_at, row.due_at)


class FindingsTests(TestCase):
    """EVERY_GROUP has one warning."""

    def test_a_file_with_findings_up_to_the_threshold_is_recorded(self) -> None:
        email_rule(Event.FINDINGS, threshold=1)
        imported(EVERY_GROUP, "april.uff")
        self.assertEqual(recorded(), [("findings", "april.uff")])

    def test_a_file_with_fewer_findings_is_not_recorded(self) -> None:
        email_rule(Event.FINDINGS, threshold=2)
        imported(EVERY_GROUP)
        self.assertEqual(recorded(), [])

    def test_a_file_that_is_imported_again_after_an_undo_is_recorded_again(
        self,
    ) -> None:
        email_rule(Event.FINDINGS)
        undo_import(flow_file=imported(EVERY_GROUP), now=NOW)
        imported(EVERY_GROUP)
        self.assertEqual(len(recorded()), 2)


class QueryTests(TestCase):
    def queries(self, text: str) -> int:
        """Return the number of queries of an import about notifications."""
        with CaptureQueriesContext(
            connection,
        ) as queries:
            import_text(text)
        return sum("notification" in query["sql"] for query in queries)

    def test_a_file_without_findings_asks_for_no_rule(self) -> None:
        self.assertEqual(self.queries(GOOD), 0)

    def test_a_rejected_file_asks_once_if_no_rule_applies(self) -> None:
        email_rule(Event.JOB_FAILED)
        self.assertEqual(self.queries(BAD), 1)

    def test_a_rejected_file_takes_two_queries_with_many_rules(self) -> None:
        for _ in range(5):
            email_rule(Event.FILE_REJECTED)
        self.assertEqual(self.queries(BAD), 2)
        self.assertEqual(len(recorded()), 5)


class FailedJobTests(TestCase):
    def setUp(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(self.settings(MEDIA_ROOT=folder))
        email_rule(Event.JOB_FAILED)

    def test_an_interrupted_import_is_recorded_with_its_job(self) -> None:
        broken = patch("meter_readings.importer.pipeline.validate_file")
        with broken as validate, self.assertRaises(ZeroDivisionError):
            validate.side_effect = ZeroDivisionError
            import_text(GOOD, "2000000000015.uff")
        row = Notification.objects.get()
        self.assertEqual(row.object_key, str(ImportJob.objects.get().pk))
        self.assertEqual(
            row.data,
            {
                "filename": "[MPAN].uff",
                "reason": "Interrupted by ZeroDivisionError.",
            },
        )

    def test_an_interrupted_dry_run_is_not_recorded(self) -> None:
        broken = patch("meter_readings.importer.pipeline.validate_file")
        with broken as validate, self.assertRaises(ZeroDivisionError):
            validate.side_effect = ZeroDivisionError
            import_text(GOOD, dry_run=True)
        self.assertEqual(recorded(), [])

    def test_a_job_whose_process_was_killed_is_recorded_by_the_next_import(
        self,
    ) -> None:
        killed = ImportJob.objects.create(
            filename="killed.uff",
            policy=Policy.STANDARD,
            channel=ImportJob.Channel.COMMAND,
            started_at=NOW,
            heartbeat_at=NOW - timedelta(days=1),
        )
        imported(GOOD)
        killed.refresh_from_db()
        self.assertEqual(killed.state, "failed")
        self.assertEqual(recorded(), [("job-failed", "killed.uff")])
        self.assertIn("process ended", Notification.objects.get().data["reason"])


class DeletionTests(TestCase):
    def setUp(self) -> None:
        email_rule()
        record(3)
        sent = Notification.objects.latest("pk")
        Notification.objects.filter(pk=sent.pk).update(status="sent")
        sent.deliveries.create(attempted_at=DUE, is_delivered=True, result="Accepted")

    def test_retention_deletes_old_ones_that_do_not_wait(self) -> None:
        schedule = privacy.Schedule(0, 0, 0, 0, 0, notifications=30)
        for age, deleted in ((29, 0), (31, 1)):
            now = DUE + timedelta(days=age)
            result = privacy.apply_retention(schedule=schedule, now=now)
            self.assertEqual(result.notifications, deleted)
        self.assertEqual(statuses(), ["waiting", "waiting"])

    def test_without_a_period_they_are_kept(self) -> None:
        privacy.apply_retention(
            schedule=privacy.Schedule(0, 0, 0, 0, 0), now=DUE + timedelta(days=1000)
        )
        self.assertEqual(len(statuses()), 3)

    def test_clearing_deletes_all_but_the_rules(self) -> None:
        result = clear_database(now=timezone.now())
        self.assertEqual((result.notifications, result.delivery_attempts), (3, 1))
        self.assertEqual(NotificationDelivery.objects.count(), 0)
        self.assertEqual(NotificationRule.objects.count(), 1)

    def test_a_deleted_rule_leaves_its_notifications(self) -> None:
        NotificationRule.objects.get().delete()
        self.assertEqual(len(statuses()), 3)
