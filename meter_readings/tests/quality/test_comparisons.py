"""Tests of the rules that compare the readings of one register."""

from __future__ import annotations

from django.test import SimpleTestCase

from meter_readings.quality.thresholds import Thresholds

from .histories import codes, monthly, raised, register, seconds, usual


class BackwardsTests(SimpleTestCase):
    def test_reading_below_the_one_before_is_raised(self) -> None:
        self.assertEqual(codes(monthly(500, 600, 550)), ["backwards 550.0"])

    def test_both_values_are_explained(self) -> None:
        [item] = raised(monthly(500, 1600, 550))
        self.assertEqual(item.explanation, "550.0 is below 1,600.0 before it.")

    def test_reading_below_an_estimate_but_above_the_last_actual_is_valid(self) -> None:
        self.assertEqual(codes(monthly(500, "900 D", 600)), [])

    def test_reading_below_an_estimate_and_the_last_actual_is_raised(self) -> None:
        self.assertEqual(codes(monthly(500, "900 D", 400)), ["backwards 400.0"])

    def test_reading_below_an_estimate_without_an_actual_is_valid(self) -> None:
        self.assertEqual(codes(monthly("900 D", 400, 500)), [])

    def test_estimate_below_the_last_actual_is_raised(self) -> None:
        self.assertEqual(codes(monthly(500, "400 D", 600, 700)), ["backwards 400.0"])

    def test_reading_that_fell_and_came_back_is_the_wrong_one(self) -> None:
        values = usual()
        values[4] = 1_800
        self.assertEqual(codes(monthly(*values)), ["backwards 1800.0"])

    def test_register_that_stays_low_is_raised_once(self) -> None:
        values = [*usual(4), 100, 300, 500]
        self.assertEqual(codes(monthly(*values)), ["backwards 100.0"])

    def test_suspect_reading_is_not_compared(self) -> None:
        rows = monthly(500, 600, 550)
        rows[2] = rows[2]._replace(is_suspect=True)
        self.assertEqual(codes(rows), [])

    def test_second_reading_of_a_day_is_compared(self) -> None:
        rows = register("20240101 500", "20240101090000 501", "20240201 400")
        self.assertEqual(codes(rows), ["backwards 400.0"])

    def test_two_readings_of_a_day_are_not_high(self) -> None:
        rows = register("20240101 500", "20240101090000 501", "20240201 600")
        self.assertEqual(codes(rows), [])

    def test_proving_test_is_not_compared(self) -> None:
        self.assertEqual(codes(monthly(500, 600, "50 T", 700)), [])

    def test_export_register_is_not_raised(self) -> None:
        self.assertEqual(codes(monthly(500, 600, 550, register_id="EX")), [])


class RollOverTests(SimpleTestCase):
    def test_usual_advance_over_full_scale_is_a_roll_over(self) -> None:
        values = [99_300, 99_500, 99_700, 99_900, 100, 300]
        self.assertEqual(codes(monthly(*values)), ["rollover 100.0"])

    def test_advance_over_zero_is_explained(self) -> None:
        values = [99_300, 99_500, 99_700, 99_900, 100, 300]
        [item] = raised(monthly(*values))
        self.assertEqual(
            item.explanation, "99,900.0 to 100.0 is an advance of 200.0 over zero."
        )

    def test_six_digits_roll_over_at_a_million(self) -> None:
        values = [999_500, 999_700, 999_900, 100, 300]
        self.assertEqual(codes(monthly(*values)), ["rollover 100.0"])

    def test_register_far_from_full_scale_does_not_roll_over(self) -> None:
        values = [49_500, 49_700, 49_900, 100, 300]
        self.assertEqual(codes(monthly(*values)), ["backwards 100.0"])

    def test_three_digits_do_not_roll_over(self) -> None:
        self.assertEqual(codes(monthly(950, 970, 990, 10, 30)), ["backwards 10.0"])

    def test_unusual_advance_over_full_scale_is_backwards(self) -> None:
        values = [99_300, 99_500, 99_700, 99_900, 5_000, 5_200]
        self.assertEqual(codes(monthly(*values)), ["backwards 5000.0"])

    def test_register_that_came_back_did_not_roll_over(self) -> None:
        values = [99_100, 99_300, 99_500, 100, 99_900]
        self.assertEqual(codes(monthly(*values)), ["backwards 100.0"])

    def test_without_a_usual_advance_it_is_backwards(self) -> None:
        self.assertEqual(codes(monthly(99_900, 100)), ["backwards 100.0"])

    def test_estimate_after_a_roll_over_is_not_raised(self) -> None:
        values = [99_300, 99_500, 99_700, 99_900, "100 D", 300]
        self.assertEqual(codes(monthly(*values)), ["rollover 300.0"])

    def test_export_register_is_not_raised(self) -> None:
        values = [99_300, 99_500, 99_700, 99_900, 100, 300]
        self.assertEqual(codes(monthly(*values, register_id="EX")), [])


class HighTests(SimpleTestCase):
    def test_over_twice_the_expected_advance_is_raised(self) -> None:
        values = [*usual(6), 11_600, 11_800]
        self.assertEqual(codes(monthly(*values)), ["high 11600.0"])

    def test_advance_and_expectation_are_explained(self) -> None:
        [item] = raised(monthly(*usual(6), 11_600))
        self.assertRegex(
            item.explanation, r"^Advance of 600\.0 in 30 days; 1\d\d\.\d expected\.$"
        )

    def test_winter_is_expected_to_use_more_than_summer(self) -> None:
        values = [10_000, 10_150, 10_300, 10_450, 10_600, 10_770, 10_990, 11_300]
        self.assertEqual(codes(monthly(*values, start="20240501"), now="20250102"), [])

    def test_factor_is_a_threshold(self) -> None:
        values = [*usual(6), 11_600]
        self.assertEqual(
            codes(monthly(*values), thresholds=Thresholds(high_factor=4)), []
        )

    def test_catch_up_after_low_estimates_is_not_raised(self) -> None:
        values = [*usual(5), "10810 D", "10820 D", 11_400]
        self.assertEqual(codes(monthly(*values)), [])

    def test_three_advances_before_are_needed(self) -> None:
        self.assertEqual(codes(monthly(10_000, 10_200, 10_400, 11_000)), [])

    def test_small_advance_is_not_raised(self) -> None:
        values = [*usual(6, step=5), 10_065]
        self.assertEqual(codes(monthly(*values)), [])

    def test_short_period_is_not_raised(self) -> None:
        rows = monthly(*usual(6))
        rows += register("20240602 11100")
        self.assertEqual(codes(rows), [])

    def test_register_of_a_season_is_compared_with_its_highest_use(self) -> None:
        heating = monthly(0, 400, 800, 1000, 1000, 1000, 1000, 1400, register_id="L")
        other = monthly(*usual(), register_id="N")
        self.assertEqual(codes(heating, other), [])

    def test_register_that_was_never_used_is_not_raised(self) -> None:
        unused = monthly(0, 0, 0, 0, 0, 90, register_id="L")
        other = monthly(*usual(6), register_id="N")
        self.assertEqual(codes(unused, other), [])

    def test_export_register_is_not_raised(self) -> None:
        values = [*usual(6), 11_600, 11_800]
        self.assertEqual(codes(monthly(*values, register_id="EX")), [])


class SpikeTests(SimpleTestCase):
    def test_use_many_times_the_usual_is_raised(self) -> None:
        values = [*usual(5), 12_800, 13_000, 13_200]
        self.assertEqual(codes(monthly(*values)), ["spike 12800.0"])

    def test_usual_use_is_explained(self) -> None:
        [item] = raised(monthly(*usual(5), 12_800, 13_000, 13_200))
        self.assertRegex(
            item.explanation, r"^10,800\.0 to 12,800\.0; usual use is \d\.\d a day\.$"
        )

    def test_reading_after_a_wrong_high_one_is_not_backwards(self) -> None:
        values = usual()
        values[4] = 18_000
        self.assertEqual(codes(monthly(*values)), ["spike 18000.0"])

    def test_second_reading_is_compared_with_those_after_it(self) -> None:
        values = [10_000, 12_000, 12_200, 12_400, 12_600, 12_800]
        self.assertEqual(codes(monthly(*values)), ["spike 12000.0"])

    def test_history_of_estimates_is_no_history(self) -> None:
        values = [10_000, "10100 D", "10150 D", 10_200, "10300 D", 10_400, "10450 D"]
        values += ["10500 D", 10_600, "10700 D", "10750 D", 13_800]
        self.assertEqual(codes(monthly(*values), now="20250102"), ["high 13800.0"])


class ZeroTests(SimpleTestCase):
    def test_first_advance_of_zero_is_raised(self) -> None:
        values = [*usual(4), 10_600, 10_600, 10_800]
        self.assertEqual(codes(monthly(*values)), ["zero 10600.0"])
        self.assertEqual(raised(monthly(*values))[0].row.at, seconds("20240430"))

    def test_third_advance_of_zero_is_raised_too(self) -> None:
        values = [*usual(4), 10_600, 10_600, 10_600]
        found = raised(monthly(*values))
        self.assertEqual(
            [(each.rule.code, each.row.at) for each in found],
            [("zero", seconds("20240430")), ("repeated-zero", seconds("20240629"))],
        )

    def test_days_without_advance_are_explained(self) -> None:
        values = [*usual(4), 10_600, 10_600, 10_600]
        self.assertEqual(
            [each.explanation for each in raised(monthly(*values))],
            [
                "No advance from 10,600.0 in 30 days.",
                "No advance from 10,600.0 in 90 days.",
            ],
        )

    def test_register_of_a_meter_that_is_used_is_not_raised(self) -> None:
        heating = monthly(600, 1000, 1000, 1000, 1000, 1400, register_id="L")
        other = monthly(*usual(6), register_id="N")
        self.assertEqual(codes(heating, other), [])

    def test_demand_of_the_meter_is_no_use(self) -> None:
        stopped = monthly(900, 1000, 1000, register_id="L")
        demand = monthly(4, 5, 6, register_id="MD", is_demand=True)
        self.assertEqual(codes(stopped, demand), ["zero 1000.0"])

    def test_zero_at_the_time_of_a_zero_a_year_before_is_not_raised(self) -> None:
        values = [100, 200, 200, 300, 400, 500, 600, 700, 800, 900, 1000, 1100, 1200]
        values += [1300, 1300, 1400]
        rows = monthly(*values)
        self.assertEqual(codes(rows, now="20250401"), ["zero 200.0"])

    def test_vacant_meter_point_is_not_raised(self) -> None:
        values = [*usual(4), 10_600, 10_600, 10_600]
        vacancies = [(seconds("20240420"), True)]
        self.assertEqual(codes(monthly(*values), vacancies=vacancies), [])

    def test_meter_point_that_is_occupied_again_is_raised(self) -> None:
        values = [*usual(4), 10_600, 10_800]
        vacancies = [(seconds("20240410"), False), (seconds("20240320"), True)]
        found = codes(monthly(*values), vacancies=vacancies)
        self.assertEqual(found, ["zero 10600.0"])

    def test_short_period_is_not_raised(self) -> None:
        self.assertEqual(codes(register("20240101 50", "20240105 50")), [])

    def test_export_register_is_not_raised(self) -> None:
        self.assertEqual(codes(monthly(5, 5, 5, 5, 6, register_id="EX")), [])
