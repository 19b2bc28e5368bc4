"""Which database is asked, where there may be a replica; drills are in `robustness`."""

from __future__ import annotations

from collections.abc import Generator

from django.contrib.auth.models import User
from django.test import SimpleTestCase

from meter_readings import replicas
from meter_readings.api import readings
from meter_readings.models import ApiToken, Reading
from meter_readings.replicas import Router


class RouterTests(SimpleTestCase):
    def test_asks_the_primary_unless_somebody_says_that_it_may_be_old(self) -> None:
        self.assertEqual(Router().db_for_read(Reading), "default")

    def test_asks_the_primary_who_may_look(self) -> None:
        with replicas.may_be_old():
            for model in (ApiToken, User):
                self.assertEqual(Router().db_for_read(model), "default")

    def test_writes_to_the_primary(self) -> None:
        with replicas.may_be_old():
            self.assertEqual(Router().db_for_write(Reading), "default")

    def test_makes_tables_on_the_primary_alone(self) -> None:
        allowed = [
            Router().allow_migrate(name, "meter_readings")
            for name in ("default", "replica")
        ]
        self.assertEqual(allowed, [True, False])

    def test_takes_rows_of_both_for_the_same(self) -> None:
        self.assertIs(Router().allow_relation(Reading(), User()), True)


class ViewTests(SimpleTestCase):
    def test_of_readings_may_be_old_but_not_of_a_file_that_was_just_sent(self) -> None:
        self.assertIs(readings.ReadingsOfMeter.may_be_old, True)
        self.assertIs(readings.ReadingsOfFlowFile.may_be_old, False)


class ThroughoutTests(SimpleTestCase):
    def lines(self) -> Generator[bytes]:
        """Yield two lines, and put down that nothing more is to be had."""
        try:
            yield b"one"
            yield b"two"
        finally:
            self.is_closed = True

    def test_yields_all(self) -> None:
        self.assertEqual([*replicas.throughout(self.lines())], [b"one", b"two"])

    def test_closes_what_is_given_up(self) -> None:
        fetched = replicas.throughout(self.lines())
        next(fetched)
        fetched.close()
        self.assertIs(self.is_closed, True)
