"""Tests of locks: validation locks nothing, and one load runs at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count
from typing import Any
from unittest.mock import patch

from django.db import OperationalError, connection, connections, transaction
from django.test import TestCase, TransactionTestCase
from django.test.utils import CaptureQueriesContext

from meter_readings.importer import ImportLockTimeout, ImportResult, undo_import
from meter_readings.models import (
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    Policy,
    Reading,
    SiteVisit,
)
from meter_readings.tests.support.flow_file_builder import (
    EVERY_GROUP,
    flow_file,
    header_line,
)
from meter_readings.tests.support.import_helpers import NOW, import_text, imported

from .row_helpers import resolve_everything, rows_of

BAD = EVERY_GROUP.replace("12345.0", "-1.0")


class NoWriteTests(TestCase):
    def statements_of(self, text: str, **options: Any) -> list[str]:
        """Return the statements of an import that name tables of readings."""
        with CaptureQueriesContext(connection) as captured:
            import_text(text, **options)
        tables = [model._meta.db_table for model in (Reading, Meter, MeterPoint)]
        statements = [query["sql"] for query in captured.captured_queries]
        return [each for each in statements if any(name in each for name in tables)]

    def test_rejected_file_runs_no_statement_on_the_readings(self) -> None:
        self.assertEqual(self.statements_of(BAD, policy=Policy.STRICT), [])

    def test_dry_run_runs_no_statement_on_the_readings(self) -> None:
        self.assertEqual(self.statements_of(EVERY_GROUP, dry_run=True), [])

    def test_already_imported_file_runs_no_statement_on_the_readings(self) -> None:
        imported(EVERY_GROUP)
        self.assertEqual(self.statements_of(EVERY_GROUP), [])


@contextmanager
def another_connection() -> Iterator[Any]:
    """Yield a cursor of another connection, which waits for no lock."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("PRAGMA busy_timeout = 0")
            else:
                cursor.execute("SET lock_timeout = '1ms'")
            yield cursor
    finally:
        other.close()


class DurableTests(TransactionTestCase):
    """The caller cannot roll back a finished import or undo."""

    def test_import_in_a_transaction_raises(self) -> None:
        with self.assertRaisesMessage(RuntimeError, "durable"), transaction.atomic():
            import_text(EVERY_GROUP)
        self.assertEqual(Reading.objects.count(), 0)

    def test_undo_in_a_transaction_raises(self) -> None:
        file = imported(EVERY_GROUP)
        with self.assertRaisesMessage(RuntimeError, "durable"), transaction.atomic():
            undo_import(flow_file=file, now=NOW)
        self.assertEqual(Reading.objects.count(), 3)


class NoLockTests(TransactionTestCase):
    """Another connection can write while a file is validated."""

    def write_whenever(self, hook: str, text: str, **options: Any) -> int:
        """Return how often another connection wrote during an import."""
        written = 0

        def write(*_: object) -> None:
            nonlocal written
            written += 1
            cursor.execute(
                "INSERT INTO meter_readings_meterpoint (mpan) VALUES (%s)",
                [f"{written:013}"],
            )

        blocks = patch("meter_readings.d0010.lines.BLOCK_SIZE", 100)
        beating = patch("meter_readings.importer.jobs.tracker._HEARTBEAT_SECONDS", -1.0)
        with another_connection() as cursor, blocks, beating:
            import_text(text, **{hook: write} | options)
        self.assertEqual(MeterPoint.objects.filter(mpan__lt="1").count(), written)
        return written

    def test_validation_locks_nothing_between_blocks(self) -> None:
        self.assertGreater(self.write_whenever("on_progress", EVERY_GROUP), 3)

    def test_validation_locks_nothing_when_an_issue_is_found(self) -> None:
        text = EVERY_GROUP.replace("12345.0", "012345.0").replace("|99.0", "|099.0")
        self.assertEqual(self.write_whenever("on_finding", text), 3)

    def test_validation_of_a_rejected_file_locks_nothing(self) -> None:
        self.assertGreater(self.write_whenever("on_progress", BAD), 3)

    def test_dry_run_locks_nothing(self) -> None:
        written = self.write_whenever("on_progress", EVERY_GROUP, dry_run=True)
        self.assertGreater(written, 3)


class FailingStatementTests(TransactionTestCase):
    """An import or undo fails at each of its statements in turn."""

    @contextmanager
    def failing_at(self, number: int) -> Iterator[None]:
        """Let the statement of this number fail."""
        numbers = count(1)

        def fail(execute: Any, statement: str, *rest: Any) -> Any:
            if next(numbers) == number:
                raise OperationalError("out of order")
            return execute(statement, *rest)

        with connection.execute_wrapper(fail), suppress(OperationalError):
            yield

    def test_import_stores_all_or_nothing_whichever_statement_fails(self) -> None:
        number = imported_count = 0
        while not imported_count:
            number += 1
            with self.failing_at(number):
                import_text(EVERY_GROUP)
            imported_count = FlowFile.objects.count()
            with self.subTest(number):
                self.assertEqual(Reading.objects.count(), 3 * imported_count)
                self.assertEqual(SiteVisit.objects.count(), 3 * imported_count)
        self.assertGreater(number, 10)
        self.assertEqual(import_text(EVERY_GROUP).outcome, "already-imported")

    def test_undo_deletes_all_or_nothing_whichever_statement_fails(self) -> None:
        file = imported(EVERY_GROUP)
        number = 0
        while file.status == FlowFile.Status.IMPORTED:
            number += 1
            with self.failing_at(number):
                undo_import(flow_file=file, now=NOW)
            file.refresh_from_db()
            is_imported = file.status == FlowFile.Status.IMPORTED
            with self.subTest(number):
                self.assertEqual(Reading.objects.count(), 3 * is_imported)
                self.assertEqual(SiteVisit.objects.count(), 3 * is_imported)
                self.assertEqual(Meter.objects.count(), 2 * is_imported)
        self.assertGreater(number, 10)
        imported(EVERY_GROUP)


class OneAtATimeTests(TransactionTestCase):
    def test_load_waits_until_the_import_lock_is_released(self) -> None:
        other = connection.copy()
        other.inc_thread_sharing()
        self.addCleanup(other.close)
        cursor = other.cursor()
        released = threading.Event()

        def release() -> None:
            released.set()
            cursor.execute("COMMIT")

        def hold(_: ImportJob.Phase, done: int, whole: int) -> None:
            if done == whole and not released.is_set() and not timer.is_alive():
                cursor.execute(
                    "BEGIN IMMEDIATE" if connection.vendor == "sqlite" else "BEGIN"
                )
                if connection.vendor == "postgresql":
                    number = int.from_bytes(b"D0010")
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
                timer.start()

        timer = threading.Timer(0.3, release)
        imported(EVERY_GROUP, on_progress=hold)
        self.assertTrue(released.is_set())


class LockTimeoutTests(TransactionTestCase):
    """Imports and undos wait for the import lock up to the lock timeout."""

    def setUp(self) -> None:
        other = connection.copy()
        self.addCleanup(other.close)
        cursor = other.cursor()
        if connection.vendor == "sqlite":
            self.hold = partial(cursor.execute, "BEGIN IMMEDIATE")
        else:
            cursor.execute("BEGIN")
            number = int.from_bytes(b"D0010")
            lock = "SELECT pg_advisory_xact_lock(%s)"
            self.hold = partial(cursor.execute, lock, [number])

    def test_undo_raises_after_the_lock_timeout(self) -> None:
        file = imported(EVERY_GROUP)
        self.hold()
        with self.assertRaises(ImportLockTimeout):
            undo_import(flow_file=file, now=NOW, lock_timeout=0.1)

    def test_import_raises_after_the_lock_timeout(self) -> None:
        self.hold()
        with self.assertRaises(ImportLockTimeout):
            import_text(EVERY_GROUP, lock_timeout=0.1)

    def test_other_database_error_is_no_lock_timeout(self) -> None:
        def fail(execute: Any, statement: str, *rest: Any) -> Any:
            if statement.startswith("DELETE FROM meter_readings_reading"):
                raise OperationalError("disk full")
            return execute(statement, *rest)

        file = imported(EVERY_GROUP)
        with self.assertRaisesMessage(OperationalError, "disk full"):
            with connection.execute_wrapper(fail):
                undo_import(flow_file=file, now=NOW, lock_timeout=0.1)


def in_parallel(*functions: Callable[[], Any]) -> list[Any]:
    """Call functions in parallel, each with its own connection."""

    def run(function: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return function()
        finally:
            connections.close_all()

    barrier = threading.Barrier(len(functions))
    with ThreadPoolExecutor(len(functions)) as pool:
        return list(pool.map(run, functions))


class ParallelTests(TransactionTestCase):
    def test_same_bytes_in_parallel_are_imported_once(self) -> None:
        results: list[ImportResult] = in_parallel(
            *[lambda name=name: import_text(EVERY_GROUP, name) for name in "abcd"]
        )
        outcomes = sorted(result.outcome for result in results)
        self.assertEqual(outcomes, ["already-imported"] * 3 + ["imported"])
        self.assertEqual(
            {result.flow_file for result in results}, {FlowFile.objects.get()}
        )

    def test_files_of_one_name_in_parallel_are_imported_once(self) -> None:
        texts = [
            flow_file(EVERY_GROUP.splitlines()[1:-1], header=header_line(to_role=role))
            for role in "XRDM"
        ]
        results: list[ImportResult] = in_parallel(
            *[lambda text=text: import_text(text) for text in texts]
        )
        outcomes = sorted(result.outcome for result in results)
        self.assertEqual(outcomes, ["imported"] + ["refused"] * 3)

    def test_parallel_files_of_the_same_meters_have_consistent_versions(self) -> None:
        texts = [
            flow_file(
                EVERY_GROUP.replace("99.0", f"{number}.0").splitlines()[1:-1],
                header=header_line(file_identifier=f"TEST{number}"),
            )
            for number in range(1, 5)
        ]
        in_parallel(*[lambda text=text: imported(text, text[:10]) for text in texts])
        self.assertEqual(resolve_everything(), 0)
        self.assertEqual(len(rows_of()["Meter"]), 2)
        self.assertEqual(Reading.objects.filter(version_status="current").count(), 3)

    def test_parallel_import_and_undo_have_consistent_versions(self) -> None:
        first = imported(EVERY_GROUP, "first.uff")
        text = EVERY_GROUP.replace("99.0", "98.0")
        in_parallel(
            lambda: undo_import(flow_file=first, now=NOW),
            lambda: imported(text, "second.uff", policy=Policy.PARTIAL),
        )
        self.assertEqual(resolve_everything(), 0)
        self.assertEqual(Reading.objects.filter(version_status="current").count(), 3)
