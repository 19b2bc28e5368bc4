"""A row of small bars."""

from __future__ import annotations

import re

from django.test import SimpleTestCase

from meter_readings.templatetags.sparkline import sparkline


def heights(svg: str) -> list[int]:
    """Return how high the bars are."""
    return [int(height) for height in re.findall(r'height="(\d+)"', svg)]


class SparklineTests(SimpleTestCase):
    def test_sparkline_is_as_high_as_the_most(self) -> None:
        self.assertEqual(heights(sparkline([50, 100], "")), [24, 48])

    def test_sparkline_shows_a_day_with_little(self) -> None:
        self.assertEqual(heights(sparkline([1, 1000], "")), [3, 48])

    def test_sparkline_shows_a_day_with_nothing_as_a_line(self) -> None:
        self.assertEqual(heights(sparkline([0, 1000], "")), [1, 48])

    def test_sparkline_is_flat_where_nothing_came(self) -> None:
        self.assertEqual(heights(sparkline([0, 0], "")), [1, 1])

    def test_sparkline_marks_the_last(self) -> None:
        svg = sparkline([1, 2, 3], "")
        self.assertEqual(
            re.findall(r'rect class="([a-z-]+)"', svg),
            ["spark-bar", "spark-bar", "spark-last"],
        )

    def test_sparkline_says_what_it_shows(self) -> None:
        self.assertIn('aria-label="A &amp; B"', sparkline([1], "A & B"))

    def test_sparkline_may_have_no_bar(self) -> None:
        self.assertEqual(heights(sparkline([], "")), [])
