"""Tests that an undo is linear in its file, whatever else is held and for what years.

Work is counted, not timed. Each test runs with statistics of the tables and without.
"""

from __future__ import annotations

from unittest import skipUnless

from django.db import connection
from django.test import TestCase

from meter_readings.importer import undo_import
from meter_readings.tests.support.flow_file_builder import (
    flow_file,
    header_line,
    mpan_core,
)
from meter_readings.tests.support.import_helpers import NOW, imported
from meter_readings.tests.support.partition_helpers import ensure_partitions

from .row_helpers import LOADED
from .work_helpers import analyze, counted_work

YEARS = range(2012, 2025)


def file_of_meters(first: int, count: int, *, year: int = 2024) -> str:
    """Return a file of so many meters, each with one reading of a year."""
    groups = []
    for number in range(first, first + count):
        groups += [
            f"026|{mpan_core(number)}|V|",
            f"028|TST{number:07}|R|",
            f"030|S|{year}0401000000|{number}.0|||T|N|",
        ]
    identifier = f"{year}{first:06}"
    return flow_file(groups, header=header_line(file_identifier=identifier))


def work_of_undo(text: str, *, with_statistics: bool) -> int:
    """Return the work of the undo of a file that is imported for it."""
    file = imported(text, "undone.uff")
    if with_statistics:
        analyze(*LOADED)
    work: list[int] = []
    with counted_work(work):
        undo_import(flow_file=file, now=NOW)
    return work[0]


class WorkOfUndoTests(TestCase):
    def setUp(self) -> None:
        ensure_partitions(*YEARS)

    def test_work_grows_as_the_file_does(self) -> None:
        for with_statistics in False, True:
            small, large = (
                work_of_undo(file_of_meters(0, count), with_statistics=with_statistics)
                for count in (500, 2000)
            )
            with self.subTest(with_statistics, small=small, large=large):
                self.assertLess(large, small * 4 * 1.5)

    def test_rows_of_other_files_are_read_a_few_times_at_most(self) -> None:
        for with_statistics in False, True:
            text = file_of_meters(0, 500)
            alone = work_of_undo(text, with_statistics=with_statistics)
            first = 5000 + 5000 * with_statistics
            imported(file_of_meters(first, 3000), f"{first}.uff")
            beside = work_of_undo(text, with_statistics=with_statistics)
            with self.subTest(with_statistics, alone=alone, beside=beside):
                self.assertLess((beside - alone) / 3000, 10)

    def test_work_does_not_grow_with_the_number_of_years(self) -> None:
        imported(file_of_meters(5000, 100, year=2024), "2024.uff")
        one = work_of_undo(file_of_meters(0, 500), with_statistics=False)
        for year in YEARS[:-1]:
            imported(file_of_meters(5000, 100, year=year), f"{year}.uff")
        for with_statistics in False, True:
            text = file_of_meters(0, 500)
            many = work_of_undo(text, with_statistics=with_statistics)
            with self.subTest(with_statistics, one=one, many=many):
                self.assertLess(many, one * 1.5)

    @skipUnless(connection.vendor == "postgresql", "SQLite has a foreign key.")
    def test_deleted_meters_are_checked_in_the_years_that_have_such_meters(
        self,
    ) -> None:
        for year in YEARS:
            imported(file_of_meters(5000, 100, year=year), f"{year}.uff")
        work: list[int] = []
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO meter_readings_meter (meter_point_id, serial_number)"
                " SELECT MIN(id), 'UNREAD' || generate_series(1, 500)"
                " FROM meter_readings_meterpoint"
            )
            with counted_work(work):
                cursor.execute(
                    "DELETE FROM meter_readings_meter WHERE serial_number LIKE 'UN%'"
                )
        self.assertLess(work[0] / 500, 10)
