"""Tests of the migrations, forward and backward."""

from __future__ import annotations

from unittest import skipUnless

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.test import TestCase, TransactionTestCase

from meter_readings.models import AuditEvent, Reading
from meter_readings.tests.runner import allow_flush
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP
from meter_readings.tests.support.import_helpers import imported
from meter_readings.tests.support.partition_helpers import partitions

APP = "meter_readings"
LATEST = max(name for app, name in MigrationLoader(None).disk_migrations if app == APP)

on_postgresql = skipUnless(
    connection.vendor == "postgresql", "Only PostgreSQL has triggers."
)


def migrate_to(name: str | None) -> None:
    """Migrate the application to one migration, or with None to none."""
    MigrationExecutor(connection).migrate([(APP, name)])
    if name == LATEST:
        allow_flush()


def tables() -> set[str]:
    names = connection.introspection.table_names()
    return {name for name in names if name.startswith(APP)}


def triggers() -> list[str]:
    """Return the names of the triggers that check references, sorted."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname, tgrelid::regclass::text FROM pg_trigger"
            " WHERE NOT tgisinternal ORDER BY tgname"
        )
        return [
            name
            for name, table in cursor.fetchall()
            if table.startswith(APP) and name.startswith("reading_fk")
        ]


def foreign_keys_of_readings() -> list[str]:
    """Return the columns of readings that have a foreign key."""
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(
            cursor, Reading._meta.db_table
        )
    keys = [each["columns"] for each in constraints.values() if each["foreign_key"]]
    return sorted(column for (column,) in keys)


class ModelsTests(TestCase):
    def test_models_have_no_changes_without_a_migration(self) -> None:
        call_command("makemigrations", check=True, dry_run=True, verbosity=0)


class MigrationTests(TransactionTestCase):
    def setUp(self) -> None:
        self.addCleanup(migrate_to, LATEST)

    def test_migrating_to_zero_leaves_no_tables_and_forward_the_same(self) -> None:
        before = tables()
        migrate_to(None)
        self.assertEqual(tables(), set())
        migrate_to(LATEST)
        self.assertEqual(tables(), before)
        imported(EVERY_GROUP)

    def test_migrating_to_the_first_migration_and_forward_keeps_the_rows(self) -> None:
        imported(EVERY_GROUP)
        migrate_to("0001_initial")
        migrate_to(LATEST)
        self.assertEqual(Reading.objects.count(), 3)


class AcknowledgementTests(TransactionTestCase):
    def test_acknowledgements_are_copied_from_the_admin_log_to_the_audit_trail(
        self,
    ) -> None:
        self.addCleanup(migrate_to, LATEST)
        file = imported(EVERY_GROUP)
        alice = User.objects.create_user("alice")
        migrate_to("0013_sender_schedules")
        log = LogEntry.objects.log_actions
        log(alice.pk, [file], CHANGE, "Acknowledged: Sender informed: by telephone")
        log(alice.pk, [file], CHANGE, "Acknowledgement removed")
        migrate_to(LATEST)
        events = AuditEvent.objects.filter(object_id=file.pk, username="alice")
        self.assertEqual(
            [(event.action, event.details) for event in events.order_by("pk")],
            [
                ("acknowledge", {"note": "Sender informed: by telephone"}),
                ("remove-acknowledgement", {}),
            ],
        )


class ReferencesTests(TransactionTestCase):
    def setUp(self) -> None:
        self.addCleanup(migrate_to, LATEST)
        # An import needs the tables of the latest migration.
        imported(EVERY_GROUP)

    def assert_orphans_are_rejected(self) -> None:
        for column in "meter_id", "flow_file_id":
            with self.assertRaises(IntegrityError), connection.cursor() as cursor:
                cursor.execute(f"UPDATE meter_readings_reading SET {column} = 999999")

    def test_orphans_are_rejected_after_the_first_migration(self) -> None:
        migrate_to("0001_initial")
        self.assert_orphans_are_rejected()

    def test_orphans_are_rejected_after_migrating_back_and_forward(self) -> None:
        migrate_to("0001_initial")
        migrate_to(LATEST)
        self.assert_orphans_are_rejected()

    @on_postgresql
    def test_triggers_replace_the_foreign_keys_of_readings_and_their_partitions(
        self,
    ) -> None:
        names = triggers()
        # Three on each referenced table, two on the readings and on each partition
        number = 9 + 2 * (1 + len(partitions()))
        self.assertEqual((len(names), foreign_keys_of_readings()), (number, []))
        migrate_to("0001_initial")
        self.assertEqual(triggers(), [])
        self.assertEqual(foreign_keys_of_readings(), ["flow_file_id", "meter_id"])
        migrate_to(LATEST)
        self.assertEqual((triggers(), foreign_keys_of_readings()), (names, []))

    @on_postgresql
    def test_orphans_are_rejected_in_a_partition_that_existed_before_the_triggers(
        self,
    ) -> None:
        migrate_to("0001_initial")
        migrate_to(LATEST)
        with self.assertRaises(IntegrityError), connection.cursor() as cursor:
            cursor.execute("UPDATE meter_readings_reading_2024 SET meter_id = 999999")
