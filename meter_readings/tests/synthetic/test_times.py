"""When made-up meters are read."""

from datetime import date
from unittest import TestCase

from meter_readings.synthetic.times import (
    AVERAGE_DAY,
    at,
    month_after,
    slots,
    usage_until,
)


class MonthAfterTests(TestCase):
    def test_goes_on_into_the_next_year(self) -> None:
        self.assertEqual(month_after(date(2025, 11, 30), 3), date(2026, 2, 1))

    def test_goes_back_into_the_year_before(self) -> None:
        self.assertEqual(month_after(date(2025, 1, 31), -1), date(2024, 12, 1))


class UsageUntilTests(TestCase):
    def test_begins_with_2024(self) -> None:
        self.assertEqual(usage_until(at(2024, 1, 1)), 0)

    def test_is_an_average_day_for_each_of_a_year(self) -> None:
        days = usage_until(at(2025, 1, 1)) / AVERAGE_DAY
        self.assertAlmostEqual(days, 366, delta=2)

    def test_is_below_zero_before(self) -> None:
        self.assertLess(usage_until(at(2023, 12, 31)), 0)

    def test_goes_on_within_a_day(self) -> None:
        hour = usage_until(at(2024, 4, 1, 1)) - usage_until(at(2024, 4, 1))
        self.assertEqual(hour, AVERAGE_DAY // 24)

    def test_is_more_in_winter_than_in_summer(self) -> None:
        january = usage_until(at(2025, 2, 1)) - usage_until(at(2025, 1, 1))
        july = usage_until(at(2025, 8, 1)) - usage_until(at(2025, 7, 1))
        self.assertGreater(january, july)


class SlotsTests(TestCase):
    def read_at(self, *, months: int, count: int) -> list[str]:
        """Return the times from March 2026 on, as a file writes them."""
        found = slots(first_month=date(2026, 3, 1), months=months, count=count)
        return [slot.read_at for slot in found]

    def test_are_the_midnights_of_28_days(self) -> None:
        times = self.read_at(months=1, count=3)
        self.assertEqual(
            (len(times), times[0], times[-1]),
            (28, "20260301000000", "20260328000000"),
        )

    def test_go_on_into_the_next_month(self) -> None:
        self.assertEqual(self.read_at(months=2, count=3)[28], "20260401000000")

    def test_are_several_a_day_where_days_are_too_few(self) -> None:
        self.assertEqual(
            self.read_at(months=1, count=29)[:3],
            ["20260301020000", "20260301130000", "20260302020000"],
        )

    def test_keep_away_from_the_hours_when_clocks_change(self) -> None:
        hours = {time[8:10] for time in self.read_at(months=1, count=28 * 1320)}
        self.assertEqual(hours, {f"{hour:02d}" for hour in range(2, 24)})

    def test_never_come_twice(self) -> None:
        times = self.read_at(months=1, count=5000)
        self.assertEqual(times, sorted(set(times)))

    def test_a_demand_was_reset_on_the_same_day_a_month_before(self) -> None:
        found = slots(first_month=date(2026, 1, 1), months=1, count=1)
        self.assertEqual(found[4].reset_at, "20251205000000")
