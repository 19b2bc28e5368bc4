"""Tests of the merge: rows, counts and the findings that need the database."""

from __future__ import annotations

import random
from decimal import Decimal
from unittest.mock import patch

from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext

from meter_readings.importer import MAX_STORED_PER_RULE, ImportResult
from meter_readings.importer.findings import FindingCollector
from meter_readings.importer.merge import MergeError, merge_staged_rows
from meter_readings.importer.result import LoadCounts
from meter_readings.importer.staging import open_staging
from meter_readings.models import (
    FlowFile,
    Meter,
    MeterPoint,
    Policy,
    Reading,
    SiteVisit,
)
from meter_readings.tests.support.flow_file_builder import (
    EVERY_GROUP,
    flow_file,
    flow_file_of_readings,
    header_line,
    mpan_core,
)
from meter_readings.tests.support.import_helpers import import_text, imported
from meter_readings.tests.support.partition_helpers import ensure_partitions

from .row_helpers import resolve_everything, rows_of

_STATISTICS = "meter_readings.importer.staging.postgresql_statistics"

LATER_HEADER = header_line(file_identifier="TEST000002", created_at="20240402091501")


def later(groups: str | list[str]) -> ImportResult:
    """Import a file created a second later, with these groups."""
    return import_text(flow_file(groups, header=LATER_HEADER), "later.uff")


def counts_of(result: ImportResult) -> dict[str, int]:
    """Return the load counts that are not zero."""
    assert result.loaded is not None
    return {name: count for name, count in result.loaded._asdict().items() if count}


class RowsTests(TestCase):

    @classmethod
    def setUpTestData(cls) -> None:
        cls.file = imported(EVERY_GROUP)

    def test_meter_points_are_inserted_in_file_order(self) -> None:
        mpans = MeterPoint.objects.order_by("pk").values_list("mpan", flat=True)
        self.assertEqual(list(mpans), ["1000000000003", "2000000000015"])

    def test_meters_are_inserted_in_file_order(self) -> None:
        meters = Meter.objects.order_by("pk").values_list(
            "serial_number", "meter_point__mpan"
        )
        self.assertEqual(
            list(meters),
            [("TST0000001", "1000000000003"), ("TST0000002", "2000000000015")],
        )

    def assert_reading(self, line_number: int, **expected: object) -> None:
        """Compare the columns of the reading of a line."""
        found = Reading.objects.values(*expected).get(line_number=line_number)
        self.assertEqual(found, expected)

    def test_each_030_has_a_reading(self) -> None:
        line_numbers = Reading.objects.values_list("line_number", flat=True)
        self.assertEqual(sorted(line_numbers), [5, 6, 10])

    def test_reading_has_the_lines_of_its_026_and_028(self) -> None:
        self.assert_reading(10, mpan_line_number=7, meter_line_number=8)

    def test_reading_has_its_meter_and_file(self) -> None:
        reading = Reading.objects.get(line_number=10)
        self.assertEqual(reading.meter.serial_number, "TST0000002")
        self.assertEqual(reading.flow_file, self.file)

    def test_reading_has_the_values_of_its_groups(self) -> None:
        self.assert_reading(
            5,
            register_id="01",
            value=Decimal("12345.000"),
            reading_type="R",
            bsc_validation_status="V",
            meter_reading_flag=True,
            reading_method="P",
            reason_code="",
            meter_reading_status=None,
            source_lines="",
        )

    def test_reading_without_an_md_reset_has_none(self) -> None:
        self.assert_reading(5, md_reset_at=None, md_reset_count=None)

    def test_reading_has_its_md_reset(self) -> None:
        reading = Reading.objects.get(line_number=6)
        assert reading.md_reset_at is not None
        self.assertEqual(reading.md_reset_at.isoformat(), "2024-03-01T00:00:00+00:00")
        self.assertEqual(reading.md_reset_count, 1)

    def test_suspect_reading_has_the_values_of_its_032(self) -> None:
        self.assert_reading(
            10, meter_reading_flag=False, reason_code="05", meter_reading_status=False
        )

    def assert_visit(self, line_number: int, **expected: object) -> None:
        """Compare the columns of the site visit of a line."""
        found = SiteVisit.objects.values(*expected).get(line_number=line_number)
        self.assertEqual(found, expected)

    def test_site_visit_under_a_026_has_no_meter(self) -> None:
        self.assert_visit(
            3,
            group="027",
            check_code="02",
            additional_information="Synthetic note",
            mpan_line_number=2,
            meter_line_number=None,
            reading_line_number=None,
            meter_point__mpan="1000000000003",
            meter__serial_number=None,
            bsc_validation_status="V",
            reading_type="",
        )

    def test_site_visit_under_a_028_has_its_meter(self) -> None:
        self.assert_visit(
            9,
            group="029",
            check_code="20",
            additional_information="",
            mpan_line_number=7,
            meter_line_number=8,
            reading_line_number=None,
            meter_point__mpan="2000000000015",
            meter__serial_number="TST0000002",
            bsc_validation_status="F",
            reading_type="R",
        )

    def test_site_visit_under_a_030_has_the_line_of_the_reading(self) -> None:
        self.assert_visit(12, group="033", meter_line_number=8, reading_line_number=10)


class BareGroupTests(TestCase):
    def test_028_without_readings_is_a_site_visit_without_a_code(self) -> None:
        imported(flow_file("""
            026|2000000000015|V|
            028|TST0000001|R|
            """))
        visit = SiteVisit.objects.get()
        self.assertEqual((visit.group, visit.check_code), ("028", ""))
        self.assertEqual(visit.meter, Meter.objects.get())

    def test_026_without_meters_is_a_site_visit_without_a_code(self) -> None:
        imported(flow_file("026|2000000000015|V|"))
        visit = SiteVisit.objects.get()
        self.assertEqual((visit.group, visit.meter), ("026", None))
        self.assertEqual(visit.meter_point, MeterPoint.objects.get())


class ColumnAndEntryTests(TestCase):
    """Common readings are staged by column, others one by one."""

    def rows_of_readings(self, *readings: str) -> list[tuple[object, ...]]:
        """Return the rows of readings in a file, in line order."""
        imported(flow_file_of_readings(*readings))
        return rows_of(Reading)["Reading"]

    def test_lines_read_one_by_one_give_the_rows_of_lines_read_by_column(self) -> None:
        common = [f"030|S|202403{day:02}000000|9{day}.0|||T|N|" for day in range(1, 30)]
        by_columns = self.rows_of_readings(*common)
        FlowFile.objects.all()  # the next file is another: it has one line more
        Reading.objects.all().delete()
        FlowFile.objects.all().delete()
        by_lines = self.rows_of_readings(*(f"{line} " for line in common))
        self.assertEqual([row[1:] for row in by_lines], [row[1:] for row in by_columns])

    def test_field_of_spaces_is_empty(self) -> None:
        readings = [f"030|S|202403{day:02}000000|9.0| | | |N|" for day in (1, 2, 3)]
        imported(flow_file_of_readings(*readings))
        empty = Reading.objects.filter(
            md_reset_at=None, md_reset_count=None, meter_reading_flag=None
        )
        self.assertEqual(empty.count(), 3)

    def test_leading_zeros_of_a_reset_count_are_ignored(self) -> None:
        reset = "030|MD|20240401000000|9.0|20240301000000|001|T|N|"
        imported(flow_file_of_readings(reset, reset.replace("MD", "M2")))
        counts = Reading.objects.values_list("md_reset_count", flat=True)
        self.assertEqual(list(counts), [1, 1])

    def test_text_that_looks_like_sql_or_copy_syntax_is_stored_unchanged(self) -> None:
        for number, text in enumerate(("'; DROP TABLE", '"', r"\N", r"\.", "\\", "%s")):
            with self.subTest(text):
                groups = ["026|2000000000015|V|", f"027|02|{text}|"]
                file = imported(flow_file(groups), f"{number}.uff")
                visit = file.site_visits.get()
                self.assertEqual(visit.additional_information, text)

    def test_characters_outside_ascii_are_stored(self) -> None:
        text = flow_file(["026|2000000000015|V|", "027|02|Caf\xe9 \x80\x81|"])
        imported(text.encode("latin-1"))
        visit = SiteVisit.objects.get()
        self.assertEqual(visit.additional_information, "Café €\ufffd")


class CountsTests(TestCase):
    ONE = """
        026|2000000000015|V|
        028|TST0000001|R|
        030|S|20240401000000|100.0|||T|N|
        """

    def setUp(self) -> None:
        self.first = import_text(flow_file(self.ONE))

    def test_new_rows_are_counted(self) -> None:
        self.assertEqual(
            counts_of(self.first), {"meter_points": 1, "meters": 1, "readings": 1}
        )

    def test_known_meters_are_not_counted_again(self) -> None:
        result = later(self.ONE.replace("20240401", "20240331"))
        self.assertEqual(counts_of(result), {"readings": 1})

    def test_duplicate_is_counted(self) -> None:
        result = later(self.ONE)
        self.assertEqual(counts_of(result), {"readings": 1, "duplicate": 1})

    def test_newer_version_is_counted_as_superseding(self) -> None:
        result = later(self.ONE.replace("100.0", "101.0"))
        self.assertEqual(counts_of(result), {"readings": 1, "superseding": 1})

    def test_older_version_is_counted_as_superseded(self) -> None:
        header = header_line(file_identifier="TEST000002", created_at="20240401091500")
        text = flow_file(self.ONE.replace("100.0", "101.0"), header=header)
        result = import_text(text, "older.uff")
        self.assertEqual(counts_of(result), {"readings": 1, "superseded": 1})

    def test_withdrawal_is_counted_as_withdrawn(self) -> None:
        result = later(self.ONE.replace("|R|", "|W|"))
        self.assertEqual(counts_of(result), {"readings": 1, "withdrawn": 1})

    def test_withdrawal_without_a_reading_is_counted_as_withdrawn(self) -> None:
        result = later(self.ONE.replace("|R|", "|W|").replace("|S|", "|T|"))
        self.assertEqual(counts_of(result), {"readings": 1, "withdrawn": 1})

    def test_reading_withdrawn_by_a_later_file_is_counted_as_withdrawn(self) -> None:
        later(self.ONE.replace("|R|", "|W|"))
        header = header_line(file_identifier="TEST000003", created_at="20240402091500")
        result = import_text(flow_file(self.ONE, header=header), "late.uff")
        self.assertEqual(counts_of(result), {"readings": 1, "withdrawn": 1})

    def test_reading_repeated_in_a_file_supersedes_nothing(self) -> None:
        result = later(self.ONE.replace("|S|", "|T|") + self.ONE.replace("|S|", "|T|"))
        self.assertEqual(counts_of(result), {"readings": 2, "duplicate": 1})

    def test_site_visits_are_counted(self) -> None:
        result = later(["026|2000000000015|V|", "027|02||", "027|03||"])
        self.assertEqual(counts_of(result), {"site_visits": 2})

    def test_current_readings_are_those_of_no_other_version_status(self) -> None:
        counts = LoadCounts(
            meter_points=0,
            meters=0,
            site_visits=0,
            readings=10,
            duplicate=1,
            superseded=2,
            withdrawn=3,
            superseding=4,
        )
        self.assertEqual(counts.current, 4)


class MergeErrorTests(TestCase):
    def test_merge_raises_if_not_every_staged_reading_is_inserted(self) -> None:
        file = imported(EVERY_GROUP)
        with open_staging() as staging, self.assertRaises(MergeError) as caught:
            staging.begin()
            merge_staged_rows(file.pk, 1, FindingCollector(Policy.STANDARD))
        self.assertEqual(str(caught.exception), "0 of 1 staged readings were inserted.")


class UnmatchedWithdrawalTests(TestCase):
    WITHDRAWAL = """
        026|2000000000015|V|
        028|TST0000001|W|
        030|S|20240401000000|100.0|||T|N|
        """
    ORIGINAL = WITHDRAWAL.replace("|W|", "|R|")

    def test_unmatched_withdrawal_is_a_warning_on_its_line(self) -> None:
        [(issue, severity)] = later(self.WITHDRAWAL).findings
        self.assertEqual(
            (issue.code, issue.line_number, issue.group, issue.found, severity),
            ("unmatched-withdrawal", 4, "030", "S", "warning"),
        )

    def test_withdrawal_of_a_stored_reading_has_no_finding(self) -> None:
        imported(flow_file(self.ORIGINAL))
        self.assertEqual(later(self.WITHDRAWAL).finding_counts, {})

    def test_withdrawal_of_a_reading_above_it_in_the_file_has_no_finding(
        self,
    ) -> None:
        result = later(self.ORIGINAL + self.WITHDRAWAL)
        self.assertEqual(result.finding_counts, {})

    def test_withdrawal_with_only_a_later_version_is_unmatched(
        self,
    ) -> None:
        header = header_line(file_identifier="TEST000003", created_at="20240404091500")
        imported(flow_file(self.ORIGINAL, header=header), "newer.uff")
        result = later(self.WITHDRAWAL)
        self.assertEqual(result.finding_counts, {"unmatched-withdrawal": 1})

    def test_withdrawal_with_only_another_withdrawal_is_unmatched(self) -> None:
        imported(flow_file(self.WITHDRAWAL))
        result = later(self.WITHDRAWAL)
        self.assertEqual(result.finding_counts, {"unmatched-withdrawal": 1})

    def test_unmatched_withdrawals_are_counted_per_register(self) -> None:
        result = later(self.WITHDRAWAL + "030|T|20240401000000|100.0|||T|N|\n")
        self.assertEqual(result.finding_counts, {"unmatched-withdrawal": 2})


class ConflictInFileTests(TestCase):
    def found_in(self, *readings: str) -> dict[str, int]:
        """Return the findings of a file with these readings under one meter."""
        return import_text(flow_file_of_readings(*readings)).finding_counts

    def test_conflict_in_file_is_a_warning_on_the_later_line(self) -> None:
        text = flow_file_of_readings(
            "030|S|20240401000000|100.0|||T|N|", "030|S|20240401000000|101.0|||T|N|"
        )
        [(issue, severity)] = import_text(text).findings
        self.assertEqual(
            (issue.code, issue.line_number, issue.group, issue.found, severity),
            ("conflict-in-file", 5, "030", "S", "warning"),
        )

    def test_same_value_twice_is_no_conflict(self) -> None:
        twice = ["030|S|20240401000000|100.0|||T|N|"] * 2
        self.assertEqual(self.found_in(*twice), {})

    def test_values_of_different_registers_are_no_conflict(self) -> None:
        found = self.found_in(
            "030|S|20240401000000|100.0|||T|N|", "030|T|20240401000000|101.0|||T|N|"
        )
        self.assertEqual(found, {})

    def test_conflict_in_file_of_a_known_meter_is_found(self) -> None:
        imported(flow_file_of_readings("030|S|20240401000000|100.0|||T|N|"))
        result = later("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|S|20240401000000|100.0|||T|N|
            030|S|20240401000000|102.0|||T|N|
            """)
        self.assertEqual(result.finding_counts, {"conflict-in-file": 1})

    def test_different_value_in_another_file_is_no_conflict(self) -> None:
        imported(flow_file_of_readings("030|S|20240401000000|100.0|||T|N|"))
        result = later("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|S|20240401000000|102.0|||T|N|
            030|T|20240401000000|100.0|||T|N|
            """)
        self.assertEqual(result.finding_counts, {})

    def test_reading_and_its_withdrawal_are_no_conflict(
        self,
    ) -> None:
        result = later("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|S|20240401000000|100.0|||T|N|
            028|TST0000001|W|
            030|S|20240401000000|0.0|||T|N|
            """)
        self.assertEqual(result.finding_counts, {})


class SerialNumberAtOtherMpanTests(TestCase):
    HERE = """
        026|2000000000015|V|
        028|TST0000001|R|
        030|S|20240401000000|100.0|||T|N|
        """
    THERE = HERE.replace("2000000000015", "1000000000003")

    def test_serial_number_at_another_mpan_is_a_note_on_the_line_of_the_new_meter(
        self,
    ) -> None:
        imported(flow_file(self.HERE))
        [(issue, severity)] = later(self.THERE).findings
        self.assertEqual(
            (issue.code, issue.line_number, issue.group, issue.found, severity),
            ("serial-number-at-other-mpan", 3, "028", "TST0000001", "note"),
        )

    def test_meter_named_twice_has_one_note_of_its_serial_number(
        self,
    ) -> None:
        imported(flow_file(self.HERE))
        result = later(self.THERE + self.THERE.replace("|S|", "|T|"))
        self.assertEqual(result.finding_counts, {"serial-number-at-other-mpan": 1})

    def test_two_new_meters_with_one_serial_number_have_a_note_each(self) -> None:
        result = later(self.HERE + self.THERE)
        self.assertEqual(result.finding_counts, {"serial-number-at-other-mpan": 2})

    def test_known_meter_has_no_note_of_its_serial_number(
        self,
    ) -> None:
        imported(flow_file(self.HERE + self.THERE))
        result = later(self.THERE.replace("|S|", "|T|"))
        self.assertEqual(result.finding_counts, {})

    def test_meter_of_the_same_meter_point_has_no_note(
        self,
    ) -> None:
        imported(flow_file(self.HERE))
        self.assertEqual(later(self.HERE).finding_counts, {})


class FindingLimitTests(TestCase):

    GROUPS = [
        line
        for number in range(MAX_STORED_PER_RULE + 5)
        for line in (
            f"026|{mpan_core(number)}|V|",
            "028|TST0000001|W|",
            "030|S|20240401000000|100.0|||T|N|",
        )
    ]

    def test_database_findings_over_the_limit_are_counted(self) -> None:
        result = later(self.GROUPS)
        self.assertEqual(
            result.finding_counts,
            {"unmatched-withdrawal": 1005, "serial-number-at-other-mpan": 1005},
        )
        self.assertEqual((result.warning_count, result.note_count), (1005, 1005))

    def test_database_findings_are_stored_up_to_the_limit(self) -> None:
        assert (file := later(self.GROUPS).flow_file) is not None
        stored = file.findings.filter(code="unmatched-withdrawal")
        self.assertEqual(stored.count(), MAX_STORED_PER_RULE)
        self.assertEqual(stored.order_by("-line_number")[0].line_number, 3001)


class StatementCountTests(TestCase):

    def text_of(self, readings: int, value: str, identifier: str) -> str:
        """Return a file of so many readings, of meters that no other size has."""
        lines = [
            line
            for number in range(readings // 2)
            for line in (
                f"026|{mpan_core(readings * 10_000 + number)}|V|",
                f"028|TST{readings + number:07}|R|",
                f"030|S|20240401000000|{value}|||T|N|",
                f"030|S|20240331000000|{value}|||T|N|",
            )
        ]
        return flow_file(lines, header=header_line(file_identifier=identifier))

    def statements_of(self, text: str) -> int:
        """Return how many statements an import in many blocks runs."""
        with (
            patch("meter_readings.d0010.lines.BLOCK_SIZE", 20_000),
            # A load of many meters updates statistics on PostgreSQL.
            patch(f"{_STATISTICS}._MANY_ROWS", 10_000),
            CaptureQueriesContext(connection) as statements,
        ):
            imported(text, text[:20])
        return len(statements)

    def test_import_needs_as_many_statements_for_many_readings_as_for_few(self) -> None:
        ensure_partitions(2024)
        few = self.statements_of(self.text_of(10, "100.0", "FEW"))
        many = self.statements_of(self.text_of(3000, "100.0", "MANY"))
        self.assertEqual(many, few)

    def test_import_needs_as_many_statements_for_many_competing_readings_as_for_few(
        self,
    ) -> None:
        imported(self.text_of(10, "100.0", "FEW 1"), "few.uff")
        imported(self.text_of(3000, "100.0", "MANY 1"), "many.uff")
        few = self.statements_of(self.text_of(10, "101.0", "FEW 2"))
        many = self.statements_of(self.text_of(3000, "101.0", "MANY 2"))
        self.assertEqual(many, few)


class AnyFilesTests(TestCase):
    """Random files with versions of the same reading keys, in any order."""

    def groups_of(self, chance: random.Random) -> list[str]:
        """Return versions of a few reading keys, many of them alike."""
        lines = []
        for _ in range(12):
            lines += [
                f"026|{mpan_core(chance.randint(1, 2))}|{chance.choice('VVVUF')}|",
                f"028|TST0000001|{chance.choice('RRRRQW')}|",
            ]
            for register in chance.sample("STU", 2):
                value = chance.choice(["100.0", "100.0", "101.0"])
                flag = chance.choice("TTTTF")
                lines.append(f"030|{register}|20240401000000|{value}|||{flag}|N|")
        return lines

    def test_versions_of_any_files_are_as_if_resolved_all_at_once(self) -> None:
        chance = random.Random(20240402)
        days = list(range(10, 40))
        chance.shuffle(days)
        for day in days:
            header = header_line(created_at=f"202404010915{day}")
            text = flow_file(self.groups_of(chance), header=header)
            imported(text, f"{day}.uff")
            with self.subTest(day):
                self.assertEqual(resolve_everything(), 0)
