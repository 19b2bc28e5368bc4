"""Tests of the messages about results."""

from __future__ import annotations

from typing import Any

from django.test import SimpleTestCase

from meter_readings.d0010 import Issue, IssueCode
from meter_readings.importer import (
    ClearResult,
    ImportResult,
    UndoResult,
    result_messages,
)
from meter_readings.importer.result import LoadCounts
from meter_readings.models import FlowFile, ImportJob, Policy, Severity
from meter_readings.tests.support.import_helpers import NOW


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


class OutcomeMessageTests(SimpleTestCase):
    FILE = FlowFile(pk=7, filename="a.uff", received_at=NOW)

    def message(self, outcome: ImportJob.Outcome, **values: Any) -> str:
        """Return the message of a result with these values."""
        result = ImportResult(
            outcome=outcome,
            filename="a.uff",
            policy=Policy.STANDARD,
            sha256="",
            flow_file=self.FILE,
            **values,
        )
        return result_messages.outcome_message(result, is_dry_run=False)

    def imported(self, **counts: int) -> str:
        """Return the message of an imported file with these load counts."""
        loaded = LoadCounts(*[0] * len(LoadCounts._fields))._replace(**counts)
        return self.message(
            ImportJob.Outcome.IMPORTED, readings_loaded=2, loaded=loaded
        )

    def test_message_of_an_imported_file_counts_new_rows(self) -> None:
        self.assertEqual(
            self.imported(meter_points=1, meters=2, site_visits=3),
            "imported as #7: 2 readings, 1 new meter point, 2 new meters, "
            "3 site visits",
        )

    def test_message_of_an_imported_file_counts_version_statuses(self) -> None:
        self.assertEqual(
            self.imported(superseding=1, duplicate=2, superseded=3, withdrawn=4),
            "imported as #7: 2 readings, 1 replaces an earlier version, "
            "2 duplicates, 3 superseded, 4 withdrawn",
        )

    def test_message_counts_several_superseding_readings(self) -> None:
        self.assertEqual(
            self.imported(superseding=2),
            "imported as #7: 2 readings, 2 replace an earlier version",
        )

    def test_message_of_an_already_imported_file_names_the_first_import(self) -> None:
        self.assertEqual(
            self.message(ImportJob.Outcome.ALREADY_IMPORTED),
            "already imported as #7 (a.uff) on 24 November 2026; no action needed",
        )

    def test_message_counts_readings_that_were_not_loaded(self) -> None:
        self.assertEqual(
            self.message(
                ImportJob.Outcome.CHECKED, readings_loaded=2, readings_rejected=1
            ),
            "would be imported: 2 readings, 1 not loaded",
        )


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
