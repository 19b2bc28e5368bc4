"""What the filters beside the admin's lists let through, and what they offer."""

from __future__ import annotations

from meter_readings.models import FlowFile, Meter
from meter_readings.tests.admin.base import AdminTestCase
from meter_readings.tests.builders import flow_file, flow_file_of_readings, header_line
from meter_readings.tests.imported import import_text, imported


class FilterTestCase(AdminTestCase):
    def offered(self, model_name: str, title: str, **asked: str) -> list[str]:
        """Return what a filter offers beside all."""
        changes = self.get_list(model_name, **asked).context["cl"]
        specs = [spec for spec in changes.filter_specs if spec.title == title]
        choices = [choice for spec in specs for choice in spec.choices(changes)]
        return [str(choice["display"]) for choice in choices[1:]]


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
        self.assertEqual(self.values(standing__exact="superseded"), [2])

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

    def test_a_year_out_of_the_calendar_lets_nothing_through(self) -> None:
        self.assertEqual(self.values(read_in="0000"), [])

    def test_the_years_of_readings_are_offered_latest_first(self) -> None:
        self.assertEqual(self.offered("reading", "read in"), ["2024", "2023", "2022"])

    def test_the_months_of_the_chosen_year_are_offered(self) -> None:
        offered = self.offered("reading", "read in", read_in="2023")
        self.assertEqual(
            [offered[0], offered[2], offered[13], offered[14]],
            ["2024", "January 2023", "December 2023", "2022"],
        )

    def test_no_more_than_twenty_years_are_offered(self) -> None:
        old = flow_file_of_readings("030|S|19600101000000|1.0|||T|N|")
        imported(old, "old.uff")
        offered = self.offered("reading", "read in")
        self.assertEqual([len(offered), offered[-1]], [20, "2005"])

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
        self.assertEqual(offered, ["None such"])

    def test_a_meter_lets_through_its_readings(self) -> None:
        meter = Meter.objects.get(serial_number="TST0000002")
        self.assertEqual(self.values(meter=meter.pk), [3, 4])


class EmptyFilterTests(FilterTestCase):
    def test_no_year_is_offered_where_there_is_no_reading(self) -> None:
        self.assertEqual(self.offered("reading", "read in"), [])


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

    def test_a_rule_lets_through_its_findings(self) -> None:
        file = FlowFile.objects.get(filename="nothing.txt")
        self.assertEqual(
            self.listed("finding", rule="not-a-flow-file"),
            [str(file.findings.get(code="not-a-flow-file"))],
        )
