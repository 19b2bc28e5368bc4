"""Tests that consecutive lines are read as by themselves, only faster.

The parser reads consecutive 030s in one step, and a 026 and a 028 without an issue.
Reading the same file line by line, by the grammar alone, must give the same entries,
issues and counts.
"""

from __future__ import annotations

import io
import random
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from types import FrameType
from typing import Any
from unittest import TestCase
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from meter_readings.d0010 import FlowFileParser, Issue, ReadingBatch
from meter_readings.tests.d0010.strategies import any_files, odd_files
from meter_readings.tests.robustness import examples
from meter_readings.tests.support.flow_file_builder import (
    METER_LINE,
    MPAN_LINE,
    Parsed,
    flow_file,
    flow_file_of_readings,
    header_line,
    mpan_core,
    parse,
    parse_by_grammar,
    parse_in_blocks_of,
)

PLAIN = "030|S|20240401000000|99.0|||T|N|"

# What files in use have beside plain readings, and what they should not have
READINGS = {
    "flag F": PLAIN.replace("|T|", "|F|"),
    "flag F with a 032": PLAIN.replace("|T|", "|F|") + "\n032|05|F|",
    "flag T with a 032": PLAIN + "\n032|05|T|",
    "no flag, with a 032": PLAIN.replace("|T|", "||") + "\n032|05|F|",
    "empty 032": PLAIN + "\n032|||",
    "032 without a status": PLAIN + "\n032|05||",
    "two 032s": PLAIN.replace("|T|", "|F|") + "\n032|05|F|\n032|07|F|",
    "invalid 032": PLAIN.replace("|T|", "|F|") + "\n032|05|Y|",
    "033": PLAIN + "\n033|02|Dog in the yard|",
    "032 and 033": PLAIN.replace("|T|", "|F|") + "\n032|05|F|\n033|02||",
    "two 033s": PLAIN + "\n033|02|Dog in the yard|\n033|27||",
    "invalid 033": PLAIN + "\n033|999|Dog in the yard|",
    "032 of three fields, 033 of one": PLAIN + "\n032|05|F||\n033|02|",
    "033 and 032": PLAIN.replace("|T|", "|F|") + "\n033|02||\n032|05|F|",
    "033 that is not ASCII": PLAIN + "\n033|02|Caf\u00e9|",
    "whole number": PLAIN.replace("99.0", "99"),
    "three decimals": PLAIN.replace("99.0", "99.125"),
    "leading zeros": PLAIN.replace("99.0", "00099.0"),
    "nine digits": PLAIN.replace("99.0", "123456789.0"),
    "negative": PLAIN.replace("99.0", "-99.0"),
    "negative with a 032": PLAIN.replace("99.0", "-99.0") + "\n032|05|F|",
    "negative with a 033": PLAIN.replace("99.0", "-99.0") + "\n033|02||",
    "negative with two 032s and a 033": PLAIN.replace("99.0", "-99.0")
    + "\n032|05|F|\n032|07|F|\n033|02||",
    "no number": PLAIN.replace("99.0", "x"),
    "half past nine": PLAIN.replace("000000|", "093000|"),
    "last second of the day": PLAIN.replace("000000|", "235959|"),
    "hour 24": PLAIN.replace("000000|", "240000|"),
    "nonexistent time": PLAIN.replace("20240401000000", "20240331013000"),
    "nonexistent time, 032": PLAIN.replace("20240401000000", "20240331013000")
    + "\n032|05|F|",
    "nonexistent time, extra field": PLAIN.replace("20240401000000", "20240331013000")
    + "X|",
    "ambiguous time": PLAIN.replace("20240401000000", "20231029013000"),
    "after the file's creation": PLAIN.replace("20240401", "20240410"),
    "in the future": PLAIN.replace("20240401", "20250401"),
    "in the future, one MD reset field": "030|S|20250401000000|99.0||1|F|N|",
    "two blank fields at the end": PLAIN + "||",
    "two fields of a space at the end": PLAIN + " | |",
    "a filled field at the end": PLAIN + "X|",
    "no pipe at the end": PLAIN[:-1],
    "a field fewer": "030|S|20240401000000|99.0|||T|",
    "three fields": "030|S|20240401000000|99.0|",
    "no fields": "030|",
    "no method": PLAIN.replace("|N|", "||"),
    "unknown method": PLAIN.replace("|N|", "|X|"),
    "two letters of method": PLAIN.replace("|N|", "|NN|"),
    "spaces in a field": PLAIN.replace("|S|", "| S |"),
    "blank cells": PLAIN.replace("|T|N|", "| | |"),
    "MD reset": PLAIN.replace("|||", "|20240301000000|1|"),
    "MD reset without a number": PLAIN.replace("|||", "|20240301000000||"),
    "MD reset at a nonexistent time": PLAIN.replace("|||", "|20240331013000|1|"),
    "register of three letters": PLAIN.replace("|S|", "|SSS|"),
    "control character": PLAIN.replace("|S|", "|\x07|"),
    "unknown group": PLAIN + "\n031|X|",
}

METERS = {
    "plain": "026|{mpan}|V|\n028|TST{number:07}|R|",
    "special": "026|{mpan}|V|\n028|TST{number:07}|S|",
    "two of one MPAN": "026|{mpan}|V|\n028|A|R|\n" + PLAIN + "\n028|B|R|",
    "unknown reading type": "026|{mpan}|V|\n028|TST{number:07}|B|",
    "reading type O": "026|{mpan}|V|\n028|TST{number:07}|O|",
    "no reading type": "026|{mpan}|V|\n028|TST{number:07}||",
    "unknown status": "026|{mpan}|?|\n028|TST{number:07}|R|",
    "wrong check digit": "026|2000000000016|V|\n028|TST{number:07}|R|",
    "unknown distributor": "026|9900000000000|V|\n028|TST{number:07}|R|",
    "asset metering id": "026|7800000000001|V|\n028|TST{number:07}|R|",
    "invalid MPAN": "026|123|V|\n028|TST{number:07}|R|",
    "no 026": "028|TST{number:07}|R|",
    "no 028": "026|{mpan}|V|",
    "no 028, two readings": "026|{mpan}|V|\n" + PLAIN,
    "no 028, 027": "026|{mpan}|V|\n027|02||",
    "no 030": "026|{mpan}|V|\n028|A|R|\n028|B|R|",
    "029 only": "026|{mpan}|V|\n028|A|R|\n029|02||\n028|B|R|",
    "long serial number": "026|{mpan}|V|\n028|TST{number:08}|R|",
    "no serial number": "026|{mpan}|V|\n028||R|",
    "027 and 029": "026|{mpan}|V|\n027|02||\n028|TST{number:07}|R|\n029|02||",
}


def meter_of(kind: str, number: int) -> str:
    return METERS[kind].format(mpan=mpan_core(number), number=number)


def outcome(parsed: Parsed) -> tuple[object, ...]:
    """Return all results of parsing a file; the order of issues does not count."""
    parser = parsed.parser
    counts = parser.line_count, parser.group_count, parser.flow_count
    invalid = parser.invalid_reading_count
    envelope = parser.header, parser.trailer
    return parsed.entries, Counter(parsed.issues), counts, invalid, envelope


NOT_AFTER = datetime(2025, 1, 1, tzinfo=UTC)

headers = st.sampled_from([header_line(from_role=role) for role in "DCMX"])
other_readings = st.sampled_from([*READINGS.values()])
groups = st.lists(
    st.sampled_from([PLAIN] * 40) | other_readings, min_size=1, max_size=12
).map("\n".join)
meters = st.sampled_from(["plain"] * 10 + [*METERS])


class AgreementTests(TestCase):
    maxDiff = None

    def assert_agrees(self, data: str | bytes, **options: Any) -> None:
        expected = outcome(parse_by_grammar(data, **options))
        self.assertEqual(outcome(parse(data, **options)), expected)

    @settings(max_examples=examples(400), deadline=None)
    @given(any_files)
    def test_any_file(self, data: bytes) -> None:
        self.assert_agrees(data)

    @settings(max_examples=examples(200), deadline=None)
    @given(headers, st.lists(st.tuples(meters, groups), min_size=1, max_size=6))
    def test_mixtures_of_readings_and_meters(
        self, header: str, blocks: list[tuple[str, str]]
    ) -> None:
        lines = [
            f"{meter_of(kind, number)}\n{group}"
            for number, (kind, group) in enumerate(blocks)
        ]
        text = flow_file("\n".join(lines).split("\n"), header=header)
        self.assert_agrees(text, not_after=NOT_AFTER)

    @settings(max_examples=examples(60), deadline=None)
    @given(odd_files(), st.datetimes(datetime(2024, 1, 1), datetime(2024, 5, 1)))
    def test_readings_in_the_future(self, data: bytes, now: datetime) -> None:
        self.assert_agrees(data, not_after=now.replace(tzinfo=UTC))

    @settings(max_examples=examples(60), deadline=None)
    @given(odd_files(), st.integers(1, 6))
    def test_caches_of_any_size(self, data: bytes, size: int) -> None:
        with (
            patch("meter_readings.d0010.readings.columns._CACHE_SIZE", size),
            patch("meter_readings.d0010.record_reader._CACHE_SIZE", size),
        ):
            self.assert_agrees(data)

    def test_every_kind_of_reading_among_plain_ones_and_throughout(self) -> None:
        for kind, reading in READINGS.items():
            for readings in ([PLAIN, reading, PLAIN], [reading], [reading] * 5):
                for header in (header_line(), header_line(from_role="C")):
                    text = flow_file_of_readings(*readings, header=header)
                    with self.subTest(kind=kind, readings=readings):
                        self.assert_agrees(text, not_after=NOT_AFTER)

    def test_every_kind_of_meter_among_plain_ones_and_throughout(self) -> None:
        for kind in METERS:
            for kinds in (["plain", kind, "plain"], [kind] * 3):
                groups = [f"{meter_of(k, n)}\n{PLAIN}" for n, k in enumerate(kinds)]
                with self.subTest(kinds=kinds):
                    self.assert_agrees(flow_file("\n".join(groups).split("\n")))

    def test_blocks_of_any_size(self) -> None:
        readings = [*READINGS.values()]
        random.Random(1).shuffle(readings)
        text = flow_file("\n".join([MPAN_LINE, METER_LINE, *readings]).split("\n"))
        expected = outcome(parse_by_grammar(text, not_after=NOT_AFTER))
        for size in range(20, 300, 7):
            with self.subTest(size=size):
                parsed = parse_in_blocks_of(size, text, not_after=NOT_AFTER)
                self.assertEqual(outcome(parsed), expected)

    def test_readings_before_the_header(self) -> None:
        late_header = header_line(created_at="20240302091500")
        self.assert_agrees("\n".join([MPAN_LINE, METER_LINE, PLAIN, late_header] * 3))

    def test_two_lines_with_the_right_number_of_fields_in_total(self) -> None:
        short, long = PLAIN.replace("N|", ""), "030|" + PLAIN
        for lines in ([short, long], [long, short]):
            self.assert_agrees(flow_file_of_readings(*lines, PLAIN))

    def test_a_count_with_3000_zeros(self) -> None:
        zeros = "0" * 3000
        self.assert_agrees(
            flow_file_of_readings(
                f"030|S|20240401000000|99.0|20240301000000|{zeros}1|T|N|"
            )
        )


class WorkTests(TestCase):
    """The work that a line with an issue makes, for itself and for those beside it."""

    def calls(self, text: str) -> int:
        """Return how many functions of Python and of C are called to parse a file."""
        count = 0

        def profile(frame: FrameType, event: str, argument: object) -> None:
            nonlocal count
            count += event in ("call", "c_call")

        parser = self.parser(text)
        sys.setprofile(profile)
        try:
            for _ in parser.batches():
                pass
        finally:
            sys.setprofile(None)
        return count

    def parser(self, text: str) -> FlowFileParser:
        ignore: Callable[[Any], None] = [].append
        data = io.BytesIO(text.encode())
        return FlowFileParser(
            data, report=ignore, report_repeated=ignore, not_after=NOT_AFTER
        )

    def test_one_line_with_an_issue_costs_its_neighbours_one_call_each_at_most(
        self,
    ) -> None:
        plain = [PLAIN] * 1000
        calls_of_plain = self.calls(flow_file_of_readings(*plain))
        for kind, reading in READINGS.items():
            lines = [*plain[:500], reading, *plain[501:]]
            with self.subTest(kind=kind):
                calls = self.calls(flow_file_of_readings(*lines))
                self.assertLess(calls, calls_of_plain + 1000 + 300)

    def test_lines_with_an_issue_throughout_cost_a_fixed_number_of_calls_each(
        self,
    ) -> None:
        for kind, reading in READINGS.items():
            with self.subTest(kind=kind):
                few = self.calls(flow_file_of_readings(*[reading] * 200))
                many = self.calls(flow_file_of_readings(*[reading] * 1200))
                self.assertLess((many - few) / 1000, 120)

    def test_plain_readings_cost_no_call_each(self) -> None:
        few = self.calls(flow_file_of_readings(*[PLAIN] * 200))
        many = self.calls(flow_file_of_readings(*[PLAIN] * 1200))
        self.assertLess(many - few, 100)

    def test_readings_of_a_form_with_an_issue_come_in_one_batch(self) -> None:
        for kind in ("flag F", "whole number", "half past nine", "unknown method"):
            text = flow_file_of_readings(*[READINGS[kind]] * 50, PLAIN)
            batches = [*self.parser(text).batches()]
            [batch] = [each for each in batches if isinstance(each, ReadingBatch)]
            with self.subTest(kind=kind):
                self.assertGreaterEqual(batch.line_count, 50)


class RepeatedIssueTests(TestCase):
    def test_issues_of_many_lines_are_reported_each_without_report_repeated(
        self,
    ) -> None:
        issues: list[Issue] = []
        text = flow_file_of_readings(*[READINGS["whole number"]] * 2, PLAIN)
        parser = FlowFileParser(io.BytesIO(text.encode()), report=issues.append)
        self.assertEqual(len([*parser]), 3)
        self.assertEqual(
            [(issue.line_number, issue.found) for issue in issues],
            [(4, "99"), (5, "99")],
        )
