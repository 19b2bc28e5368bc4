"""Tests of reading times and of usage over time."""

from datetime import date, timedelta
from unittest import TestCase

from meter_readings.d0010 import midnight
from meter_readings.synthetic.times import (
    USAGE_UNITS_PER_DAY,
    cumulative_usage,
    month_after,
    reading_times,
)


def usage_until(year: int, month: int, day: int) -> int:
    return cumulative_usage(midnight(date(year, month, day)))


class MonthAfterTests(TestCase):
    def test_month_after_counts_into_the_next_year(self) -> None:
        self.assertEqual(month_after(date(2025, 11, 30), 3), date(2026, 2, 1))

    def test_month_after_counts_back_into_the_year_before(self) -> None:
        self.assertEqual(month_after(date(2025, 1, 31), -1), date(2024, 12, 1))


class CumulativeUsageTests(TestCase):
    def test_usage_is_zero_at_the_beginning_of_2024(self) -> None:
        self.assertEqual(usage_until(2024, 1, 1), 0)

    def test_a_year_has_the_usage_of_as_many_average_days(self) -> None:
        days = usage_until(2025, 1, 1) / USAGE_UNITS_PER_DAY
        self.assertAlmostEqual(days, 366, delta=2)

    def test_usage_before_2024_is_negative(self) -> None:
        self.assertLess(usage_until(2023, 12, 31), 0)

    def test_usage_increases_within_a_day(self) -> None:
        start = midnight(date(2024, 4, 1))
        hour = cumulative_usage(start + timedelta(hours=1)) - cumulative_usage(start)
        self.assertEqual(hour, USAGE_UNITS_PER_DAY // 24)

    def test_winter_has_more_usage_than_summer(self) -> None:
        january = usage_until(2025, 2, 1) - usage_until(2025, 1, 1)
        july = usage_until(2025, 8, 1) - usage_until(2025, 7, 1)
        self.assertGreater(january, july)


class ReadingTimesTests(TestCase):
    def read_at(self, *, months: int, count: int) -> list[str]:
        """Return the times from March 2026 on, as written in a file."""
        times = reading_times(first_month=date(2026, 3, 1), months=months, count=count)
        return [time.read_at for time in times]

    def test_reading_times_are_the_midnights_of_28_days(self) -> None:
        times = self.read_at(months=1, count=3)
        self.assertEqual(
            (len(times), times[0], times[-1]),
            (28, "20260301000000", "20260328000000"),
        )

    def test_reading_times_continue_in_the_next_month(self) -> None:
        self.assertEqual(self.read_at(months=2, count=3)[28], "20260401000000")

    def test_a_day_has_several_reading_times_if_there_are_too_few_days(self) -> None:
        self.assertEqual(
            self.read_at(months=1, count=29)[:3],
            ["20260301020000", "20260301130000", "20260302020000"],
        )

    def test_no_reading_time_is_in_the_hours_of_clock_changes(self) -> None:
        hours = {time[8:10] for time in self.read_at(months=1, count=28 * 1320)}
        self.assertEqual(hours, {f"{hour:02d}" for hour in range(2, 24)})

    def test_reading_times_are_sorted_and_unique(self) -> None:
        times = self.read_at(months=1, count=5000)
        self.assertEqual(times, sorted(set(times)))

    def test_a_demand_reset_is_on_the_same_day_a_month_before(self) -> None:
        times = reading_times(first_month=date(2026, 1, 1), months=1, count=1)
        self.assertEqual(times[4].reset_at, "20251205000000")
