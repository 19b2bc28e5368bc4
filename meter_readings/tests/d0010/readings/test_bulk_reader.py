"""Tests of the bulk reader: the buffer, and what a flush returns."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from unittest import TestCase

from meter_readings.d0010 import (
    D0010,
    MeterReadingType,
    MpanCore,
    ParentGroup,
    ReadingBatch,
    RepeatedIssue,
    ValidationResult,
)
from meter_readings.d0010.readings.block import LineRun
from meter_readings.d0010.readings.bulk_reader import BulkRead, BulkReadingReader
from meter_readings.d0010.readings.rules import ReadingRules

MPAN = ParentGroup(2, MpanCore("2000000000015", "V"))
METER = ParentGroup(3, MeterReadingType("OLD", "R"))

PLAIN = "030|S|20240401000000|99.0|||T|N|"


class BulkReaderTestCase(TestCase):
    def setUp(self) -> None:
        self.issues: list[RepeatedIssue] = []
        rules = ReadingRules(D0010, self.fail, datetime(2025, 1, 1, tzinfo=UTC))
        self.reader = BulkReadingReader(D0010.reading, rules, self.issues.append)

    def feed(self, *lines: str, first: int = 4) -> LineRun:
        run = LineRun(MPAN, METER, first, len(lines))
        self.reader.feed(run, "".join(line + "\n" for line in lines))
        return run

    def read(self, *lines: str) -> BulkRead:
        """Return what a flush returns for these lines."""
        self.feed(*lines)
        return self.reader.flush()

    def read_batch(self, *lines: str) -> ReadingBatch:
        batch = self.read(*lines).batch
        assert batch is not None
        return batch

    @property
    def found(self) -> list[tuple[str, list[int], list[str]]]:
        """Return the code, the line numbers and what was found of each issue."""
        return [
            (each.code.value, [*each.line_numbers], [*each.found])
            for each in self.issues
        ]


class BatchTests(BulkReaderTestCase):
    def test_batch_has_the_texts_of_each_field(self) -> None:
        batch = self.read_batch(
            "030|01|20240401000000|12345.0|||T|P|",
            "030|02|20240401000000|0.5|||T|N|",
        )
        self.assertEqual(batch.columns[0], ["01", "02"])
        self.assertEqual(batch.columns[2], ["12345.0", "0.5"])

    def test_batch_counts_its_lines(self) -> None:
        self.assertEqual(self.read_batch(*[PLAIN] * 3).line_count, 3)

    def test_batch_has_a_function_for_the_values_of_each_field(self) -> None:
        batch = self.read_batch("030|S|20240401000000|99.0|20240301000000|1|T|N|")
        values = [
            read_value(texts[0])
            for read_value, texts in zip(batch.read_value, batch.columns, strict=True)
        ]
        read_at = datetime(2024, 3, 31, 23, tzinfo=UTC)
        reset_at = datetime(2024, 3, 1, tzinfo=UTC)
        self.assertEqual(
            values, ["S", read_at, Decimal("99.0"), reset_at, 1, True, "N"]
        )

    def test_runs_of_several_meters_are_read_in_one_batch(self) -> None:
        runs = [self.feed(PLAIN, PLAIN), self.feed(PLAIN, first=9)]
        batch = self.reader.flush().batch
        assert batch is not None
        self.assertEqual(batch.runs, runs)

    def test_spaces_around_texts_are_not_in_the_batch(self) -> None:
        batch = self.read_batch("030| S|20240401000000|99.0| ||T |N|")
        self.assertEqual([texts[0] for texts in batch.columns][::3], ["S", "", "N"])

    def test_flush_of_an_empty_buffer_returns_nothing(self) -> None:
        self.assertEqual(self.reader.flush(), BulkRead(None, [], set()))

    def test_flush_empties_the_buffer(self) -> None:
        self.read(PLAIN)
        self.assertEqual(self.reader.flush(), BulkRead(None, [], set()))


class IssueTests(BulkReaderTestCase):
    def test_an_issue_of_many_lines_is_reported_once(self) -> None:
        whole = PLAIN.replace("99.0", "99")
        batch = self.read_batch(PLAIN, whole, PLAIN, whole)
        self.assertEqual(self.found, [("no-decimal", [5, 7], ["99", "99"])])
        self.assertEqual(batch.line_count, 4)

    def test_reported_issue_has_group_field_and_what_is_expected(self) -> None:
        self.read(PLAIN.replace("99.0", "99"))
        [issue] = self.issues
        self.assertEqual(
            (issue.group, issue.field, issue.expected),
            ("030", "Register Reading (J0040)", "one decimal"),
        )

    def test_suspect_readings_without_a_result_are_reported(self) -> None:
        self.read(PLAIN, PLAIN.replace("|T|", "|F|"))
        self.assertEqual(self.found, [("suspect-without-result", [5], ["F"])])

    def test_incomplete_md_resets_are_reported(self) -> None:
        self.read(PLAIN, PLAIN.replace("|||", "||0|"))
        self.assertEqual(self.found, [("md-reset-incomplete", [5], ["one of them"])])

    def test_lines_with_another_number_of_fields_are_reported_and_read(self) -> None:
        batch = self.read_batch(PLAIN, PLAIN + "|", PLAIN + " | |", PLAIN[:-1], PLAIN)
        self.assertEqual(
            self.found,
            [
                ("extra-empty-fields", [5, 6], ["8 fields", "9 fields"]),
                ("no-pipe-at-end", [7], [PLAIN[:-1]]),
            ],
        )
        self.assertEqual(batch.line_count, 5)

    def test_two_lines_with_the_right_number_of_fields_in_total_are_uneven(
        self,
    ) -> None:
        self.read("030|S|20240401000000|99.0|||T|", "030|" + PLAIN)
        codes = {code for code, _, _ in self.found}
        self.assertLessEqual({"too-few-fields", "extra-fields"}, codes)


class InvalidReadingTests(BulkReaderTestCase):
    def test_reading_with_an_invalid_text_is_left_out(self) -> None:
        batch, entries, invalid = self.read(PLAIN, PLAIN.replace("99", "-1"), PLAIN)
        assert batch is not None
        self.assertEqual([run.line_number for run in batch.runs], [4, 6])
        self.assertEqual((entries, invalid), ([], {5}))

    def test_no_rule_applies_to_an_invalid_reading(self) -> None:
        self.read(PLAIN.replace("99.0", "-1.0").replace("|||T", "||1|F"))
        self.assertEqual([code for code, _, _ in self.found], ["negative"])

    def test_line_with_a_further_filled_field_is_invalid(self) -> None:
        self.assertEqual(self.read(PLAIN + "X|"), BulkRead(None, [], {4}))

    def test_reading_in_the_future_is_left_out(self) -> None:
        future = PLAIN.replace("2024", "2124")
        self.assertEqual(self.read(future), BulkRead(None, [], {4}))
        self.assertEqual(self.found, [("read-in-future", [4], ["21240401000000"])])


class ResultTests(BulkReaderTestCase):
    def test_result_is_in_the_batch_of_its_reading(self) -> None:
        result = ValidationResult("05", False)
        self.feed(PLAIN, PLAIN.replace("|T|", "|F|"), PLAIN)
        self.reader.add_result(5, result)
        batch, entries, _ = self.reader.flush()
        assert batch is not None
        self.assertEqual((batch.line_count, batch.results), (3, {5: result}))
        self.assertEqual((entries, self.found), ([], []))
        results = [entry.results for entry in batch.entries()]
        self.assertEqual(results, [(), (result,), ()])

    def test_reading_with_an_empty_result_becomes_an_entry(self) -> None:
        # Its columns cannot tell an empty 032 from none.
        result = ValidationResult("", None)
        self.feed(PLAIN, PLAIN)
        self.reader.add_result(5, result)
        batch, [entry], _ = self.reader.flush()
        assert batch is not None
        self.assertEqual((batch.line_count, batch.results), (1, {}))
        self.assertEqual((entry.line_number, entry.results), (5, (result,)))

    def test_result_of_a_reading_without_a_flag_is_reported(self) -> None:
        self.feed(PLAIN.replace("|T|", "||"))
        self.reader.add_result(4, ValidationResult("05", False))
        self.reader.flush()
        self.assertEqual(self.found, [("result-without-flag", [4], [""])])

    def test_result_of_an_invalid_reading_is_left_out(self) -> None:
        self.feed(PLAIN.replace("99", "-1"))
        self.reader.add_result(4, ValidationResult("05", False))
        self.assertEqual(self.reader.flush(), BulkRead(None, [], {4}))

    def test_reading_at_a_time_that_does_not_exist_becomes_an_entry(self) -> None:
        # Its line cannot be written from the instant that the column would have.
        _, [entry], _ = self.read(PLAIN.replace("20240401000000", "20240331013000"))
        self.assertEqual(f"{entry.record.read_at:%H:%M}", "01:30")
        self.assertEqual([code for code, _, _ in self.found], ["nonexistent-time"])


class TakeLastLineTests(BulkReaderTestCase):
    def test_takes_the_last_line_of_a_run(self) -> None:
        self.feed("030|01|", "030|02|", first=4)
        run, line = self.reader.take_last_line()
        self.assertEqual((run, line), (LineRun(MPAN, METER, 5, 1), "030|02|"))
        run, line = self.reader.take_last_line()
        self.assertEqual((run, line), (LineRun(MPAN, METER, 4, 1), "030|01|"))
        self.assertEqual(self.reader.flush().invalid, set())

    def test_takes_the_only_line_of_the_last_run(self) -> None:
        first = self.feed(PLAIN)
        last = self.feed("030|02|", first=9)
        self.assertEqual(self.reader.take_last_line(), (last, "030|02|"))
        batch = self.reader.flush().batch
        assert batch is not None
        self.assertEqual(batch.runs, [first])
