"""Tests of the totals of stored rows."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from django.db import connection
from django.test import TestCase

from meter_readings import importer
from meter_readings.d0010.codes import Basis
from meter_readings.models import (
    READING_ORDER_REVERSED,
    ImportJob,
    Meter,
    MeterPoint,
    Policy,
    Reading,
)
from meter_readings.queries import totals
from meter_readings.queries.totals import RowCount
from meter_readings.tests.support.correction_helpers import add, correct
from meter_readings.tests.support.flow_file_builder import (
    EVERY_GROUP,
    flow_file,
    flow_file_of_readings,
    mpan_core,
)
from meter_readings.tests.support.import_helpers import NOW, import_text, imported


class RowTotalsTests(TestCase):
    def test_empty_database_has_totals_of_zero(self) -> None:
        none = RowCount(0, True)
        self.assertEqual(totals.row_totals(), (0, none, none, 0))

    def test_rows_of_an_imported_file_are_counted(self) -> None:
        imported(flow_file("""
            026|2000000000015|V|
            028|TST0000001|R|
            030|AM|20240401000000|10.0|||T|N|
            030|PM|20240401000000|11.0|||T|N|
            028|TST0000002|R|
            """))
        one, two = RowCount(1, True), RowCount(2, True)
        self.assertEqual(totals.row_totals(), (1, one, two, 2))

    def test_rejected_file_is_not_counted(self) -> None:
        import_text("This is no flow file.")
        self.assertEqual(totals.row_totals().flow_files, 0)

    def test_readings_of_an_undone_file_are_not_counted(self) -> None:
        file = imported(flow_file_of_readings("030|S|20240401000000|10.0|||T|N|"))
        importer.undo_import(flow_file=file, now=NOW)
        self.assertEqual(totals.row_totals().readings, 0)

    def test_readings_that_users_entered_are_counted(self) -> None:
        imported(EVERY_GROUP)
        before, counts = totals.row_totals().readings, totals.reading_counts()
        add(Meter.objects.all()[0], "9", datetime(2024, 1, 1, tzinfo=UTC))
        correct(Reading.objects.get(register_id="S", reading_type="R"), value="9")
        self.assertEqual(totals.row_totals().readings, before + 1)
        self.assertEqual(
            totals.reading_counts() - counts,
            Counter({("C", "current"): 1, ("R", "superseded"): 1}),
        )

    def test_totals_take_seven_queries(self) -> None:
        with self.assertNumQueries(7):
            totals.row_totals()


class RowCountTests(TestCase):
    def test_small_table_is_counted_exactly(self) -> None:
        MeterPoint.objects.create(mpan=mpan_core(1))
        self.assertEqual(totals.row_count(model=MeterPoint), (1, True))

    def test_large_table_is_estimated(self) -> None:
        MeterPoint.objects.create(mpan=mpan_core(1))
        with patch.object(totals, "_EXACT_COUNT_LIMIT", 0):
            count = totals.row_count(model=MeterPoint)
        self.assertGreater(count.number, 0)
        self.assertIs(count.is_exact, False)

    def test_text_of_an_estimate_begins_with_about(self) -> None:
        self.assertEqual(str(RowCount(1200, True)), "1,200")
        self.assertEqual(str(RowCount(1200, False)), "about 1,200")

    def test_ids_below_the_least_are_not_counted(self) -> None:
        MeterPoint.objects.create(pk=1_000_000, mpan=mpan_core(1))
        self.assertEqual(totals.row_count(model=MeterPoint), (1, True))


ONE_READING = flow_file_of_readings("030|S|20240401000000|99.0|||T|N|")


class FlowFileTotalsTests(TestCase):
    def test_files_are_counted_by_status_and_findings_by_severity(self) -> None:
        imported(ONE_READING)
        import_text(ONE_READING.replace("99.0", "-1.0"), "bad.uff")
        files, findings = totals.flow_file_totals()
        self.assertEqual(files, {"imported": 1, "rejected": 1, "undone": 0})
        self.assertEqual(findings, {"error": 1, "warning": 1, "note": 0})

    def test_empty_database_has_totals_of_zero(self) -> None:
        files, findings = totals.flow_file_totals()
        self.assertEqual({*files.values(), *findings.values()}, {0})


class ImportOutcomeCountsTests(TestCase):
    def test_jobs_are_counted_by_outcome_the_greatest_first(self) -> None:
        for _ in range(3):
            import_text(ONE_READING)
        counts = totals.import_outcome_counts(since=NOW)
        self.assertEqual([*counts.items()], [("already-imported", 2), ("imported", 1)])

    def test_job_without_an_outcome_counts_by_its_state(self) -> None:
        ImportJob.objects.create(
            filename="big.uff",
            policy=Policy.STANDARD,
            channel=ImportJob.Channel.COMMAND,
            started_at=NOW,
            heartbeat_at=NOW,
        )
        self.assertEqual(totals.import_outcome_counts(since=NOW), {"running": 1})

    def test_earlier_jobs_are_not_counted(self) -> None:
        imported(ONE_READING)
        later = NOW + timedelta(seconds=1)
        self.assertEqual(totals.import_outcome_counts(since=later), {})


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

    def test_readings_are_counted_by_basis(self) -> None:
        bases = totals.latest_readings_by_basis()
        self.assertEqual(bases, {Basis.ACTUAL: 2, Basis.ESTIMATED: 1})

    def test_only_the_latest_readings_are_counted(self) -> None:
        with patch.object(totals, "LATEST_READINGS", 2):
            bases = totals.latest_readings_by_basis()
        self.assertEqual(bases, {Basis.ACTUAL: 2})

    def test_an_index_finds_the_latest_readings(self) -> None:
        latest = Reading.objects.order_by(*READING_ORDER_REVERSED)[:2].values("pk")
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL enable_seqscan = off")
        self.assertIn("reading_time_idx", latest.explain())
