"""What belongs to what: how groups nest, what closes them, what is out of place."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import product
from unittest import TestCase
from unittest.mock import patch

from meter_readings.d0010 import Entry, Issue, ValidationResult
from meter_readings.tests.flow_file_builder import (
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
    """Read a file of these groups."""
    return parse(flow_file(groups))


def fault_of(parsed: Parsed) -> Issue:
    """Return the only fault."""
    [issue] = parsed.issues
    return issue


def places_of(parsed: Parsed) -> list[tuple[int, str]]:
    """Return the line number and group of each entry."""
    return [(entry.line_number, entry.group) for entry in parsed.entries]


class NestingTests(TestCase):
    def test_nesting_gives_a_reading_the_groups_it_stands_under(self) -> None:
        [entry] = parse_groups("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|S|20240401000000|99.0|||T|N|
            """).entries
        self.assertEqual(entry.mpan, (2, ("2000000000015", "V")))
        self.assertEqual(entry.meter, (3, ("TST0000001", "R")))
        self.assertEqual((entry.line_number, entry.group), (4, "030"))

    def test_nesting_lets_a_meter_stand_under_the_nearest_mpan(self) -> None:
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

    def test_nesting_lets_several_meters_stand_under_one_mpan(self) -> None:
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

    def test_nesting_gives_site_visits_the_groups_they_stand_under(self) -> None:
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

    def test_nesting_gives_a_reading_its_result(self) -> None:
        [entry] = parse_groups("""
            026|2000000000015|F|
            028|TST0000002|R|
            030|S|20240401000000|99.0|||F|N|
            032|05|T|
            """).entries
        self.assertEqual(entry.results, (ValidationResult("05", True),))

    def test_nesting_keeps_results_apart(self) -> None:
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

    def test_nesting_gives_a_reading_its_result_across_blocks_and_visits(self) -> None:
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
    """Whatever the order of groups, what is kept is what the oracle keeps."""

    lines = {
        "026": MPAN_LINE,
        "027": "027|02||",
        "028": METER_LINE,
        "029": "029|20||",
        "030": READING_LINE,
        "032": "032|05|T|",
        "033": "033|27||",
    }

    def kept_by_parser(self, entries: list[Entry]) -> Counter[str]:
        groups = Counter(entry.group for entry in entries)
        groups["032"] = sum(len(entry.results) for entry in entries)
        return groups

    def test_every_order_keeps_what_has_a_place(self) -> None:
        counted = {"027", "029", "030", "032", "033"}
        for length in range(1, 6):
            for order in product(self.lines, repeat=length):
                text = "\n".join([header_line(), *map(self.lines.get, order)])
                parsed = parse(text)
                kept = reference_parser.kept_groups(text.encode())
                found = self.kept_by_parser(parsed.entries)
                expected = Counter(group.group for group in kept)
                for group in counted:
                    self.assertEqual(found[group], expected[group], order)
                self.assertEqual("no-parent" in parsed.codes, len(kept) < length, order)


class OrphanTests(TestCase):
    def test_orphan_reports_a_reading_without_a_meter(self) -> None:
        issue = fault_of(parse_groups("""
                026|2000000000015|V|
                030|S|20240401000000|99.0|||T|N|
                028|TST0000001|R|
                """))
        self.assertEqual((issue.code, issue.line_number), ("no-parent", 3))
        self.assertEqual((issue.group, issue.found), ("030", "030"))
        self.assertEqual(issue.expected, "a 028 before it")

    def test_orphan_reports_a_meter_without_an_mpan(self) -> None:
        parsed = parse_groups("""
            028|TST0000001|R|
            026|2000000000015|V|
            028|TST0000001|R|
            """)
        self.assertEqual(fault_of(parsed).expected, "a 026 before it")

    def test_reports_an_orphaned_meter_and_not_its_readings(self) -> None:
        parsed = parse_groups("""
            028|TST0000001|R|
            030|S|20240401000000|99.0|||T|N|
            026|2000000000015|V|
            028|TST0000001|R|
            """)
        self.assertEqual(parsed.codes, ["no-parent"])
        self.assertEqual(places_of(parsed), [(5, "028")])

    def test_orphan_does_not_put_a_reading_under_the_meter_of_another_mpan(
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
        self.assertEqual(places_of(parsed), [(3, "028"), (6, "028")])

    def test_orphan_reports_a_result_that_a_visit_parts_from_its_reading(self) -> None:
        parsed = parse_groups("""
            026|1000000000003|V|
            028|TST0000001|R|
            030|S|20240401000000|99.0|||T|N|
            029|02||
            032|05|F|
            """)
        self.assertEqual(parsed.codes, ["no-parent", "out-of-order"])

    def test_orphan_reports_every_group_without_a_parent(self) -> None:
        for line in "027|02||", "029|02||", "032|05|F|", "033|02||":
            with self.subTest(line=line):
                parsed = parse(flow_file([line, MPAN_LINE, METER_LINE]))
                self.assertEqual(parsed.codes, ["no-parent"])


class OutOfOrderTests(TestCase):
    def test_out_of_order_accepts_a_visit_to_the_premises_after_a_meter(self) -> None:
        parsed = parse_groups("""
            026|1000000000003|V|
            028|TST0000001|R|
            030|S|20240401000000|99.0|||T|N|
            027|02||
            030|S|20240402000000|99.0|||T|N|
            """)
        issue = fault_of(parsed)
        self.assertEqual((issue.code, issue.line_number), ("out-of-order", 5))
        self.assertEqual(issue.expected, "027 before the first 028")
        self.assertEqual(places_of(parsed), [(4, "030"), (5, "027"), (6, "030")])
        self.assertIsNone(parsed.entries[1].meter)

    def test_out_of_order_accepts_a_visit_to_the_meter_after_a_reading(self) -> None:
        parsed = parse_groups("""
            026|1000000000003|V|
            028|TST0000001|R|
            030|S|20240401000000|99.0|||T|N|
            029|02||
            """)
        self.assertEqual(fault_of(parsed).expected, "029 before the first 030")
        self.assertEqual(places_of(parsed), [(4, "030"), (5, "029")])

    def test_out_of_order_accepts_a_result_after_a_visit(self) -> None:
        parsed = parse_groups("""
            026|1000000000003|V|
            028|TST0000001|R|
            030|S|20240401000000|99.0|||F|N|
            033|02||
            032|05|F|
            """)
        issue = fault_of(parsed)
        self.assertEqual((issue.code, issue.group), ("out-of-order", "032"))
        self.assertEqual(issue.expected, "032 before 033")

    def test_out_of_order_forgets_the_readings_of_the_meter_before(self) -> None:
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


class ChildlessTests(TestCase):
    def test_childless_keeps_a_meter_without_readings_as_an_entry(self) -> None:
        parsed = parse_groups("""
            026|1000000000003|V|
            028|TST0000001|R|
            """)
        self.assertEqual(parsed.codes, [])
        [entry] = parsed.entries
        self.assertEqual(entry.record, ("TST0000001", "R"))
        self.assertEqual(entry.mpan.record.mpan_core, "1000000000003")
        self.assertEqual(entry.meter, (3, entry.record))

    def test_childless_does_not_keep_a_meter_with_a_visit_twice(self) -> None:
        parsed = parse_groups("""
            026|1000000000003|V|
            028|TST0000001|R|
            029|20||
            """)
        self.assertEqual(places_of(parsed), [(4, "029")])

    def test_childless_reports_an_mpan_without_a_meter(self) -> None:
        issue = fault_of(parse_groups("""
            026|1000000000003|V|
            026|2000000000015|V|
            028|TST0000001|R|
            """))
        self.assertEqual((issue.code, issue.line_number), ("no-meter", 2))
        self.assertEqual((issue.group, issue.expected), ("026", "a 028 after it"))

    def test_childless_keeps_an_mpan_without_a_meter_as_an_entry(self) -> None:
        [entry] = parse_groups("026|1000000000003|V|").entries
        self.assertEqual(entry.record, ("1000000000003", "V"))
        self.assertEqual(entry.mpan, (2, entry.record))
        self.assertIsNone(entry.meter)

    def test_childless_does_not_keep_an_mpan_with_a_visit_twice(self) -> None:
        parsed = parse_groups("""
            026|1000000000003|V|
            027|20||
            """)
        self.assertEqual(parsed.codes, ["no-meter"])
        self.assertEqual(places_of(parsed), [(3, "027")])

    def test_keeps_childless_meters_in_file_order(self) -> None:
        parsed = parse_groups("""
            026|1000000000003|V|
            028|TST0000001|R|
            030|S|20240401000000|99.0|||T|N|
            028|TST0000002|R|
            028|TST0000003|R|
            030|S|20240401000000|99.0|||T|N|
            """)
        self.assertEqual(places_of(parsed), [(4, "030"), (5, "028"), (7, "030")])


class SpoiledTests(TestCase):
    """An unreadable group takes what stands under it with it, and nothing else."""

    def test_spoiled_drops_all_under_an_unreadable_mpan(self) -> None:
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
        self.assertEqual(places_of(parsed), [(10, "028")])

    def test_spoiled_drops_all_under_an_unreadable_meter(self) -> None:
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
        self.assertEqual(places_of(parsed), [(8, "028")])

    def test_spoiled_drops_all_under_an_unreadable_reading(self) -> None:
        parsed = parse_groups("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|S|20240401000000|-99.0|||F|N|
            032|05|F|
            033|02||
            030|S|20240401000000|99.0|||T|N|
            """)
        self.assertEqual(parsed.codes, ["negative"])
        self.assertEqual(places_of(parsed), [(7, "030")])

    def test_spoiled_keeps_a_visit_to_premises_after_an_unreadable_meter(self) -> None:
        parsed = parse_groups("""
            026|2000000000015|V|
            028||R|
            027|02||
            """)
        self.assertEqual(parsed.codes, ["missing-value", "out-of-order"])
        self.assertEqual(places_of(parsed), [(4, "027")])

    def test_spoiled_drops_an_unreadable_visit_alone(self) -> None:
        parsed = parse_groups("""
            026|2000000000015|V|
            027|021||
            028|TST0000001|R|
            029|021||
            030|S|20240401000000|99.0|||T|N|
            033|021||
            """)
        self.assertEqual(parsed.codes, ["too-long-to-store"] * 3)
        self.assertEqual(places_of(parsed), [(6, "030")])

    def test_spoiled_drops_an_unreadable_result_alone(self) -> None:
        [entry] = parse_groups("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|S|20240401000000|99.0|||F|N|
            032|05|X|
            032|07|F|
            """).entries
        self.assertEqual(entry.results, (ValidationResult("07", False),))

    def test_spoiled_still_finds_faults_under_an_unreadable_group(self) -> None:
        parsed = parse_groups("""
            026|12345|V|
            028|TST0000001|R|
            030|S|2024|99.0|||T|N|
            """)
        self.assertEqual(parsed.codes, ["invalid-datetime", "mpan-not-13-digits"])

    def test_spoiled_counts_every_reading_that_is_not_had(self) -> None:
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
        self.assertEqual(places_of(parsed), [(5, "030"), (8, "026")])


class ResultTests(TestCase):
    def test_keeps_several_results_in_order_and_reports_them(self) -> None:
        parsed = parse_groups("""
            026|2000000000015|F|
            028|TST0000002|R|
            030|S|20240401000000|99.0|||F|N|
            032|05|F|
            032|07|T|
            """)
        issue = fault_of(parsed)
        self.assertEqual((issue.code, issue.line_number), ("multiple-results", 6))
        self.assertEqual(issue.found, "032|07|T|")
        codes = [result.reason_code for result in parsed.entries[0].results]
        self.assertEqual(codes, ["05", "07"])

    def test_reports_a_suspect_reading_without_a_result(self) -> None:
        issue = fault_of(
            parse(flow_file_of_readings("030|S|20240401000000|99.0|||F|N|"))
        )
        self.assertEqual((issue.code, issue.line_number), ("suspect-without-result", 4))
        self.assertEqual(issue.field, "Meter Reading Flag (J0045)")
        self.assertEqual((issue.found, issue.expected), ("F", "a 032 after it"))

    def test_reports_a_result_under_a_reading_without_a_flag(self) -> None:
        issue = fault_of(
            parse(flow_file_of_readings("030|S|20240401000000|99.0||||N|", "032|05|F|"))
        )
        self.assertEqual((issue.code, issue.line_number), ("result-without-flag", 4))
        self.assertEqual((issue.found, issue.expected), ("", "T or F"))

    def test_accepts_a_result_under_a_valid_reading(self) -> None:
        parsed = parse(flow_file_of_readings(READING_LINE, "032|05|T|"))
        self.assertEqual(parsed.codes, [])

    def test_result_accepts_a_suspect_reading_that_was_accepted_after_all(self) -> None:
        parsed = parse(
            flow_file_of_readings("030|S|20240401000000|99.0|||F|N|", "032|05|T|")
        )
        self.assertEqual(parsed.codes, [])

    def test_result_accepts_a_reading_without_a_flag(self) -> None:
        parsed = parse(flow_file_of_readings("030|S|20240401000000|99.0||||N|"))
        self.assertEqual(parsed.codes, [])

    def test_makes_a_reading_of_many_results_once(self) -> None:
        reading, result = "030|S|20240401000000|99.0|||F|N|", "032|05|F|"
        text = flow_file_of_readings(reading, *[result] * 1000)
        replace = Entry._replace
        with patch.object(Entry, "_replace", autospec=True, side_effect=replace) as it:
            [entry] = parse(text).entries
        self.assertEqual(len(entry.results), 1000)
        self.assertEqual(it.call_count, 1)


class MaximumDemandTests(TestCase):
    def test_maximum_demand_accepts_time_and_count_together(self) -> None:
        parsed = parse(
            flow_file_of_readings("030|MD|20240401000000|41.5|20240301000000|1|T|P|")
        )
        self.assertEqual(parsed.codes, [])

    def test_maximum_demand_accepts_a_count_of_no_resets(self) -> None:
        parsed = parse(
            flow_file_of_readings("030|MD|20240401000000|41.5|20240301000000|0|T|P|")
        )
        self.assertEqual(parsed.codes, [])

    def test_maximum_demand_reports_a_time_without_a_count(self) -> None:
        issue = fault_of(
            parse(
                flow_file_of_readings("030|MD|20240401000000|41.5|20240301000000||T|P|")
            )
        )
        self.assertEqual(issue.code, "md-reset-incomplete")
        self.assertEqual(issue.field, "MD Reset Date & Time (J0044)")

    def test_maximum_demand_reports_a_count_without_a_time(self) -> None:
        parsed = parse(flow_file_of_readings("030|MD|20240401000000|41.5||0|T|P|"))
        self.assertEqual(parsed.codes, ["md-reset-incomplete"])


class ReadingTimeTests(TestCase):
    created_at = header_line(created_at="20240401120000")

    def codes_of(self, read_at: str, **options: object) -> list[str]:
        reading = f"030|S|{read_at}|99.0|||T|N|"
        text = flow_file([MPAN_LINE, "028|A|S|", reading], header=self.created_at)
        return parse(text, **options).codes

    def test_reading_time_accepts_a_reading_of_the_second_the_file_was_created(
        self,
    ) -> None:
        self.assertEqual(self.codes_of("20240401120000"), [])

    def test_reading_time_reports_a_reading_later_than_its_file(self) -> None:
        self.assertEqual(self.codes_of("20240401120001"), ["read-after-creation"])

    def test_reading_time_says_when_the_file_was_created(self) -> None:
        reading = "030|S|20240402000000|99.0|||T|N|"
        issue = fault_of(
            parse(flow_file([MPAN_LINE, METER_LINE, reading], header=self.created_at))
        )
        self.assertEqual(issue.field, "Reading Date & Time (J0016)")
        self.assertEqual(issue.found, "20240402000000")
        self.assertEqual(issue.expected, "20240401120000 at the latest")

    def test_reading_time_accepts_a_reading_of_now(self) -> None:
        now = datetime(2024, 4, 1, 11, tzinfo=UTC)
        self.assertEqual(self.codes_of("20240401120000", not_after=now), [])

    def test_reading_time_drops_a_reading_of_the_future(self) -> None:
        now = datetime(2024, 3, 31, 22, 59, 59, tzinfo=UTC)
        text = flow_file_of_readings(READING_LINE, "032|05|T|")
        parsed = parse(text, not_after=now)
        self.assertEqual(parsed.codes, ["created-in-future", "read-in-future"])
        self.assertEqual(parsed.entries, [])
        self.assertEqual(parsed.parser.invalid_reading_count, 1)

    def test_reading_time_compares_instants_and_not_clock_times(self) -> None:
        now = datetime(2024, 3, 31, 23, tzinfo=UTC)
        parsed = parse(flow_file_of_readings(READING_LINE), not_after=now)
        self.assertNotIn("read-in-future", parsed.codes)

    def test_reading_time_lets_every_time_pass_where_now_is_not_known(self) -> None:
        self.assertEqual(self.codes_of("21990101000000"), ["read-after-creation"])

    def test_reading_time_knows_no_creation_where_there_is_no_header(self) -> None:
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

    def test_accepts_midnight_from_the_non_half_hourly_collector(self) -> None:
        self.assertEqual(self.codes_of("D", "R", "000000"), [])

    def test_midnight_reports_another_time_from_the_non_half_hourly_collector(
        self,
    ) -> None:
        self.assertEqual(self.codes_of("D", "R", "103000"), ["not-midnight"])

    def test_midnight_accepts_any_time_of_a_special_reading(self) -> None:
        self.assertEqual(self.codes_of("D", "S", "103000"), [])

    def test_reports_midnight_from_the_half_hourly_collector(self) -> None:
        self.assertEqual(self.codes_of("C", "R", "000000"), ["midnight-half-hourly"])

    def test_reports_midnight_of_a_special_half_hourly_reading_too(self) -> None:
        self.assertEqual(self.codes_of("C", "S", "000000"), ["midnight-half-hourly"])

    def test_midnight_accepts_the_last_second_from_the_half_hourly_collector(
        self,
    ) -> None:
        self.assertEqual(self.codes_of("C", "R", "235959"), [])

    def test_midnight_accepts_any_time_from_others(self) -> None:
        for time in "000000", "103000", "235959":
            with self.subTest(time=time):
                self.assertEqual(self.codes_of("X", "R", time), [])

    def test_midnight_says_what_is_expected_of_either_collector(self) -> None:
        for role, time, expected in (
            ("D", "103000", "000000, or type S"),
            ("C", "000000", "235959 the day before"),
        ):
            with self.subTest(role=role):
                header = header_line(from_role=role)
                reading = f"030|S|20240401{time}|99.0|||T|N|"
                text = flow_file_of_readings(reading, header=header)
                self.assertEqual(fault_of(parse(text)).expected, expected)


class ReadingTypeTests(TestCase):
    def test_reading_type_reports_an_old_suppliers_estimate_and_keeps_it(self) -> None:
        parsed = parse_groups("""
            026|2000000000015|V|
            028|TST0000001|O|
            030|S|20240401000000|99.0|||T|N|
            """)
        issue = fault_of(parsed)
        self.assertEqual((issue.code, issue.line_number), ("old-suppliers-estimate", 3))
        self.assertEqual(issue.field, "Reading Type (J0171)")
        self.assertEqual((issue.found, issue.expected), ("O", "D"))
        self.assertEqual(places_of(parsed), [(4, "030")])

    def test_reading_type_keeps_withdrawn_deemed_and_modified_readings_as_they_are(
        self,
    ) -> None:
        for reading_type in "WDQ":
            with self.subTest(reading_type=reading_type):
                groups = [MPAN_LINE, f"028|TST0000001|{reading_type}|", READING_LINE]
                [entry] = parse(flow_file(groups)).entries
                self.assertEqual(entry.meter.record.reading_type, reading_type)

    def test_takes_no_offense_at_an_absent_reading_type(self) -> None:
        parsed = parse(flow_file([MPAN_LINE, "028|TST0000001||", READING_LINE]))
        self.assertEqual(parsed.codes, ["missing-expected-value"])
        self.assertEqual(places_of(parsed), [(4, "030")])
