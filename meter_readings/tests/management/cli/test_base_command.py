"""What stops a command is said in a sentence."""

from __future__ import annotations

from typing import Any

from django.core.management import CommandError
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.test import TestCase

from meter_readings import importer
from meter_readings.management.cli.base_command import (
    BaseCommand,
    database_errors_as_command_errors,
)


class DatabaseErrorTests(TestCase):
    def words(self, error: Exception) -> str:
        """Return what is said of an error."""
        with (
            self.assertRaises(CommandError) as caught,
            database_errors_as_command_errors(),
        ):
            raise error
        self.assertEqual(caught.exception.returncode, 1)
        return str(caught.exception)

    def test_a_database_that_is_busy(self) -> None:
        self.assertEqual(
            self.words(OperationalError("database is locked")),
            "The database is busy: another program is writing to it. "
            "(database is locked) "
            "Wait until it has finished, then run the command again.",
        )

    def test_a_database_without_tables(self) -> None:
        said = self.words(OperationalError("no such table: meter_readings_reading"))
        self.assertTrue(said.endswith("run: python manage.py migrate"), said)

    def test_a_database_that_does_not_answer(self) -> None:
        error = OperationalError("connection refused\n\tIs the server running?\n")
        self.assertEqual(
            self.words(error),
            "The database cannot be reached. (connection refused) Check that it runs, "
            "and DB_HOST, DB_PORT, DB_NAME, DB_USER and DB_PASSWORD.",
        )

    def test_a_server_that_has_no_such_database(self) -> None:
        error = OperationalError('connection failed: database "x" does not exist')
        self.assertIn("cannot be reached", self.words(error))

    def test_a_connection_that_was_closed(self) -> None:
        said = self.words(InterfaceError("connection already closed"))
        self.assertIn("cannot be reached", said)

    def test_a_disk_that_is_full(self) -> None:
        self.assertIn(
            "is full", self.words(OperationalError("database or disk is full"))
        )

    def test_a_load_that_another_keeps_waiting(self) -> None:
        self.assertEqual(
            self.words(importer.ImportLockTimeout("Another file is being loaded.")),
            "The database is busy: another program is writing to it. Nothing was "
            "changed. Wait until it has finished, then run the command again.",
        )

    def test_a_load_that_has_no_room(self) -> None:
        self.assertEqual(
            self.words(importer.StorageFull("A disk has no free space left.")),
            "The storage is full, and nothing was half done. (A disk has no free space "
            "left.) Free some disk space, then run the command again.",
        )

    def test_a_lock_that_is_not_to_be_had(self) -> None:
        error = OperationalError("canceling statement due to lock timeout")
        self.assertIn("is busy", self.words(error))

    def test_a_file_that_cannot_be_written(self) -> None:
        error = OperationalError("attempt to write a readonly database")
        self.assertIn("Check SQLITE_PATH", self.words(error))

    def test_anything_else(self) -> None:
        self.assertEqual(
            self.words(DatabaseError("it is tired\nDETAIL: 1200023305967")),
            "The database reported an error. (it is tired) --traceback shows more.",
        )

    def test_an_error_without_words(self) -> None:
        self.assertIn("(DatabaseError)", self.words(DatabaseError()))

    def test_an_error_of_the_driver_itself(self) -> None:
        error = connection.Database.OperationalError("database is locked")
        self.assertIn("is busy", self.words(error))

    def test_other_errors_are_left_as_they_are(self) -> None:
        with self.assertRaises(ValueError), database_errors_as_command_errors():
            raise ValueError


class FailingCommand(BaseCommand):
    """Raises what it is told to."""

    error: BaseException

    def handle(self, *args: Any, **options: Any) -> None:
        raise self.error


class ExecuteTests(TestCase):
    def words(self, error: BaseException) -> str:
        command = FailingCommand()
        command.error = error
        with self.assertRaises(CommandError) as caught:
            command.execute(force_color=False, no_color=False, skip_checks=True)
        return str(caught.exception)

    def test_execute_says_what_a_file_has_done_to_it(self) -> None:
        error = OSError(28, "No space left on device", "a.csv")
        self.assertEqual(self.words(error), "No space left on device (a.csv).")

    def test_execute_says_it_without_a_name_where_there_is_none(self) -> None:
        error = OSError(28, "No space left on device")
        self.assertEqual(self.words(error), "No space left on device.")

    def test_execute_says_what_it_can(self) -> None:
        self.assertEqual(self.words(OSError("unusual")), "unusual.")
