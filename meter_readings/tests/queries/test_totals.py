"""Shared questions about what is stored."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from unittest.mock import patch

from django.db import connection
from django.test import TestCase

from meter_readings import importer
from meter_readings.d0010.codes import Basis
from meter_readings.models import FlowFile, MeterPoint, Reading
from meter_readings.queries import totals as queries
from meter_readings.queries.totals import RowCount
from meter_readings.tests.flow_file_builder import (
    flow_file,
    flow_file_of_readings,
    header_line,
    mpan_core,
)
from meter_readings.tests.import_helpers import NOW, import_text, imported

LATER_HEADER = header_line(file_identifier="TEST000002", created_at="20240403091500")


class ReadingsMatchingTests(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.file = imported(flow_file("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|AM|20240331000000|10.0|||T|N|
            030|PM|20240401000000|11.0|||T|N|
            026|1000000000003|V|
            028|TST0000002|R|
            030|S|20240401000000|12.0|||T|N|
            """))
        correction = flow_file(
            ["026|1000000000003|V|", "028|TST0000002|R|"]
            + ["030|S|20240401000000|13.0|||T|N|"],
            header=LATER_HEADER,
        )
        cls.correction = imported(correction, "correction.uff")

    def values(self, **asked: Any) -> list[int]:
        """Return the readings found, by their values."""
        found = queries.filter_readings(**asked)
        return sorted(int(reading.value) for reading in found)

    def test_readings_matching_are_all_that_are_current(self) -> None:
        self.assertEqual(self.values(), [10, 11, 13])

    def test_readings_matching_are_all_versions_where_asked_for(self) -> None:
        self.assertEqual(self.values(current_only=False), [10, 11, 12, 13])

    def test_readings_matching_are_of_an_mpan(self) -> None:
        self.assertEqual(self.values(mpan="2000000000015"), [10, 11])

    def test_readings_matching_are_of_an_mpan_with_spaces(self) -> None:
        self.assertEqual(self.values(mpan="10 0000 0000 003"), [13])

    def test_readings_matching_are_of_a_serial_number(self) -> None:
        self.assertEqual(self.values(serial_number="TST0000001"), [10, 11])

    def test_readings_matching_are_of_a_file(self) -> None:
        found = self.values(flow_file=self.file, current_only=False)
        self.assertEqual(found, [10, 11, 12])

    def test_readings_matching_are_of_the_first_local_day_too(self) -> None:
        # Midnight of 1 April in London is 23:00 of 31 March in UTC.
        self.assertEqual(self.values(date_from=date(2024, 4, 1)), [11, 13])

    def test_readings_matching_are_of_the_last_local_day_too(self) -> None:
        self.assertEqual(self.values(date_to=date(2024, 3, 31)), [10])

    def test_readings_matching_match_everything_that_is_asked(self) -> None:
        day = date(2024, 4, 1)
        found = self.values(mpan="2000000000015", date_from=day, date_to=day)
        self.assertEqual(found, [11])


class FlowFilesMatchingTests(TestCase):
    def imported(self, value: str, filename: str = "sample.uff") -> FlowFile:
        text = flow_file_of_readings(f"030|S|20240401000000|{value}|||T|N|")
        return imported(text, filename, allow_same_name=True)

    def found(self, reference: str) -> list[FlowFile]:
        return queries.find_flow_files(reference=reference)

    def test_flow_files_matching_finds_a_number(self) -> None:
        file = self.imported("1.0")
        self.assertEqual(self.found(str(file.pk)), [file])

    def test_flow_files_matching_finds_a_number_with_its_sign(self) -> None:
        file = self.imported("1.0")
        self.assertEqual(self.found(f"#{file.pk}"), [file])

    def test_flow_files_matching_finds_nothing_by_a_number_that_is_not_held(
        self,
    ) -> None:
        self.assertEqual(self.found("12"), [])

    def test_flow_files_matching_finds_nothing_by_a_number_that_no_table_holds(
        self,
    ) -> None:
        self.assertEqual(self.found("9" * 30), [])

    def test_flow_files_matching_finds_a_name_that_is_a_number_where_no_file_has_it(
        self,
    ) -> None:
        file = self.imported("1.0", "20240402")
        self.assertEqual(self.found("20240402"), [file])

    def test_flow_files_matching_finds_a_name(self) -> None:
        file = self.imported("1.0")
        self.imported("2.0", "other.uff")
        self.assertEqual(self.found("sample.uff"), [file])

    def test_flow_files_matching_finds_every_file_of_a_name_the_latest_first(
        self,
    ) -> None:
        earlier, later = self.imported("1.0"), self.imported("2.0")
        self.assertEqual(self.found("sample.uff"), [later, earlier])

    def test_flow_files_matching_finds_the_imported_file_of_a_name_and_not_the_rejected(
        self,
    ) -> None:
        file = self.imported("1.0")
        import_text("This is no flow file.", allow_same_name=True)
        self.assertEqual(self.found("sample.uff"), [file])

    def test_flow_files_matching_finds_a_rejected_file_if_none_is_imported(
        self,
    ) -> None:
        rejected = import_text("This is no flow file.").flow_file
        self.assertEqual(self.found("sample.uff"), [rejected])

    def test_flow_files_matching_finds_the_beginning_of_a_hash(self) -> None:
        file = self.imported("1.0")
        self.assertEqual(self.found(file.sha256[:8].upper()), [file])

    def test_flow_files_matching_finds_nothing_by_a_hash_of_other_bytes(self) -> None:
        self.imported("1.0")
        self.assertEqual(self.found("0123abcd"), [])

    def test_flow_files_matching_finds_nothing_by_too_few_digits_of_a_hash(
        self,
    ) -> None:
        file = self.imported("1.0")
        self.assertEqual(self.found("#" + file.sha256[:7]), [])

    def test_flow_files_matching_finds_nothing_by_another_name(self) -> None:
        self.imported("1.0")
        self.assertEqual(self.found("other.uff"), [])


class LatestFlowFilesTests(TestCase):
    def test_latest_flow_files_are_the_latest_first_and_no_more_than_asked_for(
        self,
    ) -> None:
        texts = [
            flow_file_of_readings(f"030|S|20240401000000|{value}.0|||T|N|")
            for value in range(3)
        ]
        _, middle, latest = (
            imported(text, f"{day}.uff", now=NOW + timedelta(days=day))
            for day, text in enumerate(texts)
        )
        self.assertEqual([*queries.latest_flow_files(limit=2)], [latest, middle])


class HoldingsTests(TestCase):
    def test_holdings_are_nothing_at_first(self) -> None:
        none = RowCount(0, True)
        self.assertEqual(queries.row_totals(), (0, none, none, 0))

    def test_holdings_count_what_was_imported(self) -> None:
        imported(flow_file("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|AM|20240401000000|10.0|||T|N|
            030|PM|20240401000000|11.0|||T|N|
            028|TST0000002|R|
            """))
        one, two = RowCount(1, True), RowCount(2, True)
        self.assertEqual(queries.row_totals(), (1, one, two, 2))

    def test_holdings_do_not_count_what_was_rejected(self) -> None:
        import_text("This is no flow file.")
        self.assertEqual(queries.row_totals().flow_files, 0)

    def test_holdings_do_not_count_what_was_undone(self) -> None:
        file = imported(flow_file_of_readings("030|S|20240401000000|10.0|||T|N|"))
        importer.undo_import(flow_file=file, now=NOW)
        self.assertEqual(queries.row_totals().readings, 0)

    def test_holdings_take_one_query_for_the_files_and_two_for_each_other_table(
        self,
    ) -> None:
        with self.assertNumQueries(5):
            queries.row_totals()


class RowCountTests(TestCase):
    def test_row_count_is_exact_where_counting_is_quick(self) -> None:
        MeterPoint.objects.create(mpan=mpan_core(1))
        self.assertEqual(queries.row_count(model=MeterPoint), (1, True))

    def test_row_count_is_an_estimate_where_counting_would_take_long(self) -> None:
        MeterPoint.objects.create(mpan=mpan_core(1))
        with patch("meter_readings.queries.totals._QUICKLY_COUNTED", 0):
            count = queries.row_count(model=MeterPoint)
        self.assertGreater(count.number, 0)
        self.assertIs(count.is_exact, False)

    def test_row_count_is_said_with_about_where_it_is_an_estimate(self) -> None:
        self.assertEqual(str(RowCount(1200, True)), "1,200")
        self.assertEqual(str(RowCount(1200, False)), "about 1,200")

    def test_row_count_leaves_out_what_was_cleared(self) -> None:
        MeterPoint.objects.create(pk=1_000_000, mpan=mpan_core(1))
        self.assertEqual(queries.row_count(model=MeterPoint), (1, True))


ONE_READING = flow_file_of_readings("030|S|20240401000000|99.0|||T|N|")


class FlowFileTotalsTests(TestCase):
    def test_flow_file_totals_counts_files_by_status_and_what_was_found_in_them(
        self,
    ) -> None:
        imported(ONE_READING)
        import_text(ONE_READING.replace("99.0", "-1.0"), "bad.uff")
        totals = queries.flow_file_totals()
        self.assertEqual(totals.files, {"imported": 1, "rejected": 1, "undone": 0})
        self.assertEqual(totals.findings, {"error": 1, "warning": 1, "note": 0})

    def test_flow_file_totals_counts_nothing_where_there_is_nothing(self) -> None:
        totals = queries.flow_file_totals()
        self.assertEqual({*totals.files.values(), *totals.findings.values()}, {0})


class AttemptsByOutcomeTests(TestCase):
    def test_attempts_by_outcome_counts_attempts_by_what_came_of_them(self) -> None:
        for _ in range(3):
            import_text(ONE_READING)
        expected = {"already-imported": 2, "imported": 1}
        self.assertEqual(queries.attempts_by_outcome(now=NOW), expected)

    def test_attempts_by_outcome_leaves_old_ones_out(self) -> None:
        imported(ONE_READING)
        later = NOW + queries.RECENT + timedelta(seconds=1)
        self.assertEqual(queries.attempts_by_outcome(now=later), {})


class LatestReadingsByBasisTests(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        imported(flow_file("""
            026|2000000000015|V|
            028|TST0000001|D|
            030|S|20240331000000|10.0|||T|N|
            028|TST0000002|R|
            030|S|20240401000000|11.0|||T|N|
            030|S|20240402000000|12.0|||T|N|
            """))

    def test_latest_readings_by_basis_counts_readings_by_their_basis(self) -> None:
        bases = queries.latest_readings_by_basis()
        self.assertEqual(bases, {Basis.ACTUAL: 2, Basis.ESTIMATED: 1})

    def test_latest_readings_by_basis_counts_no_more_than_the_latest(self) -> None:
        with patch.object(queries, "LATEST_READINGS", 2):
            bases = queries.latest_readings_by_basis()
        self.assertEqual(bases, {Basis.ACTUAL: 2})

    def test_latest_readings_by_basis_finds_them_by_an_index(self) -> None:
        latest = Reading.objects.order_by("-read_at", "-pk")[:2].values("pk")
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL enable_seqscan = off")
        self.assertIn("reading_by_time", latest.explain())
