"""Which requests stand out when few readings are compared with many."""

from __future__ import annotations

from unittest import TestCase

from meter_readings.benchmarks.comparing import Line, fewest


class LineTests(TestCase):
    def line(self, small: float, large: float, most_times: float | None = 3) -> str:
        """Return the line of a page that takes so many seconds."""
        few, many = ({"seconds": seconds, "queries": 5} for seconds in (small, large))
        return str(Line("Page", few, many, most_times))

    def test_a_page_that_takes_much_longer_is_called_slow(self) -> None:
        self.assertTrue(self.line(0.01, 0.04).endswith("  slow"))

    def test_a_page_that_takes_three_times_as_long_is_not(self) -> None:
        self.assertFalse(self.line(0.01, 0.03).endswith("slow"))

    def test_a_page_that_is_longer_by_choice_is_not(self) -> None:
        self.assertTrue(self.line(0.01, 0.1, None).endswith("  by choice"))


class FewestTests(TestCase):
    def test_takes_each_request_as_it_was_quickest(self) -> None:
        first = {"one": {"seconds": 3.0, "queries": 1}, "other": {"seconds": 1.0}}
        second = {"one": {"seconds": 2.0, "queries": 1}, "other": {"seconds": 4.0}}
        self.assertEqual(
            fewest([first, second]),
            {"one": {"seconds": 2.0, "queries": 1}, "other": {"seconds": 1.0}},
        )
