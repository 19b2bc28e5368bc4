"""Tests of the bulk reader: it reads what the grammar reads, only faster."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from unittest import TestCase
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from meter_readings.d0010 import D0010, MeterReadingType, MpanCore, ParentGroup
from meter_readings.d0010.bulk_reader import (
    BulkReadingReader,
    LineRun,
    OtherLines,
    ReadingBatch,
    split_runs,
)
from meter_readings.d0010.grammar import Field
from meter_readings.d0010.parser import FlowFileParser
from meter_readings.tests.robustness import examples
from meter_readings.tests.support.flow_file_builder import (
    METER_LINE,
    MPAN_LINE,
    Parsed,
    flow_file,
    flow_file_of_readings,
    header_line,
    parse,
    parse_by_grammar,
    parse_without_bulk_reads,
)

from .strategies import any_files, odd_files

MPAN = ParentGroup(2, MpanCore("2000000000015", "V"))
OLD_METER = ParentGroup(3, MeterReadingType("OLD", "R"))
NEW_METER = ParentGroup(8, MeterReadingType("NEW", "R"))

PLAIN = "030|S|20240401000000|99.0|||T|N|"


def outcome(parsed: Parsed) -> tuple[object, ...]:
    """Return all results of parsing a file; the order of issues does not count."""
    parser = parsed.parser
    counts = parser.line_count, parser.group_count, parser.flow_count
    invalid = parser.invalid_reading_count
    envelope = parser.header, parser.trailer
    return parsed.entries, Counter(parsed.issues), counts, invalid, envelope


class Rule:
    """A rule for bulk reads that accepts everything, except `excluded` values."""

    def __init__(self, *excluded: object) -> None:
        self.excluded = excluded
        self.values: list[object] = []
        self.is_consistent = self.is_complete = True

    def is_always_valid(self, field: Field, value: object) -> bool:
        self.values.append(value)
        return value not in self.excluded

    def are_consistent(self, columns: Sequence[Sequence[str]]) -> bool:
        return self.is_consistent

    def are_complete(self, columns: Sequence[Sequence[str]]) -> bool:
        return self.is_complete


class SplitRunsTests(TestCase):
    def test_splits_one_run_in_two(self) -> None:
        former, rest = split_runs([LineRun(MPAN, OLD_METER, 10, 5)], 2)
        self.assertEqual(former, [LineRun(MPAN, OLD_METER, 10, 2)])
        self.assertEqual(rest, [LineRun(MPAN, OLD_METER, 12, 3)])

    def test_splits_between_two_runs(self) -> None:
        runs = [LineRun(MPAN, OLD_METER, 4, 3), LineRun(MPAN, NEW_METER, 9, 2)]
        self.assertEqual(split_runs(runs, 3), (runs[:1], runs[1:]))

    def test_splits_the_first_of_two_runs(self) -> None:
        runs = [LineRun(MPAN, OLD_METER, 4, 3), LineRun(MPAN, NEW_METER, 9, 2)]
        former, rest = split_runs(runs, 1)
        self.assertEqual(former, [LineRun(MPAN, OLD_METER, 4, 1)])
        self.assertEqual(rest, [LineRun(MPAN, OLD_METER, 5, 2), runs[1]])

    def test_splits_the_second_of_two_runs(self) -> None:
        runs = [LineRun(MPAN, OLD_METER, 4, 3), LineRun(MPAN, NEW_METER, 9, 2)]
        former, rest = split_runs(runs, 4)
        self.assertEqual(former, [runs[0], LineRun(MPAN, NEW_METER, 9, 1)])
        self.assertEqual(rest, [LineRun(MPAN, NEW_METER, 10, 1)])

    def test_split_after_all_lines_leaves_no_runs(self) -> None:
        runs = [LineRun(MPAN, OLD_METER, 4, 3)]
        self.assertEqual(split_runs(runs, 3), (runs, []))

    def test_split_before_all_lines_leaves_all_runs(self) -> None:
        runs = [LineRun(MPAN, OLD_METER, 4, 3)]
        self.assertEqual(split_runs(runs, 0), ([], runs))


class BulkReaderTestCase(TestCase):
    def setUp(self) -> None:
        self.rule = Rule()
        self.reader = BulkReadingReader(D0010.reading, self.rule)

    def feed(self, *lines: str, first: int = 4) -> LineRun:
        run = LineRun(MPAN, OLD_METER, first, len(lines))
        self.reader.feed(run, "".join(line + "\n" for line in lines))
        return run

    def read(self, *lines: str) -> ReadingBatch | OtherLines:
        """Return what a flush yields for these lines."""
        self.feed(*lines)
        [batch] = self.reader.flush()
        return batch

    def read_batch(self, *lines: str) -> ReadingBatch:
        batch = self.read(*lines)
        if not isinstance(batch, ReadingBatch):
            raise self.failureException(f"not read in bulk: {batch}")
        return batch


class ReadingBatchTests(BulkReaderTestCase):
    def test_batch_has_the_texts_of_each_field(self) -> None:
        batch = self.read_batch(
            "030|01|20240401000000|12345.0|||T|P|",
            "030|02|20240401000000|0.5|||T|N|",
        )
        self.assertEqual(batch.columns[0], ["01", "02"])
        self.assertEqual(batch.columns[2], ["12345.0", "0.5"])

    def test_batch_counts_its_lines(self) -> None:
        self.assertEqual(self.read_batch(*[PLAIN] * 3).line_count, 3)

    def test_batch_has_the_value_of_each_distinct_text(self) -> None:
        batch = self.read_batch("030|S|20240401000000|99.0|20240301000000|1|T|N|")
        _, read_at, value, reset_at, reset_count, _, _ = batch.values
        self.assertEqual(
            read_at, {"20240401000000": datetime(2024, 3, 31, 23, tzinfo=UTC)}
        )
        self.assertIsNone(value)
        self.assertEqual(reset_at, {"20240301000000": datetime(2024, 3, 1, tzinfo=UTC)})
        self.assertEqual(reset_count, {"1": 1})


class FlushTests(BulkReaderTestCase):
    def test_flush_of_an_empty_buffer_yields_nothing(self) -> None:
        self.assertEqual([*self.reader.flush()], [])

    def test_flush_empties_the_buffer(self) -> None:
        self.read(PLAIN)
        self.assertEqual([*self.reader.flush()], [])

    def test_runs_of_several_meters_are_read_in_one_batch(self) -> None:
        runs = [self.feed(PLAIN, PLAIN), self.feed(PLAIN, first=9)]
        [batch] = self.reader.flush()
        self.assertEqual(batch[1], runs)

    def test_lines_that_are_not_plain_are_returned_by_run(self) -> None:
        other = "030|S|20240401000000|99|||T|N|"
        first, second = self.feed(PLAIN, other), self.feed(PLAIN, first=9)
        self.assertEqual(
            [*self.reader.flush()],
            [OtherLines(first, [PLAIN, other]), OtherLines(second, [PLAIN])],
        )

    def test_few_lines_around_one_that_is_not_plain_are_not_read_in_bulk(self) -> None:
        self.feed(*[PLAIN] * 500, "030|S|20240401000000|99|||T|N|", *[PLAIN] * 499)
        batches = [*self.reader.flush()]
        others = [batch for batch in batches if isinstance(batch, OtherLines)]
        self.assertLessEqual(sum(other.run.line_count for other in others), 16)
        bulk = [b.line_count for b in batches if isinstance(b, ReadingBatch)]
        self.assertEqual(sum(bulk) + sum(o.run.line_count for o in others), 1000)

    def test_lines_with_any_issue_are_not_read_in_bulk(self) -> None:
        for other in (
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
            "030|S|20240401000000|99.0|20240301000000| |T|N|",
            "030|S|20240401000000|99.0|||  |N|",
            "030|S|20240401000000|99.0|20240301000000|1000|T|N|",
            "030|S|20240401000000|99.0|||X|N|",
            "030|S|20240401000000|99.0|||T||",
            "030|S|20240401000000|99.0|||T|X|",
            "031|S|20240401000000|99.0|||T|N|",
            "033|02||",
            PLAIN + PLAIN,
        ):
            for lines in ([other], [PLAIN, other], [other, PLAIN]):
                with self.subTest(lines=lines):
                    self.assertIsInstance(self.read(*lines), OtherLines)

    def test_two_lines_with_the_right_number_of_fields_in_total_are_not_plain(
        self,
    ) -> None:
        short = "030|S|20240401000000|99.0|||T|"
        long = "030|030|S|20240401000000|99.0|||T|N|"
        self.assertIsInstance(self.read(short, long), OtherLines)
        self.assertIsInstance(self.read(long, short), OtherLines)

    def test_a_value_excluded_by_the_rule_is_not_plain(self) -> None:
        self.rule.excluded = ("S",)
        self.assertIsInstance(self.read(PLAIN), OtherLines)
        self.assertIsInstance(self.read(PLAIN.replace("S", "01")), ReadingBatch)

    def test_inconsistent_readings_are_not_plain(self) -> None:
        self.rule.is_consistent = False
        self.assertIsInstance(self.read(PLAIN), OtherLines)

    def test_incomplete_readings_are_not_plain(self) -> None:
        self.rule.is_complete = False
        self.assertIsInstance(self.read(PLAIN), OtherLines)

    def test_each_distinct_text_is_parsed_once(self) -> None:
        for register in "01", "02":
            self.read(*[f"030|{register}|20240401000000|99.0|||T|N|"] * 9)
        # Six fields besides the register reading, and then another register
        self.assertEqual(len(self.rule.values), 6 + 1)


class TakeLastLineTests(BulkReaderTestCase):
    def test_takes_the_last_line_of_a_run(self) -> None:
        self.feed("030|01|", "030|02|", first=4)
        run, line = self.reader.take_last_line()
        self.assertEqual((run, line), (LineRun(MPAN, OLD_METER, 5, 1), "030|02|"))
        run, line = self.reader.take_last_line()
        self.assertEqual((run, line), (LineRun(MPAN, OLD_METER, 4, 1), "030|01|"))
        self.assertEqual([*self.reader.flush()], [])

    def test_takes_the_only_line_of_the_last_run(self) -> None:
        first = self.feed(PLAIN)
        last = self.feed("030|02|", first=9)
        self.assertEqual(self.reader.take_last_line(), (last, "030|02|"))
        [batch] = self.reader.flush()
        self.assertEqual(batch[1], [first])


class ReadLineTests(BulkReaderTestCase):
    def test_reads_the_record_of_a_plain_line(self) -> None:
        self.assertEqual(
            self.reader.read_line(PLAIN), parse(flow_file_of_readings(PLAIN)).records[0]
        )

    def test_reads_no_record_of_a_line_that_is_not_plain(self) -> None:
        for other in (
            PLAIN[:-1],
            PLAIN + "|",
            PLAIN.replace("99.0", "99"),
            PLAIN.replace("|N|", "|X|"),
        ):
            with self.subTest(line=other):
                self.assertIsNone(self.reader.read_line(other))

    def test_reads_no_record_of_an_inconsistent_line(self) -> None:
        self.rule.is_consistent = False
        self.assertIsNone(self.reader.read_line(PLAIN))

    def test_reads_the_record_of_an_incomplete_line(self) -> None:
        self.rule.is_complete = False
        self.assertIsNotNone(self.reader.read_line(PLAIN))


class CacheTests(BulkReaderTestCase):
    def test_cache_is_emptied_at_its_maximum_size(self) -> None:
        with patch("meter_readings.d0010.bulk_reader._CACHE_SIZE", 3):
            for number in range(10, 20):
                batch = self.read_batch(f"030|{number}|20240401000000|99.0|||T|N|")
                registers = batch.values[0]
                self.assertLessEqual(len(registers or ()), 3)

    def test_batches_keep_their_values_when_the_cache_is_emptied(self) -> None:
        readings = [
            f"030|S|202403{day:02}{hour:02}0000|99.0|||T|N|"
            for day in range(1, 28)
            for hour in range(3, 23)
        ]
        # A 033 after every 40th reading, so that one block has many batches
        groups = [MPAN_LINE, METER_LINE]
        for number, reading in enumerate(readings):
            groups += [reading] if number % 40 else [reading, "033|02||"]
        text = flow_file(groups, header=header_line(from_role="X", to_role="D"))
        with patch("meter_readings.d0010.bulk_reader._CACHE_SIZE", 50):
            parsed = parse(text)
        self.assertEqual(parsed.entries, parse_by_grammar(text).entries)


class BulkReaderAndGrammarTests(TestCase):
    def assert_agrees(self, data: str | bytes, **options: object) -> None:
        expected = outcome(parse_by_grammar(data, **options))
        self.assertEqual(outcome(parse(data, **options)), expected)
        self.assertEqual(outcome(parse_without_bulk_reads(data, **options)), expected)

    @settings(max_examples=examples(400), deadline=None)
    @given(any_files)
    def test_bulk_reader_and_grammar_agree_on_any_file(self, data: bytes) -> None:
        self.assert_agrees(data)

    @settings(max_examples=examples(60), deadline=None)
    @given(odd_files(), st.datetimes(datetime(2024, 1, 1), datetime(2024, 5, 1)))
    def test_bulk_reader_and_grammar_agree_on_readings_in_the_future(
        self, data: bytes, now: datetime
    ) -> None:
        self.assert_agrees(data, not_after=now.replace(tzinfo=UTC))

    @settings(max_examples=examples(60), deadline=None)
    @given(odd_files(), st.integers(1, 6))
    def test_bulk_reader_and_grammar_agree_whatever_the_size_of_caches(
        self, data: bytes, size: int
    ) -> None:
        with (
            patch("meter_readings.d0010.bulk_reader._CACHE_SIZE", size),
            patch("meter_readings.d0010.record_reader._CACHE_SIZE", size),
        ):
            self.assert_agrees(data)

    def test_bulk_reader_and_grammar_agree_on_one_line_that_is_not_plain(self) -> None:
        for place in (0, 1, 50, 98, 99):
            readings = [f"030|S|20240401000000|{n}.0|||T|N|" for n in range(100)]
            readings[place] = "030|S|20240401000000|7|||T|N|"
            with self.subTest(place=place):
                text = flow_file_of_readings(*readings)
                self.assert_agrees(text)
                self.assertEqual(parse(text).codes, ["no-decimal"])

    def test_bulk_reader_and_grammar_agree_on_readings_before_the_header(self) -> None:
        late_header = header_line(created_at="20240302091500")
        self.assert_agrees("\n".join([MPAN_LINE, METER_LINE, PLAIN, late_header] * 3))

    def test_bulk_reader_and_grammar_agree_on_a_count_with_3000_zeros(self) -> None:
        zeros = "0" * 3000
        self.assert_agrees(
            flow_file_of_readings(
                f"030|S|20240401000000|99.0|20240301000000|{zeros}1|T|N|"
            )
        )

    def test_plain_readings_of_a_file_are_read_in_bulk(self) -> None:
        text = flow_file_of_readings(*[PLAIN] * 50)
        parser = FlowFileParser(io.BytesIO(text.encode()), report=self.fail)
        batches = [b for b in parser.batches() if isinstance(b, ReadingBatch)]
        self.assertEqual([batch.line_count for batch in batches], [50])
