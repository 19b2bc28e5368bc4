"""Queries of one export see one database."""

from __future__ import annotations

from collections.abc import Generator
from unittest import skipUnless
from unittest.mock import patch

from django.db import connection
from django.test import TestCase, TransactionTestCase

from meter_readings import exports
from meter_readings.exports import streaming
from meter_readings.models import MeterPoint, Reading
from meter_readings.tests.flow_file_builder import EVERY_GROUP, mpan_core
from meter_readings.tests.import_helpers import imported
from meter_readings.tests.other_connection import (
    in_other_connection,
    undo_in_other_connection,
)


def count() -> int:
    return MeterPoint.objects.count()


def add_elsewhere(number: int) -> None:
    """Add a meter point by another connection."""
    in_other_connection(lambda: MeterPoint.objects.create(mpan=mpan_core(number)))


class OneSnapshotTests(TransactionTestCase):
    def test_one_snapshot_does_not_see_what_others_add(self) -> None:
        with exports.consistent_snapshot():
            before = count()
            add_elsewhere(1)
            self.assertEqual(count(), before)

    def test_one_snapshot_is_over_at_its_end(self) -> None:
        with exports.consistent_snapshot():
            before = count()
            add_elsewhere(1)
        self.assertEqual(count(), before + 1)

    def test_one_snapshot_is_over_when_it_is_broken_off(self) -> None:
        with self.assertRaises(KeyboardInterrupt), exports.consistent_snapshot():
            before = count()
            add_elsewhere(1)
            raise KeyboardInterrupt
        self.assertEqual(count(), before + 1)

    def test_one_snapshot_lets_the_connection_write_afterwards(self) -> None:
        with exports.consistent_snapshot():
            before = count()
        MeterPoint.objects.create(mpan=mpan_core(1))
        self.assertEqual(count(), before + 1)


@skipUnless(connection.vendor == "postgresql", "SQLite has no such limit")
class TimeTests(TransactionTestCase):
    def limit(self) -> str:
        """Return how long a question may take."""
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            (limit,) = cursor.fetchone()
            return str(limit)

    def setUp(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = '30s'")
        self.addCleanup(connection.close)

    def test_time_is_not_limited_for_an_export_and_is_again_after_it(self) -> None:
        with exports.consistent_snapshot():
            self.assertEqual(self.limit(), "0")
        self.assertEqual(self.limit(), "30s")


class EncodedTests(TransactionTestCase):
    """A line at a time is sent here, so that much can happen between two."""

    def setUp(self) -> None:
        self.enterContext(patch.object(streaming, "_LINES_AT_ONCE", 1))

    def test_lines_are_of_the_moment_of_the_first(self) -> None:
        def counts() -> Generator[str]:
            yield f"{count()}\n"
            yield f"{count()}\n"

        sent = exports.encoded(counts(), "ascii")
        self.assertEqual(next(sent), b"0\n")
        add_elsewhere(1)
        self.assertEqual([*sent], [b"0\n"])

    def test_a_flow_file_is_whole_though_it_is_undone_meanwhile(self) -> None:
        file = imported(EVERY_GROUP)
        sent = exports.encoded(exports.flow_file_lines(flow_file=file), "ascii")
        begun = next(sent)
        undo_in_other_connection(file)
        self.assertIs(Reading.objects.filter(flow_file=file).exists(), True)
        self.assertEqual((begun + b"".join(sent)).decode(), EVERY_GROUP)
        self.assertIs(Reading.objects.filter(flow_file=file).exists(), False)

    def test_a_flow_file_undone_before_it_was_begun_is_not_sent_empty(self) -> None:
        file = imported(EVERY_GROUP)
        lines = exports.flow_file_lines(flow_file=file)
        undo_in_other_connection(file)
        with self.assertRaisesMessage(exports.NotImported, "is undone"):
            next(exports.encoded(lines, "ascii"))


class InsideATransactionTests(TestCase):
    def test_inside_a_transaction_leaves_the_transaction_as_it_is(self) -> None:
        with exports.consistent_snapshot():
            MeterPoint.objects.create(mpan=mpan_core(1))
        self.assertEqual(count(), 1)
