"""Small writes that do not wait for a lock."""

from __future__ import annotations

from unittest import skipUnless

from django.contrib.auth.models import User
from django.db import connection
from django.test import TestCase, TransactionTestCase

from meter_readings.write_lock import write_unless_locked


class WriteUnlessLockedTests(TestCase):
    def test_write_unless_locked_writes_when_nothing_is_locked(self) -> None:
        self.assertIs(write_unless_locked(lambda: User.objects.create_user("a")), True)
        self.assertIs(User.objects.exists(), True)

    @skipUnless(connection.vendor == "sqlite", "only SQLite has one lock for all")
    def test_write_unless_locked_restores_the_lock_timeout_of_the_connection(
        self,
    ) -> None:
        write_unless_locked(lambda: None)
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout")
            self.assertEqual(cursor.fetchone(), (20_000,))


@skipUnless(connection.vendor == "sqlite", "only SQLite has one lock for all")
class WhileLockedTests(TransactionTestCase):
    def test_write_unless_locked_writes_nothing_while_sqlite_is_locked(self) -> None:
        other = connection.copy()
        self.addCleanup(other.close)
        with other.cursor() as load:
            load.execute("BEGIN IMMEDIATE")
            written = write_unless_locked(lambda: User.objects.create_user("a"))
            load.execute("ROLLBACK")
        self.assertIs(written, False)
        self.assertIs(User.objects.exists(), False)
