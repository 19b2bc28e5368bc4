"""Reports of findings."""

from __future__ import annotations

import csv
import io
import json
import stat
from pathlib import Path
from typing import Any

from meter_readings.d0010 import Issue, IssueCode
from meter_readings.importer import FileResult, ImportResult, InputFile
from meter_readings.management.cli.finding_report import FindingReportFile
from meter_readings.models import ImportJob, Policy, Severity
from meter_readings.tests.management.run_command import FolderTestCase

FAULT = Issue(
    IssueCode.NEGATIVE, 4, "030", "Register Reading (J0040)", "-5.0", "zero or more"
)
ROW = {
    "file": "a.uff",
    "line_number": 4,
    "group": "030",
    "field": "Register Reading (J0040)",
    "severity": "error",
    "rule": "negative",
    "message": "The value is negative.",
    "found": "-5.0",
    "expected": "zero or more",
    "remedy": "Ask the sender for a corrected file, or import the rest with "
    "the partial policy.",
}


def result(count: int) -> FileResult:
    """Return the result of a file with `count` negative readings."""
    rejected = ImportResult(
        outcome=ImportJob.Outcome.REJECTED,
        filename="a.uff",
        policy=Policy.STANDARD,
        sha256="",
        finding_counts={"negative": count},
    )
    return FileResult(
        InputFile("a.uff", "a.uff", io.BytesIO()), "a.uff", result=rejected
    )


class FindingReportFileTests(FolderTestCase):
    def write(self, name: str, *issues: Issue, count: int = 0) -> Path:
        """Write a report of one file that has `count` findings in all."""
        path = self.folder / name
        with FindingReportFile(path) as report:
            report.file_started("a.uff")
            for issue in issues:
                report.finding(issue, Severity.ERROR)
            report.file_finished(result(count or len(issues)))
        return path

    def rows(self, *issues: Issue, count: int = 0) -> list[dict[str, str]]:
        path = self.write("report.csv", *issues, count=count)
        with path.open(newline="", encoding="utf-8") as file:
            return [*csv.DictReader(file)]

    def items(self, *issues: Issue) -> Any:
        return json.loads(self.write("report.JSON", *issues).read_text("utf-8"))

    def test_csv_report_has_a_row_for_each_finding(self) -> None:
        (row,) = self.rows(FAULT)
        expected = ROW | {"line_number": "4", "found": "'-5.0"}
        self.assertEqual(row, expected)

    def test_json_report_has_an_item_for_each_finding(
        self,
    ) -> None:
        self.assertEqual(self.items(FAULT), [ROW])

    def test_json_report_has_all_findings(self) -> None:
        self.assertEqual(self.items(FAULT, FAULT), [ROW, ROW])

    def test_json_report_without_findings_is_an_empty_list(self) -> None:
        self.assertEqual(self.items(), [])

    def test_csv_report_without_findings_has_only_the_header(self) -> None:
        self.assertEqual(self.rows(), [])

    def test_last_row_has_the_number_of_unreported_findings(
        self,
    ) -> None:
        rows = self.rows(FAULT, count=3_001)
        self.assertEqual(rows[1]["found"], "3,000 more of these")

    def test_findings_are_counted_per_file(self) -> None:
        path = self.folder / "report.csv"
        with FindingReportFile(path) as report:
            for label in "a.uff", "b.uff":
                report.file_started(label)
                report.finding(FAULT, Severity.ERROR)
                report.file_finished(result(1))
        self.assertEqual(len(path.read_text().splitlines()), 3)

    def test_interrupted_json_report_is_complete(self) -> None:
        path = self.folder / "report.json"
        with self.assertRaises(KeyboardInterrupt), FindingReportFile(path) as report:
            report.file_started("a.uff")
            report.finding(FAULT, Severity.ERROR)
            raise KeyboardInterrupt
        self.assertEqual(json.loads(path.read_text()), [ROW])

    def test_report_is_readable_by_its_owner_only(self) -> None:
        mode = self.write("report.csv", FAULT).stat().st_mode
        self.assertEqual(stat.S_IMODE(mode), 0o600)

    def test_report_replaces_an_older_file(self) -> None:
        self.rows(FAULT, FAULT)
        self.assertEqual(len(self.rows(FAULT)), 1)
