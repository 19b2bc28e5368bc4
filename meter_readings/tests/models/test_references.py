"""Tests of referential integrity.

SQLite has foreign keys; PostgreSQL has triggers for the references of readings.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from unittest import skipUnless

from django.db import (
    DatabaseError,
    IntegrityError,
    NotSupportedError,
    connection,
    connections,
    transaction,
)
from django.test import TestCase, TransactionTestCase

from meter_readings.models import (
    Finding,
    ImportJob,
    Meter,
    MeterPoint,
    Reading,
    SiteVisit,
)
from meter_readings.tests.support.correction_helpers import correct
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP
from meter_readings.tests.support.import_helpers import imported

from .raw_sql import execute, set_column

on_postgresql = skipUnless(
    connection.vendor == "postgresql", "Only PostgreSQL has these triggers."
)


class OrphanTests(TestCase):
    """Both databases reject references to rows that do not exist."""

    @classmethod
    def setUpTestData(cls) -> None:
        imported(EVERY_GROUP)

    @contextmanager
    def assert_rejected(self) -> Iterator[None]:
        """Assert that the block is rejected at once or at the commit."""
        with self.assertRaises(IntegrityError), transaction.atomic():
            yield
            connection.check_constraints()

    def copy_reading(self, column: str) -> None:
        """Copy the first reading to another line, with 999999 in one column."""
        columns = [field.column for field in Reading._meta.fields if field.name != "id"]
        values = {column: "999999", "line_number": "line_number + 100"}
        execute(
            f"INSERT INTO meter_readings_reading ({', '.join(columns)}) SELECT"
            f" {', '.join(values.get(name, name) for name in columns)}"
            " FROM meter_readings_reading ORDER BY id LIMIT 1"
        )

    def test_reading_of_a_missing_meter_is_rejected(self) -> None:
        with self.assert_rejected():
            self.copy_reading("meter_id")

    def test_reading_of_a_missing_file_is_rejected(self) -> None:
        with self.assert_rejected():
            self.copy_reading("flow_file_id")

    def test_reading_of_existing_rows_is_accepted(self) -> None:
        self.copy_reading("mpan_line_number")
        connection.check_constraints()
        self.assertEqual(Reading.objects.count(), 4)

    def test_one_orphan_among_many_readings_is_rejected(self) -> None:
        reading = Reading.objects.all()[0]
        rows = [reading, Reading.objects.all()[0]]
        for number, row in enumerate(rows):
            row.pk, row.line_number = None, 100 + number
        rows[1].meter_id = 999_999
        with self.assert_rejected():
            Reading.objects.bulk_create(rows)

    def test_updating_a_reading_to_an_orphan_is_rejected(self) -> None:
        for column in "meter_id", "flow_file_id":
            with self.subTest(column), self.assert_rejected():
                set_column(Reading, column, 999_999)

    def test_deleting_a_row_with_readings_is_rejected(self) -> None:
        for table in "sitevisit", "finding", "importjob":
            execute(f"DELETE FROM meter_readings_{table}")
        for table in "meter", "flowfile":
            with self.subTest(table), self.assert_rejected():
                execute(f"DELETE FROM meter_readings_{table}")

    def test_renumbering_a_row_with_readings_is_rejected(self) -> None:
        for table in "sitevisit", "finding", "importjob":
            execute(f"DELETE FROM meter_readings_{table}")
        for table in "meter", "flowfile":
            with self.subTest(table), self.assert_rejected():
                execute(f"UPDATE meter_readings_{table} SET id = id + 999")

    def test_meter_without_readings_can_be_deleted(self) -> None:
        meter = Meter.objects.create(
            meter_point=MeterPoint.objects.all()[0], serial_number="UNUSED"
        )
        self.assertEqual(
            execute("DELETE FROM meter_readings_meter WHERE id=%s", meter.pk), 1
        )

    def test_rows_can_be_deleted_after_all_their_readings(self) -> None:
        for table in "reading", "sitevisit", "finding", "importjob", "meter":
            execute(f"DELETE FROM meter_readings_{table}")
        execute("DELETE FROM meter_readings_flowfile")
        connection.check_constraints()

    def test_reading_of_a_missing_correction_is_rejected(self) -> None:
        correct(Reading.objects.all()[0], value="1")
        with self.assert_rejected():
            execute(
                "UPDATE meter_readings_reading SET correction_id = 999999"
                " WHERE correction_id IS NOT NULL"
            )

    def test_correction_with_readings_cannot_be_deleted_or_renumbered(self) -> None:
        correct(Reading.objects.all()[0], value="1")
        for statement in (
            "DELETE FROM meter_readings_correction",
            "UPDATE meter_readings_correction SET id = id + 999",
        ):
            with self.subTest(statement), self.assert_rejected():
                execute(statement)

    def test_correction_without_readings_can_be_deleted(self) -> None:
        correct(Reading.objects.all()[0], value="1")
        execute("DELETE FROM meter_readings_reading WHERE correction_id IS NOT NULL")
        self.assertEqual(execute("DELETE FROM meter_readings_correction"), 1)
        connection.check_constraints()

    def test_orphans_of_every_other_model_are_rejected(self) -> None:
        for model, column in (
            (Meter, "meter_point_id"),
            (SiteVisit, "meter_point_id"),
            (SiteVisit, "meter_id"),
            (SiteVisit, "flow_file_id"),
            (Finding, "flow_file_id"),
            (ImportJob, "flow_file_id"),
        ):
            with self.subTest(model=model, column=column), self.assert_rejected():
                set_column(model, column, 999_999)


@on_postgresql
class TruncateTests(TransactionTestCase):
    def test_truncating_a_table_with_readings_is_rejected(self) -> None:
        imported(EVERY_GROUP)
        for table in "meter", "flowfile", "correction":
            with self.subTest(table), self.assertRaises(IntegrityError):
                execute(f"TRUNCATE meter_readings_{table} CASCADE")
        self.assertEqual(Reading.objects.count(), 3)

    def test_all_tables_can_be_truncated_together(self) -> None:
        imported(EVERY_GROUP)
        execute(
            "TRUNCATE meter_readings_reading, meter_readings_meter,"
            " meter_readings_flowfile CASCADE"
        )
        self.assertFalse(Reading.objects.exists())


@on_postgresql
class ConcurrentReferenceTests(TransactionTestCase):
    """A statement waits for an uncommitted change of the same rows."""

    def setUp(self) -> None:
        imported(EVERY_GROUP)
        execute("DELETE FROM meter_readings_sitevisit")
        self.meter = Meter.objects.create(
            meter_point=MeterPoint.objects.all()[0], serial_number="NEW"
        )
        self.other = connection.copy()
        self.addCleanup(self.other.close)
        self.pool = ThreadPoolExecutor(1)
        self.addCleanup(self.pool.shutdown)

    def begin(self, statement: str, *parameters: object) -> None:
        """Execute a statement on the other connection without committing it."""
        with self.other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(statement, parameters)

    def end(self, command: str) -> None:
        """COMMIT or ROLLBACK the other connection."""
        with self.other.cursor() as cursor:
            cursor.execute(command)

    def waiting(self, function: Callable[[], Any]) -> Future[Any]:
        """Call a function on another connection; return when it waits for a lock."""

        def run() -> Any:
            try:
                return function()
            finally:
                connections.close_all()

        future = self.pool.submit(run)
        for _ in range(500):
            if execute("SELECT 1 FROM pg_locks WHERE NOT granted") or future.done():
                break
            time.sleep(0.01)
        self.assertFalse(future.done())
        return future

    INSERT = """
        INSERT INTO meter_readings_reading (flow_file_id, line_number,
            mpan_line_number, meter_line_number, meter_id, register_id, read_at, value,
            reading_type, bsc_validation_status, reading_method, reason_code,
            version_status, source_lines, changed_at)
        SELECT id, 99, 1, 1, %s, 'S', '2024-01-01Z', 1, 'R', 'V', 'N', '', 'current',
            '', now()
        FROM meter_readings_flowfile
        """
    DELETE = "DELETE FROM meter_readings_meter WHERE id = %s"

    def test_meter_with_an_uncommitted_reading_cannot_be_deleted(self) -> None:
        self.begin(self.INSERT, self.meter.pk)
        deletion = self.waiting(lambda: execute(self.DELETE, self.meter.pk))
        self.end("COMMIT")
        self.assertIsInstance(deletion.exception(), IntegrityError)
        self.assertEqual(Reading.objects.filter(meter=self.meter).count(), 1)

    def test_meter_can_be_deleted_after_its_reading_is_rolled_back(self) -> None:
        self.begin(self.INSERT, self.meter.pk)
        deletion = self.waiting(lambda: execute(self.DELETE, self.meter.pk))
        self.end("ROLLBACK")
        self.assertEqual(deletion.result(), 1)

    def test_reading_of_a_meter_being_deleted_is_rejected(self) -> None:
        self.begin(self.DELETE, self.meter.pk)
        insertion = self.waiting(lambda: execute(self.INSERT, self.meter.pk))
        self.end("COMMIT")
        self.assertIsInstance(insertion.exception(), IntegrityError)

    def test_reading_is_accepted_after_the_deletion_is_rolled_back(self) -> None:
        self.begin(self.DELETE, self.meter.pk)
        insertion = self.waiting(lambda: execute(self.INSERT, self.meter.pk))
        self.end("ROLLBACK")
        self.assertEqual(insertion.result(), 1)

    def test_correction_cannot_be_deleted_in_repeatable_read(self) -> None:
        correct(Reading.objects.all()[0], value="1")
        with self.assertRaises(NotSupportedError), transaction.atomic():
            execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            execute("DELETE FROM meter_readings_correction")

    def test_meter_cannot_be_deleted_in_repeatable_read(self) -> None:
        with self.assertRaises(NotSupportedError), transaction.atomic():
            execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            execute(self.DELETE, self.meter.pk)

    def test_meters_with_an_uncommitted_reading_cannot_be_truncated(self) -> None:
        self.begin(self.INSERT, self.meter.pk)
        statement = "TRUNCATE meter_readings_meter CASCADE"
        truncation = self.waiting(lambda: execute(statement))
        self.end("COMMIT")
        self.assertIsInstance(truncation.exception(), DatabaseError)
        self.assertEqual(Reading.objects.count(), 4)
