"""Tests of the messages about results."""

from __future__ import annotations

from datetime import UTC, datetime

from django.test import SimpleTestCase

from meter_readings.d0010 import Issue, IssueCode
from meter_readings.importer import (
    ClearResult,
    ImportResult,
    UndoResult,
    result_messages,
)
from meter_readings.importer.formatting import format_date
from meter_readings.models import ImportJob, Policy, Severity


class FindingLineTests(SimpleTestCase):
    def test_finding_line_has_the_place_and_the_value_found(self) -> None:
        issue = Issue(IssueCode.NEGATIVE, 12, "030", "Reading", "-5.0", "zero or more")
        self.assertEqual(
            result_messages.finding_line(issue),
            'line 12, 030 Reading: found "-5.0", expected zero or more',
        )

    def test_finding_line_without_a_field_has_the_group(self) -> None:
        issue = Issue(IssueCode.NO_METER, 3, "026", expected="a 028 group")
        self.assertEqual(
            result_messages.finding_line(issue),
            "line 3, 026: expected a 028 group",
        )

    def test_finding_line_without_a_group_has_the_line(self) -> None:
        issue = Issue(IssueCode.TRUNCATED, 3, found="030|S")
        self.assertEqual(result_messages.finding_line(issue), 'line 3: found "030|S"')

    def test_finding_line_without_a_line_is_of_the_whole_file(self) -> None:
        issue = Issue(IssueCode.NO_TRAILER, expected="a ZPT trailer")
        self.assertEqual(
            result_messages.finding_line(issue),
            "the whole file: expected a ZPT trailer",
        )


class FindingsByRuleTests(SimpleTestCase):
    def rules(self, limit: int) -> list[tuple[str, list[int | None]]]:
        """Return the rules in order, each with the lines of its examples."""
        findings = [
            (Issue(IssueCode.NO_PIPE_AT_END, 1), Severity.WARNING),
            (Issue(IssueCode.NEGATIVE, 2), Severity.ERROR),
            (Issue(IssueCode.NEGATIVE, 3), Severity.ERROR),
        ]
        result = ImportResult(
            outcome=ImportJob.Outcome.REJECTED,
            filename="a.uff",
            policy=Policy.STANDARD,
            sha256="",
            findings=findings,
            finding_counts={"no-pipe-at-end": 1, "negative": 5_000},
        )
        return [
            (
                f"{rule.count} {rule.code}",
                [issue.line_number for issue in rule.examples],
            )
            for rule in result_messages.findings_by_rule(result, limit)
        ]

    def test_findings_by_rule_returns_errors_first(self) -> None:
        self.assertEqual(
            self.rules(limit=2), [("5000 negative", [2, 3]), ("1 no-pipe-at-end", [1])]
        )

    def test_findings_by_rule_returns_no_more_examples_than_the_limit(self) -> None:
        self.assertEqual(self.rules(limit=1)[0], ("5000 negative", [2]))


class UndoMessageTests(SimpleTestCase):
    def test_undo_message_lists_all_deleted_rows(self) -> None:
        self.assertEqual(
            result_messages.undo_message(UndoResult(1200, 2, 1, 1, 0)),
            "1,200 readings, 2 site visits, 1 meter and 1 meter point removed",
        )

    def test_undo_message_has_a_singular(self) -> None:
        self.assertEqual(
            result_messages.undo_message(UndoResult(1, 0, 0, 0, 0)),
            "1 reading removed",
        )

    def test_undo_message_says_nothing_was_removed(self) -> None:
        self.assertEqual(
            result_messages.undo_message(UndoResult(0, 0, 0, 0, 0)),
            "nothing removed",
        )

    def test_undo_message_counts_one_reading_with_another_version_status(self) -> None:
        self.assertEqual(
            result_messages.undo_message(UndoResult(1, 0, 0, 0, 1)),
            "1 reading removed; 1 other reading changes its version status",
        )

    def test_undo_message_counts_readings_with_another_version_status(self) -> None:
        self.assertEqual(
            result_messages.undo_message(UndoResult(2, 0, 0, 0, 2)),
            "2 readings removed; 2 other readings change their version status",
        )


class FormatDateTests(SimpleTestCase):
    def test_format_date_returns_the_local_date(self) -> None:
        moment = datetime(2024, 3, 31, 23, 30, tzinfo=UTC)
        self.assertEqual(format_date(moment), "1 April 2024")


class ClearMessageTests(SimpleTestCase):
    def test_clear_message_lists_all_deleted_rows(self) -> None:
        self.assertEqual(
            result_messages.clear_message(ClearResult(1200, 0, 2, 1, 1, 1, 1)),
            "1,200 readings, 2 findings, 1 import job, 1 meter, 1 meter point "
            "and 1 flow file removed",
        )

    def test_clear_message_has_a_singular(self) -> None:
        self.assertEqual(
            result_messages.clear_message(ClearResult(0, 0, 0, 0, 0, 0, 1)),
            "1 flow file removed",
        )

    def test_clear_message_says_nothing_was_removed(self) -> None:
        self.assertEqual(
            result_messages.clear_message(ClearResult(0, 0, 0, 0, 0, 0, 0)),
            "nothing removed",
        )
