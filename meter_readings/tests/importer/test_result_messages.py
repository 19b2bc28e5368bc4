"""Findings, outcomes and undoings in a person's words."""

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
    def test_finding_line_gives_the_place_and_what_was_found_there(self) -> None:
        issue = Issue(IssueCode.NEGATIVE, 12, "030", "Reading", "-5.0", "zero or more")
        self.assertEqual(
            result_messages.finding_line(issue),
            'line 12, 030 Reading: found "-5.0", expected zero or more',
        )

    def test_finding_line_goes_without_a_field(self) -> None:
        issue = Issue(IssueCode.NO_METER, 3, "026", expected="a 028 beneath it")
        self.assertEqual(
            result_messages.finding_line(issue),
            "line 3, 026: expected a 028 beneath it",
        )

    def test_finding_line_goes_without_a_group(self) -> None:
        issue = Issue(IssueCode.TRUNCATED, 3, found="030|S")
        self.assertEqual(result_messages.finding_line(issue), 'line 3: found "030|S"')

    def test_finding_line_goes_without_a_line(self) -> None:
        issue = Issue(IssueCode.NO_TRAILER, expected="a ZPT trailer")
        self.assertEqual(
            result_messages.finding_line(issue),
            "the whole file: expected a ZPT trailer",
        )


class FindingsByRuleTests(SimpleTestCase):
    def rules(self, limit: int) -> list[tuple[str, list[int | None]]]:
        """Return the rules in order, each with the lines that are shown of it."""
        kept = [
            (Issue(IssueCode.NO_PIPE_AT_END, 1), Severity.WARNING),
            (Issue(IssueCode.NEGATIVE, 2), Severity.ERROR),
            (Issue(IssueCode.NEGATIVE, 3), Severity.ERROR),
        ]
        result = ImportResult(
            outcome=ImportJob.Outcome.REJECTED,
            filename="a.uff",
            policy=Policy.STANDARD,
            sha256="",
            findings=kept,
            finding_counts={"no-pipe-at-end": 1, "negative": 5_000},
        )
        return [
            (
                f"{rule.count} {rule.code}",
                [issue.line_number for issue in rule.examples],
            )
            for rule in result_messages.findings_by_rule(result, limit)
        ]

    def test_findings_by_rule_have_errors_first(self) -> None:
        self.assertEqual(
            self.rules(limit=2), [("5000 negative", [2, 3]), ("1 no-pipe-at-end", [1])]
        )

    def test_findings_by_rule_have_no_more_lines_than_are_asked_for(self) -> None:
        self.assertEqual(self.rules(limit=1)[0], ("5000 negative", [2]))


class UndoWordsTests(SimpleTestCase):
    def test_undo_words_names_all_that_is_taken_away(self) -> None:
        self.assertEqual(
            result_messages.undo_message(UndoResult(1200, 2, 1, 1, 0)),
            "1,200 readings, 2 site visits, 1 meter and 1 meter point removed",
        )

    def test_undo_words_names_one_thing(self) -> None:
        self.assertEqual(
            result_messages.undo_message(UndoResult(1, 0, 0, 0, 0)),
            "1 reading removed",
        )

    def test_undo_words_goes_without_anything(self) -> None:
        self.assertEqual(
            result_messages.undo_message(UndoResult(0, 0, 0, 0, 0)),
            "nothing removed",
        )

    def test_undo_words_names_what_stands_otherwise(self) -> None:
        self.assertEqual(
            result_messages.undo_message(UndoResult(1, 0, 0, 0, 1)),
            "1 reading removed; 1 other reading changes its version status",
        )

    def test_undo_words_names_how_much_stands_otherwise(self) -> None:
        self.assertEqual(
            result_messages.undo_message(UndoResult(2, 0, 0, 0, 2)),
            "2 readings removed; 2 other readings change their version status",
        )


class DateWordsTests(SimpleTestCase):
    def test_date_words_is_the_local_day(self) -> None:
        moment = datetime(2024, 3, 31, 23, 30, tzinfo=UTC)
        self.assertEqual(format_date(moment), "1 April 2024")


class ClearWordsTests(SimpleTestCase):
    def test_clear_words_names_all_that_was_removed(self) -> None:
        self.assertEqual(
            result_messages.clear_message(ClearResult(1200, 0, 2, 1, 1, 1, 1)),
            "1,200 readings, 2 findings, 1 import job, 1 meter, 1 meter point "
            "and 1 flow file removed",
        )

    def test_clear_words_names_one_thing(self) -> None:
        self.assertEqual(
            result_messages.clear_message(ClearResult(0, 0, 0, 0, 0, 0, 1)),
            "1 flow file removed",
        )

    def test_clear_words_goes_without_anything(self) -> None:
        self.assertEqual(
            result_messages.clear_message(ClearResult(0, 0, 0, 0, 0, 0, 0)),
            "nothing removed",
        )
