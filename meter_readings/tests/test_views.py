"""The home page: an overview for those who may look, and no data for anyone else."""

from __future__ import annotations

from unittest.mock import patch

from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponse
from django.test import TestCase
from django.test.utils import CaptureQueriesContext

from meter_readings.queries import Holdings, RowCount
from meter_readings.tests.admin.base import file_with_much, user_who_may_view
from meter_readings.tests.imported import import_text, imported

ALL_FOUR = ("flowfile", "meterpoint", "meter", "reading")


class HomeTestCase(TestCase):
    def sign_in(self, *model_names: str, is_staff: bool = True) -> None:
        """Sign a user in who may view these models."""
        user = user_who_may_view(*model_names, is_staff=is_staff)
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
    def test_says_what_this_is(self) -> None:
        self.assertContains(self.home(), "UK electricity D0010 “Meter Readings” files")

    def test_says_where_to_sign_in(self) -> None:
        self.assertContains(self.home(), 'href="/admin/login/?next=/"')

    def test_shows_no_data(self) -> None:
        imported(file_with_much(1), "secret.uff")
        self.assertNotContains(self.home(), "secret.uff")

    def test_asks_the_database_nothing(self) -> None:
        self.assertEqual(self.query_count(), 0)

    def test_is_not_kept_by_anybody_on_the_way(self) -> None:
        self.assertIn("no-store", self.home().headers["Cache-Control"])

    def test_answers_no_other_method(self) -> None:
        with self.assertLogs("django.request", "WARNING"):
            self.assertEqual(self.client.post("/").status_code, 405)

    def test_loads_nothing_inline(self) -> None:
        self.assertNotRegex(
            self.home().content.decode(), r"<style|<script>|\bstyle=|\bon\w+="
        )


class SignedInWithoutPermissionTests(HomeTestCase):
    def test_shows_no_data(self) -> None:
        imported(file_with_much(1), "secret.uff")
        self.sign_in()
        self.assertNotContains(self.home(), "secret.uff")

    def test_shows_no_data_where_one_permission_is_missing(self) -> None:
        imported(file_with_much(1), "secret.uff")
        self.sign_in(*ALL_FOUR[:3])
        self.assertNotContains(self.home(), "secret.uff")

    def test_says_what_to_ask_for(self) -> None:
        self.sign_in()
        self.assertContains(self.home(), "Ask an administrator for the permission")

    def test_offers_to_sign_out(self) -> None:
        self.sign_in()
        self.assertContains(self.home(), 'action="/admin/logout/"')


class OverviewTests(HomeTestCase):
    def setUp(self) -> None:
        self.sign_in(*ALL_FOUR)

    def figures(self) -> dict[str, str]:
        """Return the figures by their names."""
        figures = self.home().context["figures"]
        return {figure.name: figure.number for figure in figures}

    def test_tells_how_much_is_held(self) -> None:
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

    def test_says_where_a_number_is_an_estimate(self) -> None:
        many = RowCount(1_234_567, False)
        held = Holdings(10, many, many, 9_876_543)
        with patch("meter_readings.queries.holdings", return_value=held):
            self.assertEqual(self.figures()["Meters"], "about 1,234,567")

    def test_shows_the_latest_files_with_their_outcome(self) -> None:
        file = imported(file_with_much(1))
        self.assertEqual([*self.home().context["latest"]], [file])

    def test_leads_to_the_files(self) -> None:
        file = imported(file_with_much(1))
        link = f'<a href="{file.get_absolute_url()}">sample.uff</a>'
        self.assertContains(self.home(), link, html=True)

    def test_shows_rejected_files_first(self) -> None:
        import_text("nothing of the kind", "nothing.txt")
        page = self.home()
        self.assertContains(page, "Rejected files, latest first")
        self.assertEqual(
            [str(file) for file in page.context["rejected"]][0][:7], "nothing"
        )

    def test_shows_no_more_than_five_rejected_files(self) -> None:
        for number in range(6):
            import_text(f"nothing of the kind {number}", f"{number}.txt")
        self.assertContains(self.home(), "5 of 6 rejected files.")

    def test_says_that_nothing_needs_attention(self) -> None:
        self.assertContains(self.home(), "Nothing: no file was rejected.")

    def test_says_how_to_begin(self) -> None:
        self.assertContains(self.home(), "python manage.py import_d0010 FILE")

    def test_finds_readings_in_the_admin(self) -> None:
        self.assertContains(self.home(), 'action="/admin/meter_readings/reading/"')

    def test_has_one_h1(self) -> None:
        self.assertContains(self.home(), "<h1>", 1)

    def test_loads_nothing_inline(self) -> None:
        imported(file_with_much(1))
        self.assertNotRegex(
            self.home().content.decode(), r"<style|<script>|\bstyle=|\bon\w+="
        )


class OverviewForOthersThanStaffTests(HomeTestCase):
    def setUp(self) -> None:
        self.sign_in(*ALL_FOUR, is_staff=False)
        imported(file_with_much(1))

    def test_shows_the_files(self) -> None:
        self.assertContains(self.home(), "sample.uff")

    def test_leads_nowhere_into_the_admin(self) -> None:
        self.assertNotContains(self.home(), 'href="/admin/')


class QueryCountTests(HomeTestCase):
    """Session, user, permissions by user and by group, two for the files' numbers, two
    each for meters and meter points, one for the latest files, two for the rejected.
    """

    def setUp(self) -> None:
        self.client.force_login(User.objects.create_superuser("alice"))

    def test_is_the_same_for_one_file_as_for_many(self) -> None:
        imported(file_with_much(1))
        import_text("nothing of the kind", "nothing.txt")
        before = self.query_count()
        for number in range(1, 20):
            imported(file_with_much(1, number), f"{number}.uff")
            import_text(f"nothing of the kind {number}", f"{number}.txt")
        self.assertEqual([before, self.query_count()], [11, 11])
