"""Exports of readings that a worker writes to a file."""

from __future__ import annotations

import csv
import io
import logging
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import TransactionTestCase, override_settings
from django.utils import timezone

from meter_readings import importer, jobs
from meter_readings.importer.files import disk_space
from meter_readings.jobs import stopping, worker
from meter_readings.jobs.tasks import run_job
from meter_readings.models import AuditEvent, ImportJob
from meter_readings.tests.admin.pages.testcases import PageTestCase, page_text
from meter_readings.tests.api.base import V1, user_with
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP, flow_file
from meter_readings.tests.support.import_helpers import imported
from meter_readings.tests.support.users import user_with_permissions

from .job_helpers import QueueTestCase, run_tasks, waiting_tasks, with_queue
from .test_uploads import job_page

LIST = "/admin/meter_readings/reading/"
BACKGROUND = f"{LIST}export/background/"
MPAN, OTHER_MPAN = "2000000000015", "1000000000003"
TWO_METER_POINTS = flow_file(f"""
    026|{MPAN}|V|
    028|TST0000001|R|
    030|DY|20240401000000|1.0|||T|N|
    030|NT|20240402000000|2.0|||T|N|
    026|{OTHER_MPAN}|F|
    028|TST0000002|D|
    030|DY|20240301000000|3.0|||T|N|
    """)
API, ADMIN = ImportJob.Channel.API, ImportJob.Channel.ADMIN


def enqueue_export(
    user: User, query: str = "", file_format: str = "csv", channel: Any = API
) -> ImportJob:
    """Queue an export that a user asked for."""
    return jobs.enqueue_export(
        file_format=file_format,
        query=query,
        filters={"mpan": MPAN} if "mpan" in query else {},
        channel=channel,
        requested_by=user,
    )


def export_files() -> list[str]:
    """Return the names of the stored exports."""
    folder = Path(settings.MEDIA_ROOT, "exports")
    return [path.name for path in folder.iterdir()] if folder.exists() else []


def export_text(job: ImportJob) -> str:
    with jobs.open_download(job=job) as file:
        return file.read().decode()


def values(text: str) -> list[str]:
    """Return the values of a CSV."""
    return [row["value"] for row in csv.DictReader(io.StringIO(text))]


class ExportJobTestCase(QueueTestCase, PageTestCase):
    """Three readings; alice, a superuser, is signed in."""

    def setUp(self) -> None:
        super().setUp()
        self.alice = self.superuser
        imported(TWO_METER_POINTS)

    def ended(self, job: ImportJob) -> ImportJob:
        """Return the job after its task."""
        run_tasks()
        job.refresh_from_db()
        return job


class WriteTests(ExportJobTestCase):
    def test_job_writes_the_readings_to_a_file(self) -> None:
        job = self.ended(enqueue_export(self.alice))
        self.assertEqual((job.state, job.outcome), ("finished", "exported"))
        self.assertEqual((job.phase, job.counts), ("writing", {"readings": 3}))
        self.assertEqual(values(export_text(job)), ["2.0", "1.0", "3.0"])
        self.assertEqual(export_files(), [job.export_file])

    def test_filter_of_the_api_is_applied(self) -> None:
        query = f"mpan={MPAN}&ordering=read_at"
        job = self.ended(enqueue_export(self.alice, query))
        self.assertEqual(values(export_text(job)), ["1.0", "2.0"])

    def test_filter_of_the_admin_is_applied(self) -> None:
        job = enqueue_export(self.alice, f"q={MPAN}&register_id=DY", channel=ADMIN)
        self.assertEqual(values(export_text(self.ended(job))), ["1.0"])

    def test_d0010_of_the_admin_is_a_new_flow_file(self) -> None:
        job = enqueue_export(self.alice, f"q={MPAN}", "d0010", ADMIN)
        job = self.ended(job)
        lines = export_text(job).splitlines()
        self.assertEqual(len([line for line in lines if line.startswith("030")]), 2)
        self.assertEqual(job.counts, {"readings": 2})

    def test_d0010_of_all_versions_of_one_file_is_the_whole_file(self) -> None:
        file = imported(EVERY_GROUP, "whole.uff")
        query = f"flow_file={file.pk}&version_status=all"
        job = self.ended(enqueue_export(self.alice, query, "d0010"))
        self.assertEqual(export_text(job), EVERY_GROUP)

    def test_csv_without_readings_has_its_header(self) -> None:
        job = self.ended(enqueue_export(self.alice, "register_id=ZZ"))
        self.assertEqual(job.counts, {"readings": 0})
        self.assertTrue(export_text(job).startswith("mpan,"))

    def test_d0010_without_readings_fails_in_words_and_leaves_no_file(self) -> None:
        job = self.ended(enqueue_export(self.alice, "register_id=ZZ", "d0010"))
        self.assertEqual(
            (job.state, job.message, job.export_file),
            ("failed", "No readings match, and a flow file cannot be empty.", ""),
        )
        self.assertEqual(export_files(), [])

    def test_query_that_is_no_longer_valid_fails_and_does_not_export_all(self) -> None:
        for channel, query in ((API, "mpan=12"), (ADMIN, "no_such=1")):
            with self.subTest(channel):
                job = enqueue_export(self.alice, query, channel=channel)
                self.assertEqual(
                    self.ended(job).message,
                    "The readings cannot be selected any more. Make the export again.",
                )

    def test_file_of_another_status_than_imported_fails(self) -> None:
        query = "flow_file=999&version_status=all"
        job = self.ended(enqueue_export(self.alice, query, "d0010"))
        self.assertIn("cannot be selected", job.message)

    def test_export_of_a_user_who_was_deleted_belongs_to_nobody(self) -> None:
        bob = User.objects.create_superuser("bob")
        for channel in (API, ADMIN):
            enqueue_export(bob, "register_id=DY", channel=channel)
        bob.delete()
        run_tasks()
        for job in ImportJob.objects.filter(kind="export"):
            self.assertEqual((job.outcome, job.requested_by), ("exported", None))

    def test_second_delivery_writes_nothing(self) -> None:
        job = enqueue_export(self.alice)
        run_job.call(job.pk, 1)
        job.refresh_from_db()
        files = export_files()
        run_job.call(job.pk, 1)
        self.assertEqual(export_files(), files)

    def test_same_export_waits_once_for_each_user(self) -> None:
        first = enqueue_export(self.alice, "register_id=DY")
        self.assertEqual(enqueue_export(self.alice, "register_id=DY"), first)
        self.assertNotEqual(enqueue_export(self.alice, "register_id=NT"), first)
        bob = User.objects.create(username="bob")
        self.assertNotEqual(enqueue_export(bob, "register_id=DY"), first)
        self.assertEqual(len(waiting_tasks()), 3)

    def test_full_storage_fails_in_words_and_leaves_no_file(self) -> None:
        job = enqueue_export(self.alice)
        with (
            override_settings(IS_PRODUCTION=True, MIN_FREE_DISK_MB=1),
            patch.object(disk_space, "free_bytes", return_value=0),
        ):
            job = self.ended(job)
        self.assertIn("The storage is full.", job.message)
        self.assertEqual(export_files(), [])

    def test_stopped_worker_gives_its_export_back(self) -> None:
        job = enqueue_export(self.alice)
        stopping.stop_requested.set()
        self.addCleanup(stopping.stop_requested.clear)
        run_job.call(job.pk, 1)
        job.refresh_from_db()
        self.assertEqual((job.state, job.attempt, job.phase), ("queued", 1, ""))
        self.assertEqual((job.export_file, job.counts), ("", {}))
        self.assertEqual(export_files(), [])

    def test_cancelled_export_leaves_no_file(self) -> None:
        job = enqueue_export(self.alice)
        finish = importer.JobTracker.finish

        def cancel_and_finish(tracker: Any, *args: Any) -> None:
            jobs.cancel(job=job)
            finish(tracker, *args)

        with patch.object(importer.JobTracker, "finish", cancel_and_finish):
            job = self.ended(job)
        self.assertEqual((job.state, job.export_file), ("cancelled", ""))
        self.assertEqual(export_files(), [])


class SweepTests(ExportJobTestCase):
    def killed(self, attempt: int = 1) -> ImportJob:
        """Return an export whose worker was killed while it wrote."""
        job = enqueue_export(self.alice)
        long_ago = timezone.now() - timedelta(hours=1)
        ImportJob.objects.filter(pk=job.pk).update(
            state="running",
            heartbeat_at=long_ago,
            export_file="killed",
            attempt=attempt,
            counts={"readings": 5},
        )
        self.store("killed.partial")
        return job

    def store(self, name: str) -> Path:
        folder = Path(settings.MEDIA_ROOT, "exports")
        folder.mkdir(exist_ok=True)
        path = folder / name
        path.touch()
        return path

    def test_export_of_a_killed_worker_is_made_again(self) -> None:
        job = self.killed()
        jobs.sweep(now=timezone.now())
        self.assertEqual(export_files(), [])
        job = self.ended(job)
        self.assertEqual((job.attempt, job.outcome), (2, "exported"))
        self.assertEqual(export_files(), [job.export_file])

    def test_export_fails_after_three_attempts_and_leaves_no_file(self) -> None:
        job = self.killed(attempt=3)
        jobs.sweep(now=timezone.now())
        job.refresh_from_db()
        self.assertEqual((job.state, job.export_file), ("failed", ""))
        self.assertEqual(export_files(), [])

    def test_export_that_failed_is_tried_again(self) -> None:
        job = self.killed(attempt=3)
        jobs.sweep(now=timezone.now())
        job.refresh_from_db()
        new = jobs.retry(job=job, requested_by=self.alice)
        self.assertEqual(self.ended(new).counts, {"readings": 3})

    def test_file_that_is_being_written_is_not_deleted(self) -> None:
        job = self.killed()
        ImportJob.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now())
        stray = self.store("stray")
        worker._delete_old_files()
        self.assertFalse(stray.exists())
        self.assertEqual(export_files(), ["killed.partial"])

    def test_file_that_cannot_be_deleted_is_left(self) -> None:
        self.store("stray")
        with patch.object(Path, "unlink", side_effect=PermissionError):
            worker._delete_old_files()
        self.assertEqual(export_files(), ["stray"])

    @override_settings(RETENTION_EXPORTS_DAYS=7)
    def test_export_is_deleted_with_its_filter_after_some_days(self) -> None:
        job = self.ended(enqueue_export(self.alice, f"mpan={MPAN}"))
        worker._delete_old_files()
        self.assertEqual(export_files(), [job.export_file])
        old = timezone.now() - timedelta(days=7, seconds=1)
        ImportJob.objects.filter(pk=job.pk).update(finished_at=old)
        worker._delete_old_files()
        job.refresh_from_db()
        self.assertEqual((job.export_file, job.parameters), ("", {}))
        self.assertEqual(export_files(), [])
        self.assertFalse(jobs.can_retry(job))
        with self.assertRaises(importer.ExportMissing):
            jobs.open_download(job=job)

    @override_settings(RETENTION_EXPORTS_DAYS=0)
    def test_export_is_kept_for_ever_if_the_setting_says_so(self) -> None:
        job = self.ended(enqueue_export(self.alice))
        old = timezone.now() - timedelta(days=3000)
        ImportJob.objects.filter(pk=job.pk).update(finished_at=old)
        worker._delete_old_files()
        self.assertEqual(export_files(), [job.export_file])

    def test_clearing_deletes_all_exports(self) -> None:
        self.ended(enqueue_export(self.alice))
        importer.clear_database(now=timezone.now())
        self.assertEqual(export_files(), [])

    def test_running_export_does_not_stop_a_clearing(self) -> None:
        job = self.killed()
        ImportJob.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now())
        importer.clear_database(now=timezone.now())
        self.assertFalse(ImportJob.objects.exists())


@with_queue
class ProgressTests(TransactionTestCase):
    """The progress is saved while the export is in its snapshot."""

    def setUp(self) -> None:
        imported(TWO_METER_POINTS)
        self.alice = User.objects.create_superuser("alice")
        self.enterContext(
            patch("meter_readings.importer.jobs.tracker._HEARTBEAT_SECONDS", -1.0)
        )
        self.enterContext(patch("meter_readings.exports.streaming._LINES_PER_CHUNK", 1))

    def run_with(self, job: ImportJob, act: Any) -> ImportJob:
        """Run a job; `act` is called when some rows were written."""
        set_rows = importer.JobTracker.set_rows

        def set_rows_and_act(tracker: Any, count: int, save: Any) -> None:
            set_rows(tracker, count, save)
            if count == 2:
                thread = threading.Thread(target=act)
                thread.start()
                thread.join()

        with patch.object(importer.JobTracker, "set_rows", set_rows_and_act):
            run_job.call(job.pk, 1)
        job.refresh_from_db()
        return job

    def test_rows_so_far_are_saved(self) -> None:
        job = enqueue_export(self.alice)
        seen: list[ImportJob] = []
        job = self.run_with(
            job, lambda: seen.append(ImportJob.objects.get(kind="export"))
        )
        [running] = seen
        self.assertEqual((running.state, running.phase), ("running", "writing"))
        self.assertEqual(running.counts, {"readings": 2})
        self.assertEqual((job.outcome, job.counts), ("exported", {"readings": 3}))

    def test_export_is_cancelled_while_it_is_written(self) -> None:
        job = enqueue_export(self.alice)
        job = self.run_with(job, lambda: jobs.cancel(job=job))
        self.assertEqual((job.state, job.counts), ("cancelled", {}))
        self.assertEqual(
            (job.export_file, job.message), ("", "Cancelled. Nothing was changed.")
        )
        self.assertEqual(export_files(), [])

    def test_export_that_another_worker_was_given_is_not_finished(self) -> None:
        job = enqueue_export(self.alice)
        own = ImportJob.objects.filter(pk=job.pk)
        job = self.run_with(job, lambda: own.update(attempt=2, export_file=""))
        self.assertEqual((job.state, job.attempt), ("running", 2))
        self.assertEqual(export_files(), [])


class AdminTests(ExportJobTestCase):
    def press(self, file_format: str = "csv", query: str = "") -> HttpResponse:
        """Press the button of the export page."""
        return self.client.post(f"{BACKGROUND}?{query}", {"format": file_format})

    def job(self) -> ImportJob:
        return ImportJob.objects.latest("pk")

    def test_export_page_has_buttons_where_workers_run(self) -> None:
        page = self.client.get(f"{LIST}export/?register_id=DY")
        self.assertContains(page, "Make CSV in the background")
        self.assertContains(page, f'action="{BACKGROUND}?register_id=DY"')
        with override_settings(TASKS_BACKEND="immediate"):
            page = self.client.get(f"{LIST}export/")
        self.assertNotContains(page, "in the background")

    def test_button_leads_to_the_page_of_the_job(self) -> None:
        response = self.press(query=f"q={MPAN[:6]}+{MPAN[6:]}&register_id=DY")
        job = self.job()
        self.assertRedirects(response, job_page(job))
        self.assertEqual((job.kind, job.channel), ("export", "admin"))
        self.assertEqual(job.parameters["filter"]["Search"], MPAN)
        text = page_text(self.client.get(job_page(job)))
        self.assertIn("It begins when the jobs before it are over.", text)
        self.assertIn("Kind Export", text)
        self.assertIn(f"Search {MPAN}", text)
        for absent in ("Flow file", "Import policy", "Download"):
            self.assertNotIn(absent, text)

    def test_page_of_a_running_export_has_the_rows_so_far(self) -> None:
        self.press()
        rows = ImportJob.objects.filter(pk=self.job().pk)
        rows.update(state="running", phase="writing", counts={"readings": 12345})
        page = self.client.get(job_page(self.job()))
        self.assertContains(page, "Step: writing, 12,345 readings written")
        self.assertNotContains(page, "job-progress")
        home = self.client.get("/")
        self.assertContains(
            home, "Writing (step 1 of 1), 12,345 readings written, started"
        )

    def test_page_of_a_finished_export_has_its_download(self) -> None:
        self.press()
        job = self.ended(self.job())
        page = self.client.get(job_page(job))
        self.assertContains(page, "3 readings exported.")
        self.assertContains(page, f'href="{job_page(job)[:-7]}download/"')
        ImportJob.objects.filter(pk=job.pk).update(export_file="")
        page = self.client.get(job_page(job))
        self.assertContains(page, "The file is no longer stored.")
        self.assertNotContains(page, "download/")

    def test_users_who_may_not_view_jobs_are_told_that_it_is_done(self) -> None:
        self.client.force_login(user_with_permissions("view_reading", "export_reading"))
        page = self.client.post(BACKGROUND, {"format": "csv"}, follow=True)
        self.assertContains(page, "It is done in the background.")

    def test_nothing_is_queued_without_a_format_a_valid_filter_or_a_worker(
        self,
    ) -> None:
        self.assertRedirects(self.press("xlsx"), f"{LIST}export/")
        self.assertRedirects(self.press(query="no_such=1"), f"{LIST}export/")
        with override_settings(TASKS_BACKEND="immediate"):
            self.press()
        self.assertFalse(ImportJob.objects.filter(kind="export").exists())

    def test_users_who_may_not_export_queue_nothing(self) -> None:
        self.silence_request_log()
        self.client.force_login(user_with_permissions("view_reading"))
        self.assertEqual(self.press().status_code, 403)

    def test_other_users_cancel_an_export_if_they_may_export(self) -> None:
        self.press()
        user = user_with_permissions("view_importjob", "export_reading")
        self.client.force_login(user)
        self.client.post(f"/admin/meter_readings/importjob/{self.job().pk}/cancel/")
        self.assertEqual(self.job().state, "cancelled")


class DownloadTests(ExportJobTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.exported = self.ended(enqueue_export(self.alice, f"mpan={MPAN}"))
        self.addresses = (
            f"/admin/meter_readings/importjob/{self.exported.pk}/download/",
            f"{V1}imports/{self.exported.pk}/download/",
        )

    def statuses(self) -> set[int]:
        """Return the status codes in the admin and in the API."""
        logging.disable(logging.ERROR)
        self.addCleanup(logging.disable, logging.NOTSET)
        return {self.client.get(address).status_code for address in self.addresses}

    def test_asker_downloads_the_file(self) -> None:
        for address in self.addresses:
            response = self.client.get(address)
            self.assertEqual(values(response.getvalue().decode()), ["2.0", "1.0"])
            self.assertEqual(response["Content-Type"], "text/csv; charset=utf-8")
            self.assertRegex(
                response["Content-Disposition"],
                r'^attachment; filename="readings-[0-9]{8}-[0-9]{6}\.csv"$',
            )

    def test_download_is_recorded_with_filter_and_rows(self) -> None:
        for address, channel in zip(self.addresses, ("admin", "api"), strict=True):
            self.client.get(address).getvalue()
            event = AuditEvent.objects.filter(action="export").latest("pk")
            self.assertEqual((event.username, event.channel), ("alice", channel))
            self.assertEqual(
                event.details,
                {
                    "job": self.exported.pk,
                    "format": "csv",
                    "filter": {"mpan": MPAN},
                    "rows": 2,
                },
            )

    def test_head_request_is_not_recorded(self) -> None:
        for address in self.addresses:
            self.assertEqual(self.client.head(address).status_code, 200)
        self.assertFalse(AuditEvent.objects.filter(action="export").exists())

    def test_other_users_need_the_permission_for_exports_of_others(self) -> None:
        codenames = ["view_importjob", "export_reading"]
        self.client.force_login(user_with_permissions(*codenames))
        self.assertEqual(self.statuses(), {403})
        page = self.client.get(job_page(self.exported))
        self.assertNotContains(page, "download/")
        codenames.append("download_any_export")
        self.client.force_login(user_with_permissions(*codenames, name="dora"))
        self.assertEqual(self.statuses(), {200})

    def test_asker_who_may_no_longer_export_or_view_jobs_is_refused(self) -> None:
        for codename in ("view_importjob", "export_reading"):
            user = user_with_permissions(codename, name=codename)
            ImportJob.objects.filter(kind="export").update(requested_by=user)
            self.client.force_login(user)
            self.assertEqual(self.statuses(), {403})

    def test_export_whose_file_is_gone_is_404(self) -> None:
        Path(settings.MEDIA_ROOT, "exports", self.exported.export_file).unlink()
        self.assertEqual(self.statuses(), {404})


class ApiTests(ExportJobTestCase):
    def post(self, query: str = "", status: int = 202) -> Any:
        logging.disable(logging.ERROR)
        self.addCleanup(logging.disable, logging.NOTSET)
        response = self.client.generic("POST", f"{V1}readings/export/?{query}")
        self.assertEqual(response.status_code, status, response.content)
        return response

    def test_export_is_202_with_a_job_that_has_a_download_at_its_end(self) -> None:
        response = self.post(f"mpan={MPAN[:6]}+{MPAN[6:]}&ordering=read_at")
        self.assertEqual(response["Retry-After"], "2")
        job = self.client.get(response["Location"]).json()
        self.assertEqual((job["kind"], job["state"]), ("export", "queued"))
        self.assertEqual((job["phase"], job["phase_label"]), ("", ""))
        self.assertIsNone(job["links"]["download"])
        row = ImportJob.objects.get(pk=job["id"])
        self.assertEqual(
            row.parameters["filter"], {"mpan": MPAN, "ordering": "read_at"}
        )
        run_tasks()
        job = self.client.get(response["Location"]).json()
        self.assertEqual(job["counts"], {"readings": 2})
        text = self.client.get(job["links"]["download"]).getvalue().decode()
        self.assertEqual(values(text), ["1.0", "2.0"])

    def test_format_is_a_parameter(self) -> None:
        self.post("file_format=d0010")
        job = ImportJob.objects.latest("pk")
        self.assertEqual(job.parameters["format"], "d0010")
        self.assertEqual(self.ended(job).outcome, "exported")

    def test_invalid_parameters_are_400(self) -> None:
        for query in (
            "mpan=12",
            "file_format=xlsx",
            "page_size=10",
            "fields=value",
            "file_format=d0010&ordering=read_at",
        ):
            with self.subTest(query):
                self.post(query, 400)

    def test_body_is_415(self) -> None:
        response = self.client.post(f"{V1}readings/export/", {"mpan": MPAN})
        self.assertEqual(response.status_code, 415)

    @override_settings(MARKET_PARTICIPANT="OURS")
    def test_d0010_with_an_invalid_market_participant_is_500(self) -> None:
        self.post("file_format=d0010", 500)

    @override_settings(TASKS_BACKEND="immediate")
    def test_site_without_workers_is_409(self) -> None:
        self.assertIn("no worker", self.post(status=409).json()["detail"])

    def test_users_who_may_not_export_are_refused(self) -> None:
        self.client.force_login(user_with("view_reading", "view_importjob"))
        self.post(status=403)

    def test_export_takes_seven_queries(self) -> None:
        with self.assertNumQueries(7):
            self.post()
