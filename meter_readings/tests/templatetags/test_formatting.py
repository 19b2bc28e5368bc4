"""Tests of the formatting filters."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from django.test import SimpleTestCase
from django.utils.html import strip_tags

from meter_readings.models import FlowFile, ImportJob, Reading
from meter_readings.queries.advances import ExclusionReason
from meter_readings.templatetags import formatting


class BreakableTests(SimpleTestCase):
    def test_file_name_breaks_after_hyphens_and_underscores(self) -> None:
        self.assertEqual(
            formatting.breakable("march_2026--<b>-2.uff"),
            "march_<wbr>2026--<wbr>&lt;b&gt;-<wbr>2.uff",
        )


class BadgeTests(SimpleTestCase):
    def test_badge_has_a_shape_and_a_label(self) -> None:
        self.assertEqual(
            strip_tags(formatting.badge("rejected", "Rejected")), "✕ Rejected"
        )

    def test_shape_is_hidden_from_screen_readers(self) -> None:
        self.assertIn(
            '<span aria-hidden="true">▲</span>', formatting.badge("warning", "W")
        )

    def test_value_without_a_tone_is_a_note(self) -> None:
        self.assertEqual(
            strip_tags(formatting.badge("duplicate", "Duplicate")), "● Duplicate"
        )

    def test_label_is_escaped(self) -> None:
        self.assertIn("&lt;b&gt;", formatting.badge("x", "<b>"))


class ValidityBadgeTests(SimpleTestCase):
    def test_reading_flagged_f_is_suspect(self) -> None:
        reading = Reading(meter_reading_flag=False)
        self.assertEqual(strip_tags(formatting.validity_badge(reading)), "▲ Suspect")

    def test_other_reading_is_valid(self) -> None:
        self.assertEqual(strip_tags(formatting.validity_badge(Reading())), "✓ Valid")


class DayTests(SimpleTestCase):
    def test_day_is_the_uk_local_date(self) -> None:
        instant = datetime(2024, 6, 30, 23, 0, tzinfo=UTC)
        self.assertEqual(formatting.day(instant), "1 Jul 2024")


class TOrFTests(SimpleTestCase):
    def test_flags_show_meaning_and_letter(self) -> None:
        self.assertEqual(
            [formatting.t_or_f(value) for value in (True, False, None)],
            ["Valid (T)", "Suspect (F)", "–"],
        )


class LocalTimeTests(SimpleTestCase):
    def test_summer_time_is_shown_as_bst(self) -> None:
        instant = datetime(2024, 6, 30, 23, 0, tzinfo=UTC)
        self.assertEqual(
            strip_tags(formatting.local_time(instant)), "1 Jul 2024 00:00 BST"
        )

    def test_tooltip_and_datetime_attribute_are_in_utc(self) -> None:
        instant = datetime(2024, 6, 30, 23, 0, tzinfo=UTC)
        attributes = (
            '<time datetime="2024-06-30T23:00:00Z" title="2024-06-30 23:00:00 UTC">'
        )
        self.assertIn(attributes, formatting.local_time(instant))

    def test_seconds_are_shown_unless_zero(self) -> None:
        instant = datetime(2024, 1, 1, 23, 59, 59, tzinfo=UTC)
        self.assertEqual(
            strip_tags(formatting.local_time(instant)), "1 Jan 2024 23:59:59 GMT"
        )

    def test_no_time_is_a_dash(self) -> None:
        self.assertEqual(formatting.local_time(None), "–")

    def test_reading_at_local_midnight_has_a_date_without_a_time(self) -> None:
        for instant, text in (
            (datetime(2024, 6, 30, 23, 0, tzinfo=UTC), "1 Jul 2024"),
            (datetime(2024, 7, 1, 0, 0, tzinfo=UTC), "1 Jul 2024 01:00 BST"),
            (datetime(2024, 1, 1, 23, 59, 59, tzinfo=UTC), "1 Jan 2024 23:59:59 GMT"),
        ):
            with self.subTest(text):
                self.assertEqual(strip_tags(formatting.read_time(instant)), text)


class MpanTests(SimpleTestCase):
    def test_mpan_is_copied_as_one_number(self) -> None:
        self.assertEqual(strip_tags(formatting.mpan("1200023305967")), "1200023305967")

    def test_mpan_is_shown_in_four_groups(self) -> None:
        self.assertEqual(formatting.mpan("1200023305967").count("<span>"), 4)


class ReadingValueTests(SimpleTestCase):
    def test_reading_has_one_decimal(self) -> None:
        self.assertEqual(formatting.reading_value(Decimal("56311.000")), "56311.0")

    def test_reading_keeps_further_decimals_that_are_not_zero(self) -> None:
        self.assertEqual(formatting.reading_value(Decimal("1.250")), "1.25")


class AdvanceUnitsTests(SimpleTestCase):
    def test_units_have_the_decimals_of_a_reading(self) -> None:
        self.assertEqual(formatting.advance_units(Decimal("25.000")), "25.0")

    def test_negative_units_have_a_minus_sign(self) -> None:
        self.assertEqual(formatting.advance_units(Decimal("-2.50")), "−2.5")


class ExclusionLabelTests(SimpleTestCase):
    def test_every_reason_has_a_label_of_its_own(self) -> None:
        reasons = [*ExclusionReason, None]
        labels = {formatting.exclusion_label(reason) for reason in reasons}
        self.assertEqual(len(labels), len(reasons))


class CodeLabelTests(SimpleTestCase):
    def test_listed_code_follows_its_label(self) -> None:
        self.assertEqual(formatting.code_label("R", "Routine"), "Routine (R)")

    def test_unlisted_code_is_shown_alone(self) -> None:
        self.assertEqual(formatting.code_label("9", "9"), "9")

    def test_no_code_is_a_dash(self) -> None:
        self.assertEqual(formatting.code_label("", ""), "–")


class FindingsTests(SimpleTestCase):
    def test_errors_and_warnings_are_counted(self) -> None:
        file = FlowFile(error_count=1, warning_count=1234)
        self.assertEqual(
            strip_tags(formatting.findings(file)), "✕ 1 error ▲ 1,234 warnings"
        )

    def test_notes_alone_are_a_dash(self) -> None:
        self.assertEqual(formatting.findings(FlowFile(note_count=3)), "–")


class OutcomeTests(SimpleTestCase):
    def test_finished_job_shows_its_outcome(self) -> None:
        job = ImportJob(state="finished", outcome="already-imported")
        self.assertEqual(strip_tags(formatting.outcome(job)), "● Already imported")

    def test_running_job_shows_its_state(self) -> None:
        self.assertEqual(strip_tags(formatting.outcome(ImportJob())), "● Running")

    def test_unlisted_outcome_is_shown_as_stored(self) -> None:
        job = ImportJob(outcome="postponed")
        self.assertEqual(strip_tags(formatting.outcome(job)), "● postponed")


class RoleTests(SimpleTestCase):
    def test_role_is_shown_by_name(self) -> None:
        self.assertEqual(formatting.role("X"), "Supplier")
