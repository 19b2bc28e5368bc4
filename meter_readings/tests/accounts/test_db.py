"""Something small is written at once, or not at all."""

from __future__ import annotations

from unittest import skipUnless

from django.contrib.auth.models import User
from django.db import connection
from django.test import TestCase, TransactionTestCase

from meter_readings.accounts.db import write_unless_locked


class WrittenAtOnceTests(TestCase):
    def test_writes(self) -> None:
        self.assertIs(write_unless_locked(lambda: User.objects.create_user("a")), True)
        self.assertIs(User.objects.exists(), True)

    @skipUnless(connection.vendor == "sqlite", "only SQLite has one lock for all")
    def test_leaves_others_as_patient_as_they_were(self) -> None:
        write_unless_locked(lambda: None)
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout")
            self.assertEqual(cursor.fetchone(), (20_000,))


@skipUnless(connection.vendor == "sqlite", "only SQLite has one lock for all")
class WhileALoadGoesOnTests(TransactionTestCase):
    def test_writes_nothing_and_says_so(self) -> None:
        other = connection.copy()
        self.addCleanup(other.close)
        with other.cursor() as load:
            load.execute("BEGIN IMMEDIATE")
            written = write_unless_locked(lambda: User.objects.create_user("a"))
            load.execute("ROLLBACK")
        self.assertIs(written, False)
        self.assertIs(User.objects.exists(), False)
