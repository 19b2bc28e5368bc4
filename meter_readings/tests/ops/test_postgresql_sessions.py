"""Sessions of PostgreSQL, directly and through PgBouncer."""

from __future__ import annotations

import os
from contextlib import closing
from unittest import skipUnless

from django.contrib.auth.models import User
from django.db import connection
from django.test import TransactionTestCase

from meter_readings.checks import check_postgresql_sessions
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP
from meter_readings.tests.support.import_helpers import imported
from meter_readings.tests.support.pgbouncer import PGBOUNCER, pooled

IS_REQUIRED = bool(os.environ.get("D0010_PROGRAMS_REQUIRED"))


class SessionTests(TransactionTestCase):
    def test_sessions_of_a_direct_connection_are_its_own(self) -> None:
        self.assertEqual(check_postgresql_sessions(["default"]), [])

    @skipUnless(connection.vendor == "postgresql", "SQLite compiles nothing")
    def test_sessions_do_not_compile_statements(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SHOW jit")
            self.assertEqual(cursor.fetchone(), ("off",))

    @skipUnless(connection.vendor == "postgresql", "SQLite has no replicas")
    def test_sessions_of_the_replica_are_read_only(self) -> None:
        replica = connection.copy("replica")
        with closing(replica), replica.cursor() as cursor:
            cursor.execute("SHOW default_transaction_read_only")
            self.assertEqual(cursor.fetchone(), ("on",))


@skipUnless(
    connection.vendor == "postgresql" and (IS_REQUIRED or PGBOUNCER),
    "needs PostgreSQL, and pgbouncer",
)
class PgBouncerTests(TransactionTestCase):
    def test_a_file_is_imported_and_read_in_session_mode(self) -> None:
        with pooled("pool_mode = session"):
            self.assertEqual(check_postgresql_sessions(["default"]), [])
            imported(EVERY_GROUP, "a.uff")
            self.client.force_login(User.objects.create_superuser("alice"))
            page = self.client.get("/api/v1/readings/").json()
            with connection.cursor() as cursor:
                cursor.execute("SHOW lock_timeout")
                self.assertEqual(cursor.fetchone(), ("20s",))
        self.assertEqual(len(page["results"]), 3)

    def test_transaction_mode_is_refused(self) -> None:
        for options in ["server_round_robin = 0", "server_round_robin = 1"]:
            with self.subTest(options), pooled(f"pool_mode = transaction\n{options}"):
                [error] = check_postgresql_sessions(["default"])
                self.assertEqual(error.id, "d0010.E013")
                self.assertIn("pool_mode = session", error.hint or "")
