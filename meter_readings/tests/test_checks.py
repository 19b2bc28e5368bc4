"""System checks name what is wrong with an installation."""

from unittest.mock import patch

from django.core import checks
from django.db import connection, connections
from django.test import SimpleTestCase, TestCase

from meter_readings.checks import check_postgresql_driver, check_sqlite_foreign_keys


class PostgresqlDriverCheckTests(SimpleTestCase):
    def found_with(self, *, vendor: str, is_psycopg3: bool) -> list[str | None]:
        """Return the ids of what the check finds."""
        with (
            patch.object(connection, "vendor", vendor),
            patch("django.db.backends.postgresql.psycopg_any.is_psycopg3", is_psycopg3),
        ):
            return [message.id for message in check_postgresql_driver(None)]

    def test_accepts_psycopg2(self) -> None:
        self.assertEqual(self.found_with(vendor="postgresql", is_psycopg3=False), [])

    def test_refuses_psycopg_3(self) -> None:
        self.assertEqual(
            self.found_with(vendor="postgresql", is_psycopg3=True), ["d0010.E001"]
        )

    def test_ignores_drivers_that_sqlite_does_not_use(self) -> None:
        self.assertEqual(self.found_with(vendor="sqlite", is_psycopg3=True), [])

    def test_says_what_to_do(self) -> None:
        with (
            patch.object(connection, "vendor", "postgresql"),
            patch("django.db.backends.postgresql.psycopg_any.is_psycopg3", True),
        ):
            [error] = check_postgresql_driver(None)
        self.assertIn("pip uninstall psycopg", error.hint or "")

    def test_is_registered(self) -> None:
        self.assertIn(check_postgresql_driver, checks.registry.registry.get_checks())

    def test_finds_nothing_in_this_installation(self) -> None:
        self.assertEqual(check_postgresql_driver(None), [])


class SqliteForeignKeysCheckTests(TestCase):
    def test_finds_nothing_in_this_installation(self) -> None:
        self.assertEqual(check_sqlite_foreign_keys(["default"]), [])

    def test_asks_no_database_unless_told_to(self) -> None:
        with self.assertNumQueries(0):
            check_sqlite_foreign_keys(None)

    def test_is_registered_among_the_database_checks(self) -> None:
        self.assertIn(
            check_sqlite_foreign_keys,
            checks.registry.registry.get_checks(include_deployment_checks=True),
        )

    def found_when_sqlite_answers(self, foreign_keys: int) -> list[str | None]:
        """Return the ids of what the check finds when SQLite answers this."""
        with (
            patch.object(connection, "vendor", "sqlite"),
            patch.object(connections["default"], "cursor") as cursor,
        ):
            ask = cursor.return_value.__enter__.return_value
            ask.fetchone.return_value = (foreign_keys,)
            found = check_sqlite_foreign_keys(["default"])
        ask.execute.assert_called_once_with("PRAGMA foreign_keys")
        return [message.id for message in found]

    def test_accepts_a_connection_with_foreign_keys(self) -> None:
        self.assertEqual(self.found_when_sqlite_answers(foreign_keys=1), [])

    def test_refuses_a_connection_without_foreign_keys(self) -> None:
        self.assertEqual(self.found_when_sqlite_answers(foreign_keys=0), ["d0010.E002"])
