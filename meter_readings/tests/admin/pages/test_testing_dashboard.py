"""The testing dashboard."""

from __future__ import annotations

import importlib
import logging
import tempfile
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import clear_url_caches
from django.utils import timezone

import config.urls
import meter_readings.urls
from meter_readings.models import AuditEvent, FlowFile, ImportJob, MeterPoint, Reading
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP
from meter_readings.tests.support.import_helpers import import_text, imported
from meter_readings.tests.support.users import user_with_permissions

from .testcases import BAD, GOOD, UPLOAD, PageTestCase, page_text

DASHBOARD = "/admin/testing/"
IMPORT = f"{DASHBOARD}import/"
CLEAR = f"{DASHBOARD}clear/"


class DashboardTestCase(PageTestCase):
    """The sample folder has a valid and an invalid file."""

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.samples = Path(folder.name)
        self.enterContext(self.settings(SAMPLE_DATA_DIR=self.samples))
        (self.samples / "good.uff").write_text(GOOD)
        (self.samples / "rejected_bad.uff").write_text(BAD)

    def dashboard_text(self) -> str:
        """Return the text of the dashboard."""
        response = self.client.get(DASHBOARD)
        self.assertEqual(response.status_code, 200)
        return page_text(response)

    def after(self, address: str, **filled_in: str) -> str:
        """Return the text of the page after a POST, redirects followed."""
        response = self.client.post(address, filled_in, follow=True)
        self.assertEqual(response.status_code, 200)
        text = response.content.decode()
        return " ".join(str(message) for message in response.context["messages"]) + (
            page_text(response) if "<h1" in text else ""
        )


class PermissionTests(DashboardTestCase):
    def statuses(self) -> list[int]:
        """Return the status codes of viewing, importing and clearing."""
        answers: list[HttpResponse] = [
            self.client.get(DASHBOARD),
            self.client.post(IMPORT, {"all": "1"}),
            self.client.post(CLEAR, {"confirmation": "CLEAR"}),
        ]
        return [answer.status_code for answer in answers]

    def statuses_for(self, *codenames: str) -> list[int]:
        """Return the same for staff with only these permissions."""
        self.silence_request_log()
        self.client.force_login(user_with_permissions(*codenames))
        return self.statuses()

    def test_anonymous_user_is_redirected_to_login(self) -> None:
        self.client.logout()
        self.assertEqual(self.statuses(), [302, 302, 302])
        self.assertEqual(FlowFile.objects.count(), 0)

    def test_staff_without_permission_get_403(self) -> None:
        self.assertEqual(self.statuses_for(), [403, 403, 403])

    def test_import_and_clear_permissions_do_not_open_the_dashboard(self) -> None:
        statuses = self.statuses_for("import_flowfile", "clear_database")
        self.assertEqual(statuses, [403, 403, 403])

    def test_dashboard_permission_allows_only_viewing(self) -> None:
        statuses = self.statuses_for("use_testing_dashboard")
        self.assertEqual(statuses, [200, 403, 403])

    def test_import_permission_allows_importing_samples(self) -> None:
        statuses = self.statuses_for("use_testing_dashboard", "import_flowfile")
        self.assertEqual(statuses, [200, 302, 403])

    def test_clear_permission_allows_clearing_the_database(self) -> None:
        statuses = self.statuses_for("use_testing_dashboard", "clear_database")
        self.assertEqual(statuses, [200, 403, 302])

    def test_actions_without_permission_are_not_shown(self) -> None:
        self.client.force_login(user_with_permissions("use_testing_dashboard"))
        page = self.client.get(DASHBOARD)
        self.assertNotContains(page, '<button type="submit" class="btn')

    def test_posts_without_csrf_token_are_rejected(self) -> None:
        self.silence_request_log()
        self.client = Client(enforce_csrf_checks=True)
        self.client.force_login(self.superuser)
        self.assertEqual(self.statuses(), [200, 403, 403])

    def test_get_requests_change_nothing(self) -> None:
        self.silence_request_log()
        statuses = [self.client.get(each).status_code for each in (IMPORT, CLEAR)]
        self.assertEqual(statuses, [405, 405])


class LinkTests(DashboardTestCase):
    link = f'href="{DASHBOARD}"'

    def test_index_and_sidebar_link_to_the_dashboard(self) -> None:
        for place in "/admin/", "/admin/auth/user/":
            with self.subTest(place):
                self.assertContains(self.client.get(place), self.link)

    def test_staff_without_permission_see_no_link(self) -> None:
        self.client.force_login(user_with_permissions("view_user", "import_flowfile"))
        for place in "/admin/", "/admin/auth/user/":
            with self.subTest(place):
                self.assertNotContains(self.client.get(place), self.link)


class ProductionTests(DashboardTestCase):
    """The URLs do not exist in production."""

    def setUp(self) -> None:
        super().setUp()
        self.silence_request_log()
        # Last in, first out: the addresses are read again when it is over.
        self.addCleanup(self.read_addresses)
        self.enterContext(override_settings(IS_PRODUCTION=True))
        self.read_addresses()

    def read_addresses(self) -> None:
        """Reload the URLs, as a new process would."""
        importlib.reload(meter_readings.urls)
        importlib.reload(config.urls)
        clear_url_caches()

    def test_dashboard_answers_404_in_production(self) -> None:
        for address in DASHBOARD, IMPORT, CLEAR:
            with self.subTest(address):
                self.assertEqual(self.client.get(address).status_code, 404)

    def test_clearing_is_impossible_in_production(self) -> None:
        imported(GOOD)
        answer = self.client.post(CLEAR, {"confirmation": "CLEAR"})
        self.assertEqual([answer.status_code, Reading.objects.count()], [404, 3])

    def test_index_has_no_link_to_the_dashboard_in_production(self) -> None:
        self.assertNotContains(self.client.get("/admin/"), DASHBOARD)

    def test_upload_page_exists_in_production(self) -> None:
        self.assertEqual(self.client.get("/admin/upload/").status_code, 200)


class StoredDataTests(DashboardTestCase):
    def test_empty_database_shows_zeros(self) -> None:
        text = self.dashboard_text()
        self.assertIn(
            "Imported files 0 Meter points 0 Meters 0 Current readings 0", text
        )
        self.assertIn("No imports yet. Import a sample file above.", text)

    def test_stored_rows_are_counted(self) -> None:
        imported(GOOD)
        self.assertIn(
            "Imported files 1 Meter points 2 Meters 2 Current readings 3",
            self.dashboard_text(),
        )

    def test_statistics_count_files_findings_and_readings(self) -> None:
        imported(GOOD, now=timezone.now())
        import_text(BAD, "bad.uff", now=timezone.now())
        text = self.dashboard_text()
        self.assertIn("✓ Imported 1 ✕ Rejected 1 ● Undone 0", text)
        self.assertIn("✕ Error 1 ▲ Warning 2 ● Note 0", text)
        self.assertIn("Actual 3", text)

    def test_running_import_is_counted_as_running(self) -> None:
        ImportJob.objects.create(
            filename="a.uff",
            channel="command",
            policy="standard",
            started_at=timezone.now(),
            heartbeat_at=timezone.now(),
        )
        self.assertIn("last 30 days Outcome Number ● Running 1", self.dashboard_text())

    def test_recent_imports_are_listed(self) -> None:
        file = imported(GOOD, "a.uff", requested_by=self.superuser)
        page = self.client.get(DASHBOARD)
        self.assertContains(page, f'"{file.get_absolute_url()}">a.uff</a>')
        self.assertIn("a.uff ✓ Imported 3 Command line alice 24 Nov", page_text(page))

    def test_dashboard_has_an_upload_form(self) -> None:
        page = self.client.get(DASHBOARD).content.decode()
        form = page[page.index(f'action="{UPLOAD}"') :]
        form = form[: form.index("</form>")]
        for name in ("flow_files", "policy", "allow_same_name", "import", "check"):
            with self.subTest(name):
                self.assertIn(f'name="{name}"', form)

    def test_dashboard_has_one_h1(self) -> None:
        self.assertContains(self.client.get(DASHBOARD), "<h1>", 1)

    def test_query_count_does_not_depend_on_stored_data(self) -> None:
        counts = [self.query_count(DASHBOARD)]
        for number in range(1, 20):
            text = GOOD.replace("TEST000001", f"TEST1{number:05}")
            imported(text, f"{number}.uff", requested_by=self.superuser)
        self.client.post(IMPORT, {"all": "1"})
        counts.append(self.query_count(DASHBOARD))
        self.assertEqual(counts, [14, 14])


class SampleTests(DashboardTestCase):
    def test_samples_are_listed_with_size_and_state(self) -> None:
        text = self.dashboard_text()
        self.assertIn("good.uff Not imported Import 347 bytes", text)

    def test_samples_show_their_import_status(self) -> None:
        self.client.post(IMPORT, {"all": "1"})
        text = self.dashboard_text()
        self.assertIn("good.uff ✓ Imported 347 bytes", text)
        self.assertIn("rejected_bad.uff ✕ Rejected Import", text)

    def test_samples_are_recognised_by_content_not_by_name(self) -> None:
        imported(GOOD, "another.uff")
        self.assertIn("good.uff ✓ Imported", self.dashboard_text())

    def test_one_sample_is_imported_by_name(self) -> None:
        text = self.after(IMPORT, sample="good.uff")
        self.assertIn("good.uff: Imported as #", text)
        self.assertEqual(FlowFile.objects.get().filename, "good.uff")

    def test_rejected_sample_shows_the_reason(self) -> None:
        text = self.after(IMPORT, sample="rejected_bad.uff")
        self.assertIn("rejected_bad.uff: Rejected: The value is negative.", text)

    def test_all_samples_are_imported_together(self) -> None:
        text = self.after(IMPORT, all="1")
        self.assertIn("2 files: 1 imported, 1 rejected; 3 readings loaded.", text)

    def test_import_job_of_a_sample_has_user_and_channel(self) -> None:
        self.client.post(IMPORT, {"sample": "good.uff"})
        job = ImportJob.objects.get()
        self.assertEqual([job.requested_by, job.channel], [self.superuser, "admin"])

    def test_path_is_not_accepted_as_a_sample_name(self) -> None:
        outside = self.samples.parent / "outside.uff"
        outside.write_text(GOOD)
        self.addCleanup(outside.unlink)
        for name in "../outside.uff", str(outside), "../../etc/passwd", "good.uff/", "":
            with self.subTest(name):
                text = self.after(IMPORT, sample=name)
                self.assertIn("There is no sample file of that name.", text)
        self.assertEqual(ImportJob.objects.count(), 0)

    def test_missing_sample_folder_is_reported(self) -> None:
        with self.settings(SAMPLE_DATA_DIR=self.samples / "nowhere"):
            self.assertIn(
                "No sample files: the folder sample_data", self.dashboard_text()
            )
            self.assertIn("There is no sample file", self.after(IMPORT, all="1"))


class ClearTests(DashboardTestCase):
    def setUp(self) -> None:
        super().setUp()
        imported(EVERY_GROUP)
        self.silence_request_log()

    def clear(self, word: str = "CLEAR") -> str:
        """Return the text of the page after a word was typed."""
        return self.after(CLEAR, confirmation=word)

    def test_clearing_deletes_all_imported_rows(self) -> None:
        self.clear()
        rows = Reading, MeterPoint, FlowFile, ImportJob
        self.assertEqual([each.objects.count() for each in rows], [0, 0, 0, 0])

    def test_clearing_reports_the_deleted_rows(self) -> None:
        text = self.clear()
        self.assertIn("Database cleared: 3 readings, 3 site visits, ", text)

    def test_clearing_keeps_users(self) -> None:
        self.clear()
        self.assertEqual(User.objects.get(), self.superuser)

    def test_clearing_deletes_original_files(self) -> None:
        name = FlowFile.objects.get().content.name
        self.clear()
        self.assertIs(default_storage.exists(name), False)

    def test_clearing_is_logged_with_the_user(self) -> None:
        logging.disable(logging.NOTSET)
        with self.assertLogs("meter_readings", "WARNING") as logs:
            self.clear()
        event = AuditEvent.objects.get(action="clear")
        self.assertEqual(event.username, self.superuser.username)
        self.assertEqual(event.details["readings"], 3)
        self.assertIn(f"User {self.superuser.pk} cleared", logs.output[0])

    def test_page_shows_what_clearing_would_delete(self) -> None:
        self.assertIn(
            "3 current readings with all other versions, site visits, 2 meters, "
            "2 meter points",
            self.dashboard_text(),
        )

    def test_any_other_word_deletes_nothing(self) -> None:
        for word in "clear", "CLEAR ", " CLEAR", "CLEAR!", "yes", "":
            with self.subTest(word):
                self.assertIn("nothing was deleted.", self.clear(word))
        self.assertEqual(Reading.objects.count(), 3)

    def test_wrong_word_is_reported_at_the_field(self) -> None:
        page = self.client.post(CLEAR, {"confirmation": "clear"})
        self.assertContains(page, 'aria-invalid="true"')
        self.assertContains(page, 'aria-describedby="clear-help clear-problem"')

    def test_clearing_is_refused_during_an_import(self) -> None:
        ImportJob.objects.update(
            state=ImportJob.State.RUNNING,
            heartbeat_at=timezone.now() - timedelta(seconds=3),
        )
        text = self.clear()
        self.assertIn("Nothing was deleted. A file is being imported.", text)
        self.assertEqual(Reading.objects.count(), 3)


class DocumentedTests(DashboardTestCase):
    def test_every_sample_of_the_project_has_a_state(self) -> None:
        folder = settings.BASE_DIR / "sample_data"
        with self.settings(SAMPLE_DATA_DIR=folder):
            text = self.after(IMPORT, all="1")
        count = len(list(folder.glob("*.uff")))
        self.assertIn(f"{count} files: {count - 2} imported, 2 rejected", text)
