"""Tests of site visits and of findings in MPAN blocks."""

from __future__ import annotations

from django.test import TestCase

from meter_readings.models import Finding, FlowFile, MeterPoint, Policy
from meter_readings.queries import history
from meter_readings.queries.history import MpanBlock
from meter_readings.tests.support.flow_file_builder import flow_file, header_line
from meter_readings.tests.support.import_helpers import imported


class SiteVisitsOfTests(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        imported(flow_file("""
            026|2000000000015|V|
            027|02|first|
            027|02|second|
            027|02|third|
            026|1000000000003|V|
            027|02|elsewhere|
            """))
        cls.point = MeterPoint.objects.get(mpan="2000000000015")

    def information(self, limit: int) -> list[str]:
        visits = history.site_visits_of(meter_point=self.point, limit=limit)
        return [visit.additional_information for visit in visits]

    def test_visits_stored_last_come_first(self) -> None:
        self.assertEqual(self.information(9), ["third", "second", "first"])

    def test_no_more_visits_than_the_limit_are_returned(self) -> None:
        self.assertEqual(self.information(2), ["third", "second"])


class FindingsInBlocksTests(TestCase):
    """A value with two decimals is a finding on its line."""

    def lines(self, file: FlowFile, mpan_line_number: int, limit: int = 9) -> list[int]:
        """Return the line numbers of the findings in one block."""
        findings = history.findings_in_blocks(
            blocks=[MpanBlock(file.pk, mpan_line_number)], limit=limit
        )
        return [finding.line_number or 0 for finding in findings]

    def test_no_blocks_have_no_findings(self) -> None:
        self.assertEqual(history.findings_in_blocks(blocks=[], limit=9), [])

    def test_findings_up_to_the_next_026_are_returned(self) -> None:
        file = imported(flow_file("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|S|20240101000000|1.25|||T|N|
            030|S|20240201000000|2.25|||T|N|
            026|1000000000003|V|
            028|TST0000002|R|
            030|S|20240101000000|3.25|||T|N|
            """))
        self.assertEqual(self.lines(file, 2), [4, 5])
        self.assertEqual(self.lines(file, 6), [8])

    def test_findings_on_a_026_and_a_028_are_returned(self) -> None:
        file = imported(flow_file("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|S|20240101000000|1.0|||T|N|
            026|1000000000004|V|
            028|TST0000002|8|
            030|S|20240101000000|3.0|||T|N|
            """))
        self.assertEqual(self.lines(file, 2), [])
        self.assertEqual(self.lines(file, 5), [5, 6])

    def test_findings_of_a_block_with_only_visits_are_returned(self) -> None:
        file = imported(flow_file("""
            026|1000000000004|V|
            027|02||
            026|2000000000015|V|
            027|98||
            """))
        self.assertEqual(set(self.lines(file, 2)), {2})
        self.assertIn(5, self.lines(file, 4))

    def test_findings_of_rejected_readings_are_returned(self) -> None:
        file = imported(
            flow_file("""
                026|2000000000015|V|
                028|TST0000001|R|
                030|S|20240101000000|1.0|||T|N|
                030|S|20240201000000|-2.0|||T|N|
                026|1000000000003|V|
                028|TST0000002|R|
                030|S|20240101000000|3.0|||T|N|
                """),
            policy=Policy.PARTIAL,
        )
        self.assertEqual(self.lines(file, 2), [5])
        self.assertEqual(self.lines(file, 6), [])

    def test_findings_under_a_rejected_026_are_not_returned(self) -> None:
        file = imported(
            flow_file("""
                026|2000000000015|V|
                028|TST0000001|R|
                030|S|20240101000000|1.0|||T|N|
                026|123|V|
                028|TST0000002|R|
                030|S|20240101000000|-3.0|||T|N|
                """),
            policy=Policy.PARTIAL,
        )
        self.assertEqual(Finding.objects.count(), 2)
        self.assertEqual(self.lines(file, 2), [])

    def test_no_more_findings_per_block_than_the_limit_are_returned(self) -> None:
        file = imported(flow_file("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|S|20240101000000|1.25|||T|N|
            030|S|20240201000000|2.25|||T|N|
            """))
        self.assertEqual(self.lines(file, 2, limit=1), [4])

    def test_findings_of_the_file_created_last_come_first(self) -> None:
        text = """
            026|2000000000015|V|
            028|TST0000001|R|
            030|S|20240101000000|1.25|||T|N|
            """
        later = imported(
            flow_file(text, header=header_line(created_at="20240501000000")), "later"
        )
        earlier = imported(flow_file(text), "earlier")
        findings = history.findings_in_blocks(
            blocks=[MpanBlock(earlier.pk, 2), MpanBlock(later.pk, 2)], limit=9
        )
        files = [finding.flow_file for finding in findings if finding.line_number == 4]
        self.assertEqual(files, [later, earlier])

    def test_findings_take_two_queries(self) -> None:
        file = imported(flow_file("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|S|20240101000000|1.25|||T|N|
            """))
        with self.assertNumQueries(2):
            self.lines(file, 2)
