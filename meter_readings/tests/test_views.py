"""Tests of the home page."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from django.contrib.auth.models import Permission, User
from django.db import connection
from django.http import HttpResponse
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from meter_readings.models import ImportJob, SenderSchedule
from meter_readings.ops import worker_heartbeat
from meter_readings.queries.totals import RowCount, RowTotals
from meter_readings.tests.admin.testcases import file_with_much
from meter_readings.tests.jobs.job_helpers import with_queue
from meter_readings.tests.support.import_helpers import NOW, import_text, imported
from meter_readings.tests.support.users import user_with_view_permissions

ALL_MODELS = ("flowfile", "meterpoint", "meter", "reading")


class HomeTestCase(TestCase):
    def sign_in(self, *model_names: str, is_staff: bool = True) -> None:
        """Sign in a user with permission to view these models."""
        user = user_with_view_permissions(*model_names, is_staff=is_staff)
        self.client.force_login(user)

    def home(self) -> HttpResponse:
        return self.client.get("/")

    def query_count(self) -> int:
        with CaptureQueriesContext(connection) as queries:
            self.home()
        return len(queries)


class SignedOutTests(HomeTestCase):
    def test_welcome_page_describes_the_system(self) -> None:
        self.assertContains(self.home(), "UK electricity D0010 “Meter Readings” files")

    def test_welcome_page_links_to_sign_in(self) -> None:
        self.assertContains(self.home(), 'href="/admin/login/?next=/"')

    def test_welcome_page_shows_no_data(self) -> None:
        imported(file_with_much(1), "secret.uff")
        self.assertNotContains(self.home(), "secret.uff")

    def test_welcome_page_makes_no_queries(self) -> None:
        self.assertEqual(self.query_count(), 0)

    def test_home_page_is_not_cached(self) -> None:
        self.assertIn("no-store", self.home().headers["Cache-Control"])

    def test_post_is_not_allowed(self) -> None:
        with self.assertLogs("django.request", "WARNING"):
            self.assertEqual(self.client.post("/").status_code, 405)

    def test_welcome_page_has_no_inline_styles_or_scripts(self) -> None:
        self.assertNotRegex(
            self.home().content.decode(), r"<style|<script>|\bstyle=|\bon\w+="
        )


class AddressesTests(HomeTestCase):
    PATHS = ("/", "/admin/", "/admin/testing/", "/documentation/", "/api/v1/docs/")

    def test_home_page_names_the_addresses_of_the_site(self) -> None:
        for user in (None, User.objects.create_superuser("alice")):
            if user:
                self.client.force_login(user)
            page = self.home()
            for path in self.PATHS:
                with self.subTest(path, user=user):
                    link = f'<a href="{path}">http://testserver{path}</a>'
                    self.assertContains(page, link, html=True)

    def test_every_menu_links_to_the_documents_the_api_and_the_dashboard(self) -> None:
        self.client.force_login(User.objects.create_superuser("alice"))
        for address in ("/", "/admin/", "/documentation/", "/search/"):
            header = self.client.get(address).content.decode().partition("</header>")[0]
            for path in self.PATHS[2:]:
                with self.subTest(address, path=path):
                    self.assertIn(f'<a href="{path}">', header)

    def test_menu_omits_the_dashboard_without_permission(self) -> None:
        self.sign_in(*ALL_MODELS)
        header = self.home().content.decode().partition("</header>")[0]
        self.assertNotIn("/admin/testing/", header)


class SignedInWithoutPermissionTests(HomeTestCase):
    def test_user_without_permissions_sees_no_data(self) -> None:
        imported(file_with_much(1), "secret.uff")
        self.sign_in()
        self.assertNotContains(self.home(), "secret.uff")

    def test_user_with_three_of_four_permissions_sees_no_data(
        self,
    ) -> None:
        imported(file_with_much(1), "secret.uff")
        self.sign_in(*ALL_MODELS[:3])
        self.assertNotContains(self.home(), "secret.uff")

    def test_user_without_permissions_is_told_which_to_ask_for(self) -> None:
        self.sign_in()
        self.assertContains(self.home(), "Ask an administrator for permission")

    def test_user_without_permissions_can_sign_out(self) -> None:
        self.sign_in()
        self.assertContains(self.home(), 'action="/admin/logout/"')


class OverviewTests(HomeTestCase):
    def setUp(self) -> None:
        self.sign_in(*ALL_MODELS)

    def totals(self) -> dict[str, str]:
        totals = self.home().context["totals"]
        return {stat.name: stat.number for stat in totals}

    def test_overview_shows_row_totals(self) -> None:
        imported(file_with_much(3))
        self.assertEqual(
            self.totals(),
            {
                "Current readings": "3",
                "Meters": "3",
                "Meter points": "3",
                "Imported files": "1",
            },
        )

    def test_overview_links_to_lists_of_what_it_counts(self) -> None:
        lists = "/admin/meter_readings"
        for name, address in {
            "Current readings": f"{lists}/reading/",
            "Imported files": f"{lists}/flowfile/?status__exact=imported",
        }.items():
            with self.subTest(name):
                self.assertContains(self.home(), f'<a href="{address}">{name}</a>')

    def test_overview_marks_estimated_totals(self) -> None:
        many = RowCount(1_234_567, False)
        rows = RowTotals(10, many, many, 9_876_543)
        with patch("meter_readings.queries.totals.row_totals", return_value=rows):
            self.assertEqual(self.totals()["Meters"], "about 1,234,567")

    def test_overview_shows_the_latest_files_with_their_outcome(self) -> None:
        file = imported(file_with_much(1))
        self.assertEqual([*self.home().context["latest"]], [file])

    def test_overview_links_to_the_files(self) -> None:
        file = imported(file_with_much(1))
        link = f'<a href="{file.get_absolute_url()}">sample.uff</a>'
        self.assertContains(self.home(), link, html=True)

    def test_overview_shows_rejected_files_first(self) -> None:
        import_text("nothing of the kind", "nothing.txt", now=timezone.now())
        page = self.home()
        self.assertContains(page, "Rejected files that need attention, latest first")
        self.assertEqual(
            [str(file) for file in page.context["rejected"]][0][:7], "nothing"
        )

    def test_overview_lists_no_imported_file_as_rejected(self) -> None:
        imported(file_with_much(1))
        self.assertEqual([*self.home().context["rejected"]], [])

    def test_overview_lists_at_most_five_rejected_files(self) -> None:
        for number in range(6):
            text = f"nothing of the kind {number}"
            import_text(text, f"{number}.txt", now=timezone.now())
        self.assertEqual(len(self.home().context["rejected"]), 5)

    def test_overview_links_to_all_rejected_files(self) -> None:
        import_text("nothing of the kind", "nothing.txt", now=timezone.now())
        link = "/admin/meter_readings/flowfile/?status__exact=rejected"
        self.assertContains(self.home(), f'<a href="{link}">All rejected files</a>')

    def test_overview_counts_files_needing_attention(self) -> None:
        import_text("nothing of the kind", "nothing.txt", now=timezone.now())
        self.assertContains(self.home(), '<td class="number">1</td>')

    def test_overview_reports_that_no_files_need_attention(self) -> None:
        self.assertContains(
            self.home(), "every file of the last 30 days was imported without warnings"
        )

    def test_overview_counts_the_senders_whose_files_are_missing(self) -> None:
        SenderSchedule.objects.create(participant="NEEB", interval_days=7)
        self.assertContains(
            self.home(),
            'Missing</span> <a href="/admin/expected-files/">Files of 1 sender</a>',
        )

    def test_overview_shows_the_totals_of_today(self) -> None:
        imported(file_with_much(2), now=timezone.now())
        import_text("nothing of the kind", "nothing.txt", now=timezone.now())
        today = {stat.name: stat.number for stat in self.home().context["today"]}
        self.assertEqual(
            today,
            {"Files received": "2", "Readings loaded": "2", "Files rejected": "1"},
        )

    def test_overview_shows_two_weeks_as_a_sparkline_and_a_table(self) -> None:
        page = self.home()
        self.assertContains(page, '<rect class="sparkline-bar"', 13)
        self.assertContains(page, '<rect class="sparkline-latest"', 1)
        self.assertEqual(len(page.context["days"]), 14)

    def test_overview_shows_no_imports_in_progress_without_permission(self) -> None:
        self.assertNotIn("running", self.home().context)

    def test_overview_links_to_the_upload_page_with_permission_to_import(self) -> None:
        link = 'href="/admin/upload/"'
        self.assertNotContains(self.home(), link)
        permission = Permission.objects.get(codename="import_flowfile")
        User.objects.get().user_permissions.add(permission)
        self.assertContains(self.home(), link, 2)

    def test_overview_without_files_shows_the_import_command(self) -> None:
        self.assertContains(self.home(), "import_d0010 FILE")

    def test_overview_has_a_search_box(self) -> None:
        self.assertContains(self.home(), 'action="/search/"')

    def test_overview_has_one_h1(self) -> None:
        self.assertContains(self.home(), "<h1>", 1)

    def test_overview_has_no_inline_styles_or_scripts(self) -> None:
        imported(file_with_much(1))
        self.assertNotRegex(
            self.home().content.decode(), r"<style|<script>|\bstyle=|\bon\w+="
        )


class ImportJobsTests(HomeTestCase):
    def setUp(self) -> None:
        self.sign_in(*ALL_MODELS, "importjob")

    def run_job(self, **fields: Any) -> None:
        """Create a running job."""
        now = timezone.now()
        ImportJob.objects.create(
            **{"filename": "big.uff", "policy": "standard", "channel": "command"}
            | {"phase": "validating", "bytes_processed": 3_000_000}
            | {"started_at": now, "heartbeat_at": now}
            | fields
        )

    def test_running_import_shows_its_progress(self) -> None:
        self.run_job()
        page = self.home()
        bar = '<progress max="3" value="2" aria-label="big.uff"></progress>'
        self.assertContains(page, bar, html=True)
        self.assertContains(page, "Validating (step 2 of 3), 2.9 MB checked")

    def test_running_import_links_to_its_job(self) -> None:
        self.run_job(pk=7)
        self.assertContains(self.home(), 'href="/admin/meter_readings/importjob/7/')

    def test_section_of_running_imports_is_left_out_if_there_are_none(self) -> None:
        self.assertNotContains(self.home(), "Imports in progress")

    def test_running_import_without_heartbeat_is_shown_as_stalled(self) -> None:
        self.run_job(heartbeat_at=timezone.now() - timedelta(minutes=11))
        self.assertContains(self.home(), "Stalled")

    def test_files_sent_again_today_are_counted(self) -> None:
        imported(file_with_much(1), now=timezone.now())
        import_text(file_with_much(1), now=timezone.now())
        self.assertContains(self.home(), "<dt>Files sent again</dt><dd>1</dd>")


class OverviewWithoutStaffTests(HomeTestCase):
    def setUp(self) -> None:
        self.sign_in(*ALL_MODELS, is_staff=False)
        imported(file_with_much(1))

    def test_overview_shows_the_files_to_users_who_are_not_staff(self) -> None:
        self.assertContains(self.home(), "sample.uff")

    def test_overview_has_no_admin_links_for_users_who_are_not_staff(self) -> None:
        import_text("nothing of the kind", "nothing.txt", now=timezone.now())
        self.assertNotContains(self.home(), 'href="/admin/')


class QueryCountTests(HomeTestCase):
    """Session, user, data version, one query for file totals, two each for meters and
    meter points; one each for the versions that are not current, the last days, the
    latest and the rejected files, the files needing attention, today's imports, and the
    running imports; two for late senders, one for watched folders.
    """

    def setUp(self) -> None:
        self.client.force_login(User.objects.create_superuser("alice"))

    def test_overview_takes_as_many_queries_for_many_files_as_for_one(self) -> None:
        imported(file_with_much(1))
        import_text("nothing of the kind", "nothing.txt")
        before = self.query_count()
        for number in range(1, 20):
            imported(file_with_much(1, number), f"{number}.uff")
            import_text(f"nothing of the kind {number}", f"{number}.txt")
        self.assertEqual([before, self.query_count()], [19, 19])


@with_queue
class QueueTests(HomeTestCase):
    def setUp(self) -> None:
        self.client.force_login(User.objects.create_superuser("alice"))

    def test_queue_takes_one_query(self) -> None:
        self.assertEqual(self.query_count(), 20)

    def test_query_of_the_queue_uses_the_index_of_states(self) -> None:
        waiting = ImportJob.objects.waiting()
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET LOCAL enable_seqscan = off")
        self.assertIn("import_job_state_idx", waiting.explain())

    def test_jobs_that_wait_without_a_worker_are_counted(self) -> None:
        for number in range(2):
            ImportJob.objects.create(
                state="queued",
                channel="api",
                started_at=NOW,
                heartbeat_at=NOW,
                filename=f"{number}.uff",
            )
        page = self.home()
        self.assertContains(page, "2 jobs wait</a> for the worker.")
        self.assertContains(page, "No worker is running.")

    def test_living_worker_is_shown(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        with self.settings(MEDIA_ROOT=folder), worker_heartbeat.beating():
            page = self.home()
        self.assertContains(page, "No job waits for the worker.")
        self.assertContains(page, "A worker is running.")

    def test_users_outside_the_admin_have_no_link_to_the_jobs(self) -> None:
        ImportJob.objects.create(
            state="queued", channel="api", started_at=NOW, heartbeat_at=NOW
        )
        self.sign_in(*ALL_MODELS, "importjob", is_staff=False)
        self.assertContains(self.home(), "1 job waits for the worker.")

    def test_nothing_is_said_where_no_worker_is_needed(self) -> None:
        with self.settings(TASKS_BACKEND="immediate"):
            self.assertNotContains(self.home(), "for the worker")
