"""Tests of the staging area on both databases."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any
from unittest.mock import patch

from django.db import IntegrityError, OperationalError, connection
from django.test import SimpleTestCase, TestCase, TransactionTestCase

from meter_readings.importer import ImportResult, undo_import
from meter_readings.importer.staging import open_staging
from meter_readings.importer.staging.base import StagingArea
from meter_readings.importer.staging.tables import STAGING_TABLES
from meter_readings.models import ImportJob, Reading
from meter_readings.tests.support.flow_file_builder import (
    EVERY_GROUP,
    flow_file,
    flow_file_of_readings,
    mpan_core,
)
from meter_readings.tests.support.import_helpers import NOW, import_text, imported

IN_BLOCKS = patch("meter_readings.d0010.lines.BLOCK_SIZE", 100)
BAD = EVERY_GROUP.replace("99.0", "-1.0")


def staged_counts() -> dict[str, int]:
    """Return the number of rows in each staging table."""
    counts = {}
    with connection.cursor() as cursor:
        for name in STAGING_TABLES:
            cursor.execute(f"SELECT COUNT(*) FROM {name}")
            counts[name] = cursor.fetchone()[0]
    return counts


class OpenStagingTests(SimpleTestCase):
    def test_open_staging_returns_the_staging_area_of_the_database(self) -> None:
        module = type(open_staging()).__module__
        self.assertEqual(module.rpartition(".")[2], connection.vendor)


class StagingTests(TestCase):
    NOTHING = dict.fromkeys(STAGING_TABLES, 0)

    def test_staging_tables_are_empty_after_an_import(self) -> None:
        imported(EVERY_GROUP)
        self.assertEqual(staged_counts(), self.NOTHING)

    def test_staging_tables_are_empty_after_a_rejected_file(self) -> None:
        with IN_BLOCKS:
            import_text(BAD)
        self.assertEqual(staged_counts(), self.NOTHING)

    def test_staging_tables_are_empty_after_an_interrupted_import(self) -> None:
        def fail(phase: ImportJob.Phase, *_: int) -> None:
            if phase == ImportJob.Phase.LOADING:
                raise ZeroDivisionError

        with self.assertRaises(ZeroDivisionError):
            import_text(EVERY_GROUP, on_progress=fail)
        self.assertEqual(staged_counts(), self.NOTHING)

    def test_staging_tables_are_empty_after_an_undo(self) -> None:
        undo_import(flow_file=imported(EVERY_GROUP), now=NOW)
        self.assertEqual(staged_counts(), self.NOTHING)

    def test_nothing_is_staged_after_an_error_rejects_the_file(self) -> None:
        with IN_BLOCKS, patch.object(StagingArea, "stage", autospec=True) as stage:
            import_text(flow_file(["026|1|V|", *EVERY_GROUP.splitlines()[1:-1]]))
        stage.assert_not_called()

    def test_each_meter_is_staged_once_across_blocks(self) -> None:
        lines = [
            line
            for number in range(40)
            for line in (
                f"026|{mpan_core(number)}|V|",
                "028|TST0000001|R|",
                "030|S|20240401000000|100.0|||T|N|",
                "030|T|20240401000000|0100.0|||T|N|",
            )
        ]
        few = patch("meter_readings.importer.staging.batches._MAX_METERS_PER_BLOCK", 8)
        with IN_BLOCKS, few:
            file = imported(flow_file(lines))
        self.assertEqual(file.readings.count(), 80)

    def test_more_readings_than_one_copy_are_all_loaded(self) -> None:
        first = datetime(2024, 1, 1)
        lines = (
            f"030|S|{first + timedelta(minutes=n):%Y%m%d%H%M%S}|{n}.0|||T|N|"
            for n in range(30_000)
        )
        file = imported(flow_file_of_readings(*lines))
        values = file.readings.order_by("line_number").values_list("value", flat=True)
        self.assertEqual([*values], [*range(30_000)])

    def test_times_are_right_after_the_remembered_times_are_cleared(self) -> None:
        lines = [f"030|S|202403{day:02}000000|9.0|||T|N|" for day in range(1, 31)]
        with (
            IN_BLOCKS,
            patch("meter_readings.importer.staging.batches._MAX_REMEMBERED_TIMES", 3),
        ):
            imported(flow_file_of_readings(*lines))
        days = Reading.objects.order_by("line_number").values_list("read_at__day")
        self.assertEqual([day for (day,) in days], list(range(1, 31)))


def rows() -> Any:
    """Yield a row, then raise as if a person pressed Ctrl-C."""
    yield "1", "2"
    raise KeyboardInterrupt


class InterruptedBatchTests(TransactionTestCase):
    def test_interrupted_batch_leaves_the_connection_usable(self) -> None:
        with self.assertRaises(KeyboardInterrupt), open_staging() as staging:
            staging.begin()
            staging.stage_rows("affected_meter", ("meter_id", "meter_point_id"), rows())
        self.assertFalse(connection.in_atomic_block)
        self.assertEqual(staged_counts()["affected_meter"], 0)
        imported(EVERY_GROUP)

    def test_database_error_of_a_batch_is_raised(self) -> None:
        row = "1", "1"
        with self.assertRaises(IntegrityError), open_staging() as staging:
            staging.begin()
            staging.stage_rows(
                "resolved_meter", ("line_number", "is_known"), [row, row]
            )
            staging.finish_staging()
        imported(EVERY_GROUP)

    def test_interrupted_batch_fails_the_job_and_not_the_next_import(self) -> None:
        def fail(*_: object) -> None:
            raise ZeroDivisionError

        with self.assertRaises(ZeroDivisionError), IN_BLOCKS:
            import_text(EVERY_GROUP.replace("33|27", "33|X7"), on_finding=fail)
        self.assertEqual(ImportJob.objects.get().state, "failed")
        imported(EVERY_GROUP)


class FailedClearTests(TestCase):
    """Staging tables that cannot be emptied at the end of an import."""

    def import_where_it_fails(self, **options: Any) -> ImportResult:
        """Import a file while the staging tables cannot be emptied."""
        kind = type(open_staging())
        clear = kind.clear
        calls = count()

        def clear_once(staging: StagingArea) -> None:
            if next(calls):
                raise OperationalError("gone")
            clear(staging)

        with patch.object(kind, "clear", clear_once):
            return import_text(EVERY_GROUP, **options)

    def test_import_succeeds_if_the_staging_tables_cannot_be_emptied(self) -> None:
        self.assertEqual(self.import_where_it_fails().outcome, "imported")

    def test_exception_is_raised_if_the_staging_tables_cannot_be_emptied(self) -> None:
        def fail(phase: ImportJob.Phase, *_: int) -> None:
            if phase == ImportJob.Phase.LOADING:
                raise ZeroDivisionError

        with self.assertRaises(ZeroDivisionError):
            self.import_where_it_fails(on_progress=fail)

    def test_next_import_empties_staging_tables_left_full(self) -> None:
        self.import_where_it_fails()
        text = EVERY_GROUP.replace("TR01", "TR02")
        result = import_text(text, "next.uff")
        self.assertEqual(result.readings_loaded, 3)
