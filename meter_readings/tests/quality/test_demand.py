"""Tests of the rules about maximum-demand registers."""

from __future__ import annotations

from typing import Any

from django.test import SimpleTestCase

from .histories import codes, monthly, seconds


class DemandTests(SimpleTestCase):
    def demand(self, *values: float, **options: Any) -> list[str]:
        rows = monthly(*values, register_id="MD", is_demand=True, **options)
        return codes(rows)

    def test_demand_that_falls_or_stays_is_not_raised(self) -> None:
        self.assertEqual(self.demand(41.5, 30.0, 30.0, 55.1), [])

    def test_demand_is_never_high(self) -> None:
        self.assertEqual(self.demand(41.5, 42.5, 43.5, 44.5, 45.5, 445.5), [])

    def test_zero_is_raised(self) -> None:
        self.assertEqual(self.demand(41.5, 0.0), ["md-zero 0.0"])

    def test_zero_of_a_vacant_place_is_not_raised(self) -> None:
        rows = monthly(41.5, 0.0, register_id="MD", is_demand=True)
        vacancies = [(seconds("20240110"), True)]
        self.assertEqual(codes(rows, vacancies=vacancies), [])

    def test_zero_of_another_register_is_not_raised(self) -> None:
        self.assertEqual(codes(monthly(0.0, 60.0)), [])

    def test_all_nines_are_raised(self) -> None:
        self.assertEqual(
            self.demand(99.9, 999.0, 9999.9),
            ["md-full-scale 99.9", "md-full-scale 999.0", "md-full-scale 9999.9"],
        )

    def test_two_nines_are_no_full_scale(self) -> None:
        self.assertEqual(self.demand(9.9, 99.0, 99.5), [])

    def test_one_reset_is_not_raised(self) -> None:
        self.assertEqual(self.demand(41.5, 40.0, md_resets=1), [])

    def test_two_resets_are_raised(self) -> None:
        self.assertEqual(self.demand(41.5, md_resets=2), ["md-resets 41.5"])
