"""Common readings are read by columns, and come out as the table would have them."""

from __future__ import annotations

import io
from collections import Counter
from datetime import UTC, datetime
from unittest import TestCase
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from meter_readings.d0010 import D0010, MeterReadingType, MpanCore, ParentGroup
from meter_readings.d0010.bulk_reader import (
    BulkReadingReader,
    LineRun,
    ReadingBatch,
    split_runs,
)
from meter_readings.d0010.parser import FlowFileParser
from meter_readings.tests.flow_file_builder import (
    METER_LINE,
    MPAN_LINE,
    Parsed,
    flow_file,
    flow_file_of_readings,
    header_line,
    parse,
    parse_by_table,
    parse_without_columns,
)

from .strategies import any_files, odd_files

MPAN = ParentGroup(2, MpanCore("2000000000015", "V"))
OLD_METER = ParentGroup(3, MeterReadingType("OLD", "R"))
NEW_METER = ParentGroup(8, MeterReadingType("NEW", "R"))


def outcome(parsed: Parsed) -> tuple[object, ...]:
    """Return all that a reading of a file comes to, the order of faults apart."""
    parser = parsed.parser
    counts = parser.line_count, parser.group_count, parser.flow_count
    spoiled = parser.invalid_reading_count
    ends = parser.header, parser.trailer
    return parsed.entries, Counter(parsed.issues), counts, spoiled, ends


class SplitRunsTests(TestCase):
    def test_split_runs_cuts_a_run_in_two(self) -> None:
        former, rest = split_runs([LineRun(MPAN, OLD_METER, 10, 5)], 2)
        self.assertEqual(former, [LineRun(MPAN, OLD_METER, 10, 2)])
        self.assertEqual(rest, [LineRun(MPAN, OLD_METER, 12, 3)])

    def test_split_runs_cuts_between_runs(self) -> None:
        runs = [LineRun(MPAN, OLD_METER, 4, 3), LineRun(MPAN, NEW_METER, 9, 2)]
        self.assertEqual(split_runs(runs, 3), (runs[:1], runs[1:]))

    def test_split_runs_keeps_the_runs_behind_the_cut(self) -> None:
        runs = [LineRun(MPAN, OLD_METER, 4, 3), LineRun(MPAN, NEW_METER, 9, 2)]
        former, rest = split_runs(runs, 1)
        self.assertEqual(former, [LineRun(MPAN, OLD_METER, 4, 1)])
        self.assertEqual(rest, [LineRun(MPAN, OLD_METER, 5, 2), runs[1]])

    def test_split_runs_cuts_in_a_later_run(self) -> None:
        runs = [LineRun(MPAN, OLD_METER, 4, 3), LineRun(MPAN, NEW_METER, 9, 2)]
        former, rest = split_runs(runs, 4)
        self.assertEqual(former, [runs[0], LineRun(MPAN, NEW_METER, 9, 1)])
        self.assertEqual(rest, [LineRun(MPAN, NEW_METER, 10, 1)])

    def test_split_runs_leaves_nothing_of_all_lines(self) -> None:
        runs = [LineRun(MPAN, OLD_METER, 4, 3)]
        self.assertEqual(split_runs(runs, 3), (runs, []))

    def test_split_runs_takes_nothing_of_no_lines(self) -> None:
        runs = [LineRun(MPAN, OLD_METER, 4, 3)]
        self.assertEqual(split_runs(runs, 0), ([], runs))


class ColumnReaderTests(TestCase):
    def setUp(self) -> None:
        self.reader = BulkReadingReader(D0010.reading, lambda field, value: True)

    def read(self, *lines: str) -> ReadingBatch | None:
        run = LineRun(MPAN, OLD_METER, 4, len(lines))
        return self.reader.read([run], "".join(line + "\n" for line in lines))

    def test_column_reader_reads_common_readings(self) -> None:
        columns = self.read(
            "030|01|20240401000000|12345.0|||T|P|",
            "030|02|20240401000000|0.5|||T|N|",
        )
        assert columns is not None
        self.assertEqual(columns.cells[0], ["01", "02"])
        self.assertEqual(columns.cells[2], ["12345.0", "0.5"])

    def test_column_reader_counts_the_readings(self) -> None:
        columns = self.read(*["030|S|20240401000000|99.0|||T|N|"] * 3)
        assert columns is not None
        self.assertEqual(columns.line_count, 3)

    def test_column_reader_maps_cells_to_what_they_mean(self) -> None:
        columns = self.read("030|S|20240401000000|99.0|20240301000000|1|T|N|")
        assert columns is not None
        meant = columns.values[1], columns.values[3], columns.values[4]
        read_at, reset_at, reset_count = meant
        assert read_at is not None and reset_at is not None
        self.assertEqual(
            read_at["20240401000000"], datetime(2024, 3, 31, 23, tzinfo=UTC)
        )
        self.assertEqual(reset_at["20240301000000"], datetime(2024, 3, 1, tzinfo=UTC))
        self.assertEqual(reset_count, {"1": 1})

    def test_column_reader_has_no_map_for_values(self) -> None:
        columns = self.read("030|S|20240401000000|99.0|||T|N|")
        assert columns is not None
        self.assertIsNone(columns.values[2])

    def test_column_reader_leaves_every_uncommon_line_to_the_table(self) -> None:
        common = "030|S|20240401000000|99.0|||T|N|"
        for uncommon in (
            "030|S|20240401000000|99.0|||T|N",
            "030|S|20240401000000|99.0|||T|",
            "030|S|20240401000000|99.0|||T|N||",
            "030|S|20240401000000|99.0|||T|N|X|",
            "030|SSS|20240401000000|99.0|||T|N|",
            "030||20240401000000|99.0|||T|N|",
            "030| S|20240401000000|99.0|||T|N|",
            "030|S|20240401240000|99.0|||T|N|",
            "030|S|20240331013000|99.0|||T|N|",
            "030|S|20240401000000||||T|N|",
            "030|S|20240401000000|99|||T|N|",
            "030|S|20240401000000|099.0|||T|N|",
            "030|S|20240401000000|99.05|||T|N|",
            "030|S|20240401000000|-99.0|||T|N|",
            "030|S|20240401000000|999999999.0|||T|N|",
            "030|S|20240401000000|99.0|20240301000000||T|N|",
            "030|S|20240401000000|99.0||1|T|N|",
            "030|S|20240401000000|99.0|20240301000000| |T|N|",
            "030|S|20240401000000|99.0|||  |N|",
            "030|S|20240401000000|99.0|20240301000000|1000|T|N|",
            "030|S|20240401000000|99.0|||X|N|",
            "030|S|20240401000000|99.0|||T||",
            "030|S|20240401000000|99.0|||T|X|",
            "033|02||",
        ):
            for lines in ([uncommon], [common, uncommon], [uncommon, common]):
                with self.subTest(lines=lines):
                    self.assertIsNone(self.read(*lines))

    def test_column_reader_is_not_deceived_by_lines_that_are_uneven_together(
        self,
    ) -> None:
        short = "030|S|20240401000000|99.0|||T|"
        long = "030|030|S|20240401000000|99.0|||T|N|"
        self.assertIsNone(self.read(short, long))
        self.assertIsNone(self.read(long, short))

    def test_column_reader_is_not_deceived_by_two_readings_in_one_line(self) -> None:
        self.assertIsNone(self.read("030|S|20240401000000|99.0|||T|N|" * 2))

    def test_column_reader_leaves_lines_of_any_other_group_to_the_table(self) -> None:
        self.assertIsNone(self.read("031|S|20240401000000|99.0|||T|N|"))

    def test_column_reader_leaves_what_is_not_common_to_the_table(self) -> None:
        self.reader = BulkReadingReader(
            D0010.reading,
            lambda field, value: not (field.name == "register_id" and value == "S"),
        )
        self.assertIsNone(self.read("030|S|20240401000000|99.0|||T|N|"))
        self.assertIsNotNone(self.read("030|01|20240401000000|99.0|||T|N|"))

    def test_column_reader_reads_each_distinct_cell_once(self) -> None:
        learned: list[object] = []

        def is_common(field: object, value: object) -> bool:
            learned.append(value)
            return True

        self.reader = BulkReadingReader(D0010.reading, is_common)
        for register in "01", "02":
            self.read(*[f"030|{register}|20240401000000|99.0|||T|N|"] * 9)
        # Seven columns, of which values are not learned, and then one more register.
        self.assertEqual(len(learned), 6 + 1)


class ForgettingTests(TestCase):
    """Columns remember so many cells; what was returned outlives the memory."""

    def test_forgetting_gives_up_what_it_remembers_when_it_is_too_much(self) -> None:
        reader = BulkReadingReader(D0010.reading, lambda field, value: True)
        with patch("meter_readings.d0010.bulk_reader._REMEMBERED", 3):
            for number in range(10, 20):
                line = f"030|{number}|20240401000000|99.0|||T|N|"
                columns = reader.read([LineRun(MPAN, OLD_METER, 4, 1)], line + "\n")
                assert columns is not None and columns.values[0] is not None
                self.assertLessEqual(len(columns.values[0]), 3)

    def test_forgetting_gives_readings_after_their_cells_were_given_up(self) -> None:
        readings = [
            f"030|S|202403{day:02}{hour:02}0000|99.0|||T|N|"
            for day in range(1, 28)
            for hour in range(3, 23)
        ]
        # A visit now and then, so that one block is read by columns many times.
        groups = [MPAN_LINE, METER_LINE]
        for number, reading in enumerate(readings):
            groups += [reading] if number % 40 else [reading, "033|02||"]
        text = flow_file(groups, header=header_line(from_role="X", to_role="D"))
        with patch("meter_readings.d0010.bulk_reader._REMEMBERED", 50):
            parsed = parse(text)
        self.assertEqual(parsed.entries, parse_by_table(text).entries)


class ColumnsAndTableTests(TestCase):
    """Whatever a file holds, columns and table read the same from it."""

    def assert_agrees(self, data: str | bytes, **options: object) -> None:
        expected = outcome(parse_by_table(data, **options))
        self.assertEqual(outcome(parse(data, **options)), expected)
        self.assertEqual(outcome(parse_without_columns(data, **options)), expected)

    @settings(max_examples=400, deadline=None)
    @given(any_files)
    def test_columns_and_table_agree_on_any_file(self, data: bytes) -> None:
        self.assert_agrees(data)

    @settings(max_examples=60, deadline=None)
    @given(odd_files(), st.datetimes(datetime(2024, 1, 1), datetime(2024, 5, 1)))
    def test_columns_and_table_agree_on_what_is_in_the_future(
        self, data: bytes, now: datetime
    ) -> None:
        self.assert_agrees(data, not_after=now.replace(tzinfo=UTC))

    @settings(max_examples=60, deadline=None)
    @given(odd_files(), st.integers(1, 6))
    def test_columns_and_table_agree_whatever_is_remembered(
        self, data: bytes, size: int
    ) -> None:
        with (
            patch("meter_readings.d0010.bulk_reader._REMEMBERED", size),
            patch("meter_readings.d0010.record_reader._REMEMBERED", size),
        ):
            self.assert_agrees(data)

    def test_columns_and_table_agree_on_one_uncommon_line_among_many(self) -> None:
        for place in (0, 1, 50, 98, 99):
            readings = [f"030|S|20240401000000|{n}.0|||T|N|" for n in range(100)]
            readings[place] = "030|S|20240401000000|7|||T|N|"
            with self.subTest(place=place):
                text = flow_file_of_readings(*readings)
                self.assert_agrees(text)
                self.assertEqual(parse(text).codes, ["no-decimal"])

    def test_columns_and_table_agree_on_times_before_a_late_header(self) -> None:
        reading = "030|S|20240401000000|99.0|||T|N|"
        late_header = header_line(created_at="20240302091500")
        self.assert_agrees("\n".join([MPAN_LINE, METER_LINE, reading, late_header] * 3))

    def test_columns_and_table_agree_on_a_count_of_thousands_of_zeros(self) -> None:
        zeros = "0" * 3000
        self.assert_agrees(
            flow_file_of_readings(
                f"030|S|20240401000000|99.0|20240301000000|{zeros}1|T|N|"
            )
        )

    def test_really_read_by_columns(self) -> None:
        text = flow_file_of_readings(*["030|S|20240401000000|99.0|||T|N|"] * 50)
        parser = FlowFileParser(io.BytesIO(text.encode()), report=self.fail)
        columns = [b for b in parser.batches() if isinstance(b, ReadingBatch)]
        self.assertEqual([batch.line_count for batch in columns], [50])
