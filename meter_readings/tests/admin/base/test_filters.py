"""What the filters beside the admin's lists let through, and what they offer."""

from __future__ import annotations

import re
from datetime import datetime
from html import unescape
from unittest.mock import patch

from meter_readings.admin.base import changelist
from meter_readings.d0010 import LONDON
from meter_readings.models import FlowFile, Meter
from meter_readings.tests.admin.testcases import AdminTestCase
from meter_readings.tests.flow_file_builder import (
    flow_file,
    flow_file_of_readings,
    header_line,
)
from meter_readings.tests.import_helpers import NOW, import_text, imported


class FilterTestCase(AdminTestCase):
    def offered(self, model_name: str, title: str, **asked: str) -> list[str]:
        """Return what a filter offers beside all."""
        changes = self.get_list(model_name, **asked).context["cl"]
        specs = [spec for spec in changes.filter_specs if spec.title == title]
        choices = [choice for spec in specs for choice in spec.choices(changes)]
        return [str(choice["display"]) for choice in choices[1:]]

    def bar(self, model_name: str = "reading", **asked: str) -> list[str]:
        """Return what stands above a list, to choose a date by."""
        html = self.get_list(model_name, **asked).content.decode()
        (bar,) = re.findall('<nav class="toplinks".*?</nav>', html, re.DOTALL)
        lines = re.sub("<[^>]*>", "", unescape(bar)).split("\n")
        return [line.strip() for line in lines if line.strip()][1:]


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

    def test_basis_lets_through_what_rests_on_it(self) -> None:
        self.assertEqual(self.values(basis="estimated"), [3, 4])

    def test_an_unknown_basis_lets_nothing_through(self) -> None:
        self.assertEqual(self.values(basis="guessed"), [])

    def test_standing_lets_through_what_stands_so(self) -> None:
        self.assertEqual(self.values(version_status__exact="superseded"), [2])

    def test_reading_type_lets_through_what_is_of_it(self) -> None:
        self.assertEqual(self.values(reading_type__exact="D"), [3, 4])

    def test_bsc_validation_lets_through_what_has_it(self) -> None:
        self.assertEqual(self.values(bsc_validation_status__exact="U"), [3, 4])

    def test_a_year_begins_and_ends_at_local_midnight(self) -> None:
        self.assertEqual(self.values(read_in="2023"), [4, 5, 2])

    def test_a_month_in_summer_begins_at_local_midnight(self) -> None:
        self.assertEqual(self.values(read_in="2023-07"), [5, 2])

    def test_december_ends_with_its_year(self) -> None:
        self.assertEqual(self.values(read_in="2023-12"), [4])

    def test_a_month_that_is_none_lets_nothing_through(self) -> None:
        self.assertEqual(self.values(read_in="2023-13"), [])

    def test_a_day_in_summer_begins_and_ends_at_local_midnight(self) -> None:
        self.assertEqual(self.values(read_in="2023-07-01"), [5, 2])

    def test_a_day_that_is_none_lets_nothing_through(self) -> None:
        self.assertEqual(self.values(read_in="2023-02-29"), [])

    def test_a_year_out_of_the_calendar_lets_nothing_through(self) -> None:
        self.assertEqual(self.values(read_in="0000"), [])

    def test_the_years_of_readings_are_offered_latest_first(self) -> None:
        self.assertEqual(self.bar(), ["2024", "2023", "2022"])

    def test_the_months_of_the_chosen_year_are_offered_that_have_readings(self) -> None:
        self.assertEqual(
            self.bar(read_in="2023"), ["‹ All dates", "July 2023", "December 2023"]
        )

    def test_the_days_of_the_chosen_month_are_offered_that_have_readings(self) -> None:
        self.assertEqual(self.bar(read_in="2023-07"), ["‹ 2023", "1 July"])

    def test_a_chosen_day_leads_back_to_its_month(self) -> None:
        self.assertEqual(self.bar(read_in="2023-07-01"), ["‹ July 2023", "1 July 2023"])

    def test_a_period_that_is_none_leads_back_to_all(self) -> None:
        self.assertEqual(self.bar(read_in="nonsense"), ["‹ All dates"])

    def test_a_date_keeps_what_else_was_chosen(self) -> None:
        page = self.get_list("reading", version_status__exact="current")
        self.assertContains(page, "?read_in=2023&amp;version_status__exact=current")

    def test_years_of_long_ago_are_not_offered(self) -> None:
        old = flow_file_of_readings("030|S|19600101000000|1.0|||T|N|")
        imported(old, "old.uff")
        self.assertEqual(self.bar(), ["2024", "2023", "2022"])

    def test_a_file_lets_through_its_readings_in_the_order_of_its_lines(self) -> None:
        self.assertEqual(self.values(flow_file=self.file.pk), [1, 2, 3, 4])

    def test_the_chosen_file_is_named(self) -> None:
        offered = self.offered("reading", "flow file", flow_file=str(self.file.pk))
        self.assertEqual(offered, ["sample.uff (TEST000001)"])

    def test_no_file_is_offered_before_one_is_chosen(self) -> None:
        self.assertEqual(self.offered("reading", "flow file"), [])

    def test_a_file_that_is_none_lets_nothing_through(self) -> None:
        self.assertEqual([self.values(flow_file=x) for x in ("0", "x")], [[], []])

    def test_a_file_that_is_none_is_called_so(self) -> None:
        offered = self.offered("reading", "flow file", flow_file="x")
        self.assertEqual(offered, ["Not found"])

    def test_basis_actual_lets_through_what_has_no_other(self) -> None:
        self.assertEqual(self.values(basis="actual"), [5, 2, 1])

    def test_a_register_lets_through_its_readings(self) -> None:
        day = flow_file_of_readings("030|DY|20240201000000|6.0|||T|N|")
        imported(day, "day.uff")
        self.assertEqual(self.values(register_id="DY"), [6])

    def test_the_registers_of_the_latest_readings_are_offered(self) -> None:
        self.assertEqual(self.offered("reading", "register"), ["S"])

    def test_a_register_that_was_typed_is_offered_too(self) -> None:
        offered = self.offered("reading", "register", register_id="MD")
        self.assertEqual(offered, ["MD", "S"])

    def test_typing_a_register_keeps_what_else_was_chosen(self) -> None:
        page = self.get_list("reading", basis="estimated", register_id="MD")
        kept = '<input type="hidden" name="basis" value="estimated">'
        self.assertContains(page, kept, count=2, html=True)

    def test_a_sender_lets_through_what_came_in_its_files(self) -> None:
        header = header_line(file_identifier="TEST000003", from_participant="SYND")
        other = flow_file_of_readings("030|S|20240401000000|7.0|||T|N|", header=header)
        imported(other, "synd.uff")
        self.assertEqual(self.values(sender="SYND"), [7])

    def test_a_sender_of_much_lets_through_the_same(self) -> None:
        with patch.object(changelist, "SCAN_LIMIT", 3):
            self.assertEqual(self.values(sender="UDMS"), [3, 4, 5, 2, 1])

    def test_no_sender_lets_everything_through(self) -> None:
        self.assertEqual(len(self.values(sender="")), 5)

    def test_nothing_chosen_lets_everything_through(self) -> None:
        for name in ("basis", "read_in", "version_status__exact", "register_id"):
            with self.subTest(name):
                self.assertEqual(len(self.values(**{name: ""})), 5)

    def test_a_meter_lets_through_its_readings(self) -> None:
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

    def test_a_distributor_lets_through_the_mpans_it_issued(self) -> None:
        self.assertEqual(
            self.listed("meterpoint", distributor="10"), ["10 0000 0000 003"]
        )

    def test_a_distributor_without_mpans_lets_nothing_through(self) -> None:
        self.assertEqual(self.listed("meterpoint", distributor="24"), [])

    def test_no_distributor_lets_everything_through(self) -> None:
        self.assertEqual(len(self.listed("meterpoint", distributor="")), 2)

    def test_a_distributor_of_a_region_is_offered_with_its_gsp_group(self) -> None:
        offered = self.offered("meterpoint", "distribution area")
        self.assertEqual(
            offered[:2],
            ["Eastern (10, GSP group _A)", "East Midlands (11, GSP group _B)"],
        )

    def test_an_independent_distributor_is_offered_without_a_gsp_group(self) -> None:
        self.assertIn("Harlaxton (29)", self.offered("meterpoint", "distribution area"))


class EmptyFilterTests(FilterTestCase):
    def test_no_year_is_offered_where_there_is_no_reading(self) -> None:
        self.assertEqual(self.bar(), [])

    def test_the_months_of_a_year_without_a_reading_are_not_offered(self) -> None:
        self.assertEqual(self.bar(read_in="2024"), ["‹ All dates", "2024"])


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

    def filenames(self, **asked: str) -> list[str]:
        """Return the names of the files listed."""
        changes = self.get_list("flowfile", **asked).context["cl"]
        return sorted(file.filename for file in changes.result_list)

    def test_a_sender_lets_through_what_it_sent(self) -> None:
        self.assertEqual(self.filenames(sender="SYND"), ["synd.uff"])

    def test_the_senders_there_are_are_offered(self) -> None:
        self.assertEqual(self.offered("flowfile", "sender"), ["SYND", "UDMS"])

    def test_a_status_lets_through_the_files_that_have_it(self) -> None:
        self.assertEqual(self.filenames(status__exact="rejected"), ["nothing.txt"])

    def test_a_policy_lets_through_the_files_it_judged(self) -> None:
        self.assertEqual(self.filenames(policy__exact="strict"), ["synd.uff"])

    def test_the_years_in_which_files_came_are_offered(self) -> None:
        self.receive("udms.uff", datetime(2025, 7, 1, tzinfo=LONDON))
        self.assertEqual(self.bar("flowfile"), [f"{NOW:%Y}", "2025"])

    def test_the_days_of_a_month_in_which_files_came_are_offered(self) -> None:
        self.receive("udms.uff", datetime(2025, 7, 1, tzinfo=LONDON))
        offered = self.bar("flowfile", received_in="2025-07")
        self.assertEqual(offered, ["‹ 2025", "1 July"])

    def test_a_day_lets_through_what_came_from_midnight_to_midnight(self) -> None:
        self.receive("udms.uff", datetime(2025, 7, 1, tzinfo=LONDON))
        self.receive("synd.uff", datetime(2025, 7, 2, tzinfo=LONDON))
        self.assertEqual(self.filenames(received_in="2025-07-01"), ["udms.uff"])

    def receive(self, filename: str, moment: datetime) -> None:
        """Let a file have come at a time."""
        FlowFile.objects.filter(filename=filename).update(received_at=moment)

    def test_a_rule_lets_through_its_findings(self) -> None:
        file = FlowFile.objects.get(filename="nothing.txt")
        self.assertEqual(
            self.listed("finding", rule="not-a-flow-file"),
            [str(file.findings.get(code="not-a-flow-file"))],
        )
