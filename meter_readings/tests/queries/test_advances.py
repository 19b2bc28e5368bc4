"""Tests of advances."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.test import SimpleTestCase
from hypothesis import given, settings
from hypothesis import strategies as st

from meter_readings.d0010 import LONDON
from meter_readings.models import Reading
from meter_readings.queries.advances import (
    Advance,
    Direction,
    ExclusionReason,
    advances_between,
    exclusion_reason,
)
from meter_readings.tests.robustness import examples

NEW_YEAR = datetime(2024, 1, 1, tzinfo=LONDON)


def read(value: str | Decimal, at: datetime | int = 0, **fields: object) -> Reading:
    """Return an unsaved valid routine reading; `at` may be days after NEW_YEAR."""
    if isinstance(at, int):
        at = NEW_YEAR + timedelta(days=at)
    defaults = {"meter_id": 1, "register_id": "S", "reading_type": "R"}
    defaults |= {"bsc_validation_status": "V", "version_status": "current"}
    return Reading(value=Decimal(value), read_at=at, **defaults | fields)


def only(*readings: Reading) -> Advance:
    (advance,) = advances_between(readings=readings)
    return advance


class UnitsTests(SimpleTestCase):
    def test_units_are_the_later_reading_minus_the_earlier(self) -> None:
        self.assertEqual(only(read("10.5"), read("12.0", 3)).units, Decimal("1.5"))

    def test_units_are_exact_to_three_decimals(self) -> None:
        advance = only(read("0.1"), read("0.301", 1))
        self.assertEqual(advance.units, Decimal("0.201"))

    def test_units_of_equal_readings_are_zero(self) -> None:
        advance = only(read("10"), read("10", 3))
        self.assertEqual((advance.units, advance.per_day), (0, 0))

    def test_readings_may_be_given_in_any_order(self) -> None:
        advance = only(read("12.0", 3), read("10.5"))
        self.assertEqual(advance.units, Decimal("1.5"))

    def test_reading_given_twice_counts_once(self) -> None:
        stored = read("10", pk=7)
        again = read("10", pk=7)
        self.assertEqual(only(stored, again, read("11", 1)).units, 1)


class DaysTests(SimpleTestCase):
    def days(self, earlier: datetime, later: datetime) -> int:
        return only(read("1", earlier), read("2", later)).days

    def test_days_over_a_clock_change_are_local_days(self) -> None:
        for earlier, later in [
            (datetime(2024, 3, 1), datetime(2024, 4, 1)),
            (datetime(2024, 10, 1), datetime(2024, 11, 1)),
        ]:
            with self.subTest(earlier):
                days = self.days(
                    earlier.replace(tzinfo=LONDON), later.replace(tzinfo=LONDON)
                )
                self.assertEqual(days, 31)

    def test_local_midnight_in_summer_belongs_to_the_day_it_begins(self) -> None:
        earlier = datetime(2024, 6, 30, 23, 0, tzinfo=UTC)
        self.assertEqual(self.days(earlier, earlier + timedelta(hours=25)), 1)

    def test_last_second_of_a_day_counts_as_the_next_midnight(self) -> None:
        end_of_day = datetime(2024, 2, 2, 23, 59, 59, tzinfo=LONDON)
        self.assertEqual(self.days(end_of_day, datetime(2024, 2, 3, tzinfo=LONDON)), 0)


class PerDayTests(SimpleTestCase):
    def test_rate_is_rounded_to_two_decimals(self) -> None:
        rate = only(read("0"), read("100", 3)).per_day
        self.assertEqual(str(rate), "33.33")

    def test_two_readings_of_one_day_have_no_rate(self) -> None:
        advance = only(read("1"), read("2", NEW_YEAR + timedelta(hours=9)))
        self.assertEqual((advance.units, advance.per_day), (1, None))

    def test_correction_has_no_rate(self) -> None:
        advance = only(read("20", reading_type="D"), read("10", 5))
        self.assertIsNone(advance.per_day)


class DirectionTests(SimpleTestCase):
    def test_decrease_after_an_estimate_is_a_correction(self) -> None:
        for code in "DO":
            with self.subTest(code):
                advance = only(read("20", reading_type=code), read("18", 5))
                self.assertEqual(
                    (advance.direction, advance.units), (Direction.CORRECTION, -2)
                )

    def test_decrease_between_measured_readings_is_backward(self) -> None:
        advance = only(read("20"), read("18", 5))
        self.assertEqual((advance.direction, advance.units), (Direction.BACKWARD, None))

    def test_decrease_to_an_estimate_is_backward(self) -> None:
        advance = only(read("20"), read("18", 5, reading_type="D"))
        self.assertIs(advance.direction, Direction.BACKWARD)

    def test_advance_to_an_estimate_is_an_estimate(self) -> None:
        measured, estimate = read("1"), read("2", 1, reading_type="D")
        self.assertIs(only(measured, estimate).is_estimate, True)
        self.assertIs(only(measured, read("3", 2)).is_estimate, False)


class RolloverTests(SimpleTestCase):
    """A register that advances two units a day before it rolls over."""

    def units_if_rollover(
        self, earlier: str, later: str, days: int = 10
    ) -> Decimal | None:
        before = Decimal(earlier) - 20
        found = advances_between(
            readings=[
                read(before, -10),
                read(earlier, 0),
                read(later, days),
            ]
        )
        return found[-1].units_if_rollover

    def test_rollover_is_likely_near_a_power_of_ten_at_the_median_rate(self) -> None:
        self.assertEqual(self.units_if_rollover("99986.0", "11.0"), Decimal("25.0"))

    def test_rollover_is_unlikely_at_twice_the_median_rate(self) -> None:
        self.assertIsNone(self.units_if_rollover("99986.0", "26.0"))

    def test_rollover_is_likely_just_under_twice_the_median_rate(self) -> None:
        self.assertEqual(self.units_if_rollover("99986.0", "25.9"), Decimal("39.9"))

    def test_rollover_is_unlikely_below_nine_tenths_of_a_power_of_ten(self) -> None:
        self.assertIsNone(self.units_if_rollover("89999.9", "10.0", days=9000))

    def test_rollover_is_likely_from_nine_tenths_of_a_power_of_ten(self) -> None:
        units = self.units_if_rollover("90000.0", "10.0", days=9000)
        self.assertEqual(units, Decimal("10010.0"))

    def test_rollover_within_one_day_is_not_calculated(self) -> None:
        self.assertIsNone(self.units_if_rollover("99999.0", "1.0", days=0))

    def test_rollover_without_a_median_rate_is_not_calculated(self) -> None:
        advance = only(read("99986"), read("11", 10))
        self.assertIsNone(advance.units_if_rollover)

    def test_rollover_is_unlikely_if_the_median_rate_is_zero(self) -> None:
        found = advances_between(
            readings=[read("99986", -5), read("99986"), read("11", 10)]
        )
        self.assertIsNone(found[-1].units_if_rollover)


class ExclusionReasonTests(SimpleTestCase):
    def reason(
        self, *, is_demand: bool = False, **fields: object
    ) -> ExclusionReason | None:
        return exclusion_reason(read("1", **fields), is_demand=is_demand)

    def test_valid_current_reading_is_included(self) -> None:
        self.assertIsNone(self.reason())

    def test_version_that_is_not_current_is_excluded(self) -> None:
        for version_status in ("superseded", "withdrawn", "duplicate"):
            with self.subTest(version_status):
                self.assertIs(
                    self.reason(version_status=version_status),
                    ExclusionReason.NOT_CURRENT,
                )

    def test_reading_of_a_demand_register_is_excluded(self) -> None:
        self.assertIs(self.reason(is_demand=True), ExclusionReason.DEMAND)

    def test_proving_test_reconciliation_and_withdrawal_are_excluded(self) -> None:
        for code in "TMW":
            with self.subTest(code):
                self.assertIs(
                    self.reason(reading_type=code), ExclusionReason.NOT_FOR_CONSUMPTION
                )

    def test_reading_suspect_by_flag_status_or_j0022_is_excluded(self) -> None:
        for fields in (
            {"meter_reading_flag": False},
            {"meter_reading_flag": True, "meter_reading_status": False},
            {"bsc_validation_status": "F"},
        ):
            with self.subTest(fields):
                self.assertIs(self.reason(**fields), ExclusionReason.SUSPECT)

    def test_reading_accepted_after_checking_is_included(self) -> None:
        accepted = {"meter_reading_flag": False, "meter_reading_status": True}
        self.assertIsNone(self.reason(**accepted))


class AdvancesBetweenTests(SimpleTestCase):
    def test_excluded_reading_is_skipped(self) -> None:
        suspect = read("999", 1, meter_reading_flag=False)
        self.assertEqual(only(read("10"), suspect, read("12", 2)).units, 2)

    def test_register_with_a_reset_has_no_advances(self) -> None:
        for fields in ({"md_reset_at": NEW_YEAR}, {"md_reset_count": 0}):
            with self.subTest(fields):
                readings = [read("4"), read("5", 1, **fields), read("6", 2)]
                self.assertEqual(advances_between(readings=readings), [])

    def test_demand_register_has_no_advances(self) -> None:
        readings = [read("4"), read("5", 1)]
        found = advances_between(readings=readings, demand_registers={(1, "S")})
        self.assertEqual(found, [])


# Readings of three meters and three registers, ordinary and not.
any_readings = st.lists(
    st.builds(
        read,
        value=st.decimals(0, 99999, places=1),
        at=st.datetimes(datetime(2020, 1, 1), datetime(2026, 1, 1)).map(
            lambda naive: naive.replace(microsecond=0, tzinfo=UTC)
        ),
        meter_id=st.integers(1, 3),
        register_id=st.sampled_from(["S", "DY", "MD"]),
        reading_type=st.sampled_from("RDCTMFIW"),
        version_status=st.sampled_from(["current"] * 4 + ["superseded", "withdrawn"]),
        meter_reading_flag=st.sampled_from([True, True, None, False]),
    ),
    max_size=30,
)


class PropertyTests(SimpleTestCase):
    @settings(max_examples=examples(100), deadline=None)
    @given(
        st.lists(st.decimals(0, 99999, places=1), min_size=2, max_size=30).map(sorted)
    )
    def test_advances_sum_to_the_latest_reading_minus_the_earliest(
        self, values: list[Decimal]
    ) -> None:
        readings = [read(value, day) for day, value in enumerate(values)]
        found = advances_between(readings=readings)
        total = sum(advance.units or 0 for advance in found)
        self.assertEqual(total, values[-1] - values[0])

    @settings(max_examples=examples(100), deadline=None)
    @given(any_readings)
    def test_no_advance_spans_two_meters_or_registers(
        self, readings: list[Reading]
    ) -> None:
        for advance in advances_between(readings=readings):
            earlier, later = advance.earlier, advance.later
            self.assertEqual(
                (earlier.meter_id, earlier.register_id),
                (later.meter_id, later.register_id),
            )
            self.assertLessEqual(earlier.read_at, later.read_at)
            self.assertGreaterEqual(advance.days, 0)

    @settings(max_examples=examples(100), deadline=None)
    @given(any_readings)
    def test_no_advance_belongs_to_a_demand_register(
        self, readings: list[Reading]
    ) -> None:
        demand = {(meter, "MD") for meter in (1, 2, 3)}
        found = advances_between(readings=readings, demand_registers=demand)
        registers = {advance.later.register_id for advance in found}
        self.assertNotIn("MD", registers)

    @settings(max_examples=examples(100), deadline=None)
    @given(any_readings)
    def test_only_a_correction_has_negative_units(
        self, readings: list[Reading]
    ) -> None:
        for advance in advances_between(readings=readings):
            if advance.units is not None and advance.units < 0:
                self.assertEqual(advance.earlier.reading_type, "D")

    @settings(max_examples=examples(100), deadline=None)
    @given(any_readings)
    def test_units_over_a_rollover_are_never_negative(
        self, readings: list[Reading]
    ) -> None:
        for advance in advances_between(readings=readings):
            self.assertGreaterEqual(advance.units_if_rollover or 0, 0)
