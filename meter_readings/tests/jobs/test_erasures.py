"""Erasures of an MPAN that a worker does, and the page on which they are asked for."""

from __future__ import annotations

import tempfile
import threading
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from django.contrib.auth.models import User
from django.db import IntegrityError, OperationalError, connections
from django.http import HttpResponse
from django.test import TransactionTestCase, override_settings
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from meter_readings import importer, jobs, privacy
from meter_readings.jobs import erasure, queue, stopping
from meter_readings.jobs.tasks import run_job
from meter_readings.models import (
    AuditEvent,
    FlowFile,
    ImportJob,
    MeterPoint,
    Notification,
    Reading,
    SubjectRequest,
    pseudonymise_mpan,
)
from meter_readings.notifications.conditions import open_failed_jobs
from meter_readings.tests.admin.pages.testcases import PageTestCase, page_text
from meter_readings.tests.notifications.rules import Event, email_rule
from meter_readings.tests.privacy.text_search import places_with
from meter_readings.tests.support.flow_file_builder import flow_file, mpan_core
from meter_readings.tests.support.import_helpers import imported
from meter_readings.tests.support.users import user_with_permissions

from .job_helpers import QueueTestCase, enqueue, run_tasks, uploads, with_queue
from .test_exports import enqueue_export, export_files
from .test_uploads import job_page

# No other test uses these MPANs.
MPAN, OTHER = mpan_core(7_301_946_827), mpan_core(7_301_946_828)
PSEUDONYM = f"{pseudonymise_mpan(MPAN)[:12]}…"
FILE = flow_file(f"""
    026|{MPAN}|V|
    028|CANARY7302|R|
    030|S|20240401000000|99.5|||T|N|
    026|{OTHER}|V|
    028|OTHERS7302|R|
    030|S|20240401000000|11.5|||T|N|
    """)
PAGE = "/admin/meter_readings/subjectrequest/erase/"
GIVEN = {"mpan": f"{MPAN[:5]} {MPAN[5:]}", "reason": "Request 17"}


@with_queue
class ErasureTestCase(TransactionTestCase):
    """A file with two MPANs; no transaction, because an erasure ends with VACUUM."""

    def setUp(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(
            override_settings(MEDIA_ROOT=folder, SESSION_FILE_PATH=folder)
        )
        self.alice = User.objects.create_superuser("alice")
        imported(FILE)

    def enqueue(self, reason: str = "Request 17") -> ImportJob:
        return jobs.enqueue_erasure(
            mpan=MPAN,
            reason=reason,
            channel=ImportJob.Channel.ADMIN,
            requested_by=self.alice,
        )

    def ended(self, job: ImportJob, attempt: int = 1) -> ImportJob:
        """Return the job after its attempt."""
        run_job.call(job.pk, attempt)
        job.refresh_from_db()
        return job

    def assert_erased(self) -> None:
        """Fail unless the database and the files have nothing about the MPAN."""
        self.assertEqual(list(MeterPoint.objects.values_list("mpan")), [(OTHER,)])
        self.assertEqual(list(places_with(MPAN)), [])


class ErasureTests(ErasureTestCase):
    def test_waiting_job_has_the_mpan_and_its_task_has_not(self) -> None:
        job = self.enqueue()
        self.assertEqual((job.kind, job.state, job.mpan), ("erase", "queued", MPAN))
        self.assertEqual(job.subject, f"MPAN {PSEUDONYM}")
        [task] = DBTaskResult.objects.all()
        self.assertEqual(task.args_kwargs, {"args": [job.pk, 1], "kwargs": {}})

    def test_mpan_is_erased_and_the_job_has_its_pseudonym(self) -> None:
        job = self.ended(self.enqueue())
        self.assertEqual((job.state, job.outcome), ("finished", "erased"))
        self.assertEqual((job.mpan, job.phase), ("", "deleting"))
        self.assertEqual(job.pseudonym, pseudonymise_mpan(MPAN))
        self.assertEqual((job.counts["readings"], job.counts["originals"]), (1, 1))
        self.assert_erased()

    def test_erasure_is_recorded_once_with_who_asked_and_why(self) -> None:
        self.ended(self.enqueue())
        request = SubjectRequest.objects.get()
        self.assertEqual(
            (request.answered_by, request.reason, request.channel),
            ("alice", "Request 17", "admin"),
        )
        event = AuditEvent.objects.get(action="erasure")
        self.assertEqual((event.username, event.object_id), ("alice", request.pk))

    def test_erasure_of_a_user_who_was_deleted_is_answered_by_nobody(self) -> None:
        job = self.enqueue()
        self.alice.delete()
        self.ended(job)
        self.assertEqual(SubjectRequest.objects.get().answered_by, "")

    def test_mpan_in_the_reason_is_masked_before_it_is_stored(self) -> None:
        job = self.enqueue(f"Request for {MPAN}")
        self.assertEqual(job.parameters, {"reason": "Request for [MPAN]"})

    def test_mpan_of_which_nothing_is_stored_is_no_error(self) -> None:
        privacy.erase_mpan(mpan=MPAN, reason="", answered_by="", now=timezone.now())
        job = self.ended(self.enqueue())
        self.assertEqual((job.outcome, job.counts, job.mpan), ("erased", {}, ""))
        self.assertEqual(SubjectRequest.objects.count(), 1)

    def test_second_request_has_the_job_of_the_first(self) -> None:
        self.assertEqual(self.enqueue(), self.enqueue("Request 18"))

    def test_second_delivery_finds_nothing_to_do(self) -> None:
        job = self.ended(self.enqueue())
        self.ended(job)
        self.assertEqual(SubjectRequest.objects.count(), 1)

    def test_database_refuses_a_job_that_is_over_and_has_the_mpan(self) -> None:
        job = self.enqueue()
        with self.assertRaises(IntegrityError):
            ImportJob.objects.filter(pk=job.pk).update(state="failed")


class InterruptionTests(ErasureTestCase):
    def killed(self, job: ImportJob) -> None:
        """Let the sweep find that the worker of a job was killed."""
        long_ago = timezone.now() - timedelta(hours=1)
        ImportJob.objects.filter(pk=job.pk).update(
            state="running", heartbeat_at=long_ago, finished_at=None
        )
        jobs.sweep(now=timezone.now())

    def test_erasure_that_was_killed_before_its_commit_is_done_again(self) -> None:
        job = self.enqueue()
        self.killed(job)
        job = self.ended(job, attempt=2)
        self.assertEqual((job.outcome, job.counts["readings"]), ("erased", 1))
        self.assert_erased()

    def test_erasure_that_was_killed_after_its_commit_is_completed(self) -> None:
        job = self.enqueue()
        with (
            patch.object(importer, "delete_files_of_jobs", side_effect=SystemExit),
            # Like a process that was killed, it saves nothing more.
            patch.object(importer.JobTracker, "__exit__", lambda *_: None),
            self.assertRaises(SystemExit),
        ):
            run_job.call(job.pk, 1)
        job.refresh_from_db()
        self.assertEqual((job.state, job.mpan), ("running", MPAN))
        self.killed(job)
        job = self.ended(job, attempt=2)
        self.assertEqual((job.outcome, job.counts["readings"]), ("erased", 1))
        self.assertEqual(SubjectRequest.objects.count(), 1)
        self.assert_erased()

    def test_erasure_is_done_again_if_the_database_was_unavailable(self) -> None:
        job = self.enqueue()
        with patch.object(privacy, "erase_rows", side_effect=OperationalError):
            job = self.ended(job)
        self.assertEqual((job.state, job.attempt, job.mpan), ("queued", 2, MPAN))
        job = self.ended(job, attempt=2)
        self.assertEqual((job.outcome, job.counts["readings"]), ("erased", 1))
        self.assert_erased()

    def test_vacuum_that_fails_is_repeated_without_the_mpan(self) -> None:
        job = self.enqueue()
        with patch.object(privacy, "vacuum_database", side_effect=OperationalError):
            job = self.ended(job)
        self.assertEqual((job.state, job.attempt, job.mpan), ("queued", 2, ""))
        self.assertFalse(jobs.can_cancel(job))
        job = self.ended(job, attempt=2)
        self.assertEqual((job.outcome, job.counts["readings"]), ("erased", 1))

    def test_third_failure_removes_the_mpan_and_says_what_to_do(self) -> None:
        email_rule(Event.JOB_FAILED)
        job = self.enqueue()
        ImportJob.objects.filter(pk=job.pk).update(attempt=3)
        self.killed(job)
        job.refresh_from_db()
        self.assertEqual((job.state, job.mpan), ("failed", ""))
        self.assertEqual(
            job.message,
            "Its worker ended during the job. It was attempted 3 times. Erase the MPAN"
            " again: that completes what has begun.",
        )
        self.assertFalse(jobs.can_retry(job))
        self.assertEqual(
            Notification.objects.get().data["filename"], f"MPAN {PSEUDONYM}"
        )
        self.assertEqual(list(open_failed_jobs()), [job])
        self.enqueue()
        self.assertEqual(list(open_failed_jobs()), [])

    def test_failure_removes_the_mpan_and_says_what_to_do(self) -> None:
        job = self.enqueue()
        with patch.object(privacy, "erase_rows", side_effect=ZeroDivisionError):
            job = self.ended(job)
        self.assertEqual((job.state, job.mpan), ("failed", ""))
        self.assertEqual(
            job.message,
            "Interrupted by ZeroDivisionError. Erase the MPAN again: that completes"
            " what has begun.",
        )

    def test_waiting_erasure_is_cancelled_and_the_mpan_removed(self) -> None:
        job = self.enqueue()
        jobs.cancel(job=job)
        job.refresh_from_db()
        self.assertEqual((job.state, job.mpan), ("cancelled", ""))
        self.assertFalse(jobs.can_retry(job))
        event = AuditEvent.objects.get(action="cancel-job")
        self.assertEqual(event.object_label, f"MPAN {PSEUDONYM}")
        self.assertTrue(Reading.objects.filter(meter__meter_point__mpan=MPAN).exists())

    def test_erasure_that_has_begun_cannot_be_cancelled(self) -> None:
        job = self.enqueue()
        for change in {"state": "running"}, {"state": "queued", "attempt": 2}:
            with self.subTest(change):
                ImportJob.objects.filter(pk=job.pk).update(**change)
                job.refresh_from_db()
                self.assertFalse(jobs.can_cancel(job))
                with self.assertRaises(jobs.CannotCancel):
                    jobs.cancel(job=job)

    def test_worker_that_was_taken_for_dead_erases_nothing(self) -> None:
        job = self.enqueue()
        erase = privacy.erasure._erase

        def erase_and_lose(*args: Any) -> Any:
            ImportJob.objects.filter(pk=job.pk).update(attempt=2)
            return erase(*args)

        with patch.object(privacy.erasure, "_erase", erase_and_lose):
            self.ended(job)
        # The patch took part in the transaction that was rolled back.
        self.assertTrue(Reading.objects.filter(meter__meter_point__mpan=MPAN).exists())
        self.assertFalse(SubjectRequest.objects.exists())


class WaitTests(ErasureTestCase):
    """Another worker imports a file."""

    def setUp(self) -> None:
        super().setUp()
        self.enterContext(patch.object(erasure, "_WAIT", 0.0))
        self.importing = ImportJob.objects.create(
            filename="b.uff",
            channel="api",
            started_at=timezone.now(),
            heartbeat_at=timezone.now(),
        )

    def test_erasure_waits_until_the_import_has_ended(self) -> None:
        erase_rows, calls = privacy.erase_rows, []

        def end_import_later(**options: Any) -> Any:
            calls.append(1)
            if len(calls) == 2:
                ImportJob.objects.filter(pk=self.importing.pk).update(state="finished")
            return erase_rows(**options)

        with patch.object(privacy, "erase_rows", end_import_later):
            job = self.ended(self.enqueue())
        self.assertEqual((job.outcome, len(calls)), ("erased", 2))

    def test_erasure_fails_after_some_minutes_and_the_mpan_is_removed(self) -> None:
        with patch.object(erasure, "_MAX_WAIT", 0.0):
            job = self.ended(self.enqueue())
        self.assertEqual(
            (job.state, job.message, job.mpan),
            (
                "failed",
                "Nothing was erased. A file is being imported. Erase the MPAN when it"
                " has finished.",
                "",
            ),
        )

    def test_stopped_worker_gives_an_erasure_that_waits_back(self) -> None:
        job = self.enqueue()
        stopping.stop_requested.set()
        self.addCleanup(stopping.stop_requested.clear)
        job = self.ended(job)
        self.assertEqual((job.state, job.attempt, job.mpan), ("queued", 1, MPAN))


class FilesOfJobsTests(ErasureTestCase):
    """Files of jobs that can contain the MPAN."""

    def erase(self) -> None:
        privacy.erase_mpan(mpan=MPAN, reason="", answered_by="", now=timezone.now())

    def test_finished_exports_are_deleted_with_their_filters(self) -> None:
        job = enqueue_export(self.alice, f"mpan={MPAN[:5]}+{MPAN[5:]}")
        run_tasks()
        self.assertEqual(len(export_files()), 1)
        self.erase()
        job.refresh_from_db()
        self.assertEqual((job.export_file, job.parameters), ("", {}))
        self.assertEqual((job.state, job.counts), ("finished", {"readings": 1}))
        self.assertEqual(export_files(), [])
        self.assert_erased()

    def test_waiting_exports_are_cancelled(self) -> None:
        job = enqueue_export(self.alice)
        self.erase()
        job.refresh_from_db()
        self.assertEqual(
            (job.state, job.message),
            (
                "cancelled",
                "Cancelled, because an MPAN was erased. Make the export again.",
            ),
        )
        self.assertFalse(jobs.can_retry(job))

    def test_export_that_is_being_written_is_cancelled(self) -> None:
        job = enqueue_export(self.alice)
        set_rows = importer.JobTracker.set_rows

        def erase_meanwhile(*args: Any) -> None:
            set_rows(*args)
            thread = threading.Thread(target=self.erase_elsewhere)
            thread.start()
            thread.join()

        with patch.object(importer.JobTracker, "set_rows", erase_meanwhile):
            run_job.call(job.pk, 1)
        job.refresh_from_db()
        self.assertEqual((job.state, job.export_file), ("cancelled", ""))
        self.assertEqual(export_files(), [])
        self.assert_erased()

    def erase_elsewhere(self) -> None:
        """Erase in a thread, without VACUUM, which waits for readers on SQLite."""
        privacy.erase_rows(
            mpan=MPAN,
            reason="",
            answered_by="",
            now=timezone.now(),
            channel=ImportJob.Channel.COMMAND,
        )
        connections.close_all()

    def test_export_that_was_asked_for_after_the_erasure_is_made(self) -> None:
        self.erase()
        job = enqueue_export(self.alice)
        run_tasks()
        job.refresh_from_db()
        self.assertEqual(job.counts, {"readings": 1})

    def test_uploads_of_jobs_that_are_over_are_deleted(self) -> None:
        job = enqueue(FILE.replace("99.5", "-1"), "bad.uff")
        queue.fail(ImportJob.objects.filter(pk=job.pk), job=job, message="No space.")
        self.assertEqual(len(uploads()), 1)
        self.erase()
        job.refresh_from_db()
        self.assertEqual((job.upload, uploads()), ("", []))
        self.assertFalse(jobs.can_retry(job))

    def test_upload_of_a_job_that_waits_is_kept(self) -> None:
        job = enqueue(FILE.replace("99.5", "98.5"), "later.uff")
        self.erase()
        self.assertEqual(uploads(), [job.upload])
        run_tasks()
        file = FlowFile.objects.get(filename="later.uff")
        self.assertIn("previously-erased", file.finding_counts)

    def test_upload_of_a_process_that_ended_is_deleted_after_a_minute(self) -> None:
        job = enqueue(FILE.replace("99.5", "98.5"), "killed.uff")
        ImportJob.objects.filter(pk=job.pk).update(upload="")
        self.erase()
        self.assertEqual(uploads(), [job.upload])
        with patch.object(importer.jobs.files, "_ABANDONED_SECONDS", -1.0):
            self.erase()
        self.assertEqual(uploads(), [])


class PageTests(QueueTestCase, PageTestCase):
    """A superuser, alice, is signed in."""

    def setUp(self) -> None:
        super().setUp()
        imported(FILE)

    def post(self, **given: str) -> HttpResponse:
        return self.client.post(PAGE, GIVEN | given)

    def test_list_of_subject_requests_has_a_link_for_who_may_erase(self) -> None:
        address = "/admin/meter_readings/subjectrequest/"
        self.assertContains(self.client.get(address), f'href="{PAGE}"')
        self.client.force_login(user_with_permissions("view_subjectrequest"))
        self.assertNotContains(self.client.get(address), PAGE)

    def test_page_asks_for_the_mpan_and_the_reason(self) -> None:
        page = self.client.get(PAGE)
        self.assertContains(page, "It cannot be undone.")
        page = self.post(mpan="12", reason="")
        self.assertContains(page, "An MPAN has 13 digits.")
        self.assertContains(page, "Enter the reason.")

    def test_page_shows_what_is_stored_and_asks_for_a_word(self) -> None:
        page = self.post(step="preview")
        self.assertContains(page, "1 reading and 1 meter")
        self.assertContains(page, "Type ERASE to confirm")
        self.assertNotContains(page, "nothing was erased")

    def test_another_word_erases_nothing(self) -> None:
        for word, problem in (("erase", "in capitals"), ("", "Type ERASE: nothing")):
            page = self.post(step="erase", confirmation=word)
            self.assertContains(page, problem)
            self.assertContains(page, f'value="{MPAN}"')
        self.assertFalse(ImportJob.objects.filter(kind="erase").exists())

    def test_word_leads_to_the_page_of_the_job_without_the_mpan(self) -> None:
        response = self.post(step="erase", confirmation="ERASE")
        job = ImportJob.objects.get(kind="erase")
        self.assertRedirects(response, job_page(job))
        self.assertEqual((job.mpan, job.requested_by), (MPAN, self.superuser))
        page = self.client.get(job_page(job))
        text = page_text(page)
        self.assertIn(f"MPAN {PSEUDONYM}", text)
        self.assertIn("Cancel job", text)
        self.assertNotContains(page, MPAN)
        api = self.client.get(f"/api/v1/imports/{job.pk}/")
        self.assertNotContains(api, MPAN)
        ImportJob.objects.filter(pk=job.pk).update(state="running", phase="deleting")
        text = page_text(self.client.get(job_page(job)))
        self.assertIn("Step: deleting, last progress", text)
        self.assertNotIn("Cancel job", text)

    def test_page_of_a_finished_erasure_has_its_counts(self) -> None:
        self.post(step="erase", confirmation="ERASE")
        counts = {"readings": 1, "meters": 1}
        ImportJob.objects.filter(kind="erase").update(
            state="finished", outcome="erased", mpan="", counts=counts
        )
        job = ImportJob.objects.get(kind="erase")
        text = page_text(self.client.get(job_page(job)))
        self.assertIn("Erased: 1 reading and 1 meter.", text)
        self.assertIn("Readings erased or redacted 1", text)
        ImportJob.objects.filter(pk=job.pk).update(counts={})
        text = page_text(self.client.get(job_page(job)))
        self.assertIn("Nothing was stored about the MPAN.", text)

    def test_user_who_may_only_erase_can_erase(self) -> None:
        self.client.force_login(user_with_permissions("erase_mpan"))
        self.assertEqual(self.client.get(PAGE).status_code, 200)
        response = self.post(step="erase", confirmation="ERASE")
        self.assertRedirects(response, PAGE)
        self.assertTrue(ImportJob.objects.filter(kind="erase").exists())

    def test_user_who_may_do_everything_else_is_refused(self) -> None:
        self.silence_request_log()
        others = ["view_subjectrequest", "undo_flowfile", "clear_database"]
        self.client.force_login(user_with_permissions(*others))
        self.assertEqual(self.client.get(PAGE).status_code, 403)
        self.assertEqual(self.post(step="erase").status_code, 403)

    def test_page_takes_seven_queries(self) -> None:
        with self.assertNumQueries(7):
            self.post(step="preview")


class ImmediatePageTests(ErasureTestCase):
    """Without a worker, the MPAN is erased in the request."""

    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.alice)
        self.enterContext(override_settings(TASKS_BACKEND="immediate"))

    def erase(self) -> HttpResponse:
        given = GIVEN | {"step": "erase", "confirmation": "ERASE"}
        return self.client.post(PAGE, given)

    def test_mpan_is_erased_at_once(self) -> None:
        page = self.erase()
        self.assertContains(page, "Erased: 1 reading, 1 meter, 1 meter point")
        self.assertNotContains(page, MPAN)
        self.assert_erased()
        request = SubjectRequest.objects.get()
        self.assertEqual((request.answered_by, request.channel), ("alice", "admin"))

    def test_erasure_during_an_import_is_refused_in_words(self) -> None:
        ImportJob.objects.update(state="running", heartbeat_at=timezone.now())
        self.assertContains(
            self.erase(),
            "Nothing was erased. A file is being imported. Try again when it has"
            " finished.",
        )
        self.assertFalse(SubjectRequest.objects.exists())
