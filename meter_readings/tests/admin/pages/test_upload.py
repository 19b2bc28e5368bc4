"""The upload page."""

from __future__ import annotations

import gzip
import io
import logging
import zipfile
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import patch

from django.conf import settings
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client, override_settings

from meter_readings import importer
from meter_readings.models import FlowFile, ImportJob, Reading
from meter_readings.tests.admin.testcases import list_address
from meter_readings.tests.support.disk_full import disk_full_error
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP
from meter_readings.tests.support.import_helpers import imported
from meter_readings.tests.support.users import user_with_permissions

from .testcases import BAD, GOOD, UPLOAD, PageTestCase, page_text, sent


def packed(**texts: str) -> bytes:
    """Return a ZIP archive of files with these names and texts."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, text in texts.items():
            archive.writestr(f"{name}.uff", text)
    return stream.getvalue()


class PermissionTests(PageTestCase):
    def test_anonymous_user_is_redirected_to_login(self) -> None:
        self.client.logout()
        response = self.client.get(UPLOAD)
        self.assertRedirects(response, f"/admin/login/?next={UPLOAD}")

    def test_anonymous_user_cannot_upload(self) -> None:
        self.client.logout()
        self.assertEqual(self.upload(sent(GOOD)).status_code, 302)
        self.assertEqual(FlowFile.objects.count(), 0)

    def test_view_permission_does_not_allow_uploads(self) -> None:
        self.silence_request_log()
        self.client.force_login(user_with_permissions("view_flowfile"))
        statuses = [self.client.get(UPLOAD).status_code]
        statuses.append(self.upload(sent(GOOD)).status_code)
        statuses.append(self.client.get(f"{UPLOAD}sample/").status_code)
        self.assertEqual(statuses, [403, 403, 403])
        self.assertEqual(FlowFile.objects.count(), 0)

    def test_import_permission_allows_uploads(self) -> None:
        self.client.force_login(user_with_permissions("import_flowfile"))
        self.assertIn("Imported as", self.result_text(sent(GOOD)))

    def test_result_has_no_link_without_view_permission(self) -> None:
        self.client.force_login(user_with_permissions("import_flowfile"))
        page = self.upload(sent(GOOD))
        self.assertNotContains(page, FlowFile.objects.get().get_absolute_url())

    def test_upload_without_csrf_token_is_rejected(self) -> None:
        self.silence_request_log()
        self.client = Client(enforce_csrf_checks=True)
        self.client.force_login(self.superuser)
        self.assertEqual(self.upload(sent(GOOD)).status_code, 403)
        self.assertEqual(FlowFile.objects.count(), 0)

    def test_upload_with_csrf_token_is_accepted(self) -> None:
        self.client = Client(enforce_csrf_checks=True)
        self.client.force_login(self.superuser)
        token = self.client.get(UPLOAD).cookies["csrftoken"].value
        self.upload(sent(GOOD), csrfmiddlewaretoken=token)
        self.assertEqual(FlowFile.objects.count(), 1)

    def test_put_request_answers_405(self) -> None:
        self.silence_request_log()
        self.assertEqual(self.client.put(UPLOAD).status_code, 405)


class LinkTests(PageTestCase):
    places = ["/admin/", list_address("flowfile"), UPLOAD]

    def test_index_sidebar_and_file_list_link_to_the_upload_page(self) -> None:
        for place in self.places:
            with self.subTest(place):
                self.assertContains(self.client.get(place), f'href="{UPLOAD}"')

    def test_users_without_permission_see_no_link(self) -> None:
        self.client.force_login(user_with_permissions("view_flowfile"))
        for place in self.places[:2]:
            with self.subTest(place):
                self.assertNotContains(self.client.get(place), UPLOAD)

    def test_sidebar_marks_the_current_page(self) -> None:
        link = f'<a href="{UPLOAD}" aria-current="page">Upload files</a>'
        self.assertContains(self.client.get(UPLOAD), link, html=True)


class FormTests(PageTestCase):
    def test_upload_page_has_one_h1(self) -> None:
        self.assertContains(self.client.get(UPLOAD), "<h1>Upload files</h1>", 1)

    def test_form_shows_accepted_formats_and_limits(self) -> None:
        page = page_text(self.client.get(UPLOAD))
        self.assertIn("uncompressed or as .gz or .zip", page)
        self.assertIn("Up to 100 files and 1.0 GB at a time", page)

    def test_form_explains_each_policy(self) -> None:
        page = page_text(self.client.get(UPLOAD))
        for start in (
            "Standard. Any unusable",
            "Strict. The full",
            "Partial. As standard",
        ):
            with self.subTest(start):
                self.assertIn(start, page)

    def test_new_form_shows_no_error(self) -> None:
        self.assertNotIn("Choose one file or more.", page_text(self.client.get(UPLOAD)))

    def test_form_requires_a_file(self) -> None:
        self.assertIn("✕ Choose one file or more.", self.result_text())

    def test_form_rejects_an_unknown_policy(self) -> None:
        self.assertIn(
            "✕ Choose an import policy.", self.result_text(sent(GOOD), policy="lax")
        )

    def test_form_keeps_the_selected_policy(self) -> None:
        page = self.upload(sent(GOOD), policy="strict")
        self.assertContains(page, 'value="strict" id="id_policy_1" required checked')

    def test_downloaded_sample_file_can_be_imported(self) -> None:
        sample = self.client.get(f"{UPLOAD}sample/")
        self.assertIn("economy7_meters.uff", sample.headers["Content-Disposition"])
        self.assertIn("Imported as", self.result_text(sent(sample.content)))

    def test_page_takes_two_queries(self) -> None:
        self.assertEqual(self.query_count(UPLOAD), 2)


class OutcomeTests(PageTestCase):
    def test_imported_file_links_to_its_page(self) -> None:
        page = self.upload(sent(GOOD))
        file = FlowFile.objects.get()
        self.assertIn(f"Imported as #{file.pk}: 3 readings, ", page_text(page))
        self.assertContains(page, f'"{file.get_absolute_url()}">View file, #')

    def test_rejected_file_shows_its_findings(self) -> None:
        page = self.upload(sent(BAD))
        self.assertIn("Rejected: The value is negative.", page_text(page))
        self.assertIn(
            'line 5, 030 Register Reading (J0040): found "-1.0", expected zero or more',
            page_text(page),
        )
        self.assertContains(page, "<details open>")

    def test_rejected_file_links_to_its_validation_report(self) -> None:
        page = self.upload(sent(BAD))
        address = FlowFile.objects.get().get_absolute_url()
        self.assertContains(page, f'"{address}">View validation report, #')

    def test_rule_shows_its_first_three_lines(self) -> None:
        reading = "030|01|20240401000000|-1.0|||T|P|\n"
        many = BAD.replace(reading, reading * 9)
        text = self.result_text(sent(many))
        self.assertIn("(9): The value is negative.", text)
        self.assertIn("line 7", text)
        self.assertNotIn("line 8", text)
        self.assertIn("and 6 more", text)

    def test_findings_of_an_imported_file_are_collapsed(self) -> None:
        page = self.upload(sent(EVERY_GROUP))
        self.assertContains(page, "<details>")

    def test_repeated_file_links_to_its_first_import(self) -> None:
        first = imported(GOOD, "first.uff")
        page = self.upload(sent(GOOD, "again.uff"))
        words = f"Already imported as #{first.pk} (first.uff)"
        self.assertIn(words, page_text(page))
        self.assertContains(page, f'"{first.get_absolute_url()}">View first import, #')

    def test_refused_file_links_to_the_file_of_that_name(self) -> None:
        first = imported(GOOD, "a.uff")
        other = GOOD.replace("TEST000001", "TEST000002")
        page = self.upload(sent(other, "a.uff"))
        self.assertIn("Refused: A file with this name", page_text(page))
        self.assertContains(
            page, f'"{first.get_absolute_url()}">View file of that name'
        )

    def test_repeated_file_name_can_be_allowed(self) -> None:
        imported(GOOD, "a.uff")
        other = GOOD.replace("TEST000001", "TEST000002")
        text = self.result_text(sent(other, "a.uff"), allow_same_name="on")
        self.assertIn("Imported as", text)

    def test_partial_policy_loads_the_valid_readings(self) -> None:
        text = self.result_text(sent(BAD), policy="partial")
        self.assertIn("2 readings, 1 not loaded", text)

    def test_page_title_has_the_summary(self) -> None:
        page = self.upload(sent(GOOD), sent(BAD, "b.uff"))
        title = "<title>2 files: 1 imported, 1 rejected; 3 readings loaded. |"
        self.assertContains(page, title)

    def test_empty_file_is_rejected_with_a_message(self) -> None:
        self.assertIn("Rejected: The file is empty.", self.result_text(sent("")))

    def test_import_job_of_an_upload_has_user_and_channel(self) -> None:
        self.upload(sent(GOOD))
        job = ImportJob.objects.get()
        self.assertEqual([job.requested_by, job.channel], [self.superuser, "upload"])


class ValidateOnlyTests(PageTestCase):
    def test_validation_saves_nothing(self) -> None:
        self.upload(sent(GOOD), sent(BAD, "b.uff"), check="1")
        counts = FlowFile.objects.count(), Reading.objects.count()
        self.assertEqual([*counts, ImportJob.objects.count()], [0, 0, 0])

    def test_validation_shows_the_result_an_import_would_have(self) -> None:
        text = self.result_text(sent(GOOD), sent(BAD, "b.uff"), check="1")
        self.assertIn("Would be imported: 3 readings", text)
        self.assertIn("Would be rejected: The value is negative.", text)
        self.assertIn("3 readings would be loaded. Nothing was saved.", text)

    def test_validation_shows_findings(self) -> None:
        self.assertIn('found "-1.0"', self.result_text(sent(BAD), check="1"))


class SeveralFilesTests(PageTestCase):
    def test_failed_file_does_not_stop_the_others(self) -> None:
        files = sent(BAD), sent(b"\x1f\x8bbroken", "b.gz"), sent(GOOD, "c.uff")
        self.assertIn("1 imported, 1 rejected, 1 unreadable", self.result_text(*files))

    def test_every_file_of_an_archive_is_reported(self) -> None:
        text = self.result_text(sent(packed(good=GOOD, bad=BAD), "all.zip"))
        self.assertIn("good.uff in all.zip ✓ Imported", text)
        self.assertIn("bad.uff in all.zip ✕ Rejected", text)

    def test_gzip_file_is_named_without_its_suffix(self) -> None:
        text = self.result_text(sent(gzip.compress(GOOD.encode()), "a.uff.gz"))
        self.assertIn("a.uff ✓ Imported", text)

    def test_broken_archive_is_reported(self) -> None:
        text = self.result_text(sent(b"PK\x03\x04broken", "all.zip"))
        self.assertIn("all.zip ✕ Unreadable: all.zip is not a complete archive", text)

    def test_broken_archive_member_does_not_stop_the_others(self) -> None:
        data = packed(good=GOOD, bad=BAD).replace(b"TEST000002", b"TEST00000X", 1)
        text = self.result_text(sent(data, "all.zip"))
        self.assertIn("good.uff in all.zip ✓ Imported", text)
        self.assertIn("bad.uff in all.zip ✕ Unreadable", text)

    def test_decompression_bomb_is_refused(self) -> None:
        bomb = gzip.compress(bytes(2 << 20))
        with self.settings(ARCHIVE_MAX_MEGABYTES=1):
            text = self.result_text(sent(bomb, "bomb.gz"))
        self.assertIn("bomb.gz unpacks to more than 1 MB", text)

    def test_archive_inside_an_archive_is_rejected(self) -> None:
        inner = packed(good=GOOD)
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("inner.zip", inner)
        text = self.result_text(sent(stream.getvalue(), "outer.zip"))
        self.assertIn("inner.zip in outer.zip ✕ Rejected", text)


class HostileNameTests(PageTestCase):
    names = {
        "../../etc/passwd": "passwd",
        "..\\..\\boot.ini": "boot.ini",
        "a\0b.uff": "ab.uff",
        "two\nlines.uff": "twolines.uff",
        "\u202efdp.uff": "fdp.uff",
        "<script>alert(1)<.uff": "<script>alert(1)<.uff",
        "x" * 300 + ".uff": "x" * 251 + ".uff",
    }

    def send(self, name: str) -> HttpResponse:
        """Upload a file whose name is sent without encoding."""
        quoted = name.replace("\\", "\\\\")
        body = (
            '--b\r\nContent-Disposition: form-data; name="policy"\r\n\r\nstandard\r\n'
            '--b\r\nContent-Disposition: form-data; name="flow_files"; '
            f'filename="{quoted}"\r\n\r\n{GOOD}\r\n--b--\r\n'
        )
        kind = "multipart/form-data; boundary=b"
        return self.client.generic("POST", UPLOAD, body.encode(), kind)

    def test_file_name_is_shown_without_unprintable_characters(self) -> None:
        for name, shown in self.names.items():
            with self.subTest(name):
                (file,) = self.send(name).context["results"].files
                self.assertEqual(file.name, shown)

    def test_file_name_is_escaped_in_html(self) -> None:
        self.assertNotContains(self.send("<script>alert(1)<.uff"), "<script>alert")

    def test_file_name_is_never_used_as_a_path(self) -> None:
        for name in self.names:
            self.send(name)
        stored = [path.name for path in Path(settings.MEDIA_ROOT).rglob("*.*")]
        self.assertEqual(stored, [f"{FlowFile.objects.get().sha256}.uff"])

    def test_file_name_in_an_archive_is_never_used_as_a_path(self) -> None:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("../../evil\u202e.uff", GOOD)
        text = self.result_text(sent(stream.getvalue(), "all.zip"))
        self.assertIn("evil\ufffd.uff in all.zip ✓ Imported", text)


class BrokenOffTests(PageTestCase):
    """Server errors fail one file, and their text is not shown."""

    def text_after_failure(self, error: Exception, status: int = 200) -> str:
        """Return the text of the page if the first import raises an error."""
        real, calls = importer.import_flow_file, []

        def fail_once(**options: object) -> importer.ImportResult:
            calls.append(1)
            if len(calls) == 1:
                raise error
            return real(**options)

        with patch.object(importer.runner, "import_flow_file", fail_once):
            refused = (
                self.assertLogs("django.request") if status > 200 else nullcontext()
            )
            with refused, self.assertLogs("meter_readings", logging.ERROR) as logs:
                answer = self.upload(sent(BAD), sent(GOOD, "b.uff"))
        self.assertEqual(answer.status_code, status)
        text = page_text(answer)
        self.assertNotIn("secret", str(logs.output) + text)
        return text

    def test_unwritable_storage_is_reported(self) -> None:
        self.assertIn(
            "Nothing of it was imported", self.text_after_failure(OSError("secret"))
        )

    def test_full_disk_answers_507(self) -> None:
        text = self.text_after_failure(importer.StorageFull("secret"), status=507)
        self.assertIn("Interrupted: the storage is full.", text)

    def test_folder_that_cannot_be_written_answers_503(self) -> None:
        text = self.text_after_failure(
            importer.StorageNotWritable("secret"), status=503
        )
        self.assertIn("Interrupted: the storage cannot be written.", text)

    def test_lock_timeout_answers_503_and_says_when_to_retry(self) -> None:
        text = self.text_after_failure(importer.ImportLockTimeout("secret"), status=503)
        self.assertIn("another file is being imported or undone", text)
        self.assertIn("Send it again in a minute.", text)

    def test_database_error_in_one_file_does_not_stop_the_others(self) -> None:
        text = self.text_after_failure(OperationalError("secret"), status=503)
        self.assertIn("1 imported, 1 interrupted", text)

    def test_full_disk_while_receiving_the_upload_answers_507(self) -> None:
        self.silence_request_log()
        write = "django.core.files.uploadedfile.TemporaryUploadedFile.write"
        with self.settings(FILE_UPLOAD_MAX_MEMORY_SIZE=10):
            with patch(write, create=True, side_effect=disk_full_error()):
                page = self.upload(sent(GOOD))
        self.assertEqual(page.status_code, 507)
        self.assertIn("The storage is full.", page_text(page))


class Cut(io.RawIOBase):
    """A connection that is reset."""

    def read(self, size: int = -1) -> bytes:
        raise OSError("connection reset")


class CutOffTests(PageTestCase):
    def test_interrupted_upload_answers_400_and_saves_nothing(self) -> None:
        self.silence_request_log()
        data = {"flow_files": sent(GOOD), "policy": "standard"}
        page = self.client.post(UPLOAD, data, **{"wsgi.input": Cut()})
        self.assertEqual(page.status_code, 400)
        self.assertIn("The upload was interrupted. Send it again.", page_text(page))
        self.assertEqual(ImportJob.objects.count(), 0)


class TooMuchTests(PageTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.silence_request_log()
        # What checks where a form comes from reads it, which must not come first.
        self.client = Client(enforce_csrf_checks=True)
        self.client.force_login(self.superuser)

    @override_settings(UPLOAD_MAX_MEGABYTES=1)
    def test_upload_over_the_size_limit_answers_413(self) -> None:
        page = self.upload(sent(bytes(1 << 20)))
        self.assertEqual(page.status_code, 413)
        self.assertIn("The upload is larger than 1.0 MB", page_text(page))
        self.assertEqual(ImportJob.objects.count(), 0)

    @override_settings(UPLOAD_MAX_MEGABYTES=1)
    def test_anonymous_upload_is_redirected_before_its_body_is_read(self) -> None:
        self.client.logout()
        self.assertEqual(self.upload(sent(bytes(1 << 20))).status_code, 302)

    @override_settings(DATA_UPLOAD_MAX_NUMBER_FILES=2)
    def test_upload_over_the_file_limit_answers_413(self) -> None:
        page = self.upload(*[sent(GOOD, f"{name}.uff") for name in "abc"])
        self.assertEqual(page.status_code, 413)
        self.assertIn("The upload has more than 2 files", page_text(page))
        self.assertEqual(ImportJob.objects.count(), 0)

    @override_settings(DATA_UPLOAD_MAX_NUMBER_FILES=2)
    def test_upload_at_the_file_limit_is_accepted(self) -> None:
        token = self.client.get(UPLOAD).cookies["csrftoken"].value
        files = sent(GOOD), sent(BAD, "b.uff")
        self.assertIn("2 files", self.result_text(*files, csrfmiddlewaretoken=token))
