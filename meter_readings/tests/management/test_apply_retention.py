"""The command apply_retention."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.test import override_settings
from django.utils import timezone

from meter_readings.models import Reading
from meter_readings.tests.importer.test_clear import running_job
from meter_readings.tests.support.import_helpers import imported

from .run_command import GOOD, FolderTestCase, Ran, run

DELETED = "1 reading, 1 meter, 1 meter point and 1 original"


@override_settings(RETENTION_READINGS_DAYS=30)
class ApplyRetentionTests(FolderTestCase):
    def setUp(self) -> None:
        super().setUp()
        imported(GOOD)
        # One test reads the log.
        logging.disable(logging.INFO)
        self.addCleanup(logging.disable, logging.NOTSET)

    def run_command(self, *arguments: str, **options: Any) -> Ran:
        return run("apply_retention", *arguments, **options)

    def test_deleted_rows_are_printed_and_logged(self) -> None:
        logging.disable(logging.NOTSET)
        with self.assertLogs("meter_readings") as logs:
            ran = self.run_command("--yes")
        self.assertEqual(ran, (0, f"Deleted: {DELETED}.\n", ""))
        self.assertEqual(Reading.objects.count(), 0)
        self.assertIn(f"Deleted by retention: {DELETED}.", logs.output[0])

    @override_settings(RETENTION_READINGS_DAYS=0)
    def test_nothing_is_deleted_without_a_retention_period(self) -> None:
        self.assertEqual(self.run_command("--yes"), (0, "Deleted: nothing.\n", ""))

    def test_dry_run_deletes_nothing(self) -> None:
        ran = self.run_command("--dry-run")
        self.assertEqual(ran, (0, f"Would be deleted: {DELETED}.\n", ""))
        self.assertEqual(Reading.objects.count(), 1)

    def test_confirmation_is_requested_on_a_terminal(self) -> None:
        ran = self.run_command(stdin="yes\n", is_terminal=True)
        prompt = f"Would be deleted: {DELETED}.\nDelete it? Type yes: "
        self.assertEqual((ran.code, ran.stderr), (0, prompt))
        self.assertEqual(Reading.objects.count(), 0)

    def test_answer_no_deletes_nothing(self) -> None:
        self.assertEqual(self.run_command(stdin="no\n", is_terminal=True).code, 1)
        self.assertEqual(Reading.objects.count(), 1)

    def test_yes_option_is_required_without_a_terminal(self) -> None:
        self.assertEqual(self.run_command().code, 2)
        self.assertEqual(Reading.objects.count(), 1)

    def test_apply_retention_is_refused_while_a_file_is_imported(self) -> None:
        job = running_job(silent_for=timedelta())
        job.heartbeat_at = timezone.now()
        job.save()
        ran = self.run_command("--yes")
        message = "A file is being imported. Run the command again when it has ended.\n"
        self.assertEqual(ran, (1, "", message))
