"""Tests of the issues that are put into synthetic files."""

from unittest import TestCase

from meter_readings import synthetic
from meter_readings.d0010 import IssueCode
from meter_readings.tests.support.flow_file_builder import Parsed

from .helpers import bytes_of, parse_lines

# Further issues that an issue always causes
COMPANIONS = {
    IssueCode.TRUNCATED: {
        IssueCode.NO_TRAILER,
        IssueCode.NO_PIPE_AT_END,
        IssueCode.TOO_FEW_FIELDS,
        IssueCode.INVALID_DATETIME,
        IssueCode.MISSING_VALUE,
        IssueCode.MISSING_EXPECTED_VALUE,
    },
    IssueCode.TOO_MANY_RESULTS: {IssueCode.MULTIPLE_RESULTS},
    IssueCode.CREATED_IN_FUTURE: {IssueCode.COMPLETED_BEFORE_CREATED},
}


def generate(*issues: IssueCode, seed: int = 1) -> Parsed:
    """Return a parsed file with these issues."""
    return parse_lines(
        synthetic.flow_file_lines(
            meter_points=20, readings=90, seed=seed, issues=issues
        )
    )


class MutationTests(TestCase):
    def test_every_issue_code_has_a_mutation(self) -> None:
        self.assertEqual(set(synthetic.ISSUE_CODES), set(IssueCode))

    def test_a_file_has_the_chosen_issue_and_no_other(self) -> None:
        for code in synthetic.ISSUE_CODES:
            expected = {code} | COMPANIONS.get(code, set())
            with self.subTest(code):
                self.assertEqual(set(generate(code).codes), expected)

    def test_flags_and_results_are_replaced_at_suspect_meter_points_too(self) -> None:
        for code in IssueCode.SUSPECT_WITHOUT_RESULT, IssueCode.MULTIPLE_RESULTS:
            for seed in range(40):
                with self.subTest(code, seed=seed):
                    self.assertEqual(generate(code, seed=seed).codes, [code])

    def test_two_issues_are_put_into_different_meter_points(self) -> None:
        parsed = generate(IssueCode.NEGATIVE, IssueCode.INVALID_NUMBER)
        self.assertEqual(parsed.codes, ["invalid-number", "negative"])

    def test_issues_of_header_meter_point_and_trailer_can_be_combined(self) -> None:
        issues = (IssueCode.TEST_FILE, IssueCode.NEGATIVE, IssueCode.NO_TRAILER)
        self.assertEqual(set(generate(*issues).codes), set(issues))

    def test_an_issue_of_a_removed_line_is_ignored(self) -> None:
        parsed = generate(IssueCode.NO_HEADER, IssueCode.TEST_FILE)
        self.assertEqual(parsed.codes, ["no-header"])

    def test_an_issue_of_a_removed_meter_point_is_ignored(self) -> None:
        parsed = generate(IssueCode.NO_MPAN, IssueCode.NON_ASCII_CHARACTER)
        self.assertEqual(parsed.codes, ["no-mpan"])

    def test_the_trailer_counts_the_groups_after_mutation(self) -> None:
        parsed = generate(IssueCode.NO_PARENT, IssueCode.NO_METER)
        self.assertEqual(parsed.codes, ["no-meter", "no-parent"])

    def test_a_truncated_file_has_no_line_feed_at_the_end(self) -> None:
        lines = synthetic.flow_file_lines(
            meter_points=1, readings=1, issues=[IssueCode.TRUNCATED]
        )
        self.assertTrue(bytes_of(lines).endswith(b"030|01|2025"))
