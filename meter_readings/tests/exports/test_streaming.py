"""Tests of streaming from a consistent snapshot."""

from __future__ import annotations

from collections.abc import Generator
from unittest import skipUnless
from unittest.mock import patch

from django.db import connection
from django.test import TestCase, TransactionTestCase

from meter_readings import exports
from meter_readings.exports import streaming
from meter_readings.models import MeterPoint, Reading
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP, mpan_core
from meter_readings.tests.support.import_helpers import imported
from meter_readings.tests.support.other_connection import (
    in_other_connection,
    undo_in_other_connection,
)


def count() -> int:
    return MeterPoint.objects.count()


def add_elsewhere(number: int) -> None:
    """Add a meter point from another connection."""
    in_other_connection(lambda: MeterPoint.objects.create(mpan=mpan_core(number)))


class ConsistentSnapshotTests(TransactionTestCase):
    def test_snapshot_does_not_see_rows_added_by_others(self) -> None:
        with exports.consistent_snapshot():
            before = count()
            add_elsewhere(1)
            self.assertEqual(count(), before)

    def test_rows_added_by_others_are_visible_after_the_block(self) -> None:
        with exports.consistent_snapshot():
            before = count()
            add_elsewhere(1)
        self.assertEqual(count(), before + 1)

    def test_rows_added_by_others_are_visible_after_an_interrupt(self) -> None:
        with self.assertRaises(KeyboardInterrupt), exports.consistent_snapshot():
            before = count()
            add_elsewhere(1)
            raise KeyboardInterrupt
        self.assertEqual(count(), before + 1)

    def test_connection_can_write_after_the_block(self) -> None:
        with exports.consistent_snapshot():
            before = count()
        MeterPoint.objects.create(mpan=mpan_core(1))
        self.assertEqual(count(), before + 1)


@skipUnless(connection.vendor == "postgresql", "SQLite has no statement timeout")
class StatementTimeoutTests(TransactionTestCase):
    def timeout(self) -> str:
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            (timeout,) = cursor.fetchone()
            return str(timeout)

    def setUp(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = '30s'")
        self.addCleanup(connection.close)

    def test_statement_timeout_is_off_only_inside_the_block(self) -> None:
        with exports.consistent_snapshot():
            self.assertEqual(self.timeout(), "0")
        self.assertEqual(self.timeout(), "30s")


class EncodeStreamTests(TransactionTestCase):
    """Each chunk is one line here, so that rows can change between two chunks."""

    def setUp(self) -> None:
        self.enterContext(patch.object(streaming, "_LINES_PER_CHUNK", 1))

    def test_all_lines_come_from_the_snapshot_of_the_first(self) -> None:
        def counts() -> Generator[str]:
            yield f"{count()}\n"
            yield f"{count()}\n"

        chunks = exports.encode_stream(counts(), "ascii")
        self.assertEqual(next(chunks), b"0\n")
        add_elsewhere(1)
        self.assertEqual([*chunks], [b"0\n"])

    def test_file_undone_during_its_export_is_exported_whole(self) -> None:
        file = imported(EVERY_GROUP)
        chunks = exports.encode_stream(exports.flow_file_lines(flow_file=file), "ascii")
        first_chunk = next(chunks)
        undo_in_other_connection(file)
        self.assertIs(Reading.objects.filter(flow_file=file).exists(), True)
        self.assertEqual((first_chunk + b"".join(chunks)).decode(), EVERY_GROUP)
        self.assertIs(Reading.objects.filter(flow_file=file).exists(), False)

    def test_file_undone_before_its_export_begins_raises_not_imported(self) -> None:
        file = imported(EVERY_GROUP)
        lines = exports.flow_file_lines(flow_file=file)
        undo_in_other_connection(file)
        with self.assertRaisesMessage(exports.NotImported, "is undone"):
            next(exports.encode_stream(lines, "ascii"))


class InsideATransactionTests(TestCase):
    def test_snapshot_inside_a_transaction_changes_nothing(self) -> None:
        with exports.consistent_snapshot():
            MeterPoint.objects.create(mpan=mpan_core(1))
        self.assertEqual(count(), 1)
