"""Bringing files in by the API: every way to send one, and what each is told."""

from __future__ import annotations

import io
import zipfile
from unittest.mock import patch

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from meter_readings import importer
from meter_readings.models import FlowFile, ImportJob, Reading
from meter_readings.tests.api.base import MPAN, PROBLEM, later_file, user_with
from meter_readings.tests.disk_full import disk_full_error
from meter_readings.tests.flow_file_builder import EVERY_GROUP
from meter_readings.tests.import_helpers import import_text

from .upload_helpers import (
    BAD,
    FILES,
    GOOD,
    OTHER,
    READING,
    UPLOAD,
    UploadTestCase,
    packed,
    squeezed,
)

BOMB = b"\0" * (70 << 20)


class ImportedTests(UploadTestCase):
    def test_imported_is_told_where_the_new_file_is(self) -> None:
        response = self.send(GOOD)
        report = self.report(response, 201)
        number = FlowFile.objects.get().pk
        self.assertEqual(response["Location"], f"http://testserver{FILES}{number}/")
        self.assertEqual(report["flow_file"], self.json(f"flow-files/{number}/"))

    def test_imported_is_told_what_was_loaded(self) -> None:
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

    def test_imported_is_told_what_was_found(self) -> None:
        text = GOOD.replace("99.0", "99.25")
        report = self.report(self.send(text), 201)
        (rule,), (finding,) = report["rules"], report["findings"]
        self.assertEqual((rule["code"], rule["count"]), ("extra-decimals", 1))
        self.assertEqual(finding["line_number"], 4)
        self.assertEqual(finding["found"], "99.25")

    def test_imported_is_told_no_more_findings_than_fit(self) -> None:
        lines = [
            f"030|S|20240401{n // 60:02}{n % 60:02}00|9|||T|N|" for n in range(150)
        ]
        report = self.report(self.send(GOOD.replace(READING, "\n".join(lines))), 201)
        self.assertEqual(len(report["findings"]), 100)
        all_of_them = report["flow_file"]["links"]["findings"]
        found = self.client.get(all_of_them, {"page_size": 1000}).json()["results"]
        self.assertGreater(len(found), 150)

    def test_who_and_by_which_door_is_put_down(self) -> None:
        self.send(GOOD)
        job = ImportJob.objects.get()
        self.assertEqual((job.channel, job.requested_by), ("api", self.superuser))

    def test_nobody_between_keeps_the_answer(self) -> None:
        self.assertEqual(self.send(GOOD)["Cache-Control"], "no-store")

    def test_the_old_address_does_the_same(self) -> None:
        self.report(self.send(GOOD, address=UPLOAD), 201)

    def test_every_group_comes_through(self) -> None:
        report = self.report(self.send(EVERY_GROUP), 201)
        self.assertEqual(report["readings_loaded"], 3)


class WayTests(UploadTestCase):
    """The same file, sent in all the ways there are."""

    def test_way_as_a_body_of_each_type(self) -> None:
        for content_type, data in [
            ("application/octet-stream", GOOD.encode()),
            ("text/plain", GOOD.encode()),
            ("text/plain; charset=utf-8", GOOD.encode()),
            ("application/gzip", squeezed(GOOD)),
            ("application/zip", packed(a=GOOD)),
        ]:
            with self.subTest(content_type):
                response = self.send_body(
                    data, "filename=a.uff&dry_run=true", content_type=content_type
                )
                report = self.report(response, 200)
                self.assertEqual(report["outcome"], "checked")

    def test_packed_in_a_form(self) -> None:
        for name, data in [("a.uff.gz", squeezed(GOOD)), ("a.zip", packed(a=GOOD))]:
            with self.subTest(name):
                report = self.report(self.send(data, name, dry_run="true"), 200)
                self.assertEqual(report["filename"], "a.uff")

    def test_named_by_the_header(self) -> None:
        for header, name in [
            ('attachment; filename="a.uff"', "a.uff"),
            ("attachment; filename=a.uff", "a.uff"),
            ("attachment; filename*=UTF-8''z%C3%A4hler.uff", "zähler.uff"),
        ]:
            with self.subTest(header):
                response = self.send_body(
                    GOOD, "dry_run=true", content_disposition=header
                )
                self.assertEqual(self.report(response, 200)["filename"], name)

    def test_the_parameter_names_it_where_the_header_does_too(self) -> None:
        response = self.send_body(
            GOOD, "filename=b.uff", content_disposition='attachment; filename="a.uff"'
        )
        self.assertEqual(self.report(response, 201)["filename"], "b.uff")

    def test_the_parameter_names_it_where_the_form_does_too(self) -> None:
        report = self.report(self.send(GOOD, "a.uff", filename="b.uff"), 201)
        self.assertEqual(report["filename"], "b.uff")

    def test_told_how_in_the_query_string_or_in_the_form(self) -> None:
        for address, fields in [
            (f"{FILES}?dry_run=true&policy=strict", {}),
            (FILES, {"dry_run": "true", "policy": "strict"}),
            (f"{FILES}?dry_run=true", {"policy": "strict"}),
        ]:
            with self.subTest(address):
                report = self.report(self.send(GOOD, address=address, **fields), 200)
                self.assertEqual(report["policy"], "strict")


class DryRunTests(UploadTestCase):
    def test_dry_run_says_what_would_come_and_keeps_nothing(self) -> None:
        report = self.report(self.send(GOOD, dry_run="true"), 200)
        self.assertEqual(report["outcome"], "checked")
        self.assertEqual((report["loaded"], report["flow_file"]), (None, None))
        self.assertIs(FlowFile.objects.exists() or ImportJob.objects.exists(), False)

    def test_dry_run_says_why_it_would_be_rejected(self) -> None:
        report = self.report(self.send(BAD, dry_run="true"), 200)
        self.assertEqual((report["outcome"], report["error_count"]), ("rejected", 2))
        self.assertEqual([each["line_number"] for each in report["findings"]], [4, 5])
        self.assertIs(FlowFile.objects.exists(), False)

    def test_dry_run_says_that_the_name_is_taken(self) -> None:
        self.send(GOOD)
        report = self.report(self.send(OTHER, dry_run="true"), 200)
        self.assertEqual(report["outcome"], "refused")

    def test_dry_run_says_that_it_is_held(self) -> None:
        self.send(GOOD)
        self.assertIs(
            self.report(self.send(GOOD, dry_run="true"), 200)["duplicate"], True
        )


class AgainTests(UploadTestCase):
    def test_the_same_bytes_are_answered_with_the_first_file(self) -> None:
        first = self.report(self.send(GOOD), 201)["flow_file"]
        again = self.report(self.send(GOOD, "b.uff"), 200)
        self.assertEqual(again["outcome"], "already-imported")
        self.assertIs(again["duplicate"], True)
        self.assertEqual(again["flow_file"], first)
        self.assertEqual(FlowFile.objects.count(), 1)

    def test_packed_they_are_the_same(self) -> None:
        self.send(GOOD)
        self.assertIs(
            self.report(self.send(squeezed(GOOD), "c.gz"), 200)["duplicate"], True
        )

    def test_other_content_under_a_name_is_a_conflict(self) -> None:
        self.send(GOOD)
        response = self.send(OTHER)
        self.assertEqual(response["Content-Type"], PROBLEM)
        self.assertEqual(
            self.complaints(response, 409), [("filename", "duplicate-filename")]
        )
        self.assertEqual(FlowFile.objects.count(), 1)

    def test_other_content_under_a_name_is_taken_if_that_is_meant(self) -> None:
        self.send(GOOD)
        self.report(self.send(OTHER, allow_same_name="true"), 201)


class RejectedTests(UploadTestCase):
    def test_rejected_is_told_each_error_with_its_line(self) -> None:
        response = self.send(BAD)
        self.assertEqual(response["Content-Type"], PROBLEM)
        problem = self.report(response, 422)
        self.assertEqual(
            [(each["line"], each["group"], each["code"]) for each in problem["errors"]],
            [(4, "030", "negative"), (5, "030", "invalid-number")],
        )
        self.assertEqual(
            problem["errors"][0],
            {
                "line": 4,
                "group": "030",
                "field": "Register Reading (J0040)",
                "code": "negative",
                "message": "The value is negative.",
                "expected": "zero or more",
            },
        )
        self.assertEqual(problem["report"]["error_count"], 2)
        self.assertIn("2 errors in 6 lines", problem["detail"])

    def test_the_file_is_kept_with_its_report(self) -> None:
        links = self.report(self.send(BAD), 422)["report"]["links"]
        self.assertEqual(
            self.client.get(links["flow_file"]).json()["status"], "rejected"
        )
        found = self.client.get(links["findings"]).json()["results"]
        self.assertEqual([each["found"] for each in found], ["-1.0", "x"])

    def test_no_more_errors_are_told_than_fit(self) -> None:
        lines = "\n".join([READING.replace("99.0", "x")] * 150)
        problem = self.report(self.send(GOOD.replace(READING, lines)), 422)
        self.assertEqual(len(problem["errors"]), 100)
        self.assertEqual(problem["report"]["error_count"], 150)

    def test_warnings_are_no_errors(self) -> None:
        text = BAD.replace("OPER", "TR01")
        problem = self.report(self.send(text), 422)
        self.assertEqual(len(problem["errors"]), 2)
        self.assertEqual(problem["report"]["warning_count"], 1)

    def test_what_was_found_is_not_told(self) -> None:
        for text in [
            BAD,
            GOOD.replace(MPAN, f"{MPAN}7"),
            f"{MPAN}\n",
        ]:
            with self.subTest(text[:60]):
                response = self.send(text, f"{MPAN}.uff")
                self.report(response, 422)
                self.assertNotIn(MPAN, response.content.decode())

    def test_a_bad_group_is_left_out_where_that_is_meant(self) -> None:
        report = self.report(self.send(BAD, policy="partial"), 201)
        self.assertEqual(
            (report["readings_loaded"], report["readings_rejected"]), (0, 2)
        )

    def test_a_strict_judge_rejects_more(self) -> None:
        text = GOOD[: GOOD.index("ZPT")]
        self.assertEqual(
            self.complaints(self.send(text, policy="strict"), 422)[0][1], "no-trailer"
        )
        self.report(self.send(text), 201)

    def test_an_empty_file_is_rejected(self) -> None:
        self.assertEqual(self.complaints(self.send(b""), 422), [("", "empty-file")])


class ArchiveTests(UploadTestCase):
    """What cannot be unpacked is refused, and nothing is kept of it."""

    def expect_unreadable(self, data: bytes, name: str, reason: str) -> None:
        for response in [
            self.send(data, name),
            self.send_body(data, f"filename={name}"),
        ]:
            self.assertEqual(self.complaints(response, 422), [("file", "unreadable")])
            (error,) = response.json()["errors"]
            self.assertIn(reason, error["message"])
            self.assertNotIn(name, error["message"])
        self.assertIs(FlowFile.objects.exists(), False)

    def test_one_that_broke_off(self) -> None:
        self.expect_unreadable(
            squeezed(GOOD)[:-20], "a.gz", "It is not a whole archive"
        )
        self.expect_unreadable(
            packed(a=GOOD)[:-20], "a.zip", "It is not a whole archive"
        )

    def test_one_that_unpacks_without_end(self) -> None:
        bomb = BOMB.decode()
        self.expect_unreadable(squeezed(bomb), "a.gz", "unpacks to far more")
        self.expect_unreadable(packed(a=bomb), "a.zip", "unpacks to far more")

    def test_one_with_several_files(self) -> None:
        self.expect_unreadable(
            packed(a=GOOD, b=OTHER),
            "a.zip",
            "It holds 2 files, and at most 1 may come.",
        )

    def test_one_with_no_file(self) -> None:
        self.expect_unreadable(packed(), "a.zip", "It holds no files")

    def test_what_a_desktop_adds_does_not_count(self) -> None:
        stream = io.BytesIO(packed(a=GOOD))
        with zipfile.ZipFile(stream, "a") as archive:
            archive.writestr("__MACOSX/._a.uff", "x")
        self.report(self.send(stream.getvalue(), "a.zip"), 201)


class NameTests(UploadTestCase):
    """A client's name is text to show, and never a path."""

    def named(self, said: str) -> str:
        """Return what a body of this name is called."""
        disposition = f"attachment; filename*=UTF-8''{said}"
        response = self.send_body(GOOD, "dry_run=true", content_disposition=disposition)
        name: str = self.report(response, 200)["filename"]
        return name

    def test_name_of_a_path_only_the_end_counts(self) -> None:
        for said in ["../../x", "/etc/x", "C:%5Cfiles%5Cx", "..%5C..%5Cx", "a/../x"]:
            with self.subTest(said):
                self.assertEqual(self.named(said), "x")

    def test_what_does_not_print_is_replaced(self) -> None:
        for said in ["a%00.uff", "a%0D%0A.uff", "a%E2%80%AE.uff", "a%1B.uff"]:
            with self.subTest(said):
                self.assertRegex(self.named(said), "^a\ufffd{1,2}.uff$")

    def test_it_ends_where_it_is_too_long_to_keep(self) -> None:
        self.assertEqual(self.named("x" * 300), "x" * 255)

    def test_name_in_a_form_it_is_no_path_either(self) -> None:
        for said, name in [
            ("../../x", "x"),
            ("..\\..\\x", "x"),
            ("a\u202e.uff", "a.uff"),
            ("x" * 300, "x" * 255),
        ]:
            with self.subTest(said[:20]):
                report = self.report(self.send(GOOD, said, dry_run="true"), 200)
                self.assertEqual(report["filename"], name)

    def test_some_name_is_needed(self) -> None:
        for said in ["", "..", ".", "%20", "a/", "..%2F.."]:
            disposition = f"attachment; filename*=UTF-8''{said}"
            with self.subTest(said):
                response = self.send_body(GOOD, "", content_disposition=disposition)
                self.assertEqual(
                    self.complaints(response, 400), [("filename", "required")]
                )

    def test_a_header_that_makes_no_sense_names_nothing(self) -> None:
        for header in [
            "attachment",
            ";",
            "a" * 20_000 + ";b=c",
            "x; filename*=nonsense''x",
        ]:
            with self.subTest(header[:30]):
                response = self.send_body(GOOD, "", content_disposition=header)
                self.assertEqual(
                    self.complaints(response, 400), [("filename", "required")]
                )

    def test_a_parameter_is_not_cut_but_refused(self) -> None:
        for name, code in [
            ("x" * 256, "max_length"),
            ("a%00", "null_characters_not_allowed"),
        ]:
            with self.subTest(name[:10]):
                response = self.send_body(GOOD, f"filename={name}")
                self.assertEqual(self.complaints(response, 400), [("filename", code)])


class WrongRequestTests(UploadTestCase):
    """What makes no sense is named, and nothing is imported."""

    def tearDown(self) -> None:
        self.assertIs(FlowFile.objects.exists(), False)
        super().tearDown()

    def test_an_unknown_parameter(self) -> None:
        response = self.send_body(GOOD, "filename=a.uff&colour=red")
        self.assertEqual(self.complaints(response, 400), [("colour", "unknown")])

    def test_a_parameter_of_the_list(self) -> None:
        response = self.send_body(GOOD, "filename=a.uff&page=1")
        self.assertEqual(self.complaints(response, 400), [("page", "unknown")])

    def test_a_parameter_of_uploading_is_none_of_the_list(self) -> None:
        self.assertEqual(
            self.wrong_fields("flow-files/", dry_run="true"), [("dry_run", "unknown")]
        )

    def test_an_unknown_field(self) -> None:
        self.assertEqual(
            self.complaints(self.send(GOOD, colour="red"), 400), [("colour", "unknown")]
        )

    def test_an_unknown_value(self) -> None:
        for name, value in [
            ("policy", "mild"),
            ("dry_run", "1"),
            ("allow_same_name", "x"),
        ]:
            with self.subTest(name):
                wrong = [(name, "invalid_choice")]
                answers = [self.send(GOOD, **{name: value})]
                answers.append(self.send_body(GOOD, f"filename=a&{name}={value}"))
                for response in answers:
                    self.assertEqual(self.complaints(response, 400), wrong)

    def test_a_value_in_both_places(self) -> None:
        response = self.send(GOOD, address=f"{FILES}?policy=strict", policy="strict")
        self.assertEqual(self.complaints(response, 400), [("policy", "repeated")])

    def test_two_files(self) -> None:
        files = [SimpleUploadedFile(f"{n}.uff", GOOD.encode()) for n in range(2)]
        response = self.client.post(FILES, {"file": files})
        self.assertEqual(self.complaints(response, 400), [("file", "repeated")])

    def test_a_file_under_another_name(self) -> None:
        files = {name: SimpleUploadedFile("a", b"x") for name in ["file", "other"]}
        response = self.client.post(FILES, files)
        self.assertEqual(self.complaints(response, 400), [("?", "unknown")])

    def test_a_form_without_a_file(self) -> None:
        self.assertEqual(
            self.complaints(self.client.post(FILES, {"policy": "strict"}), 400),
            [("file", "required")],
        )

    def test_a_file_as_text_of_the_form(self) -> None:
        response = self.client.post(FILES, {"file": GOOD})
        self.assertEqual(self.complaints(response, 400), [("file", "unknown")])

    def test_no_body(self) -> None:
        self.assertEqual(
            self.complaints(self.send_body(b""), 400), [("file", "required")]
        )

    def test_a_form_that_is_none(self) -> None:
        for content_type in ["multipart/form-data", "multipart/form-data; boundary=x"]:
            with self.subTest(content_type):
                response = self.send_body(b"nonsense", "", content_type=content_type)
                self.report(response, 400)

    def test_too_many_fields(self) -> None:
        fields = {f"a{number}": "1" for number in range(2000)}
        self.report(self.send(GOOD, **fields), 400)

    def test_another_content_type(self) -> None:
        for content_type in [
            "application/json",
            "application/x-www-form-urlencoded",
            "text/html",
            "nonsense",
        ]:
            with self.subTest(content_type):
                self.report(self.send_body(GOOD, content_type=content_type), 415)

    def test_a_body_that_is_packed_on_its_way(self) -> None:
        response = self.send_body(squeezed(GOOD), content_encoding="gzip")
        self.report(response, 415)

    @override_settings(UPLOAD_MAX_MEGABYTES=2)
    def test_more_than_may_come(self) -> None:
        large = b"x" * ((2 << 20) + 1)
        for response in [self.send(large), self.send_body(large)]:
            self.assertEqual(response["Content-Type"], PROBLEM)
            self.report(response, 413)

    def test_a_body_of_unsaid_length(self) -> None:
        self.report(self.send_body(GOOD, transfer_encoding="chunked"), 411)

    def test_another_format(self) -> None:
        response = self.send_body(GOOD, "filename=a&format=csv")
        self.assertEqual(self.complaints(response, 400), [("format", "invalid")])


class PathTests(UploadTestCase):
    def test_no_parameter_is_a_path(self) -> None:
        for name in ["path", "file", "folder", "url", "source"]:
            with self.subTest(name):
                response = self.send_body(GOOD, f"filename=a&{name}=/etc/passwd")
                self.assertEqual(self.complaints(response, 400), [(name, "unknown")])

    def test_the_bytes_are_kept_under_their_hash(self) -> None:
        self.send(GOOD, "../../escaped.uff")
        flow_file = FlowFile.objects.get()
        self.assertRegex(
            str(flow_file.content), rf"^flow_files/../{flow_file.sha256}.uff$"
        )


class WhoMayTests(UploadTestCase):
    def test_who_may_import_does(self) -> None:
        self.client.force_login(user_with("import_flowfile"))
        self.report(self.send(GOOD), 201)

    def test_who_may_only_look_does_not(self) -> None:
        self.client.force_login(user_with("view_flowfile", "view_finding"))
        for address in [FILES, UPLOAD]:
            self.report(self.send(GOOD, address=address), 403)
        self.assertIs(FlowFile.objects.exists(), False)

    def test_who_may_import_need_not_see_the_list(self) -> None:
        self.client.force_login(user_with("import_flowfile"))
        self.get("flow-files/", 403)

    def test_nobody_unknown_does(self) -> None:
        self.client.logout()
        response = self.send(GOOD)
        self.report(response, 401)
        self.assertIn("WWW-Authenticate", response)

    def test_a_session_needs_the_token_of_its_pages(self) -> None:
        self.client = Client(enforce_csrf_checks=True)
        self.client.force_login(self.superuser)
        self.client.get("/admin/upload/")
        token = self.client.cookies["csrftoken"].value
        self.report(self.send(GOOD), 403)
        self.report(self.send(GOOD, csrfmiddlewaretoken=token), 403)
        self.assertIs(FlowFile.objects.exists(), False)
        self.report(self.send(GOOD, headers={"X-CSRFToken": token}), 201)


class BusyTests(UploadTestCase):
    def test_busy_is_to_ask_again_where_another_load_lasts(self) -> None:
        busy = importer.ImportLockTimeout("Another file is being loaded.")
        with patch("meter_readings.importer.runner.import_flow_file", side_effect=busy):
            response = self.send(GOOD)
        problem = self.report(response, 503)
        self.assertIn("send it again", problem["detail"])
        self.assertEqual(response["Retry-After"], "30")

    def test_busy_is_to_ask_again_where_the_database_is_away(self) -> None:
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

    def test_full_storage_is_told_where_the_file_does_not_fit(self) -> None:
        with patch("os.fsync", side_effect=disk_full_error()):
            self.expect_full(self.send(GOOD))

    def test_full_storage_is_told_where_the_form_does_not_fit(self) -> None:
        write = "django.core.files.uploadedfile.TemporaryUploadedFile.write"
        with self.settings(FILE_UPLOAD_MAX_MEMORY_SIZE=10):
            with patch(write, create=True, side_effect=disk_full_error()):
                self.expect_full(self.send(GOOD))


class BrokenOffTests(UploadTestCase):
    """The connection ends before the body does."""

    def test_nothing_is_imported(self) -> None:
        for content_type in ["text/plain", "multipart/form-data; boundary=x"]:
            with self.subTest(content_type):
                response = self.client.generic(
                    "POST",
                    f"{FILES}?filename=a.uff",
                    GOOD,
                    content_type,
                    **{"wsgi.input": _Broken()},
                )
                self.assertIn("incomplete", self.report(response, 400)["detail"])
                self.assertIs(FlowFile.objects.exists(), False)


class _Broken(io.RawIOBase):
    """A connection that was reset."""

    def read(self, size: int = -1) -> bytes:
        raise ConnectionResetError


class QueryCountTests(UploadTestCase):
    def test_query_count_is_that_of_the_import_and_of_who_asks(self) -> None:
        self.send(GOOD)
        lines = ["026|2000000000015|V|", "028|TST0000001|R|", READING]
        bad = BAD.replace("TEST000001", "TEST000009")
        for kind, one, another in [
            ("new", later_file(lines, 3), later_file(lines, 4)),
            ("held", GOOD, GOOD),
            ("rejected", BAD, bad),
        ]:
            with CaptureQueriesContext(connection) as of_import:
                import_text(one, f"{kind}_one.uff", now=timezone.now())
            with self.subTest(kind), self.assertNumQueries(len(of_import) + 2):
                self.send(another, f"{kind}_another.uff")
