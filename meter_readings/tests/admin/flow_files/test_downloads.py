"""Tests of the downloads of a flow file."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from unittest.mock import patch

from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponse
from django.test import TransactionTestCase
from django.test.utils import CaptureQueriesContext

from meter_readings.exports import streaming
from meter_readings.models import FlowFile
from meter_readings.tests.admin.testcases import (
    AdminTestCase,
    file_with_much,
    header_of,
)
from meter_readings.tests.support.flow_file_builder import (
    EVERY_GROUP,
    flow_file_of_readings,
)
from meter_readings.tests.support.import_helpers import import_text, imported
from meter_readings.tests.support.other_connection import undo_in_other_connection
from meter_readings.tests.support.users import (
    user_with_permissions,
    user_with_view_permissions,
)

BAD = "030|S|20240402000000|-1.0|||T|N|"


class DownloadTestCase(AdminTestCase):
    def get(self, file: FlowFile, part: str) -> HttpResponse:
        return self.client.get(f"/admin/meter_readings/flowfile/{file.pk}/{part}")

    def text(self, file: FlowFile, part: str) -> str:
        return self.get(file, part).getvalue().decode("cp1252")


class OriginalTests(DownloadTestCase):
    def test_original_has_the_bytes_received(self) -> None:
        data = b"\xef\xbb\xbf" + EVERY_GROUP.encode() + b"\r\n\0\x81 no end"
        file = import_text(data).flow_file
        self.assertEqual(self.get(file, "original/").getvalue(), data)

    def test_original_is_an_attachment_of_no_displayable_type(self) -> None:
        file = import_text("<script>alert(1)</script>", "page.html").flow_file
        response = self.get(file, "original/")
        self.assertEqual(response["Content-Type"], "application/octet-stream")
        self.assertEqual(response["X-Content-Type-Options"], "nosniff")
        self.assertEqual(
            response["Content-Disposition"], 'attachment; filename="page.html"'
        )
        self.assertEqual(response["Content-Length"], str(file.size))
        response.getvalue()

    def test_original_has_a_safe_file_name(self) -> None:
        names = {
            "../../etc/passwd": 'attachment; filename="_.._etc_passwd"',
            'a"b\\c:d.uff': 'attachment; filename="a_b_c_d.uff"',
            ".": 'attachment; filename="file-{}"',
            "café.uff": "attachment; filename*=utf-8''caf%C3%A9.uff",
        }
        file = imported(EVERY_GROUP)
        for name, expected in names.items():
            with self.subTest(name):
                FlowFile.objects.update(filename=name)
                response = self.get(file, "original/")
                given = response["Content-Disposition"]
                self.assertEqual(given, expected.format(file.pk))
                response.getvalue()

    def test_missing_original_is_reported(self) -> None:
        self.silence_request_log()
        file = imported(flow_file_of_readings(header=header_of(6)))
        Path(file.content.path).unlink()
        page = self.get(file, "original/")
        self.assertContains(page, "is missing from the storage", status_code=404)

    def test_downloads_are_forbidden_without_permission_to_export(self) -> None:
        self.silence_request_log()
        file = imported(EVERY_GROUP)
        self.client.force_login(user_with_view_permissions("flowfile", "reading"))
        for part in ("original/", "readings.csv", "readings.uff"):
            with self.subTest(part):
                self.assertEqual(self.get(file, part).status_code, 403)

    def test_original_is_downloaded_with_permission_to_export(self) -> None:
        file = imported(EVERY_GROUP)
        self.client.force_login(
            user_with_permissions("view_flowfile", "export_reading")
        )
        self.assertEqual(self.text(file, "original/"), EVERY_GROUP)

    def test_post_is_not_allowed(self) -> None:
        self.silence_request_log()
        file = imported(EVERY_GROUP)
        address = f"/admin/meter_readings/flowfile/{file.pk}/original/"
        self.assertEqual(self.client.post(address).status_code, 405)

    def test_signed_out_user_is_redirected_to_sign_in(self) -> None:
        file = imported(EVERY_GROUP)
        self.client.logout()
        response = self.get(file, "original/")
        self.assertEqual(response.status_code, 302)
        self.assertIn("/admin/login/", response["Location"])


class ReadingsTests(DownloadTestCase):
    def test_d0010_download_equals_the_file_received(self) -> None:
        file = imported(EVERY_GROUP)
        self.assertEqual(self.text(file, "readings.uff"), EVERY_GROUP)

    def test_csv_download_has_all_versions_in_the_order_of_the_file(self) -> None:
        good = "030|S|20240401000000|99.0|||T|N|"
        text = flow_file_of_readings(good, good.replace("99", "98"))
        rows = self.text(imported(text), "readings.csv")
        values = [
            (row["value"], row["version_status"])
            for row in csv.DictReader(io.StringIO(rows))
        ]
        self.assertEqual(values, [("99.0", "superseded"), ("98.0", "current")])

    def test_downloads_of_readings_are_named_after_the_file(self) -> None:
        file = imported(EVERY_GROUP, "march.uff")
        for part in ("readings.csv", "readings.uff"):
            with self.subTest(part):
                response = self.get(file, part)
                given = response["Content-Disposition"]
                self.assertEqual(given, f'attachment; filename="march-{part}"')

    def test_rejected_file_has_no_readings_to_download(self) -> None:
        file = import_text(flow_file_of_readings(BAD)).flow_file
        for part in ("readings.csv", "readings.uff"):
            with self.subTest(part):
                page = self.get(file, part)
                self.assertContains(
                    page, "The status of the file is rejected, so it has no"
                )

    def test_download_takes_as_many_queries_for_many_readings_as_for_one(self) -> None:
        few, many = imported(file_with_much(1)), imported(file_with_much(30, 1), "2")
        for part in ("readings.csv", "readings.uff"):
            with self.subTest(part):
                address = "/admin/meter_readings/flowfile/{}/" + part
                counts = [self.queries_of(address.format(f.pk)) for f in (few, many)]
                self.assertEqual(counts[0], counts[1])

    def queries_of(self, address: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            self.client.get(address).getvalue()
        return len(queries)


class SnapshotTests(TransactionTestCase):
    def test_download_is_complete_though_the_file_is_undone_meanwhile(self) -> None:
        file = imported(EVERY_GROUP)
        self.client.force_login(User.objects.create_superuser("alice"))
        self.enterContext(patch.object(streaming, "_LINES_PER_CHUNK", 1))
        sent = self.client.get(
            f"/admin/meter_readings/flowfile/{file.pk}/readings.uff"
        ).streaming_content
        begun = next(sent)
        undo_in_other_connection(file)
        self.assertEqual((begun + b"".join(sent)).decode(), EVERY_GROUP)


class ReportTests(DownloadTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        text = flow_file_of_readings(BAD, BAD.replace("-1.0", "-2.0"))
        cls.file = import_text(text, "bad.uff").flow_file

    def test_csv_report_has_a_row_per_finding(self) -> None:
        rows = [*csv.DictReader(io.StringIO(self.text(self.file, "report.csv")))]
        self.assertEqual([row["line_number"] for row in rows], ["4", "5"])
        self.assertEqual(rows[0]["message"], "The value is negative.")

    def test_csv_report_escapes_formulas(self) -> None:
        self.assertIn(",'-1.0,", self.text(self.file, "report.csv"))

    def test_json_report_is_a_list_of_findings(self) -> None:
        items = json.loads(self.text(self.file, "report.json"))
        self.assertEqual([item["found"] for item in items], ["-1.0", "-2.0"])

    def test_report_has_the_name_of_the_file_and_a_content_type(self) -> None:
        for form, kind in (
            ("csv", "text/csv; charset=utf-8"),
            ("json", "application/json"),
        ):
            with self.subTest(form):
                response = self.get(self.file, f"report.{form}")
                name = f'attachment; filename="bad-report.{form}"'
                self.assertEqual(response["Content-Disposition"], name)
                self.assertEqual(response["Content-Type"], kind)

    def test_report_has_the_number_of_findings_that_are_not_stored(self) -> None:
        FlowFile.objects.update(finding_counts={"negative": 1_502})
        items = json.loads(self.text(self.file, "report.json"))
        self.assertEqual(items[-1]["found"], "1,500 more of these")

    def test_report_is_forbidden_without_permission_to_view_findings(self) -> None:
        self.silence_request_log()
        self.client.force_login(user_with_view_permissions("flowfile", "reading"))
        for form in ("csv", "json"):
            with self.subTest(form):
                self.assertEqual(self.get(self.file, f"report.{form}").status_code, 403)
