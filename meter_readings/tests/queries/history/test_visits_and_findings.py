"""Site visits and findings of a meter point."""

from __future__ import annotations

from django.test import TestCase

from meter_readings.models import Finding, FlowFile, MeterPoint, Policy
from meter_readings.queries import history
from meter_readings.queries.history import MpanBlock
from meter_readings.tests.flow_file_builder import flow_file, header_line
from meter_readings.tests.import_helpers import imported


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

    def found(self, limit: int) -> list[str]:
        visits = history.site_visits_of(meter_point=self.point, limit=limit)
        return [visit.additional_information for visit in visits]

    def test_site_visits_of_are_the_last_stored_first(self) -> None:
        self.assertEqual(self.found(9), ["third", "second", "first"])

    def test_site_visits_of_are_no_more_than_asked_for(self) -> None:
        self.assertEqual(self.found(2), ["third", "second"])


class FindingsAboutTests(TestCase):
    """Values with two decimals are findings on their lines."""

    def found(self, file: FlowFile, mpan_line_number: int, limit: int = 9) -> list[int]:
        """Return the lines of the findings about what stands under one 026."""
        findings = history.findings_in_blocks(
            passages=[MpanBlock(file.pk, mpan_line_number)], limit=limit
        )
        return [finding.line_number or 0 for finding in findings]

    def test_findings_about_are_none_of_no_passages(self) -> None:
        self.assertEqual(history.findings_in_blocks(passages=[], limit=9), [])

    def test_findings_about_are_those_up_to_the_next_026(self) -> None:
        file = imported(flow_file("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|S|20240101000000|1.25|||T|N|
            030|S|20240201000000|2.25|||T|N|
            026|1000000000003|V|
            028|TST0000002|R|
            030|S|20240101000000|3.25|||T|N|
            """))
        self.assertEqual(self.found(file, 2), [4, 5])
        self.assertEqual(self.found(file, 6), [8])

    def test_findings_about_are_those_on_a_026_and_028_too(self) -> None:
        file = imported(flow_file("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|S|20240101000000|1.0|||T|N|
            026|1000000000004|V|
            028|TST0000002|8|
            030|S|20240101000000|3.0|||T|N|
            """))
        self.assertEqual(self.found(file, 2), [])
        self.assertEqual(self.found(file, 5), [5, 6])

    def test_findings_about_are_those_of_a_026_with_visits_alone(self) -> None:
        file = imported(flow_file("""
            026|1000000000004|V|
            027|02||
            026|2000000000015|V|
            027|98||
            """))
        self.assertEqual(set(self.found(file, 2)), {2})
        self.assertIn(5, self.found(file, 4))

    def test_findings_about_are_those_of_readings_that_were_rejected(self) -> None:
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
        self.assertEqual(self.found(file, 2), [5])
        self.assertEqual(self.found(file, 6), [])

    def test_findings_about_are_not_those_under_a_026_that_was_rejected(self) -> None:
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
        self.assertEqual(self.found(file, 2), [])

    def test_findings_about_are_no_more_of_a_passage_than_asked_for(self) -> None:
        file = imported(flow_file("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|S|20240101000000|1.25|||T|N|
            030|S|20240201000000|2.25|||T|N|
            """))
        self.assertEqual(self.found(file, 2, limit=1), [4])

    def test_findings_about_are_of_the_file_said_last_first(self) -> None:
        text = """
            026|2000000000015|V|
            028|TST0000001|R|
            030|S|20240101000000|1.25|||T|N|
            """
        later = imported(
            flow_file(text, header=header_line(created_at="20240501000000")), "later"
        )
        earlier = imported(flow_file(text), "earlier")
        found = history.findings_in_blocks(
            passages=[MpanBlock(earlier.pk, 2), MpanBlock(later.pk, 2)], limit=9
        )
        # A same message under another creation time is no conflict, so two are left.
        files = [finding.flow_file for finding in found if finding.line_number == 4]
        self.assertEqual(files, [later, earlier])

    def test_findings_about_take_two_queries(self) -> None:
        file = imported(flow_file("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|S|20240101000000|1.25|||T|N|
            """))
        with self.assertNumQueries(2):
            self.found(file, 2)
