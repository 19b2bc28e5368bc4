"""Import jobs in the API: followed, cancelled and tried again."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from django.contrib.auth.models import Permission, User
from django.http import HttpResponse
from django.utils import timezone

from meter_readings import jobs
from meter_readings.accounts import api_tokens
from meter_readings.jobs import uploads as job_uploads
from meter_readings.models import ApiToken, AuditEvent, FlowFile, ImportJob
from meter_readings.tests.api.base import V1, user_with
from meter_readings.tests.api.upload_helpers import FILES, GOOD, OTHER, UploadTestCase
from meter_readings.tests.jobs.job_helpers import QueueTestCase, enqueue, run_tasks
from meter_readings.tests.support.import_helpers import imported

JOBS = V1 + "imports/"


class JobTestCase(QueueTestCase, UploadTestCase):
    def act(self, job: ImportJob, action: str, **options: Any) -> HttpResponse:
        """Return the response to a POST without a body."""
        return self.client.generic("POST", f"{JOBS}{job.pk}/{action}/", **options)


class CancelTests(JobTestCase):
    def test_a_waiting_job_is_cancelled(self) -> None:
        job = enqueue()
        report = self.report(self.act(job, "cancel"), 200)
        self.assertEqual((report["id"], report["state"]), (job.pk, "cancelled"))
        event = AuditEvent.objects.get(action="cancel-job")
        self.assertEqual((event.channel, event.object_id), ("api", job.pk))
        self.assertEqual(event.user_id, self.superuser.pk)

    def test_a_running_job_is_cancelled_when_its_worker_notices(self) -> None:
        job = enqueue()
        ImportJob.objects.update(state="running")
        report = self.report(self.act(job, "cancel"), 200)
        self.assertEqual(report["state"], "running")
        job.refresh_from_db()
        self.assertIs(job.is_cancel_requested, True)

    def test_a_job_that_is_over_is_409(self) -> None:
        job = enqueue()
        run_tasks()
        self.report(self.act(job, "cancel"), 409)

    def test_a_body_is_415(self) -> None:
        job = enqueue()
        response = self.act(job, "cancel", data="x", content_type="text/plain")
        self.report(response, 415)


class RetryTests(JobTestCase):
    def test_a_cancelled_job_is_tried_again_by_a_new_job(self) -> None:
        job = enqueue()
        jobs.cancel(job=job)
        response = self.act(job, "retry")
        report = self.report(response, 202)
        self.assertNotEqual(report["id"], job.pk)
        self.assertEqual(response["Location"], report["links"]["self"])
        self.assertEqual(report["requested_by"], self.superuser.username)

    def test_a_job_that_did_not_fail_is_409(self) -> None:
        self.report(self.act(enqueue(), "retry"), 409)


class PermissionTests(JobTestCase):
    def test_an_action_requires_the_permission_for_what_the_job_does(self) -> None:
        file = imported(GOOD)
        for permission, status in (
            ("import_flowfile", 403),
            ("clear_database", 403),
            ("undo_flowfile", 200),
        ):
            with self.subTest(permission):
                job = jobs.enqueue_undo(
                    flow_file=file,
                    channel=ImportJob.Channel.API,
                    requested_by=self.superuser,
                )
                user = user_with("view_importjob", permission, name=permission)
                self.client.force_login(user)
                self.report(self.act(job, "cancel"), status)


class ImportOnlyTokenTests(JobTestCase):
    """A program may send files and look at nothing else."""

    def setUp(self) -> None:
        super().setUp()
        self.client.logout()
        self.program = user_with("import_flowfile", name="program")
        _, secret = api_tokens.create_token(
            user=self.program,
            name="sync",
            scope=ApiToken.Scope.IMPORT,
            days=1,
            now=timezone.now(),
        )
        self.headers = {"Authorization": f"Bearer {secret}"}

    def sent(self, data: str = GOOD) -> dict[str, Any]:
        """Return the job of a file that the program sent."""
        with patch.object(job_uploads, "MAX_INLINE_BYTES", 0):
            response = self.send(data, url=FILES, headers=self.headers)
        return self.report(response, 202)

    def look(self, path: str) -> HttpResponse:
        return self.client.get(path, headers=self.headers)

    def test_its_own_job_is_followed(self) -> None:
        job = self.sent()
        run_tasks()
        job = self.report(self.look(job["links"]["self"]), 200)
        self.assertEqual(job["outcome"], "imported")
        self.assertEqual(job["flow_file_id"], FlowFile.objects.get().pk)

    def test_jobs_are_cancelled_by_a_user_who_may_view_them(self) -> None:
        job = ImportJob.objects.get(pk=self.sent()["id"])
        self.report(self.act(job, "cancel", headers=self.headers), 403)
        permission = Permission.objects.get(codename="view_importjob")
        self.program.user_permissions.add(permission)
        report = self.report(self.act(job, "cancel", headers=self.headers), 200)
        self.assertEqual(report["state"], "cancelled")

    def test_the_worker_records_the_token(self) -> None:
        self.sent()
        run_tasks()
        event = AuditEvent.objects.get(action="import")
        self.assertEqual(event.username, "program")
        self.assertRegex(event.token, r"^sync \(.+\)$")
        self.assertEqual(event.request_id, ImportJob.objects.get().request_id)

    def test_jobs_of_others_are_404(self) -> None:
        job = enqueue(OTHER, requested_by=User.objects.create(username="other"))
        self.report(self.look(f"{JOBS}{job.pk}/"), 404)

    def test_the_list_of_jobs_is_403(self) -> None:
        self.report(self.look(JOBS), 403)

    def test_a_file_that_others_imported_is_not_named(self) -> None:
        job = self.sent()
        imported(GOOD, "earlier.uff")
        run_tasks()
        job = self.report(self.look(job["links"]["self"]), 200)
        self.assertEqual(job["outcome"], "already-imported")
        self.assertEqual((job["flow_file_id"], job["links"]["flow_file"]), (None, None))

    def test_a_program_with_the_scope_read_needs_the_permission_to_view_jobs(
        self,
    ) -> None:
        job = self.sent()
        _, secret = api_tokens.create_token(
            user=self.program,
            name="reader",
            scope=ApiToken.Scope.READ,
            days=1,
            now=timezone.now(),
        )
        self.headers = {"Authorization": f"Bearer {secret}"}
        self.report(self.look(job["links"]["self"]), 403)
