"""Tests of the numbers that a correction changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.test import TestCase

from meter_readings.importer import Effects
from meter_readings.models import Reading
from meter_readings.tests.support.correction_helpers import (
    add,
    correct,
    undo,
    withdraw,
)
from meter_readings.tests.support.flow_file_builder import flow_file
from meter_readings.tests.support.import_helpers import imported

FILE = flow_file("""
    026|2000000000015|V|
    028|TST0000001|R|
    030|S|20240301000000|100.0|||T|N|
    030|S|20240311000000|150.0|||T|N|
    030|S|20240321000000|200.0|||T|N|
    030|DY|20240301000000|7.0|||T|N|
    030|MD|20240311000000|3.0|20240301000000|1|T|N|
    """)

FIRST, MIDDLE, LAST = (datetime(2024, 3, day, tzinfo=UTC) for day in (1, 11, 21))


class EffectsTests(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        imported(FILE)

    def reading(self, read_at: datetime, register_id: str = "S") -> Reading:
        return Reading.objects.current().get(read_at=read_at, register_id=register_id)

    def assert_advances(
        self, effects: Effects, *expected: tuple[str, datetime, str, str]
    ) -> None:
        """Compare register, end, and units before and after of each advance."""
        found = [
            (
                change.register_id,
                change.to_read_at,
                f"{change.old.units:f}" if change.old else "",
                f"{change.new.units:f}" if change.new else "",
            )
            for change in effects.advances
        ]
        self.assertEqual(found, [*expected])

    def assert_ends(self, effects: Effects, *expected: tuple[str, bool, str]) -> None:
        """Compare register, whether it is the latest, and the value after."""
        found = [
            (end.register_id, end.is_latest, f"{end.new.value:f}" if end.new else "")
            for end in effects.ends
        ]
        self.assertEqual(found, [*expected])

    def test_correction_changes_the_advances_on_both_sides(self) -> None:
        effects = correct(self.reading(MIDDLE), value="160").effects
        self.assert_advances(
            effects,
            ("S", MIDDLE, "50.000", "60.000"),
            ("S", LAST, "50.000", "40.000"),
        )
        self.assert_ends(effects)

    def test_correction_of_the_latest_reading_changes_it(self) -> None:
        effects = correct(self.reading(LAST), value="210").effects
        self.assert_advances(effects, ("S", LAST, "50.000", "60.000"))
        self.assert_ends(effects, ("S", True, "210.000"))

    def test_withdrawal_joins_two_advances(self) -> None:
        effects = withdraw(self.reading(MIDDLE)).effects
        self.assert_advances(
            effects,
            ("S", MIDDLE, "50.000", ""),
            ("S", LAST, "", "100.000"),
            ("S", LAST, "50.000", ""),
        )

    def test_added_reading_divides_an_advance(self) -> None:
        read_at = FIRST + timedelta(days=5)
        effects = add(self.reading(FIRST).meter, "120", read_at).effects
        self.assert_advances(
            effects,
            ("S", read_at, "", "20.000"),
            ("S", MIDDLE, "50.000", ""),
            ("S", MIDDLE, "", "30.000"),
        )

    def test_other_register_changes_both_registers(self) -> None:
        effects = correct(self.reading(LAST), register_id="DY").effects
        self.assert_advances(
            effects, ("DY", LAST, "", "193.000"), ("S", LAST, "50.000", "")
        )
        self.assert_ends(effects, ("DY", True, "200.000"), ("S", True, "150.000"))

    def test_withdrawal_of_the_only_reading_leaves_no_latest_one(self) -> None:
        effects = withdraw(self.reading(FIRST, "DY")).effects
        self.assert_ends(effects, ("DY", False, ""), ("DY", True, ""))

    def test_suspect_reading_has_no_advance(self) -> None:
        effects = correct(self.reading(LAST), is_valid=False).effects
        self.assert_advances(effects, ("S", LAST, "50.000", ""))

    def test_demand_register_has_no_advances(self) -> None:
        effects = correct(self.reading(MIDDLE, "MD"), value="4").effects
        self.assert_advances(effects)

    def test_versions_have_their_status_before_and_after(self) -> None:
        result = correct(self.reading(MIDDLE), value="160")
        versions = [(each.old, each.new) for each in result.effects.versions]
        self.assertEqual(versions, [("current", "superseded"), (None, "current")])
        versions = [
            (each.old, each.new) for each in undo(result.correction).effects.versions
        ]
        self.assertEqual(
            versions, [("superseded", "current"), ("current", "withdrawn")]
        )

    def test_digest_depends_on_the_numbers_only(self) -> None:
        results = [
            correct(self.reading(MIDDLE), value=value, dry_run=True).effects.digest
            for value in ("160", "160.0", "161")
        ]
        self.assertEqual(results[0], results[1])
        self.assertNotEqual(results[1], results[2])
