"""By how much a register went on."""

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
    Left,
    advances_between,
    left_out,
)

NEW_YEAR = datetime(2024, 1, 1, tzinfo=LONDON)


def read(value: str | Decimal, at: datetime | int = 0, **said: object) -> Reading:
    """Return a valid routine reading of one register, not stored; `at` may be a day."""
    if isinstance(at, int):
        at = NEW_YEAR + timedelta(days=at)
    usual = {"meter_id": 1, "register_id": "S", "reading_type": "R"}
    usual |= {"bsc_validation_status": "V", "version_status": "current"}
    return Reading(value=Decimal(value), read_at=at, **usual | said)


def only(*readings: Reading) -> Advance:
    """Return the one advance there is between readings."""
    (advance,) = advances_between(readings=readings)
    return advance


class UnitsTests(SimpleTestCase):
    def test_units_are_the_later_reading_less_the_earlier(self) -> None:
        self.assertEqual(only(read("10.5"), read("12.0", 3)).units, Decimal("1.5"))

    def test_units_are_exact_to_a_thousandth(self) -> None:
        advance = only(read("0.1"), read("0.301", 1))
        self.assertEqual(advance.units, Decimal("0.201"))

    def test_units_may_be_nought(self) -> None:
        advance = only(read("10"), read("10", 3))
        self.assertEqual((advance.units, advance.per_day), (0, 0))

    def test_units_do_not_depend_on_the_order_in_which_readings_are_given(self) -> None:
        advance = only(read("12.0", 3), read("10.5"))
        self.assertEqual(advance.units, Decimal("1.5"))

    def test_units_count_a_reading_that_is_given_twice_once(self) -> None:
        stored = read("10", pk=7)
        again = read("10", pk=7)
        self.assertEqual(only(stored, again, read("11", 1)).units, 1)


class DaysTests(SimpleTestCase):
    def days(self, earlier: datetime, later: datetime) -> int:
        return only(read("1", earlier), read("2", later)).days

    def test_days_are_counted_by_the_local_clock_over_its_changes(self) -> None:
        for earlier, later in [
            (datetime(2024, 3, 1), datetime(2024, 4, 1)),
            (datetime(2024, 10, 1), datetime(2024, 11, 1)),
        ]:
            with self.subTest(earlier):
                days = self.days(
                    earlier.replace(tzinfo=LONDON), later.replace(tzinfo=LONDON)
                )
                self.assertEqual(days, 31)

    def test_days_are_counted_from_a_time_that_utc_has_on_the_day_before(self) -> None:
        earlier = datetime(2024, 6, 30, 23, 0, tzinfo=UTC)
        self.assertEqual(self.days(earlier, earlier + timedelta(hours=25)), 1)

    def test_days_take_the_last_second_of_a_day_for_the_midnight_after(self) -> None:
        end_of_day = datetime(2024, 2, 2, 23, 59, 59, tzinfo=LONDON)
        self.assertEqual(self.days(end_of_day, datetime(2024, 2, 3, tzinfo=LONDON)), 0)


class PerDayTests(SimpleTestCase):
    def test_per_day_is_rounded_to_a_hundredth(self) -> None:
        rate = only(read("0"), read("100", 3)).per_day
        self.assertEqual(str(rate), "33.33")

    def test_per_day_is_not_there_for_two_readings_of_one_day(self) -> None:
        advance = only(read("1"), read("2", NEW_YEAR + timedelta(hours=9)))
        self.assertEqual((advance.units, advance.per_day), (1, None))

    def test_per_day_is_not_there_for_a_correction(self) -> None:
        advance = only(read("20", reading_type="D"), read("10", 5))
        self.assertIsNone(advance.per_day)


class CourseTests(SimpleTestCase):
    def test_course_is_a_correction_where_an_estimate_was_too_high(self) -> None:
        for code in "DO":
            with self.subTest(code):
                advance = only(read("20", reading_type=code), read("18", 5))
                self.assertEqual(
                    (advance.course, advance.units), (Direction.CORRECTION, -2)
                )

    def test_course_is_backwards_where_both_were_measured(self) -> None:
        advance = only(read("20"), read("18", 5))
        self.assertEqual((advance.course, advance.units), (Direction.BACKWARD, None))

    def test_course_is_backwards_where_an_estimate_is_lower_than_what_was_measured(
        self,
    ) -> None:
        advance = only(read("20"), read("18", 5, reading_type="D"))
        self.assertIs(advance.course, Direction.BACKWARD)

    def test_course_knows_whether_an_estimate_is_at_one_of_its_ends(self) -> None:
        measured, estimate = read("1"), read("2", 1, reading_type="D")
        self.assertIs(only(measured, estimate).is_estimate, True)
        self.assertIs(only(measured, read("3", 2)).is_estimate, False)


class RollOverTests(SimpleTestCase):
    """A register with two a day until it shows only noughts again."""

    def rolled_over(self, earlier: str, later: str, days: int = 10) -> Decimal | None:
        before = Decimal(earlier) - 20
        found = advances_between(
            readings=[
                read(before, -10),
                read(earlier, 0),
                read(later, days),
            ]
        )
        return found[-1].units_if_rollover

    def test_roll_over_is_proposed_near_a_power_of_ten_at_the_usual_rate(self) -> None:
        self.assertEqual(self.rolled_over("99986.0", "11.0"), Decimal("25.0"))

    def test_roll_over_is_not_proposed_at_twice_the_usual_rate(self) -> None:
        self.assertIsNone(self.rolled_over("99986.0", "26.0"))

    def test_roll_over_is_proposed_just_under_twice_the_usual_rate(self) -> None:
        self.assertEqual(self.rolled_over("99986.0", "25.9"), Decimal("39.9"))

    def test_roll_over_is_not_proposed_further_than_a_tenth_from_a_power_of_ten(
        self,
    ) -> None:
        self.assertIsNone(self.rolled_over("89999.9", "10.0", days=9000))

    def test_roll_over_is_proposed_at_a_tenth_from_a_power_of_ten(self) -> None:
        proposed = self.rolled_over("90000.0", "10.0", days=9000)
        self.assertEqual(proposed, Decimal("10010.0"))

    def test_roll_over_is_not_proposed_within_one_day(self) -> None:
        self.assertIsNone(self.rolled_over("99999.0", "1.0", days=0))

    def test_roll_over_is_not_proposed_where_the_usual_rate_is_not_known(self) -> None:
        advance = only(read("99986"), read("11", 10))
        self.assertIsNone(advance.units_if_rollover)

    def test_roll_over_is_not_proposed_where_the_usual_rate_is_nought(self) -> None:
        found = advances_between(
            readings=[read("99986", -5), read("99986"), read("11", 10)]
        )
        self.assertIsNone(found[-1].units_if_rollover)


class LeftOutTests(SimpleTestCase):
    def reason(self, *, is_demand: bool = False, **said: object) -> Left | None:
        return left_out(read("1", **said), is_demand=is_demand)

    def test_left_out_is_no_valid_current_reading(self) -> None:
        self.assertIsNone(self.reason())

    def test_left_out_is_what_does_not_count(self) -> None:
        for version_status in ("superseded", "withdrawn", "duplicate"):
            with self.subTest(version_status):
                self.assertIs(
                    self.reason(version_status=version_status), Left.NOT_CURRENT_Q
                )

    def test_left_out_is_a_reading_of_a_demand_register(self) -> None:
        self.assertIs(self.reason(is_demand=True), Left.DEMAND)

    def test_left_out_is_a_test_a_reconciliation_or_a_withdrawal(self) -> None:
        for code in "TMW":
            with self.subTest(code):
                self.assertIs(self.reason(reading_type=code), Left.NOT_FOR_CONSUMPTION)

    def test_left_out_is_what_is_suspect_by_flag_status_or_j0022(self) -> None:
        for said in (
            {"meter_reading_flag": False},
            {"meter_reading_flag": True, "meter_reading_status": False},
            {"bsc_validation_status": "F"},
        ):
            with self.subTest(said):
                self.assertIs(self.reason(**said), Left.SUSPECT)

    def test_left_out_is_not_what_was_accepted_after_all(self) -> None:
        accepted = {"meter_reading_flag": False, "meter_reading_status": True}
        self.assertIsNone(self.reason(**accepted))


class WhichReadingsTests(SimpleTestCase):
    def test_which_readings_pass_over_what_is_left_out(self) -> None:
        suspect = read("999", 1, meter_reading_flag=False)
        self.assertEqual(only(read("10"), suspect, read("12", 2)).units, 2)

    def test_which_readings_are_none_where_one_reading_tells_of_a_reset(self) -> None:
        for said in ({"md_reset_at": NEW_YEAR}, {"md_reset_count": 0}):
            with self.subTest(said):
                readings = [read("4"), read("5", 1, **said), read("6", 2)]
                self.assertEqual(advances_between(readings=readings), [])

    def test_which_readings_are_none_of_a_register_that_is_known_to_be_of_demand(
        self,
    ) -> None:
        readings = [read("4"), read("5", 1)]
        found = advances_between(readings=readings, demand_registers={(1, "S")})
        self.assertEqual(found, [])


# What any register of any of three meters may have said, plain or not.
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
    @settings(deadline=None)
    @given(
        st.lists(st.decimals(0, 99999, places=1), min_size=2, max_size=30).map(sorted)
    )
    def test_the_sum_is_the_last_reading_less_the_first(
        self, values: list[Decimal]
    ) -> None:
        readings = [read(value, day) for day, value in enumerate(values)]
        found = advances_between(readings=readings)
        total = sum(advance.units or 0 for advance in found)
        self.assertEqual(total, values[-1] - values[0])

    @settings(deadline=None)
    @given(any_readings)
    def test_none_is_across_meters_or_registers(self, readings: list[Reading]) -> None:
        for advance in advances_between(readings=readings):
            earlier, later = advance.earlier, advance.later
            self.assertEqual(
                (earlier.meter_id, earlier.register_id),
                (later.meter_id, later.register_id),
            )
            self.assertLessEqual(earlier.read_at, later.read_at)
            self.assertGreaterEqual(advance.days, 0)

    @settings(deadline=None)
    @given(any_readings)
    def test_none_is_of_a_demand_register(self, readings: list[Reading]) -> None:
        demand = {(meter, "MD") for meter in (1, 2, 3)}
        found = advances_between(readings=readings, demand_registers=demand)
        registers = {advance.later.register_id for advance in found}
        self.assertNotIn("MD", registers)

    @settings(deadline=None)
    @given(any_readings)
    def test_units_are_negative_only_after_an_estimate(
        self, readings: list[Reading]
    ) -> None:
        for advance in advances_between(readings=readings):
            if advance.units is not None and advance.units < 0:
                self.assertEqual(advance.earlier.reading_type, "D")

    @settings(deadline=None)
    @given(any_readings)
    def test_a_rolled_advance_is_never_negative(self, readings: list[Reading]) -> None:
        for advance in advances_between(readings=readings):
            self.assertGreaterEqual(advance.units_if_rollover or 0, 0)
