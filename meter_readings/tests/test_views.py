"""The home page: an overview for those who may look, and no data for anyone else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch

from django.contrib.auth.models import Permission, User
from django.db import connection
from django.http import HttpResponse
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from meter_readings.models import ImportJob
from meter_readings.queries.totals import RowCount, RowTotals
from meter_readings.tests.admin.testcases import file_with_much
from meter_readings.tests.import_helpers import import_text, imported
from meter_readings.tests.users import user_with_view_permissions

ALL_FOUR = ("flowfile", "meterpoint", "meter", "reading")


class HomeTestCase(TestCase):
    def sign_in(self, *model_names: str, is_staff: bool = True) -> None:
        """Sign a user in who may view these models."""
        user = user_with_view_permissions(*model_names, is_staff=is_staff)
        self.client.force_login(user)

    def home(self) -> HttpResponse:
        """Return the home page."""
        return self.client.get("/")

    def query_count(self) -> int:
        """Return how many questions the home page asks the database."""
        with CaptureQueriesContext(connection) as queries:
            self.home()
        return len(queries)


class SignedOutTests(HomeTestCase):
    def test_signed_out_says_what_this_is(self) -> None:
        self.assertContains(self.home(), "UK electricity D0010 “Meter Readings” files")

    def test_signed_out_says_where_to_sign_in(self) -> None:
        self.assertContains(self.home(), 'href="/admin/login/?next=/"')

    def test_signed_out_shows_no_data(self) -> None:
        imported(file_with_much(1), "secret.uff")
        self.assertNotContains(self.home(), "secret.uff")

    def test_signed_out_asks_the_database_nothing(self) -> None:
        self.assertEqual(self.query_count(), 0)

    def test_signed_out_is_not_kept_by_anybody_on_the_way(self) -> None:
        self.assertIn("no-store", self.home().headers["Cache-Control"])

    def test_signed_out_answers_no_other_method(self) -> None:
        with self.assertLogs("django.request", "WARNING"):
            self.assertEqual(self.client.post("/").status_code, 405)

    def test_signed_out_loads_nothing_inline(self) -> None:
        self.assertNotRegex(
            self.home().content.decode(), r"<style|<script>|\bstyle=|\bon\w+="
        )


class SignedInWithoutPermissionTests(HomeTestCase):
    def test_signed_in_without_permission_shows_no_data(self) -> None:
        imported(file_with_much(1), "secret.uff")
        self.sign_in()
        self.assertNotContains(self.home(), "secret.uff")

    def test_signed_in_without_permission_shows_no_data_where_one_permission_is_missing(
        self,
    ) -> None:
        imported(file_with_much(1), "secret.uff")
        self.sign_in(*ALL_FOUR[:3])
        self.assertNotContains(self.home(), "secret.uff")

    def test_signed_in_without_permission_says_what_to_ask_for(self) -> None:
        self.sign_in()
        self.assertContains(self.home(), "Ask an administrator for the permission")

    def test_signed_in_without_permission_offers_to_sign_out(self) -> None:
        self.sign_in()
        self.assertContains(self.home(), 'action="/admin/logout/"')


class OverviewTests(HomeTestCase):
    def setUp(self) -> None:
        self.sign_in(*ALL_FOUR)

    def figures(self) -> dict[str, str]:
        """Return the figures by their names."""
        figures = self.home().context["figures"]
        return {figure.name: figure.number for figure in figures}

    def test_overview_tells_how_much_is_held(self) -> None:
        imported(file_with_much(3))
        self.assertEqual(
            self.figures(),
            {
                "Readings": "3",
                "Meters": "3",
                "Meter points": "3",
                "Imported files": "1",
            },
        )

    def test_overview_says_where_a_number_is_an_estimate(self) -> None:
        many = RowCount(1_234_567, False)
        held = RowTotals(10, many, many, 9_876_543)
        with patch("meter_readings.queries.totals.row_totals", return_value=held):
            self.assertEqual(self.figures()["Meters"], "about 1,234,567")

    def test_overview_shows_the_latest_files_with_their_outcome(self) -> None:
        file = imported(file_with_much(1))
        self.assertEqual([*self.home().context["latest"]], [file])

    def test_overview_leads_to_the_files(self) -> None:
        file = imported(file_with_much(1))
        link = f'<a href="{file.get_absolute_url()}">sample.uff</a>'
        self.assertContains(self.home(), link, html=True)

    def test_overview_shows_rejected_files_first(self) -> None:
        import_text("nothing of the kind", "nothing.txt")
        page = self.home()
        self.assertContains(page, "Rejected files, latest first")
        self.assertEqual(
            [str(file) for file in page.context["rejected"]][0][:7], "nothing"
        )

    def test_overview_shows_no_imported_file_among_those_rejected(self) -> None:
        imported(file_with_much(1))
        self.assertEqual([*self.home().context["rejected"]], [])

    def test_overview_shows_no_more_than_five_rejected_files(self) -> None:
        for number in range(6):
            import_text(f"nothing of the kind {number}", f"{number}.txt")
        self.assertEqual(len(self.home().context["rejected"]), 5)

    def test_overview_leads_to_all_rejected_files(self) -> None:
        import_text("nothing of the kind", "nothing.txt")
        link = "/admin/meter_readings/flowfile/?status__exact=rejected"
        self.assertContains(self.home(), f'<a href="{link}">All rejected files</a>')

    def test_overview_counts_what_needs_attention(self) -> None:
        import_text("nothing of the kind", "nothing.txt", now=timezone.now())
        self.assertContains(self.home(), '<td class="number">1</td>')

    def test_overview_says_that_nothing_needs_attention(self) -> None:
        self.assertContains(
            self.home(), "no file of the last 30 days was rejected or has a warning"
        )

    def test_overview_tells_what_came_today(self) -> None:
        imported(file_with_much(2), now=timezone.now())
        import_text("nothing of the kind", "nothing.txt", now=timezone.now())
        today = {figure.name: figure.number for figure in self.home().context["today"]}
        self.assertEqual(
            today,
            {"Files received": "2", "Readings loaded": "2", "Files rejected": "1"},
        )

    def test_overview_draws_two_weeks_and_tells_them_in_a_table(self) -> None:
        page = self.home()
        self.assertContains(page, '<rect class="spark-bar"', 13)
        self.assertContains(page, '<rect class="spark-last"', 1)
        self.assertEqual(len(page.context["days"]), 14)

    def test_overview_shows_attempts_to_nobody_who_may_not_view_them(self) -> None:
        self.assertNotIn("running", self.home().context)

    def test_overview_leads_to_the_upload_who_may_import(self) -> None:
        link = 'href="/admin/upload/"'
        self.assertNotContains(self.home(), link)
        permission = Permission.objects.get(codename="import_flowfile")
        User.objects.get().user_permissions.add(permission)
        self.assertContains(self.home(), link, 2)

    def test_overview_says_how_to_begin(self) -> None:
        self.assertContains(self.home(), "python manage.py import_d0010 FILE")

    def test_overview_has_a_search_box(self) -> None:
        self.assertContains(self.home(), 'action="/find/"')

    def test_overview_has_one_h1(self) -> None:
        self.assertContains(self.home(), "<h1>", 1)

    def test_overview_loads_nothing_inline(self) -> None:
        imported(file_with_much(1))
        self.assertNotRegex(
            self.home().content.decode(), r"<style|<script>|\bstyle=|\bon\w+="
        )


class AttemptsTests(HomeTestCase):
    def setUp(self) -> None:
        self.sign_in(*ALL_FOUR, "importjob")

    def run_job(self, **how: Any) -> None:
        """Put down an attempt that is not over."""
        now = timezone.now()
        ImportJob.objects.create(
            **{"filename": "big.uff", "policy": "standard", "channel": "command"}
            | {"phase": "checking", "bytes_processed": 3_000_000}
            | {"started_at": now, "heartbeat_at": now}
            | how
        )

    def test_attempts_are_shown_with_how_far_they_are(self) -> None:
        self.run_job()
        page = self.home()
        bar = '<progress max="3" value="2" aria-label="big.uff"></progress>'
        self.assertContains(page, bar, html=True)
        self.assertContains(page, "Checking (step 2 of 3), 2.9\xa0MB checked")

    def test_attempts_lead_to_their_pages(self) -> None:
        self.run_job(pk=7)
        self.assertContains(self.home(), 'href="/admin/meter_readings/importjob/7/')

    def test_attempts_are_not_mentioned_where_none_is_running(self) -> None:
        self.assertNotContains(self.home(), "Working now")

    def test_that_have_fallen_silent_say_so(self) -> None:
        self.run_job(heartbeat_at=timezone.now() - timedelta(minutes=5))
        self.assertContains(self.home(), "No sign of life")

    def test_attempts_of_today_that_brought_what_was_held_are_counted(self) -> None:
        imported(file_with_much(1), now=timezone.now())
        import_text(file_with_much(1), now=timezone.now())
        self.assertContains(self.home(), "<dt>Duplicates</dt><dd>1</dd>")


class OverviewForOthersThanStaffTests(HomeTestCase):
    def setUp(self) -> None:
        self.sign_in(*ALL_FOUR, is_staff=False)
        imported(file_with_much(1))

    def test_overview_for_others_than_staff_shows_the_files(self) -> None:
        self.assertContains(self.home(), "sample.uff")

    def test_overview_for_others_than_staff_leads_nowhere_into_the_admin(self) -> None:
        import_text("nothing of the kind", "nothing.txt", now=timezone.now())
        self.assertNotContains(self.home(), 'href="/admin/')


class QueryCountTests(HomeTestCase):
    """Session, user, one for the files' numbers, two each for meters and meter points;
    one each for the last days, the latest and the rejected files, what needs attention,
    today's attempts, and those that are running.
    """

    def setUp(self) -> None:
        self.client.force_login(User.objects.create_superuser("alice"))

    def test_query_count_is_the_same_for_one_file_as_for_many(self) -> None:
        imported(file_with_much(1))
        import_text("nothing of the kind", "nothing.txt")
        before = self.query_count()
        for number in range(1, 20):
            imported(file_with_much(1, number), f"{number}.uff")
            import_text(f"nothing of the kind {number}", f"{number}.txt")
        self.assertEqual([before, self.query_count()], [13, 13])
