"""Tests of the lines of a block by column, and of their runs."""

from __future__ import annotations

from unittest import TestCase

from meter_readings.d0010 import MeterReadingType, MpanCore, ParentGroup
from meter_readings.d0010.readings.block import LineRun, ReadingBlock, split_runs

MPAN = ParentGroup(2, MpanCore("2000000000015", "V"))
OLD_METER = ParentGroup(3, MeterReadingType("OLD", "R"))
NEW_METER = ParentGroup(8, MeterReadingType("NEW", "S"))
OLD = LineRun(MPAN, OLD_METER, 4, 3)
NEW = LineRun(MPAN, NEW_METER, 9, 2)


class SplitRunsTests(TestCase):
    def test_a_line_between_others_is_taken_out_of_its_run(self) -> None:
        kept, taken = split_runs([OLD, NEW], {5})
        self.assertEqual(taken, [LineRun(MPAN, OLD_METER, 5, 1)])
        self.assertEqual(
            kept,
            [LineRun(MPAN, OLD_METER, 4, 1), LineRun(MPAN, OLD_METER, 6, 1), NEW],
        )

    def test_first_and_last_line_of_a_run_are_taken(self) -> None:
        kept, taken = split_runs([OLD], {4, 6})
        self.assertEqual([run.line_number for run in taken], [4, 6])
        self.assertEqual(kept, [LineRun(MPAN, OLD_METER, 5, 1)])

    def test_a_run_of_which_all_lines_are_taken_is_left_out(self) -> None:
        kept, taken = split_runs([OLD, NEW], {9, 10})
        self.assertEqual(kept, [OLD])
        self.assertEqual(
            taken,
            [LineRun(MPAN, NEW_METER, 9, 1), LineRun(MPAN, NEW_METER, 10, 1)],
        )

    def test_runs_stay_as_they_are_if_no_line_is_taken(self) -> None:
        self.assertEqual(split_runs([OLD, NEW], set()), ([OLD, NEW], []))


class ReadingBlockTests(TestCase):
    def setUp(self) -> None:
        self.block = ReadingBlock([OLD, NEW], [["01", "02", "03", "S", "T"]])

    def test_lines_have_the_numbers_of_their_runs(self) -> None:
        self.assertEqual(self.block.line_numbers, [4, 5, 6, 9, 10])

    def test_lines_have_the_reading_type_of_their_meter(self) -> None:
        self.assertEqual(self.block.reading_types, ["R", "R", "R", "S", "S"])

    def test_split_divides_the_texts_with_the_lines(self) -> None:
        rest, taken = self.block.split({5, 9})
        self.assertEqual(rest.columns, [["01", "03", "T"]])
        self.assertEqual(rest.line_numbers, [4, 6, 10])
        self.assertEqual(taken.columns, [["02", "S"]])
        self.assertEqual(taken.line_numbers, [5, 9])

    def test_split_of_no_lines_leaves_the_block(self) -> None:
        rest, taken = self.block.split(set())
        self.assertIs(rest, self.block)
        self.assertEqual((taken.runs, taken.columns), ([], [[]]))
