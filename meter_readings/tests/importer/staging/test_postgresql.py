"""Tests of the staging area on PostgreSQL."""

from __future__ import annotations

import threading
import time
from typing import Any
from unittest import skipUnless
from unittest.mock import patch

from django.db import Error, connection
from django.test import TransactionTestCase

from meter_readings.importer.staging import open_staging
from meter_readings.importer.staging.base import StagingArea
from meter_readings.models import ImportJob, Reading
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP
from meter_readings.tests.support.import_helpers import import_text, imported

from .test_base import IN_BLOCKS, staged_counts

on_postgresql = skipUnless(
    connection.vendor == "postgresql", "Only PostgreSQL has COPY."
)


@on_postgresql
class StatementTimeoutTests(TransactionTestCase):
    def test_load_has_no_statement_timeout(self) -> None:
        self.addCleanup(connection.close)
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = '30s'")
            with open_staging() as staging, staging.transaction():
                cursor.execute("SHOW statement_timeout")
                self.assertEqual(cursor.fetchone(), ("0",))


@on_postgresql
class CopyTests(TransactionTestCase):
    def test_large_staging_tables_are_truncated(self) -> None:
        small = patch("meter_readings.importer.staging.postgresql._MAX_DELETE_BYTES", 0)
        with small, patch.object(StagingArea, "clear", autospec=True) as by_rows:
            imported(EVERY_GROUP)
        self.assertEqual(by_rows.call_count, 1)
        self.assertEqual(set(staged_counts().values()), {0})

    def test_full_batches_are_copied_before_the_end_of_the_file(self) -> None:
        limit = "meter_readings.importer.staging.postgresql._COPY_CHARACTERS"
        with patch(limit, 1), IN_BLOCKS:
            imported(EVERY_GROUP)
        self.assertEqual(Reading.objects.count(), 3)

    def test_failed_copy_fails_the_import(self) -> None:
        copy = "meter_readings.importer.staging.postgresql._copy"
        with patch(copy, side_effect=Error("gone")), self.assertRaises(Error):
            import_text(EVERY_GROUP)
        self.assertEqual(ImportJob.objects.get().message, "Interrupted by Error.")
        imported(EVERY_GROUP)

    def test_running_copy_ends_before_the_job_is_failed(self) -> None:
        from meter_readings.importer.staging import postgresql

        copy, begun, ended = postgresql._copy, threading.Event(), []

        def copy_slowly(*arguments: Any) -> None:
            begun.set()
            time.sleep(0.2)
            copy(*arguments)
            ended.append(True)

        def fail(*_: object) -> None:
            if begun.is_set():
                raise ZeroDivisionError

        slowly = patch.object(postgresql, "_copy", copy_slowly)
        with IN_BLOCKS, slowly, self.assertRaises(ZeroDivisionError):
            import_text(EVERY_GROUP, on_progress=fail)
        self.assertTrue(ended)
        self.assertEqual(ImportJob.objects.get().state, "failed")
