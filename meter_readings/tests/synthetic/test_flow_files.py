"""Flow files of any size."""

import hashlib
import tracemalloc
from collections import Counter, deque
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from unittest import TestCase

from meter_readings import d0010, synthetic
from meter_readings.d0010 import FaultCode
from meter_readings.tests.flow_file_builder import Parsed

from .reading import bytes_of, read, rewritten

# Of the file with 100 meter points and 1,000 readings, seed 3, in March and April 2025.
SHA_256 = "85de2dc9307525c3b235ade2c718c0fd8046c8a495da509c0ad6cacbe6d995d4"


def made(**asked: Any) -> Parsed:
    """Return a file, read, of twenty meter points unless something else is asked."""
    return read(synthetic.flow_file_lines(**{"meter_points": 20} | asked))


def columns_of(parsed: Parsed) -> tuple[set[str], set[str], set[str]]:
    """Return the registers, reading types and statuses of a file."""
    entries = parsed.entries
    return (
        {entry.record.register_id for entry in entries},
        {entry.meter.record.reading_type for entry in entries},
        {entry.mpan.record.bsc_validation_status for entry in entries},
    )


class FlowFileLinesTests(TestCase):
    def test_has_as_many_readings_as_were_asked_for(self) -> None:
        self.assertEqual(len(made(readings=107).entries), 107)

    def test_has_as_many_meter_points_as_were_asked_for(self) -> None:
        self.assertEqual(made(readings=107).parser.flow_count, 20)

    def test_has_two_readings_for_each_meter_point_if_nothing_is_said(self) -> None:
        self.assertEqual(len(made().entries), 40)

    def test_each_meter_point_gets_its_share(self) -> None:
        parsed = made(readings=107)
        shares = Counter(entry.mpan.record.mpan_core for entry in parsed.entries)
        self.assertEqual(set(shares.values()), {5, 6})

    def test_has_no_fault(self) -> None:
        for readings in 300, 601, 4000, 10_000:
            with self.subTest(readings):
                parsed = made(meter_points=300, readings=readings, seed=readings)
                self.assertEqual(parsed.codes, [])

    def test_is_what_the_writer_writes(self) -> None:
        for readings in 300, 601, 4000, 10_000:
            with self.subTest(readings):
                lines = list(
                    synthetic.flow_file_lines(meter_points=300, readings=readings)
                )
                self.assertEqual(rewritten(read(lines)), bytes_of(lines))

    def test_is_the_same_everywhere(self) -> None:
        lines = synthetic.flow_file_lines(
            meter_points=100, readings=1000, seed=3, month=2, months=2
        )
        self.assertEqual(hashlib.sha256(bytes_of(lines)).hexdigest(), SHA_256)

    def test_mixes_registers(self) -> None:
        registers, _, _ = columns_of(made(meter_points=200, readings=700))
        self.assertEqual(registers, {"S", "TO", "01", "02", "DY", "NT", "L", "N", "MD"})

    def test_mixes_reading_types(self) -> None:
        _, types, _ = columns_of(made(meter_points=200, readings=700))
        self.assertEqual(types, {"R", "C", "D", "P", "S", "A"})

    def test_mixes_statuses(self) -> None:
        _, _, statuses = columns_of(made(meter_points=200, readings=700))
        self.assertEqual(statuses, {"V", "U", "F"})

    def test_a_demand_says_when_it_was_reset(self) -> None:
        parsed = made(meter_points=200, readings=700)
        resets = {
            (entry.record.register_id == "MD", entry.record.md_reset_count)
            for entry in parsed.entries
        }
        self.assertEqual(resets, {(True, 1), (False, None)})

    def test_what_failed_says_why(self) -> None:
        parsed = made(meter_points=200, readings=700)
        failed = {
            (entry.mpan.record.bsc_validation_status == "F", len(entry.results))
            for entry in parsed.entries
        }
        self.assertEqual(failed, {(True, 1), (False, 0)})

    def test_serial_numbers_are_unique(self) -> None:
        parsed = made(meter_points=200)
        serials = {entry.meter.record.meter_id for entry in parsed.entries}
        self.assertEqual(len(serials), 200)

    def test_another_seed_has_other_meter_points(self) -> None:
        first, second = (
            {entry.mpan.record.mpan_core for entry in made(seed=seed).entries}
            for seed in (1, 2)
        )
        self.assertEqual(first & second, set())

    def test_readings_of_many_times_a_day_are_special(self) -> None:
        _, types, _ = columns_of(made(meter_points=3, readings=300))
        self.assertEqual(types, {"S"})

    def test_takes_as_little_memory_for_many_readings_as_for_few(self) -> None:
        lines = synthetic.flow_file_lines(meter_points=2000, readings=40_000)
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        deque(lines, maxlen=0)
        self.assertLess(tracemalloc.get_traced_memory()[1], 200_000)


class MonthTests(TestCase):
    def meters(self, month: int) -> dict[tuple[str, str], Any]:
        """Return the single reading of each register in one month."""
        asked = {"meter_points": 50, "readings": 50, "month": month}
        return {
            (entry.meter.record.meter_id, entry.record.register_id): entry.record
            for entry in made(**asked).entries
        }

    def test_a_later_month_has_the_same_meters(self) -> None:
        self.assertEqual(self.meters(0).keys(), self.meters(5).keys())

    def test_a_later_month_has_higher_readings(self) -> None:
        earlier, later = self.meters(0), self.meters(1)
        self.assertTrue(all(earlier[key].value < later[key].value for key in earlier))

    def test_a_later_month_has_later_times(self) -> None:
        months = {record.read_at.month for record in self.meters(4).values()}
        self.assertEqual(months, {5})

    def test_another_month_is_another_message(self) -> None:
        identifiers = {
            made(month=month).parser.header.file_identifier for month in range(3)
        }
        self.assertEqual(len(identifiers), 3)

    def test_readings_of_several_months_are_a_month_apart(self) -> None:
        parsed = made(meter_points=1, readings=13, months=13)
        days = {entry.record.read_at.day for entry in parsed.entries}
        self.assertEqual((len(parsed.entries), len(days)), (13, 1))


class HeaderTests(TestCase):
    def header(self, **asked: Any) -> d0010.Header:
        header = made(**asked).parser.header
        assert header is not None
        return header

    def test_is_made_in_the_morning_after_the_readings(self) -> None:
        created_at = self.header(from_date=date(2025, 3, 17)).file_created_at
        self.assertEqual(created_at, datetime(2025, 4, 1, 6, tzinfo=d0010.LONDON))

    def test_is_made_when_it_is_told(self) -> None:
        moment = datetime(2026, 2, 3, 4, 5, 6, tzinfo=d0010.LONDON)
        self.assertEqual(self.header(created_at=moment).file_created_at, moment)

    def test_bears_the_file_identifier_that_it_is_told(self) -> None:
        header = self.header(file_identifier="MINE000001")
        self.assertEqual(header.file_identifier, "MINE000001")

    def test_is_operational(self) -> None:
        self.assertEqual(self.header().test_data_flag, "OPER")


class ImpossibleFlowFileTests(TestCase):
    def assert_impossible(self, reason: str, **asked: Any) -> None:
        with self.assertRaisesRegex(synthetic.ImpossibleFlowFile, reason):
            synthetic.flow_file_lines(**{"meter_points": 2} | asked)

    def test_without_a_meter_point(self) -> None:
        self.assert_impossible("1 to 10,000,000 meter points", meter_points=0)

    def test_with_a_meter_point_that_is_not_read(self) -> None:
        self.assert_impossible("at least one reading", readings=1)

    def test_without_a_month(self) -> None:
        self.assert_impossible("at least one month", months=0)

    def test_before_the_years_that_can_be_written(self) -> None:
        self.assert_impossible("1950 to 2199", from_date=date(1950, 1, 31))

    def test_after_the_years_that_can_be_written(self) -> None:
        self.assert_impossible("1950 to 2199", month=1_000_000)

    def test_with_more_readings_than_there_are_minutes(self) -> None:
        self.assert_impossible("more months", readings=100_000)

    def test_with_more_faults_than_meter_points(self) -> None:
        faults = [FaultCode.NEGATIVE, FaultCode.MISSING, FaultCode.NO_METER]
        self.assert_impossible("3 faults need 3 meter points", faults=faults)

    def test_with_a_file_identifier_that_is_too_long(self) -> None:
        self.assert_impossible("ten characters", file_identifier="12345678901")

    def test_with_a_pipe_in_the_file_identifier(self) -> None:
        self.assert_impossible("no pipe", file_identifier="A|B")


class WriteLinesTests(TestCase):
    def test_writes_a_byte_for_every_character(self) -> None:
        self.assertEqual(bytes_of(["\xe9|\n", "\xbb"]), b"\xe9|\n\xbb")

    def test_writes_more_lines_than_it_takes_at_once(self) -> None:
        lines: Iterator[str] = (f"{number}\n" for number in range(20_000))
        self.assertEqual(bytes_of(lines).count(b"\n"), 20_000)
