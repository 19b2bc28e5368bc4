"""Tests of the search page and the search box."""

from __future__ import annotations

from itertools import count
from typing import Any
from unittest.mock import patch

from django.db import connection
from django.http import HttpResponse
from django.urls import reverse

from meter_readings.models import FlowFile, Meter, MeterPoint
from meter_readings.tests.admin.testcases import (
    AdminTestCase,
    file_with_much,
    list_address,
)
from meter_readings.tests.support.flow_file_builder import flow_file, header_line
from meter_readings.tests.support.import_helpers import import_text, imported
from meter_readings.tests.support.query_plans import (
    plan_text,
    queries_of,
    table_scans,
)
from meter_readings.tests.support.users import user_with_view_permissions

MPAN = "1200023305967"
OTHER_HEADER = header_line(file_identifier="OTHER00002", created_at="20240402081500")
SAMPLE = flow_file("""
    026|1200023305967|V|
    028|F75A 00802|D|
    030|S|20240301000000|1.0|||T|N|
    026|2000000000015|V|
    028|F75A 00803|R|
    030|S|20240302000000|2.0|||T|N|
    """)
# A meter with the same serial number at another meter point
OTHER = flow_file(
    """
    026|2000000000024|V|
    028|F75A 00803|R|
    030|S|20240302000000|3.0|||T|N|
    026|2000000000033|V|
    028|12000000|R|
    030|S|20240302000000|4.0|||T|N|
    """,
    header=OTHER_HEADER,
)


class SearchTestCase(AdminTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.file = imported(SAMPLE, "sample.uff")
        cls.other_file = imported(OTHER, "other.uff")

    def search(self, text: str) -> HttpResponse:
        return self.client.get("/search/", {"q": text})

    def results(self, text: str) -> dict[str, list[str]]:
        """Return the results shown, by the title of their section."""
        response = self.search(text)
        self.assertEqual(response.status_code, 200)
        sections = response.context["sections"]
        return {
            section.title: [str(row) for row in section.rows] for section in sections
        }

    def expect_page(self, text: str, row: FlowFile | Meter | MeterPoint) -> None:
        """Expect a redirect to the page of an object."""
        address = row.get_absolute_url()
        self.assertRedirects(self.search(text), address, fetch_redirect_response=False)


class ExactMatchTests(SearchTestCase):
    def expect_meter_point(self, text: str) -> None:
        """Expect a redirect to the meter point of the sample."""
        self.expect_page(text, MeterPoint.objects.get(mpan=MPAN))

    def test_mpan_redirects_to_its_meter_point(self) -> None:
        self.expect_meter_point(MPAN)

    def test_mpan_may_have_spaces(self) -> None:
        self.expect_meter_point(" 12 0002 3305 967 ")

    def test_mpan_may_have_hyphens(self) -> None:
        self.expect_meter_point("12-0002-3305–967")

    def test_supply_number_redirects_to_its_meter_point(self) -> None:
        self.expect_meter_point("01 801 100 12 0002 3305 967")

    def test_serial_number_redirects_to_its_meter(self) -> None:
        self.expect_page("F75A 00802", Meter.objects.get(serial_number="F75A 00802"))

    def test_serial_number_may_be_in_lower_case(self) -> None:
        self.expect_page("f75a 00802", Meter.objects.get(serial_number="F75A 00802"))

    def test_spaces_case_labels_and_full_stops_do_not_matter(self) -> None:
        meter = Meter.objects.get(serial_number="F75A 00802")
        for text in (
            "f75a00802",
            "F75 A00802",
            "serial: F75A 00802.",
            "MSN f75a 00802",
        ):
            with self.subTest(text):
                self.expect_page(text, meter)
        for text in ("SAMPLE.UFF", "file name: sample .uff", "sample.uff."):
            with self.subTest(text):
                self.expect_page(text, self.file)
        for text in ("MPAN 12 0002 3305 967.", "msid:1200023305967"):
            with self.subTest(text):
                self.expect_meter_point(text)

    def test_name_that_begins_with_a_label_is_found(self) -> None:
        file = import_text("nothing of the kind", "file 7.uff").flow_file
        assert file is not None
        self.expect_page("file 7.uff", file)

    def test_name_with_letters_other_than_ascii_is_found(self) -> None:
        file = import_text("nothing of the kind", "März.uff").flow_file
        assert file is not None
        self.expect_page("März.uff", file)

    def test_file_name_redirects_to_its_flow_file(self) -> None:
        self.expect_page("sample.uff", self.file)

    def test_file_identifier_redirects_to_its_flow_file(self) -> None:
        self.expect_page("OTHER00002", self.other_file)

    def test_sha256_redirects_to_its_flow_file(self) -> None:
        self.expect_page(self.file.sha256, self.file)

    def test_eight_digits_of_a_sha256_redirect_to_its_flow_file(self) -> None:
        self.expect_page(self.file.sha256[:8].upper(), self.file)


class SeveralExactMatchesTests(SearchTestCase):
    def expect_list(self, model_name: str, text: str) -> None:
        """Expect a redirect to an admin list with two rows."""
        response = self.client.get("/search/", {"q": text}, follow=True)
        address, _ = response.redirect_chain[-1]
        self.assertEqual(address.partition("?")[0], list_address(model_name))
        self.assertEqual(len(response.context["cl"].result_list), 2)

    def test_serial_number_of_several_meters_redirects_to_the_list(self) -> None:
        self.expect_list("meter", "F75A 00803")

    def test_lower_case_serial_number_of_several_meters_redirects_to_the_list(
        self,
    ) -> None:
        self.expect_list("meter", "f75a 00803")

    def test_name_of_several_files_redirects_to_the_list(self) -> None:
        import_text("nothing of the kind", "sample.uff", allow_same_name=True)
        self.expect_list("flowfile", "sample.uff")


class ResultsTests(SearchTestCase):
    def test_results_include_meter_points_by_the_beginning_of_the_mpan(self) -> None:
        self.assertEqual(
            self.results("2000 0000 0001"), {"Meter points": ["20 0000 0000 015"]}
        )

    def test_results_include_meters_by_the_beginning_of_the_serial_number(self) -> None:
        serial_numbers = ["F75A 00802", "F75A 00803", "F75A 00803"]
        self.assertEqual(self.results("f75a"), {"Meters": serial_numbers})

    def test_results_include_files_by_the_beginning_of_the_name(self) -> None:
        self.assertEqual(self.results("samp"), {"Flow files": [str(self.file)]})

    def test_results_include_meters_and_files_by_a_part_if_nothing_begins_so(
        self,
    ) -> None:
        self.assertEqual(
            self.results("5a 0080")["Meters"], ["F75A 00803"] * 2 + ["F75A 00802"]
        )
        self.assertEqual(self.results("ample.u"), {"Flow files": [str(self.file)]})

    def test_a_part_needs_four_characters(self) -> None:
        self.assertEqual(self.results("mpl"), {})

    def test_signs_of_patterns_are_plain_text(self) -> None:
        self.assertEqual(self.results("_5A00%"), {})

    def test_search_for_a_part_that_ends_early_says_so(self) -> None:
        clock = "meter_readings.queries.part_search.time.monotonic"
        with patch("meter_readings.queries.part_search._RANGE_ROWS", (1,)):
            self.assertNotContains(self.search("F75B"), "Not everything was searched")
            with patch(clock, side_effect=count()):
                page = self.search("5A 00802")
        self.assertContains(page, "Not everything was searched")
        self.assertContains(page, "No results.")

    def test_results_by_a_part_are_limited_to_ten_and_link_to_all(self) -> None:
        imported(file_with_much(11), "much.uff")
        page = self.search("ERIAL")
        self.assertContains(page, "All matching meters")
        self.assertNotContains(page, "Not everything was searched")

    def test_results_of_several_models_are_shown_together(self) -> None:
        self.assertEqual(
            self.results("12000"),
            {"Meter points": ["12 0002 3305 967"], "Meters": ["12000000"]},
        )

    def test_exact_matches_of_several_models_are_shown_together(self) -> None:
        import_text("nothing of the kind", "12000000")
        self.assertEqual(
            self.results("12000000"),
            {"Meters": ["12000000"], "Flow files": ["12000000 (no identifier)"]},
        )

    def test_results_link_to_their_pages(self) -> None:
        meter = Meter.objects.get(serial_number="12000000")
        self.assertContains(self.search("1200"), f'href="{meter.get_absolute_url()}"')

    def test_results_are_limited_to_ten_and_link_to_all_of_them(self) -> None:
        imported(file_with_much(11, 7), "much.uff")
        response = self.search("SERIAL")
        (section,) = response.context["sections"]
        self.assertEqual(len(section.rows), 10)
        address = f"{list_address('meter')}?q=SERIAL"
        self.assertContains(response, f'<a href="{address}">All matching meters')

    def test_no_results_are_reported(self) -> None:
        self.assertContains(self.search("nowhere"), "No results. Check the MPAN")

    def test_wrong_check_digit_is_reported_with_the_right_mpan(self) -> None:
        page = self.search("12 0002 3305 968")
        self.assertContains(page, "is wrong. With the same first twelve digits")
        self.assertContains(page, f'<a href="/search/?q={MPAN}">')

    def test_stored_mpans_similar_to_a_wrong_one_are_listed(self) -> None:
        point = MeterPoint.objects.get(mpan=MPAN)
        for text in ("1200023305968", "1200023307967", "2100023305967"):
            with self.subTest(text):
                page = self.search(text)
                self.assertEqual(page.context["similar"], [point])
                self.assertContains(page, f'<a href="{point.get_absolute_url()}">')

    def test_valid_mpan_that_is_not_stored_is_not_called_wrong(self) -> None:
        self.assertNotContains(self.search("1000000000003"), "is wrong")

    def test_pasted_list_of_mpans_lists_its_meter_points(self) -> None:
        page = self.search(
            f"MPAN {MPAN}, 20 0000 0000 015\n1000000000003 2000000000016"
        )
        (section,) = page.context["sections"]
        self.assertEqual([row.mpan for row in section.rows], [MPAN, "2000000000015"])
        self.assertEqual(page.context["not_stored"], ["1000000000003", "2000000000016"])
        self.assertContains(page, "is wrong. With the same first twelve digits", 1)

    def test_list_of_mpans_takes_three_queries(self) -> None:
        with self.assertNumQueries(3):
            self.search(f"{MPAN},2000000000015")

    def test_text_with_a_nul_character_has_no_results(self) -> None:
        self.assertEqual(self.results("nowhere\0"), {})

    def test_unknown_mpan_has_no_results(self) -> None:
        self.assertEqual(self.results("1000000000003"), {})

    def test_search_text_is_escaped(self) -> None:
        self.assertContains(self.search("<b>x"), "&lt;b&gt;x")

    def test_search_box_keeps_the_text(self) -> None:
        self.assertContains(self.search("nowhere"), 'value="nowhere"')

    def test_results_page_has_the_search_help(self) -> None:
        self.assertContains(
            self.search("nowhere"), "Serial number or its beginning, in capitals or not"
        )

    def test_results_page_has_one_h1(self) -> None:
        self.assertContains(self.search("12000"), "<h1>", 1)

    def test_results_page_is_not_cached(self) -> None:
        self.assertIn("no-store", self.search("12000").headers["Cache-Control"])

    def test_results_page_has_no_inline_styles_or_scripts(self) -> None:
        self.assertNotRegex(
            self.search("12000").content.decode(), r"<style|<script>|\bstyle=|\bon\w+="
        )


class EmptySearchTests(SearchTestCase):
    def test_empty_search_shows_the_search_help(self) -> None:
        self.assertContains(self.client.get("/search/"), "<h1>Search</h1>", html=True)

    def test_search_for_spaces_has_no_results(self) -> None:
        self.assertEqual(self.results("   "), {})


class QueryCountTests(SearchTestCase):
    """Session, user, and the data version for an MPAN; one query per model for exact
    matches and, if there is not exactly one, one query per model for the beginning. No
    MPAN begins with a letter.
    """

    def test_exact_match_of_an_mpan_takes_six_queries(self) -> None:
        with self.assertNumQueries(6):
            self.search(MPAN)

    def test_results_take_eight_queries(self) -> None:
        with self.assertNumQueries(8):
            self.search("12000")

    def test_many_results_take_no_more_queries_than_few(self) -> None:
        imported(file_with_much(20, 7), "much.uff")
        with self.assertNumQueries(7):
            self.search("SERIAL")


class PlanTests(SearchTestCase):
    def test_no_search_scans_a_table(self) -> None:
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL enable_seqscan = off")
        tables = [model._meta.db_table for model in (MeterPoint, Meter, FlowFile)]
        for text in (
            "serial: f75a",
            MPAN,
            f"{MPAN},2000000000015",
            "SAMP",
            "9f86d081",
            "nowhere",
        ):
            for query in queries_of(lambda text=text: self.search(text), tables=tables):
                with self.subTest(text, sql=query.sql):
                    self.assertEqual(table_scans(plan_text(query)), [])


class PermissionTests(SearchTestCase):
    def sign_in(self, *model_names: str, is_staff: bool = True) -> None:
        """Sign in a user with permission to view these models."""
        self.client.force_login(
            user_with_view_permissions(*model_names, is_staff=is_staff)
        )

    def expect_access_denied(self) -> None:
        self.silence_request_log()
        self.assertEqual(self.search(MPAN).status_code, 403)

    def test_signed_out_user_is_redirected_to_sign_in(self) -> None:
        self.client.logout()
        response = self.search("12000")
        self.assertRedirects(response, "/admin/login/?next=/search/%3Fq%3D12000")

    def test_user_without_permissions_is_denied(self) -> None:
        self.sign_in()
        self.expect_access_denied()

    def test_user_who_is_not_staff_is_denied(self) -> None:
        self.sign_in("meterpoint", is_staff=False)
        self.expect_access_denied()

    def test_user_without_permission_for_files_finds_none(self) -> None:
        self.sign_in("meterpoint", "meter")
        self.assertEqual(self.results("sample.uff"), {})

    def test_search_help_leaves_out_files_without_permission(self) -> None:
        self.sign_in("meterpoint", "meter")
        self.assertNotContains(self.search("x"), "SHA-256")

    def test_user_with_permission_for_files_only_finds_no_meter_point(self) -> None:
        self.sign_in("flowfile")
        self.assertEqual(self.results(MPAN), {})

    def test_post_is_not_allowed(self) -> None:
        self.silence_request_log()
        self.assertEqual(self.client.post("/search/", {"q": MPAN}).status_code, 405)


class SearchBoxTests(SearchTestCase):
    def has_box(self, address: str) -> bool:
        self.silence_request_log()
        return 'action="/search/"' in self.client.get(address).content.decode()

    def test_search_box_is_on_every_page(self) -> None:
        pages: list[Any] = ["/", "/search/", "/admin/", "/nowhere/"]
        pages += [reverse("admin:password_change"), self.file.get_absolute_url()]
        pages += [list_address("reading")]
        for address in pages:
            with self.subTest(address):
                self.assertTrue(self.has_box(address))

    def test_search_box_is_not_shown_when_signed_out(self) -> None:
        self.client.logout()
        self.assertFalse(self.has_box("/"))

    def test_search_box_is_not_shown_without_permissions(self) -> None:
        self.client.force_login(user_with_view_permissions())
        self.assertFalse(self.has_box("/admin/"))

    def test_search_box_is_not_shown_to_users_who_are_not_staff(self) -> None:
        self.client.force_login(
            user_with_view_permissions("meterpoint", is_staff=False)
        )
        self.assertFalse(self.has_box("/"))
