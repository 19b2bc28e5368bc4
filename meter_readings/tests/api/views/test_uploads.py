"""Uploads: results, duplicates, rejections and failures."""

from __future__ import annotations

import errno
from unittest.mock import patch

from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from meter_readings import importer
from meter_readings.accounts import api_tokens
from meter_readings.models import FlowFile, ImportJob, Reading
from meter_readings.tests.api.base import MPAN, PROBLEM, later_file, user_with
from meter_readings.tests.api.upload_helpers import (
    BAD,
    FILES,
    GOOD,
    OTHER,
    READING,
    UPLOAD,
    UploadTestCase,
    gzipped,
)
from meter_readings.tests.support.disk_full import disk_full_error
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP
from meter_readings.tests.support.import_helpers import import_text


class UploadTests(UploadTestCase):
    def test_an_upload_is_201_with_the_location_of_the_flow_file(self) -> None:
        response = self.send(GOOD)
        report = self.report(response, 201)
        number = FlowFile.objects.get().pk
        self.assertEqual(response["Location"], f"http://testserver{FILES}{number}/")
        self.assertEqual(report["flow_file"], self.json(f"flow-files/{number}/"))

    def test_the_response_counts_the_rows_added(self) -> None:
        report = self.report(self.send(GOOD), 201)
        self.assertEqual((report["outcome"], report["duplicate"]), ("imported", False))
        self.assertEqual(report["readings_loaded"], Reading.objects.count())
        self.assertEqual(
            report["loaded"],
            {
                "meter_points": 1,
                "meters": 1,
                "site_visits": 0,
                "readings": 1,
                "current": 1,
                "duplicate": 0,
                "superseded": 0,
                "withdrawn": 0,
                "superseding": 0,
            },
        )

    def test_the_response_has_rules_and_findings(self) -> None:
        text = GOOD.replace("99.0", "99.25")
        report = self.report(self.send(text), 201)
        (rule,), (finding,) = report["rules"], report["findings"]
        self.assertEqual((rule["code"], rule["count"]), ("extra-decimals", 1))
        self.assertEqual(finding["line_number"], 4)
        self.assertEqual(finding["found"], "99.25")

    def test_the_response_has_a_hundred_findings_at_most(self) -> None:
        lines = [
            f"030|S|20240401{n // 60:02}{n % 60:02}00|9|||T|N|" for n in range(150)
        ]
        report = self.report(self.send(GOOD.replace(READING, "\n".join(lines))), 201)
        self.assertEqual(len(report["findings"]), 100)
        all_of_them = report["flow_file"]["links"]["findings"]
        found = self.client.get(all_of_them, {"page_size": 1000}).json()["results"]
        self.assertGreater(len(found), 150)

    def test_the_import_job_has_the_channel_and_the_user(self) -> None:
        self.send(GOOD)
        job = ImportJob.objects.get()
        self.assertEqual((job.channel, job.requested_by), ("api", self.superuser))

    def test_the_response_must_not_be_cached(self) -> None:
        self.assertEqual(self.send(GOOD)["Cache-Control"], "no-store")

    def test_the_former_url_imports_too(self) -> None:
        self.report(self.send(GOOD, url=UPLOAD), 201)

    def test_an_upload_without_the_final_slash_is_no_get(self) -> None:
        for debug in [True, False]:
            with self.subTest(debug=debug), self.settings(DEBUG=debug):
                text = GOOD.replace("TEST000001", f"TEST00000{1 + debug}")
                response = self.send(text, f"{debug}.uff", url=FILES.rstrip("/"))
                self.report(response, 201)

    def test_imports_a_file_with_every_group(self) -> None:
        report = self.report(self.send(EVERY_GROUP), 201)
        self.assertEqual(report["readings_loaded"], 3)


class DryRunTests(UploadTestCase):
    def test_a_dry_run_reports_the_result_and_stores_nothing(self) -> None:
        report = self.report(self.send(GOOD, dry_run="true"), 200)
        self.assertEqual(report["outcome"], "checked")
        self.assertEqual((report["loaded"], report["flow_file"]), (None, None))
        self.assertIs(FlowFile.objects.exists() or ImportJob.objects.exists(), False)

    def test_a_dry_run_reports_why_a_file_would_be_rejected(self) -> None:
        report = self.report(self.send(BAD, dry_run="true"), 200)
        self.assertEqual((report["outcome"], report["error_count"]), ("rejected", 2))
        self.assertEqual([each["line_number"] for each in report["findings"]], [4, 5])
        self.assertIs(FlowFile.objects.exists(), False)

    def test_a_dry_run_reports_a_duplicate_filename(self) -> None:
        self.send(GOOD)
        report = self.report(self.send(OTHER, dry_run="true"), 200)
        self.assertEqual(report["outcome"], "refused")

    def test_a_dry_run_reports_a_duplicate(self) -> None:
        self.send(GOOD)
        self.assertIs(
            self.report(self.send(GOOD, dry_run="true"), 200)["duplicate"], True
        )


class DuplicateTests(UploadTestCase):
    def test_the_same_bytes_are_200_with_the_first_flow_file(self) -> None:
        first = self.report(self.send(GOOD), 201)["flow_file"]
        again = self.report(self.send(GOOD, "b.uff"), 200)
        self.assertEqual(again["outcome"], "already-imported")
        self.assertIs(again["duplicate"], True)
        self.assertEqual(again["flow_file"], first)
        self.assertEqual(FlowFile.objects.count(), 1)

    def test_the_same_bytes_compressed_are_a_duplicate(self) -> None:
        self.send(GOOD)
        self.assertIs(
            self.report(self.send(gzipped(GOOD), "c.gz"), 200)["duplicate"], True
        )

    def test_other_content_under_a_filename_is_409(self) -> None:
        self.send(GOOD)
        response = self.send(OTHER)
        self.assertEqual(response["Content-Type"], PROBLEM)
        self.assertEqual(
            self.errors(response, 409), [("filename", "duplicate-filename")]
        )
        self.assertEqual(FlowFile.objects.count(), 1)

    def test_allow_same_name_imports_other_content_under_a_filename(self) -> None:
        self.send(GOOD)
        self.report(self.send(OTHER, allow_same_name="true"), 201)


class RejectedTests(UploadTestCase):
    def test_a_rejected_file_is_422_with_errors_by_line(self) -> None:
        response = self.send(BAD)
        self.assertEqual(response["Content-Type"], PROBLEM)
        problem = self.report(response, 422)
        self.assertEqual(
            [
                (each["line_number"], each["group"], each["code"])
                for each in problem["errors"]
            ],
            [(4, "030", "negative"), (5, "030", "invalid-number")],
        )
        self.assertEqual(
            problem["errors"][0],
            {
                "line_number": 4,
                "group": "030",
                "field": "Register Reading (J0040)",
                "code": "negative",
                "message": "The value is negative.",
                "expected": "zero or more",
            },
        )
        self.assertEqual(problem["report"]["error_count"], 2)
        self.assertIn("2 errors in 6 lines", problem["detail"])

    def test_a_rejected_file_is_stored_with_its_report(self) -> None:
        links = self.report(self.send(BAD), 422)["report"]["links"]
        self.assertEqual(
            self.client.get(links["flow_file"]).json()["status"], "rejected"
        )
        found = self.client.get(links["findings"]).json()["results"]
        self.assertEqual([each["found"] for each in found], ["-1.0", "x"])

    def test_the_response_has_a_hundred_errors_at_most(self) -> None:
        lines = "\n".join([READING.replace("99.0", "x")] * 150)
        problem = self.report(self.send(GOOD.replace(READING, lines)), 422)
        self.assertEqual(len(problem["errors"]), 100)
        self.assertEqual(problem["report"]["error_count"], 150)

    def test_warnings_are_not_errors(self) -> None:
        text = BAD.replace("OPER", "TR01")
        problem = self.report(self.send(text), 422)
        self.assertEqual(len(problem["errors"]), 2)
        self.assertEqual(problem["report"]["warning_count"], 1)

    def test_errors_do_not_contain_the_values_found(self) -> None:
        for text in [
            BAD,
            GOOD.replace(MPAN, f"{MPAN}7"),
            f"{MPAN}\n",
        ]:
            with self.subTest(text[:60]):
                response = self.send(text, f"{MPAN}.uff")
                self.report(response, 422)
                self.assertNotIn(MPAN, response.content.decode())

    def test_a_lenient_policy_leaves_out_bad_groups(self) -> None:
        report = self.report(self.send(BAD, policy="partial"), 201)
        self.assertEqual(
            (report["readings_loaded"], report["readings_rejected"]), (0, 2)
        )

    def test_the_strict_policy_rejects_more(self) -> None:
        text = GOOD[: GOOD.index("ZPT")]
        self.assertEqual(
            self.errors(self.send(text, policy="strict"), 422)[0][1], "no-trailer"
        )
        self.report(self.send(text), 201)

    def test_an_empty_file_is_422(self) -> None:
        self.assertEqual(self.errors(self.send(b""), 422), [("", "empty-file")])


class UploadPermissionTests(UploadTestCase):
    def test_the_permission_to_import_is_sufficient(self) -> None:
        self.client.force_login(user_with("import_flowfile"))
        self.report(self.send(GOOD), 201)

    def test_permissions_to_view_do_not_allow_an_upload(self) -> None:
        self.client.force_login(user_with("view_flowfile", "view_finding"))
        for url in [FILES, UPLOAD]:
            self.report(self.send(GOOD, url=url), 403)
        self.assertIs(FlowFile.objects.exists(), False)

    def test_the_permission_to_import_does_not_allow_listing(self) -> None:
        self.client.force_login(user_with("import_flowfile"))
        self.get("flow-files/", 403)

    def test_an_anonymous_upload_is_401(self) -> None:
        self.client.logout()
        response = self.send(GOOD)
        self.report(response, 401)
        self.assertIn("WWW-Authenticate", response)

    def test_a_session_needs_the_csrf_token_in_the_header(self) -> None:
        self.client = Client(enforce_csrf_checks=True)
        self.client.force_login(self.superuser)
        self.client.get("/admin/upload/")
        token = self.client.cookies["csrftoken"].value
        self.report(self.send(GOOD), 403)
        self.report(self.send(GOOD, csrfmiddlewaretoken=token), 403)
        self.assertIs(FlowFile.objects.exists(), False)
        self.report(self.send(GOOD, headers={"X-CSRFToken": token}), 201)


class BusyTests(UploadTestCase):
    def test_a_long_load_of_another_file_is_503_with_retry_after(self) -> None:
        busy = importer.ImportLockTimeout("Another file is being loaded.")
        with patch("meter_readings.importer.runner.import_flow_file", side_effect=busy):
            response = self.send(GOOD)
        problem = self.report(response, 503)
        self.assertIn("send it again", problem["detail"])
        self.assertEqual(response["Retry-After"], "30")

    def test_an_unavailable_database_during_an_import_is_503(self) -> None:
        away = OperationalError("could not connect to 10.0.0.1")
        with patch("meter_readings.importer.runner.import_flow_file", side_effect=away):
            response = self.send(GOOD)
        self.report(response, 503)
        self.assertEqual(response["Retry-After"], "30")
        self.assertNotIn(b"10.0.0.1", response.content)


class FullStorageTests(UploadTestCase):
    def expect_full(self, response: HttpResponse) -> None:
        self.assertIn("storage is full", self.report(response, 507)["detail"])
        self.assertIs(FlowFile.objects.exists(), False)

    def test_a_full_disk_during_an_import_is_507(self) -> None:
        with patch("os.fsync", side_effect=disk_full_error()):
            self.expect_full(self.send(GOOD))

    def test_a_full_disk_while_reading_the_form_is_507(self) -> None:
        write = "django.core.files.uploadedfile.TemporaryUploadedFile.write"
        with self.settings(FILE_UPLOAD_MAX_MEMORY_SIZE=10):
            with patch(write, create=True, side_effect=disk_full_error()):
                self.expect_full(self.send(GOOD))


class ReadOnlyStorageTests(UploadTestCase):
    def test_a_folder_that_cannot_be_written_is_503(self) -> None:
        read_only = OSError(errno.EROFS, "Read-only file system")
        create = "meter_readings.importer.files.spooling.create_for_owner"
        with patch(create, side_effect=read_only):
            response = self.send(GOOD)
        detail = self.report(response, 503)["detail"]
        self.assertIn("The folder of received files cannot be written.", detail)
        self.assertEqual(response["Retry-After"], "30")


class UploadQueryCountTests(UploadTestCase):
    def test_an_upload_takes_two_queries_more_than_the_import(self) -> None:
        self.send(GOOD)
        lines = ["026|2000000000015|V|", "028|TST0000001|R|", READING]
        bad = BAD.replace("TEST000001", "TEST000009")
        for kind, one, another in [
            ("new", later_file(lines, 3), later_file(lines, 4)),
            ("duplicate", GOOD, GOOD),
            ("rejected", BAD, bad),
        ]:
            with CaptureQueriesContext(connection) as of_import:
                import_text(one, f"{kind}_one.uff", now=timezone.now())
            with self.subTest(kind), self.assertNumQueries(len(of_import) + 2):
                self.send(another, f"{kind}_another.uff")


class ImportOnlyTests(UploadTestCase):
    """A client that may import and not read learns nothing of others' files."""

    def setUp(self) -> None:
        super().setUp()
        self.report(self.send(GOOD, "secret.uff"), 201)
        self.client.force_login(user_with("import_flowfile"))

    def test_sees_its_own_new_file(self) -> None:
        report = self.report(self.send(OTHER, "own.uff"), 201)
        self.assertEqual(report["flow_file"]["filename"], "own.uff")

    def test_does_not_see_the_first_file_of_the_same_bytes(self) -> None:
        report = self.report(self.send(GOOD, "own.uff"), 200)
        self.assertEqual(
            (report["duplicate"], report["flow_file"], report["filename"]),
            (True, None, "own.uff"),
        )
        self.assertNotIn("secret.uff", str(report))

    def test_does_not_see_the_file_with_the_same_message(self) -> None:
        for dry_run in ["true", "false"]:
            text = GOOD.replace("99.0", "98.0")
            report = self.send(text, "own.uff", dry_run=dry_run).json()
            self.assertIn("duplicate-message", str(report))
            self.assertNotIn("secret.uff", str(report))

    def test_a_token_without_the_scope_to_read_sees_as_little(self) -> None:
        for scope, is_seen in [("import", False), ("read import", True)]:
            _, secret = api_tokens.create_token(
                user=self.superuser, name=scope, scope=scope, days=1, now=timezone.now()
            )
            self.client = Client(headers={"Authorization": f"Bearer {secret}"})
            report = self.report(self.send(GOOD, "own.uff"), 200)
            with self.subTest(scope):
                self.assertEqual("secret.uff" in str(report), is_seen)
