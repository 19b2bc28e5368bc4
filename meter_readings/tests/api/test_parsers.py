"""Parsing of uploads: formats, filenames and invalid requests."""

from __future__ import annotations

import io
import zipfile

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings

from meter_readings.models import FlowFile
from meter_readings.tests.api.base import PROBLEM
from meter_readings.tests.api.upload_helpers import (
    FILES,
    GOOD,
    OTHER,
    UploadTestCase,
    gzipped,
    zipped,
)

BOMB = b"\0" * (70 << 20)


class UploadFormatTests(UploadTestCase):
    """The same file in every accepted form."""

    def test_accepts_a_body_of_each_content_type(self) -> None:
        for content_type, data in [
            ("application/octet-stream", GOOD.encode()),
            ("text/plain", GOOD.encode()),
            ("text/plain; charset=utf-8", GOOD.encode()),
            ("application/gzip", gzipped(GOOD)),
            ("application/zip", zipped(a=GOOD)),
        ]:
            with self.subTest(content_type):
                response = self.send_body(
                    data, "filename=a.uff&dry_run=true", content_type=content_type
                )
                report = self.report(response, 200)
                self.assertEqual(report["outcome"], "checked")

    def test_accepts_a_compressed_file_in_a_form(self) -> None:
        for name, data in [("a.uff.gz", gzipped(GOOD)), ("a.zip", zipped(a=GOOD))]:
            with self.subTest(name):
                report = self.report(self.send(data, name, dry_run="true"), 200)
                self.assertEqual(report["filename"], "a.uff")

    def test_takes_the_filename_from_content_disposition(self) -> None:
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

    def test_the_parameter_filename_precedes_content_disposition(self) -> None:
        response = self.send_body(
            GOOD, "filename=b.uff", content_disposition='attachment; filename="a.uff"'
        )
        self.assertEqual(self.report(response, 201)["filename"], "b.uff")

    def test_the_parameter_filename_precedes_that_of_the_form(self) -> None:
        report = self.report(self.send(GOOD, "a.uff", filename="b.uff"), 201)
        self.assertEqual(report["filename"], "b.uff")

    def test_takes_options_from_the_query_string_and_the_form(self) -> None:
        for url, fields in [
            (f"{FILES}?dry_run=true&policy=strict", {}),
            (FILES, {"dry_run": "true", "policy": "strict"}),
            (f"{FILES}?dry_run=true", {"policy": "strict"}),
        ]:
            with self.subTest(url):
                report = self.report(self.send(GOOD, url=url, **fields), 200)
                self.assertEqual(report["policy"], "strict")


class ArchiveTests(UploadTestCase):
    """An archive that cannot be read is not stored."""

    def expect_unreadable(self, data: bytes, name: str, reason: str) -> None:
        for response in [
            self.send(data, name),
            self.send_body(data, f"filename={name}"),
        ]:
            self.assertEqual(self.errors(response, 422), [("file", "unreadable")])
            (error,) = response.json()["errors"]
            self.assertIn(reason, error["message"])
            self.assertNotIn(name, error["message"])
        self.assertIs(FlowFile.objects.exists(), False)

    def test_an_incomplete_archive_is_422(self) -> None:
        self.expect_unreadable(
            gzipped(GOOD)[:-20], "a.gz", "It is not a complete archive"
        )
        self.expect_unreadable(
            zipped(a=GOOD)[:-20], "a.zip", "It is not a complete archive"
        )

    def test_an_archive_bomb_is_422(self) -> None:
        self.enterContext(override_settings(ARCHIVE_MAX_MEGABYTES=64))
        bomb = BOMB.decode()
        self.expect_unreadable(gzipped(bomb), "a.gz", "unpacks to more than 64 MB")
        self.expect_unreadable(zipped(a=bomb), "a.zip", "unpacks to more than 64 MB")

    def test_an_archive_with_several_files_is_422(self) -> None:
        self.expect_unreadable(
            zipped(a=GOOD, b=OTHER),
            "a.zip",
            "It contains 2 files; the limit is 1.",
        )

    def test_an_archive_without_files_is_422(self) -> None:
        self.expect_unreadable(zipped(), "a.zip", "It contains no files")

    def test_ignores_files_that_macos_adds_to_an_archive(self) -> None:
        stream = io.BytesIO(zipped(a=GOOD))
        with zipfile.ZipFile(stream, "a") as archive:
            archive.writestr("__MACOSX/._a.uff", "x")
        self.report(self.send(stream.getvalue(), "a.zip"), 201)


class FilenameTests(UploadTestCase):
    """A filename of a client is display text and never a path."""

    def named(self, filename: str) -> str:
        """Return what a body of this name is called."""
        disposition = f"attachment; filename*=UTF-8''{filename}"
        response = self.send_body(GOOD, "dry_run=true", content_disposition=disposition)
        name: str = self.report(response, 200)["filename"]
        return name

    def test_removes_folders_from_a_filename(self) -> None:
        for filename in [
            "../../x",
            "/etc/x",
            "C:%5Cfiles%5Cx",
            "..%5C..%5Cx",
            "a/../x",
        ]:
            with self.subTest(filename):
                self.assertEqual(self.named(filename), "x")

    def test_replaces_characters_that_do_not_print(self) -> None:
        for filename in ["a%00.uff", "a%0D%0A.uff", "a%E2%80%AE.uff", "a%1B.uff"]:
            with self.subTest(filename):
                self.assertRegex(self.named(filename), "^a\ufffd{1,2}.uff$")

    def test_cuts_a_filename_of_a_header_at_255_characters(self) -> None:
        self.assertEqual(self.named("x" * 300), "x" * 255)

    def test_removes_folders_from_the_filename_of_a_form(self) -> None:
        for filename, name in [
            ("../../x", "x"),
            ("..\\..\\x", "x"),
            ("a\u202e.uff", "a.uff"),
            ("x" * 300, "x" * 255),
        ]:
            with self.subTest(filename[:20]):
                report = self.report(self.send(GOOD, filename, dry_run="true"), 200)
                self.assertEqual(report["filename"], name)

    def test_a_filename_is_required(self) -> None:
        for filename in ["", "..", ".", "%20", "a/", "..%2F.."]:
            disposition = f"attachment; filename*=UTF-8''{filename}"
            with self.subTest(filename):
                response = self.send_body(GOOD, "", content_disposition=disposition)
                self.assertEqual(self.errors(response, 400), [("filename", "required")])

    def test_a_malformed_content_disposition_has_no_filename(self) -> None:
        for header in [
            "attachment",
            ";",
            "a" * 20_000 + ";b=c",
            "x; filename*=nonsense''x",
        ]:
            with self.subTest(header[:30]):
                response = self.send_body(GOOD, "", content_disposition=header)
                self.assertEqual(self.errors(response, 400), [("filename", "required")])

    def test_a_too_long_or_malformed_parameter_filename_is_400(self) -> None:
        for name, code in [
            ("x" * 256, "max_length"),
            ("a%00", "null_characters_not_allowed"),
        ]:
            with self.subTest(name[:10]):
                response = self.send_body(GOOD, f"filename={name}")
                self.assertEqual(self.errors(response, 400), [("filename", code)])


class InvalidUploadTests(UploadTestCase):
    """An invalid upload names the error and imports nothing."""

    def tearDown(self) -> None:
        self.assertIs(FlowFile.objects.exists(), False)
        super().tearDown()

    def test_an_unknown_parameter_is_400(self) -> None:
        response = self.send_body(GOOD, "filename=a.uff&colour=red")
        self.assertEqual(self.errors(response, 400), [("colour", "unknown")])

    def test_a_parameter_of_the_list_is_400(self) -> None:
        response = self.send_body(GOOD, "filename=a.uff&page=1")
        self.assertEqual(self.errors(response, 400), [("page", "unknown")])

    def test_an_upload_option_is_unknown_to_the_list(self) -> None:
        self.assertEqual(
            self.invalid_fields("flow-files/", dry_run="true"), [("dry_run", "unknown")]
        )

    def test_an_unknown_form_field_is_400(self) -> None:
        self.assertEqual(
            self.errors(self.send(GOOD, colour="red"), 400), [("colour", "unknown")]
        )

    def test_an_invalid_option_is_400(self) -> None:
        for name, value in [
            ("policy", "mild"),
            ("dry_run", "yes"),
            ("allow_same_name", "x"),
        ]:
            with self.subTest(name):
                wrong = [(name, "invalid_choice")]
                answers = [self.send(GOOD, **{name: value})]
                answers.append(self.send_body(GOOD, f"filename=a&{name}={value}"))
                for response in answers:
                    self.assertEqual(self.errors(response, 400), wrong)

    def test_an_option_in_query_string_and_form_is_400(self) -> None:
        response = self.send(GOOD, url=f"{FILES}?policy=strict", policy="strict")
        self.assertEqual(self.errors(response, 400), [("policy", "repeated")])

    def test_two_files_are_400(self) -> None:
        files = [SimpleUploadedFile(f"{n}.uff", GOOD.encode()) for n in range(2)]
        response = self.client.post(FILES, {"file": files})
        self.assertEqual(self.errors(response, 400), [("file", "repeated")])

    def test_a_file_in_another_form_field_is_400(self) -> None:
        files = {name: SimpleUploadedFile("a", b"x") for name in ["file", "other"]}
        response = self.client.post(FILES, files)
        self.assertEqual(self.errors(response, 400), [("?", "unknown")])

    def test_a_form_without_a_file_is_400(self) -> None:
        self.assertEqual(
            self.errors(self.client.post(FILES, {"policy": "strict"}), 400),
            [("file", "required")],
        )

    def test_a_file_as_text_of_the_form_is_400(self) -> None:
        response = self.client.post(FILES, {"file": GOOD})
        self.assertEqual(self.errors(response, 400), [("filename", "required")])

    def test_an_empty_body_is_400(self) -> None:
        self.assertEqual(self.errors(self.send_body(b""), 400), [("file", "required")])

    def test_a_malformed_form_is_400(self) -> None:
        for content_type in ["multipart/form-data", "multipart/form-data; boundary=x"]:
            with self.subTest(content_type):
                response = self.send_body(b"nonsense", "", content_type=content_type)
                self.report(response, 400)

    def test_too_many_form_fields_are_400(self) -> None:
        fields = {f"a{number}": "1" for number in range(2000)}
        self.report(self.send(GOOD, **fields), 400)

    def test_another_content_type_is_415(self) -> None:
        for content_type in [
            "application/json",
            "application/x-www-form-urlencoded",
            "text/html",
            "nonsense",
        ]:
            with self.subTest(content_type):
                self.report(self.send_body(GOOD, content_type=content_type), 415)

    def test_a_content_encoding_is_415(self) -> None:
        response = self.send_body(gzipped(GOOD), content_encoding="gzip")
        self.report(response, 415)

    @override_settings(UPLOAD_MAX_MEGABYTES=2)
    def test_a_body_above_the_limit_is_413(self) -> None:
        large = b"x" * ((2 << 20) + 1)
        for response in [self.send(large), self.send_body(large)]:
            self.assertEqual(response["Content-Type"], PROBLEM)
            self.report(response, 413)

    def test_a_body_without_content_length_is_411(self) -> None:
        self.report(self.send_body(GOOD, transfer_encoding="chunked"), 411)

    def test_another_response_format_is_400(self) -> None:
        response = self.send_body(GOOD, "filename=a&format=csv")
        self.assertEqual(self.errors(response, 400), [("format", "invalid")])


class PathTests(UploadTestCase):
    def test_no_parameter_is_a_path(self) -> None:
        for name in ["path", "file", "folder", "url", "source"]:
            with self.subTest(name):
                response = self.send_body(GOOD, f"filename=a&{name}=/etc/passwd")
                self.assertEqual(self.errors(response, 400), [(name, "unknown")])

    def test_stores_the_original_under_its_hash(self) -> None:
        self.send(GOOD, "../../escaped.uff")
        flow_file = FlowFile.objects.get()
        self.assertRegex(
            str(flow_file.content), rf"^flow_files/../{flow_file.sha256}.uff$"
        )


class IncompleteBodyTests(UploadTestCase):
    """The connection ends before the body does."""

    def test_an_incomplete_body_is_400_and_imports_nothing(self) -> None:
        for content_type in ["text/plain", "multipart/form-data; boundary=x"]:
            with self.subTest(content_type):
                response = self.client.generic(
                    "POST",
                    f"{FILES}?filename=a.uff",
                    GOOD,
                    content_type,
                    **{"wsgi.input": _BrokenConnection()},
                )
                self.assertIn("incomplete", self.report(response, 400)["detail"])
                self.assertIs(FlowFile.objects.exists(), False)


class _BrokenConnection(io.RawIOBase):
    """A connection that was reset."""

    def read(self, size: int = -1) -> bytes:
        raise ConnectionResetError
