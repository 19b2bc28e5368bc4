"""Tests of the history of a flow file and of the pages of import jobs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from meter_readings import importer
from meter_readings.models import FlowFile, ImportJob, Policy
from meter_readings.tests.admin.pages.testcases import page_text
from meter_readings.tests.admin.testcases import (
    AdminTestCase,
    file_with_much,
)
from meter_readings.tests.support.flow_file_builder import flow_file_of_readings
from meter_readings.tests.support.import_helpers import NOW, import_text, imported

from .test_actions import BAD, GOOD, action_url


class HistoryTests(AdminTestCase):
    def history(self, file: FlowFile) -> list[str]:
        """Return the action, the result and the user of each row."""
        rows = self.page(file).context["history"]
        return [f"{_text(row.action)}: {row.result} {row.user}" for row in rows]

    def test_history_shows_the_import_with_its_channel_and_user(self) -> None:
        file = imported(file_with_much(7), requested_by=self.superuser)
        self.assertIn(
            "24 Nov 2026 12:00 GMT ✓ Imported 7 readings loaded, 7 warnings."
            " Command line alice Standard",
            self.words(file),
        )

    def test_history_shows_what_an_undo_removed(self) -> None:
        file = imported(flow_file_of_readings(GOOD))
        importer.undo_import(flow_file=file, now=NOW)
        expected = "● Undone 1 reading, 1 meter and 1 meter point removed."
        self.assertIn(expected, self.words(file))

    def test_history_shows_a_rejection(self) -> None:
        file = import_text(flow_file_of_readings(GOOD, BAD), "bad.uff").flow_file
        self.assertIn("✕ Rejected 2 readings not loaded, 1 error.", self.words(file))

    def test_history_shows_who_did_what_latest_first(self) -> None:
        file = import_text(
            flow_file_of_readings(GOOD, BAD), now=timezone.now()
        ).flow_file
        self.client.post(action_url(file, "acknowledge"), {"note": "Sender: asked"})
        self.client.post(action_url(file, "acknowledge"), {"step": "remove"})
        data = {"step": "import", "policy": "partial"}
        self.client.post(action_url(file, "reprocess"), data)
        self.client.post(action_url(file, "undo"), {"step": "undo"})
        self.assertEqual(
            self.history(file),
            [
                "Undone: 1 reading, 1 meter and 1 meter point removed. alice",
                "Imported: Imported again: 1 reading loaded, 1 reading not loaded,"
                " 1 error. alice",
                "Acknowledgement removed:  alice",
                "Acknowledged: Sender: asked alice",
                "Rejected: 2 readings not loaded, 1 error. ",
            ],
        )

    def test_history_marks_a_reprocess_by_the_api_as_a_repetition(self) -> None:
        file = import_text(flow_file_of_readings(GOOD, BAD)).flow_file
        url = reverse("api:flow-file-reprocess", args=[file.pk])
        self.client.generic("POST", f"{url}?policy=partial")
        expected = "Imported again: 1 reading loaded, 1 reading not loaded, 1 error."
        self.assertEqual(
            self.history(file),
            [
                f"Imported: {expected} alice",
                "Rejected: 2 readings not loaded, 1 error. ",
            ],
        )
        self.assertIn(expected, self.words(ImportJob.objects.latest("pk")))

    def test_history_shows_the_latest_ten_actions(self) -> None:
        file = imported(file_with_much(1))
        for minute in range(12):
            later = NOW + timedelta(minutes=minute)
            import_text(file_with_much(1), "again.uff", now=later)
        rows = self.page(file).context["history"]
        self.assertEqual(len(rows), 10)
        self.assertEqual(rows[0].at, NOW + timedelta(minutes=11))

    def test_history_takes_as_many_queries_for_many_actions_as_for_one(self) -> None:
        file = import_text(flow_file_of_readings(BAD), "bad.uff").flow_file
        before = self.query_count(file.get_absolute_url())
        for _ in range(3):
            self.client.post(action_url(file, "acknowledge"), {"note": "Asked"})
            self.client.post(action_url(file, "acknowledge"), {"step": "remove"})
        self.assertEqual([before, self.query_count(file.get_absolute_url())], [10, 10])


class ImportJobPageTests(AdminTestCase):
    def job_words(self, **values: object) -> str:
        """Return the words of the page of the only job, with these values."""
        ImportJob.objects.update(**values)
        return self.words(ImportJob.objects.get())

    def test_page_shows_the_result_and_the_counts_in_words(self) -> None:
        import_text(file_with_much(2), requested_by=self.superuser)
        words = self.job_words()
        self.assertIn(
            "✓ Imported 2 readings loaded, 2 warnings. Kind Import File", words
        )
        self.assertIn("Channel Command line User alice Import policy", words)
        self.assertIn(
            "Readings in the file 2 Readings loaded 2 Site visits loaded 2"
            " New meter points 2 New meters 2 Warnings 2",
            words,
        )
        self.assertNotIn("{", words)

    def test_page_of_an_undo_says_what_was_removed(self) -> None:
        file = imported(flow_file_of_readings(GOOD))
        ImportJob.objects.all().delete()
        importer.undo_import(flow_file=file, now=NOW)
        words = self.job_words()
        self.assertIn("● Undone 1 reading, 1 meter and 1 meter point removed.", words)
        self.assertIn("Readings removed 1 Meters removed 1", words)

    def test_page_of_an_interrupted_job_says_what_to_do(self) -> None:
        import_text(flow_file_of_readings(GOOD))
        words = self.job_words(
            state=ImportJob.State.FAILED,
            outcome="",
            counts={},
            message="Interrupted by OSError.",
        )
        self.assertIn(
            "✕ Interrupted Interrupted by OSError. Nothing was changed. Try again.",
            words,
        )

    def run_job(self, **fields: Any) -> None:
        """Create a running job."""
        given = {"phase": "validating", "bytes_processed": 512, "size": 2048} | fields
        ImportJob.objects.create(
            filename="big.uff",
            channel=ImportJob.Channel.UPLOAD,
            policy=Policy.STANDARD,
            started_at=NOW,
            heartbeat_at=NOW,
            **given,
        )

    def list_words(self) -> str:
        """Return the text of the list of jobs."""
        return page_text(self.get_list("importjob"))

    def test_page_of_a_running_job_shows_its_step(self) -> None:
        self.run_job()
        words = self.job_words()
        expected = "● Running Step: validating, 25 % of 2.0 KB checked, last prog"
        self.assertIn(expected, words)
        self.assertIn("Flow file None stored", words)

    def test_page_of_a_job_that_loads_shows_that_all_is_checked(self) -> None:
        self.run_job(phase="loading", bytes_processed=2048)
        self.assertIn("Step: loading, 2.0 KB checked, last prog", self.job_words())

    def test_page_of_a_job_that_receives_shows_its_step_alone(self) -> None:
        self.run_job(phase="receiving", bytes_processed=0, size=0)
        self.assertIn("Step: receiving, last prog", self.job_words())

    def test_list_shows_the_progress_of_a_running_job(self) -> None:
        self.run_job()
        self.assertIn("● Running Validating, 25 % of 2.0 KB checked", self.list_words())

    def test_list_shows_what_a_job_did(self) -> None:
        imported(file_with_much(7))
        expected = "✓ Imported 7 readings loaded, 7 warnings."
        self.assertIn(expected, self.list_words())

    def test_list_shows_why_a_job_failed(self) -> None:
        self.run_job(state="failed", message="The storage is full.")
        self.assertIn("✕ Interrupted The storage is full.", self.list_words())


def _text(badge: str) -> str:
    """Return the label of a badge."""
    return badge.partition("</span> ")[2].removesuffix("</span>")
