"""The report on a file, as CSV and as JSON."""

from __future__ import annotations

import json

from django.test import SimpleTestCase

from meter_readings.d0010 import Issue, IssueCode
from meter_readings.exports import findings
from meter_readings.models import Finding, Policy, Severity

FAULT = Issue(IssueCode.NEGATIVE, 4, "030", "Register Reading", "-5.0", "more")


def row(said: Issue | Finding = FAULT) -> findings.Row:
    """Return the row of a finding in a.uff."""
    return findings.row(file="a.uff", said=said, severity=Severity.ERROR)


class RowTests(SimpleTestCase):
    def test_row_says_what_the_rule_says_and_what_to_do(self) -> None:
        self.assertEqual(row().sentence, "The value is negative.")
        self.assertIn("Ask the sender", row().remedy)

    def test_row_is_the_same_of_a_finding_that_was_stored(self) -> None:
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

    def test_row_of_a_rule_of_old_says_its_name(self) -> None:
        said = row(Finding(code="of-old", severity="error"))
        self.assertEqual([said.sentence, said.remedy], ["of-old", ""])


class LinesTests(SimpleTestCase):
    def test_lines_of_csv_begin_with_the_names(self) -> None:
        names, line, end = findings.lines(findings.CsvForm(), [row()])
        self.assertTrue(names.startswith("file,line_number,group,"))
        self.assertTrue(line.startswith("a.uff,4,030,Register Reading,error,negative,"))
        self.assertEqual(end, "")

    def test_lines_of_csv_are_no_formulas(self) -> None:
        text = "".join(findings.lines(findings.CsvForm(), [row()]))
        self.assertIn(",'-5.0,", text)

    def test_lines_of_json_are_a_list(self) -> None:
        text = "".join(findings.lines(findings.JsonForm(), [row(), row()]))
        self.assertEqual(json.loads(text), [row()._asdict()] * 2)

    def test_lines_of_json_are_an_empty_list_where_nothing_was_found(self) -> None:
        self.assertEqual(
            json.loads("".join(findings.lines(findings.JsonForm(), []))), []
        )


class UntoldTests(SimpleTestCase):
    def untold(self, counts: dict[str, int], told: dict[str, int]) -> list[str]:
        """Return what is said of findings that were counted and not told."""
        rows = findings.truncated_rows(
            file="a.uff", counts=counts, told=told, policy=Policy.STRICT
        )
        return [f"{row.severity} {row.rule}: {row.found}" for row in rows]

    def test_untold_are_as_many_as_were_not_told(self) -> None:
        self.assertEqual(
            self.untold({"negative": 3_001, "missing-value": 2}, {"negative": 1}),
            [
                "error missing-value: 2 more of these",
                "error negative: 3,000 more of these",
            ],
        )

    def test_untold_weigh_as_much_as_their_policy_says(self) -> None:
        self.assertEqual(
            self.untold({"no-trailer": 1}, {}), ["error no-trailer: 1 more of these"]
        )

    def test_untold_are_none_where_all_were_told(self) -> None:
        self.assertEqual(self.untold({"negative": 1}, {"negative": 1}), [])
