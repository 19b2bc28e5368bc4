"""Readings leave by the list's own door: what is listed, no more and no less."""

from __future__ import annotations

import csv
import io
from typing import Any
from unittest.mock import patch

from django.contrib.messages import get_messages
from django.http import HttpResponse
from django.test import override_settings
from django.urls import reverse

from meter_readings.admin.base import changelist
from meter_readings.admin.base.read_only import BoundedPaginator
from meter_readings.admin.readings.admin import ReadingAdmin
from meter_readings.models import Reading
from meter_readings.tests.admin.testcases import (
    AdminTestCase,
    file_with_much,
    list_address,
)
from meter_readings.tests.flow_file_builder import flow_file
from meter_readings.tests.import_helpers import imported
from meter_readings.tests.users import user_with_permissions

PAGE = "admin:meter_readings_reading_export"


class ReadingExportTests(AdminTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.file = imported(flow_file("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|DY|20240401000000|1.0|||T|N|
            030|NT|20240402000000|2.0|||T|N|
            026|1000000000003|F|
            028|=1+1|D|
            030|DY|20240301000000|3.0|||T|N|
            """))

    def exported(self, name: str, **asked: Any) -> HttpResponse:
        """Return what is sent."""
        response = self.client.get(reverse(f"{PAGE}_{name}"), asked)
        self.assertEqual(response.status_code, 200)
        return response

    def csv_values(self, **asked: Any) -> list[float]:
        """Return the readings of an export as CSV."""
        text = self.exported("csv", **asked).getvalue().decode()
        return [float(row["value"]) for row in csv.DictReader(io.StringIO(text))]

    def d0010(self, **asked: Any) -> list[str]:
        """Return the lines of an export as D0010."""
        return self.exported("d0010", **asked).getvalue().decode("cp1252").splitlines()

    # What

    def test_without_a_choice_all_readings_leave(self) -> None:
        self.assertEqual(self.csv_values(), [2.0, 1.0, 3.0])

    def test_a_filter_is_obeyed(self) -> None:
        self.assertEqual(self.csv_values(basis="estimated"), [3.0])

    def test_two_filters_are_obeyed(self) -> None:
        asked = {"register_id": "DY", "read_in": "2024-04"}
        self.assertEqual(self.csv_values(**asked), [1.0])

    def test_a_search_is_obeyed(self) -> None:
        self.assertEqual(self.csv_values(q="20 0000 0000 015"), [2.0, 1.0])

    def test_all_pages_leave_whichever_is_turned_to(self) -> None:
        self.assertEqual(self.csv_values(p="1"), [2.0, 1.0, 3.0])

    def test_what_the_list_did_not_look_at_leaves_too(self) -> None:
        with patch.object(changelist.BoundedChangeList, "scan_limit", 1):
            self.assertEqual(self.csv_values(register_id="DY"), [1.0, 3.0])

    def test_a_formula_leaves_as_text(self) -> None:
        text = self.exported("csv", basis="estimated").getvalue().decode()
        self.assertIn(",'=1+1,", text)

    def test_d0010_has_a_header_the_groups_and_a_trailer(self) -> None:
        header, *groups, trailer = self.d0010(basis="estimated")
        self.assertRegex(header, r"^ZHV\|[0-9]{10}\|D0010002\|X\|SELF\|X\|SELF\|")
        self.assertEqual(
            groups,
            [
                "026|1000000000003|F|",
                "028|=1+1|D|",
                "030|DY|20240301000000|3.0|||T|N|",
            ],
        )
        self.assertRegex(trailer, r"^ZPT\|[0-9]{10}\|3\|\|1\|")

    # How

    def test_it_is_sent_as_a_file_with_a_fixed_name(self) -> None:
        for name, suffix in {"csv": "csv", "d0010": "uff"}.items():
            with self.subTest(name):
                sent = self.exported(name, q='";x=\r\n')["Content-Disposition"]
                filename = rf"readings-[0-9]{{8}}-[0-9]{{6}}\.{suffix}"
                self.assertRegex(sent, f'^attachment; filename="{filename}"$')

    def test_it_is_streamed(self) -> None:
        for name in ("csv", "d0010"):
            with self.subTest(name):
                self.assertTrue(self.exported(name).streaming)

    def test_what_makes_no_sense_leads_back_to_the_page(self) -> None:
        answer = self.client.get(reverse(f"{PAGE}_csv"), {"no_such": "x"})
        self.assertRedirects(answer, reverse(PAGE))

    @override_settings(MARKET_PARTICIPANT="SELF")
    def test_a_participant_that_is_none_is_told(self) -> None:
        answer = self.client.get(reverse(f"{PAGE}_d0010"), follow=True)
        self.assertContains(
            answer, "The setting MARKET_PARTICIPANT is invalid: write a role"
        )

    def test_it_takes_as_many_queries_for_more_readings(self) -> None:
        address = reverse(f"{PAGE}_csv")
        count = self.query_count(address)
        imported(file_with_much(50, 1), "more.uff")
        self.assertEqual(self.query_count(address), count)

    # What is chosen in the list

    def choose(self, name: str, *values: float, **given: str) -> HttpResponse:
        """Choose the readings with these values in the list, and export them."""
        chosen = Reading.objects.filter(value__in=values).values_list("pk", flat=True)
        data = {
            "action": f"export_selected_{name}",
            "_selected_action": [str(key) for key in chosen],
        }
        return self.client.post(list_address("reading"), data | given)

    def test_what_is_chosen_leaves_as_csv_and_nothing_else(self) -> None:
        text = self.choose("csv", 1.0, 3.0).getvalue().decode()
        values = [row["value"] for row in csv.DictReader(io.StringIO(text))]
        self.assertEqual(values, ["1.0", "3.0"])

    def test_what_is_chosen_leaves_as_d0010(self) -> None:
        lines = self.choose("d0010", 3.0).getvalue().decode("cp1252").splitlines()
        self.assertEqual(lines[-2], "030|DY|20240301000000|3.0|||T|N|")

    def test_who_chooses_all_that_match_is_told_how_many_they_are(self) -> None:
        address = f"{list_address('reading')}?register_id=DY&p=1"
        data = {
            "action": "export_selected_csv",
            "_selected_action": ["1"],
            "select_across": "1",
        }
        answer = self.client.post(address, data)
        self.assertRedirects(answer, f"{reverse(PAGE)}?register_id=DY")

    def test_what_is_held_no_more_cannot_leave(self) -> None:
        answer = self.choose("csv", _selected_action="0")
        self.assertRedirects(answer, list_address("reading"))
        (message,) = get_messages(answer.wsgi_request)
        self.assertEqual(str(message), "The selected readings are no longer stored.")

    def test_what_is_no_number_names_no_reading(self) -> None:
        self.silence_request_log()
        answer = self.choose("csv", _selected_action="1 OR 1")
        self.assertEqual(answer.status_code, 400)

    @override_settings(MARKET_PARTICIPANT="SELF")
    def test_what_is_chosen_stays_where_the_participant_is_none(self) -> None:
        answer = self.choose("d0010", 3.0)
        self.assertRedirects(answer, list_address("reading"))

    def test_all_that_match_are_offered_with_their_number(self) -> None:
        with patch.object(ReadingAdmin, "list_per_page", 2):
            page = self.get_list("reading")
        self.assertContains(page, "Select all matching readings: 3<")

    def test_all_that_match_are_offered_with_how_many_were_found(self) -> None:
        with patch.object(changelist.BoundedChangeList, "scan_limit", 1):
            page = self.get_list("reading", register_id="NT")
        self.assertContains(page, "Select all matching readings: at least 1<")

    def test_all_that_match_are_offered_with_how_far_they_were_counted(self) -> None:
        with patch.object(BoundedPaginator, "LIMIT", 2):
            page = self.get_list("reading")
        self.assertContains(page, "Select all matching readings: more than 2<")

    # The page before it

    def page(self, **asked: Any) -> HttpResponse:
        """Return the page that says what would be exported."""
        response = self.client.get(reverse(PAGE), asked)
        self.assertEqual(response.status_code, 200)
        return response

    def test_the_list_leads_there_with_what_is_chosen(self) -> None:
        link = f'<a href="{reverse(PAGE)}?basis=estimated&amp;q=1">Export</a>'
        page = self.get_list("reading", basis="estimated", q="1", p="1", e="1")
        self.assertContains(page, link, html=True)

    def test_it_says_how_many_there_are(self) -> None:
        self.assertContains(
            self.page(register_id="DY"), '<dd class="figure">2</dd>', html=True
        )

    def test_it_says_that_there_are_more(self) -> None:
        with patch.object(changelist.BoundedChangeList, "scan_limit", 1):
            page = self.page(register_id="DY")
        self.assertContains(page, "At least 0")
        self.assertContains(page, "The export searches all of them.")

    def test_it_says_what_was_chosen_in_words(self) -> None:
        page = self.page(
            basis="estimated",
            read_in="2024-03",
            q="TST0000002",
            value__gte="1",
            flow_file=self.file.pk,
        )
        for title, words in {
            "Search": "TST0000002",
            "Reading basis": "Estimated",
            "Read date": "March 2024",
            "Flow file": "sample.uff (TEST000001)",
            "value__gte": "1",
        }.items():
            with self.subTest(title):
                row = f"<div><dt>{title}</dt><dd>{words}</dd></div>"
                self.assertContains(page, row, html=True)

    def test_a_date_that_is_none_is_shown_as_it_is(self) -> None:
        self.assertContains(self.page(read_in="<b>"), "<dd>&lt;b&gt;</dd>")

    def test_it_says_that_nothing_was_chosen(self) -> None:
        self.assertContains(self.page(), "None: all stored readings")

    def test_it_leads_to_the_downloads_with_what_is_chosen(self) -> None:
        page = self.page(basis="estimated")
        for name in ("csv", "d0010"):
            with self.subTest(name):
                address = reverse(f"{PAGE}_{name}")
                self.assertContains(page, f'href="{address}?basis=estimated"')

    def test_nothing_is_offered_where_nothing_matches(self) -> None:
        page = self.page(q="nothing")
        self.assertContains(page, "there is nothing to export")
        self.assertNotContains(page, reverse(f"{PAGE}_csv"))

    def test_a_page_that_makes_no_sense_becomes_that_of_all(self) -> None:
        answer = self.client.get(reverse(PAGE), {"no_such": "x"})
        self.assertRedirects(answer, reverse(PAGE))

    # Who

    def be_somebody_who_may(self, *codenames: str) -> None:
        self.client.force_login(user_with_permissions(*codenames))

    def test_who_may_not_export_is_offered_nothing(self) -> None:
        self.be_somebody_who_may("view_reading")
        self.assertNotContains(self.get_list("reading"), reverse(PAGE))
        self.assertNotContains(self.get_list("reading"), 'name="action"')

    def test_who_may_not_export_is_refused(self) -> None:
        self.be_somebody_who_may("view_reading")
        self.silence_request_log()
        for name in ("", "_csv", "_d0010"):
            with self.subTest(name):
                answer = self.client.get(reverse(PAGE + name))
                self.assertEqual(answer.status_code, 403)

    def test_who_may_not_look_is_refused(self) -> None:
        self.be_somebody_who_may("export_reading")
        self.silence_request_log()
        self.assertEqual(self.client.get(reverse(f"{PAGE}_csv")).status_code, 403)

    def test_who_may_both_is_served(self) -> None:
        self.be_somebody_who_may("view_reading", "export_reading")
        self.assertEqual(self.csv_values(), [2.0, 1.0, 3.0])
