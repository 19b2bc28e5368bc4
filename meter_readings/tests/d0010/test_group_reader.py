"""Tests of the group reader: nesting, invalid groups and groups out of order."""

from __future__ import annotations

import io
from collections import Counter
from itertools import product
from unittest import TestCase
from unittest.mock import patch

from meter_readings.d0010 import Entry, FlowFileParser, ValidationResult
from meter_readings.tests.robustness import IS_LONG
from meter_readings.tests.support.flow_file_builder import (
    METER_LINE,
    MPAN_LINE,
    READING_LINE,
    Parsed,
    flow_file,
    flow_file_of_readings,
    header_line,
    parse,
)

from . import reference_parser


def parse_groups(groups: str) -> Parsed:
    """Parse a file with these groups."""
    return parse(flow_file(groups))


def positions_of(parsed: Parsed) -> list[tuple[int, str]]:
    """Return the line number and group of each entry."""
    return [(entry.line_number, entry.group) for entry in parsed.entries]


class NestingTests(TestCase):
    def test_reading_has_its_parent_groups(self) -> None:
        [entry] = parse_groups("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|S|20240401000000|99.0|||T|N|
            """).entries
        self.assertEqual(entry.mpan, (2, ("2000000000015", "V")))
        self.assertEqual(entry.meter, (3, ("TST0000001", "R")))
        self.assertEqual((entry.line_number, entry.group), (4, "030"))

    def test_meter_belongs_to_the_mpan_before_it(self) -> None:
        parsed = parse_groups("""
            026|1000000000003|V|
            028|TST0000001|R|
            030|01|20240401000000|1.0|||T|N|
            026|2000000000015|F|
            028|TST0000002|R|
            030|02|20240401000000|2.0|||T|N|
            """)
        self.assertEqual([entry.mpan.line_number for entry in parsed.entries], [2, 5])
        self.assertEqual(
            [entry.meter.line_number for entry in parsed.entries if entry.meter],
            [3, 6],
        )

    def test_several_meters_belong_to_one_mpan(self) -> None:
        parsed = parse_groups("""
            026|1000000000003|V|
            028|TST0000001|R|
            030|01|20240401000000|1.0|||T|N|
            028|TST0000001|C|
            030|01|20240401000000|2.0|||T|N|
            """)
        self.assertEqual(parsed.codes, [])
        types = [entry.meter.record.reading_type for entry in parsed.entries]
        self.assertEqual(types, ["R", "C"])

    def test_site_visits_have_their_parent_groups(self) -> None:
        mpan_visit, meter_visit, _, reading_visit = parse_groups("""
            026|1000000000003|V|
            027|02|Synthetic note|
            028|TST0000001|R|
            029|20||
            030|01|20240401000000|1.0|||T|N|
            033|27||
            """).entries
        self.assertEqual((mpan_visit.group, mpan_visit.meter), ("027", None))
        self.assertEqual((meter_visit.group, meter_visit.meter.line_number), ("029", 4))
        self.assertEqual(
            (reading_visit.group, reading_visit.reading_line_number), ("033", 6)
        )

    def test_reading_has_its_validation_result(self) -> None:
        [entry] = parse_groups("""
            026|2000000000015|F|
            028|TST0000002|R|
            030|S|20240401000000|99.0|||F|N|
            032|05|T|
            """).entries
        self.assertEqual(entry.results, (ValidationResult("05", True),))

    def test_readings_have_different_validation_results(self) -> None:
        parsed = parse_groups("""
            026|2000000000015|F|
            028|TST0000002|R|
            030|01|20240401000000|99.0|||F|N|
            032|05|T|
            030|02|20240401000000|99.0|||T|N|
            030|03|20240401000000|99.0|||F|N|
            032|07|F|
            """)
        self.assertEqual(
            [
                [result.reason_code for result in entry.results]
                for entry in parsed.entries
            ],
            [["05"], [], ["07"]],
        )

    def test_validation_result_after_a_visit_in_another_block_belongs_to_its_reading(
        self,
    ) -> None:
        [entry, visit] = parse_groups("""
            026|2000000000015|F|
            028|TST0000002|R|
            030|S|20240401000000|99.0|||F|N|
            033|27||
            032|05|F|
            """).entries
        self.assertEqual(entry.results, (ValidationResult("05", False),))
        self.assertEqual(visit.reading_line_number, 4)


class EveryOrderTests(TestCase):
    """Compares the parser with the reference parser for every order of groups."""

    lines = {
        "026": MPAN_LINE,
        "027": "027|02||",
        "028": METER_LINE,
        "029": "029|20||",
        "030": READING_LINE,
        "032": "032|05|T|",
        "033": "033|27||",
    }

    def count_groups(self, entries: list[Entry]) -> Counter[str]:
        groups = Counter(entry.group for entry in entries)
        groups["032"] = sum(len(entry.results) for entry in entries)
        return groups

    def test_every_order_of_groups_keeps_the_groups_with_parents(self) -> None:
        counted = {"027", "029", "030", "032", "033"}
        for length in range(1, 6 if IS_LONG else 5):
            for order in product(self.lines, repeat=length):
                text = "\n".join([header_line(), *map(self.lines.get, order)])
                parsed = parse(text)
                valid = reference_parser.valid_groups(text.encode())
                found = self.count_groups(parsed.entries)
                expected = Counter(group.group for group in valid)
                for group in counted:
                    self.assertEqual(found[group], expected[group], order)
                self.assertEqual(
                    "no-parent" in parsed.codes, len(valid) < length, order
                )


class MissingParentTests(TestCase):
    def test_reading_without_a_meter_is_reported(self) -> None:
        issue = parse_groups("""
            026|2000000000015|V|
            030|S|20240401000000|99.0|||T|N|
            028|TST0000001|R|
            """).issue
        self.assertEqual((issue.code, issue.line_number), ("no-parent", 3))
        self.assertEqual((issue.group, issue.found), ("030", "030"))
        self.assertEqual(issue.expected, "a 028 before it")

    def test_meter_without_an_mpan_is_reported(self) -> None:
        parsed = parse_groups("""
            028|TST0000001|R|
            026|2000000000015|V|
            028|TST0000001|R|
            """)
        self.assertEqual(parsed.issue.expected, "a 026 before it")

    def test_meter_without_an_mpan_is_reported_and_its_readings_are_not(self) -> None:
        parsed = parse_groups("""
            028|TST0000001|R|
            030|S|20240401000000|99.0|||T|N|
            026|2000000000015|V|
            028|TST0000001|R|
            """)
        self.assertEqual(parsed.codes, ["no-parent"])
        self.assertEqual(positions_of(parsed), [(5, "028")])

    def test_reading_does_not_belong_to_the_meter_of_another_mpan(
        self,
    ) -> None:
        parsed = parse_groups("""
            026|1000000000003|V|
            028|TST0000001|R|
            026|2000000000015|V|
            030|S|20240401000000|99.0|||T|N|
            028|TST0000001|R|
            """)
        self.assertEqual(parsed.codes, ["no-parent"])
        self.assertEqual(positions_of(parsed), [(3, "028"), (6, "028")])

    def test_validation_result_after_a_visit_of_another_group_is_reported(self) -> None:
        parsed = parse_groups("""
            026|1000000000003|V|
            028|TST0000001|R|
            030|S|20240401000000|99.0|||T|N|
            029|02||
            032|05|F|
            """)
        self.assertEqual(parsed.codes, ["no-parent", "out-of-order"])

    def test_every_group_without_a_parent_is_reported(self) -> None:
        for line in "027|02||", "029|02||", "032|05|F|", "033|02||":
            with self.subTest(line=line):
                parsed = parse(flow_file([line, MPAN_LINE, METER_LINE]))
                self.assertEqual(parsed.codes, ["no-parent"])


class OutOfOrderTests(TestCase):
    def test_late_027_is_reported_and_kept(self) -> None:
        parsed = parse_groups("""
            026|1000000000003|V|
            028|TST0000001|R|
            030|S|20240401000000|99.0|||T|N|
            027|02||
            030|S|20240402000000|99.0|||T|N|
            """)
        issue = parsed.issue
        self.assertEqual((issue.code, issue.line_number), ("out-of-order", 5))
        self.assertEqual(issue.expected, "027 before the first 028")
        self.assertEqual(positions_of(parsed), [(4, "030"), (5, "027"), (6, "030")])
        self.assertIsNone(parsed.entries[1].meter)

    def test_late_029_is_reported_and_kept(self) -> None:
        parsed = parse_groups("""
            026|1000000000003|V|
            028|TST0000001|R|
            030|S|20240401000000|99.0|||T|N|
            029|02||
            """)
        self.assertEqual(parsed.issue.expected, "029 before the first 030")
        self.assertEqual(positions_of(parsed), [(4, "030"), (5, "029")])

    def test_032_after_033_is_reported_and_kept(self) -> None:
        parsed = parse_groups("""
            026|1000000000003|V|
            028|TST0000001|R|
            030|S|20240401000000|99.0|||F|N|
            033|02||
            032|05|F|
            """)
        issue = parsed.issue
        self.assertEqual((issue.code, issue.group), ("out-of-order", "032"))
        self.assertEqual(issue.expected, "032 before 033")

    def test_029_of_the_next_meter_is_not_late(self) -> None:
        parsed = parse_groups("""
            026|1000000000003|V|
            028|TST0000001|R|
            030|S|20240401000000|99.0|||T|N|
            028|TST0000002|R|
            029|02||
            026|2000000000015|V|
            027|02||
            028|TST0000003|R|
            """)
        self.assertEqual(parsed.codes, [])


class GroupWithoutChildrenTests(TestCase):
    def test_meter_without_children_is_an_entry(self) -> None:
        parsed = parse_groups("""
            026|1000000000003|V|
            028|TST0000001|R|
            """)
        self.assertEqual(parsed.codes, [])
        [entry] = parsed.entries
        self.assertEqual(entry.record, ("TST0000001", "R"))
        self.assertEqual(entry.mpan.record.mpan_core, "1000000000003")
        self.assertEqual(entry.meter, (3, entry.record))

    def test_meter_with_a_visit_is_not_an_entry(self) -> None:
        parsed = parse_groups("""
            026|1000000000003|V|
            028|TST0000001|R|
            029|20||
            """)
        self.assertEqual(positions_of(parsed), [(4, "029")])

    def test_mpan_without_a_meter_is_reported(self) -> None:
        issue = parse_groups("""
            026|1000000000003|V|
            026|2000000000015|V|
            028|TST0000001|R|
            """).issue
        self.assertEqual((issue.code, issue.line_number), ("no-meter", 2))
        self.assertEqual((issue.group, issue.expected), ("026", "a 028 after it"))

    def test_mpan_without_a_meter_is_an_entry(self) -> None:
        [entry] = parse_groups("026|1000000000003|V|").entries
        self.assertEqual(entry.record, ("1000000000003", "V"))
        self.assertEqual(entry.mpan, (2, entry.record))
        self.assertIsNone(entry.meter)

    def test_mpan_with_a_visit_is_not_an_entry(self) -> None:
        parsed = parse_groups("""
            026|1000000000003|V|
            027|20||
            """)
        self.assertEqual(parsed.codes, ["no-meter"])
        self.assertEqual(positions_of(parsed), [(3, "027")])

    def test_meters_without_children_are_in_file_order(self) -> None:
        parsed = parse_groups("""
            026|1000000000003|V|
            028|TST0000001|R|
            030|S|20240401000000|99.0|||T|N|
            028|TST0000002|R|
            028|TST0000003|R|
            030|S|20240401000000|99.0|||T|N|
            """)
        self.assertEqual(positions_of(parsed), [(4, "030"), (5, "028"), (7, "030")])


class InvalidGroupTests(TestCase):
    def test_children_of_an_invalid_mpan_are_left_out(self) -> None:
        parsed = parse_groups("""
            026|12345|V|
            027|02||
            028|TST0000001|R|
            029|02||
            030|S|20240401000000|99.0|||F|N|
            032|05|F|
            033|02||
            026|2000000000015|V|
            028|TST0000002|R|
            """)
        self.assertEqual(parsed.codes, ["mpan-not-13-digits"])
        self.assertEqual(positions_of(parsed), [(10, "028")])

    def test_children_of_an_invalid_meter_are_left_out(self) -> None:
        parsed = parse_groups("""
            026|2000000000015|V|
            028||R|
            029|02||
            030|S|20240401000000|99.0|||F|N|
            032|05|F|
            033|02||
            028|TST0000002|R|
            """)
        self.assertEqual(parsed.codes, ["missing-value"])
        self.assertEqual(positions_of(parsed), [(8, "028")])

    def test_children_of_an_invalid_reading_are_left_out(self) -> None:
        parsed = parse_groups("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|S|20240401000000|-99.0|||F|N|
            032|05|F|
            033|02||
            030|S|20240401000000|99.0|||T|N|
            """)
        self.assertEqual(parsed.codes, ["negative"])
        self.assertEqual(positions_of(parsed), [(7, "030")])

    def test_late_027_after_an_invalid_meter_is_kept(self) -> None:
        parsed = parse_groups("""
            026|2000000000015|V|
            028||R|
            027|02||
            """)
        self.assertEqual(parsed.codes, ["missing-value", "out-of-order"])
        self.assertEqual(positions_of(parsed), [(4, "027")])

    def test_only_an_invalid_visit_is_left_out(self) -> None:
        parsed = parse_groups("""
            026|2000000000015|V|
            027|021||
            028|TST0000001|R|
            029|021||
            030|S|20240401000000|99.0|||T|N|
            033|021||
            """)
        self.assertEqual(parsed.codes, ["too-long-to-store"] * 3)
        self.assertEqual(positions_of(parsed), [(6, "030")])

    def test_only_an_invalid_validation_result_is_left_out(self) -> None:
        [entry] = parse_groups("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|S|20240401000000|99.0|||F|N|
            032|05|X|
            032|07|F|
            """).entries
        self.assertEqual(entry.results, (ValidationResult("07", False),))

    def test_issues_in_children_of_an_invalid_group_are_reported(self) -> None:
        parsed = parse_groups("""
            026|12345|V|
            028|TST0000001|R|
            030|S|2024|99.0|||T|N|
            """)
        self.assertEqual(parsed.codes, ["invalid-datetime", "mpan-not-13-digits"])

    def test_invalid_readings_are_counted(self) -> None:
        parsed = parse_groups("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|S|20240401000000|-99.0|||T|N|
            030|S|20240401000000|99.0|||T|N|
            028||R|
            030|S|20240401000000|99.0|||T|N|
            026|1000000000003|V|
            030|S|20240401000000|99.0|||T|N|
            """)
        self.assertEqual(parsed.parser.invalid_reading_count, 3)
        self.assertEqual(positions_of(parsed), [(5, "030"), (8, "026")])


class ValidationResultTests(TestCase):
    def test_several_validation_results_are_kept_in_order_and_reported(self) -> None:
        parsed = parse_groups("""
            026|2000000000015|F|
            028|TST0000002|R|
            030|S|20240401000000|99.0|||F|N|
            032|05|F|
            032|07|T|
            """)
        issue = parsed.issue
        self.assertEqual((issue.code, issue.line_number), ("multiple-results", 6))
        self.assertEqual(issue.found, "032|07|T|")
        codes = [result.reason_code for result in parsed.entries[0].results]
        self.assertEqual(codes, ["05", "07"])

    def test_thousands_of_validation_results_do_not_take_quadratic_time(self) -> None:
        reading, result = "030|S|20240401000000|99.0|||F|N|", "032|05|F|"
        text = flow_file_of_readings(reading, *[result] * 1000)
        replace = Entry._replace
        with patch.object(
            Entry, "_replace", autospec=True, side_effect=replace
        ) as replaced:
            [entry] = parse(text).entries
        self.assertEqual(len(entry.results), 1000)
        self.assertEqual(replaced.call_count, 1)


class ReadingTypeTests(TestCase):
    def test_old_suppliers_estimate_is_reported_and_kept(self) -> None:
        parsed = parse_groups("""
            026|2000000000015|V|
            028|TST0000001|O|
            030|S|20240401000000|99.0|||T|N|
            """)
        issue = parsed.issue
        self.assertEqual((issue.code, issue.line_number), ("old-suppliers-estimate", 3))
        self.assertEqual(issue.field, "Reading Type (J0171)")
        self.assertEqual((issue.found, issue.expected), ("O", "D"))
        self.assertEqual(positions_of(parsed), [(4, "030")])

    def test_withdrawn_deemed_and_modified_readings_have_no_issue(
        self,
    ) -> None:
        for reading_type in "WDQ":
            with self.subTest(reading_type=reading_type):
                groups = [MPAN_LINE, f"028|TST0000001|{reading_type}|", READING_LINE]
                [entry] = parse(flow_file(groups)).entries
                self.assertEqual(entry.meter.record.reading_type, reading_type)

    def test_empty_reading_type_is_reported_as_missing(self) -> None:
        parsed = parse(flow_file([MPAN_LINE, "028|TST0000001||", READING_LINE]))
        self.assertEqual(parsed.codes, ["missing-expected-value"])
        self.assertEqual(positions_of(parsed), [(4, "030")])


class MemoryTests(TestCase):
    """Any number of children of one group are passed on block by block."""

    def longest_batch(self, groups: list[str]) -> int:
        """Return how many entries of a file of many blocks come at once."""
        data = flow_file(groups).encode()
        with patch("meter_readings.d0010.lines.BLOCK_SIZE", 100):
            parser = FlowFileParser(io.BytesIO(data), report=lambda _: None)
            batches = [batch for batch in parser.batches() if isinstance(batch, list)]
        return max(map(len, batches))

    def test_site_visits_of_an_open_reading_are_passed_on(self) -> None:
        groups = [MPAN_LINE, METER_LINE, READING_LINE, *["033|27||"] * 500]
        self.assertLess(self.longest_batch(groups), 30)

    def test_site_visits_after_an_open_meter_without_children_are_passed_on(
        self,
    ) -> None:
        groups = [MPAN_LINE, METER_LINE, *["027|02||"] * 500]
        self.assertLess(self.longest_batch(groups), 30)

    def test_no_more_than_a_thousand_results_of_a_reading_are_kept(self) -> None:
        results = ["032|05|F|"] * 1000 + ["032|07|F|"] * 2
        parsed = parse(flow_file([MPAN_LINE, METER_LINE, READING_LINE, *results]))
        [entry] = parsed.entries
        self.assertEqual(entry.results, (ValidationResult("05", False),) * 1000)
        codes = Counter(parsed.codes)
        self.assertEqual(codes, {"multiple-results": 999, "too-many-results": 2})
        self.assertEqual(parsed.issues[-1].line_number, 1006)
