"""Tests of temporary databases: a benchmark that is stopped leaves nothing."""

from __future__ import annotations

import os
import signal
import tempfile
from io import StringIO
from unittest import TestCase
from unittest.mock import patch

from django.core.management import call_command
from django.db import connection
from django.test import TransactionTestCase

from meter_readings.benchmarks.temp_database import exit_on_sigterm


class TerminatingOutput(StringIO):
    """Output that sends SIGTERM to this process when something is written."""

    def write(self, text: str) -> int:
        signal.raise_signal(signal.SIGTERM)
        return super().write(text)


class StoppedBenchmarkTests(TransactionTestCase):
    def setUp(self) -> None:
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        with (
            patch.object(tempfile, "tempdir", self.folder),
            self.assertRaises(SystemExit) as self.exit,
        ):
            call_command(
                *("benchmark", "import", "--readings=20", "--memory", "0", "0"),
                f"--database={connection.vendor}",
                stdout=StringIO(),
                # It first writes when there are databases.
                stderr=TerminatingOutput(),
            )

    def test_sigterm_ends_a_benchmark_with_143(self) -> None:
        self.assertEqual(self.exit.exception.code, 143)

    def test_sigterm_removes_the_temporary_folders(self) -> None:
        self.assertEqual(os.listdir(self.folder), [])

    def test_sigterm_drops_the_temporary_databases(self) -> None:
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT datname FROM pg_database WHERE datname LIKE %s",
                    [f"d0010_benchmark_{os.getpid()}_%"],
                )
                self.assertEqual(cursor.fetchall(), [])


class ExitOnSigtermTests(TestCase):
    def test_a_second_sigterm_does_not_interrupt_the_removal(self) -> None:
        removed = []
        with self.assertRaises(SystemExit), exit_on_sigterm():
            try:
                signal.raise_signal(signal.SIGTERM)
            finally:
                signal.raise_signal(signal.SIGTERM)
                removed.append("folder")
        self.assertEqual(removed, ["folder"])

    def test_the_handler_of_before_is_restored(self) -> None:
        previous = signal.getsignal(signal.SIGTERM)
        with self.assertRaises(SystemExit), exit_on_sigterm():
            signal.raise_signal(signal.SIGTERM)
        self.assertIs(signal.getsignal(signal.SIGTERM), previous)
