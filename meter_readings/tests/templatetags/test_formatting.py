"""How values look."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from django.test import SimpleTestCase
from django.utils.html import strip_tags

from meter_readings.models import FlowFile, ImportJob, Reading
from meter_readings.templatetags import formatting


class MarkTests(SimpleTestCase):
    def test_mark_is_a_shape_and_a_word(self) -> None:
        self.assertEqual(
            strip_tags(formatting.mark("rejected", "Rejected")), "✕ Rejected"
        )

    def test_mark_hides_the_shape_from_those_who_listen(self) -> None:
        self.assertIn(
            '<span aria-hidden="true">▲</span>', formatting.mark("warning", "W")
        )

    def test_mark_is_a_note_where_nothing_else_is_said(self) -> None:
        self.assertEqual(
            strip_tags(formatting.mark("duplicate", "Duplicate")), "● Duplicate"
        )

    def test_mark_escapes_what_it_is_given(self) -> None:
        self.assertIn("&lt;b&gt;", formatting.mark("x", "<b>"))


class VerdictTests(SimpleTestCase):
    def test_verdict_is_suspect_where_the_flag_says_so(self) -> None:
        reading = Reading(meter_reading_flag=False)
        self.assertEqual(strip_tags(formatting.verdict(reading)), "▲ Suspect")

    def test_verdict_is_valid_where_nothing_speaks_against_it(self) -> None:
        self.assertEqual(strip_tags(formatting.verdict(Reading())), "✓ Valid")


class DayTests(SimpleTestCase):
    def test_day_is_the_one_by_the_local_clock(self) -> None:
        instant = datetime(2024, 6, 30, 23, 0, tzinfo=UTC)
        self.assertEqual(formatting.day(instant), "1 Jul 2024")


class TruthTests(SimpleTestCase):
    def test_truth_is_told_in_words(self) -> None:
        self.assertEqual(
            [formatting.truth(value) for value in (True, False, None)],
            ["Valid (T)", "Suspect (F)", "–"],
        )


class MomentTests(SimpleTestCase):
    def test_moment_is_local_with_its_zone(self) -> None:
        moment = datetime(2024, 6, 30, 23, 0, tzinfo=UTC)
        self.assertEqual(strip_tags(formatting.moment(moment)), "1 Jul 2024 00:00 BST")

    def test_moment_is_given_in_utc_too(self) -> None:
        moment = datetime(2024, 6, 30, 23, 0, tzinfo=UTC)
        attributes = (
            '<time datetime="2024-06-30T23:00:00Z" title="2024-06-30 23:00:00 UTC">'
        )
        self.assertIn(attributes, formatting.moment(moment))

    def test_moment_has_seconds_where_there_are_any(self) -> None:
        moment = datetime(2024, 1, 1, 23, 59, 59, tzinfo=UTC)
        self.assertEqual(
            strip_tags(formatting.moment(moment)), "1 Jan 2024 23:59:59 GMT"
        )

    def test_moment_is_a_dash_where_there_is_none(self) -> None:
        self.assertEqual(formatting.moment(None), "–")


class MpanTests(SimpleTestCase):
    def test_mpan_is_copied_as_one_number(self) -> None:
        self.assertEqual(strip_tags(formatting.mpan("1200023305967")), "1200023305967")

    def test_mpan_is_shown_in_groups(self) -> None:
        self.assertEqual(formatting.mpan("1200023305967").count("<span>"), 4)


class RegisterReadingTests(SimpleTestCase):
    def test_register_reading_has_one_decimal(self) -> None:
        self.assertEqual(formatting.register_reading(Decimal("56311.000")), "56311.0")

    def test_register_reading_has_more_decimals_where_they_came(self) -> None:
        self.assertEqual(formatting.register_reading(Decimal("1.250")), "1.25")


class CodedTests(SimpleTestCase):
    def test_coded_is_the_meaning_with_the_code(self) -> None:
        self.assertEqual(formatting.coded("R", "Routine"), "Routine (R)")

    def test_coded_is_the_code_alone_where_it_is_unlisted(self) -> None:
        self.assertEqual(formatting.coded("9", "9"), "9")

    def test_coded_is_a_dash_where_there_is_none(self) -> None:
        self.assertEqual(formatting.coded("", ""), "–")


class FindingsTests(SimpleTestCase):
    def test_findings_are_counted_by_severity(self) -> None:
        file = FlowFile(error_count=1, warning_count=1234)
        self.assertEqual(
            strip_tags(formatting.findings(file)), "✕ 1 error ▲ 1,234 warnings"
        )

    def test_findings_are_a_dash_where_there_is_neither_error_nor_warning(self) -> None:
        self.assertEqual(formatting.findings(FlowFile(note_count=3)), "–")


class OutcomeTests(SimpleTestCase):
    def test_outcome_is_told_in_words(self) -> None:
        job = ImportJob(state="finished", outcome="already-imported")
        self.assertEqual(strip_tags(formatting.outcome(job)), "● Already imported")

    def test_outcome_is_how_far_it_is_while_there_is_none(self) -> None:
        self.assertEqual(strip_tags(formatting.outcome(ImportJob())), "● Running")

    def test_outcome_is_told_as_it_is_where_it_is_not_known(self) -> None:
        job = ImportJob(outcome="postponed")
        self.assertEqual(strip_tags(formatting.outcome(job)), "● postponed")


class RoleTests(SimpleTestCase):
    def test_role_is_told_in_words(self) -> None:
        self.assertEqual(formatting.role("X"), "Supplier")


class ThousandsTests(SimpleTestCase):
    def test_thousands_are_set_apart(self) -> None:
        self.assertEqual(formatting.thousands(1234567), "1,234,567")
