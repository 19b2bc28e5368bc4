"""Tests of the rules about what was not read, or not measured."""

from __future__ import annotations

from django.test import SimpleTestCase

from .histories import codes, monthly, raised, register, seconds, usual


class LongPeriodTests(SimpleTestCase):
    def test_more_than_14_months_are_raised(self) -> None:
        rows = register("20230101 100", "20240302 900")
        self.assertEqual(codes(rows), ["long-period 900.0"])

    def test_14_months_are_not_raised(self) -> None:
        self.assertEqual(codes(register("20230101 100", "20240301 900")), [])

    def test_more_than_15_months_are_raised_by_one_rule_only(self) -> None:
        rows = register("20230101 100", "20240402 900")
        self.assertEqual(codes(rows), ["max-period 900.0"])

    def test_days_are_explained(self) -> None:
        [item] = raised(register("20230101 100", "20240402 900"))
        self.assertEqual(
            item.explanation, "The valid reading before it was 457 days earlier."
        )

    def test_valid_estimate_ends_a_period(self) -> None:
        rows = register("20230101 100", "20230801 500 D", "20240402 900")
        self.assertEqual(codes(rows), [])

    def test_suspect_reading_does_not_end_a_period(self) -> None:
        rows = register("20230101 100", "20230801 500", "20240402 900")
        rows[1] = rows[1]._replace(is_suspect=True)
        self.assertEqual(codes(rows), ["max-period 900.0"])


class OnlyEstimatesTests(SimpleTestCase):
    def estimates(self, count: int) -> list[str]:
        return [f"{10_100 + 100 * number} D" for number in range(count)]

    def test_year_of_estimates_is_raised_once(self) -> None:
        rows = monthly(10_000, *self.estimates(15), start="20240101")
        self.assertEqual(codes(rows, now="20250501"), ["only-estimates 11300.0"])
        self.assertEqual(raised(rows, now="20250501")[0].row.at, seconds("20250125"))

    def test_actual_reading_begins_another_year(self) -> None:
        rows = monthly(*self.estimates(8), 10_950, "11000 D", "11100 D", "11200 D")
        self.assertEqual(codes(rows), [])

    def test_estimates_alone_are_counted_from_the_first(self) -> None:
        rows = monthly(*self.estimates(14))
        self.assertEqual(codes(rows), ["only-estimates 11400.0"])


class SilentTests(SimpleTestCase):
    def test_register_without_a_reading_for_two_cycles_is_raised(self) -> None:
        self.assertEqual(codes(monthly(*usual()), now="20241101"), ["silent 11400.0"])

    def test_cycle_is_explained(self) -> None:
        [item] = raised(monthly(*usual()), now="20241101")
        self.assertEqual(
            item.explanation, "The latest reading; the usual interval is 30 days."
        )

    def test_one_missing_reading_is_not_raised(self) -> None:
        self.assertEqual(codes(monthly(*usual()), now="20240925"), [])

    def test_longer_cycle_gives_more_time(self) -> None:
        rows = register("20230101 100", "20230401 200", "20230701 300")
        self.assertEqual(codes(rows, now="20231228"), [])
        self.assertEqual(codes(rows, now="20240102"), ["silent 300.0"])

    def test_register_without_a_cycle_is_not_raised(self) -> None:
        rows = register("20230101 100", "20230401 200")
        self.assertEqual(codes(rows, now="20240402"), [])

    def test_what_was_not_read_for_two_years_is_not_raised(self) -> None:
        self.assertEqual(codes(monthly(*usual()), now="20280101"), [])

    def test_removed_meter_is_not_raised(self) -> None:
        values = [*usual(7), "11400 F"]
        self.assertEqual(codes(monthly(*values), now="20241101"), [])

    def test_meter_that_came_back_is_raised(self) -> None:
        rows = monthly("9900 F", start="20231202")
        rows += monthly("10000 I", *usual(7)[1:])
        self.assertEqual(codes(rows, now="20241101"), ["silent 11200.0"])

    def test_meter_with_a_successor_is_not_raised(self) -> None:
        old = monthly(*usual(7), "11400 F")
        new = monthly("0 I", *usual(7, start=200), start="20240730", meter=2)
        rows = old[:-1], new
        self.assertNotIn("silent", " ".join(codes(*rows, now="20250303")))

    def test_register_beside_one_that_is_read_is_raised(self) -> None:
        silent = monthly(*usual(4), register_id="DY")
        other = monthly(*usual(), register_id="NT")
        self.assertEqual(codes(silent, other, now="20240801"), ["silent 10600.0"])

    def test_register_without_a_valid_reading_is_not_raised(self) -> None:
        rows = [row._replace(is_suspect=True) for row in monthly(*usual())]
        self.assertEqual(codes(rows, now="20241101"), [])
