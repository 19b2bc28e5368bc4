"""Tests of the sparkline tag."""

from __future__ import annotations

import re

from django.test import SimpleTestCase

from meter_readings.templatetags.sparkline import sparkline


def heights(svg: str) -> list[int]:
    return [int(height) for height in re.findall(r'height="(\d+)"', svg)]


class SparklineTests(SimpleTestCase):
    def test_greatest_number_has_the_full_height(self) -> None:
        self.assertEqual(heights(sparkline([50, 100], "")), [24, 48])

    def test_small_number_has_a_visible_bar(self) -> None:
        self.assertEqual(heights(sparkline([1, 1000], "")), [3, 48])

    def test_zero_is_a_line(self) -> None:
        self.assertEqual(heights(sparkline([0, 1000], "")), [1, 48])

    def test_only_zeros_are_flat(self) -> None:
        self.assertEqual(heights(sparkline([0, 0], "")), [1, 1])

    def test_last_bar_has_a_class_of_its_own(self) -> None:
        svg = sparkline([1, 2, 3], "")
        self.assertEqual(
            re.findall(r'rect class="([a-z-]+)"', svg),
            ["sparkline-bar", "sparkline-bar", "sparkline-latest"],
        )

    def test_title_is_the_escaped_label(self) -> None:
        self.assertIn('aria-label="A &amp; B"', sparkline([1], "A & B"))

    def test_no_numbers_give_no_bars(self) -> None:
        self.assertEqual(heights(sparkline([], "")), [])
