"""The base class of the commands: errors are reported in one line."""

from __future__ import annotations

import os
from typing import Any
from unittest.mock import patch

from django.core.management import CommandError
from django.db import (
    DataError,
    DatabaseError,
    InterfaceError,
    OperationalError,
    connection,
)
from django.test import TestCase

from meter_readings import importer
from meter_readings.importer.staging.base import ReadersTimeout
from meter_readings.management.cli.base_command import (
    BaseCommand,
    discard_unwritten_output,
    errors_as_command_errors,
)


class DatabaseErrorTests(TestCase):
    def message_of(self, error: Exception) -> str:
        """Return the message for an error."""
        with (
            self.assertRaises(CommandError) as caught,
            errors_as_command_errors(),
        ):
            raise error
        self.assertEqual(caught.exception.returncode, 1)
        return str(caught.exception)

    def test_mpan_in_a_message_of_the_database_is_masked(self) -> None:
        error = DataError('invalid input syntax for type bigint: "2000000000015"')
        self.assertIn('type bigint: "[MPAN]")', self.message_of(error))

    def test_locked_database_is_reported_as_busy(self) -> None:
        self.assertEqual(
            self.message_of(OperationalError("database is locked")),
            "The database is busy: another program is writing to it. "
            "(database is locked) "
            "Wait until it has finished, then run the command again.",
        )

    def test_missing_tables_are_reported_with_migrate_as_remedy(self) -> None:
        message = self.message_of(
            OperationalError("no such table: meter_readings_reading")
        )
        self.assertTrue(message.endswith("run: python manage.py migrate"), message)

    def test_unreachable_server_is_reported(self) -> None:
        error = OperationalError("connection refused\n\tIs the server running?\n")
        self.assertEqual(
            self.message_of(error),
            "The database cannot be reached. (connection refused) Check that it runs, "
            "and DB_HOST, DB_PORT, DB_NAME, DB_USER and DB_PASSWORD.",
        )

    def test_missing_database_is_reported(self) -> None:
        error = OperationalError('connection failed: database "x" does not exist')
        self.assertIn("cannot be reached", self.message_of(error))

    def test_closed_connection_is_reported(self) -> None:
        message = self.message_of(InterfaceError("connection already closed"))
        self.assertIn("cannot be reached", message)

    def test_full_disk_is_reported(self) -> None:
        self.assertIn(
            "is full", self.message_of(OperationalError("database or disk is full"))
        )

    def test_import_lock_timeout_is_reported_as_busy(self) -> None:
        self.assertEqual(
            self.message_of(importer.ImportLockTimeout()),
            "The database is busy: another file is being imported or undone. Nothing "
            "was changed. Wait until it has finished, then run the command again.",
        )

    def test_wait_for_readers_is_reported_as_such(self) -> None:
        self.assertIn(
            "busy: the readings are being read by a long query, an export or a backup.",
            self.message_of(ReadersTimeout()),
        )

    def test_full_storage_is_reported(self) -> None:
        self.assertEqual(
            self.message_of(importer.StorageFull("A disk has no free space left.")),
            "The storage is full, and the last change was rolled back. (A disk has no "
            "free space left.) Free some disk space, then run the command again.",
        )

    def test_storage_that_cannot_be_written_is_reported(self) -> None:
        self.assertEqual(
            self.message_of(importer.StorageNotWritable("Read-only file system")),
            "The folder of received files cannot be written; nothing was changed. "
            "(Read-only file system) Check that the disk of MEDIA_ROOT is not mounted "
            "read-only and that this user owns the folder, then run the command again.",
        )

    def test_database_lock_timeout_is_reported_as_busy(self) -> None:
        error = OperationalError("canceling statement due to lock timeout")
        self.assertIn("is busy", self.message_of(error))

    def test_read_only_database_file_is_reported(self) -> None:
        error = OperationalError("attempt to write a readonly database")
        self.assertIn("Check SQLITE_PATH", self.message_of(error))

    def test_server_in_recovery_is_reported(self) -> None:
        error = OperationalError("cannot execute INSERT in a read-only transaction")
        self.assertEqual(
            self.message_of(error),
            "The database is read-only: the server is a replica or in recovery. "
            "(cannot execute INSERT in a read-only transaction) Check DB_HOST, or wait "
            "for the end of the recovery.",
        )

    def test_unknown_database_error_is_reported_with_its_message(self) -> None:
        self.assertEqual(
            self.message_of(DatabaseError("it is tired\nDETAIL: 1200023305967")),
            "The database reported an error. (it is tired) --traceback shows more.",
        )

    def test_error_without_message_is_reported_by_its_type(self) -> None:
        self.assertIn("(DatabaseError)", self.message_of(DatabaseError()))

    def test_driver_error_is_reported_as_a_database_error(self) -> None:
        error = connection.Database.OperationalError("database is locked")
        self.assertIn("is busy", self.message_of(error))

    def test_other_exceptions_are_not_changed(self) -> None:
        with self.assertRaises(ValueError), errors_as_command_errors():
            raise ValueError


class FailingCommand(BaseCommand):
    """Raises the error that it is given."""

    error: BaseException

    def handle(self, *args: Any, **options: Any) -> None:
        raise self.error


class ExecuteTests(TestCase):
    def message_of(self, error: BaseException) -> str:
        command = FailingCommand()
        command.error = error
        with self.assertRaises(CommandError) as caught:
            command.execute(
                force_color=False, no_color=False, skip_checks=True, verbosity=1
            )
        return str(caught.exception)

    def test_os_error_is_reported_with_the_file_name(self) -> None:
        error = OSError(28, "No space left on device", "a.csv")
        self.assertEqual(self.message_of(error), "No space left on device (a.csv).")

    def test_os_error_without_a_file_name_is_reported(self) -> None:
        error = OSError(28, "No space left on device")
        self.assertEqual(self.message_of(error), "No space left on device.")

    def test_os_error_without_a_message_is_reported(self) -> None:
        self.assertEqual(self.message_of(OSError("unusual")), "unusual.")


class UnwrittenOutputTests(TestCase):
    def test_output_for_a_closed_pipe_is_discarded(self) -> None:
        read_end, write_end = os.pipe()
        os.close(read_end)
        with os.fdopen(write_end, "w") as stream, patch("sys.stdout", stream):
            stream.write("a line")
            discard_unwritten_output()
            stream.write("another line")
            stream.flush()
