"""The one search box: where it leads, and what it shows to whom."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from meter_readings.models import FlowFile, Meter, MeterPoint
from meter_readings.tests.admin.testcases import (
    AdminTestCase,
    file_with_much,
    list_address,
)
from meter_readings.tests.flow_file_builder import flow_file, header_line
from meter_readings.tests.import_helpers import import_text, imported
from meter_readings.tests.users import user_with_view_permissions

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
# A meter of the same number at another place, as makers number alike.
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


class FindTestCase(AdminTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.file = imported(SAMPLE, "sample.uff")
        cls.other_file = imported(OTHER, "other.uff")

    def find(self, text: str) -> HttpResponse:
        """Return what comes of typing a text into the search box."""
        return self.client.get("/find/", {"q": text})

    def found(self, text: str) -> dict[str, list[str]]:
        """Return what is shown to begin with a text, by kind."""
        response = self.find(text)
        self.assertEqual(response.status_code, 200)
        sections = response.context["sections"]
        return {
            section.title: [str(row) for row in section.rows] for section in sections
        }

    def expect_page(self, text: str, row: FlowFile | Meter | MeterPoint) -> None:
        """Expect to be led to the page of an object."""
        address = row.get_absolute_url()
        self.assertRedirects(self.find(text), address, fetch_redirect_response=False)


class StraightToTests(FindTestCase):
    def expect_meter_point(self, text: str) -> None:
        """Expect to be led to the meter point of the sample."""
        self.expect_page(text, MeterPoint.objects.get(mpan=MPAN))

    def test_an_mpan(self) -> None:
        self.expect_meter_point(MPAN)

    def test_an_mpan_with_spaces(self) -> None:
        self.expect_meter_point(" 12 0002 3305 967 ")

    def test_an_mpan_with_hyphens(self) -> None:
        self.expect_meter_point("12-0002-3305–967")

    def test_the_supply_number_of_a_bill(self) -> None:
        self.expect_meter_point("01 801 100 12 0002 3305 967")

    def test_a_serial_number(self) -> None:
        self.expect_page("F75A 00802", Meter.objects.get(serial_number="F75A 00802"))

    def test_a_serial_number_in_small_letters(self) -> None:
        self.expect_page("f75a 00802", Meter.objects.get(serial_number="F75A 00802"))

    def test_a_filename(self) -> None:
        self.expect_page("sample.uff", self.file)

    def test_a_file_identifier(self) -> None:
        self.expect_page("OTHER00002", self.other_file)

    def test_a_sha256(self) -> None:
        self.expect_page(self.file.sha256, self.file)

    def test_eight_digits_of_a_sha256(self) -> None:
        self.expect_page(self.file.sha256[:8].upper(), self.file)


class ToTheListTests(FindTestCase):
    def expect_list(self, model_name: str, text: str) -> None:
        """Expect to be led to the list, and to find something there."""
        response = self.client.get("/find/", {"q": text}, follow=True)
        address, _ = response.redirect_chain[-1]
        self.assertEqual(address.partition("?")[0], list_address(model_name))
        self.assertEqual(len(response.context["cl"].result_list), 2)

    def test_a_serial_number_of_several_meters(self) -> None:
        self.expect_list("meter", "F75A 00803")

    def test_that_serial_number_in_small_letters(self) -> None:
        self.expect_list("meter", "f75a 00803")

    def test_a_name_of_several_files(self) -> None:
        import_text("nothing of the kind", "sample.uff", allow_same_name=True)
        self.expect_list("flowfile", "sample.uff")


class ResultsTests(FindTestCase):
    def test_results_are_meter_points_with_an_mpan_that_begins_so(self) -> None:
        self.assertEqual(
            self.found("2000 0000 0001"), {"Meter points": ["20 0000 0000 015"]}
        )

    def test_results_are_meters_with_a_serial_number_that_begins_so(self) -> None:
        serial_numbers = ["F75A 00802", "F75A 00803", "F75A 00803"]
        self.assertEqual(self.found("f75a"), {"Meters": serial_numbers})

    def test_results_are_files_with_a_name_that_begins_so(self) -> None:
        self.assertEqual(self.found("samp"), {"Flow files": [str(self.file)]})

    def test_results_are_of_all_kinds_together(self) -> None:
        self.assertEqual(
            self.found("12000"),
            {"Meter points": ["12 0002 3305 967"], "Meters": ["12000000"]},
        )

    def test_results_are_all_kinds_that_a_text_names(self) -> None:
        import_text("nothing of the kind", "12000000")
        self.assertEqual(
            self.found("12000000"),
            {"Meters": ["12000000"], "Flow files": ["12000000 (no identifier)"]},
        )

    def test_results_lead_to_the_pages(self) -> None:
        meter = Meter.objects.get(serial_number="12000000")
        self.assertContains(self.find("1200"), f'href="{meter.get_absolute_url()}"')

    def test_results_are_ten_of_a_kind_and_lead_to_the_rest(self) -> None:
        imported(file_with_much(11, 7), "much.uff")
        response = self.find("SERIAL")
        (section,) = response.context["sections"]
        self.assertEqual(len(section.rows), 10)
        address = f"{list_address('meter')}?q=SERIAL"
        self.assertContains(response, f'<a href="{address}">All meters that begin so')

    def test_results_are_said_to_be_none(self) -> None:
        self.assertContains(self.find("nowhere"), "Nothing that you may view begins so")

    def test_results_are_none_for_a_character_that_nothing_has(self) -> None:
        self.assertEqual(self.found("nowhere\0"), {})

    def test_results_of_an_mpan_that_is_not_held_are_none(self) -> None:
        self.assertEqual(self.found("1000000000003"), {})

    def test_results_show_the_text_as_text(self) -> None:
        self.assertContains(self.find("<b>x"), "&lt;b&gt;x")

    def test_results_keep_the_text_in_the_box(self) -> None:
        self.assertContains(self.find("nowhere"), 'value="nowhere"')

    def test_results_say_what_can_be_found_and_how(self) -> None:
        self.assertContains(self.find("nowhere"), "Serial number, in capitals or not")

    def test_results_have_one_h1(self) -> None:
        self.assertContains(self.find("12000"), "<h1>", 1)

    def test_results_are_not_kept_by_anybody_on_the_way(self) -> None:
        self.assertIn("no-store", self.find("12000").headers["Cache-Control"])

    def test_results_load_nothing_inline(self) -> None:
        self.assertNotRegex(
            self.find("12000").content.decode(), r"<style|<script>|\bstyle=|\bon\w+="
        )


class EmptyBoxTests(FindTestCase):
    def test_empty_box_says_what_can_be_found_and_how(self) -> None:
        self.assertContains(self.client.get("/find/"), "<h1>Find</h1>", html=True)

    def test_empty_box_finds_nothing_for_spaces(self) -> None:
        self.assertEqual(self.found("   "), {})


class QueryCountTests(FindTestCase):
    """Session, user, one for each kind that a text may name and, where it names none
    or several, one for each kind that may begin so. No MPAN begins with a letter.
    """

    def test_query_count_of_going_straight(self) -> None:
        with self.assertNumQueries(5):
            self.find(MPAN)

    def test_query_count_of_results(self) -> None:
        with self.assertNumQueries(8):
            self.find("12000")

    def test_query_count_of_many_results(self) -> None:
        imported(file_with_much(20, 7), "much.uff")
        with self.assertNumQueries(7):
            self.find("SERIAL")


class PermissionTests(FindTestCase):
    def sign_in(self, *model_names: str, is_staff: bool = True) -> None:
        """Sign a user in who may view these models."""
        self.client.force_login(
            user_with_view_permissions(*model_names, is_staff=is_staff)
        )

    def expect_refusal(self) -> None:
        """Expect that nothing is told."""
        self.silence_request_log()
        self.assertEqual(self.find(MPAN).status_code, 403)

    def test_who_is_signed_out_signs_in_first(self) -> None:
        self.client.logout()
        response = self.find("12000")
        self.assertRedirects(response, "/admin/login/?next=/find/%3Fq%3D12000")

    def test_who_may_view_nothing_is_refused(self) -> None:
        self.sign_in()
        self.expect_refusal()

    def test_who_may_not_enter_the_admin_is_refused(self) -> None:
        self.sign_in("meterpoint", is_staff=False)
        self.expect_refusal()

    def test_who_may_not_view_files_finds_none(self) -> None:
        self.sign_in("meterpoint", "meter")
        self.assertEqual(self.found("sample.uff"), {})

    def test_who_may_not_view_files_is_not_told_how_to_find_them(self) -> None:
        self.sign_in("meterpoint", "meter")
        self.assertNotContains(self.find("x"), "SHA-256")

    def test_who_may_view_files_only_finds_no_meter_point(self) -> None:
        self.sign_in("flowfile")
        self.assertEqual(self.found(MPAN), {})

    def test_nothing_is_changed_here(self) -> None:
        self.silence_request_log()
        self.assertEqual(self.client.post("/find/", {"q": MPAN}).status_code, 405)


class SearchBoxTests(FindTestCase):
    def has_box(self, address: str) -> bool:
        """Return whether a page has the search box."""
        self.silence_request_log()
        return 'action="/find/"' in self.client.get(address).content.decode()

    def test_search_box_is_on_every_page(self) -> None:
        pages: list[Any] = ["/", "/find/", "/admin/", "/nowhere/"]
        pages += [reverse("admin:password_change"), self.file.get_absolute_url()]
        pages += [list_address("reading")]
        for address in pages:
            with self.subTest(address):
                self.assertTrue(self.has_box(address))

    def test_search_box_is_not_shown_to_who_is_signed_out(self) -> None:
        self.client.logout()
        self.assertFalse(self.has_box("/"))

    def test_search_box_is_not_shown_to_who_may_view_nothing(self) -> None:
        self.client.force_login(user_with_view_permissions())
        self.assertFalse(self.has_box("/admin/"))

    def test_search_box_is_not_shown_to_who_may_not_enter_the_admin(self) -> None:
        self.client.force_login(
            user_with_view_permissions("meterpoint", is_staff=False)
        )
        self.assertFalse(self.has_box("/"))
