"""Queries of one export see one database."""

from __future__ import annotations

from threading import Thread

from django.db import connection
from django.test import TestCase, TransactionTestCase

from meter_readings import exports
from meter_readings.models import MeterPoint
from meter_readings.tests.builders import mpan_core


def count() -> int:
    return MeterPoint.objects.count()


def add_elsewhere(number: int) -> None:
    """Add a meter point by another connection."""

    def add() -> None:
        MeterPoint.objects.create(mpan=mpan_core(number))
        connection.close()

    thread = Thread(target=add)
    thread.start()
    thread.join()


class OneSnapshotTests(TransactionTestCase):
    def test_does_not_see_what_others_add(self) -> None:
        with exports.one_snapshot():
            before = count()
            add_elsewhere(1)
            self.assertEqual(count(), before)

    def test_is_over_at_its_end(self) -> None:
        with exports.one_snapshot():
            before = count()
            add_elsewhere(1)
        self.assertEqual(count(), before + 1)

    def test_is_over_when_it_is_broken_off(self) -> None:
        with self.assertRaises(KeyboardInterrupt), exports.one_snapshot():
            before = count()
            add_elsewhere(1)
            raise KeyboardInterrupt
        self.assertEqual(count(), before + 1)

    def test_lets_the_connection_write_afterwards(self) -> None:
        with exports.one_snapshot():
            before = count()
        MeterPoint.objects.create(mpan=mpan_core(1))
        self.assertEqual(count(), before + 1)


class InsideATransactionTests(TestCase):
    def test_leaves_the_transaction_as_it_is(self) -> None:
        with exports.one_snapshot():
            MeterPoint.objects.create(mpan=mpan_core(1))
        self.assertEqual(count(), 1)
