"""Tests that no question of an import compares every version with every other.

What a join compares and discards is not part of the counted work of other tests, so
the questions are run with EXPLAIN ANALYZE, in the middle of an import.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from unittest import skipUnless

from django.db import connection
from django.test import TestCase

from meter_readings.importer import undo_import
from meter_readings.importer.sql import merge as sql
from meter_readings.tests.support.flow_file_builder import flow_file, header_line
from meter_readings.tests.support.import_helpers import NOW, imported
from meter_readings.tests.support.partition_helpers import ensure_partitions
from meter_readings.tests.support.query_plans import Query, examined_rows

from .row_helpers import LOADED
from .work_helpers import analyze

KEYS = 500
MOST_ROWS_PER_KEY = 20


def file_of_one_register(name: str, *values: int) -> str:
    """Return a file with these values at each of many times of one register."""
    groups = ["026|2000000000015|V|", "028|TST0000001|R|"]
    for number in range(KEYS):
        time = datetime(2024, 1, 1) + timedelta(minutes=number)
        groups += [f"030|S|{time:%Y%m%d%H%M}00|{value}.0|||T|N|" for value in values]
    return flow_file(groups, header=header_line(file_identifier=name))


@skipUnless(connection.vendor == "postgresql", "SQLite keeps the order of its joins.")
class PlansOfImportTests(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        ensure_partitions(2024)

    def assert_linear(self, statement: str, text: str) -> None:
        """Import a file whose import runs the statement once."""
        examined: list[int] = []

        def explain(
            execute: Callable[..., Any], sql: str, parameters: Any, *others: Any
        ) -> Any:
            if sql == statement:
                examined.append(examined_rows(Query(sql, parameters)))
            return execute(sql, parameters, *others)

        with connection.execute_wrapper(explain):
            imported(text, "explained.uff")
        (rows,) = examined
        self.assertLess(rows / KEYS, MOST_ROWS_PER_KEY)

    def correct(self, take_statistics: Callable[[], None] | None = None) -> None:
        """Import readings and then, with statistics or without, other values."""
        imported(file_of_one_register("FIRST", 1), "first.uff")
        if take_statistics is not None:
            take_statistics()
        text = file_of_one_register("SECOND", 2)
        self.assert_linear(sql.COUNT_SUPERSEDING, text)

    def test_corrections_are_counted_key_by_key_without_statistics(self) -> None:
        self.correct()

    def test_corrections_are_counted_key_by_key_with_fresh_statistics(self) -> None:
        self.correct(lambda: analyze(*LOADED))

    def contradict(self) -> None:
        """Import a file with two values for each reading."""
        text = file_of_one_register("CONFLICT", 3, 4)
        self.assert_linear(sql.CONFLICTS_IN_FILE, text)

    def test_conflicts_are_found_key_by_key_without_statistics(self) -> None:
        self.contradict()

    def test_conflicts_are_found_key_by_key_with_fresh_statistics(self) -> None:
        imported(file_of_one_register("FIRST", 1), "first.uff")
        analyze(*LOADED)
        self.contradict()

    def test_conflicts_are_found_key_by_key_with_statistics_of_empty_tables(
        self,
    ) -> None:
        file = imported(file_of_one_register("UNDONE", 1), "undone.uff")
        undo_import(flow_file=file, now=NOW)
        analyze(*LOADED)
        self.contradict()
