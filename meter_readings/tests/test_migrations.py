"""The way from no tables to all of them, and back."""

from __future__ import annotations

from datetime import UTC, datetime
from unittest import skipUnless

from django.core.management import call_command
from django.db import IntegrityError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.test import TestCase, TransactionTestCase

from meter_readings.models import Reading
from meter_readings.tests.flow_file_builder import EVERY_GROUP
from meter_readings.tests.import_helpers import imported
from meter_readings.tests.partition_helpers import ensure_partitions, partitions

APP = "meter_readings"
LATEST = max(name for app, name in MigrationLoader(None).disk_migrations if app == APP)

on_postgresql = skipUnless(
    connection.vendor == "postgresql", "Only PostgreSQL checks by statement."
)


def migrate_to(name: str | None) -> None:
    """Bring the tables of the application to where one migration leaves them."""
    MigrationExecutor(connection).migrate([(APP, name)])


def tables() -> set[str]:
    """Return the tables of the application."""
    names = connection.introspection.table_names()
    return {name for name in names if name.startswith(APP)}


def triggers() -> list[str]:
    """Return the triggers of PostgreSQL on the application's tables, by name."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname, tgrelid::regclass::text FROM pg_trigger"
            " WHERE NOT tgisinternal ORDER BY tgname"
        )
        return [name for name, table in cursor.fetchall() if table.startswith(APP)]


def foreign_keys_of_readings() -> list[str]:
    """Return the columns of readings that have a foreign key."""
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(
            cursor, Reading._meta.db_table
        )
    keys = [each["columns"] for each in constraints.values() if each["foreign_key"]]
    return sorted(column for (column,) in keys)


class ModelsTests(TestCase):
    def test_models_need_no_migration_that_is_not_there(self) -> None:
        call_command("makemigrations", check=True, dry_run=True, verbosity=0)


class MigrationTests(TransactionTestCase):
    def setUp(self) -> None:
        self.addCleanup(migrate_to, LATEST)

    def test_migration_leads_back_to_no_tables_at_all(self) -> None:
        migrate_to(None)
        self.assertEqual(tables(), set())

    def test_migration_leads_to_the_same_tables_again(self) -> None:
        before = tables()
        migrate_to(None)
        migrate_to(LATEST)
        self.assertEqual(tables(), before)
        imported(EVERY_GROUP)

    def test_back_and_forth_keeps_the_rows(self) -> None:
        imported(EVERY_GROUP)
        migrate_to("0001_initial")
        migrate_to(LATEST)
        self.assertEqual(Reading.objects.count(), 3)


class ReferencesTests(TransactionTestCase):
    def setUp(self) -> None:
        self.addCleanup(migrate_to, LATEST)
        # An import needs the tables as the latest migration leaves them.
        imported(EVERY_GROUP)

    def assert_orphans_are_refused(self) -> None:
        """Assert that no reading can be changed to one of no meter."""
        with self.assertRaises(IntegrityError), connection.cursor() as cursor:
            cursor.execute("UPDATE meter_readings_reading SET meter_id = 999999")

    def test_references_are_kept_after_the_first_migration(self) -> None:
        migrate_to("0001_initial")
        self.assert_orphans_are_refused()

    def test_references_are_kept_on_the_way_forward_and_back(self) -> None:
        migrate_to("0001_initial")
        migrate_to(LATEST)
        self.assert_orphans_are_refused()
        migrate_to("0001_initial")
        with self.assertRaises(IntegrityError), connection.cursor() as cursor:
            cursor.execute("UPDATE meter_readings_reading SET flow_file_id = 999999")

    @on_postgresql
    def test_references_are_kept_in_a_year_that_is_added_before_the_triggers(
        self,
    ) -> None:
        migrate_to("0001_initial")
        ensure_partitions(2033)
        migrate_to(LATEST)
        Reading.objects.update(read_at=datetime(2033, 4, 1, tzinfo=UTC))
        with self.assertRaises(IntegrityError), connection.cursor() as cursor:
            cursor.execute("UPDATE meter_readings_reading_2033 SET meter_id = 999999")

    @on_postgresql
    def test_references_are_foreign_keys_before_and_triggers_after(self) -> None:
        names = triggers()
        # Six on what readings refer to, two on readings and each of their partitions
        number = 6 + 2 * (1 + len(partitions()))
        self.assertEqual((len(names), foreign_keys_of_readings()), (number, []))
        migrate_to("0001_initial")
        self.assertEqual(triggers(), [])
        self.assertEqual(foreign_keys_of_readings(), ["flow_file_id", "meter_id"])
        migrate_to(LATEST)
        self.assertEqual((triggers(), foreign_keys_of_readings()), (names, []))
