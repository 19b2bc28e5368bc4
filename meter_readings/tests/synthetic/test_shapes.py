"""Tests of the shapes of synthetic files."""

import hashlib
from collections import Counter
from functools import cache
from unittest import TestCase

from meter_readings import synthetic
from meter_readings.d0010 import Entry, IssueCode
from meter_readings.synthetic import Shape
from meter_readings.tests.support.flow_file_builder import Parsed

from .helpers import bytes_of, parse_lines

# Of the mixed file with 100 meter points and 1,200 readings, seed 3
SHA_256 = "86e00c4c1fa3dc1444f20f785c0587a99225013c538528b9abf3d7be249632d8"


@cache
def generate(shape: Shape) -> Parsed:
    """Return a parsed file with 500 meter points and 6,000 readings."""
    return parse_lines(
        synthetic.flow_file_lines(meter_points=500, readings=6000, shape=shape)
    )


def readings(shape: Shape) -> list[Entry]:
    """Return the readings of such a file, without its site visits."""
    return [entry for entry in generate(shape).entries if entry.group == "030"]


def values(shape: Shape) -> list[str]:
    """Return the register readings of such a file, as they are written."""
    lines = synthetic.flow_file_lines(meter_points=500, readings=6000, shape=shape)
    return [line.split("|")[3] for line in lines if line.startswith("030|")]


def clock_times(shape: Shape) -> Counter[str]:
    return Counter(
        f"{entry.record.read_at:%H%M%S}" for entry in generate(shape).entries
    )


class ShapeTests(TestCase):
    def test_every_shape_has_the_chosen_number_of_readings(self) -> None:
        for shape in Shape:
            with self.subTest(shape):
                self.assertEqual(len(readings(shape)), 6000)

    def test_no_shape_has_an_invalid_reading(self) -> None:
        for shape in Shape:
            with self.subTest(shape):
                self.assertEqual(generate(shape).parser.invalid_reading_count, 0)

    def test_the_trailer_of_every_shape_counts_its_groups(self) -> None:
        for shape in Shape:
            with self.subTest(shape):
                self.assertNotIn("group-count-mismatch", generate(shape).codes)

    def test_readings_of_a_suspect_file_are_flagged_without_a_result(self) -> None:
        self.assertEqual(
            {*generate(Shape.SUSPECT).codes}, {IssueCode.SUSPECT_WITHOUT_RESULT}
        )

    def test_no_value_of_a_file_of_whole_numbers_has_a_decimal(self) -> None:
        self.assertTrue(all(map(str.isdecimal, values(Shape.WHOLE_NUMBERS))))

    def test_no_reading_of_a_file_without_midnights_is_at_midnight(self) -> None:
        self.assertNotIn("000000", clock_times(Shape.NOT_MIDNIGHT))

    def test_a_half_hourly_file_is_from_a_half_hourly_data_collector(self) -> None:
        header = generate(Shape.HALF_HOURLY).parser.header
        assert header is not None
        self.assertEqual(header.from_role, "C")

    def test_half_of_a_half_hourly_file_is_at_half_hours(self) -> None:
        times = clock_times(Shape.HALF_HOURLY)
        half_hours = times.total() - times["000000"] - times["235959"]
        self.assertAlmostEqual(half_hours, 3000, delta=200)

    def test_a_half_hourly_file_has_both_kinds_of_midnight(self) -> None:
        times = clock_times(Shape.HALF_HOURLY)
        self.assertAlmostEqual(times["000000"], times["235959"], delta=200)


class MixedShapeTests(TestCase):
    def test_the_same_options_give_the_same_bytes_on_every_machine(self) -> None:
        lines = synthetic.flow_file_lines(
            meter_points=100, readings=1200, seed=3, shape=Shape.MIXED
        )
        self.assertEqual(hashlib.sha256(bytes_of(lines)).hexdigest(), SHA_256)

    def test_a_mixed_file_has_these_issues(self) -> None:
        self.assertEqual(
            {*generate(Shape.MIXED).codes},
            {
                IssueCode.EXTRA_DECIMALS,
                IssueCode.EXTRA_EMPTY_FIELDS,
                IssueCode.MISSING_EXPECTED_VALUE,
                IssueCode.NOT_MIDNIGHT,
                IssueCode.NO_DECIMAL,
                IssueCode.SUSPECT_WITHOUT_RESULT,
                IssueCode.UNKNOWN_CODE,
            },
        )

    def test_two_percent_of_the_readings_are_flagged_without_a_result(self) -> None:
        codes = Counter(generate(Shape.MIXED).codes)
        self.assertAlmostEqual(codes["suspect-without-result"], 120, delta=30)

    def test_a_mixed_file_has_some_200_times(self) -> None:
        times = {entry.record.read_at for entry in readings(Shape.MIXED)}
        self.assertAlmostEqual(len(times), 200, delta=60)

    def test_a_mixed_file_has_meters_with_twelve_registers(self) -> None:
        registers = Counter(
            meter
            for meter, _ in {
                (entry.meter.record.meter_id, entry.record.register_id)
                for entry in readings(Shape.MIXED)
            }
        )
        self.assertIn(12, registers.values())

    def test_a_mixed_file_has_most_reading_types_and_an_unknown_one(self) -> None:
        types = {entry.meter.record.reading_type for entry in readings(Shape.MIXED)}
        self.assertLessEqual(set("ACDFIKPRSUVWXYZ"), types)

    def test_a_mixed_file_has_remarks_below_026_028_and_030(self) -> None:
        lines = synthetic.flow_file_lines(
            meter_points=500, readings=6000, shape=Shape.MIXED
        )
        groups = {line.split("|")[0] for line in lines}
        self.assertLess({"027", "029", "033"}, groups)

    def test_the_registers_of_a_visit_have_the_same_time(self) -> None:
        visits = Counter(
            (entry.meter.record.meter_id, entry.record.read_at)
            for entry in readings(Shape.MIXED)
            if entry.meter.record.meter_id == "AB0000001"
        )
        self.assertEqual([*visits.values()], [12])

    def test_a_later_month_has_the_same_meters(self) -> None:
        earlier, later = (
            {
                line.split("|")[1]
                for line in synthetic.flow_file_lines(
                    meter_points=50, shape=Shape.MIXED, month=month
                )
                if line.startswith("028|")
            }
            for month in (0, 1)
        )
        self.assertEqual(earlier, later)
