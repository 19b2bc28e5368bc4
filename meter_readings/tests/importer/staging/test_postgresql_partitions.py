"""Tests of the partitions of the readings on PostgreSQL."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any
from unittest import skipUnless
from unittest.mock import patch

from django.db import (
    DataError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
    connection,
    transaction,
)
from django.test import TestCase, TransactionTestCase
from django.test.utils import CaptureQueriesContext

from meter_readings.importer import undo_import
from meter_readings.importer.staging.base import ReadersTimeout
from meter_readings.models import ImportJob, Meter, Policy, Reading
from meter_readings.tests.importer.test_locks import in_parallel
from meter_readings.tests.support.flow_file_builder import (
    flow_file_of_readings,
    header_line,
)
from meter_readings.tests.support.import_helpers import NOW, import_text, imported
from meter_readings.tests.support.partition_helpers import (
    drop_years,
    ensure_partitions,
    partitions,
)

on_postgresql = skipUnless(
    connection.vendor == "postgresql", "SQLite has no partitions."
)

TABLE = "meter_readings_reading"


def file_read_at(*times: str, **header: str) -> str:
    """Return a file of readings of these local times, YYYYMMDDHHMMSS."""
    readings = [f"030|S|{at}|1.0|||T|N|" for at in times]
    return flow_file_of_readings(*readings, header=header_line(**header))


def reading_count(partition: str | int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {TABLE}_{partition}")
        (number,) = cursor.fetchone()
    return int(number)


class YearsTests(TestCase):
    """Readings of all years of the catalogue, on both databases."""

    def test_file_with_readings_of_any_years_is_imported(self) -> None:
        imported(file_read_at("19500101000000", "19991231000000", "20240401000000"))
        self.assertEqual(
            [reading.read_at.year for reading in Reading.objects.order_by("read_at")],
            [1950, 1999, 2024],
        )

    def test_versions_of_years_without_partition_are_resolved(self) -> None:
        imported(file_read_at("19990401000000"), "a.uff")
        imported(file_read_at("19990401000000", file_identifier="LATER"), "b.uff")
        statuses = Reading.objects.order_by("pk").values_list(
            "version_status", flat=True
        )
        self.assertEqual(sorted(statuses), ["current", "duplicate"])


def is_analysed(text: str, filename: str) -> bool:
    """Return whether an import analyses the table of readings."""
    with CaptureQueriesContext(connection) as captured:
        imported(text, filename)
    statements = [query["sql"] for query in captured.captured_queries]
    return any(each.startswith(f"ANALYZE {TABLE}") for each in statements)


@on_postgresql
class GrownTableTests(TransactionTestCase):
    def is_analysed_again(self, seconds: float) -> bool:
        """Return whether an import analyses the table so long after another did."""
        open_staging = "meter_readings.importer.staging.postgresql_statistics"
        rows = {"_ANALYZE_MIN_BYTES": 0, "_ANALYZE_GROWTH_BYTES": 0}
        with patch.multiple(open_staging, **rows, _MIN_ANALYZE_INTERVAL_SECONDS=0):
            first = file_read_at("20210401000000")
            self.assertTrue(is_analysed(first, "first.uff"))
        with patch.multiple(
            open_staging, **rows, _MIN_ANALYZE_INTERVAL_SECONDS=60 - seconds
        ):
            text = file_read_at("20210402000000", file_identifier="B")
            return is_analysed(text, "next.uff")

    def test_grown_table_is_analysed_again_after_the_interval(self) -> None:
        self.assertTrue(self.is_analysed_again(seconds=60))

    def test_grown_table_is_not_analysed_again_within_the_interval(self) -> None:
        self.assertFalse(self.is_analysed_again(seconds=0))


@on_postgresql
class PartitionTests(TestCase):
    def setUp(self) -> None:
        drop_years(*range(2010, 2100))

    def test_partition_is_created_for_each_year_of_a_file(self) -> None:
        imported(file_read_at("20210401000000", "20230401000000"))
        self.assertEqual(partitions(), {"default", "2021", "2023"})
        self.assertEqual(
            (reading_count(2021), reading_count(2023), reading_count("default")),
            (1, 1, 0),
        )

    def test_partition_is_of_the_year_in_utc(self) -> None:
        imported(file_read_at("20231231235959", "20240101000000"))
        self.assertEqual((reading_count(2023), reading_count(2024)), (1, 1))

    def test_default_partition_has_all_years_but_2010_to_2099(self) -> None:
        imported(file_read_at("19500101000000", "20091231235959", "20100101000000"))
        self.assertEqual(partitions(), {"default", "2010"})
        self.assertEqual((reading_count(2010), reading_count("default")), (1, 2))

    def test_file_of_years_outside_2010_to_2099_creates_no_partition(self) -> None:
        years = range(1950, 2010)
        imported(file_read_at(*[f"{year}0601000000" for year in years]))
        self.assertEqual(partitions(), {"default"})
        self.assertEqual(reading_count("default"), len(years))

    def test_partition_is_created_for_readings_parsed_one_by_one(self) -> None:
        imported(flow_file_of_readings("030|S|20210401000000|1.0|||T|N|", "032|05|F|"))
        self.assertEqual(partitions(), {"default", "2021"})

    def test_time_of_an_md_reset_creates_no_partition(self) -> None:
        reading = "030|MD|20240401000000|41.5|20190301000000|1|T|P|"
        imported(flow_file_of_readings(reading))
        self.assertEqual(partitions(), {"default", "2024"})

    def test_rejected_file_creates_no_partition(self) -> None:
        text = file_read_at("20210401000000")
        import_text(text, dry_run=True)
        import_text(text.replace("|1.0|", "|-1.0|"), policy=Policy.STRICT)
        self.assertEqual(partitions(), {"default"})

    def test_existing_partition_needs_one_query(self) -> None:
        imported(file_read_at("20210401000000"))
        with CaptureQueriesContext(connection) as captured:
            imported(file_read_at("20210402000000", file_identifier="B"), "b.uff")
        statements = [query["sql"] for query in captured.captured_queries]
        self.assertEqual(sum("unnest" in each for each in statements), 1)
        self.assertFalse(
            [each for each in statements if "create_year_partition" in each]
        )

    def test_grown_table_is_analysed(self) -> None:
        open_staging = "meter_readings.importer.staging.postgresql_statistics"
        text = file_read_at("20210401000000")
        self.assertFalse(is_analysed(text, "small.uff"))
        with patch.multiple(
            open_staging, _ANALYZE_MIN_BYTES=0, _MIN_ANALYZE_INTERVAL_SECONDS=0
        ):
            text = file_read_at("20210402000000", file_identifier="B")
            self.assertTrue(is_analysed(text, "first.uff"))
            with patch(f"{open_staging}._ANALYZE_GROWTH_BYTES", 9e9):
                text = file_read_at("20210403000000", file_identifier="C")
                self.assertFalse(is_analysed(text, "next.uff"))

    def test_partition_of_an_undone_import_is_empty(self) -> None:
        file = imported(file_read_at("20210401000000"))
        undo_import(flow_file=file, now=NOW)
        self.assertEqual((partitions(), reading_count(2021)), ({"default", "2021"}, 0))

    def test_partition_can_be_added_whatever_years_the_default_partition_has(
        self,
    ) -> None:
        imported(file_read_at("20091231235959"))
        with CaptureQueriesContext(connection) as captured:
            ensure_partitions(2010)
        self.assertEqual(len(captured), 1)
        self.assertEqual(reading_count("default"), 1)

    def test_partition_is_not_added_twice(self) -> None:
        ensure_partitions(2021, 2021)
        self.assertEqual(partitions(), {"default", "2021"})

    def test_partition_is_for_a_year_from_2010_to_2099(self) -> None:
        ensure_partitions(2010, 2099)
        for year in 2009, 2100, -1:
            with self.subTest(year), self.assertRaises(DataError):
                with transaction.atomic():
                    ensure_partitions(year)

    def test_detached_partition_is_not_overwritten(self) -> None:
        imported(file_read_at("20210401000000"))
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {TABLE} DETACH PARTITION {TABLE}_2021")
            with self.assertRaisesMessage(ProgrammingError, "is detached"):
                with transaction.atomic():
                    ensure_partitions(2021)
            cursor.execute(f"ALTER TABLE {TABLE}_2021 RENAME TO old_2021")
        self.assertEqual(Reading.objects.count(), 0)
        imported(file_read_at("20210401000000", file_identifier="B"), "b.uff")
        self.assertEqual(reading_count(2021), 1)

    def test_indexes_of_a_partition_are_named_after_those_of_the_table(self) -> None:
        ensure_partitions(2021)
        with connection.cursor() as cursor:
            names = connection.introspection.get_constraints(cursor, TABLE)
            parts = connection.introspection.get_constraints(cursor, f"{TABLE}_2021")
        self.assertEqual(
            {name for name, what in parts.items() if what["index"]},
            {f"{name}_2021" for name, what in names.items() if what["index"]},
        )

    def test_partition_has_every_constraint_of_the_table(self) -> None:
        ensure_partitions(2021)
        with connection.cursor() as cursor:
            names = connection.introspection.get_constraints(cursor, TABLE)
            parts = connection.introspection.get_constraints(cursor, f"{TABLE}_2021")
        self.assertEqual(
            {name for name, what in parts.items() if what["check"]},
            {name for name, what in names.items() if what["check"]},
        )


@on_postgresql
class IntegrityTests(TestCase):
    """Partitions have the constraints of the table, also for COPY."""

    def setUp(self) -> None:
        imported(file_read_at("20240401000000"))
        self.reading = Reading.objects.get()

    def copy(self, table: str, **changed: Any) -> None:
        """COPY the reading again, with another id and line."""
        values = {
            field.column: getattr(self.reading, field.attname)
            for field in Reading._meta.concrete_fields
        }
        values |= {"id": 900_000, "line_number": 900} | changed
        row = "\t".join(
            "\\N" if value is None else str(value) for value in values.values()
        )
        with transaction.atomic(), connection.cursor() as cursor:
            statement = f"COPY {table} ({', '.join(values)}) FROM STDIN"
            with connection.wrap_database_errors:
                cursor.copy_expert(statement, io.StringIO(row))

    def tables(self) -> list[str]:
        return [TABLE, f"{TABLE}_2024"]

    def test_reading_with_all_references_is_accepted(self) -> None:
        for number, table in enumerate(self.tables()):
            self.copy(table, id=number + 900, line_number=number + 900)
        self.assertEqual(Reading.objects.count(), 3)

    def test_reading_without_its_meter_or_file_is_refused(self) -> None:
        for table in self.tables():
            for column in "meter_id", "flow_file_id":
                with self.subTest(table, column=column):
                    with self.assertRaises(IntegrityError):
                        self.copy(table, **{column: 999_999})

    def test_reading_without_its_meter_is_refused_in_the_default_partition(
        self,
    ) -> None:
        with self.assertRaises(IntegrityError):
            self.copy(f"{TABLE}_default", read_at="1999-01-01Z", meter_id=999_999)

    def test_update_to_a_missing_meter_or_file_is_refused(self) -> None:
        for table in self.tables():
            with self.subTest(table), self.assertRaises(IntegrityError):
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute(f"UPDATE {table} SET meter_id = 999999")

    def test_meter_of_a_reading_in_the_default_partition_cannot_be_deleted(
        self,
    ) -> None:
        imported(file_read_at("19990401000000", file_identifier="B"), "b.uff")
        Reading.objects.filter(read_at__year=2024).delete()
        with self.assertRaises(IntegrityError), connection.cursor() as cursor:
            cursor.execute("DELETE FROM meter_readings_meter")

    def test_line_of_a_file_has_one_reading_of_a_time(self) -> None:
        for table in self.tables():
            with self.subTest(table), self.assertRaises(IntegrityError):
                self.copy(table, line_number=self.reading.line_number)

    def test_partition_refuses_a_reading_of_another_year(self) -> None:
        for table, at in (
            (TABLE, "2098-01-01Z"),
            (f"{TABLE}_default", "2024-01-01Z"),
            (f"{TABLE}_2024", "1999-01-01Z"),
        ):
            with self.subTest(table), self.assertRaises(IntegrityError):
                self.copy(table, read_at=at)

    def test_partition_refuses_a_negative_value(self) -> None:
        for table in self.tables():
            with self.subTest(table), self.assertRaises(IntegrityError):
                self.copy(table, value="-1")

    def test_reading_moved_to_another_year_is_checked(self) -> None:
        ensure_partitions(2022)
        self.reading.read_at -= timedelta(days=731)
        self.reading.save()
        self.assertEqual((reading_count(2022), reading_count(2024)), (1, 0))
        self.reading.meter_id = 999_999
        self.reading.read_at += timedelta(days=731)
        with self.assertRaises(IntegrityError), transaction.atomic():
            self.reading.save()

    def test_ids_of_readings_increase_across_partitions(self) -> None:
        imported(file_read_at("19990401000000", file_identifier="B"), "b.uff")
        imported(file_read_at("20230401000000", file_identifier="C"), "c.uff")
        numbers = Reading.objects.order_by("pk").values_list("read_at__year", flat=True)
        self.assertEqual([*numbers], [2024, 1999, 2023])


@on_postgresql
class ConcurrentTests(TransactionTestCase):
    """Creating a partition waits for readers up to the lock timeout."""

    def setUp(self) -> None:
        drop_years(2011, 2012)
        self.addCleanup(drop_years, 2011, 2012)
        self.other = connection.copy()
        self.other.inc_thread_sharing()
        self.addCleanup(self.other.close)
        self.between = (
            "meter_readings.importer.staging.postgresql_partitions._RETRY_SECONDS"
        )

    def start_reader(self) -> None:
        """Open a transaction of another connection that reads the readings."""
        with self.other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(f"SELECT COUNT(*) FROM {TABLE}")

    def test_parallel_first_loads_of_a_year_all_succeed(self) -> None:
        texts = [
            file_read_at("20110401000000", "20120401000000", file_identifier=name)
            for name in ("A", "B", "C")
        ]
        results = in_parallel(
            *[
                lambda text=text, name=name: import_text(text, f"{name}.uff")
                for name, text in enumerate(texts)
            ]
        )
        self.assertEqual({result.outcome for result in results}, {"imported"})
        self.assertEqual((reading_count(2011), reading_count(2012)), (3, 3))

    def test_import_waits_for_a_reader_to_create_a_partition(self) -> None:
        self.start_reader()
        tries = []

        def between(_: float) -> None:
            tries.append(partitions())
            with self.other.cursor() as cursor:
                cursor.execute("COMMIT")

        with patch(
            "meter_readings.importer.staging.postgresql_partitions.time.sleep", between
        ):
            imported(file_read_at("20110401000000"))
        self.assertEqual(len(tries), 1)
        self.assertNotIn("2011", tries[0])
        self.assertEqual(reading_count(2011), 1)

    def test_import_raises_if_a_reader_outlasts_the_lock_timeout(self) -> None:
        self.start_reader()
        with patch(self.between, 0.01), self.assertRaises(ReadersTimeout):
            import_text(file_read_at("20110401000000"), lock_timeout=0.05)
        self.assertNotIn("2011", partitions())
        self.assertEqual(Reading.objects.count(), 0)
        self.assertEqual(ImportJob.objects.get().state, "failed")

    def test_import_into_an_existing_partition_does_not_wait_for_a_reader(self) -> None:
        ensure_partitions(2011)
        self.start_reader()
        imported(file_read_at("20110401000000"), lock_timeout=0.05)

    def test_other_database_error_of_a_new_partition_is_raised(self) -> None:
        def fail(execute: Any, statement: str, *rest: Any) -> Any:
            if "create_year_partition" in statement:
                raise OperationalError("disk full")
            return execute(statement, *rest)

        with connection.execute_wrapper(fail):
            with self.assertRaisesMessage(OperationalError, "disk full"):
                import_text(file_read_at("20110401000000"))
        self.assertEqual(Meter.objects.count(), 0)
