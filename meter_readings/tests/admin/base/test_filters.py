"""Tests of the filters of change lists."""

from __future__ import annotations

import re
from datetime import datetime
from html import unescape
from unittest.mock import patch

from meter_readings.admin.base import changelist
from meter_readings.d0010 import LONDON
from meter_readings.models import FlowFile, Meter
from meter_readings.tests.admin.testcases import AdminTestCase
from meter_readings.tests.support.flow_file_builder import (
    flow_file,
    flow_file_of_readings,
    header_line,
)
from meter_readings.tests.support.import_helpers import NOW, import_text, imported


class FilterTestCase(AdminTestCase):
    def offered(self, model_name: str, title: str, **params: str) -> list[str]:
        """Return the labels that a filter offers after "All"."""
        change_list = self.get_list(model_name, **params).context["cl"]
        specs = [spec for spec in change_list.filter_specs if spec.title == title]
        choices = [choice for spec in specs for choice in spec.choices(change_list)]
        return [str(choice["display"]) for choice in choices[1:]]

    def date_links(self, model_name: str = "reading", **params: str) -> list[str]:
        """Return the labels of the date filter above a list."""
        html = self.get_list(model_name, **params).content.decode()
        *_, nav = re.findall('<nav class="toplinks".*?</nav>', html, re.DOTALL)
        lines = re.sub("<[^>]*>", "", unescape(nav)).split("\n")
        return [line.strip() for line in lines if line.strip()][1:]

    def all_values(self, **params: str) -> list[int]:
        """Return the values of the readings listed with all their versions."""
        return self.values(version_status__exact="all", **params)


class ReadingFilterTests(FilterTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.file = imported(flow_file("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|S|20221231235959|1.0|||T|N|
            030|S|20230701000000|2.0|||T|N|
            026|1000000000003|U|
            028|TST0000002|D|
            030|S|20240101000000|3.0|||T|N|
            030|S|20231201000000|4.0|||T|N|
            """))
        later = header_line(file_identifier="TEST000002", created_at="20240501091500")
        again = flow_file_of_readings("030|S|20230701000000|5.0|||T|N|", header=later)
        cls.correction = imported(again, "correction.uff")

    def test_filters_readings_by_basis(self) -> None:
        self.assertEqual(self.values(basis="estimated"), [3, 4])

    def test_unknown_basis_finds_nothing(self) -> None:
        self.assertEqual(self.values(basis="guessed"), [])

    def test_list_shows_current_versions(self) -> None:
        self.assertEqual(self.values(), [3, 4, 5, 1])

    def test_all_versions_are_listed_where_they_are_selected(self) -> None:
        self.assertEqual(self.all_values(), [3, 4, 5, 2, 1])

    def test_filters_readings_by_version_status(self) -> None:
        self.assertEqual(self.values(version_status__exact="superseded"), [2])

    def test_version_statuses_are_offered_above_the_rows(self) -> None:
        page = self.get_list("reading")
        links = re.findall('<nav class="toplinks".*?</nav>', page.content.decode(), 16)
        words = re.sub("<[^>]*>", " ", links[0]).split()
        self.assertEqual(
            " ".join(words),
            "Version status Current Duplicate Superseded Withdrawn All versions",
        )
        self.assertIn('<span aria-current="true">Current</span>', links[0])
        self.assertIn('<a href="?version_status__exact=all">All versions', links[0])

    def test_link_to_current_versions_keeps_other_filters(self) -> None:
        params = {"version_status__exact": "all", "basis": "actual", "after": "1"}
        page = self.get_list("reading", **params)
        self.assertContains(page, '<a href="?basis=actual">Current</a>', html=True)

    def test_filters_readings_by_reading_type(self) -> None:
        self.assertEqual(self.values(reading_type__exact="D"), [3, 4])

    def test_filters_readings_by_bsc_validation(self) -> None:
        self.assertEqual(self.values(bsc_validation_status__exact="U"), [3, 4])

    def test_year_begins_and_ends_at_local_midnight(self) -> None:
        self.assertEqual(self.all_values(read_in="2023"), [4, 5, 2])

    def test_month_in_summer_begins_at_local_midnight(self) -> None:
        self.assertEqual(self.all_values(read_in="2023-07"), [5, 2])

    def test_december_ends_with_its_year(self) -> None:
        self.assertEqual(self.values(read_in="2023-12"), [4])

    def test_month_13_finds_nothing(self) -> None:
        self.assertEqual(self.values(read_in="2023-13"), [])

    def test_day_in_summer_begins_and_ends_at_local_midnight(self) -> None:
        self.assertEqual(self.all_values(read_in="2023-07-01"), [5, 2])

    def test_day_not_in_the_calendar_finds_nothing(self) -> None:
        self.assertEqual(self.values(read_in="2023-02-29"), [])

    def test_year_zero_finds_nothing(self) -> None:
        self.assertEqual(self.values(read_in="0000"), [])

    def test_date_filter_offers_years_with_readings_latest_first(self) -> None:
        self.assertEqual(self.date_links(), ["2024", "2023", "2022"])

    def test_date_filter_offers_months_with_readings_of_the_selected_year(self) -> None:
        self.assertEqual(
            self.date_links(read_in="2023"),
            ["‹ All dates", "July 2023", "December 2023"],
        )

    def test_date_filter_offers_days_with_readings_of_the_selected_month(self) -> None:
        self.assertEqual(self.date_links(read_in="2023-07"), ["‹ 2023", "1 July"])

    def test_selected_day_links_to_its_month(self) -> None:
        self.assertEqual(
            self.date_links(read_in="2023-07-01"), ["‹ July 2023", "1 July 2023"]
        )

    def test_invalid_period_links_to_all_dates(self) -> None:
        self.assertEqual(self.date_links(read_in="nonsense"), ["‹ All dates"])

    def test_date_filter_links_keep_other_filters(self) -> None:
        page = self.get_list("reading", version_status__exact="all")
        self.assertContains(page, "?read_in=2023&amp;version_status__exact=all")

    def test_date_filter_omits_years_more_than_20_before_the_latest(self) -> None:
        old = flow_file_of_readings("030|S|19600101000000|1.0|||T|N|")
        imported(old, "old.uff")
        self.assertEqual(self.date_links(), ["2024", "2023", "2022"])

    def test_filters_readings_by_file_in_line_order(self) -> None:
        found = self.all_values(flow_file=str(self.file.pk))
        self.assertEqual(found, [1, 2, 3, 4])

    def test_file_filter_shows_the_selected_file(self) -> None:
        offered = self.offered("reading", "flow file", flow_file=str(self.file.pk))
        self.assertEqual(offered, ["sample.uff (TEST000001)"])

    def test_file_filter_offers_nothing_before_a_file_is_selected(self) -> None:
        self.assertEqual(self.offered("reading", "flow file"), [])

    def test_unknown_file_finds_nothing(self) -> None:
        self.assertEqual([self.values(flow_file=x) for x in ("0", "x")], [[], []])

    def test_unknown_file_is_shown_as_not_found(self) -> None:
        offered = self.offered("reading", "flow file", flow_file="x")
        self.assertEqual(offered, ["Not found"])

    def test_basis_actual_finds_readings_without_another_basis(self) -> None:
        self.assertEqual(self.all_values(basis="actual"), [5, 2, 1])

    def test_filters_readings_by_register(self) -> None:
        day = flow_file_of_readings("030|DY|20240201000000|6.0|||T|N|")
        imported(day, "day.uff")
        self.assertEqual(self.values(register_id="DY"), [6])

    def test_register_filter_offers_registers_of_the_latest_readings(self) -> None:
        self.assertEqual(self.offered("reading", "register"), ["S Single rate"])

    def test_register_filter_offers_the_typed_register(self) -> None:
        offered = self.offered("reading", "register", register_id="MD")
        self.assertEqual(offered, ["MD Maximum demand", "S Single rate"])

    def test_register_form_keeps_other_filters(self) -> None:
        page = self.get_list("reading", basis="estimated", register_id="MD")
        kept = '<input type="hidden" name="basis" value="estimated">'
        self.assertContains(page, kept, count=2, html=True)

    def test_filters_readings_by_sender(self) -> None:
        header = header_line(file_identifier="TEST000003", from_participant="SYND")
        other = flow_file_of_readings("030|S|20240401000000|7.0|||T|N|", header=header)
        imported(other, "synd.uff")
        self.assertEqual(self.values(sender="SYND"), [7])

    def test_filters_readings_by_a_sender_with_many_readings(self) -> None:
        with patch.object(changelist, "SCAN_LIMIT", 3):
            self.assertEqual(self.values(sender="UDMS"), [3, 4, 5, 1])

    def test_empty_sender_finds_all_current_readings(self) -> None:
        self.assertEqual(len(self.values(sender="")), 4)

    def test_empty_filter_values_find_all_current_readings(self) -> None:
        for name in ("basis", "read_in", "version_status__exact", "register_id"):
            with self.subTest(name):
                self.assertEqual(len(self.values(**{name: ""})), 4)

    def test_filters_readings_by_meter(self) -> None:
        meter = Meter.objects.get(serial_number="TST0000002")
        self.assertEqual(self.values(meter=meter.pk), [3, 4])


class MeterPointFilterTests(FilterTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        imported(flow_file("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|S|20230701000000|2.0|||T|N|
            026|1000000000003|U|
            028|TST0000002|D|
            030|S|20240101000000|3.0|||T|N|
            """))

    def test_filters_meter_points_by_distributor(self) -> None:
        self.assertEqual(
            self.listed("meterpoint", distributor="10"), ["10 0000 0000 003"]
        )

    def test_distributor_without_mpans_finds_nothing(self) -> None:
        self.assertEqual(self.listed("meterpoint", distributor="24"), [])

    def test_empty_distributor_finds_all_meter_points(self) -> None:
        self.assertEqual(len(self.listed("meterpoint", distributor="")), 2)

    def test_regional_distributor_is_offered_with_its_gsp_group(self) -> None:
        offered = self.offered("meterpoint", "distribution area")
        self.assertEqual(
            offered[:2],
            ["Eastern (10, GSP group _A)", "East Midlands (11, GSP group _B)"],
        )

    def test_independent_distributor_is_offered_without_a_gsp_group(self) -> None:
        self.assertIn("Harlaxton (29)", self.offered("meterpoint", "distribution area"))


class EmptyFilterTests(FilterTestCase):
    def test_date_filter_offers_no_year_without_readings(self) -> None:
        self.assertEqual(self.date_links(), [])

    def test_date_filter_offers_no_month_of_a_year_without_readings(self) -> None:
        self.assertEqual(self.date_links(read_in="2024"), ["‹ All dates", "2024"])


class FlowFileFilterTests(FilterTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        imported(flow_file_of_readings("030|S|20240401000000|1.0|||T|N|"), "udms.uff")
        header = header_line(file_identifier="TEST000002", from_participant="SYND")
        imported(
            flow_file_of_readings("030|S|20240401000000|1.0|||T|N|", header=header),
            "synd.uff",
            policy="strict",
        )
        import_text("nothing of the kind", "nothing.txt")

    def filenames(self, **params: str) -> list[str]:
        change_list = self.get_list("flowfile", **params).context["cl"]
        return sorted(file.filename for file in change_list.result_list)

    def test_filters_files_by_sender(self) -> None:
        self.assertEqual(self.filenames(sender="SYND"), ["synd.uff"])

    def test_sender_filter_offers_the_senders_of_files(self) -> None:
        self.assertEqual(self.offered("flowfile", "sender"), ["SYND", "UDMS"])

    def test_filters_files_by_status(self) -> None:
        self.assertEqual(self.filenames(status__exact="rejected"), ["nothing.txt"])

    def test_filters_files_by_import_policy(self) -> None:
        self.assertEqual(self.filenames(policy__exact="strict"), ["synd.uff"])

    def test_date_filter_offers_years_in_which_files_were_received(self) -> None:
        self.set_received_at("udms.uff", datetime(2025, 7, 1, tzinfo=LONDON))
        self.assertEqual(self.date_links("flowfile"), [f"{NOW:%Y}", "2025"])

    def test_date_filter_offers_days_on_which_files_were_received(self) -> None:
        self.set_received_at("udms.uff", datetime(2025, 7, 1, tzinfo=LONDON))
        offered = self.date_links("flowfile", received_in="2025-07")
        self.assertEqual(offered, ["‹ 2025", "1 July"])

    def test_filters_files_received_from_midnight_to_midnight(self) -> None:
        self.set_received_at("udms.uff", datetime(2025, 7, 1, tzinfo=LONDON))
        self.set_received_at("synd.uff", datetime(2025, 7, 2, tzinfo=LONDON))
        self.assertEqual(self.filenames(received_in="2025-07-01"), ["udms.uff"])

    def set_received_at(self, filename: str, moment: datetime) -> None:
        FlowFile.objects.filter(filename=filename).update(received_at=moment)

    def test_rule_filter_offers_the_messages_of_rules(self) -> None:
        page = self.get_list("finding")
        option = (
            '<option value="invalid-datetime">The value is not a valid date and time.'
        )
        self.assertContains(page, option)

    def test_rule_form_keeps_other_filters(self) -> None:
        page = self.get_list("finding", severity__exact="error")
        kept = '<input type="hidden" name="severity__exact" value="error">'
        self.assertContains(page, kept, html=True)

    def test_filters_findings_by_rule(self) -> None:
        file = FlowFile.objects.get(filename="nothing.txt")
        self.assertEqual(
            self.listed("finding", rule="not-a-flow-file"),
            [str(file.findings.get(code="not-a-flow-file"))],
        )
