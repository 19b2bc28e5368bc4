"""Tests of the details of an event in words."""

from __future__ import annotations

from django.test import SimpleTestCase

from meter_readings.audit import details_text


class DetailsTextTests(SimpleTestCase):
    def test_details_are_names_and_values(self) -> None:
        details = {"outcome": "imported", "readings_loaded": 12000}
        self.assertEqual(
            details_text(details), "outcome: imported; readings loaded: 12,000"
        )

    def test_a_filter_lists_its_parts(self) -> None:
        self.assertEqual(
            details_text({"filter": {"Search": "S1", "Basis": "Actual"}}),
            "filter: Search S1, Basis Actual",
        )

    def test_an_empty_filter_is_none(self) -> None:
        self.assertEqual(details_text({"filter": {}}), "filter: none")

    def test_truth_values_are_yes_and_no(self) -> None:
        self.assertEqual(
            details_text({"incomplete": True, "whole": False}),
            "incomplete: yes; whole: no",
        )
