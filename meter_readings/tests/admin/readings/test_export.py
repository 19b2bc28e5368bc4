"""Tests of the export of readings from their list."""

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
from meter_readings.tests.support.flow_file_builder import flow_file
from meter_readings.tests.support.import_helpers import imported
from meter_readings.tests.support.users import user_with_permissions

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

    def exported(self, name: str, **params: Any) -> HttpResponse:
        response = self.client.get(reverse(f"{PAGE}_{name}"), params)
        self.assertEqual(response.status_code, 200)
        return response

    def csv_values(self, **params: Any) -> list[float]:
        """Return the values of an export as CSV."""
        text = self.exported("csv", **params).getvalue().decode()
        return [float(row["value"]) for row in csv.DictReader(io.StringIO(text))]

    def d0010(self, **params: Any) -> list[str]:
        """Return the lines of an export as D0010."""
        return self.exported("d0010", **params).getvalue().decode("cp1252").splitlines()

    # Content

    def test_export_without_filters_has_all_readings(self) -> None:
        self.assertEqual(self.csv_values(), [2.0, 1.0, 3.0])

    def test_export_applies_a_filter(self) -> None:
        self.assertEqual(self.csv_values(basis="estimated"), [3.0])

    def test_export_applies_two_filters(self) -> None:
        params = {"register_id": "DY", "read_in": "2024-04"}
        self.assertEqual(self.csv_values(**params), [1.0])

    def test_export_applies_a_search(self) -> None:
        self.assertEqual(self.csv_values(q="20 0000 0000 015"), [2.0, 1.0])

    def test_export_has_all_pages_of_the_list(self) -> None:
        self.assertEqual(self.csv_values(p="1"), [2.0, 1.0, 3.0])

    def test_export_has_no_scan_limit(self) -> None:
        with patch.object(changelist.BoundedChangeList, "scan_limit", 1):
            self.assertEqual(self.csv_values(register_id="DY"), [1.0, 3.0])

    def test_csv_has_a_formula_as_text(self) -> None:
        text = self.exported("csv", basis="estimated").getvalue().decode()
        self.assertIn(",'=1+1,", text)

    def test_d0010_has_a_header_groups_and_a_trailer(self) -> None:
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

    # Response

    def test_export_filename_has_only_the_time(self) -> None:
        for name, suffix in {"csv": "csv", "d0010": "uff"}.items():
            with self.subTest(name):
                sent = self.exported(name, q='";x=\r\n')["Content-Disposition"]
                filename = rf"readings-[0-9]{{8}}-[0-9]{{6}}\.{suffix}"
                self.assertRegex(sent, f'^attachment; filename="{filename}"$')

    def test_export_is_streamed(self) -> None:
        for name in ("csv", "d0010"):
            with self.subTest(name):
                self.assertTrue(self.exported(name).streaming)

    def test_download_with_unknown_parameters_redirects_to_the_export_page(
        self,
    ) -> None:
        answer = self.client.get(reverse(f"{PAGE}_csv"), {"no_such": "x"})
        self.assertRedirects(answer, reverse(PAGE))

    @override_settings(MARKET_PARTICIPANT="SELF")
    def test_invalid_market_participant_setting_is_reported(self) -> None:
        answer = self.client.get(reverse(f"{PAGE}_d0010"), follow=True)
        self.assertContains(
            answer, "The setting MARKET_PARTICIPANT is invalid: write a role"
        )

    def test_export_of_more_readings_takes_as_many_queries(self) -> None:
        address = reverse(f"{PAGE}_csv")
        count = self.query_count(address)
        imported(file_with_much(50, 1), "more.uff")
        self.assertEqual(self.query_count(address), count)

    # Actions on selected readings

    def export_selected(self, name: str, *values: float, **given: str) -> HttpResponse:
        """Run the action on the readings with these values."""
        selected = Reading.objects.filter(value__in=values).values_list("pk", flat=True)
        data = {
            "action": f"export_selected_{name}",
            "_selected_action": [str(key) for key in selected],
        }
        return self.client.post(list_address("reading"), data | given)

    def test_action_exports_only_selected_readings_as_csv(self) -> None:
        text = self.export_selected("csv", 1.0, 3.0).getvalue().decode()
        values = [row["value"] for row in csv.DictReader(io.StringIO(text))]
        self.assertEqual(values, ["1.0", "3.0"])

    def test_action_exports_selected_readings_as_d0010(self) -> None:
        lines = (
            self.export_selected("d0010", 3.0).getvalue().decode("cp1252").splitlines()
        )
        self.assertEqual(lines[-2], "030|DY|20240301000000|3.0|||T|N|")

    def test_action_on_all_matching_readings_redirects_to_the_export_page(self) -> None:
        address = f"{list_address('reading')}?register_id=DY&p=1"
        data = {
            "action": "export_selected_csv",
            "_selected_action": ["1"],
            "select_across": "1",
        }
        answer = self.client.post(address, data)
        self.assertRedirects(answer, f"{reverse(PAGE)}?register_id=DY")

    def test_action_on_deleted_readings_shows_a_warning(self) -> None:
        answer = self.export_selected("csv", _selected_action="0")
        self.assertRedirects(answer, list_address("reading"))
        (message,) = get_messages(answer.wsgi_request)
        self.assertEqual(str(message), "The selected readings are no longer stored.")

    def test_action_with_a_key_that_is_no_number_is_a_bad_request(self) -> None:
        self.silence_request_log()
        answer = self.export_selected("csv", _selected_action="1 OR 1")
        self.assertEqual(answer.status_code, 400)

    @override_settings(MARKET_PARTICIPANT="SELF")
    def test_action_with_an_invalid_market_participant_redirects_to_the_list(
        self,
    ) -> None:
        answer = self.export_selected("d0010", 3.0)
        self.assertRedirects(answer, list_address("reading"))

    def test_select_all_shows_the_number_of_matches(self) -> None:
        with patch.object(ReadingAdmin, "list_per_page", 2):
            page = self.get_list("reading")
        self.assertContains(page, "Select all matching readings: 3<")

    def test_select_all_shows_the_number_found_within_the_scan_limit(self) -> None:
        with patch.object(changelist.BoundedChangeList, "scan_limit", 1):
            page = self.get_list("reading", register_id="NT")
        self.assertContains(page, "Select all matching readings: at least 1<")

    def test_select_all_shows_the_limit_of_counting(self) -> None:
        with patch.object(BoundedPaginator, "LIMIT", 2):
            page = self.get_list("reading")
        self.assertContains(page, "Select all matching readings: more than 2<")

    # Export page

    def page(self, **params: Any) -> HttpResponse:
        response = self.client.get(reverse(PAGE), params)
        self.assertEqual(response.status_code, 200)
        return response

    def test_list_links_to_the_export_page_with_its_filters(self) -> None:
        link = f'<a href="{reverse(PAGE)}?basis=estimated&amp;q=1">Export</a>'
        page = self.get_list("reading", basis="estimated", q="1", p="1", e="1")
        self.assertContains(page, link, html=True)

    def test_export_page_shows_the_number_of_readings(self) -> None:
        self.assertContains(
            self.page(register_id="DY"), '<dd class="stat-value">2</dd>', html=True
        )

    def test_export_page_shows_a_minimum_beyond_the_scan_limit(self) -> None:
        with patch.object(changelist.BoundedChangeList, "scan_limit", 1):
            page = self.page(register_id="DY")
        self.assertContains(page, "At least 0")
        self.assertContains(page, "The export searches all of them.")

    def test_export_page_names_filters_and_values(self) -> None:
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

    def test_export_page_shows_an_invalid_date_escaped(self) -> None:
        self.assertContains(self.page(read_in="<b>"), "<dd>&lt;b&gt;</dd>")

    def test_export_page_says_that_it_exports_current_versions(self) -> None:
        row = "<div><dt>Version status</dt><dd>Current</dd></div>"
        self.assertContains(self.page(), row, html=True)

    def test_export_page_links_to_downloads_with_the_filters(self) -> None:
        page = self.page(basis="estimated")
        for name in ("csv", "d0010"):
            with self.subTest(name):
                address = reverse(f"{PAGE}_{name}")
                self.assertContains(page, f'href="{address}?basis=estimated"')

    def test_export_page_offers_no_download_without_matches(self) -> None:
        page = self.page(q="nothing")
        self.assertContains(page, "there is nothing to export")
        self.assertNotContains(page, reverse(f"{PAGE}_csv"))

    def test_export_page_with_unknown_parameters_redirects_to_itself(self) -> None:
        answer = self.client.get(reverse(PAGE), {"no_such": "x"})
        self.assertRedirects(answer, reverse(PAGE))

    # Permissions

    def be_somebody_who_may(self, *codenames: str) -> None:
        self.client.force_login(user_with_permissions(*codenames))

    def test_list_offers_no_export_without_export_permission(self) -> None:
        self.be_somebody_who_may("view_reading")
        self.assertNotContains(self.get_list("reading"), reverse(PAGE))
        self.assertNotContains(self.get_list("reading"), 'name="action"')

    def test_export_without_export_permission_is_forbidden(self) -> None:
        self.be_somebody_who_may("view_reading")
        self.silence_request_log()
        for name in ("", "_csv", "_d0010"):
            with self.subTest(name):
                answer = self.client.get(reverse(PAGE + name))
                self.assertEqual(answer.status_code, 403)

    def test_export_without_view_permission_is_forbidden(self) -> None:
        self.be_somebody_who_may("export_reading")
        self.silence_request_log()
        self.assertEqual(self.client.get(reverse(f"{PAGE}_csv")).status_code, 403)

    def test_export_needs_view_and_export_permission(self) -> None:
        self.be_somebody_who_may("view_reading", "export_reading")
        self.assertEqual(self.csv_values(), [2.0, 1.0, 3.0])
