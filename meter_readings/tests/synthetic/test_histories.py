"""The six meter points of the histories, as they are held when every file is loaded."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.test import TestCase

from config.environment import PROJECT_ROOT
from meter_readings import synthetic
from meter_readings.d0010 import mpan
from meter_readings.models import FlowFile, Meter, Policy, Reading, SiteVisit
from meter_readings.synthetic.households import (
    BAKERY,
    COTTAGE,
    EMPTY,
    EVERY,
    FLAT,
    STAIRS,
    TWO_RATE,
    meter_of,
)
from meter_readings.tests.import_helpers import imported
from meter_readings.tests.synthetic.reading import bytes_of

HISTORIES = [name for name in synthetic.RECIPES if name.startswith("history_")]
WARNINGS = "history_2026_10_warnings"


SPECIFICATION = PROJECT_ROOT / "documentation/FUNCTIONAL_SPEC.md"


class HistoryTests(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        for name in HISTORIES:
            lines = synthetic.RECIPES[name].lines()
            policy = Policy.STANDARD if name == WARNINGS else Policy.STRICT
            imported(bytes_of(lines), f"{name}.uff", policy=policy)

    def current(self, index: int, register: str) -> list[Reading]:
        """Return what counts of the register of a meter point, earliest first."""
        readings = Reading.objects.current().filter(
            meter__meter_point__mpan=meter_of(index).mpan_core, register_id=register
        )
        return list(readings.order_by("read_at"))

    def versions(self, index: int, register: str, month: int) -> list[list[str]]:
        """Return type, BSC validation status and standing of each version in 2026."""
        readings = Reading.objects.filter(
            meter__meter_point__mpan=meter_of(index).mpan_core,
            register_id=register,
            read_at__year=2026,
            read_at__month=month,
        ).order_by("flow_file_id", "line_number")
        return [
            [said.reading_type, said.bsc_validation_status, said.standing]
            for said in readings
        ]

    def advances(self, index: int, register: str) -> list[Decimal]:
        values = [reading.value for reading in self.current(index, register)]
        return [later - earlier for earlier, later in zip(values, values[1:])]

    def test_the_specification_says_where_to_look(self) -> None:
        page = SPECIFICATION.read_text("utf-8")
        for index in EVERY:
            self.assertIn(f"| `{mpan.shown(meter_of(index).mpan_core)}` |", page)

    def test_every_file_is_small(self) -> None:
        self.assertLess(max(FlowFile.objects.values_list("line_count", flat=True)), 200)

    def test_there_are_two_years_of_every_meter_point_but_one(self) -> None:
        for index in set(EVERY) - {EMPTY}:
            register = meter_of(index).registers[0].register_id
            months = {
                f"{reading.read_at:%Y-%m}" for reading in self.current(index, register)
            }
            self.assertGreaterEqual(len(months), 23, index)

    def test_the_old_meter_ends_on_the_day_on_which_the_new_one_begins(self) -> None:
        types: dict[str, set[datetime]] = {"F": set(), "I": set()}
        for reading in self.current(TWO_RATE, "DY"):
            if reading.reading_type in types:
                types[reading.reading_type].add(reading.read_at)
        self.assertEqual([types["F"], len(types["I"])], [types["I"], 1])

    def test_customers_tell_readings_and_some_are_estimated(self) -> None:
        types = {reading.reading_type for reading in self.current(TWO_RATE, "NT")}
        self.assertEqual(types, {"R", "C", "D", "F", "I", "Q"})

    def test_a_reading_is_lower_than_the_estimate_before_it(self) -> None:
        readings = self.current(TWO_RATE, "DY")
        lower = [
            earlier.reading_type
            for earlier, later in zip(readings, readings[1:])
            if later.value < earlier.value and later.reading_type != "I"
        ]
        self.assertEqual(lower, ["D"])

    def test_a_register_passes_its_highest_number(self) -> None:
        values = [reading.value for reading in self.current(STAIRS, "S")]
        where = values.index(Decimal("99986.0"))
        self.assertEqual(values[where + 1], Decimal("11.0"))

    def test_a_modified_reading_supersedes_what_was_read(self) -> None:
        self.assertEqual(
            self.versions(TWO_RATE, "NT", 9),
            [["R", "V", "superseded"], ["Q", "V", "current"]],
        )

    def test_another_reading_replaces_the_one_that_was_withdrawn(self) -> None:
        self.assertEqual(
            self.versions(FLAT, "01", 9),
            [["R", "V", "withdrawn"], ["W", "V", "withdrawn"], ["R", "V", "current"]],
        )

    def test_a_reading_fails_after_all(self) -> None:
        self.assertEqual(
            self.versions(COTTAGE, "S", 9),
            [["R", "V", "superseded"], ["R", "F", "current"]],
        )

    def test_a_reading_that_comes_twice_is_a_duplicate(self) -> None:
        self.assertEqual(
            self.versions(STAIRS, "S", 9),
            [["R", "V", "current"], ["R", "V", "duplicate"]],
        )

    def test_the_empty_house_stands_still(self) -> None:
        self.assertEqual(set(self.advances(EMPTY, "S")[-7:]), {Decimal(0)})

    def test_nobody_got_into_the_house_for_half_a_year(self) -> None:
        times = [reading.read_at for reading in self.current(EMPTY, "S")]
        longest = max(later - earlier for earlier, later in zip(times, times[1:]))
        self.assertEqual(longest.days, 183)

    def test_a_demand_says_when_it_was_reset(self) -> None:
        counts = {reading.md_reset_count for reading in self.current(BAKERY, "MD")}
        self.assertEqual(counts, {1, 2, None})
        resets = {reading.md_reset_at for reading in self.current(BAKERY, "MD")}
        self.assertNotIn(None, resets)

    def test_site_visits_say_why(self) -> None:
        codes = SiteVisit.objects.order_by("check_code").values_list(
            "check_code", flat=True
        )
        self.assertEqual(list(codes), ["02", "03", "10", "14", "20", "27"])

    def test_one_file_loads_with_seven_warnings_and_a_note(self) -> None:
        flow_file = FlowFile.objects.get(filename=f"{WARNINGS}.uff")
        self.assertEqual([flow_file.warning_count, flow_file.note_count], [7, 1])

    def test_a_mistyped_mpan_has_a_meter_that_stands_elsewhere(self) -> None:
        serial = meter_of(COTTAGE).meter_id
        self.assertEqual(Meter.objects.filter(serial_number=serial).count(), 2)
