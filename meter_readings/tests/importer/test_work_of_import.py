"""Tests that an import is linear in its file, whatever the statistics say.

Work is counted, not timed. Statistics are fresh, absent, or from an earlier state of
the tables that misleads the planner.
"""

from __future__ import annotations

from collections.abc import Callable

from django.test import TestCase

from meter_readings.importer import undo_import
from meter_readings.models import FlowFile
from meter_readings.tests.support.flow_file_builder import (
    flow_file,
    header_line,
    mpan_core,
)
from meter_readings.tests.support.import_helpers import NOW, imported
from meter_readings.tests.support.partition_helpers import ensure_partitions

from .row_helpers import LOADED
from .work_helpers import analyze, counted_work

# How many meters a file has, with a year that no other size has
SIZES = {500: 2022, 3000: 2024}


def file_of_meters(count: int, year: int, month: int = 4, value: int = 100) -> str:
    """Return a file of so many meters, each with a site visit and a reading."""
    groups = []
    for number in range(count):
        groups += [
            f"026|{mpan_core(number)}|V|",
            "027|02||",
            f"028|TST{number:07}|R|",
            f"030|S|{year}{month:02}01000000|{value}.0|||T|N|",
        ]
    identifier = f"{year}{month:02}{value}"
    return flow_file(groups, header=header_line(file_identifier=identifier))


def file_of_one_key(count: int) -> str:
    """Return a file with so many different readings of one register at one time."""
    groups = ["026|2000000000015|V|", "028|ONEMETER|R|"]
    groups += [f"030|S|20240401000000|{number}.0|||T|N|" for number in range(count)]
    return flow_file(groups, header=header_line(file_identifier="ONEKEY"))


def work_of(text: str) -> int:
    """Return the work of an import."""
    work: list[int] = []
    with counted_work(work):
        imported(text, f"{FlowFile.objects.count()}.uff")
    return work[0]


class WorkOfImportTests(TestCase):
    """The same meters in a year without readings, in another month, and again."""

    def setUp(self) -> None:
        for year in SIZES.values():
            ensure_partitions(year, year + 1)

    def assert_linear(self, take_statistics: Callable[[], None] | None = None) -> None:
        """Compare the work of two sizes, after statistics that are taken at once."""
        works = []
        for count, year in SIZES.items():
            imported(file_of_meters(count, year), f"{count}.uff")
            if take_statistics is not None:
                take_statistics()
            works.append(
                {
                    "another year": work_of(file_of_meters(count, year + 1)),
                    "another month": work_of(file_of_meters(count, year, month=5)),
                    "again": work_of(file_of_meters(count, year, value=101)),
                }
            )
        few, many = SIZES
        for name, small in works[0].items():
            large = works[1][name]
            with self.subTest(name, small=small, large=large):
                self.assertLess(large, small * many / few * 1.1)

    def test_work_grows_as_the_file_does_without_statistics(self) -> None:
        self.assert_linear()

    def test_work_grows_as_the_file_does_with_fresh_statistics(self) -> None:
        self.assert_linear(lambda: analyze(*LOADED))

    def test_work_grows_as_the_file_does_with_statistics_of_empty_tables(self) -> None:
        analyze(*LOADED)
        self.assert_linear()

    def test_work_grows_as_the_file_does_with_statistics_of_emptied_years(self) -> None:
        """The years of the files were emptied and analysed; another year was not."""
        ensure_partitions(2020)
        imported(file_of_meters(3000, 2020), "2020.uff")
        for year in SIZES.values():
            file = imported(file_of_meters(3000, year, month=1), f"{year}.uff")
            undo_import(flow_file=file, now=NOW)
        analyze(*LOADED)
        self.assert_linear()

    def test_work_grows_as_the_file_does_with_statistics_of_one_key(self) -> None:
        imported(file_of_one_key(1000), "key.uff")
        imported(file_of_meters(10, 2022, month=1), "few.uff")
        analyze(*LOADED)
        self.assert_linear()

    def test_work_grows_as_the_file_does_with_statistics_of_one_meter(self) -> None:
        imported(file_of_meters(1, 2022, month=1), "one.uff")
        analyze(*LOADED)
        self.assert_linear()
