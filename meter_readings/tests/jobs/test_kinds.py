"""Undos, imports of stored files and clearings that a worker runs."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.utils import timezone

from meter_readings import audit, importer, jobs
from meter_readings.importer import undo
from meter_readings.jobs import queue, stopping
from meter_readings.jobs.tasks import run_job
from meter_readings.models import (
    AuditEvent,
    FlowFile,
    ImportJob,
    Notification,
    Policy,
    Reading,
)
from meter_readings.notifications.conditions import open_failed_jobs
from meter_readings.tests.notifications.rules import Event, email_rule
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP
from meter_readings.tests.support.import_helpers import import_text, imported

from .job_helpers import QueueTestCase, enqueue, run_tasks, waiting_tasks

REQUEST_ID = str(uuid.uuid4())
BAD = EVERY_GROUP.replace("12345.0", "-1.0")
API = ImportJob.Channel.API


class KindTestCase(QueueTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.alice = User.objects.create(username="alice")

    def asking(self) -> Any:
        """Return a context in which alice's program makes a request."""
        actor = audit.Actor(API, "alice", self.alice.pk, "sync (d0_1)", REQUEST_ID)
        return audit.acting_as(lambda: actor)

    def undo(self, file: FlowFile) -> ImportJob:
        with self.asking():
            return jobs.enqueue_undo(
                flow_file=file, channel=API, requested_by=self.alice
            )

    def reprocess(self, file: FlowFile, policy: Policy = Policy.STANDARD) -> ImportJob:
        with self.asking():
            return jobs.enqueue_reprocess(
                flow_file=file,
                policy=policy,
                allow_same_name=False,
                channel=API,
                requested_by=self.alice,
            )

    def clear(self) -> ImportJob:
        with self.asking():
            return jobs.enqueue_clear(channel=API, requested_by=self.alice)

    def ended(self, job: ImportJob) -> ImportJob:
        """Return the job after its task."""
        run_tasks()
        job.refresh_from_db()
        return job

    def assert_event(self, action: str) -> AuditEvent:
        """Return the event of an action, which must have alice's request."""
        event = AuditEvent.objects.get(action=action)
        self.assertEqual(
            (event.username, event.user_id, event.channel, event.token),
            ("alice", self.alice.pk, "api", "sync (d0_1)"),
        )
        self.assertEqual(str(event.request_id), REQUEST_ID)
        return event


class UndoTests(KindTestCase):
    def test_waiting_job_has_its_file_user_and_request(self) -> None:
        file = imported(EVERY_GROUP)
        job = self.undo(file)
        self.assertEqual((job.kind, job.state), ("undo", "queued"))
        self.assertEqual((job.flow_file, job.filename), (file, "sample.uff"))
        self.assertEqual((job.requested_by, job.token), (self.alice, "sync (d0_1)"))
        self.assertEqual(job.request_id, REQUEST_ID)
        self.assertEqual(Reading.objects.count(), 3)

    def test_import_is_undone(self) -> None:
        job = self.ended(self.undo(imported(EVERY_GROUP)))
        self.assertEqual((job.state, job.outcome), ("finished", "undone"))
        self.assertEqual((job.phase, job.counts["readings"]), ("deleting", 3))
        self.assertFalse(Reading.objects.exists())

    def test_event_has_the_user_the_token_and_the_request_that_asked(self) -> None:
        job = self.ended(self.undo(imported(EVERY_GROUP)))
        event = self.assert_event("undo")
        self.assertEqual(event.object_id, job.flow_file_id)
        self.assertEqual(event.details["job"], job.pk)

    def test_event_of_a_user_who_was_deleted_names_nobody_else(self) -> None:
        job = self.undo(imported(EVERY_GROUP))
        self.alice.delete()
        self.ended(job)
        event = AuditEvent.objects.get(action="undo")
        self.assertEqual((event.username, event.user_id), ("", None))

    def test_second_request_has_the_job_of_the_first(self) -> None:
        file = imported(EVERY_GROUP)
        self.assertEqual(self.undo(file), self.undo(file))
        self.assertEqual(len(waiting_tasks()), 1)

    def test_second_delivery_finds_nothing_to_do(self) -> None:
        job = self.undo(imported(EVERY_GROUP))
        run_job.call(job.pk, 1)
        run_job.call(job.pk, 1)
        self.assertEqual(self.ended(job).outcome, "undone")
        self.assert_event("undo")

    def test_job_of_a_file_undone_meanwhile_fails_in_words(self) -> None:
        file = imported(EVERY_GROUP)
        job = self.undo(file)
        importer.undo_import(flow_file=file, now=timezone.now())
        job = self.ended(job)
        self.assertEqual(
            (job.state, job.message),
            ("failed", "sample.uff is not imported. There is nothing to undo."),
        )
        self.assertEqual(job.flow_file, file)

    def test_job_of_a_file_that_is_no_longer_stored_fails_in_words(self) -> None:
        job = self.undo(imported(EVERY_GROUP))
        ImportJob.objects.update(flow_file=None)
        job = self.ended(job)
        self.assertEqual(job.message, "The flow file is no longer stored.")
        self.assertFalse(jobs.can_retry(job))

    def test_undo_is_cancelled_while_it_runs(self) -> None:
        job = self.undo(imported(EVERY_GROUP))
        resolve = undo.resolve_versions

        def cancel_and_resolve(cursor: Any) -> int:
            ImportJob.objects.filter(pk=job.pk).update(is_cancel_requested=True)
            return resolve(cursor)

        with patch.object(undo, "resolve_versions", cancel_and_resolve):
            run_tasks()
        # The patch took part in the transaction that was rolled back.
        job.refresh_from_db()
        self.assertEqual(
            (job.state, job.message), ("cancelled", "Cancelled. Nothing was changed.")
        )
        self.assertEqual(Reading.objects.count(), 3)

    def test_stopped_worker_gives_its_undo_back(self) -> None:
        job = self.undo(imported(EVERY_GROUP))
        stopping.stop_requested.set()
        self.addCleanup(stopping.stop_requested.clear)
        run_job.call(job.pk, 1)
        job.refresh_from_db()
        self.assertEqual((job.state, job.attempt), ("queued", 1))
        self.assertEqual(Reading.objects.count(), 3)

    def test_undo_of_a_dead_worker_is_attempted_again(self) -> None:
        job = self.undo(imported(EVERY_GROUP))
        long_ago = timezone.now() - timedelta(hours=1)
        waiting = ImportJob.objects.filter(pk=job.pk)
        waiting.update(state="running", heartbeat_at=long_ago)
        jobs.sweep(now=timezone.now())
        job = self.ended(job)
        self.assertEqual((job.attempt, job.outcome), (2, "undone"))

    def test_failed_undo_is_tried_again_once(self) -> None:
        job = self.undo(imported(EVERY_GROUP))
        with patch.object(undo, "resolve_versions", side_effect=ZeroDivisionError):
            job = self.ended(job)
        self.assertEqual(
            job.message,
            "Interrupted by ZeroDivisionError. Nothing was changed. Try again.",
        )
        new = jobs.retry(job=job, requested_by=self.alice)
        self.assertEqual(self.ended(new).outcome, "undone")
        with self.assertRaises(jobs.CannotRetry):
            jobs.retry(job=job, requested_by=self.alice)
        job.refresh_from_db()
        self.assertFalse(jobs.can_retry(job))

    def test_job_that_a_user_has_tried_again_is_not_attempted_again(self) -> None:
        job = self.undo(imported(EVERY_GROUP))
        jobs.cancel(job=job)
        job.refresh_from_db()
        jobs.retry(job=job, requested_by=None)
        ImportJob.objects.filter(pk=job.pk).update(state="failed")
        queue.attempt_again(job=job, reason="Its worker ended.")
        job.refresh_from_db()
        self.assertEqual(job.state, "failed")


class ReprocessTests(KindTestCase):
    def undone(self) -> FlowFile:
        file = imported(EVERY_GROUP)
        importer.undo_import(flow_file=file, now=timezone.now())
        return file

    def test_file_is_imported_again(self) -> None:
        file = self.undone()
        job = self.ended(self.reprocess(file))
        self.assertEqual((job.kind, job.outcome), ("reprocess", "imported"))
        self.assertEqual((job.flow_file, job.requested_by), (file, self.alice))
        self.assertEqual(Reading.objects.count(), 3)
        self.assert_event("reprocess")

    def test_policy_of_the_request_applies(self) -> None:
        rejected = import_text(BAD).flow_file
        assert rejected
        job = self.ended(self.reprocess(rejected, Policy.PARTIAL))
        self.assertEqual((job.outcome, job.policy), ("imported", "partial"))

    def test_request_with_another_policy_has_a_job_of_its_own(self) -> None:
        file = self.undone()
        first = self.reprocess(file)
        self.assertEqual(self.reprocess(file), first)
        self.assertNotEqual(self.reprocess(file, Policy.STRICT), first)

    def test_job_whose_original_is_missing_fails_in_words(self) -> None:
        file = self.undone()
        default_storage.delete(str(file.content.name))
        job = self.ended(self.reprocess(file))
        self.assertEqual(
            (job.state, job.message),
            (
                "failed",
                "The original of sample.uff is missing from the storage. Upload the "
                "file again.",
            ),
        )
        self.assertEqual(job.flow_file, file)


class ClearTests(KindTestCase):
    def test_everything_is_deleted_but_the_job(self) -> None:
        imported(EVERY_GROUP)
        job = self.ended(self.clear())
        self.assertEqual((job.state, job.outcome), ("finished", "cleared"))
        self.assertEqual(job.counts["readings"], 3)
        self.assertEqual(str(job), "Database: cleared")
        self.assertEqual(list(ImportJob.objects.all()), [job])
        self.assertFalse(FlowFile.objects.exists())

    def test_event_has_who_asked_and_what_was_deleted(self) -> None:
        imported(EVERY_GROUP)
        job = self.ended(self.clear())
        event = self.assert_event("clear")
        self.assertEqual(event.object_label, "Database")
        self.assertEqual((event.details["job"], event.details["readings"]), (job.pk, 3))

    def test_clearing_during_an_import_fails_in_words(self) -> None:
        imported(EVERY_GROUP)
        ImportJob.objects.update(state="running", heartbeat_at=timezone.now())
        job = self.ended(self.clear())
        self.assertEqual(
            (job.state, job.message),
            (
                "failed",
                "Nothing was deleted. A file is being imported. Try again when it has "
                "finished.",
            ),
        )
        ImportJob.objects.exclude(pk=job.pk).update(state="finished")
        new = jobs.retry(job=job, requested_by=self.alice)
        self.assertEqual(self.ended(new).outcome, "cleared")

    def test_jobs_that_wait_are_deleted_with_the_rest(self) -> None:
        file = imported(EVERY_GROUP)
        job = self.clear()
        self.undo(file)
        enqueue(BAD)
        self.assertEqual(self.ended(job).counts["import_jobs"], 3)
        self.assertEqual(list(ImportJob.objects.all()), [job])


class NotificationTests(KindTestCase):
    def test_failed_clearing_is_reported_until_it_is_tried_again(self) -> None:
        email_rule(Event.JOB_FAILED)
        job = self.clear()
        queue.fail(ImportJob.objects.all(), job=job, message="No space.")
        data = Notification.objects.get().data
        self.assertEqual(data, {"filename": "Database", "reason": "No space."})
        self.assertEqual(list(open_failed_jobs()), [job])
        jobs.retry(job=job, requested_by=self.alice)
        self.assertEqual(list(open_failed_jobs()), [])


class AuditTests(KindTestCase):
    def test_cancelling_is_recorded_with_its_user(self) -> None:
        job = self.undo(imported(EVERY_GROUP))
        with self.asking():
            jobs.cancel(job=job)
        event = self.assert_event("cancel-job")
        self.assertEqual((event.object_type, event.object_id), ("importjob", job.pk))
        self.assertEqual(
            (event.object_label, event.details), ("sample.uff", {"kind": "undo"})
        )

    def test_trying_again_is_recorded_with_its_user_and_both_jobs(self) -> None:
        job = self.clear()
        jobs.cancel(job=job)
        job.refresh_from_db()
        with self.asking():
            new = jobs.retry(job=job, requested_by=self.alice)
        event = self.assert_event("retry-job")
        self.assertEqual((event.object_id, event.object_label), (new.pk, "Database"))
        self.assertEqual(event.details, {"kind": "clear", "retried_job": job.pk})

    def test_nothing_is_recorded_if_the_job_is_over(self) -> None:
        job = self.ended(self.undo(imported(EVERY_GROUP)))
        with self.assertRaises(jobs.CannotCancel):
            jobs.cancel(job=job)
        self.assertFalse(AuditEvent.objects.filter(action="cancel-job").exists())

    def test_import_by_a_worker_has_the_request_that_sent_the_file(self) -> None:
        with self.asking():
            job = enqueue(requested_by=self.alice)
        ImportJob.objects.update(channel="api")
        self.ended(job)
        self.assert_event("import")
