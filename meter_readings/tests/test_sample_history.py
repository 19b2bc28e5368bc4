"""Tests of the six meter points of the history samples, after import of all files.

They hold the table "Two years of six meter points" of `documentation/SAMPLE_FILES.md`.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.test import TestCase

from config.environment import PROJECT_ROOT
from meter_readings.d0010 import mpan
from meter_readings.models import FlowFile, Meter, Policy, Reading, SiteVisit
from meter_readings.tests.support.import_helpers import imported

FOLDER = PROJECT_ROOT / "sample_data"
WARNINGS = "history_2026_10_warnings.uff"

TWO_RATE = "2299828571424"
STAIRS = "2399828571429"
FLAT = "1099828571431"
COTTAGE = "1199828571436"
EMPTY = "1299828571430"
BAKERY = "1399828571435"
REGISTERS = {
    TWO_RATE: "DY",
    STAIRS: "S",
    FLAT: "01",
    COTTAGE: "S",
    EMPTY: "S",
    BAKERY: "01",
}


class SampleHistoryTests(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        for path in sorted(FOLDER.glob("history_*.uff")):
            policy = Policy.STANDARD if path.name == WARNINGS else Policy.STRICT
            imported(path.read_bytes(), path.name, policy=policy)

    def current(self, mpan_core: str, register: str) -> list[Reading]:
        """Return the current readings of a register, earliest first."""
        readings = Reading.objects.current().filter(
            meter__meter_point__mpan=mpan_core, register_id=register
        )
        return list(readings.order_by("read_at"))

    def versions(
        self, mpan_core: str, register: str, month: int
    ) -> list[tuple[str, str, str]]:
        """Return type, BSC validation and status of the versions in a month of 2026."""
        readings = Reading.objects.filter(
            meter__meter_point__mpan=mpan_core,
            register_id=register,
            read_at__year=2026,
            read_at__month=month,
        ).order_by("flow_file_id", "line_number")
        return [
            (
                version.reading_type,
                version.bsc_validation_status,
                version.version_status,
            )
            for version in readings
        ]

    def test_the_documentation_lists_every_meter_point(self) -> None:
        page = (PROJECT_ROOT / "documentation/SAMPLE_FILES.md").read_text("utf-8")
        for core in REGISTERS:
            self.assertIn(f"| `{mpan.format_mpan(core)}` |", page)

    def test_every_meter_point_except_the_empty_house_has_two_years(self) -> None:
        for core, register in REGISTERS.items():
            readings = self.current(core, register)
            months = {f"{reading.read_at:%Y-%m}" for reading in readings}
            if core != EMPTY:
                self.assertGreaterEqual(len(months), 23, core)

    def test_final_and_initial_reading_of_the_exchange_have_one_time(self) -> None:
        times: dict[str, set[datetime]] = {"F": set(), "I": set()}
        for reading in self.current(TWO_RATE, "DY"):
            if reading.reading_type in times:
                times[reading.reading_type].add(reading.read_at)
        self.assertEqual([times["F"], len(times["I"])], [times["I"], 1])

    def test_the_home_has_customer_and_estimated_readings(self) -> None:
        types = {reading.reading_type for reading in self.current(TWO_RATE, "NT")}
        self.assertEqual(types, {"R", "C", "D", "F", "I", "Q"})

    def test_one_reading_is_lower_than_the_estimate_before_it(self) -> None:
        readings = self.current(TWO_RATE, "DY")
        types_before_lower_readings = [
            earlier.reading_type
            for earlier, later in zip(readings, readings[1:])
            if later.value < earlier.value and later.reading_type != "I"
        ]
        self.assertEqual(types_before_lower_readings, ["D"])

    def test_the_register_of_the_staircase_rolls_over(self) -> None:
        values = [reading.value for reading in self.current(STAIRS, "S")]
        before = values.index(Decimal("99986.0"))
        self.assertEqual(values[before + 1], Decimal("11.0"))

    def test_a_modified_reading_supersedes_the_routine_one(self) -> None:
        self.assertEqual(
            self.versions(TWO_RATE, "NT", 9),
            [("R", "V", "superseded"), ("Q", "V", "current")],
        )

    def test_a_withdrawn_reading_is_replaced(self) -> None:
        self.assertEqual(
            self.versions(FLAT, "01", 9),
            [("R", "V", "withdrawn"), ("W", "V", "withdrawn"), ("R", "V", "current")],
        )

    def test_a_validated_reading_fails_later(self) -> None:
        self.assertEqual(
            self.versions(COTTAGE, "S", 9),
            [("R", "V", "superseded"), ("R", "F", "current")],
        )

    def test_a_reading_that_is_sent_twice_is_a_duplicate(self) -> None:
        self.assertEqual(
            self.versions(STAIRS, "S", 9),
            [("R", "V", "current"), ("R", "V", "duplicate")],
        )

    def test_the_readings_of_the_empty_house_stay_the_same(self) -> None:
        values = [reading.value for reading in self.current(EMPTY, "S")]
        self.assertEqual(len(set(values[-8:])), 1)

    def test_the_house_has_no_reading_for_183_days(self) -> None:
        times = [reading.read_at for reading in self.current(EMPTY, "S")]
        longest = max(later - earlier for earlier, later in zip(times, times[1:]))
        self.assertEqual(longest.days, 183)

    def test_the_maximum_demand_of_the_bakery_is_reset_once_or_twice(self) -> None:
        counts = {reading.md_reset_count for reading in self.current(BAKERY, "MD")}
        self.assertEqual(counts, {1, 2, None})

    def test_the_files_have_six_site_visit_check_codes(self) -> None:
        codes = SiteVisit.objects.order_by("check_code").values_list(
            "check_code", flat=True
        )
        self.assertEqual(list(codes), ["02", "03", "10", "14", "20", "27"])

    def test_one_file_has_seven_warnings_and_a_note(self) -> None:
        flow_file = FlowFile.objects.get(filename=WARNINGS)
        self.assertEqual([flow_file.warning_count, flow_file.note_count], [7, 1])

    def test_the_meter_of_the_cottage_is_at_a_mistyped_mpan_too(self) -> None:
        serial = Meter.objects.get(meter_point__mpan=COTTAGE).serial_number
        self.assertEqual(Meter.objects.filter(serial_number=serial).count(), 2)
