"""Uploads by page and API where a worker imports large files."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from django.db import DatabaseError
from django.http import HttpResponse

from meter_readings import importer, jobs
from meter_readings.admin.pages import import_results
from meter_readings.jobs import uploads as job_uploads
from meter_readings.models import FlowFile, ImportJob
from meter_readings.ops import worker_heartbeat
from meter_readings.tests.admin.pages.testcases import PageTestCase, page_text, sent
from meter_readings.tests.api.upload_helpers import (
    BAD,
    FILES,
    GOOD,
    UploadTestCase,
    gzipped,
    zipped,
)
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP
from meter_readings.tests.support.users import user_with_permissions

from .job_helpers import QueueTestCase, run_tasks, uploads

# Every file is a large one.
LARGE = patch.object(job_uploads, "MAX_INLINE_BYTES", 0)
LOAD = "meter_readings.importer.pipeline.merge_staged_rows"


class ApiUploadTests(QueueTestCase, UploadTestCase):
    def accepted(self, data: str | bytes = GOOD, **fields: Any) -> dict[str, Any]:
        """Return the job of a large file, which is answered with 202."""
        with LARGE:
            response = self.send(data, **fields)
        job = self.report(response, 202)
        self.assertEqual(response["Location"], job["links"]["self"])
        self.assertEqual(response["Retry-After"], "2")
        return job

    def followed(self, job: dict[str, Any]) -> dict[str, Any]:
        return self.report(self.client.get(job["links"]["self"]), 200)

    def test_a_small_file_is_imported_at_once(self) -> None:
        self.report(self.send(GOOD), 201)
        job = ImportJob.objects.get()
        self.assertEqual((job.outcome, job.upload), ("imported", ""))
        self.assertEqual(uploads(), [])

    def test_a_large_file_is_202_with_a_job_to_follow(self) -> None:
        job = self.accepted()
        self.assertEqual((job["state"], job["size"]), ("queued", len(GOOD)))
        self.assertFalse(FlowFile.objects.exists())
        run_tasks()
        job = self.followed(job)
        self.assertEqual((job["state"], job["outcome"]), ("finished", "imported"))
        self.assertEqual(
            job["links"]["flow_file"],
            f"http://testserver{FILES}{FlowFile.objects.get().pk}/",
        )

    def test_the_same_bytes_have_one_job_while_they_wait(self) -> None:
        self.assertEqual(self.accepted()["id"], self.accepted()["id"])
        self.assertEqual(len(uploads()), 1)

    def test_the_same_bytes_are_200_once_they_are_imported(self) -> None:
        self.accepted()
        run_tasks()
        with LARGE:
            self.assertIs(self.report(self.send(GOOD), 200)["duplicate"], True)
        self.assertEqual(uploads(), [])

    def test_a_large_file_that_is_rejected_has_a_finished_job(self) -> None:
        job = self.accepted(BAD)
        run_tasks()
        self.assertEqual(self.followed(job)["outcome"], "rejected")

    def test_a_small_file_that_is_rejected_is_422(self) -> None:
        self.report(self.send(BAD), 422)
        self.assertEqual(uploads(), [])

    def test_a_dry_run_needs_no_worker(self) -> None:
        with LARGE:
            self.report(self.send(GOOD, dry_run="true"), 200)
        self.assertFalse(ImportJob.objects.exists())

    def test_a_compressed_file_is_stored_unpacked(self) -> None:
        self.assertEqual(
            self.accepted(gzipped(GOOD), name="a.uff.gz")["size"], len(GOOD)
        )
        self.assertEqual(ImportJob.objects.get().filename, "a.uff")

    def test_a_broken_archive_is_422(self) -> None:
        with LARGE:
            self.report(self.send(gzipped(GOOD)[:-9], "a.gz"), 422)
        self.assertEqual(uploads(), [])

    def test_a_small_file_waits_for_a_worker_while_another_is_imported(self) -> None:
        with patch(LOAD, side_effect=importer.ImportLockTimeout):
            job = self.report(self.send(GOOD), 202)
        self.assertEqual(self.followed(job)["state"], "queued")
        run_tasks()
        job = self.followed(job)
        self.assertEqual((job["outcome"], job["attempt"]), ("imported", 1))
        self.assertEqual(ImportJob.objects.count(), 1)

    def test_a_small_file_that_another_process_claims_is_202(self) -> None:
        with patch(LOAD, side_effect=importer.JobTakenOver):
            self.report(self.send(GOOD), 202)


class PageUploadTests(QueueTestCase, PageTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.enterContext(LARGE)

    def follow(self, response: HttpResponse) -> str:
        job = ImportJob.objects.latest("pk")
        self.assertRedirects(response, job_page(job))
        return page_text(self.client.get(job_page(job)))

    def test_large_file_leads_to_the_page_of_its_job(self) -> None:
        text = self.follow(self.upload(sent(EVERY_GROUP)))
        self.assertIn("Waiting It begins when the jobs before it", text)
        self.assertIn("No worker is running.", text)
        run_tasks()
        text = page_text(self.client.get(job_page(ImportJob.objects.get())))
        self.assertIn("Imported 3 readings loaded", text)

    def test_several_files_have_links_to_their_jobs(self) -> None:
        text = self.result_text(sent(zipped(a=EVERY_GROUP, b=GOOD), "two.zip"))
        self.assertIn("2 files: 2 waiting", text)
        for job in ImportJob.objects.all():
            self.assertIn(f"Follow import job #{job.pk}", text)

    def test_user_who_may_not_view_jobs_sees_that_the_file_was_received(self) -> None:
        self.client.force_login(user_with_permissions("import_flowfile"))
        text = self.result_text(sent(EVERY_GROUP))
        self.assertIn("Received. It is imported in the background.", text)
        self.assertNotIn("Follow import job", text)

    def test_page_says_that_no_worker_is_running(self) -> None:
        self.assertContains(self.client.get("/admin/upload/"), "No worker is running.")
        with worker_heartbeat.beating():
            page = self.client.get("/admin/upload/")
        self.assertNotContains(page, "No worker is running.")

    def test_file_that_cannot_be_queued_is_reported(self) -> None:
        with (
            patch.object(jobs.requests, "send", side_effect=DatabaseError),
            self.assertLogs(import_results.logger),
        ):
            text = self.result_text(sent(EVERY_GROUP))
        self.assertIn("Interrupted: the server could not store it.", text)
        self.assertEqual(uploads(), [])


class SmallPageUploadTests(QueueTestCase, PageTestCase):
    def test_file_whose_import_failed_can_be_tried_again(self) -> None:
        with (
            patch(LOAD, side_effect=importer.StorageFull("/data")),
            self.assertLogs(import_results.logger),
        ):
            page = self.upload(sent(EVERY_GROUP))
        self.assertContains(page, "the storage is full", status_code=507)
        jobs.retry(job=ImportJob.objects.get(), requested_by=None)
        run_tasks()
        self.assertEqual(ImportJob.objects.latest("pk").outcome, "imported")


def job_page(job: ImportJob) -> str:
    """Return the address of the page of a job."""
    return f"/admin/meter_readings/importjob/{job.pk}/change/"


class JobPageTests(QueueTestCase, PageTestCase):
    def setUp(self) -> None:
        super().setUp()
        with LARGE:
            self.upload(sent(EVERY_GROUP))
        self.job = ImportJob.objects.get()

    def page(self, **fields: Any) -> HttpResponse:
        ImportJob.objects.update(**fields)
        return self.client.get(job_page(self.job))

    def act(self, name: str) -> str:
        """Press a button; return the text of the page that follows, with messages."""
        address = f"/admin/meter_readings/importjob/{self.job.pk}/{name}/"
        page = self.client.post(address, follow=True)
        notes = [str(each) for each in page.context["messages"]]
        return " ".join([*notes, page_text(page)])

    def test_running_job_shows_how_much_is_checked(self) -> None:
        page = self.page(state="running", phase="validating", bytes_processed=100)
        self.assertContains(
            page,
            f'<progress id="job-progress" max="{len(EVERY_GROUP)}" value="100">'
            "</progress>",
            html=True,
        )
        self.assertContains(page, "import_job.js")
        self.assertContains(page, "Refresh")

    def test_job_that_is_over_is_not_followed(self) -> None:
        run_tasks()
        page = self.page()
        self.assertNotContains(page, "import_job.js")
        self.assertNotContains(page, "Refresh")

    def test_waiting_job_is_cancelled_and_tried_again(self) -> None:
        self.assertIn("Cancelled. Nothing was changed.", self.act("cancel"))
        self.assertIn("a.uff: it is tried again by this job.", self.act("retry"))
        run_tasks()
        self.assertEqual(ImportJob.objects.latest("pk").outcome, "imported")

    def test_running_job_is_being_cancelled(self) -> None:
        ImportJob.objects.update(state="running")
        text = self.act("cancel")
        self.assertIn("It is being cancelled.", text)
        self.assertNotIn("Cancel import", text)

    def test_job_that_is_over_cannot_be_cancelled(self) -> None:
        run_tasks()
        self.assertIn("it cannot be cancelled", self.act("cancel"))

    def test_finished_job_cannot_be_tried_again(self) -> None:
        run_tasks()
        self.assertIn("what it needs is no longer stored", self.act("retry"))

    def test_later_attempt_is_shown(self) -> None:
        self.assertContains(self.page(attempt=2), "2 of 3")

    def test_users_without_permission_to_import_see_no_buttons(self) -> None:
        self.silence_request_log()
        self.client.force_login(user_with_permissions("view_importjob"))
        self.assertNotContains(self.page(), "Cancel import")
        address = f"/admin/meter_readings/importjob/{self.job.pk}/cancel/"
        self.assertEqual(self.client.post(address).status_code, 403)
        self.assertEqual(self.client.get(address).status_code, 405)
