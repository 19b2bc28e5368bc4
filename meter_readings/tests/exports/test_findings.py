"""Tests of validation reports in CSV and JSON."""

from __future__ import annotations

import json

from django.test import SimpleTestCase

from meter_readings import exports
from meter_readings.d0010 import Issue, IssueCode
from meter_readings.models import Finding, Policy, Severity

ISSUE = Issue(IssueCode.NEGATIVE, 4, "030", "Register Reading", "-5.0", "more")


def row(finding: Issue | Finding = ISSUE) -> exports.FindingRow:
    return exports.finding_row(file="a.uff", finding=finding, severity=Severity.ERROR)


class FindingRowTests(SimpleTestCase):
    def test_row_has_the_message_and_the_remedy_of_its_rule(self) -> None:
        self.assertEqual(row().message, "The value is negative.")
        self.assertIn("Ask the sender", row().remedy)

    def test_stored_finding_has_the_same_row_as_the_issue(self) -> None:
        stored = Finding(
            code="negative",
            severity="error",
            line_number=4,
            group="030",
            field="Register Reading",
            found="-5.0",
            expected="more",
        )
        self.assertEqual(row(stored), row())

    def test_row_of_a_former_rule_has_its_code_as_message(self) -> None:
        former = row(Finding(code="former-rule", severity="error"))
        self.assertEqual([former.message, former.remedy], ["former-rule", ""])


class ReportLinesTests(SimpleTestCase):
    def test_csv_begins_with_the_column_names(self) -> None:
        names, line, end = exports.report_lines(exports.CsvReportFormat(), [row()])
        self.assertTrue(names.startswith("file,line_number,group,"))
        self.assertTrue(line.startswith("a.uff,4,030,Register Reading,error,negative,"))
        self.assertEqual(end, "")

    def test_csv_escapes_formulas(self) -> None:
        text = "".join(exports.report_lines(exports.CsvReportFormat(), [row()]))
        self.assertIn(",'-5.0,", text)

    def test_json_is_a_list_of_rows(self) -> None:
        text = "".join(exports.report_lines(exports.JsonReportFormat(), [row(), row()]))
        self.assertEqual(json.loads(text), [row()._asdict()] * 2)

    def test_json_of_no_findings_is_an_empty_list(self) -> None:
        self.assertEqual(
            json.loads("".join(exports.report_lines(exports.JsonReportFormat(), []))),
            [],
        )


class TruncatedRowsTests(SimpleTestCase):
    def texts(self, counts: dict[str, int], listed: dict[str, int]) -> list[str]:
        rows = exports.truncated_rows(
            file="a.uff", counts=counts, listed=listed, policy=Policy.STRICT
        )
        return [f"{row.severity} {row.rule}: {row.found}" for row in rows]

    def test_row_counts_the_findings_not_listed(self) -> None:
        self.assertEqual(
            self.texts({"negative": 3_001, "missing-value": 2}, {"negative": 1}),
            [
                "error missing-value: 2 more of these",
                "error negative: 3,000 more of these",
            ],
        )

    def test_severity_depends_on_the_policy(self) -> None:
        self.assertEqual(
            self.texts({"no-trailer": 1}, {}), ["error no-trailer: 1 more of these"]
        )

    def test_no_row_if_all_findings_are_listed(self) -> None:
        self.assertEqual(self.texts({"negative": 1}, {"negative": 1}), [])
