"""Tests of the rules of register readings."""

from __future__ import annotations

from datetime import UTC, datetime
from unittest import TestCase

from meter_readings.tests.support.flow_file_builder import (
    METER_LINE,
    MPAN_LINE,
    READING_LINE,
    flow_file,
    flow_file_of_readings,
    header_line,
    parse,
)


class MeterReadingFlagTests(TestCase):
    def test_suspect_reading_without_a_validation_result_is_reported(self) -> None:
        issue = parse(flow_file_of_readings("030|S|20240401000000|99.0|||F|N|")).issue
        self.assertEqual((issue.code, issue.line_number), ("suspect-without-result", 4))
        self.assertEqual(issue.field, "Meter Reading Flag (J0045)")
        self.assertEqual((issue.found, issue.expected), ("F", "a 032 after it"))

    def test_validation_result_of_a_reading_without_a_flag_is_reported(self) -> None:
        issue = parse(
            flow_file_of_readings("030|S|20240401000000|99.0||||N|", "032|05|F|")
        ).issue
        self.assertEqual((issue.code, issue.line_number), ("result-without-flag", 4))
        self.assertEqual((issue.found, issue.expected), ("", "T or F"))

    def test_valid_reading_can_have_a_validation_result(self) -> None:
        parsed = parse(flow_file_of_readings(READING_LINE, "032|05|T|"))
        self.assertEqual(parsed.codes, [])

    def test_suspect_reading_can_be_accepted_later(self) -> None:
        parsed = parse(
            flow_file_of_readings("030|S|20240401000000|99.0|||F|N|", "032|05|T|")
        )
        self.assertEqual(parsed.codes, [])

    def test_reading_without_flag_and_validation_result_has_no_issue(self) -> None:
        parsed = parse(flow_file_of_readings("030|S|20240401000000|99.0||||N|"))
        self.assertEqual(parsed.codes, [])


class MaximumDemandTests(TestCase):
    def test_md_reset_date_and_number_together_have_no_issue(self) -> None:
        parsed = parse(
            flow_file_of_readings("030|MD|20240401000000|41.5|20240301000000|1|T|P|")
        )
        self.assertEqual(parsed.codes, [])

    def test_number_of_md_resets_can_be_zero(self) -> None:
        parsed = parse(
            flow_file_of_readings("030|MD|20240401000000|41.5|20240301000000|0|T|P|")
        )
        self.assertEqual(parsed.codes, [])

    def test_md_reset_date_without_a_number_is_reported(self) -> None:
        issue = parse(
            flow_file_of_readings("030|MD|20240401000000|41.5|20240301000000||T|P|")
        ).issue
        self.assertEqual(issue.code, "md-reset-incomplete")
        self.assertEqual(issue.field, "MD Reset Date & Time (J0044)")

    def test_number_of_md_resets_without_a_date_is_reported(self) -> None:
        parsed = parse(flow_file_of_readings("030|MD|20240401000000|41.5||0|T|P|"))
        self.assertEqual(parsed.codes, ["md-reset-incomplete"])


class ReadingTimeTests(TestCase):
    created_at = header_line(created_at="20240401120000")

    def codes_of(self, read_at: str, **options: object) -> list[str]:
        reading = f"030|S|{read_at}|99.0|||T|N|"
        text = flow_file([MPAN_LINE, "028|A|S|", reading], header=self.created_at)
        return parse(text, **options).codes

    def test_reading_at_the_second_of_file_creation_has_no_issue(
        self,
    ) -> None:
        self.assertEqual(self.codes_of("20240401120000"), [])

    def test_reading_after_file_creation_is_reported(self) -> None:
        self.assertEqual(self.codes_of("20240401120001"), ["read-after-creation"])

    def test_issue_of_a_late_reading_has_the_file_creation_time(self) -> None:
        reading = "030|S|20240402000000|99.0|||T|N|"
        text = flow_file([MPAN_LINE, METER_LINE, reading], header=self.created_at)
        issue = parse(text).issue
        self.assertEqual(issue.field, "Reading Date & Time (J0016)")
        self.assertEqual(issue.found, "20240402000000")
        self.assertEqual(issue.expected, "20240401120000 at the latest")

    def test_reading_at_the_present_time_has_no_issue(self) -> None:
        now = datetime(2024, 4, 1, 11, tzinfo=UTC)
        self.assertEqual(self.codes_of("20240401120000", not_after=now), [])

    def test_reading_in_the_future_is_left_out(self) -> None:
        now = datetime(2024, 3, 31, 22, 59, 59, tzinfo=UTC)
        text = flow_file_of_readings(READING_LINE, "032|05|T|")
        parsed = parse(text, not_after=now)
        self.assertEqual(parsed.codes, ["created-in-future", "read-in-future"])
        self.assertEqual(parsed.entries, [])
        self.assertEqual(parsed.parser.invalid_reading_count, 1)

    def test_reading_times_are_compared_as_instants(self) -> None:
        now = datetime(2024, 3, 31, 23, tzinfo=UTC)
        parsed = parse(flow_file_of_readings(READING_LINE), not_after=now)
        self.assertNotIn("read-in-future", parsed.codes)

    def test_every_reading_time_is_accepted_without_not_after(self) -> None:
        self.assertEqual(self.codes_of("21990101000000"), ["read-after-creation"])

    def test_special_reading_that_is_read_by_itself_can_have_any_time(self) -> None:
        reading = "030|S|20240401093000|99.0|||T|N|"
        parsed = parse(flow_file([MPAN_LINE, "028|A|S|", reading, "032|05|T|"] * 2))
        self.assertEqual(parsed.codes, [])
        two_results = ["032|05|T|", "032|07|T|"]
        parsed = parse(flow_file([MPAN_LINE, "028|A|S|", reading, *two_results]))
        self.assertEqual(parsed.codes, ["multiple-results"])

    def test_reading_time_is_not_compared_without_a_header(self) -> None:
        parsed = parse("\n".join([MPAN_LINE, METER_LINE, READING_LINE]))
        self.assertEqual(parsed.codes, ["no-header", "no-trailer"])


class MidnightTests(TestCase):
    def codes_of(self, from_role: str, reading_type: str, time: str) -> list[str]:
        groups = [
            MPAN_LINE,
            f"028|TST0000001|{reading_type}|",
            f"030|S|20240401{time}|99.0|||T|N|",
        ]
        header = header_line(from_role=from_role, to_role="X")
        return parse(flow_file(groups, header=header)).codes

    def test_midnight_from_a_non_half_hourly_collector_has_no_issue(self) -> None:
        self.assertEqual(self.codes_of("D", "R", "000000"), [])

    def test_another_time_from_a_non_half_hourly_collector_is_reported(
        self,
    ) -> None:
        self.assertEqual(self.codes_of("D", "R", "103000"), ["not-midnight"])

    def test_special_reading_can_have_any_time(self) -> None:
        self.assertEqual(self.codes_of("D", "S", "103000"), [])

    def test_midnight_from_a_half_hourly_collector_is_reported(self) -> None:
        self.assertEqual(self.codes_of("C", "R", "000000"), ["midnight-half-hourly"])

    def test_midnight_of_a_special_half_hourly_reading_is_reported(self) -> None:
        self.assertEqual(self.codes_of("C", "S", "000000"), ["midnight-half-hourly"])

    def test_last_second_of_a_day_from_a_half_hourly_collector_has_no_issue(
        self,
    ) -> None:
        self.assertEqual(self.codes_of("C", "R", "235959"), [])

    def test_any_time_from_another_sender_has_no_issue(self) -> None:
        for time in "000000", "103000", "235959":
            with self.subTest(time=time):
                self.assertEqual(self.codes_of("X", "R", time), [])

    def test_issue_has_the_time_expected_of_the_collector(self) -> None:
        for role, time, expected in (
            ("D", "103000", "000000, or type S"),
            ("C", "000000", "235959 the day before"),
        ):
            with self.subTest(role=role):
                header = header_line(from_role=role)
                reading = f"030|S|20240401{time}|99.0|||T|N|"
                text = flow_file_of_readings(reading, header=header)
                self.assertEqual(parse(text).issue.expected, expected)
