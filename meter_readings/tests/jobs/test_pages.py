"""Undos, imports of stored files and clearings asked for in the admin and the API."""

from __future__ import annotations

from unittest.mock import patch

from django.core.files.storage import default_storage
from django.http import HttpResponse
from django.utils import timezone

from meter_readings import importer
from meter_readings.admin.flow_files import bulk_actions
from meter_readings.models import FlowFile, ImportJob, Reading
from meter_readings.tests.admin.pages.testcases import PageTestCase, page_text
from meter_readings.tests.api.upload_helpers import FILES, GOOD, UploadTestCase
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP
from meter_readings.tests.support.import_helpers import imported
from meter_readings.tests.support.users import user_with_permissions

from .job_helpers import QueueTestCase, run_tasks
from .test_uploads import job_page

LIST = "/admin/meter_readings/flowfile/"
JOBS = "/admin/meter_readings/importjob/"
OTHER = EVERY_GROUP.replace("12345.0", "12346.0")


def undone(text: str = EVERY_GROUP, filename: str = "sample.uff") -> FlowFile:
    file = imported(text, filename)
    importer.undo_import(flow_file=file, now=timezone.now())
    return file


class AdminTests(QueueTestCase, PageTestCase):
    def press(self, file: FlowFile, action: str, **given: str) -> HttpResponse:
        """Press the button of a confirmation page."""
        return self.client.post(f"{LIST}{file.pk}/{action}/", given)

    def press_for_all(self, action: str, **given: str) -> HttpResponse:
        """Choose an action for all flow files and confirm it."""
        selected = list(FlowFile.objects.values_list("pk", flat=True))
        data = {"action": action, "_selected_action": selected} | given
        return self.client.post(LIST, data)

    def job_text(self) -> str:
        """Return the text of the page of the latest job."""
        return page_text(self.client.get(job_page(ImportJob.objects.latest("pk"))))

    def test_undo_leads_to_the_page_of_its_job(self) -> None:
        file = imported(EVERY_GROUP)
        response = self.press(file, "undo", step="undo")
        job = ImportJob.objects.latest("pk")
        self.assertRedirects(response, job_page(job))
        self.assertEqual((job.kind, job.channel), ("undo", "admin"))
        self.assertIn("It begins when the jobs before it are over.", self.job_text())
        run_tasks()
        text = self.job_text()
        self.assertIn("3 readings", text)
        self.assertIn("Readings removed", text)

    def test_running_undo_shows_its_step_and_no_progress_bar(self) -> None:
        self.press(imported(EVERY_GROUP), "undo", step="undo")
        job = ImportJob.objects.latest("pk")
        ImportJob.objects.filter(pk=job.pk).update(state="running", phase="deleting")
        page = self.client.get(job_page(job))
        self.assertContains(page, "Step: deleting, last progress")
        self.assertContains(page, "Cancel job")
        self.assertNotContains(page, "job-progress")

    def test_import_of_a_stored_file_leads_to_the_page_of_its_job(self) -> None:
        file = undone()
        response = self.press(file, "reprocess", step="import", policy="partial")
        job = ImportJob.objects.latest("pk")
        self.assertRedirects(response, job_page(job))
        self.assertEqual((job.kind, job.policy), ("reprocess", "partial"))
        run_tasks()
        self.assertEqual(Reading.objects.count(), 3)

    def test_validation_of_a_stored_file_is_done_at_once(self) -> None:
        file = undone()
        page = self.press(file, "reprocess", step="validate", policy="standard")
        self.assertContains(page, "would be imported")

    def test_missing_original_is_reported_at_once(self) -> None:
        file = undone()
        default_storage.delete(str(file.content.name))
        page = self.press(file, "reprocess", step="import", policy="standard")
        self.assertEqual(page.status_code, 404)
        self.assertFalse(ImportJob.objects.waiting().exists())

    def test_several_undos_lead_to_the_list_of_jobs(self) -> None:
        imported(EVERY_GROUP)
        imported(OTHER, "b.uff")
        response = self.press_for_all("undo_selected", step="undo")
        self.assertRedirects(response, JOBS)
        self.assertContains(self.client.get(JOBS), "b.uff")
        run_tasks()
        self.assertFalse(Reading.objects.exists())

    def test_several_imports_of_stored_files_lead_to_the_list_of_jobs(self) -> None:
        undone()
        undone(OTHER, "b.uff")
        with patch.object(bulk_actions, "MAX_BYTES", 1):
            response = self.press_for_all(
                "reprocess_selected", step="import", policy="standard"
            )
        self.assertRedirects(response, JOBS)
        run_tasks()
        self.assertEqual(FlowFile.objects.filter(status="imported").count(), 2)

    def test_clearing_leads_to_the_page_of_its_job(self) -> None:
        imported(EVERY_GROUP)
        response = self.client.post("/admin/testing/clear/", {"confirmation": "CLEAR"})
        job = ImportJob.objects.latest("pk")
        self.assertRedirects(response, job_page(job))
        self.assertIn("Clear the database", self.job_text())
        run_tasks()
        text = self.job_text()
        self.assertIn("3 readings", text)
        self.assertIn("Flow files removed", text)
        self.assertNotIn("Flow file None stored", text)

    def test_users_who_may_not_view_jobs_are_told_that_it_is_done(self) -> None:
        self.client.force_login(user_with_permissions("view_flowfile", "undo_flowfile"))
        file = imported(EVERY_GROUP)
        page = self.client.post(f"{LIST}{file.pk}/undo/", {"step": "undo"}, follow=True)
        self.assertContains(page, "It is done in the background.")
        imported(OTHER, "b.uff")
        page = self.press_for_all("undo_selected", step="undo")
        page = self.client.get(page["Location"])
        self.assertContains(page, "2 jobs are done in the background.")

    def test_undo_is_cancelled_by_users_who_may_undo(self) -> None:
        self.silence_request_log()
        self.press(imported(EVERY_GROUP), "undo", step="undo")
        job = ImportJob.objects.latest("pk")
        address = f"{JOBS}{job.pk}/cancel/"
        for permission, status in (("import_flowfile", 403), ("undo_flowfile", 302)):
            user = user_with_permissions("view_importjob", permission, name=permission)
            self.client.force_login(user)
            self.assertEqual(self.client.post(address).status_code, status)
        job.refresh_from_db()
        self.assertEqual(job.state, "cancelled")


class ApiTests(QueueTestCase, UploadTestCase):
    def act(self, action: str, file: FlowFile, query: str = "") -> HttpResponse:
        return self.client.generic("POST", f"{FILES}{file.pk}/{action}/?{query}")

    def test_undo_is_202_with_its_job(self) -> None:
        file = imported(GOOD)
        response = self.act("undo", file)
        job = self.report(response, 202)
        self.assertEqual(response["Location"], job["links"]["self"])
        self.assertEqual((job["kind"], job["flow_file_id"]), ("undo", file.pk))
        run_tasks()
        job = self.report(self.client.get(response["Location"]), 200)
        self.assertEqual((job["state"], job["outcome"]), ("finished", "undone"))

    def test_undo_of_an_undone_file_is_200(self) -> None:
        report = self.report(self.act("undo", undone(GOOD)), 200)
        self.assertEqual(report["deleted"]["readings"], 0)

    def test_import_of_a_stored_file_is_202_with_its_job(self) -> None:
        job = self.report(self.act("reprocess", undone(GOOD), "policy=strict"), 202)
        self.assertEqual((job["kind"], job["policy"]), ("reprocess", "strict"))
        run_tasks()
        self.assertEqual(Reading.objects.count(), 1)

    def test_dry_run_is_200(self) -> None:
        report = self.report(self.act("reprocess", undone(GOOD), "dry_run=true"), 200)
        self.assertEqual(report["outcome"], "checked")

    def test_import_of_an_imported_file_is_200(self) -> None:
        report = self.report(self.act("reprocess", imported(GOOD)), 200)
        self.assertEqual(report["outcome"], "already-imported")

    def test_import_without_the_original_is_409(self) -> None:
        file = undone(GOOD)
        default_storage.delete(str(file.content.name))
        self.report(self.act("reprocess", file), 409)

    def test_jobs_are_filtered_by_kind(self) -> None:
        self.act("undo", imported(GOOD))
        [job] = self.json("imports/?kind=undo")["results"]
        self.assertEqual(job["kind_label"], "Undo")
