"""Tests of findings: severity, counts and the limit of stored findings."""

from __future__ import annotations

from django.test import TestCase

from meter_readings.d0010 import Issue
from meter_readings.importer import MAX_STORED_PER_RULE, ImportResult
from meter_readings.models import Finding, FlowFile, Policy, Severity
from meter_readings.tests.support.flow_file_builder import (
    flow_file,
    flow_file_of_readings,
)
from meter_readings.tests.support.import_helpers import import_text, imported

ONE_OF_EACH = flow_file("""
    026|2000000000015|V|
    028|TST0000001|R|
    030|S|20240401000000|0100.0|||T|N|
    030|T|20240401000000|99.25|||T|N|
    026|2000000000016|V|
    028|TST0000001|R|
    """)


class FindingsTests(TestCase):
    def test_findings_are_in_the_result_in_line_order(self) -> None:
        result = import_text(ONE_OF_EACH)
        found = [(issue.line_number, str(issue.code)) for issue, _ in result.findings]
        self.assertEqual(
            found,
            [
                (3, "serial-number-at-other-mpan"),
                (4, "leading-zeros"),
                (5, "extra-decimals"),
                (6, "mpan-check-digit"),
                (7, "serial-number-at-other-mpan"),
            ],
        )

    def test_findings_are_stored_with_the_file(self) -> None:
        file = imported(ONE_OF_EACH)
        found = file.findings.order_by("line_number").values_list("code", flat=True)
        self.assertEqual(len(found), 5)
        self.assertEqual(found[1], "leading-zeros")

    def test_finding_has_its_place_and_the_value_found_there(self) -> None:
        imported(ONE_OF_EACH)
        finding = Finding.objects.get(code="mpan-check-digit")
        self.assertEqual(
            (finding.line_number, finding.group, finding.field),
            (6, "026", "MPAN Core (J0003)"),
        )
        self.assertEqual(
            (finding.found, finding.expected),
            ("2000000000016", "5 as the last digit"),
        )

    def test_finding_of_the_whole_file_has_no_line(self) -> None:
        imported(ONE_OF_EACH.rpartition("ZPT")[0])
        finding = Finding.objects.get(code="no-trailer")
        self.assertEqual((finding.line_number, finding.group), (None, ""))

    def test_findings_are_counted_by_rule(self) -> None:
        counts = {
            "serial-number-at-other-mpan": 2,
            "leading-zeros": 1,
            "extra-decimals": 1,
            "mpan-check-digit": 1,
        }
        self.assertEqual(import_text(ONE_OF_EACH).finding_counts, counts)
        self.assertEqual(FlowFile.objects.get().finding_counts, counts)

    def test_findings_are_counted_by_severity(self) -> None:
        result = import_text(ONE_OF_EACH, policy=Policy.STRICT)
        counts = result.error_count, result.warning_count, result.note_count
        self.assertEqual(counts, (2, 1, 0))

    def test_findings_are_counted_by_severity_on_the_flow_file(self) -> None:
        file = imported(ONE_OF_EACH)
        counts = file.error_count, file.warning_count, file.note_count
        self.assertEqual(counts, (0, 3, 2))

    def test_finding_has_the_severity_of_the_policy(self) -> None:
        import_text(ONE_OF_EACH, policy=Policy.STRICT)
        finding = Finding.objects.get(code="extra-decimals")
        self.assertEqual(finding.severity, Severity.ERROR)

    def test_on_finding_receives_every_finding(self) -> None:
        received: list[tuple[Issue, Severity]] = []
        result = import_text(
            ONE_OF_EACH, on_finding=lambda *finding: received.append(finding)
        )
        self.assertEqual(sorted(received, key=repr), sorted(result.findings, key=repr))

    def test_finding_escapes_characters_that_no_database_stores(self) -> None:
        import_text(ONE_OF_EACH.replace("0100.0", "1\x000"))
        finding = Finding.objects.get(code="control-character")
        self.assertIn(r"1\x000", finding.found)

    def test_finding_shortens_a_long_value(self) -> None:
        import_text(flow_file(["026|2000000000015|V|", f"027|02|{'é' * 300}|"]))
        for finding in Finding.objects.all():
            with self.subTest(finding.code):
                self.assertLessEqual(len(finding.found), 81)

    def test_finding_of_a_line_that_begins_with_a_pipe_is_stored(self) -> None:
        import_text(flow_file(["026|2000000000015|V|", "|03|é|"]))
        findings = Finding.objects.filter(group="|03")
        codes = {finding.code for finding in findings}
        self.assertIn("non-ascii-character", codes)


class FindingLimitTests(TestCase):
    def result_of(self, count: int) -> ImportResult:
        """Import a file with so many leading zeros."""
        readings = (
            f"030|S|2024{month:02}{day:02}0000{second:02}|0{second}.0|||T|N|"
            for month in (1, 2, 3)
            for day in range(1, 25)
            for second in range(60)
        )
        lines = [line for line, _ in zip(readings, range(count), strict=False)]
        groups = flow_file_of_readings(*lines).replace("|R|", "|S|")
        return import_text(groups)

    def test_findings_over_the_limit_are_counted(self) -> None:
        result = self.result_of(MAX_STORED_PER_RULE + 7)
        self.assertEqual(result.finding_counts, {"leading-zeros": 1007})
        self.assertEqual(result.warning_count, 1007)

    def test_findings_are_stored_up_to_the_limit(self) -> None:
        result = self.result_of(MAX_STORED_PER_RULE + 7)
        self.assertEqual(len(result.findings), 1000)
        self.assertEqual(Finding.objects.count(), 1000)

    def test_exactly_as_many_findings_as_the_limit_are_all_stored(self) -> None:
        result = self.result_of(MAX_STORED_PER_RULE)
        self.assertEqual(len(result.findings), 1000)

    def test_each_rule_has_its_own_limit(self) -> None:
        text = flow_file_of_readings(
            *["030|S|20240401000000|01.0|||T|N|"] * (MAX_STORED_PER_RULE + 1),
            "030|T|20240401000000|1.25|||T|N|",
        )
        result = import_text(text)
        codes = {str(issue.code) for issue, _ in result.findings}
        self.assertEqual(codes, {"leading-zeros", "extra-decimals"})

    def test_every_finding_over_the_limit_is_told_to_who_follows_the_import(
        self,
    ) -> None:
        told: list[Issue] = []
        readings = ["030|S|20240401000000|7|||T|N|"] * (MAX_STORED_PER_RULE + 7)
        import_text(
            flow_file_of_readings(*readings),
            dry_run=True,
            on_finding=lambda issue, severity: told.append(issue),
        )
        self.assertEqual([issue.line_number for issue in told], [*range(4, 1011)])
