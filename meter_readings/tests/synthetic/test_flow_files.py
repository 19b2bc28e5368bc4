"""Tests of flow files of any size."""

import hashlib
import tracemalloc
from collections import Counter, deque
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from unittest import TestCase

from meter_readings import d0010, synthetic
from meter_readings.d0010 import IssueCode
from meter_readings.tests.support.flow_file_builder import Parsed

from .helpers import bytes_of, parse_lines, rewrite

# Of the file with 100 meter points and 1,000 readings, seed 3, in March and April 2025.
SHA_256 = "85de2dc9307525c3b235ade2c718c0fd8046c8a495da509c0ad6cacbe6d995d4"


def generate(**options: Any) -> Parsed:
    """Return a parsed file; the default is twenty meter points."""
    return parse_lines(synthetic.flow_file_lines(**{"meter_points": 20} | options))


def column_names(parsed: Parsed) -> tuple[set[str], set[str], set[str]]:
    """Return the registers, reading types and statuses of a file."""
    entries = parsed.entries
    return (
        {entry.record.register_id for entry in entries},
        {entry.meter.record.reading_type for entry in entries},
        {entry.mpan.record.bsc_validation_status for entry in entries},
    )


class FlowFileLinesTests(TestCase):
    def test_a_file_has_the_chosen_number_of_readings(self) -> None:
        self.assertEqual(len(generate(readings=107).entries), 107)

    def test_a_file_has_the_chosen_number_of_meter_points(self) -> None:
        self.assertEqual(generate(readings=107).parser.flow_count, 20)

    def test_a_meter_point_has_two_readings_by_default(self) -> None:
        self.assertEqual(len(generate().entries), 40)

    def test_readings_are_shared_evenly_among_meter_points(self) -> None:
        parsed = generate(readings=107)
        shares = Counter(entry.mpan.record.mpan_core for entry in parsed.entries)
        self.assertEqual(set(shares.values()), {5, 6})

    def test_a_file_has_no_issue_by_default(self) -> None:
        for readings in 300, 601, 4000, 10_000:
            with self.subTest(readings):
                parsed = generate(meter_points=300, readings=readings, seed=readings)
                self.assertEqual(parsed.codes, [])

    def test_lines_are_equal_to_the_output_of_the_writer(self) -> None:
        for readings in 300, 601, 4000, 10_000:
            with self.subTest(readings):
                lines = list(
                    synthetic.flow_file_lines(meter_points=300, readings=readings)
                )
                self.assertEqual(rewrite(parse_lines(lines)), bytes_of(lines))

    def test_the_same_options_give_the_same_bytes_on_every_machine(self) -> None:
        lines = synthetic.flow_file_lines(
            meter_points=100, readings=1000, seed=3, month=2, months=2
        )
        self.assertEqual(hashlib.sha256(bytes_of(lines)).hexdigest(), SHA_256)

    def test_a_file_has_many_kinds_of_registers(self) -> None:
        registers, _, _ = column_names(generate(meter_points=200, readings=700))
        self.assertEqual(registers, {"S", "TO", "01", "02", "DY", "NT", "L", "N", "MD"})

    def test_a_file_has_several_reading_types(self) -> None:
        _, types, _ = column_names(generate(meter_points=200, readings=700))
        self.assertEqual(types, {"R", "C", "D", "P", "S", "A"})

    def test_a_file_has_every_bsc_validation_status(self) -> None:
        _, _, statuses = column_names(generate(meter_points=200, readings=700))
        self.assertEqual(statuses, {"V", "U", "F"})

    def test_a_maximum_demand_has_a_reset_count(self) -> None:
        parsed = generate(meter_points=200, readings=700)
        resets = {
            (entry.record.register_id == "MD", entry.record.md_reset_count)
            for entry in parsed.entries
        }
        self.assertEqual(resets, {(True, 1), (False, None)})

    def test_a_failed_reading_has_a_validation_result(self) -> None:
        parsed = generate(meter_points=200, readings=700)
        failed = {
            (entry.mpan.record.bsc_validation_status == "F", len(entry.results))
            for entry in parsed.entries
        }
        self.assertEqual(failed, {(True, 1), (False, 0)})

    def test_serial_numbers_are_unique(self) -> None:
        parsed = generate(meter_points=200)
        serials = {entry.meter.record.meter_id for entry in parsed.entries}
        self.assertEqual(len(serials), 200)

    def test_two_seeds_have_no_common_meter_point(self) -> None:
        first, second = (
            {entry.mpan.record.mpan_core for entry in generate(seed=seed).entries}
            for seed in (1, 2)
        )
        self.assertEqual(first & second, set())

    def test_readings_of_many_times_a_day_are_special(self) -> None:
        _, types, _ = column_names(generate(meter_points=3, readings=300))
        self.assertEqual(types, {"S"})

    def test_forty_thousand_readings_take_less_than_200_kb_of_memory(self) -> None:
        lines = synthetic.flow_file_lines(meter_points=2000, readings=40_000)
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        deque(lines, maxlen=0)
        self.assertLess(tracemalloc.get_traced_memory()[1], 200_000)


class MonthTests(TestCase):
    def meters(self, month: int) -> dict[tuple[str, str], Any]:
        """Return the single reading of each register in one month."""
        options = {"meter_points": 50, "readings": 50, "month": month}
        return {
            (entry.meter.record.meter_id, entry.record.register_id): entry.record
            for entry in generate(**options).entries
        }

    def test_a_later_month_has_the_same_meters(self) -> None:
        self.assertEqual(self.meters(0).keys(), self.meters(5).keys())

    def test_a_later_month_has_higher_readings(self) -> None:
        earlier, later = self.meters(0), self.meters(1)
        self.assertTrue(all(earlier[key].value < later[key].value for key in earlier))

    def test_a_later_month_has_later_times(self) -> None:
        months = {record.read_at.month for record in self.meters(4).values()}
        self.assertEqual(months, {5})

    def test_every_month_has_another_file_identifier(self) -> None:
        identifiers = {
            generate(month=month).parser.header.file_identifier for month in range(3)
        }
        self.assertEqual(len(identifiers), 3)

    def test_readings_of_several_months_are_a_month_apart(self) -> None:
        parsed = generate(meter_points=1, readings=13, months=13)
        days = {entry.record.read_at.day for entry in parsed.entries}
        self.assertEqual((len(parsed.entries), len(days)), (13, 1))


class HeaderTests(TestCase):
    def header(self, **options: Any) -> d0010.Header:
        header = generate(**options).parser.header
        assert header is not None
        return header

    def test_a_file_is_created_in_the_morning_after_the_months(self) -> None:
        created_at = self.header(from_date=date(2025, 3, 17)).file_created_at
        self.assertEqual(created_at, datetime(2025, 4, 1, 6, tzinfo=d0010.LONDON))

    def test_the_creation_time_can_be_chosen(self) -> None:
        moment = datetime(2026, 2, 3, 4, 5, 6, tzinfo=d0010.LONDON)
        self.assertEqual(self.header(created_at=moment).file_created_at, moment)

    def test_the_file_identifier_can_be_chosen(self) -> None:
        header = self.header(file_identifier="MINE000001")
        self.assertEqual(header.file_identifier, "MINE000001")

    def test_a_file_is_operational(self) -> None:
        self.assertEqual(self.header().test_data_flag, "OPER")


class InvalidOptionsTests(TestCase):
    def assert_invalid(self, reason: str, **options: Any) -> None:
        with self.assertRaisesRegex(synthetic.InvalidOptions, reason):
            synthetic.flow_file_lines(**{"meter_points": 2} | options)

    def test_zero_meter_points_are_invalid(self) -> None:
        self.assert_invalid("1 to 10,000,000 meter points", meter_points=0)

    def test_fewer_readings_than_meter_points_are_invalid(self) -> None:
        self.assert_invalid("at least one reading", readings=1)

    def test_zero_months_are_invalid(self) -> None:
        self.assert_invalid("at least one month", months=0)

    def test_a_month_before_1950_is_invalid(self) -> None:
        self.assert_invalid("1950 to 2199", from_date=date(1950, 1, 31))

    def test_a_month_after_2199_is_invalid(self) -> None:
        self.assert_invalid("1950 to 2199", month=1_000_000)

    def test_more_readings_than_minutes_are_invalid(self) -> None:
        self.assert_invalid("choose more months", readings=100_000)

    def test_more_issues_than_meter_points_are_invalid(self) -> None:
        issues = [IssueCode.NEGATIVE, IssueCode.MISSING_VALUE, IssueCode.NO_METER]
        self.assert_invalid("3 issues need at least 3 meter points", issues=issues)

    def test_an_issue_in_a_mixed_file_is_invalid(self) -> None:
        self.assert_invalid(
            "only be put into a plain file",
            issues=[IssueCode.NEGATIVE],
            shape=synthetic.Shape.MIXED,
        )

    def test_a_file_identifier_of_eleven_characters_is_invalid(self) -> None:
        self.assert_invalid("at most ten characters", file_identifier="12345678901")

    def test_a_file_identifier_with_a_pipe_is_invalid(self) -> None:
        self.assert_invalid("and no pipe", file_identifier="A|B")


class WriteLinesTests(TestCase):
    def test_every_character_is_written_as_one_byte(self) -> None:
        self.assertEqual(bytes_of(["\xe9|\n", "\xbb"]), b"\xe9|\n\xbb")

    def test_more_lines_than_one_write_are_written(self) -> None:
        lines: Iterator[str] = (f"{number}\n" for number in range(20_000))
        self.assertEqual(bytes_of(lines).count(b"\n"), 20_000)
